//! Route: which way an image takes, and why.

use super::{MOST_MANIFESTS, Subset, facts::ImageFacts};
use crate::reference::{Glob, Reference};
use std::{borrow::Cow, fmt, str::FromStr};

/// Which way an image takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// ACR fetches it (`importImage`); no byte passes this runner.
    ServerSide,
    /// This runner copies it from registry to registry.
    Direct(Why),
}

/// Why an image is copied by this runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It has more manifests than the service imports.
    Manifests(usize),
    /// The settings say that ACR cannot reach the source.
    Declared,
    /// Only some platforms of it are copied.
    Platforms,
    /// The destination is no ACR, so that nobody else can do it.
    NoAcr,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifests(count) => {
                write!(f, "the image has {count} manifests, ACR imports at most {MOST_MANIFESTS}")
            }
            Self::Platforms => f.write_str("the line wants some platforms, ACR imports all"),
            Self::Declared => f.write_str("the settings say that ACR cannot reach the source"),
            Self::NoAcr => f.write_str("the destination is no Azure Container Registry"),
        }
    }
}

/// What stands behind the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// An Azure Container Registry: it imports, and tells of locks.
    Acr,
    /// Any other registry of the OCI distribution specification.
    Other,
}

/// The sources that ACR cannot reach, as the settings declare them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectSources(Vec<Declared>);

/// A pattern, and all that is below it: a host stands for all its repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    itself: Glob,
    below: Glob,
}

impl DirectSources {
    /// Takes a registry in, or repositories of it: `host[:port][/path]`, in the form of a [`Glob`].
    ///
    /// # Errors
    /// What is wrong with the pattern, a fragment.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        let pattern = pattern.trim_end_matches('/');
        // Docker Hub's image of one part is `library/NAME`, and `NAME` a namespace besides.
        if let Some(name) = pattern.strip_prefix("docker.io/").filter(|name| !name.contains('/')) {
            let library = format!("docker.io/library/{name}");
            self.0.push(Declared { itself: Glob::parse(&library)?, below: Glob::parse(&format!("{library}/**"))? });
        }
        // The brackets of an address are no choice of characters.
        let pattern = match pattern.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => Cow::Owned(format!("[[]{address}[]]{rest}")),
            None => Cow::Borrowed(pattern),
        };
        self.0.push(Declared { itself: Glob::parse(&pattern)?, below: Glob::parse(&format!("{pattern}/**"))? });
        Ok(())
    }

    /// Returns whether the settings declare this source.
    pub fn has(&self, source: &Reference) -> bool {
        let name = format!("{}/{}", source.host(), source.repository());
        self.0.iter().any(|declared| declared.itself.matches(&name) || declared.below.matches(&name))
    }
}

impl FromStr for DirectSources {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut sources = Self::default();
        for pattern in text.split([',', ' ', '\t', '\r', '\n']).filter(|pattern| !pattern.is_empty()) {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:*[]".contains(c);
            if pattern.starts_with('/') || pattern.contains("//") || !pattern.chars().all(is_plain) {
                return Err("expected registries or repositories, such as `registry.example.com` or `ghcr.io/team/*`"
                    .to_owned());
            }
            sources.add(pattern)?;
        }
        Ok(sources)
    }
}

/// Chooses the way an image takes.
pub(super) fn route(
    source: &Reference,
    image: Option<&ImageFacts>,
    subset: Option<&Subset>,
    service: Service,
    direct: &DirectSources,
) -> Route {
    match (service, image) {
        (Service::Other, _) => Route::Direct(Why::NoAcr),
        (Service::Acr, _) if subset.is_some() => Route::Direct(Why::Platforms),
        (Service::Acr, _) if direct.has(source) => Route::Direct(Why::Declared),
        (Service::Acr, Some(image)) if image.manifests > MOST_MANIFESTS => {
            Route::Direct(Why::Manifests(image.manifests))
        }
        (Service::Acr, _) => Route::ServerSide,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, manifests: usize, service: Service, direct: &str) -> Route {
        let image = ImageFacts { manifests, ..ImageFacts::default() };
        route(&source.parse().unwrap(), Some(&image), None, service, &direct.parse().unwrap())
    }

    #[test]
    fn an_image_goes_server_side_unless_that_cannot_be() {
        assert_eq!(of("nginx:1", 50, Service::Acr, ""), Route::ServerSide);
        assert_eq!(of("nginx:1", 51, Service::Acr, ""), Route::Direct(Why::Manifests(51)));
        assert_eq!(of("nginx:1", 3, Service::Acr, "docker.io"), Route::Direct(Why::Declared));
        assert_eq!(of("nginx:1", 3, Service::Other, ""), Route::Direct(Why::NoAcr));
    }

    #[test]
    fn sources_are_declared_by_registry_or_repository() {
        let has =
            |patterns: &str, source: &str| patterns.parse::<DirectSources>().unwrap().has(&source.parse().unwrap());
        assert!(has("registry.example.com:5000", "registry.example.com:5000/team/app:1"));
        assert!(!has("registry.example.com", "registry.example.com:5000/team/app:1"));
        assert!(!has("registry.example.com", "registry.example.com.evil.io/team/app:1"));
        assert!(has("ghcr.io/team", "ghcr.io/team/app:1"));
        assert!(!has("ghcr.io/team", "ghcr.io/teams/app:1"));
        assert!(has("*.corp.example, quay.io/a/*", "registry.corp.example/x:1"));
        assert!(has("*.corp.example\nquay.io/a/*", "quay.io/a/b/c:1"));
        assert!(has("docker.io/library/nginx", "nginx:1"));
        assert!(has("docker.io/nginx", "nginx:1"));
        assert!(has("docker.io/nginx", "nginx/unit:1"));
        assert!(!has("docker.io/nginx", "redis:1"));
        assert!(has("registry.example.com:443/team", "registry.example.com/team/app:1"));
        assert!(has("ghcr.io/*/app", "ghcr.io/team/app:1"));
        assert!(!has("ghcr.io/*/app", "ghcr.io/team/of/app:1"), "an asterisk stays within its part");
        assert!(has("[::1]:5000", "[::1]:5000/app:1"));
        assert!("https://x".parse::<DirectSources>().is_err());
    }
}
