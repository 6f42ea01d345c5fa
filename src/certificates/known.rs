//! Known: layers that were read in this run. Many images are made of the same ones, and what is planned is read again
//! when it is made.

use super::listing::Listing;
use crate::reference::Digest;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The most bytes that are kept.
const MOST_BYTES: usize = 16 << 20;

/// What layers have of trust stores.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    layers: HashMap<Digest, Arc<Listing>>,
}

impl Known {
    pub(super) fn get(&self, layer: Digest) -> Option<Arc<Listing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).layers.get(&layer).cloned()
    }

    /// Keeps a layer while there is room: what finds none is read again.
    pub(super) fn keep(&self, layer: Digest, listing: &Arc<Listing>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.bytes + listing.size();
        if bytes <= MOST_BYTES && kept.layers.insert(layer, Arc::clone(listing)).is_none() {
            kept.bytes = bytes;
        }
    }
}
