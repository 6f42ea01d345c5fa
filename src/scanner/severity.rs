//! Severity: how grave a scanner says a vulnerability is.

use serde::Deserialize;
use std::fmt;

/// How grave it is, the least first. Scanners take it from the distribution or from CVSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nobody has said yet.
    Unknown,
    /// Grype's least.
    Negligible,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.
    Critical,
}

const NAMES: [(&str, Severity); 6] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Medium),
    ("low", Severity::Low),
    ("negligible", Severity::Negligible),
    ("unknown", Severity::Unknown),
];

impl Severity {
    /// Reads a scanner's word, in any case; none for another word.
    pub fn parse(word: &str) -> Option<Self> {
        let known = NAMES.iter().find(|(name, _)| word.trim().eq_ignore_ascii_case(name));
        known.map(|(_, severity)| *severity)
    }

    /// Returns the band of a CVSS score (`security-severity` in SARIF).
    pub fn of_score(score: f64) -> Self {
        match score {
            9.0.. => Self::Critical,
            7.0.. => Self::High,
            4.0.. => Self::Medium,
            _ if score > 0.0 => Self::Low,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, severity)| severity == self).map_or("unknown", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_any_case_and_a_score_by_its_band() {
        for (name, severity) in NAMES {
            assert_eq!(Severity::parse(&name.to_uppercase()), Some(severity));
            assert_eq!(severity.to_string(), name);
        }
        assert_eq!(Severity::parse("grave"), None);
        let bands = [10.0, 9.0, 8.9, 4.0, 0.1, 0.0, f64::NAN, -1.0].map(Severity::of_score);
        use Severity::{Critical, High, Low, Medium, Unknown};
        assert_eq!(bands, [Critical, Critical, High, Medium, Low, Unknown, Unknown, Unknown]);
        assert!(Critical > High && Low > Unknown);
    }
}
