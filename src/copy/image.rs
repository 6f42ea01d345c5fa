//! Image: everything that a digest leads to, read from the source before anything is written.

use super::{CopyError, Extent};
use crate::{
    reference::{Digest, Platform, Reference, Registry},
    registry::{Client, Cut, Descriptor, Manifest},
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{collections::HashMap, sync::Arc};

/// An index of indexes is rare, and none is nested deeper.
const DEEPEST: usize = 8;
/// The most manifests of one image; an index of 4 MiB, the most that registries take, names about as many.
const MOST_MANIFESTS: usize = 10_001;
/// The most bytes of manifests that one image may keep in memory.
const MOST_BYTES: usize = 64 << 20;
/// Manifests that are asked for at once.
const AT_ONCE: usize = 8;

/// A manifest with its bytes as they came.
#[derive(Debug)]
pub(super) struct Node {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Bytes,
    /// What the registry must hold before the manifest, each once.
    pub blobs: Vec<Descriptor>,
    children: Vec<Digest>,
}

/// Reads an image; returns it in levels, of which each names only what earlier ones have. The last is the image itself.
pub(super) async fn read(
    registries: &Client,
    source: &Reference,
    digest: Digest,
    extent: Extent<'_>,
) -> Result<Vec<Vec<Node>>, CopyError> {
    let host = source.host();
    let mut nodes: HashMap<Digest, Arc<Node>> = HashMap::new();
    let mut level = match extent {
        Extent::Whole => vec![digest],
        Extent::Platforms { of, platforms } => {
            let root = cut(registries, source, of, platforms, digest).await?;
            let children = root.children.clone();
            nodes.insert(digest, Arc::new(root));
            children
        }
    };
    let (mut bytes, mut depth) = (0, 0);
    while !level.is_empty() {
        depth += 1;
        if depth > DEEPEST {
            return Err(CopyError::TooDeep(DEEPEST));
        }
        if nodes.len() + level.len() > MOST_MANIFESTS {
            return Err(CopyError::TooMany(MOST_MANIFESTS));
        }
        let mut found = stream::iter(level)
            .map(|digest| one(registries, &host, source.repository(), digest))
            .buffer_unordered(AT_ONCE);
        let mut next = Vec::new();
        while let Some(node) = found.try_next().await? {
            bytes += node.bytes.len();
            if bytes > MOST_BYTES {
                return Err(CopyError::TooLarge(MOST_BYTES));
            }
            next.extend(node.children.iter().copied());
            nodes.insert(node.digest, Arc::new(node));
        }
        next.sort_unstable();
        next.dedup();
        next.retain(|child| !nodes.contains_key(child));
        level = next;
    }
    Ok(levels(nodes))
}

async fn one(registries: &Client, host: &Registry, repository: &str, digest: Digest) -> Result<Node, CopyError> {
    let found = registries.known_manifest(host, repository, digest).await.map_err(CopyError::Source)?;
    match found {
        Some(manifest) => Ok(node(digest, manifest)),
        None => Err(CopyError::NoManifest { registry: host.clone(), repository: repository.to_owned(), digest }),
    }
}

/// Makes the index of some platforms, which must be the one that was planned.
async fn cut(
    registries: &Client,
    source: &Reference,
    of: Digest,
    platforms: &[Platform],
    planned: Digest,
) -> Result<Node, CopyError> {
    let (registry, repository) = (source.host(), source.repository());
    let found = registries.known_manifest(&registry, repository, of).await.map_err(CopyError::Source)?;
    match found.map(|manifest| manifest.cut(platforms)) {
        Some(Ok(Cut::Part { index, digest, .. })) if digest == planned => Ok(node(digest, *index)),
        Some(_) | None => Err(CopyError::NoManifest { registry, repository: repository.to_owned(), digest: planned }),
    }
}

fn node(digest: Digest, manifest: Manifest) -> Node {
    let mut blobs: Vec<_> = manifest.blobs().cloned().collect();
    let Manifest { media_type, bytes, children, .. } = manifest;
    blobs.sort_unstable_by(|a, b| b.size.cmp(&a.size).then(a.digest.cmp(&b.digest)));
    blobs.dedup_by_key(|blob| blob.digest);
    let children = children.into_iter().map(|child| child.digest).collect();
    Node { digest, media_type, bytes, blobs, children }
}

/// Orders by height: a manifest without children is at the bottom, others above the highest of their children.
fn levels(nodes: HashMap<Digest, Arc<Node>>) -> Vec<Vec<Node>> {
    let mut heights: HashMap<Digest, usize> = nodes.keys().map(|&digest| (digest, 0)).collect();
    // A hash cannot name itself, so that this ends after as many rounds as there are levels.
    for _ in 0..DEEPEST {
        let mut changed = false;
        for node in nodes.values() {
            let height = node.children.iter().filter_map(|child| heights.get(child)).max().map_or(0, |most| most + 1);
            changed |= heights.insert(node.digest, height) != Some(height);
        }
        if !changed {
            break;
        }
    }
    let highest = heights.values().copied().max().unwrap_or_default();
    let mut levels: Vec<Vec<Node>> = (0..=highest).map(|_| Vec::new()).collect();
    for node in nodes.into_values().filter_map(Arc::into_inner) {
        let height = heights.get(&node.digest).copied().unwrap_or_default();
        levels[height].push(node);
    }
    levels
}
