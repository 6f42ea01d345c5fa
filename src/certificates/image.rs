//! Image: the variant of an image, made of its manifests, configurations and layers as a registry has them.

use super::{
    Authority, Base, Known, Unfit,
    edit::{self, Origin, Replaced},
    layer,
    read::{Place, Reader},
    root::Root,
};
use crate::{
    problem::Problem,
    reference::{Digest, Platform},
    registry::{Descriptor, Manifest, RegistryError},
};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The most bytes of layers that are read for one image, as they are stored.
const MOST_BYTES: u64 = 4 << 30;

/// An image that is still to be pushed.
#[derive(Debug, Clone)]
pub(super) struct Image {
    /// Configurations and layers that the registry does not have.
    pub(super) blobs: Vec<Bytes>,
    /// Media types and bytes, children before their index; the last is the image.
    pub(super) manifests: Vec<(&'static str, Bytes)>,
    /// What the platforms are made of.
    pub(super) bases: Vec<Base>,
    /// Platforms without such a trust store, which the variant does not have.
    pub(super) left_out: Vec<Platform>,
}

/// Why an image could not be made.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Unfit(Unfit),
    /// The registry could not be asked.
    Registry(RegistryError),
    /// The registry does not have the image.
    Absent,
    /// A build needs to be told more of it.
    Untold(Problem),
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl Image {
    /// Returns the digest that its tag stands for.
    pub(super) fn digest(&self) -> Digest {
        self.manifests.last().map_or_else(|| Digest::of(b""), |(_, bytes)| Digest::of(bytes))
    }
}

/// What is added to an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addition<'a> {
    pub(super) authorities: &'a [Authority],
    pub(super) base: Option<Base>,
}

/// Makes the variant of an image.
pub(super) async fn make(
    place: &Place<'_>,
    base: Digest,
    manifest: &Manifest,
    addition: Addition<'_>,
    known: &Known,
) -> Result<Image, Failure> {
    let mut image = Image { blobs: Vec::new(), manifests: Vec::new(), bases: Vec::new(), left_out: Vec::new() };
    let mut reader = Reader::new(place, known);
    if !manifest.is_index() {
        one(&mut reader, base, manifest, addition, &mut image).await?;
        return Ok(image);
    }
    let mut replaced = BTreeMap::new();
    for (child, platform) in edit::images(&manifest.children) {
        if platform.os != "linux" {
            image.left_out.push(platform.clone());
            continue;
        }
        let found = part(place, child.digest).await?;
        one(&mut reader, child.digest, &found, addition, &mut image).await?;
        if let Some((_, bytes)) = image.manifests.last() {
            let media_type = edit::OCI_MANIFEST.to_owned();
            replaced.insert(child.digest, Replaced { media_type, digest: Digest::of(bytes), size: bytes.len() });
        }
    }
    if replaced.is_empty() {
        let names: Vec<_> = image.left_out.iter().map(Platform::to_string).collect();
        return Err(Unfit::NoPlatform(names.join(", ")).into());
    }
    let authorities = super::named(addition.authorities);
    let index = edit::index(&manifest.bytes, &replaced, Origin { base, authorities: &authorities });
    let index = index.map_err(|why| Unfit::Broken { layer: base, why })?;
    image.manifests.push((edit::OCI_INDEX, index));
    Ok(image)
}

/// Reads the manifest of one platform.
pub(super) async fn part(place: &Place<'_>, digest: Digest) -> Result<Manifest, Failure> {
    let found = place.registries.known_manifest(place.registry, place.repository, digest).await?;
    let found = found.ok_or(Failure::Absent)?;
    if found.is_index() {
        return Err(Unfit::NoImage("an index of indexes".to_owned()).into());
    }
    Ok(found)
}

/// Reads the configuration of one platform.
pub(super) async fn configuration(place: &Place<'_>, manifest: &Manifest) -> Result<(Digest, Bytes), Failure> {
    let Some(config) = manifest.config.as_ref().filter(|config| edit::is_config(&config.media_type)) else {
        let media_type = manifest.config.as_ref().map_or(&manifest.media_type, |config| &config.media_type);
        return Err(Unfit::NoImage(media_type.clone()).into());
    };
    let found = place.registries.document(place.registry, place.repository, config.digest).await?;
    Ok((config.digest, found.ok_or(Failure::Absent)?))
}

async fn one(
    reader: &mut Reader<'_>,
    digest: Digest,
    manifest: &Manifest,
    addition: Addition<'_>,
    image: &mut Image,
) -> Result<(), Failure> {
    let (_, configuration) = configuration(reader.place, manifest).await?;
    let root = root(reader, &manifest.layers).await?;
    let store = root.store(addition.base)?;
    let layer = layer::over(&store, addition.authorities);
    let broken = |why| Unfit::Broken { layer: digest, why };
    let configuration = edit::configuration(&configuration, &layer).map_err(broken)?;
    let authorities = super::named(addition.authorities);
    let origin = Origin { base: digest, authorities: &authorities };
    let manifest = edit::manifest(&manifest.bytes, &configuration, &layer, origin).map_err(broken)?;
    image.blobs.extend([layer.bytes, configuration]);
    image.manifests.push((edit::OCI_MANIFEST, manifest));
    if !image.bases.contains(&store.base) {
        image.bases.push(store.base);
    }
    Ok(())
}

pub(super) async fn root(reader: &mut Reader<'_>, layers: &[Descriptor]) -> Result<Root, Failure> {
    let bytes = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
    if bytes > MOST_BYTES {
        return Err(Unfit::TooLarge { bytes, most: MOST_BYTES }.into());
    }
    let mut root = Root::default();
    for layer in layers {
        root.lay(&*reader.layer(layer).await?);
    }
    Ok(root)
}
