//! Companions: signatures, attestations and other artifacts that refer to an image and travel along with it.

use crate::{
    reference::{Digest, Reference, Registry},
    registry::{Client, RegistryError, referrers_tag},
};
use std::fmt;

/// Whether what refers to an image travels along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referrers {
    /// Only the image itself is imported.
    Leave,
    /// Signatures, attestations and other artifacts are imported too.
    Take,
}

/// One artifact that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// Its manifest.
    pub digest: Digest,
    /// Its tag, where it is found by one.
    pub tag: Option<String>,
    /// What it is: the artifact's type, else its tag.
    pub kind: String,
}

impl fmt::Display for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, self.digest.short())
    }
}

/// The endings of cosign's tags (sigstore/cosign, "Signature Specification").
const COSIGN: [&str; 3] = [".sig", ".att", ".sbom"];

/// Finds what refers to an image or to one of its children.
///
/// # Errors
/// When the source cannot be asked.
pub(super) async fn find(
    registries: &Client,
    source: &Reference,
    digest: Digest,
) -> Result<Vec<Companion>, RegistryError> {
    let (host, repository) = (source.host(), source.repository());
    let mut subjects = vec![digest];
    if let Some(image) = registries.known_manifest(&host, repository, digest).await? {
        // Attestations inside the index are parts of the image already.
        let is_image = |child: &crate::registry::Descriptor| child.platform.as_ref().is_none_or(|it| !it.is_unknown());
        subjects.extend(image.children.iter().filter(|child| is_image(child)).map(|child| child.digest));
    }
    let mut companions: Vec<Companion> = Vec::new();
    for subject in subjects.into_iter().take(super::MOST_MANIFESTS) {
        let referrers = registries.referrers(&host, repository, subject).await?;
        let found = referrers.found.into_iter().map(|(digest, kind)| Companion { digest, tag: None, kind });
        companions.extend(found);
        let named = referrers.tag.map(|(tag, digest)| Companion { digest, kind: tag.clone(), tag: Some(tag) });
        companions.extend(named);
        for ending in COSIGN {
            let tag = format!("{}{ending}", referrers_tag(subject));
            if let Some(head) = registries.head(&host, repository, &tag).await? {
                companions.push(Companion { digest: head.digest, kind: tag.clone(), tag: Some(tag) });
            }
        }
    }
    Ok(companions)
}

/// Returns the companions that the target lacks.
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
    for companion in companions {
        let name = companion.tag.clone().unwrap_or_else(|| companion.digest.to_string());
        let there = registries.head(target, repository, &name).await?;
        if there.is_none_or(|there| there.digest != companion.digest) {
            missing.push(companion);
        }
    }
    Ok(missing)
}
