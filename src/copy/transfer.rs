//! Transfer: bytes that pass from a download into an upload, hashed on their way.
//!
//! The last piece is kept back until the digest is known to be right: content that is wrong is never whole anywhere.

use crate::{
    reference::{Digest, Hasher},
    registry::{Descriptor, Download, RegistryError},
};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::OwnedSemaphorePermit;

/// How long a target may take nothing while bytes wait for it.
const STALL: Duration = Duration::from_secs(60);
/// How long a target may take to store a blob whose bytes it has: some move it to another place only then.
const STORE: Duration = Duration::from_secs(15 * 60);

/// What went wrong where the bytes come from.
#[derive(Debug)]
pub(super) enum Failure {
    /// The bytes are not those that the digest names.
    WrongDigest(RegistryError),
    /// The source cannot be read.
    Source(RegistryError),
}

/// How far a transfer has come. The stream tells it, and who waits for the end looks.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    size: u64,
    at: AtomicU64,
    /// Whether the source is being waited for.
    is_reading: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

impl Progress {
    pub(super) fn new(size: u64) -> Self {
        Self(Arc::new(Inner {
            size,
            at: AtomicU64::default(),
            is_reading: AtomicBool::default(),
            failure: Mutex::default(),
        }))
    }

    /// Takes out what went wrong at the source.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for the source; how long that may take is for the source's side to say.
    async fn read<T>(&self, source: impl Future<Output = T>) -> T {
        self.0.is_reading.store(true, Ordering::Relaxed);
        let read = source.await;
        self.0.is_reading.store(false, Ordering::Relaxed);
        read
    }

    /// Returns when the target has taken nothing for too long. The source has a limit of its own, so that time in which
    /// it is waited for does not count.
    pub(super) async fn stalled(&self) {
        loop {
            let before = self.0.at.load(Ordering::Relaxed);
            let wait = if before >= self.0.size { STORE } else { STALL };
            tokio::time::sleep(wait).await;
            let has_moved = self.0.at.load(Ordering::Relaxed) != before;
            if !has_moved && !self.0.is_reading.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn fail(&self, failure: Failure) -> io::Error {
        *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        io::Error::other("the source cannot be read")
    }
}

struct Transfer {
    download: Download,
    hasher: Hasher,
    digest: Digest,
    progress: Progress,
    /// Given back with the last byte.
    _place: Option<OwnedSemaphorePermit>,
}

/// Returns the bytes of a download as the body of an upload.
pub(super) fn body(
    download: Download,
    digest: Digest,
    progress: Progress,
    place: Option<OwnedSemaphorePermit>,
) -> reqwest::Body {
    let transfer = Transfer { download, hasher: Hasher::default(), digest, progress, _place: place };
    reqwest::Body::wrap_stream(stream::try_unfold(Some(transfer), |transfer| async move {
        let Some(mut transfer) = transfer else { return Ok(None) };
        let piece = transfer.next().await?;
        Ok::<_, io::Error>(piece.map(|piece| {
            let is_last = transfer.progress.0.at.load(Ordering::Relaxed) == transfer.progress.0.size;
            (piece, (!is_last).then_some(transfer))
        }))
    }))
}

impl Transfer {
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        let piece = self.progress.read(self.download.next()).await;
        let piece = piece.map_err(|error| self.progress.fail(Failure::Source(error)))?;
        if let Some(piece) = &piece {
            self.hasher.update(piece);
            let at = self.progress.0.at.fetch_add(piece.len() as u64, Ordering::Relaxed) + piece.len() as u64;
            if at == self.progress.0.size {
                let got = std::mem::take(&mut self.hasher).finish();
                if got != self.digest {
                    return Err(self.progress.fail(Failure::WrongDigest(self.download.wrong_digest(got))));
                }
            }
        }
        Ok(piece)
    }
}

/// A download with the hash of what came of it, between two chunks.
#[derive(Debug)]
pub(super) struct Reading {
    download: Download,
    hasher: Hasher,
    /// What came with the end of the last chunk and belongs to the next.
    rest: Bytes,
}

impl Reading {
    pub(super) fn new(download: Download, hasher: Hasher) -> Self {
        Self { download, hasher, rest: Bytes::new() }
    }

    pub(super) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Returns the next piece of at most `most` bytes.
    async fn next(&mut self, most: u64) -> Result<Option<Bytes>, RegistryError> {
        if self.rest.is_empty() {
            self.rest = match self.download.next().await? {
                Some(piece) => piece,
                None => return Ok(None),
            };
        }
        let taken = usize::try_from(most).unwrap_or(usize::MAX).min(self.rest.len());
        let piece = self.rest.split_to(taken);
        self.hasher.update(&piece);
        Ok(Some(piece))
    }
}

/// Where a reading is laid down when its chunk has passed.
#[derive(Debug, Clone, Default)]
pub(super) struct Returned(Arc<Mutex<Option<Reading>>>);

impl Returned {
    pub(super) fn take(&self) -> Option<Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Part {
    reading: Reading,
    /// Bytes to hash and not to send.
    ahead: u64,
    left: u64,
    progress: Progress,
    returned: Returned,
}

/// Returns the next `most` bytes of a reading as a body, without the first `ahead` of them.
pub(super) fn part(reading: Reading, ahead: u64, most: u64, progress: Progress) -> (reqwest::Body, Returned) {
    let returned = Returned::default();
    let part = Part { reading, ahead, left: most, progress, returned: returned.clone() };
    let body = stream::try_unfold(Some(part), |part| async move {
        let Some(mut part) = part else { return Ok(None) };
        let piece = part.next().await?;
        Ok::<_, io::Error>(piece.map(|piece| match part.left {
            0 => {
                *part.returned.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(part.reading);
                (piece, None)
            }
            _ => (piece, Some(part)),
        }))
    });
    (reqwest::Body::wrap_stream(body), returned)
}

impl Part {
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        while self.left > 0 {
            let most = if self.ahead > 0 { self.ahead } else { self.left };
            let read = self.progress.read(self.reading.next(most)).await;
            let read = read.map_err(|error| self.progress.fail(Failure::Source(error)))?;
            let Some(piece) = read else { return Ok(None) };
            let bytes = piece.len() as u64;
            self.left -= bytes;
            self.progress.0.at.fetch_add(bytes, Ordering::Relaxed);
            if self.ahead == 0 {
                return Ok(Some(piece));
            }
            self.ahead -= bytes;
        }
        Ok(None)
    }
}

/// Returns the body that ends an upload whose bytes are there. It streams though there is nothing in it: a body in memory
/// would be answered within the time of a small request, and storing what was uploaded may take longer.
pub(super) fn nothing() -> reqwest::Body {
    reqwest::Body::wrap_stream(stream::empty::<Result<Bytes, io::Error>>())
}

/// Returns all bytes of a download.
pub(super) async fn whole(download: &mut Download, blob: &Descriptor) -> Result<Bytes, RegistryError> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = download.next().await? {
        bytes.extend_from_slice(&piece);
    }
    let got = Digest::of(&bytes);
    if got == blob.digest { Ok(bytes.freeze()) } else { Err(download.wrong_digest(got)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_the_source_does_not_call_the_target_stalled() {
        let progress = Progress::new(10);
        let source = progress.read(tokio::time::sleep(4 * STALL));
        tokio::select! {
            () = source => {}
            () = progress.stalled() => panic!("the source was waited for, as it asked"),
        }
        let began = tokio::time::Instant::now();
        progress.stalled().await;
        assert_eq!(began.elapsed(), STALL, "and then it is the target's turn");
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_has_all_bytes_gets_the_time_to_store_them() {
        assert!(nothing().as_bytes().is_none(), "only what streams is not bound to the time of a small answer");
        assert!(timeout(STORE - STALL, Progress::new(0).stalled()).await.is_err());
        assert!(timeout(2 * STALL, Progress::new(1).stalled()).await.is_ok());
    }
}
