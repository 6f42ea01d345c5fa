//! Targets: the registries that the cluster pulls from.

use crate::{images, reference::Registry};

/// The private registries that manifests may name. Where none is known, every registry of Azure counts as one, as in
/// the destinations of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets(Vec<Registry>);

impl Targets {
    /// Takes the login servers; all have the same list.
    pub fn new(login_servers: Vec<Registry>) -> Self {
        Self(login_servers)
    }

    /// Returns the registry that a list's destinations are in, where there is one answer.
    pub fn one(&self) -> Option<&Registry> {
        match &self.0[..] {
            [one] => Some(one),
            [] | [_, _, ..] => None,
        }
    }

    /// Returns whether an image of this host is in a private registry.
    pub(super) fn has(&self, host: &str) -> bool {
        if self.0.is_empty() {
            images::is_login_server(host, None)
        } else {
            self.0.iter().any(|it| it.as_str() == host)
        }
    }

    /// Returns the registry that a manifest should name.
    pub(super) fn first(&self) -> Option<&Registry> {
        self.0.first()
    }
}
