//! Content: the bytes behind digests, in memory or as files named by their digest; what is large is a file either way.

use super::spool::{Draft, Spool};
use crate::reference::Digest;
use bytes::Bytes;
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// All blobs and manifests of the world, each stored once however many repositories name it.
pub(super) struct Content {
    held: Mutex<HashMap<Digest, Bytes>>,
    /// Large uploads of a world in memory.
    drafts: Mutex<HashMap<Digest, Draft>>,
    dir: Option<PathBuf>,
}

impl Content {
    pub(super) fn in_memory() -> Self {
        Self { held: Mutex::default(), drafts: Mutex::default(), dir: None }
    }

    pub(super) fn in_dir(dir: &Path) -> io::Result<Self> {
        let dir = dir.join("blobs");
        fs::create_dir_all(&dir)?;
        Ok(Self { held: Mutex::default(), drafts: Mutex::default(), dir: Some(dir) })
    }

    /// Keeps bytes and returns their digest.
    pub(super) fn put(&self, bytes: Bytes) -> Digest {
        let digest = Digest::of(&bytes);
        // A disk that is full costs nothing but memory: the bytes are then held until the end of the process.
        if self.write(&digest, &bytes).is_err() || self.dir.is_none() {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, bytes);
        }
        digest
    }

    /// Returns a place for bytes that arrive.
    pub(super) fn spool(&self) -> Spool {
        Spool::new(self.dir.as_deref().unwrap_or(&std::env::temp_dir()))
    }

    /// Keeps what has arrived, and returns its digest.
    pub(super) fn take(&self, spool: Spool) -> io::Result<Digest> {
        let digest = spool.digest();
        match (spool.into_parts(), self.file(&digest)) {
            (Ok(bytes), _) => drop(self.put(bytes)),
            (Err(draft), Some(name)) => draft.keep(&name)?,
            (Err(draft), None) => {
                self.drafts.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, draft);
            }
        }
        Ok(digest)
    }

    /// Returns the bytes of a digest.
    pub(super) fn get(&self, digest: &Digest) -> Option<Bytes> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        held.or_else(|| fs::read(self.file(digest)?).ok().map(Bytes::from))
    }

    /// Returns the number of bytes of a digest.
    pub(super) fn size(&self, digest: &Digest) -> Option<u64> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(digest).map(|bytes| bytes.len() as u64);
        held.or_else(|| fs::metadata(self.file(digest)?).ok().map(|file| file.len()))
    }

    /// Returns where a digest is or would be as a file; nowhere where it is held in memory.
    fn file(&self, digest: &Digest) -> Option<PathBuf> {
        match &self.dir {
            Some(dir) => Some(dir.join(digest.to_string().replace(':', "-"))),
            None => {
                let drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
                drafts.get(digest).map(|draft| draft.path().to_owned())
            }
        }
    }

    fn write(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        match self.file(digest) {
            Some(file) if !file.exists() => write_atomically(&file, bytes),
            _ => Ok(()),
        }
    }
}

/// Writes a file so that a reader sees the old bytes or the new ones, never a part.
pub(super) fn write_atomically(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = file.with_extension(uuid::Uuid::new_v4().simple().to_string());
    fs::write(&draft, bytes)?;
    fs::rename(&draft, file)
}
