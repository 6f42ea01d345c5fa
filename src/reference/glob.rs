//! Glob: which repositories are meant, as people write it: `quay.io/jetstack/*`, `fleet/**`.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize, de};
use std::fmt;

/// The longest pattern: a repository has at most 255 characters (OCI distribution specification), a host 253.
const LONGEST: usize = 512;

/// A pattern over repositories: `*` and `?` stay within one part of the path, `**` crosses parts, `{a,b}` and `[a-z]`
/// choose.
#[derive(Clone)]
pub struct Glob {
    written: Box<str>,
    matcher: GlobMatcher,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, a fragment: a pattern that could never match is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::known_as(text, text)
    }

    /// Reads a pattern that is compared under another name than it is written.
    pub(super) fn known_as(text: &str, matched: &str) -> Result<Self, String> {
        let last = text.rsplit('/').next().unwrap_or_default();
        if text.is_empty() {
            return Err("a pattern is empty".to_owned());
        }
        if text.len() > LONGEST {
            return Err(format!("a pattern has {} bytes, at most {LONGEST} are read", text.len()));
        }
        if text.contains(char::is_whitespace) || text.contains("://") || text.starts_with('/') || text.ends_with('/') {
            return Err(format!("`{text}` is no pattern of repositories, such as `quay.io/jetstack/*`"));
        }
        if text.contains('@') || (last.contains(':') && text.contains('/')) {
            return Err(format!("`{text}` names a tag or a digest; a pattern is over repositories"));
        }
        let glob = GlobBuilder::new(matched).literal_separator(true).backslash_escape(false).build();
        let glob = glob.map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))?;
        Ok(Self { written: text.into(), matcher: glob.compile_matcher() })
    }

    /// Returns whether a repository is meant.
    pub fn matches(&self, repository: &str) -> bool {
        self.matcher.is_match(repository)
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Glob").field(&self.written).finish()
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Glob {}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for Glob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_part() {
        for (pattern, repository, expected) in [
            ("quay.io/jetstack/*", "quay.io/jetstack/cert-manager-webhook", true),
            ("quay.io/jetstack/*", "quay.io/jetstack/deep/er", false),
            ("quay.io/jetstack/*", "quay.io.example.com/jetstack/x", false),
            ("registry.k8s.io/**", "registry.k8s.io/ingress-nginx/controller", true),
            ("registry.k8s.io/**", "registry.k8s.io.example.com/a", false),
            ("docker.io/library/{nginx,redis}", "docker.io/library/redis", true),
            ("docker.io/library/{nginx,redis}", "docker.io/library/redis2", false),
            ("localhost:5000/**", "localhost:5000/team/app", true),
            ("fleet/*", "fleet/engine", true),
            ("fleet/*", "other/fleet/engine", false),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().matches(repository), expected, "{pattern} {repository}");
        }
    }

    #[test]
    fn what_could_never_match_is_no_pattern() {
        for (pattern, why) in [
            ("", "empty"),
            ("a b", "no pattern of repositories"),
            ("https://quay.io/*", "no pattern of repositories"),
            ("/a", "no pattern of repositories"),
            ("quay.io/a:v1.*", "names a tag"),
            ("quay.io/a@sha256:0", "names a tag"),
            ("quay.io/[a", "no pattern"),
            ("quay.io/{a", "no pattern"),
        ] {
            let error = Glob::parse(pattern).unwrap_err();
            assert!(error.contains(why), "{pattern}: {error}");
        }
        assert!(Glob::parse(&"a".repeat(600)).unwrap_err().contains("600 bytes"));
    }
}
