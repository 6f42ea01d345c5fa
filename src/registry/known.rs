//! Known: manifests of sources that were read in this run. The plan reads them and a copy needs them again.

use super::Manifest;
use crate::reference::{Digest, Registry};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The most bytes of manifests that are kept.
const MOST_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    /// By place as well: who may read a digest in one repository may not read it in every other.
    manifests: HashMap<(Registry, Box<str>, Digest), Manifest>,
}

impl Known {
    pub(super) fn get(&self, registry: &Registry, repository: &str, digest: Digest) -> Option<Manifest> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.manifests.get(&(registry.clone(), repository.into(), digest)).cloned()
    }

    /// Keeps a manifest while there is room: what finds none is read again.
    pub(super) fn keep(&self, registry: &Registry, repository: &str, digest: Digest, manifest: &Manifest) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.bytes + manifest.bytes.len();
        if bytes <= MOST_BYTES {
            kept.bytes = bytes;
            kept.manifests.insert((registry.clone(), repository.into(), digest), manifest.clone());
        }
    }
}
