//! Blobs: read whole where they are small, or only looked for.

use super::{Client, DOCUMENT_LIMIT, RegistryError, Why};
use crate::reference::{Digest, Registry};
use reqwest::Method;

impl Client {
    /// Returns a small blob, such as an image's configuration.
    ///
    /// # Errors
    /// As [`Client::manifest`].
    pub async fn document(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
    ) -> Result<Option<bytes::Bytes>, RegistryError> {
        self.document_within(registry, repository, digest, DOCUMENT_LIMIT).await
    }

    /// Returns a blob of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Client::document`]; [`crate::http::Cause::TooLong`] for a larger one.
    pub async fn document_within(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
        limit: usize,
    ) -> Result<Option<bytes::Bytes>, RegistryError> {
        let path = format!("/v2/{repository}/blobs/{digest}");
        let Some(reply) = self.ask(Method::GET, registry, repository, &path, limit).await? else {
            return Ok(None);
        };
        let got = Digest::of(&reply.body);
        if got != digest {
            return Err(RegistryError::new(registry, Why::WrongDigest { asked: digest, got }));
        }
        Ok(Some(reply.body))
    }

    /// Returns whether a blob is there, without moving it.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn has_blob(&self, registry: &Registry, repository: &str, digest: Digest) -> Result<bool, RegistryError> {
        let path = format!("/v2/{repository}/blobs/{digest}");
        Ok(self.ask(Method::HEAD, registry, repository, &path, DOCUMENT_LIMIT).await?.is_some())
    }
}
