//! SARIF 2.1.0, as Trivy and Grype write it (OASIS, "Static Analysis Results Interchange Format").
//!
//! SARIF has no place of its own for an image, a package or a fix: Trivy names the image in the run's properties,
//! Grype in each location, and both write package and fix as lines of text.

use super::{Content, Finding, Severity, broken};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    results: Option<Vec<Found>>,
    #[serde(default)]
    properties: Image,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    #[serde(default)]
    image_name: String,
    #[serde(default, rename = "imageID")]
    image_id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
    #[serde(default)]
    help: Text,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default, rename = "security-severity")]
    score: String,
}

#[derive(Default, Deserialize)]
struct Text {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    rule_id: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: Text,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    logical_locations: Vec<Logical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    #[serde(default)]
    fully_qualified_name: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Content, String> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
    if wire.version != "2.1.0" {
        return Err(format!("it is SARIF {}, and 2.1.0 is read", wire.version));
    }
    let mut content = Content::default();
    for run in wire.runs {
        let rules: HashMap<_, _> = run.tool.driver.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        for found in run.results.iter().flatten() {
            content.findings.push(finding(found, rules.get(found.rule_id.as_str()).copied()));
            let places = found.locations.iter().flat_map(|location| &location.logical_locations);
            // Grype: what it was given, then the layer and the path in it.
            let image = places.filter_map(|it| it.fully_qualified_name.rsplit_once("@sha256:"));
            for (image, _) in image {
                if !content.names.iter().any(|name| name == image) {
                    content.names.push(image.to_owned());
                }
            }
        }
        content.names.push(run.properties.image_name);
        content.names.extend(run.properties.repo_tags.unwrap_or_default());
        content.digests.extend(run.properties.repo_digests.unwrap_or_default());
        content.digests.push(run.properties.image_id);
    }
    Ok(content)
}

fn finding(found: &Found, rule: Option<&Rule>) -> Finding {
    let help = rule.map(|rule| rule.help.text.as_str()).unwrap_or_default();
    let said = |name: &str| said(&found.message.text, name).or_else(|| said(help, name));
    let id = said("Vulnerability ").unwrap_or(&found.rule_id);
    let package = said("Package: ").unwrap_or_default();
    let fix = said("Fixed Version: ").or_else(|| said("Fix Version: "));
    let score = rule.and_then(|rule| rule.properties.score.parse().ok()).map(Severity::of_score);
    let word = || said("Severity: ").and_then(Severity::parse);
    let level = || match found.level.as_str() {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        _ => Severity::Unknown,
    };
    let known = score.filter(|severity| *severity > Severity::Unknown);
    Finding::new(known.or_else(word).unwrap_or_else(level), id, package, fix)
}

/// Returns what stands behind a name at the start of a line.
fn said<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim().strip_prefix(name))
}
