//! Parts: what an image is made of, as far as its source tells.

use super::{
    Note, Surveyor,
    facts::{ImageFacts, SourceFact},
};
use crate::{
    images::Entry,
    problem::{Problem, Side},
    reference::{Digest, Platform, Reference, Registry},
    registry::{Manifest, RegistryError, Why, is_index},
};
use futures_util::{StreamExt, stream};
use std::collections::{HashMap, HashSet};

/// Reading the parts of a two-platform image costs three pulls at Docker Hub: below this many they are left to others.
const PULLS_TO_LEAVE: u32 = 40;
/// An index of indexes is rare, and one that names itself has no end.
const DEEPEST: usize = 4;

/// Reads what an image is made of, as far as the source's allowance goes; an error is a source that lies.
pub(super) async fn image(
    entry: &Entry,
    known: &SourceFact,
    cut: Option<&Manifest>,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Result<Option<ImageFacts>, Problem> {
    if let Some(left) = known.pulls_left.filter(|&left| left < PULLS_TO_LEAVE) {
        notes.push(Note::FewPullsLeft(left));
        return Ok(None);
    }
    match parts(&entry.source, known.digest, cut, surveyor, notes).await {
        Ok(facts) => Ok(facts),
        Err(error) if matches!(error.why(), Why::WrongDigest { .. }) => Err(error.problem(Side::Source)),
        Err(error) => {
            notes.push(Note::PartsUnknown(error.problem(Side::Source)));
            Ok(None)
        }
    }
}

async fn parts(
    source: &Reference,
    digest: Digest,
    cut: Option<&Manifest>,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Result<Option<ImageFacts>, RegistryError> {
    let (host, repository) = (source.host(), source.repository());
    let top = match cut {
        Some(index) => Some(index.clone()),
        None => surveyor.registries.known_manifest(&host, repository, digest).await?,
    };
    let Some(top) = top else { return Ok(None) };
    if let (true, Some(tag)) = (top.is_chart(), source.tag()) {
        // Helm's rule, read backwards: no version has a `_`.
        notes.push(Note::Chart(tag.replace('_', "+")));
    }
    let media_type = top.media_type.clone();
    let mut seen = HashSet::from([digest]);
    let mut blobs = HashMap::new();
    let mut platforms = Vec::new();
    if top.children.is_empty() && !is_index(&media_type) {
        platforms.extend(platform(&host, repository, &top, surveyor).await);
    }
    let mut level = vec![top];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for manifest in &level {
            blobs.extend(manifest.blobs().map(|blob| (blob.digest, blob.size)));
            platforms.extend(manifest.children.iter().filter_map(|child| child.platform.clone()));
            next.extend(manifest.children.iter().map(|child| child.digest).filter(|&child| seen.insert(child)));
        }
        // What cannot be imported anyway need not be measured.
        if next.is_empty() || seen.len() > super::MOST_MANIFESTS {
            break;
        }
        let found: Vec<_> = stream::iter(next)
            .map(|child| surveyor.registries.known_manifest(&host, repository, child))
            .buffer_unordered(4)
            .collect()
            .await;
        level = found.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    }
    platforms.sort();
    platforms.dedup();
    let is_measured = seen.len() <= super::MOST_MANIFESTS;
    let size = blobs.values().fold(0_u64, |sum, &size| sum.saturating_add(size));
    Ok(Some(ImageFacts { media_type, platforms, size: is_measured.then_some(size), manifests: seen.len() }))
}

/// Reads the platform of a single image from its configuration; other artifacts have none.
pub(super) async fn platform(
    registry: &Registry,
    repository: &str,
    manifest: &Manifest,
    surveyor: &Surveyor,
) -> Option<Platform> {
    let config = manifest
        .config
        .as_ref()
        .filter(|config| config.media_type.contains("container.image") || config.media_type.contains("image.config"))?;
    let bytes = surveyor.registries.document(registry, repository, config.digest).await.ok()??;
    let platform: Platform = serde_json::from_slice(&bytes).ok()?;
    (!platform.os.is_empty()).then_some(platform)
}
