//! Trivy's JSON (`trivy image --format json`; `SchemaVersion` 2, since Trivy 0.20).

use super::{Content, Finding, Severity, broken};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    schema_version: u32,
    #[serde(default)]
    artifact_name: String,
    #[serde(default)]
    artifact_type: String,
    #[serde(default)]
    metadata: Metadata,
    results: Option<Vec<Target>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(default, rename = "ImageID")]
    image_id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(default)]
    pkg_name: String,
    #[serde(default)]
    fixed_version: String,
    #[serde(default)]
    severity: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Content, String> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
    if wire.schema_version != 2 {
        return Err(format!("it is version {} of Trivy's JSON, and 2 is read", wire.schema_version));
    }
    if !matches!(wire.artifact_type.as_str(), "" | "container_image") {
        return Err(format!("it is about a {:?} and no image", wire.artifact_type));
    }
    let findings = wire.results.into_iter().flatten().flat_map(|target| target.vulnerabilities.unwrap_or_default());
    let findings = findings.map(|it| {
        let severity = Severity::parse(&it.severity).unwrap_or(Severity::Unknown);
        Finding::new(severity, &it.id, &it.pkg_name, Some(&it.fixed_version))
    });
    let mut names = vec![wire.artifact_name];
    names.extend(wire.metadata.repo_tags.unwrap_or_default());
    let mut digests = wire.metadata.repo_digests.unwrap_or_default();
    digests.push(wire.metadata.image_id);
    Ok(Content { names, digests, findings: findings.collect() })
}
