//! Inventory: everything an ACR's repository holds, page by page, with times, sizes and locks (ACR wire facts, 7.2). What
//! is to become of it is for others to know.

use super::{
    Client, DOCUMENT_LIMIT, RegistryError, Why,
    row::{Attributes, ManifestRow, TagRow, WireManifest, WireTag},
    tags::next_page,
};
use crate::{
    http::Reply,
    reference::{Digest, Registry},
};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use std::ops::ControlFlow;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// The most rows of one page that official clients ask for (ACR wire facts, 19).
const PAGE: usize = 100;
/// The most pages of one list: five million rows.
const MOST_PAGES: usize = 50_000;

/// A repository as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Whether nothing can be deleted there.
    pub is_locked: bool,
    /// How many manifests it holds, those that lists do not show among them; none where the registry does not say.
    pub manifests: Option<u64>,
    /// The registry's clock, in seconds since 1970, where it says.
    pub clock: Option<i64>,
}

/// The order of a list of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The registry's own.
    Any,
    /// The last written first.
    Newest,
}

impl Client {
    /// Returns what an ACR says of a repository as a whole, or nothing where there is none.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn repository_facts(
        &self,
        registry: &Registry,
        repository: &str,
    ) -> Result<Option<RepositoryFacts>, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            manifest_count: Option<u64>,
            #[serde(default)]
            changeable_attributes: Attributes,
        }
        let path = format!("/acr/v1/{repository}");
        let Some(reply) = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await? else {
            return Ok(None);
        };
        let wire: Wire = read(registry, "a repository", &reply)?;
        let clock = reply.header("date").map(|text| text.replace("GMT", "+0000"));
        let clock = clock.and_then(|text| OffsetDateTime::parse(&text, &Rfc2822).ok());
        Ok(Some(RepositoryFacts {
            is_locked: wire.changeable_attributes.is_locked(),
            manifests: wire.manifest_count,
            clock: clock.map(OffsetDateTime::unix_timestamp),
        }))
    }

    /// Hands over every tag of a repository; none where there is no such repository.
    ///
    /// # Errors
    /// As [`Client::head`]; a list that does not end. Rows that were handed over until then are not all there are.
    pub async fn each_tag(
        &self,
        registry: &Registry,
        repository: &str,
        mut take: impl FnMut(TagRow),
    ) -> Result<(), RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<WireTag>>,
        }
        let path = format!("/acr/v1/{repository}/_tags?n={PAGE}");
        self.each_page(registry, repository, path, "a list of tags", |page: Page| {
            page.tags.into_iter().flatten().for_each(|tag| take(tag.into()));
            ControlFlow::Continue(())
        })
        .await
    }

    /// Hands over the manifests of a repository until `take` has enough; none where there is no such repository.
    ///
    /// # Errors
    /// As [`Client::each_tag`].
    pub async fn each_manifest(
        &self,
        registry: &Registry,
        repository: &str,
        order: Order,
        mut take: impl FnMut(ManifestRow) -> ControlFlow<()>,
    ) -> Result<(), RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            manifests: Option<Vec<WireManifest>>,
        }
        let order = match order {
            Order::Any => "",
            Order::Newest => "&orderby=timedesc",
        };
        let path = format!("/acr/v1/{repository}/_manifests?n={PAGE}{order}");
        self.each_page(registry, repository, path, "a list of manifests", |page: Page| {
            page.manifests.into_iter().flatten().try_for_each(|manifest| take(manifest.into()))
        })
        .await
    }

    async fn each_page<T: DeserializeOwned>(
        &self,
        registry: &Registry,
        repository: &str,
        mut path: String,
        what: &'static str,
        mut take: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), RegistryError> {
        for page in 0..MOST_PAGES {
            let Some(reply) = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await? else {
                return if page == 0 { Ok(()) } else { Err(RegistryError::cut_off(registry, what)) };
            };
            let next = reply.header("link").and_then(next_page);
            if take(read(registry, what, &reply)?).is_break() {
                return Ok(());
            }
            match next {
                None => return Ok(()),
                Some(next) if next != path => path = next,
                Some(_) => {
                    let why = "its next page is the same page".to_owned();
                    return Err(RegistryError::unreadable(registry, what, &reply, why));
                }
            }
        }
        let why = Why::Status(200, format!("{what} that does not end"));
        Err(RegistryError::new(registry, why))
    }

    /// Returns what an ACR says of one tag, or nothing where there is none.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn tag_row(
        &self,
        registry: &Registry,
        repository: &str,
        tag: &str,
    ) -> Result<Option<TagRow>, RegistryError> {
        #[derive(Deserialize)]
        struct Answer {
            tag: WireTag,
        }
        let path = format!("/acr/v1/{repository}/_tags/{tag}");
        let reply = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await?;
        let answer = reply.map(|reply| read::<Answer>(registry, "a tag", &reply)).transpose()?;
        Ok(answer.map(|answer| answer.tag.into()))
    }

    /// Returns what an ACR says of one manifest, or nothing where there is none.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn manifest_row(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
    ) -> Result<Option<ManifestRow>, RegistryError> {
        #[derive(Deserialize)]
        struct Answer {
            manifest: WireManifest,
        }
        let path = format!("/acr/v1/{repository}/_manifests/{digest}");
        let reply = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await?;
        let answer = reply.map(|reply| read::<Answer>(registry, "a manifest", &reply)).transpose()?;
        Ok(answer.map(|answer| answer.manifest.into()))
    }
}

fn read<T: DeserializeOwned>(registry: &Registry, what: &'static str, reply: &Reply) -> Result<T, RegistryError> {
    serde_json::from_slice(&reply.body)
        .map_err(|error| RegistryError::unreadable(registry, what, reply, error.to_string()))
}
