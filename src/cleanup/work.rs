//! Work: one tag or manifest that is taken away, as it was planned. How it is done is in `doing`.

use crate::{
    plan::Mark,
    reference::{Digest, Registry},
};

/// What is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// A tag; what it stands for stays.
    Untag(Untag),
    /// A manifest, with what belongs to it.
    Delete(Box<Delete>),
}

/// A tag that is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untag {
    /// Where it is.
    pub registry: Registry,
    /// Its repository.
    pub repository: String,
    /// Its name.
    pub tag: String,
    /// What it stood for when the plan was made.
    pub digest: Digest,
    /// Since when, in seconds since 1970.
    pub updated: Option<i64>,
}

/// A manifest that is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// Where it is.
    pub registry: Registry,
    /// Its repository.
    pub repository: String,
    /// Its digest.
    pub digest: Digest,
    /// Its place in the order of deletions.
    pub level: u8,
    /// The tags that go with it, because they belong to an image that goes.
    pub with: Vec<String>,
    /// What must be gone before: the indexes that name it, and what it refers to.
    pub after: Vec<Digest>,
    /// What refers to it and goes with it: the registry deletes that at the same time.
    pub referrers: Vec<Digest>,
    /// When the newest manifest of the repository was written, as the plan found it: what is newer is looked into.
    pub newest: i64,
}

impl Work {
    /// Returns what tells this removal from every other.
    pub fn mark(&self) -> Mark {
        match self {
            Self::Untag(Untag { registry, repository, tag, digest, .. }) => {
                Mark::of(&format!("clean-up: untag {registry}/{repository}:{tag}@{digest}"))
            }
            Self::Delete(delete) => {
                let Delete { registry, repository, digest, .. } = &**delete;
                Mark::of(&format!("clean-up: delete {registry}/{repository}@{digest}"))
            }
        }
    }

    /// Returns what is done, in a word: before, and after it is done.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Untag(_) => ("untag", "untagged"),
            Self::Delete(_) => ("delete", "deleted"),
        }
    }

    /// Returns the place in the order of things, 0 to 19: tags, then manifests.
    pub fn place(&self) -> u8 {
        match self {
            Self::Untag(_) => 0,
            Self::Delete(delete) => 10 + delete.level,
        }
    }
}
