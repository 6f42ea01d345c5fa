//! Companions: signatures, attestations and other artifacts that refer to an image and travel along with it.

use super::{Action, Note, Step, Surveyor};
use crate::{
    reference::{Digest, Reference, Registry},
    registry::{Client, Manifest, RegistryError, referrers_tag},
};
use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

/// One artifact that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The image that it is about, or the child of it.
    pub subject: Digest,
    /// Its manifest.
    pub digest: Digest,
    /// Its tag, where it is found by one.
    pub tag: Option<String>,
    /// What it is: the artifact's type, else its tag.
    pub kind: String,
}

impl Companion {
    /// Returns whether this is the tag that stands in for a list of what names the subject.
    pub fn is_list(&self) -> bool {
        self.tag.as_deref() == Some(&referrers_tag(self.subject))
    }
}

impl fmt::Display for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, self.digest.short())
    }
}

/// The endings of cosign's tags (sigstore/cosign, "Signature Specification").
const COSIGN: [&str; 3] = [".sig", ".att", ".sbom"];

/// Finds what refers to an image or to one of its children. Of an index that is cut nothing refers to the whole: there
/// is no such image at the destination.
///
/// # Errors
/// When the source cannot be asked.
pub(super) async fn find(
    registries: &Client,
    source: &Reference,
    digest: Digest,
    cut: Option<&Manifest>,
) -> Result<Vec<Companion>, RegistryError> {
    let (host, repository) = (source.host(), source.repository());
    let mut subjects = if cut.is_some() { Vec::new() } else { vec![digest] };
    let image = match cut {
        Some(index) => Some(index.clone()),
        None => registries.known_manifest(&host, repository, digest).await?,
    };
    if let Some(image) = image {
        // Attestations inside the index are parts of the image already.
        let is_image = |child: &crate::registry::Descriptor| child.platform.as_ref().is_none_or(|it| !it.is_unknown());
        subjects.extend(image.children.iter().filter(|child| is_image(child)).map(|child| child.digest));
    }
    let mut companions: Vec<Companion> = Vec::new();
    for subject in subjects.into_iter().take(super::MOST_MANIFESTS) {
        let referrers = registries.referrers(&host, repository, subject).await?;
        let found = referrers.found.into_iter().map(|(digest, kind)| Companion { subject, digest, tag: None, kind });
        companions.extend(found);
        let named = referrers.tag.map(|(tag, digest)| Companion { subject, digest, kind: tag.clone(), tag: Some(tag) });
        companions.extend(named);
        for ending in COSIGN {
            let tag = format!("{}{ending}", referrers_tag(subject));
            if let Some(head) = registries.head(&host, repository, &tag).await? {
                companions.push(Companion { subject, digest: head.digest, kind: tag.clone(), tag: Some(tag) });
            }
        }
    }
    Ok(companions)
}

/// What the target has of the companions of an image.
pub(super) struct Met {
    /// Those that it lacks, or does not list.
    pub(super) missing: Vec<Companion>,
    /// A note for each tag that holds something else.
    pub(super) notes: Vec<Note>,
}

/// Asks the target which companions it lacks. A tag that holds something else stays what it is: others sign as well.
///
/// Of an image that is there already, what has no tag is asked for too; that of a new one just comes.
///
/// # Errors
/// When the target cannot be asked.
pub(super) async fn meet(
    surveyor: &Surveyor,
    target: &Registry,
    step: &Step,
    companions: &[Companion],
) -> Result<Met, RegistryError> {
    let repository = step.destination.repository();
    let is_there = step.action == Action::Keep;
    let mut met = Met { missing: Vec::new(), notes: Vec::new() };
    let mut lists: HashMap<Digest, Vec<Digest>> = HashMap::new();
    for companion in companions {
        let is_missing = match &companion.tag {
            Some(tag) => match surveyor.tag(target, repository, tag).await? {
                // A list that is not there is no reason to bring an image again.
                None => !(is_there && companion.is_list()),
                Some(held) => {
                    // A list is made of what is there.
                    if held.digest != companion.digest && !companion.is_list() {
                        met.notes.push(Note::CompanionStays { tag: tag.clone(), holds: held.digest });
                    }
                    false
                }
            },
            None if !is_there => true,
            None => {
                let listed = match lists.entry(companion.subject) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        let referrers = surveyor.registries.referrers(target, repository, companion.subject).await?;
                        entry.insert(referrers.found.into_iter().map(|(digest, _)| digest).collect())
                    }
                };
                let name = companion.digest.to_string();
                !listed.contains(&companion.digest)
                    || surveyor.registries.head(target, repository, &name).await?.is_none()
            }
        };
        if is_missing {
            met.missing.push(companion.clone());
        }
    }
    Ok(met)
}
