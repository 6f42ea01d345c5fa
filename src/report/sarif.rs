//! SARIF: what is wrong with lines of the list, for a host's code scanning (OASIS, "Static Analysis Results Interchange
//! Format", 2.1.0).
//!
//! Only what stands in the way is a result: errors of lines, objections, what failed. A change that goes through is none.

use super::{
    Body, Part, Report,
    row::{Kind, Row},
};
use crate::{
    images::LineError,
    plan::{Note, Objection, Reason},
    reference::{Digest, Registry},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the results of the same thing are told to be the same, though its line has moved.
const FINGERPRINT: &str = "acrSync/v1";

/// One result, before it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    rule: Rule,
    level: &'static str,
    message: String,
    line: u32,
    /// First and last column, and the whole line where there is none.
    columns: Option<(u32, u32)>,
    /// What it is about, whatever its line.
    about: String,
}

/// A rule's id and what it is about.
type Rule = (&'static str, &'static str);

/// Writes what is wrong as SARIF 2.1.0. A host takes the results of one list for the next ones of the same list, unless
/// they are of other registries: `registries` names them as every run does.
pub fn sarif(report: &Report, registries: &[String]) -> String {
    let findings = findings(report);
    let rules: BTreeMap<_, _> = findings.iter().map(|finding| finding.rule).collect();
    let ids: Vec<_> = rules.keys().copied().collect();
    let rules: Vec<_> =
        rules.iter().map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } })).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<_> = findings
        .iter()
        .map(|finding| {
            let of = format!("{}\n{}\n{}", report.file, finding.rule.0, finding.about);
            let nth = seen.entry(of.clone()).and_modify(|nth| *nth += 1).or_insert(1);
            result(report, finding, &ids, &format!("{}:{nth}", Digest::of(of.as_bytes()).short()))
        })
        .collect();
    let driver = json!({
        "name": "acr-sync",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let run = json!({
        "tool": { "driver": driver },
        "columnKind": "unicodeCodePoints",
        "automationDetails": { "id": category(report, registries) },
        "results": results,
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    format!("{log:#}\n")
}

fn category(report: &Report, registries: &[String]) -> String {
    let mut name = format!("acr-sync/{}/", report.file);
    registries.iter().for_each(|registry| name.extend([registry, "/"]));
    name
}

fn result(report: &Report, finding: &Finding, rules: &[&str], fingerprint: &str) -> Value {
    let mut region = json!({ "startLine": finding.line });
    if let Some((first, last)) = finding.columns {
        region["startColumn"] = first.into();
        // Of SARIF's region the end is the column behind the last.
        region["endColumn"] = (last + 1).into();
    }
    let index = rules.iter().position(|id| *id == finding.rule.0).unwrap_or_default();
    json!({
        "ruleId": finding.rule.0,
        "ruleIndex": index,
        "level": finding.level,
        "message": { "text": finding.message },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&report.file) }, "region": region } }],
        "partialFingerprints": { FINGERPRINT: fingerprint },
    })
}

/// Returns the results in the order of the file. What holds at every registry is told once, the rest with its registry.
fn findings(report: &Report) -> Vec<Finding> {
    let mut told: BTreeMap<_, Vec<&Registry>> = BTreeMap::new();
    let found = report.parts.iter().map(of_part).collect::<Vec<_>>();
    for (part, found) in report.parts.iter().zip(&found) {
        for finding in found {
            told.entry(finding).or_default().extend(&part.target);
        }
    }
    let mut all: Vec<_> = report.errors.iter().map(of_error).collect();
    // Each at its first registry, which keeps the order of the file within a line.
    for finding in found.iter().flatten() {
        let Some(registries) = told.remove(finding) else { continue };
        let mut finding = finding.clone();
        if !registries.is_empty() && registries.len() < report.parts.len() {
            let names: Vec<_> = registries.iter().map(ToString::to_string).collect();
            finding.message = format!("{}: {}", names.join(", "), finding.message);
        }
        all.push(finding);
    }
    all.sort_by_key(|finding| finding.line);
    all
}

fn of_part(part: &Part) -> Vec<Finding> {
    let mut all = Vec::new();
    for row in part.rows() {
        all.extend(of_row(&row));
        for note in &row.step.notes {
            if let Note::Policy(objections) = note {
                all.extend(
                    objections.iter().map(|it| of_step(&row, rule(it), "note", format!("{it}; what is there stays"))),
                );
            }
        }
    }
    if let Body::Stopped(problem) = &part.body {
        let rule = ("run", "The run could not begin");
        let message = problem.to_string();
        all.push(Finding { rule, level: "error", message, line: 1, columns: None, about: String::new() });
    }
    all
}

fn of_error(error: &LineError) -> Finding {
    let columns =
        (!error.text.is_empty()).then(|| super::annotations::columns(&error.text, error.column, &error.place));
    Finding {
        rule: ("line", "A line of the list cannot be read"),
        level: "error",
        message: format!("{}: {}", error.kind, error.expected()),
        line: error.line.get(),
        columns,
        about: error.text.to_string(),
    }
}

fn of_row(row: &Row<'_>) -> Vec<Finding> {
    let told = |rule, level| {
        let message = row.hint().map_or_else(|| row.reason(), |hint| format!("{}. {hint}", row.reason()));
        of_step(row, rule, level, message)
    };
    match row.kind() {
        Kind::Import | Kind::Move | Kind::Repair | Kind::Keep | Kind::Withheld => Vec::new(),
        Kind::Unchecked => vec![told(("unchecked", "A source or the registry could not be asked"), "warning")],
        Kind::Failed => vec![told(("failed", "An import failed"), "error")],
        Kind::StillRunning | Kind::CopyStopped | Kind::NotStarted => {
            vec![told(("stopped", "The run was stopped"), "error")]
        }
        Kind::Block => match row.blocked() {
            Some(Reason::Policy(objections)) => {
                objections.iter().map(|it| of_step(row, rule(it), "error", it.to_string())).collect()
            }
            Some(_) | None => vec![told(("blocked", "A line would not do what it asks for"), "error")],
        },
    }
}

fn of_step(row: &Row<'_>, rule: Rule, level: &'static str, message: String) -> Finding {
    let about = format!("{}\n{}", row.step.source, row.step.destination);
    Finding { rule, level, message, line: row.step.line.get(), columns: None, about }
}

/// Names the rule of the policy that objects, as `policy` in `acr-sync.yaml` does.
fn rule(objection: &Objection) -> Rule {
    match objection {
        Objection::Source(_) => ("policy/allow", "The source is not allowed"),
        Objection::Destination(_) => ("policy/destinations", "The destination is not allowed"),
        Objection::NoDigest => ("policy/require-digest", "The line names no digest"),
        Objection::Latest => ("policy/deny-latest", "The tag is `latest`"),
        Objection::Moves => ("policy/deny-moves", "The tag would move"),
        Objection::Platforms(_) => ("policy/platforms", "The image lacks a platform"),
        Objection::Size { .. } => ("policy/max-size", "The image is too large"),
        Objection::Age { .. } | Objection::Undated => {
            ("policy/max-age", "The image is too old, or its age is not known")
        }
        Objection::Vulnerable { .. } => ("policy/vulnerabilities", "The image has vulnerabilities"),
        Objection::NoReport(_) => ("policy/vulnerabilities/report", "No scanner's report is about the image"),
        Objection::Unsigned(_) => ("policy/signatures", "The image is not signed by one who is meant"),
        Objection::Unknown(_) => ("policy/unknown", "What a rule is about could not be asked"),
    }
}

/// Writes a path of the repository as a relative reference (RFC 3986, 4.2).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, failed, mixed};
    use super::*;
    use crate::plan::Action;

    fn results(report: &Report) -> Vec<String> {
        let log: Value = serde_json::from_str(&sarif(report, &[])).unwrap();
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap().iter();
        let told = results.map(|result| {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            let region = &result["locations"][0]["physicalLocation"]["region"];
            format!(
                "{} {} {}",
                region["startLine"],
                result["level"].as_str().unwrap(),
                result["ruleId"].as_str().unwrap()
            )
        });
        told.collect()
    }

    fn refused() -> Sample {
        let objections = vec![Objection::Latest, Objection::NoDigest];
        Sample::new()
            .import("quay.io/a/b:1 => b")
            .step("nginx => a", Action::Block(Reason::Policy(objections)))
            .wrong("a -> c")
            .keep("nginx => d")
            .note(Note::Policy(vec![Objection::Latest]))
    }

    #[test]
    fn each_objection_and_each_error_is_a_result_of_its_line() {
        let expected = [
            "2 error policy/deny-latest",
            "2 error policy/require-digest",
            "3 error line",
            "4 note policy/deny-latest",
        ];
        assert_eq!(results(&refused().planned()), expected);
        assert_eq!(results(&Sample::new().import("a:1 => a").planned()), [""; 0]);
        assert_eq!(results(&Sample::new().import("a:1 => a").ended(failed()).applied()), ["1 error failed"]);
        assert_eq!(results(&mixed().stopped("no right")).last().map(String::as_str), Some("5 error line"));
        assert!(results(&mixed().stopped("no right")).contains(&"1 error run".to_owned()));
    }

    #[test]
    fn a_fingerprint_outlives_the_place_of_its_line_and_is_nobody_elses() {
        let prints = |report: &Report| {
            let log: Value = serde_json::from_str(&sarif(report, &[])).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            results.iter().map(|it| it["partialFingerprints"][FINGERPRINT].to_string()).collect::<Vec<_>>()
        };
        let here = prints(&refused().planned());
        let moved = Sample::new()
            .import("quay.io/a/0:1 => 0")
            .import("quay.io/a/b:1 => b")
            .step("nginx => a", Action::Block(Reason::Policy(vec![Objection::Latest])))
            .planned();
        assert_eq!(prints(&moved), here[..1]);
        let different: std::collections::BTreeSet<_> = here.iter().collect();
        assert_eq!(different.len(), here.len());
    }

    #[test]
    fn results_for_other_registries_do_not_take_the_place_of_these() {
        let id = |registries: &[&str]| {
            let registries: Vec<_> = registries.iter().map(|it| (*it).to_owned()).collect();
            let log: Value = serde_json::from_str(&sarif(&refused().planned(), &registries)).unwrap();
            log["runs"][0]["automationDetails"]["id"].clone()
        };
        assert_eq!(id(&[]), "acr-sync/images.txt/");
        assert_eq!(id(&["dev.azurecr.io"]), "acr-sync/images.txt/dev.azurecr.io/");
        assert_eq!(id(&["a.io", "b.io"]), "acr-sync/images.txt/a.io/b.io/");
    }

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("./a b/bücher#1:%.txt"), "a%20b/b%C3%BCcher%231%3A%25.txt");
    }
}
