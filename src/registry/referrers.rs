//! Referrers: what names an image as its subject (OCI distribution specification, "Listing Referrers").

use super::{Client, DOCUMENT_LIMIT, Manifest, Manner, RegistryError, Why, access::Access, base};
use crate::reference::{Digest, Registry};
use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

/// The media type of a list.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The answers for one subject that are read at most, page by page.
const MOST_PAGES: usize = 100;

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

/// Returns the index that stands in for a registry's list, with new entries behind those that are there; nothing where
/// all of them are there (OCI distribution specification, "Unavailable Referrers API").
///
/// # Errors
/// What is wrong with what is there, a fragment.
fn listed(there: Option<&Manifest>, new: &[(Digest, Manifest)]) -> Result<Option<Bytes>, String> {
    let has = |digest: &Digest| there.is_some_and(|it| it.children.iter().any(|child| child.digest == *digest));
    let new: Vec<_> = new.iter().filter(|(digest, _)| !has(digest)).map(|(digest, it)| entry(*digest, it)).collect();
    if new.is_empty() {
        return Ok(None);
    }
    let mut index: Map<String, Value> = match there {
        Some(there) if there.is_index() => serde_json::from_slice(&there.bytes).map_err(|error| error.to_string())?,
        Some(_) => return Err("it is no index".to_owned()),
        None => Map::from_iter([
            ("schemaVersion".to_owned(), json!(2)),
            ("mediaType".to_owned(), json!(INDEX)),
            ("manifests".to_owned(), json!([])),
        ]),
    };
    match index.get_mut("manifests") {
        Some(Value::Array(entries)) => entries.extend(new),
        _ => return Err("it has no entries".to_owned()),
    }
    Ok(Some(Bytes::from(serde_json::to_vec(&index).map_err(|error| error.to_string())?)))
}

/// Describes a manifest as a list of referrers does ("Pushing Manifests with Subject").
fn entry(digest: Digest, manifest: &Manifest) -> Value {
    let written: Map<String, Value> = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
    let mut entry = json!({
        "mediaType": manifest.media_type, "digest": digest.to_string(), "size": manifest.bytes.len(),
    });
    let config = manifest.config.as_ref().map(|config| json!(config.media_type));
    if let Some(kind) = written.get("artifactType").filter(|it| it.as_str() != Some("")).cloned().or(config) {
        entry["artifactType"] = kind;
    }
    if let Some(annotations) = written.get("annotations") {
        entry["annotations"] = annotations.clone();
    }
    entry
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

    /// Puts new entries into the tag that stands in for a list, at a registry without lists.
    ///
    /// # Errors
    /// As [`Client::head`]; [`Why::Unreadable`] where something else stands under the tag.
    pub async fn list_by_tag(
        &self,
        registry: &Registry,
        repository: &str,
        subject: Digest,
        new: &[(Digest, Manifest)],
    ) -> Result<(), RegistryError> {
        let tag = referrers_tag(subject);
        let there = self.fetch(registry, repository, &tag).await?;
        let there = there.map(|(manifest, _)| manifest);
        let index = listed(there.as_ref(), new).map_err(|why| {
            let content_type = there.map(|there| there.media_type).unwrap_or_default();
            RegistryError::new(registry, Why::Unreadable { expected: "a list of referrers", content_type, why })
        })?;
        match index {
            Some(bytes) => self.put_manifest(registry, repository, &tag, INDEX, &bytes).await.map(drop),
            None => Ok(()),
        }
    }

    /// Returns the registry's list of what refers to an image, or `None` where the registry has no such lists.
    ///
    /// # Errors
    /// As [`Client::head`]; a list that does not end in a hundred pages: who leans on a part of it would take the rest for
    /// nothing.
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
                None => return Ok(Some(found)),
            }
        }
        Err(RegistryError::new(registry, Why::Status(200, "a list of referrers that does not end".to_owned())))
    }
}

fn entries(index: Manifest) -> Vec<(Digest, String)> {
    index.children.into_iter().map(|child| (child.digest, child.artifact_type.unwrap_or(child.media_type))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> (Digest, Manifest) {
        let bytes = Bytes::from(text.to_owned());
        (Digest::of(&bytes), Manifest::read(&bytes, Some("m")).unwrap())
    }

    #[test]
    fn a_list_is_made_and_extended_and_keeps_what_others_wrote() {
        let signature = manifest(r#"{"artifactType":"sig","annotations":{"by":"us"},"layers":[]}"#);
        let old =
            manifest(&format!(r#"{{"config":{{"mediaType":"c","digest":"{}"}},"layers":[]}}"#, Digest::of(b"config")));
        let first = listed(None, std::slice::from_ref(&old)).unwrap().unwrap();
        let first = Manifest::read(&first, None).unwrap();
        assert_eq!(entries(first.clone()), [(old.0, "c".to_owned())]);
        let both = listed(Some(&first), &[old.clone(), signature.clone()]).unwrap().unwrap();
        assert!(std::str::from_utf8(&both).unwrap().contains(r#""annotations":{"by":"us"}"#));
        let both = Manifest::read(&both, None).unwrap();
        assert_eq!(entries(both.clone()), [(old.0, "c".to_owned()), (signature.0, "sig".to_owned())]);
        assert_eq!(both.children[1].size, signature.1.bytes.len() as u64);
        assert_eq!(listed(Some(&both), &[signature.clone(), old]), Ok(None));
        assert!(listed(Some(&signature.1), &[manifest(r#"{"layers":[]}"#)]).is_err());
    }
}
