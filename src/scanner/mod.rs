//! Scan: what a vulnerability scanner found in an image, read from its report.
//!
//! Bytes in, findings out; asks nobody and judges nothing. A report is foreign text: lengths are bounded here, and who
//! shows it escapes it.

mod grype;
mod sarif;
mod severity;
mod trivy;

use crate::reference::Digest;
use serde::{Deserialize, de::IgnoredAny};
use std::{collections::BTreeSet, fmt};

pub use severity::Severity;

/// The most bytes of one report that are read.
pub const MOST_BYTES: usize = 32 << 20;
/// The most characters of an identifier, a package or a version that are kept.
const LONGEST: usize = 80;

/// One report about one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The report's file, as it is shown.
    pub file: String,
    /// What the report calls the image: references, as the scanner was given them.
    pub names: Vec<String>,
    /// The digests that the report names: of an index, a manifest or a configuration.
    pub digests: BTreeSet<Digest>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// One vulnerability in one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How grave the scanner says it is.
    pub severity: Severity,
    /// `CVE-…`, `GHSA-…` or what the scanner calls it.
    pub id: String,
    /// The package that has it.
    pub package: String,
    /// The version that mends it, where there is one.
    pub fix: Option<String>,
}

/// A report that says nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The report's file, as it is shown.
    pub file: String,
    /// What is wrong with it, a fragment.
    pub why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the report `{}` cannot be used: {}", self.file, self.why)
    }
}

/// What a report says, whatever its format.
#[derive(Debug, Default)]
struct Content {
    names: Vec<String>,
    digests: Vec<String>,
    findings: Vec<Finding>,
}

/// The members by which the formats are told from each other.
#[derive(Deserialize)]
struct Members {
    #[serde(rename = "SchemaVersion")]
    trivy: Option<IgnoredAny>,
    matches: Option<IgnoredAny>,
    runs: Option<IgnoredAny>,
}

/// Reads a report of Trivy or Grype as JSON, or of either as SARIF 2.1.0.
///
/// # Errors
/// [`Unreadable`] for anything else, for other versions, and for a report that names no image.
pub fn read(file: &str, bytes: &[u8]) -> Result<Scan, Unreadable> {
    let unreadable = |why: String| Unreadable { file: file.to_owned(), why };
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.len() > MOST_BYTES {
        return Err(unreadable(format!("it has {} bytes, at most {MOST_BYTES} are read", bytes.len())));
    }
    let members: Members = serde_json::from_slice(bytes).map_err(|error| unreadable(broken(&error)))?;
    let content = match members {
        Members { trivy: Some(_), .. } => trivy::read(bytes),
        Members { runs: Some(_), .. } => sarif::read(bytes),
        Members { matches: Some(_), .. } => grype::read(bytes),
        Members { .. } => Err("it is neither Trivy's nor Grype's JSON nor SARIF".to_owned()),
    };
    let content = content.map_err(unreadable)?;
    // A name may bring its digest along: `nginx@sha256:…`.
    let in_names = content.names.iter().chain(&content.digests).filter_map(|name| digest_in(name));
    let digests: BTreeSet<_> = in_names.collect();
    let names: Vec<_> = content.names.into_iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() && digests.is_empty() {
        return Err(unreadable("it does not say which image it is about".to_owned()));
    }
    Ok(Scan { file: file.to_owned(), names, digests, findings: content.findings })
}

/// Returns the digest at the end of a name, or that the text is.
fn digest_in(name: &str) -> Option<Digest> {
    name.rsplit('@').next()?.parse().ok()
}

fn broken(error: &serde_json::Error) -> String {
    format!("it is no such JSON: {error}")
}

impl Finding {
    fn new(severity: Severity, id: &str, package: &str, fix: Option<&str>) -> Self {
        // Shown in backticks, which none of these has.
        let short = |text: &str| text.trim().chars().take(LONGEST).collect::<String>().replace('`', "'");
        let fix = fix.map(short).filter(|fix| !fix.is_empty());
        Self { severity, id: short(id), package: short(package), fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn fixture(name: &str) -> Scan {
        let text = std::fs::read(format!("tests/fixtures/scans/{name}")).unwrap();
        read(name, &text).unwrap()
    }

    #[test]
    fn the_same_findings_are_read_from_every_format() {
        for name in ["trivy.json", "grype.json", "trivy.sarif", "grype.sarif"] {
            let scan = fixture(name);
            let told: Vec<_> = scan
                .findings
                .iter()
                .map(|it| format!("{} {} {} {}", it.severity, it.id, it.package, it.fix.as_deref().unwrap_or("-")))
                .collect();
            let expected = [
                "critical CVE-2099-0001 libssl3 3.0.15-1~deb12u1",
                "high CVE-2099-0002 zlib1g -",
                "low CVE-2099-0003 tar 1.34+dfsg-1.2+deb12u2",
            ];
            assert_eq!(told, expected, "{name}");
        }
    }

    #[test]
    fn a_report_names_its_image_by_digest_where_the_scanner_says_it() {
        for (name, digests) in [("trivy.json", 2), ("grype.json", 3), ("trivy.sarif", 2), ("grype.sarif", 0)] {
            let scan = fixture(name);
            assert_eq!(scan.digests.len(), digests, "{name}");
            assert!(scan.names.iter().any(|it| it == "docker.io/library/nginx:1.27"), "{name}: {:?}", scan.names);
        }
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        for (text, expected) in [
            ("", "no such JSON"),
            ("[]", "no such JSON"),
            ("{\"SchemaVersion\":2", "no such JSON"),
            ("{}", "neither Trivy's nor Grype's JSON nor SARIF"),
            ("{\"SchemaVersion\":1,\"ArtifactName\":\"a\"}", "version 1 of Trivy's JSON"),
            ("{\"SchemaVersion\":\"2\",\"ArtifactName\":\"a\"}", "no such JSON"),
            ("{\"SchemaVersion\":2,\"ArtifactName\":\".\",\"ArtifactType\":\"filesystem\"}", "no image"),
            ("{\"SchemaVersion\":2}", "which image"),
            ("{\"matches\":[],\"descriptor\":{\"name\":\"other\"}}", "not Grype's"),
            ("{\"matches\":[],\"descriptor\":{\"name\":\"grype\"},\"source\":{\"type\":\"directory\"}}", "no image"),
            ("{\"version\":\"2.0.0\",\"runs\":[]}", "SARIF 2.0.0"),
            ("{\"version\":\"2.1.0\",\"runs\":[]}", "which image"),
        ] {
            let error = read("scan/a.json", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("`scan/a.json`"), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_found_is_a_report_too() {
        let text = format!("{{\"SchemaVersion\":2,\"ArtifactName\":\"nginx@{IMAGE}\",\"Results\":null}}");
        let scan = read("a", text.as_bytes()).unwrap();
        assert_eq!((scan.findings.len(), scan.digests.len()), (0, 1));
    }

    #[test]
    fn long_texts_are_cut() {
        let finding = Finding::new(Severity::High, &"C".repeat(900), "p", Some(" "));
        assert_eq!((finding.id.len(), finding.fix), (LONGEST, None));
    }
}
