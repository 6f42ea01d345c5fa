//! Companions: signatures, attestations and other artifacts that refer to an image and travel along with it.

use crate::{
    reference::{Digest, Reference, Registry},
    registry::{Client, Manifest, RegistryError, referrers_tag},
};
use std::{collections::HashMap, fmt};

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

/// Returns the companions that the target lacks, or does not list.
///
/// # Errors
/// When the target cannot be asked.
pub(super) async fn missing<'a>(
    registries: &Client,
    target: &Registry,
    repository: &str,
    companions: &'a [Companion],
) -> Result<Vec<&'a Companion>, RegistryError> {
    let mut missing = Vec::new();
    let mut lists: HashMap<Digest, Vec<Digest>> = HashMap::new();
    for companion in companions.iter().filter(|companion| !companion.is_list()) {
        if companion.tag.is_none() {
            let listed = match lists.entry(companion.subject) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    let referrers = registries.referrers(target, repository, companion.subject).await?;
                    entry.insert(referrers.found.into_iter().map(|(digest, _)| digest).collect())
                }
            };
            if !listed.contains(&companion.digest) {
                missing.push(companion);
                continue;
            }
        }
        let name = companion.tag.clone().unwrap_or_else(|| companion.digest.to_string());
        let there = registries.head(target, repository, &name).await?;
        if there.is_none_or(|there| there.digest != companion.digest) {
            missing.push(companion);
        }
    }
    Ok(missing)
}
