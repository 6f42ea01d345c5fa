//! Removal: tags and manifests are taken away (ACR wire facts, 7.1 and 7.2; OCI distribution specification, "Content
//! Management"). What may be taken away is for others to know.

use super::{Client, DOCUMENT_LIMIT, Manner, RegistryError, access::Access, base, error};
use crate::{
    problem::{Problem, Side},
    reference::{Digest, Registry},
};
use reqwest::{Method, StatusCode};

/// What became of something that was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone by this request.
    Now,
    /// It was not there any more.
    Before,
}

impl Client {
    /// Takes a tag away at an ACR; what it stood for stays in the repository.
    ///
    /// # Errors
    /// As [`Client::head`]; a locked tag is refused with 405.
    pub async fn untag_acr(&self, registry: &Registry, repository: &str, tag: &str) -> Result<Removed, RegistryError> {
        self.remove(registry, repository, &format!("/acr/v1/{repository}/_tags/{tag}")).await
    }

    /// Takes a tag away at any registry that lets tags go alone (distribution specification 1.1; others answer 405).
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn untag(&self, registry: &Registry, repository: &str, tag: &str) -> Result<Removed, RegistryError> {
        self.remove(registry, repository, &format!("/v2/{repository}/manifests/{tag}")).await
    }

    /// Deletes a manifest, and with it every tag that stands for it; the children of an index stay.
    ///
    /// # Errors
    /// As [`Client::head`]; a locked manifest is refused with 405.
    pub async fn delete_manifest(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
    ) -> Result<Removed, RegistryError> {
        self.remove(registry, repository, &format!("/v2/{repository}/manifests/{digest}")).await
    }

    async fn remove(&self, registry: &Registry, repository: &str, path: &str) -> Result<Removed, RegistryError> {
        let url = format!("{}{path}", base(registry));
        let make = |client: &reqwest::Client| client.request(Method::DELETE, &url);
        let opened = self.signed(registry, Access::delete(repository), make, Manner::Follow, DOCUMENT_LIMIT).await?;
        match opened.reply.status {
            status if status.is_success() => Ok(Removed::Now),
            // A request that was sent twice finds nothing the second time.
            StatusCode::NOT_FOUND => error::not_found(registry, &opened.reply).map(|()| Removed::Before),
            _ => Err(self.refused(registry, &opened.reply)),
        }
    }
}

impl RegistryError {
    /// Returns a refusal to take something away for a report, with the right that it takes.
    pub fn removal(&self, registry: &Registry) -> Problem {
        let problem = self.problem(Side::Target);
        if self.is_denied() {
            return problem.hint(format!(
                "Grant this identity *AcrDelete* on `{registry}`; in ABAC mode *Container Registry Repository Contributor*."
            ));
        }
        if self.is_locked() {
            return problem.hint("It is locked, or its repository is: unlock it if it is to go.");
        }
        problem
    }
}
