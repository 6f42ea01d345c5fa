//! Route: which way an image takes, and why.

use super::{MOST_MANIFESTS, facts::ImageFacts};
use crate::reference::Reference;
use std::{fmt, str::FromStr};

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
    /// The destination is no ACR, so that nobody else can do it.
    NoAcr,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifests(count) => {
                write!(f, "the image has {count} manifests, ACR imports at most {MOST_MANIFESTS}")
            }
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
pub struct DirectSources(Vec<String>);

impl DirectSources {
    /// Takes a registry in, or repositories of it: `host[:port][/path]`, where `*` stands for any characters.
    pub fn add(&mut self, pattern: &str) {
        self.0.push(pattern.trim_end_matches('/').to_owned());
    }

    /// Returns whether the settings declare this source.
    pub fn has(&self, source: &Reference) -> bool {
        let name = format!("{}/{}", source.host(), source.repository());
        self.0.iter().any(|pattern| {
            // A pattern holds for all that is below it: `host` for all its repositories.
            matches(pattern, &name) || matches(&format!("{pattern}/*"), &name)
        })
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
            sources.add(pattern);
        }
        Ok(sources)
    }
}

/// Compares a name with a pattern in which `*` stands for any characters, `/` among them.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Chooses the way an image takes.
pub(super) fn route(source: &Reference, image: Option<&ImageFacts>, service: Service, direct: &DirectSources) -> Route {
    match (service, image) {
        (Service::Other, _) => Route::Direct(Why::NoAcr),
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
        route(&source.parse().unwrap(), Some(&image), service, &direct.parse().unwrap())
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
        assert!("https://x".parse::<DirectSources>().is_err());
    }
}
