//! Recent: the tags of an ACR's repository that were written last, with their time (ACR wire facts, 7.2).

use super::{Client, DOCUMENT_LIMIT, RegistryError};
use crate::reference::Registry;
use reqwest::Method;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A tag and when it was written last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// The tag.
    pub tag: String,
    /// When it began to stand for what it stands for.
    pub updated: OffsetDateTime,
}

impl Client {
    /// Returns the tags that were written last, the newest first, at most `most` (up to 100); none where there is no
    /// such repository.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn recent_tags(
        &self,
        registry: &Registry,
        repository: &str,
        most: usize,
    ) -> Result<Vec<Recent>, RegistryError> {
        let path = format!("/acr/v1/{repository}/_tags?n={most}&orderby=timedesc");
        let Some(reply) = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await? else {
            return Ok(Vec::new());
        };
        let page: serde_json::Value = serde_json::from_slice(&reply.body)
            .map_err(|error| RegistryError::unreadable(registry, "a list of tags", &reply, error.to_string()))?;
        let tags = page["tags"].as_array().into_iter().flatten();
        let read = |tag: &serde_json::Value| {
            let updated = OffsetDateTime::parse(tag["lastUpdateTime"].as_str()?, &Rfc3339).ok()?;
            Some(Recent { tag: tag["name"].as_str()?.to_owned(), updated })
        };
        Ok(tags.filter_map(read).collect())
    }
}
