//! Mirror: where images of a source are read instead. The line keeps the name that it has.

use crate::{
    problem::{Problem, Side},
    reference::{Reference, Registry, is_below},
};

/// The mirrors of a run.
#[derive(Debug, Clone, Default)]
pub struct Mirrors(Vec<Mirrored>);

#[derive(Debug, Clone)]
struct Mirrored {
    registry: Registry,
    path: String,
    /// `host[:port][/path]`
    mirror: String,
}

impl Mirrors {
    /// Takes in what `mirror` (`host[:port][/path]`) stands in for: a registry, or the repositories below a path of it.
    pub fn add(&mut self, registry: Registry, path: &str, mirror: String) {
        for path in registry.library(path).into_iter().chain([path.to_owned()]) {
            self.0.push(Mirrored { registry: registry.clone(), path, mirror: mirror.clone() });
        }
        // The longest path is the closest match.
        self.0.sort_by_key(|mirrored| std::cmp::Reverse(mirrored.path.len()));
    }

    /// Returns the name that a source's image has at its mirror: the mirror's path goes before the whole repository.
    ///
    /// # Errors
    /// A [`Problem`] where that name is longer than any registry takes.
    pub fn of(&self, source: &Reference) -> Result<Option<Reference>, Problem> {
        let is_meant = |mirrored: &&Mirrored| {
            mirrored.registry.as_str() == source.registry() && is_below(source.repository(), &mirrored.path)
        };
        let Some(Mirrored { mirror, .. }) = self.0.iter().find(is_meant) else { return Ok(None) };
        let (host, path) = mirror.split_once('/').unwrap_or((mirror, ""));
        let repository = [path, source.repository()].join("/");
        let name = Reference::new(host, repository.trim_start_matches('/'), source.tag(), source.digest());
        name.map(Some).map_err(|error| {
            let what = format!("`{source}` has no name at the mirror `{mirror}`: {error}");
            Problem::new(Side::Settings, what).hint("Shorten the path of `mirror` in acr-sync.yaml.")
        })
    }

    /// Returns the registry that is asked for a source.
    pub fn host(&self, source: &Reference) -> Registry {
        self.of(source).ok().flatten().map_or_else(|| source.host(), |mirror| mirror.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_wins_and_the_mirrors_path_goes_before_the_repository() {
        let mut mirrors = Mirrors::default();
        for (registry, path, mirror) in [
            ("docker.io", "", "artifacts.example.com/dockerhub"),
            ("docker.io", "team", "harbor.example.com:8443"),
            ("docker.io", "redis", "artifacts.example.com/redis"),
            ("quay.io", "a/b", "artifacts.example.com/quay"),
        ] {
            mirrors.add(Registry::parse(registry).unwrap(), path, mirror.to_owned());
        }
        let digest = "sha256:2d8b1a1f5e6ee0f4d14bd6a5b0f4ac7b4d5a1b1d7ee3a5e0c1a2b3c4d5e6f708";
        let pinned = format!("nginx:1@{digest}");
        for (source, expected) in [
            (pinned.as_str(), Some(format!("artifacts.example.com/dockerhub/library/nginx:1@{digest}"))),
            ("team/app", Some("harbor.example.com:8443/team/app".to_owned())),
            ("teams/app:1", Some("artifacts.example.com/dockerhub/teams/app:1".to_owned())),
            ("redis:7", Some("artifacts.example.com/redis/library/redis:7".to_owned())),
            ("quay.io/a/b:1", Some("artifacts.example.com/quay/a/b:1".to_owned())),
            ("quay.io/a/bc:1", None),
            ("docker.io.example.com/a:1", None),
        ] {
            let read = mirrors.of(&source.parse().unwrap()).unwrap();
            assert_eq!(read.map(|name| name.to_string()), expected, "{source}");
        }
        let longest: Reference = format!("docker.io/{}", "a".repeat(230)).parse().unwrap();
        let problem = mirrors.of(&longest).unwrap_err();
        assert!(problem.what.contains("has no name at the mirror `artifacts.example.com/dockerhub`"), "{problem}");
    }
}
