//! Material: the signatures of an image, as its registry holds them. Nothing is believed here.

use crate::{
    reference::{Digest, Reference},
    registry::{Client, Descriptor, Manifest, RegistryError, referrers_tag},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Signatures of one image that are read; each is a request or two.
const MOST: usize = 32;
/// The most bytes of one that are read: a payload has less than a thousand, a bundle some ten thousand. Many of many
/// images are held at once.
const LARGEST: usize = 256 << 10;
/// The media type of a payload under a tag (cosign, "Signature Specification").
const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// How the media types of sigstore's bundles begin; the version stands behind.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    /// A layer of the image under the tag `sha256-….sig`.
    Tagged {
        /// What is signed.
        payload: Vec<u8>,
        /// The signature, certificates and the log's promise.
        annotations: BTreeMap<String, String>,
    },
    /// A bundle of sigstore, a referrer of the image.
    Bundle(Vec<u8>),
}

#[derive(Default, Deserialize)]
struct Annotated {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Fetches the signatures of an image.
///
/// # Errors
/// When the source cannot be asked.
pub(super) async fn fetch(
    registries: &Client,
    source: &Reference,
    digest: Digest,
) -> Result<Vec<Material>, RegistryError> {
    let (host, repository) = (source.host(), source.repository());
    // The size that is stated may be a lie.
    let read = |digest| registries.document_within(&host, repository, digest, LARGEST);
    let mut found = Vec::new();
    let tag = format!("{}.sig", referrers_tag(digest));
    if let Some(head) = registries.head(&host, repository, &tag).await?
        && let Some(manifest) = registries.known_manifest(&host, repository, head.digest).await?
    {
        let annotated: Annotated = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
        for (layer, annotated) in manifest.layers.iter().zip(annotated.layers).take(MOST) {
            if layer.media_type == SIMPLE
                && is_small(layer)
                && let Some(payload) = read(layer.digest).await?
            {
                found.push(Material::Tagged { payload: payload.into(), annotations: annotated.annotations });
            }
        }
    }
    let referrers = registries.referrers(&host, repository, digest).await?;
    // Not every list repeats the artifact's type; then the manifest itself says what it is.
    for (referrer, _) in referrers.found.into_iter().filter(|(_, kind)| may_be_bundle(kind)).take(MOST) {
        let Some(manifest) = registries.known_manifest(&host, repository, referrer).await? else { continue };
        if let Some(layer) = bundle(&manifest)
            && let Some(bytes) = read(layer).await?
        {
            found.push(Material::Bundle(bytes.into()));
        }
    }
    Ok(found)
}

/// In the list that stands in for one at an older registry, cosign writes the type of the empty configuration.
fn may_be_bundle(kind: &str) -> bool {
    kind.starts_with(BUNDLE)
        || matches!(kind, "application/vnd.oci.image.manifest.v1+json" | "application/vnd.oci.empty.v1+json")
}

fn bundle(manifest: &Manifest) -> Option<Digest> {
    let mut layers = manifest.layers.iter();
    layers.find(|layer| layer.media_type.starts_with(BUNDLE) && is_small(layer)).map(|layer| layer.digest)
}

/// What is larger is no signature, whatever it calls itself: an attestation with a whole list of contents, or worse.
fn is_small(layer: &Descriptor) -> bool {
    layer.size <= LARGEST as u64
}
