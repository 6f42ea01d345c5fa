//! Lock: a tag that can no longer be moved or deleted, at an ACR (ACR wire facts, 7.2 and 9). What is to be locked is for
//! others to know.

use super::{Client, DOCUMENT_LIMIT, Manner, RegistryError, access::Access, base, error};
use crate::reference::{Digest, Registry};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What an ACR lets be done to a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locks {
    /// The digest that the tag points to.
    pub digest: Digest,
    /// Whether it may be moved: `writeEnabled`, without which it cannot be deleted either.
    pub may_write: bool,
    /// Whether it may be deleted: `deleteEnabled`.
    pub may_delete: bool,
}

impl Client {
    /// Returns how a tag is locked, or nothing where there is none.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn locks(
        &self,
        registry: &Registry,
        repository: &str,
        tag: &str,
    ) -> Result<Option<Locks>, RegistryError> {
        #[derive(Deserialize)]
        struct Answer {
            tag: Tag,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Tag {
            digest: Digest,
            #[serde(default)]
            changeable_attributes: Attributes,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Attributes {
            write_enabled: Option<bool>,
            delete_enabled: Option<bool>,
        }
        let path = format!("/acr/v1/{repository}/_tags/{tag}");
        let Some(reply) = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await? else {
            return Ok(None);
        };
        let Answer { tag } = serde_json::from_slice(&reply.body)
            .map_err(|error| RegistryError::unreadable(registry, "a tag", &reply, error.to_string()))?;
        let attributes = tag.changeable_attributes;
        Ok(Some(Locks {
            digest: tag.digest,
            may_write: attributes.write_enabled.unwrap_or(true),
            may_delete: attributes.delete_enabled.unwrap_or(true),
        }))
    }

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
