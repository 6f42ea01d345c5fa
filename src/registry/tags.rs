//! Tags: what a repository has, page by page, and what an ACR says of one.

use super::{Client, DOCUMENT_LIMIT, RegistryError, Why};
use crate::reference::{Digest, Registry, tag};
use reqwest::Method;
use std::collections::BTreeSet;

/// The fewest tags that an honest page but the last has: registries that cap what is asked for send a hundred.
const LEAST_OF_PAGE: usize = 100;
/// Pages beyond that, for those that send less now and then.
const MORE_PAGES: usize = 50;

/// What an ACR says of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagState {
    /// The digest that the tag points to.
    pub digest: Digest,
    /// Whether the tag may be written and deleted: `writeEnabled` of its `changeableAttributes`.
    pub is_writable: bool,
}

impl Client {
    /// Returns the tags of a repository, at most `most` of them, or nothing where it does not exist. What is no tag by
    /// the specification is left out: it could not be asked for, and may have any length.
    ///
    /// # Errors
    /// As [`Client::head`]; a list that does not end in the pages that so many tags take.
    pub async fn tags(&self, registry: &Registry, repository: &str, most: usize) -> Result<Vec<String>, RegistryError> {
        #[derive(serde::Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let mut tags = BTreeSet::new();
        let mut path = format!("/v2/{repository}/tags/list?n=1000");
        for page in 0..most.div_ceil(LEAST_OF_PAGE) + MORE_PAGES {
            let Some(reply) = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await? else {
                let cut_off = || RegistryError::cut_off(registry, "a list of tags");
                return if page == 0 { Ok(Vec::new()) } else { Err(cut_off()) };
            };
            let page: Page = serde_json::from_slice(&reply.body)
                .map_err(|error| RegistryError::unreadable(registry, "a list of tags", &reply, error.to_string()))?;
            let before = tags.len();
            tags.extend(page.tags.into_iter().flatten().filter(|text| tag::check(text).is_ok()));
            let next = reply.header("link").and_then(next_page);
            match next {
                // A page that brings nothing new and names a next one would be read for ever.
                Some(next) if tags.len() > before && tags.len() < most => path = next,
                _ => return Ok(tags.into_iter().take(most).collect()),
            }
        }
        Err(RegistryError::new(registry, Why::Status(200, "a list of tags that does not end".to_owned())))
    }

    /// Returns what any registry says of a tag; of locks it does not tell.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn tag(
        &self,
        registry: &Registry,
        repository: &str,
        tag: &str,
    ) -> Result<Option<TagState>, RegistryError> {
        let head = self.head(registry, repository, tag).await?;
        Ok(head.map(|head| TagState { digest: head.digest, is_writable: true }))
    }

    /// Returns what an ACR says of a tag, lock included, in one request (`/acr/v1`, API 2021-07-01).
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn acr_tag(
        &self,
        registry: &Registry,
        repository: &str,
        tag: &str,
    ) -> Result<Option<TagState>, RegistryError> {
        let row = self.tag_row(registry, repository, tag).await?;
        Ok(row.map(|row| TagState { digest: row.digest, is_writable: row.may_write }))
    }
}

/// Reads the path of the next page from a `Link` header, which may name other pages too (RFC 8288, 3); a page on another
/// host is none of ours.
pub(super) fn next_page(link: &str) -> Option<String> {
    let mut rest = link;
    loop {
        let (target, behind) = rest.split_once('<')?.1.split_once('>')?;
        // The parameters of a target end where the next target begins.
        let (parameters, next) = behind.split_at(behind.find('<').unwrap_or(behind.len()));
        if parameters.contains("rel=\"next\"") || parameters.contains("rel=next") {
            let path = match target.split_once("://") {
                Some((_, rest)) => &rest[rest.find('/')?..],
                None => target,
            };
            return path.starts_with('/').then(|| path.to_owned());
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_a_path_of_the_same_host() {
        let acr = r#"</acr/v1/_catalog?last=x&n=100&orderby=>; rel="next""#;
        assert_eq!(next_page(acr).as_deref(), Some("/acr/v1/_catalog?last=x&n=100&orderby="));
        let absolute = r#"<https://other.example/v2/a/tags/list?last=x>; rel="next""#;
        assert_eq!(next_page(absolute).as_deref(), Some("/v2/a/tags/list?last=x"));
        let several = r#"</v2/a/tags/list?last=a>; rel="prev", </v2/a/tags/list?last=z,y>; rel="next""#;
        assert_eq!(next_page(several).as_deref(), Some("/v2/a/tags/list?last=z,y"));
        assert_eq!(next_page(r#"</p?last=z>; rel="next", </p?last=a>; rel="prev""#).as_deref(), Some("/p?last=z"));
        for none in ["nothing", "", "<", "</p>", r#"</p>; rel="prev""#, "<<>>"] {
            assert_eq!(next_page(none), None, "{none}");
        }
    }
}
