//! Lock: a tag that can no longer be moved or deleted, at an ACR (ACR wire facts, 7.2 and 9). What is to be locked is for
//! others to know.

use super::{Client, DOCUMENT_LIMIT, Manner, RegistryError, access::Access, base, error};
use crate::reference::Registry;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};

impl Client {
    /// Locks a tag; what is not asked for stays as it is. Returns whether there is such a tag.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn lock(
        &self,
        registry: &Registry,
        repository: &str,
        tag: &str,
        write: bool,
        delete: bool,
    ) -> Result<bool, RegistryError> {
        let url = format!("{}/acr/v1/{repository}/_tags/{tag}", base(registry));
        let asked = [("writeEnabled", write), ("deleteEnabled", delete)];
        let asked = asked.into_iter().filter(|(_, is_asked)| *is_asked);
        let body: Map<_, _> = asked.map(|(name, _)| (name.to_owned(), Value::Bool(false))).collect();
        let make = |client: &reqwest::Client| client.request(Method::PATCH, &url).json(&body);
        let opened = self.signed(registry, Access::lock(repository), make, Manner::Follow, DOCUMENT_LIMIT).await?;
        match opened.reply.status {
            status if status.is_success() => Ok(true),
            StatusCode::NOT_FOUND => error::not_found(registry, &opened.reply).map(|()| false),
            _ => Err(self.refused(registry, &opened.reply)),
        }
    }
}
