//! Repositories: tags, manifests and blobs, with their times and locks.

use super::manifest::Links;
use crate::reference::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// One repository of a registry. The bytes of what it names are in the world's content.
#[derive(Serialize, Deserialize)]
pub(super) struct Repository {
    pub(super) created: String,
    pub(super) updated: String,
    pub(super) locks: Locks,
    pub(super) tags: BTreeMap<String, Tag>,
    pub(super) manifests: BTreeMap<Digest, Manifest>,
    pub(super) blobs: BTreeSet<Digest>,
}

impl Repository {
    pub(super) fn new() -> Self {
        let now = timestamp();
        Self {
            created: now.clone(),
            updated: now,
            locks: Locks::default(),
            tags: BTreeMap::new(),
            manifests: BTreeMap::new(),
            blobs: BTreeSet::new(),
        }
    }

    /// Points a tag at a digest. A tag that existed keeps its age and its lock flags (section 5.4).
    pub(super) fn set_tag(&mut self, name: &str, digest: Digest) {
        let now = timestamp();
        self.updated.clone_from(&now);
        match self.tags.get_mut(name) {
            Some(tag) => (tag.digest, tag.updated) = (digest, now),
            None => {
                let tag = Tag { digest, created: now.clone(), updated: now, locks: Locks::default() };
                self.tags.insert(name.to_owned(), tag);
            }
        }
    }

    pub(super) fn add_manifest(&mut self, digest: Digest, manifest: Manifest) {
        self.updated = timestamp();
        self.manifests.entry(digest).or_insert(manifest);
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) digest: Digest,
    pub(super) created: String,
    pub(super) updated: String,
    pub(super) locks: Locks,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) media_type: String,
    pub(super) created: String,
    pub(super) updated: String,
    pub(super) locks: Locks,
    /// What it refers to: a repository that holds very many is asked for the referrers of one.
    #[serde(default)]
    pub(super) subject: Option<Digest>,
}

impl Manifest {
    pub(super) fn new(media_type: &str, bytes: &[u8]) -> Self {
        let now = timestamp();
        let subject = Links::read(bytes).and_then(|links| Some(links.subject?.digest));
        let media_type = media_type.to_owned();
        Self { media_type, created: now.clone(), updated: now, locks: Locks::default(), subject }
    }
}

/// The `changeableAttributes` of a repository, a tag or a manifest (section 9, "Locks").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Locks {
    pub(super) delete_enabled: bool,
    pub(super) write_enabled: bool,
    pub(super) read_enabled: bool,
    pub(super) list_enabled: bool,
}

impl Default for Locks {
    fn default() -> Self {
        Self { delete_enabled: true, write_enabled: true, read_enabled: true, list_enabled: true }
    }
}

impl Locks {
    /// A closed `writeEnabled` stops deletion too (section 9).
    pub(super) fn may_delete(self) -> bool {
        self.delete_enabled && self.write_enabled
    }
}

/// Returns the present time as the registry writes it.
pub(super) fn timestamp() -> String {
    written(OffsetDateTime::now_utc())
}

/// Returns a time as the registry writes it, with seven decimals (section 7.2).
pub(super) fn written(now: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        now.nanosecond() / 100
    )
}
