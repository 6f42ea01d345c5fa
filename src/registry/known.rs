//! Known: manifests of sources that were read in this run. The plan reads them and a copy needs them again.

use super::{Manifest, RegistryError};
use crate::reference::{Digest, Registry};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// The most bytes of manifests that are kept.
const MOST_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    manifests: HashMap<Place, Arc<OnceCell<Manifest>>>,
}

/// By place as well: who may read a digest in one repository may not read it in every other.
pub(super) type Place = (Registry, Box<str>, Digest);

impl Known {
    /// Returns the manifest as it was read before, else reads it; who wants it meanwhile waits for that. It is kept while
    /// there is room: what finds none is read again.
    pub(super) async fn get(
        &self,
        place: Place,
        read: impl Future<Output = Result<Option<Manifest>, RegistryError>>,
    ) -> Result<Option<Manifest>, RegistryError> {
        let cell = Arc::clone(self.kept().manifests.entry(place.clone()).or_default());
        let read = async {
            let manifest = read.await.map_err(Some)?.ok_or(None)?;
            let mut kept = self.kept();
            let bytes = kept.bytes + manifest.bytes.len();
            if bytes <= MOST_BYTES {
                kept.bytes = bytes;
            } else {
                kept.manifests.remove(&place);
            }
            Ok(manifest)
        };
        match cell.get_or_try_init(|| read).await {
            Ok(manifest) => Ok(Some(manifest.clone())),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
