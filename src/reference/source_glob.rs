//! Source glob: which sources are meant, as people write it, with their host before the repository.

use super::{Glob, registry};
use serde::{Deserialize, Serialize, de};

/// A pattern over sources: a [`Glob`] whose first part is the host, under whichever of its names. A pattern under a name
/// that no source is read by would mean nothing, and a rule with it would hold for no image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceGlob(Glob);

impl SourceGlob {
    /// Reads a pattern.
    ///
    /// Docker Hub's images of one part are those of `library`, as in a line: `docker.io/nginx` is `docker.io/library/nginx`.
    ///
    /// # Errors
    /// As [`Glob::parse`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        let host = registry::known(host).to_ascii_lowercase();
        let is_official = host == registry::DOCKER_HUB && path != "/**" && path.rfind('/') == Some(0);
        let matched = if is_official { format!("{host}/library{path}") } else { format!("{host}{path}") };
        Glob::known_as(text, &matched).map(Self)
    }

    /// Returns whether a source is meant, by its host and repository.
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

impl<'de> Deserialize<'de> for SourceGlob {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    #[test]
    fn a_host_is_meant_by_each_of_its_names() {
        for (pattern, source, expected) in [
            ("index.docker.io/**", "grafana/grafana:1", true),
            ("registry-1.docker.io/library/nginx", "nginx:1", true),
            ("Docker.io/library/*", "nginx:1", true),
            ("docker.io/nginx", "nginx:1", true),
            ("docker.io/{nginx,redis}", "redis:1", true),
            ("docker.io/*", "nginx:1", true),
            ("docker.io/*", "grafana/grafana:1", false),
            ("docker.io/**", "grafana/grafana:1", true),
            ("index.docker.io.example.com/**", "nginx:1", false),
            ("registry.example.com:443/**", "registry.example.com/team/app:1", true),
            ("registry.example.com:8443/**", "registry.example.com/team/app:1", false),
            ("QUAY.io/**", "quay.io/team/app:1", true),
            ("*.io/library/nginx", "nginx:1", true),
        ] {
            let source: Reference = source.parse().unwrap();
            assert_eq!(SourceGlob::parse(pattern).unwrap().matches(source.name()), expected, "{pattern} {source}");
        }
    }

    #[test]
    fn an_error_shows_the_pattern_as_it_was_written() {
        assert!(SourceGlob::parse("index.docker.io/[a").unwrap_err().contains("`index.docker.io/[a`"));
        assert!(SourceGlob::parse("").unwrap_err().contains("empty"));
    }
}
