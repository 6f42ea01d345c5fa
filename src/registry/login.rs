//! Login: who we are at a registry. Kept per exact host.

use crate::{credential::Mask, reference::Registry};
use azure_core::credentials::TokenCredential;
use secrecy::SecretString;
use std::{collections::HashMap, fmt, sync::Arc};

/// A way to prove who we are at one registry.
#[derive(Clone)]
pub enum Login {
    /// A user name and a password, an access token or a key.
    Password {
        /// The user's name, as the registry wants it.
        username: String,
        /// The secret.
        password: SecretString,
    },
    /// Our Azure identity, for an Azure Container Registry of our own.
    Azure(Arc<dyn TokenCredential>),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { .. } => f.write_str("Password"),
            Self::Azure(_) => f.write_str("Azure"),
        }
    }
}

/// The logins of a run. A registry that is not in here is asked anonymously.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    places: HashMap<Registry, Vec<(String, Login)>>,
    /// Hosts that are another registry's own, and may send to its token service.
    shared: HashMap<Registry, Registry>,
    mask: Mask,
}

impl Logins {
    /// Takes a login in for a whole registry, or for the repositories below `path`.
    pub fn add(&mut self, registry: Registry, path: &str, login: Login) {
        let path = path.trim_matches('/');
        let library = library(&registry, path);
        let logins = self.places.entry(registry).or_default();
        logins.extend(library.map(|path| (path, login.clone())));
        logins.push((path.to_owned(), login));
        // The longest path is the closest match.
        logins.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    }

    /// Hides the tokens that our Azure identity gets at registries.
    pub fn hide_by(&mut self, mask: Mask) {
        self.mask = mask;
    }

    /// Lets a host that is a registry's own send to the registry's token service.
    pub(super) fn share(&mut self, host: Registry, registry: Registry) {
        self.shared.insert(host, registry);
    }

    pub(super) fn shares(&self, host: &Registry) -> Option<&Registry> {
        self.shared.get(host)
    }

    pub(super) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Returns whether there is any login for exactly this registry.
    pub fn has(&self, registry: &Registry) -> bool {
        self.places.contains_key(registry)
    }

    /// Returns the login for a repository of exactly this registry.
    pub fn find(&self, registry: &Registry, repository: &str) -> Option<&Login> {
        let is_below = |path: &str| {
            path.is_empty()
                || repository == path
                || repository.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        };
        self.places.get(registry)?.iter().find(|(path, _)| is_below(path)).map(|(_, login)| login)
    }
}

/// Returns where an image is whose name of one part was written as a path of Docker Hub: `nginx` is everybody's word for
/// `library/nginx`, and a namespace besides.
fn library(registry: &Registry, path: &str) -> Option<String> {
    (registry.is_docker_hub() && !path.is_empty() && !path.contains('/')).then(|| format!("library/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(username: &str) -> Login {
        Login::Password { username: username.to_owned(), password: "x".into() }
    }

    fn user<'a>(logins: &'a Logins, registry: &str, repository: &str) -> Option<&'a str> {
        match logins.find(&Registry::parse(registry).unwrap(), repository) {
            Some(Login::Password { username, .. }) => Some(username),
            _ => None,
        }
    }

    #[test]
    fn a_login_is_for_its_exact_host() {
        let mut logins = Logins::default();
        logins.add(Registry::docker_hub(), "", password("hub"));
        assert_eq!(user(&logins, "docker.io", "library/nginx"), Some("hub"));
        assert_eq!(user(&logins, "docker.io.example.com", "library/nginx"), None);
        assert_eq!(user(&logins, "docker.io:444", "library/nginx"), None);
    }

    #[test]
    fn the_longest_path_wins_at_whole_parts() {
        let mut logins = Logins::default();
        let quay = Registry::parse("quay.io").unwrap();
        logins.add(quay.clone(), "", password("all"));
        logins.add(quay, "team/app", password("app"));
        assert_eq!(user(&logins, "quay.io", "team/app"), Some("app"));
        assert_eq!(user(&logins, "quay.io", "team/app/x"), Some("app"));
        assert_eq!(user(&logins, "quay.io", "team/apple"), Some("all"));
    }

    #[test]
    fn a_path_of_docker_hub_with_one_part_is_an_image_and_a_namespace() {
        let mut logins = Logins::default();
        logins.add(Registry::docker_hub(), "nginx", password("me"));
        assert_eq!(user(&logins, "docker.io", "library/nginx"), Some("me"));
        assert_eq!(user(&logins, "docker.io", "nginx/unit"), Some("me"));
        assert_eq!(user(&logins, "docker.io", "library/redis"), None);
        logins.add(Registry::parse("quay.io").unwrap(), "nginx", password("me"));
        assert_eq!(user(&logins, "quay.io", "library/nginx"), None);
    }

    #[test]
    fn a_login_is_never_printed() {
        let login = Login::Password { username: "u".into(), password: "hunter2".into() };
        assert!(!format!("{login:?}").contains("hunter2"));
    }
}
