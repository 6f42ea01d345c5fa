//! Grype's JSON (`grype IMAGE -o json`).

use super::{Content, Finding, Severity, broken};
use serde::Deserialize;

#[derive(Deserialize)]
struct Wire {
    matches: Vec<Match>,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    descriptor: Descriptor,
}

#[derive(Default, Deserialize)]
struct Descriptor {
    #[serde(default)]
    name: String,
}

#[derive(Default, Deserialize)]
struct Source {
    #[serde(default, rename = "type")]
    kind: String,
    /// An object for an image; a path for a folder or a file.
    #[serde(default)]
    target: serde_json::Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    #[serde(default)]
    user_input: String,
    #[serde(default, rename = "imageID")]
    image_id: String,
    #[serde(default)]
    manifest_digest: String,
    tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Match {
    vulnerability: Vulnerability,
    #[serde(default)]
    artifact: Artifact,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    fix: Fix,
}

#[derive(Default, Deserialize)]
struct Fix {
    versions: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Artifact {
    #[serde(default)]
    name: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Content, String> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
    if wire.descriptor.name != "grype" {
        return Err("it has `matches` and is not Grype's".to_owned());
    }
    if wire.source.kind != "image" {
        return Err(format!("it is about a {:?} and no image", wire.source.kind));
    }
    let image: Image = serde_json::from_value(wire.source.target).map_err(|error| broken(&error))?;
    let findings = wire.matches.into_iter().map(|it| {
        let fix = it.vulnerability.fix.versions.unwrap_or_default().join(", ");
        let severity = Severity::parse(&it.vulnerability.severity).unwrap_or(Severity::Unknown);
        Finding::new(severity, &it.vulnerability.id, &it.artifact.name, Some(&fix))
    });
    let mut names = vec![image.user_input];
    names.extend(image.tags.unwrap_or_default());
    let mut digests = image.repo_digests.unwrap_or_default();
    digests.extend([image.manifest_digest, image.image_id]);
    Ok(Content { names, digests, findings: findings.collect() })
}
