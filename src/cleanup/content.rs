//! Content: what a repository holds, as values: tags, manifests, and what leads from one manifest to another.
//!
//! A manifest takes 56 bytes, a tag 64 with its name beside them, and a link 12: any manifest can be a child of any index,
//! so that the decision needs all of one repository at a time.

use crate::reference::Digest;
use std::num::NonZeroI64;

/// When something was written, in seconds since 1970; none where the registry does not say.
pub type Time = Option<NonZeroI64>;

/// What one repository holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its manifests, sorted by digest.
    pub manifests: Vec<Manifest>,
    /// What leads from one manifest to another, as far as it is known; sorted.
    pub links: Vec<Link>,
    /// Whether the registry does not tell who refers to a manifest.
    pub is_silent: bool,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: Box<str>,
    /// What it stands for.
    pub digest: Digest,
    /// When it began to stand for it.
    pub updated: Time,
    /// Whether it cannot be deleted.
    pub is_locked: bool,
}

/// A manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest.
    pub digest: Digest,
    /// When it was written.
    pub updated: Time,
    /// Its size as the registry states it, in bytes.
    pub bytes: u64,
    /// How many tags the registry names for it, those that its lists hide among them.
    pub tags: u32,
    /// What it can lead to.
    pub kind: Kind,
    /// Whether it cannot be deleted.
    pub is_locked: bool,
    /// Whether it refers to something that the repository does not hold, or is referred to by something that its lists do
    /// not show: nobody can say whose it is.
    pub is_stray: bool,
    /// What is known of what it has to do with others.
    pub known: Known,
}

/// How much is known of what a manifest has to do with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// That it is there.
    Listed,
    /// What it names besides: it was read, or can name nothing.
    Read,
    /// Who refers to it besides.
    Referrers,
}

/// What a manifest can lead to, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An index: it has children, and can have a subject.
    Index,
    /// An image in OCI's form: it can have a subject, and hardly ever has.
    Image,
    /// Another artifact in OCI's form: it can have a subject.
    Artifact,
    /// Docker's forms for one image: it leads nowhere.
    Plain,
    /// The registry does not say: it stays, with all that it leads to.
    Unknown,
}

/// What leads from one manifest to another, by their places among the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The index, or what refers.
    pub from: u32,
    /// The child, or what is referred to.
    pub to: u32,
    /// Which of the two.
    pub relation: Relation,
}

/// How one manifest needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// An index has a child: it is broken without it.
    Child,
    /// A referrer has a subject: the registry deletes it with its subject.
    Subject,
}

impl Content {
    /// Returns the place of a manifest.
    pub fn place(&self, digest: Digest) -> Option<u32> {
        let found = self.manifests.binary_search_by(|it| it.digest.cmp(&digest)).ok()?;
        u32::try_from(found).ok()
    }

    /// Puts the links in order, each once.
    pub(super) fn tidy(&mut self) {
        self.links.sort_unstable();
        self.links.dedup();
    }

    /// Returns the manifest at a place.
    pub fn at(&self, place: u32) -> &Manifest {
        &self.manifests[place as usize]
    }
}

/// Returns whose companion a tag is: `sha256-…`, the list of referrers of a registry without such lists (OCI distribution
/// specification, "Unavailable Referrers API"), and `sha256-….sig`, `.att`, `.sbom`, as cosign names what belongs to an
/// image.
pub fn subject_of(tag: &str) -> Option<Digest> {
    let rest = tag.strip_prefix("sha256-")?;
    let (hash, suffix) = rest.split_at_checked(64)?;
    let is_companion = suffix.is_empty() || suffix.starts_with(['.', '-']);
    is_companion.then(|| format!("sha256:{hash}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companions_tag_names_its_image() {
        let digest = Digest::of(b"image");
        let name = digest.to_string().replace(':', "-");
        for suffix in ["", ".sig", ".att", ".sbom", ".cosign"] {
            assert_eq!(subject_of(&format!("{name}{suffix}")), Some(digest), "{suffix}");
        }
        for tag in ["latest", "sha256-", "sha256-abc.sig", &name[..70], &format!("{name}0"), &name.to_uppercase()] {
            assert_eq!(subject_of(tag), None, "{tag}");
        }
    }

    #[test]
    fn a_manifest_takes_little_memory() {
        assert_eq!((size_of::<Manifest>(), size_of::<Tag>(), size_of::<Link>()), (56, 64, 12));
    }
}
