//! Cut: an index with the children of some platforms only.
//!
//! The same index and the same platforms make the same bytes, always: the digest of what is copied is known beforehand.

use super::{Manifest, is_index};
use crate::reference::{Digest, Platform};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// An attestation inside an index names the image that it is about by this annotation (BuildKit, "Image attestation
/// storage").
const SUBJECT: &str = "vnd.docker.reference.digest";

/// What is left of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// All of it.
    Whole,
    /// A new index.
    Part {
        /// The new index.
        index: Box<Manifest>,
        /// Its digest.
        digest: Digest,
        /// The platforms that it does not have any more.
        left_out: Vec<Platform>,
    },
    /// Nothing, because it lacks platforms.
    Lacks(Vec<Platform>),
}

impl Manifest {
    /// Returns whether this is an index.
    pub fn is_index(&self) -> bool {
        is_index(&self.media_type) || (self.config.is_none() && !self.children.is_empty())
    }

    /// Returns the platforms of an index's children, sorted; attestations have none.
    pub fn platforms(&self) -> Vec<Platform> {
        let named = self.children.iter().filter_map(|child| child.platform.clone());
        let mut platforms: Vec<_> = named.filter(|platform| !platform.is_unknown()).collect();
        platforms.sort();
        platforms.dedup();
        platforms
    }

    /// Cuts an index down to some platforms and the attestations of those.
    ///
    /// All else stays as it is written, but for the order of the keys and the spaces between them.
    ///
    /// # Errors
    /// What is wrong with the index, a fragment.
    pub fn cut(&self, wanted: &[Platform]) -> Result<Cut, String> {
        let has = self.platforms();
        let lacks: Vec<_> = wanted.iter().filter(|it| !has.iter().any(|has| it.admits(has))).cloned().collect();
        if !lacks.is_empty() {
            return Ok(Cut::Lacks(lacks));
        }
        let is_wanted = |platform: &Platform| !platform.is_unknown() && wanted.iter().any(|it| it.admits(platform));
        let kept: HashSet<Digest> = self
            .children
            .iter()
            .filter(|child| child.platform.as_ref().is_some_and(is_wanted))
            .map(|child| child.digest)
            .collect();
        // A map sorts its keys, which makes the bytes the same whoever wrote the index.
        let mut index: Map<String, Value> = serde_json::from_slice(&self.bytes).map_err(|error| error.to_string())?;
        let Some(Value::Array(children)) = index.get_mut("manifests") else {
            return Err("it names no manifests".to_owned());
        };
        let before = children.len();
        children.retain(|child| {
            let digest = |text: Option<&Value>| text.and_then(Value::as_str).and_then(|text| text.parse().ok());
            let subject: Option<Digest> = digest(child.get("annotations").and_then(|it| it.get(SUBJECT)));
            let own: Option<Digest> = digest(child.get("digest"));
            subject.or(own).is_some_and(|digest| kept.contains(&digest))
        });
        if children.len() == before {
            return Ok(Cut::Whole);
        }
        let bytes = Bytes::from(serde_json::to_vec(&index).map_err(|error| error.to_string())?);
        let digest = Digest::of(&bytes);
        let left_out = has.into_iter().filter(|platform| !is_wanted(platform)).collect();
        Ok(Cut::Part { index: Self::read(&bytes, Some(&self.media_type))?.into(), digest, left_out })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> Manifest {
        Manifest::read(&Bytes::from(text.to_owned()), Some("application/vnd.oci.image.index.v1+json")).unwrap()
    }

    fn platforms(texts: &[&str]) -> Vec<Platform> {
        texts.iter().map(|text| Platform::parse(text).unwrap()).collect()
    }

    fn child(content: &str, platform: &str, more: &str) -> String {
        let (os, architecture) = platform.split_once('/').unwrap();
        let digest = Digest::of(content.as_bytes());
        format!(
            r#"{{ "size": 7, "digest": "{digest}", "mediaType": "m", {more}"platform": {{ "os": "{os}", "architecture": "{architecture}" }} }}"#
        )
    }

    fn sample() -> Manifest {
        let about =
            |content: &str| format!(r#""annotations": {{ "{SUBJECT}": "{}" }}, "#, Digest::of(content.as_bytes()));
        let children = [
            child("a", "linux/amd64", ""),
            child("b", "linux/arm64", ""),
            child("w", "windows/amd64", ""),
            child("attestation of a", "unknown/unknown", &about("a")),
            child("attestation of b", "unknown/unknown", &about("b")),
        ];
        index(&format!(
            r#"{{ "schemaVersion": 2, "manifests": [ {} ], "annotations": {{ "z": "1", "a": "2" }} }}"#,
            children.join(",\n")
        ))
    }

    #[test]
    fn a_cut_index_has_the_platforms_that_are_wanted_and_their_attestations() {
        let Cut::Part { index, digest, left_out } = sample().cut(&platforms(&["linux/amd64"])).unwrap() else {
            panic!("there is less to copy")
        };
        let names = |contents: &[&str]| contents.iter().map(|it| Digest::of(it.as_bytes())).collect::<Vec<_>>();
        let children: Vec<_> = index.children.iter().map(|child| child.digest).collect();
        assert_eq!(children, names(&["a", "attestation of a"]));
        assert_eq!(left_out, platforms(&["linux/arm64", "windows/amd64"]));
        assert_eq!(digest, Digest::of(&index.bytes));
        assert_eq!(index.media_type, "application/vnd.oci.image.index.v1+json");
        // Another digest would move every tag that such a line has made.
        assert_eq!(digest.short().to_string(), "ab4ed12c467f");
        let text = std::str::from_utf8(&index.bytes).unwrap();
        assert!(text.starts_with(r#"{"annotations":{"a":"2","z":"1"},"manifests":[{"digest":"sha256:"#), "{text}");
    }

    #[test]
    fn nothing_is_cut_where_all_is_wanted_and_nothing_is_made_up() {
        assert_eq!(sample().cut(&platforms(&["linux/amd64", "linux/arm64", "windows/amd64"])), Ok(Cut::Whole));
        let lacks = platforms(&["linux/arm/v7"]);
        assert_eq!(sample().cut(&platforms(&["linux/amd64", "linux/arm/v7"])), Ok(Cut::Lacks(lacks)));
    }
}
