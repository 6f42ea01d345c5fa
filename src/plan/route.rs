//! Route: which way an image takes, and why.

use super::{MOST_MANIFESTS, Subset, facts::ImageFacts};
use crate::reference::{Reference, Registry, SourceGlob};
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
    /// The source's certificates are by an authority that the settings state, and ACR trusts public ones.
    Authority,
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
            Self::Authority => f.write_str("its certificates are the company's own, which ACR does not trust"),
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

/// The sources that ACR cannot read, as the settings declare them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectSources {
    unreached: Vec<Declared>,
    /// Those with an authority of their own.
    untrusted: Vec<Registry>,
}

/// A pattern, and all that is below it: a host stands for all its repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    itself: SourceGlob,
    below: SourceGlob,
}

impl DirectSources {
    /// Takes a registry in, or repositories of it: `host[:port][/path]`, in the form of a [`SourceGlob`].
    ///
    /// # Errors
    /// What is wrong with the pattern, a fragment.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        let pattern = pattern.trim_end_matches('/');
        // The brackets of an address are no choice of characters.
        let pattern = match pattern.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => Cow::Owned(format!("[[]{address}[]]{rest}")),
            None => Cow::Borrowed(pattern),
        };
        // At Docker Hub a name of one part is an image of `library`, and a namespace besides.
        let [itself, below] = [SourceGlob::parse(&pattern)?, SourceGlob::parse(&format!("{pattern}/**"))?];
        self.unreached.push(Declared { itself, below });
        Ok(())
    }

    /// Takes a registry in whose certificates ACR does not trust.
    pub fn add_untrusted(&mut self, registry: Registry) {
        self.untrusted.push(registry);
    }

    /// Returns why ACR cannot read a source, where the settings say so; `from` is its name at its mirror, if it has one.
    fn why(&self, source: &Reference, from: &Reference) -> Option<Why> {
        let has = |name| self.unreached.iter().any(|it| it.itself.matches(name) || it.below.matches(name));
        if has(source.name()) || has(from.name()) {
            return Some(Why::Declared);
        }
        self.untrusted.contains(&from.host()).then_some(Why::Authority)
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

/// Chooses the way an image takes; `from` is the source's name at its mirror, if it has one.
pub(super) fn route(
    source: &Reference,
    from: &Reference,
    image: Option<&ImageFacts>,
    subset: Option<&Subset>,
    service: Service,
    direct: &DirectSources,
) -> Route {
    match (service, image) {
        (Service::Other, _) => Route::Direct(Why::NoAcr),
        (Service::Acr, _) if subset.is_some() => Route::Direct(Why::Platforms),
        (Service::Acr, _) if let Some(why) = direct.why(source, from) => Route::Direct(why),
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
        let source = source.parse().unwrap();
        route(&source, &source, Some(&image), None, service, &direct.parse().unwrap())
    }

    #[test]
    fn an_image_goes_server_side_unless_that_cannot_be() {
        assert_eq!(of("nginx:1", 50, Service::Acr, ""), Route::ServerSide);
        assert_eq!(of("nginx:1", 51, Service::Acr, ""), Route::Direct(Why::Manifests(51)));
        assert_eq!(of("nginx:1", 3, Service::Acr, "docker.io"), Route::Direct(Why::Declared));
        assert_eq!(of("nginx:1", 3, Service::Other, ""), Route::Direct(Why::NoAcr));
    }

    #[test]
    fn an_authority_of_its_own_is_about_the_host_that_is_read() {
        let mut direct = DirectSources::default();
        direct.add_untrusted(Registry::parse("harbor.example.com").unwrap());
        let [own, public]: [Reference; 2] = ["harbor.example.com/a:1", "quay.io/a:1"].map(|name| name.parse().unwrap());
        let route = |source, from| route(source, from, None, None, Service::Acr, &direct);
        assert_eq!(route(&own, &own), Route::Direct(Why::Authority));
        assert_eq!(route(&public, &own), Route::Direct(Why::Authority));
        assert_eq!(route(&own, &public), Route::ServerSide);
    }

    #[test]
    fn sources_are_declared_by_registry_or_repository() {
        let has = |patterns: &str, source: &str| {
            let source = source.parse().unwrap();
            patterns.parse::<DirectSources>().unwrap().why(&source, &source).is_some()
        };
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
        assert!(has("index.docker.io/nginx", "nginx:1"));
        assert!(has("registry-1.docker.io", "docker.io/grafana/grafana:1"));
        assert!(has("registry.example.com:443/team", "registry.example.com/team/app:1"));
        assert!(has("ghcr.io/*/app", "ghcr.io/team/app:1"));
        assert!(!has("ghcr.io/*/app", "ghcr.io/team/of/app:1"), "an asterisk stays within its part");
        assert!(has("[::1]:5000", "[::1]:5000/app:1"));
        assert!("https://x".parse::<DirectSources>().is_err());
    }
}
