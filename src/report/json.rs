//! The machine form: a plan or a result as JSON, for programs that come after this one.

use super::{
    Base, Body, Part, Report, Totals,
    chore::{Chore, Fate},
    form, requests,
    row::{Kind, Row},
    sentence,
};
use crate::{
    images::LineError,
    import::{Outcome, Proof, Span},
    plan::{Action, Change, Reason},
    problem::Problem,
    upkeep::{Finding, Gravity},
};
use serde::Serialize;

/// What would be done, as JSON (`docs/plan.schema.json`).
pub fn plan_json(report: &Report) -> String {
    let lines = report.parts.iter().flat_map(|part| part.rows().map(|row| line(&row, part))).collect();
    text(&form::Document { schema: form::PlanSchema::Version1, report: head(report), lines })
}

/// What was done, as JSON (`docs/result.schema.json`).
pub fn result_json(report: &Report) -> String {
    let lines = report.parts.iter().flat_map(|part| {
        let spans = part.spans.iter().copied().chain(std::iter::repeat(None));
        part.rows().zip(spans).map(|(row, span)| result_line(&row, span, part))
    });
    let requests = report.requests.as_ref().map(requests::told);
    let report = form::Head { requests, ..head(report) };
    text(&form::Document { schema: form::ResultSchema::Version1, report, lines: lines.collect() })
}

/// All keys are texts and nothing is read here, so writing cannot fail.
fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

fn head(report: &Report) -> form::Head {
    // Every registry has the same list.
    let removed = report.plan().into_iter().flat_map(|plan| &plan.removed).map(|entry| form::Removed {
        line: entry.line.get(),
        source: entry.source.to_string(),
        destination: entry.destination.name().to_owned(),
    });
    let warnings = report.warnings.iter().map(|warning| form::Warning {
        line: warning.line.get(),
        column: warning.column,
        found: warning.kind.to_string(),
        expected: warning.kind.expected().to_owned(),
    });
    form::Head {
        file: report.file.clone(),
        target: report.target().map(ToString::to_string),
        base: match &report.base {
            Base::Commit { id, because } => Some(form::Base { commit: id.clone(), because: because.clone() }),
            Base::None => None,
        },
        verdict: verdict(report.verdict()),
        summary: super::terminal::verdict_line(report),
        totals: totals(report.totals()),
        seconds: report.took.map(|took| milliseconds(took.as_secs_f64())),
        problem: report.stopped().cloned().map(json_problem),
        errors: report.errors.iter().map(json_error).collect(),
        warnings: warnings.collect(),
        removed: removed.collect(),
        registries: report.parts.iter().map(registry).collect(),
        requests: None,
    }
}

fn registry(part: &Part) -> form::Registry {
    let is_applied = matches!(part.body, Body::Applied(..));
    form::Registry {
        registry: name(part),
        verdict: verdict(Totals::of_part(part).verdict(is_applied)),
        summary: super::escape::log_line(&sentence::of_part(part)),
        problem: match &part.body {
            Body::Stopped(problem) => Some(json_problem(problem.clone())),
            Body::Planned(_) | Body::Applied(..) => None,
        },
        upkeep: Chore::all(part).map(|chore| json_chore(&chore)).collect(),
        findings: part.upkeep.findings.iter().map(finding).collect(),
    }
}

fn json_chore(chore: &Chore<'_>) -> form::Chore {
    form::Chore {
        section: chore.chore.section.to_string(),
        subject: chore.chore.subject.clone(),
        action: chore.chore.task.words().0.to_owned(),
        state: match chore.fate() {
            Fate::Due => form::Fate::Due,
            Fate::Done => form::Fate::Done,
            Fate::Waiting => form::Fate::Unreviewed,
            Fate::Blocked => form::Fate::Blocked,
            Fate::Failed => form::Fate::Failed,
            Fate::HeldBack => form::Fate::HeldBack,
            Fate::NotStarted => form::Fate::NotStarted,
            Fate::Withheld => form::Fate::Withheld,
        },
        reason: chore.reason(),
        bytes: chore.chore.bytes,
        mark: chore.chore.mark().map(|mark| mark.to_string()),
        problem: chore.problem().cloned().map(json_problem),
    }
}

fn finding(finding: &Finding) -> form::Finding {
    form::Finding {
        section: finding.section.to_string(),
        subject: finding.subject.clone(),
        gravity: match finding.gravity {
            Gravity::Note => form::Gravity::Note,
            Gravity::Warning => form::Gravity::Warning,
            Gravity::Unchecked => form::Gravity::Unchecked,
            Gravity::Bad => form::Gravity::Bad,
        },
        problem: json_problem(finding.problem.clone()),
    }
}

fn name(part: &Part) -> Option<String> {
    part.target.as_ref().map(ToString::to_string)
}

fn verdict(verdict: super::Verdict) -> form::Verdict {
    match verdict {
        super::Verdict::Clean => form::Verdict::Clean,
        super::Verdict::Pending => form::Verdict::Pending,
        super::Verdict::Failed => form::Verdict::Failed,
    }
}

fn totals(totals: Totals) -> form::Totals {
    let Totals {
        import,
        moved,
        repair,
        keep,
        block,
        unchecked,
        failed,
        unverified,
        undone,
        removed,
        unchanged,
        unreadable,
        chores,
        chores_bad,
        waiting,
        findings,
        findings_bad,
        stopped,
    } = totals;
    form::Totals {
        import,
        moved,
        repair,
        keep,
        block,
        unchecked,
        failed,
        unverified,
        undone,
        removed,
        unchanged,
        unreadable,
        chores,
        chores_bad,
        waiting,
        findings,
        findings_bad,
        stopped,
    }
}

fn line(row: &Row<'_>, part: &Part) -> form::Line {
    let step = row.step;
    let (change, was) = match &step.change {
        Change::Added => (form::Change::Added, None),
        Change::Updated(was) => (form::Change::Updated, Some(was.to_string())),
        Change::Listed => (form::Change::Listed, None),
    };
    let (action, from) = match &step.action {
        Action::Import => (form::Action::Import, None),
        Action::Keep => (form::Action::Keep, step.digest),
        Action::Move { from } => (form::Action::Move, Some(*from)),
        Action::Repair(_) => (form::Action::Repair, step.digest),
        Action::Block(Reason::Locked { from } | Reason::MoveRefused { from }) => (form::Action::Block, Some(*from)),
        Action::Block(
            Reason::NoSource { .. }
            | Reason::DiffersFromPlan { .. }
            | Reason::NotReviewed
            | Reason::Policy(_)
            | Reason::NothingSelected { .. }
            | Reason::TooManySelected { .. }
            | Reason::Taken { .. }
            | Reason::NoPlatform { .. },
        ) => (form::Action::Block, None),
        Action::Unchecked(_) => (form::Action::Unchecked, None),
    };
    let image = step.image.as_ref();
    form::Line {
        line: step.line.get(),
        registry: name(part),
        source: step.source.to_string(),
        destination: step.destination.name().to_owned(),
        change,
        was,
        action,
        reason: row.reason(),
        route: if row.route_reason().is_some() { form::Route::Direct } else { form::Route::ServerSide },
        route_reason: row.route_reason(),
        digest: step.digest.map(|digest| digest.to_string()),
        subset_of: step.subset.as_ref().map(|subset| subset.of.to_string()),
        from: from.map(|digest| digest.to_string()),
        platforms: image.map(|image| {
            image.platforms.iter().filter(|platform| !platform.is_unknown()).map(ToString::to_string).collect()
        }),
        size: image.and_then(|image| image.size),
        manifests: image.map(|image| image.manifests),
        notes: step.notes.iter().map(ToString::to_string).collect(),
        problem: row.problem().map(json_problem),
    }
}

fn result_line(row: &Row<'_>, span: Option<Span>, part: &Part) -> form::ResultLine {
    let imported = row.outcome.and_then(Outcome::imported);
    form::ResultLine {
        line: line(row, part),
        outcome: row.outcome.map(|_| outcome(row.kind())),
        started: span.map(|span| requests::timestamp(span.began)),
        seconds: imported.map(|(ended, _)| milliseconds(ended.took.as_secs_f64())),
        attempts: imported.map(|(ended, _)| ended.attempts),
        verified: imported.map(|(_, proof)| *proof == Proof::Verified),
    }
}

fn outcome(kind: Kind) -> form::Outcome {
    match kind {
        Kind::Keep => form::Outcome::Kept,
        Kind::Import => form::Outcome::Imported,
        Kind::Move => form::Outcome::Moved,
        Kind::Repair => form::Outcome::Repaired,
        Kind::Block => form::Outcome::Blocked,
        // A step with an outcome was either imported or failed.
        Kind::Failed | Kind::Unchecked => form::Outcome::Failed,
        Kind::StillRunning => form::Outcome::StillRunning,
        Kind::CopyStopped => form::Outcome::CopyStopped,
        Kind::NotStarted => form::Outcome::NotStarted,
        Kind::Withheld => form::Outcome::Withheld,
    }
}

fn json_problem(problem: Problem) -> form::Problem {
    let ids = (!problem.ids.is_empty()).then(|| form::RequestIds {
        correlation: problem.ids.correlation().map(str::to_owned),
        request: problem.ids.request().map(str::to_owned),
        client: problem.ids.client().map(str::to_owned),
    });
    form::Problem { side: problem.side, what: problem.what, hint: problem.hint, ids }
}

fn json_error(error: &LineError) -> form::Error {
    form::Error {
        line: error.line.get(),
        column: error.column,
        found: error.kind.to_string(),
        expected: error.expected().into_owned(),
        corrected: error.corrected.clone(),
    }
}

/// More digits say nothing.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, accepted, beside, failed, mixed};
    use super::*;
    use serde_json::Value;
    use std::{collections::BTreeSet, path::Path};

    fn plan_schema() -> Value {
        titled("acr-sync plan", schemars::schema_for!(form::Document<form::PlanSchema, form::Line>))
    }

    fn result_schema() -> Value {
        titled("acr-sync result", schemars::schema_for!(form::Document<form::ResultSchema, form::ResultLine>))
    }

    fn titled(title: &str, mut schema: schemars::Schema) -> Value {
        schema.insert("title".to_owned(), title.into());
        schema.into()
    }

    fn committed(name: &str, schema: &Value) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
        if std::env::vars().any(|(name, value)| name == "UPDATE_SCHEMAS" && value == "1") {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "docs/{name} differs from the types: run the tests with UPDATE_SCHEMAS=1");
    }

    /// Returns the fields of a document that its schema does not know.
    fn unknown(value: &Value, schema: &Value, root: &Value, place: &str, found: &mut BTreeSet<String>) {
        let schemas = alternatives(schema, root);
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let place = format!("{place}.{name}");
                    match schemas.iter().find_map(|schema| schema["properties"].get(name)) {
                        Some(schema) => unknown(value, schema, root, &place, found),
                        None => _ = found.insert(place),
                    }
                }
            }
            Value::Array(items) => {
                let schema = schemas.iter().find_map(|schema| schema.get("items"));
                for item in items {
                    match schema {
                        Some(schema) => unknown(item, schema, root, place, found),
                        None => _ = found.insert(place.to_owned()),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn alternatives<'a>(schema: &'a Value, root: &'a Value) -> Vec<&'a Value> {
        let inner = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten();
        let reference = schema["$ref"].as_str().and_then(|text| root.pointer(text.trim_start_matches('#')));
        std::iter::once(schema).chain(inner.chain(reference).flat_map(|schema| alternatives(schema, root))).collect()
    }

    fn unknown_fields(text: &str, schema: &Value) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        unknown(&serde_json::from_str(text).unwrap(), schema, schema, "", &mut found);
        found
    }

    #[test]
    fn the_schemas_in_docs_are_those_of_the_types() {
        committed("plan.schema.json", &plan_schema());
        committed("result.schema.json", &result_schema());
    }

    #[test]
    fn no_document_has_a_field_that_its_schema_lacks() {
        for report in [mixed().planned(), mixed().applied(), beside().applied(), mixed().stopped("no right")] {
            assert_eq!(unknown_fields(&plan_json(&report), &plan_schema()), BTreeSet::new());
            assert_eq!(unknown_fields(&result_json(&report), &result_schema()), BTreeSet::new());
        }
        assert!(!unknown_fields(&result_json(&mixed().applied()), &plan_schema()).is_empty());
    }

    #[test]
    fn a_plan_is_a_document() {
        let sample = Sample::new()
            .moved("nginx:1.27 => mirror/nginx")
            .locked("quay.io/a/b:1 => b")
            .wrong("a -> b")
            .removed("c:1 => c");
        insta::assert_snapshot!(plan_json(&sample.planned()));
    }

    #[test]
    fn a_result_says_how_each_line_ended() {
        let sample =
            Sample::new().import("a:1 => a").ended(accepted()).import("b:1 => b").ended(failed()).moved("c:1 => c");
        let result: Value = serde_json::from_str(&result_json(&sample.applied())).unwrap();
        let lines = result["lines"].as_array().unwrap();
        let told: Vec<_> =
            lines.iter().map(|line| format!("{} {} {}", line["outcome"], line["verified"], line["seconds"])).collect();
        assert_eq!(told, ["\"imported\" false 2.14", "\"failed\" null null", "\"moved\" true 2.14"]);
        assert_eq!(result["schema"], "acr-sync.result/1");
    }
}
