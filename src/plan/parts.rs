//! Parts: what an image is made of, as far as its source tells, and where a rule wants it, when it was made.

use super::{
    Ages, Note, Surveyor, configuration,
    facts::{ImageFacts, SourceFact},
};
use crate::{
    problem::{Problem, Side},
    reference::{Digest, Platform, Reference},
    registry::{Manifest, RegistryError, Why, is_index},
};
use futures_util::{StreamExt, stream};
use std::collections::{HashMap, HashSet};

/// Reading the parts of a two-platform image costs three pulls at Docker Hub: below this many they are left to others.
const PULLS_TO_LEAVE: u32 = 40;
/// An index of indexes is rare, and one that names itself has no end.
const DEEPEST: usize = 4;
/// Manifests or configurations of one image that are read at once.
const PARTS_AT_ONCE: usize = 4;

/// Reads what an image is made of, as far as the source's allowance goes; an error is a source that lies.
pub(super) async fn image(
    from: &Reference,
    known: &SourceFact,
    cut: Option<&Manifest>,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Result<Option<ImageFacts>, Problem> {
    if let Some(left) = known.pulls_left.filter(|&left| left < PULLS_TO_LEAVE) {
        notes.push(Note::FewPullsLeft(left));
        return Ok(None);
    }
    match parts(from, known.digest, cut, surveyor, notes).await {
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
    // What describes an image, such as its provenance, is a child of the index too and was made when it was.
    let mut beside = HashSet::new();
    let mut blobs = HashMap::new();
    let mut configurations = Vec::new();
    let mut platforms = Vec::new();
    let mut created = Vec::new();
    let is_single = top.children.is_empty() && !is_index(&media_type);
    let mut level = vec![(digest, top)];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for (_, manifest) in &level {
            blobs.extend(manifest.blobs().map(|blob| (blob.digest, blob.size)));
            configurations.extend(manifest.config.as_ref().map(|config| config.digest));
            for child in &manifest.children {
                platforms.extend(child.platform.clone());
                if child.platform.as_ref().is_some_and(Platform::is_unknown) {
                    beside.insert(child.digest);
                }
                if seen.insert(child.digest) {
                    next.push(child.digest);
                }
            }
        }
        if is_single || surveyor.ages == Ages::Ask {
            let images = level.iter().filter(|(digest, it)| !is_index(&it.media_type) && !beside.contains(digest));
            let said: Vec<_> = stream::iter(images.map(|(_, manifest)| manifest))
                .map(|manifest| configuration::read(&host, repository, manifest, surveyor))
                .buffered(PARTS_AT_ONCE)
                .collect()
                .await;
            for said in said {
                platforms.extend(said.platform().filter(|_| is_single));
                created.push(said.created());
            }
        }
        // What cannot be imported anyway need not be measured.
        if next.is_empty() || seen.len() > super::MOST_MANIFESTS {
            break;
        }
        let found: Vec<_> = stream::iter(next)
            .map(async |child| {
                let manifest = surveyor.registries.known_manifest(&host, repository, child).await;
                manifest.map(|manifest| manifest.map(|manifest| (child, manifest)))
            })
            .buffer_unordered(PARTS_AT_ONCE)
            .collect()
            .await;
        level = found.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    }
    platforms.sort();
    platforms.dedup();
    let is_measured = seen.len() <= super::MOST_MANIFESTS;
    let size = blobs.values().fold(0_u64, |sum, &size| sum.saturating_add(size));
    Ok(Some(ImageFacts {
        media_type,
        platforms,
        size: is_measured.then_some(size),
        manifests: seen.len(),
        digests: seen.into_iter().chain(configurations).collect(),
        created: (surveyor.ages == Ages::Ask && is_measured).then_some(created),
    }))
}
