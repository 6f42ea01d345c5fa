//! Inventory: everything an ACR's repository holds, page by page, with times, sizes and locks (ACR wire facts, 7.2). What
//! is to become of it is for others to know.

use super::{Client, DOCUMENT_LIMIT, RegistryError, tags::next_page};
use crate::{
    http::Reply,
    reference::{Digest, Registry},
};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use std::ops::ControlFlow;
use time::{OffsetDateTime, format_description::well_known};

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

/// A tag, as an ACR lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub digest: Digest,
    /// When it began to, in seconds since 1970.
    pub updated: Option<i64>,
    /// Whether it cannot be deleted.
    pub is_locked: bool,
}

/// A manifest, as an ACR lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRow {
    /// Its digest.
    pub digest: Digest,
    /// When it was written, in seconds since 1970.
    pub updated: Option<i64>,
    /// The size that the registry states, in bytes.
    pub bytes: u64,
    /// Its media type; empty where the registry does not say.
    pub media_type: String,
    /// The media type of its configuration; empty where there is none, or the registry does not say.
    pub config_media_type: String,
    /// The tags that stand for it.
    pub tags: Vec<String>,
    /// Whether it cannot be deleted.
    pub is_locked: bool,
}

/// The order of a list of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The registry's own.
    Any,
    /// The last written first.
    Newest,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Attributes {
    write_enabled: Option<bool>,
    delete_enabled: Option<bool>,
}

impl Attributes {
    /// What cannot be written cannot be deleted either (ACR wire facts, 9).
    fn is_locked(&self) -> bool {
        self.write_enabled == Some(false) || self.delete_enabled == Some(false)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTag {
    name: String,
    digest: Digest,
    last_update_time: Option<String>,
    #[serde(default)]
    changeable_attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest {
    digest: Digest,
    last_update_time: Option<String>,
    image_size: Option<u64>,
    media_type: Option<String>,
    config_media_type: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(default)]
    changeable_attributes: Attributes,
}

impl From<WireTag> for TagRow {
    fn from(wire: WireTag) -> Self {
        let is_locked = wire.changeable_attributes.is_locked();
        Self { name: wire.name, digest: wire.digest, updated: moment(wire.last_update_time.as_deref()), is_locked }
    }
}

impl From<WireManifest> for ManifestRow {
    fn from(wire: WireManifest) -> Self {
        Self {
            digest: wire.digest,
            updated: moment(wire.last_update_time.as_deref()),
            bytes: wire.image_size.unwrap_or_default(),
            media_type: wire.media_type.unwrap_or_default(),
            config_media_type: wire.config_media_type.unwrap_or_default(),
            tags: wire.tags.unwrap_or_default(),
            is_locked: wire.changeable_attributes.is_locked(),
        }
    }
}

fn moment(text: Option<&str>) -> Option<i64> {
    let time = OffsetDateTime::parse(text?, &well_known::Rfc3339).ok()?;
    Some(time.unix_timestamp())
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
        let clock = clock.and_then(|text| OffsetDateTime::parse(&text, &well_known::Rfc2822).ok());
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
        for _ in 0..MOST_PAGES {
            let Some(reply) = self.ask(Method::GET, registry, repository, &path, DOCUMENT_LIMIT).await? else {
                return Ok(());
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
        let why = super::Why::Status(200, format!("{what} that does not end"));
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
