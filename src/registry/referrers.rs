//! Referrers: what names an image as its subject (OCI distribution specification, "Listing Referrers").

use super::{Client, DOCUMENT_LIMIT, Manifest, Manner, RegistryError, access::Access, base};
use crate::reference::{Digest, Registry};
use reqwest::StatusCode;

/// The answers for one subject that are read at most, page by page.
const MOST_PAGES: usize = 10;

/// What refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrers {
    /// The manifests that name the image as their subject, with the type of each.
    pub found: Vec<(Digest, String)>,
    /// The tag that stands in for the list where a registry has no such list (`sha256-…`), with what it stands for.
    pub tag: Option<(String, Digest)>,
}

/// Returns the tag under which a registry without the list keeps one ("Unavailable Referrers API").
pub fn referrers_tag(subject: Digest) -> String {
    subject.to_string().replace(':', "-")
}

impl Client {
    /// Returns what refers to an image: from the registry's list, else from the tag that stands in for it.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn referrers(
        &self,
        registry: &Registry,
        repository: &str,
        subject: Digest,
    ) -> Result<Referrers, RegistryError> {
        if let Some(found) = self.referrers_list(registry, repository, subject).await? {
            return Ok(Referrers { found, tag: None });
        }
        let tag = referrers_tag(subject);
        Ok(match self.fetch(registry, repository, &tag).await? {
            Some((index, digest)) => Referrers { found: entries(index), tag: Some((tag, digest)) },
            None => Referrers { found: Vec::new(), tag: None },
        })
    }

    /// Returns the registry's list of what refers to an image, or `None` where the registry has no such lists.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn referrers_list(
        &self,
        registry: &Registry,
        repository: &str,
        subject: Digest,
    ) -> Result<Option<Vec<(Digest, String)>>, RegistryError> {
        let mut path = format!("/v2/{repository}/referrers/{subject}");
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let url = format!("{}{path}", base(registry));
            let make = |client: &reqwest::Client| client.get(&url);
            let reply =
                self.signed(registry, Access::pull(repository), make, Manner::Follow, DOCUMENT_LIMIT).await?.reply;
            match reply.status {
                StatusCode::OK => {}
                // Older registries know no such address, and some refuse what they do not know.
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST => return Ok(None),
                _ => return Err(self.refused(registry, &reply)),
            }
            // A page of a website in its place is no list either.
            let Ok(index) = Manifest::read(&reply.body, reply.header("content-type")) else { return Ok(None) };
            found.extend(entries(index));
            match reply.header("link").and_then(super::tags::next_page) {
                Some(next) => path = next,
                None => break,
            }
        }
        Ok(Some(found))
    }
}

fn entries(index: Manifest) -> Vec<(Digest, String)> {
    index.children.into_iter().map(|child| (child.digest, child.artifact_type.unwrap_or(child.media_type))).collect()
}
