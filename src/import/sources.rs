//! Sources: how ACR is told where to import from.

use crate::{
    azure::{ImportSource, Target},
    reference::{Reference, Registry},
    registry::{Login, Logins},
};
use std::collections::HashMap;

/// The ACRs that our identity may read, and the passwords for other registries.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    resources: HashMap<Registry, String>,
    logins: Logins,
}

impl Sources {
    /// Takes in what is known before the first import.
    pub fn new(own: &[Target], logins: Logins) -> Self {
        let resources = own.iter().map(|target| (target.login_server.clone(), target.id.clone())).collect();
        Self { resources, logins }
    }

    /// Returns how a source is named in an import.
    ///
    /// A password that was given for a registry is used even where it is an ACR of ours, as `az acr import` does.
    pub(super) fn of(&self, source: &Reference) -> ImportSource {
        let host = source.host();
        if let Some(Login::Password { username, password }) = self.logins.find(&host, source.repository()) {
            let credential = Some((username.clone(), password.clone()));
            return ImportSource::Registry { host: host.to_string(), credential };
        }
        match self.resources.get(&host) {
            Some(id) => ImportSource::Resource { id: id.clone() },
            None => ImportSource::Registry { host: host.to_string(), credential: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> Registry {
        Registry::parse(text).unwrap()
    }

    #[test]
    fn a_password_goes_to_its_exact_host_only() {
        let mut logins = Logins::default();
        logins.add(Registry::docker_hub(), "", Login::Password { username: "hub".into(), password: "secret".into() });
        let sources = Sources::new(&[], logins);
        let has_credential = |source: &str| {
            let source = sources.of(&source.parse().unwrap());
            matches!(source, ImportSource::Registry { credential: Some(_), .. })
        };
        assert!(has_credential("docker.io/library/nginx:1"));
        assert!(has_credential("nginx:1"));
        assert!(!has_credential("docker.io.example.com/library/nginx:1"));
        assert!(!has_credential("quay.io/a/b:1"));
    }

    #[test]
    fn an_acr_of_ours_is_named_by_its_resource() {
        let own = Target { id: "/subscriptions/1".into(), login_server: registry("other.azurecr.io") };
        let sources = Sources::new(&[own], Logins::default());
        let source = sources.of(&"other.azurecr.io/a:1".parse().unwrap());
        assert!(matches!(source, ImportSource::Resource { id } if id == "/subscriptions/1"));
    }
}
