//! Catalogue: which repositories an ACR has (ACR wire facts, 7.2).

use super::{Client, DOCUMENT_LIMIT, Manner, RegistryError, access::Access, base, tags::next_page};
use crate::reference::Registry;
use std::collections::BTreeSet;

/// The most names of one page that official clients ask for (ACR wire facts, 19).
const PAGE: usize = 100;

impl Client {
    /// Returns the names of all repositories, in their order.
    ///
    /// # Errors
    /// As [`Client::head`]; listing takes a right of its own (*Container Registry Repository Catalog Lister* in ABAC
    /// mode).
    pub async fn repositories(&self, registry: &Registry) -> Result<BTreeSet<String>, RegistryError> {
        #[derive(serde::Deserialize)]
        struct Page {
            #[serde(default)]
            repositories: Option<Vec<String>>,
        }
        let mut names = BTreeSet::new();
        let mut path = format!("/acr/v1/_catalog?n={PAGE}");
        loop {
            let url = format!("{}{path}", base(registry));
            let make = |client: &reqwest::Client| client.get(&url);
            let reply = self.signed(registry, Access::catalog(), make, Manner::Follow, DOCUMENT_LIMIT).await?.reply;
            if !reply.status.is_success() {
                return Err(self.refused(registry, &reply));
            }
            let page: Page = serde_json::from_slice(&reply.body).map_err(|error| {
                RegistryError::unreadable(registry, "a list of repositories", &reply, error.to_string())
            })?;
            let before = names.len();
            names.extend(page.repositories.unwrap_or_default());
            match reply.header("link").and_then(next_page) {
                // A page that brings nothing new and names a next one would be read for ever.
                Some(next) if names.len() > before => path = next,
                _ => return Ok(names),
            }
        }
    }
}
