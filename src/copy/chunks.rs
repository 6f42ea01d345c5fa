//! Chunks: a blob in several requests, for a registry that does not take it in one, and for a line that breaks: what
//! has arrived is not sent again (OCI distribution specification, "Pushing a blob in chunks").

use super::{
    CopyError, Inner,
    blob::{From, MOST_WRONG},
    transfer::{self, Failure, Progress, Reading},
};
use crate::{
    http::Patience,
    reference::Hasher,
    registry::{Begun, Chunked, Descriptor, Finish, RegistryError, Session},
};
use std::sync::Arc;

/// The bytes of a chunk: little is lost where the line breaks, and a proxy that limits bodies often lets them pass.
pub(super) const CHUNK: u64 = 8 << 20;
/// A registry, or the proxy before it, that takes less than this at once takes no image.
const LEAST: u64 = 64 << 10;

/// How far a blob has come.
struct Way {
    session: Session,
    /// Bytes that the registry has.
    at: u64,
    /// The hash of these bytes.
    hasher: Hasher,
    /// Bytes behind them that the registry has too, but that are not hashed yet.
    ahead: u64,
    reading: Option<Reading>,
}

impl Way {
    fn new(session: Session) -> Self {
        Self { session, at: 0, hasher: Hasher::default(), ahead: 0, reading: None }
    }
}

impl Inner {
    /// Sends a blob in chunks.
    pub(super) async fn chunks(&self, from: &From, repository: &Arc<str>, blob: &Descriptor) -> Result<(), CopyError> {
        let _place = self.streams.acquire().await.ok();
        let mut patience = Patience::new(self.registries.http());
        let (mut anew, mut wrong, mut chunk) = (0, 0, CHUNK);
        let mut way: Option<Way> = None;
        loop {
            let mut here = match way.take() {
                Some(way) => way,
                None => match self.begin(repository, blob, None).await? {
                    Begun::Present => return Ok(()),
                    Begun::Session(session) => Way::new(session),
                },
            };
            if here.at == blob.size {
                let got = here.hasher.clone().finish();
                if got == blob.digest {
                    match self.close(repository, blob, &here.session).await {
                        Ok(()) => return Ok(()),
                        Err(Finish::Refused(error)) => return Err(CopyError::Target(error)),
                        Err(Finish::Gone(error)) => again(&mut anew, error)?,
                        Err(Finish::Setback(setback)) => self.bear(&mut patience, setback).await?,
                    }
                } else {
                    wrong += 1;
                    if wrong >= MOST_WRONG {
                        let download = self.registries.download(&from.host, &from.repository, blob.digest, blob.size);
                        return Err(CopyError::Source(download.wrong_digest(got)));
                    }
                }
                continue;
            }
            let most = (here.ahead + chunk.max(here.session.least)).min(blob.size - here.at);
            let (sent, failure) = self.chunk(from, repository, blob, &mut here, most).await;
            match (sent, failure) {
                (_, Some(Failure::Source(error) | Failure::WrongDigest(error))) => {
                    return Err(CopyError::Source(error));
                }
                (Ok(()), None) => {
                    patience = Patience::new(self.registries.http());
                    way = Some(here);
                }
                (Err(Finish::Refused(error)), None) if error.is_too_large() && chunk / 4 >= LEAST => {
                    chunk /= 4;
                    here.reading = None;
                    way = Some(here);
                }
                (Err(Finish::Refused(error)), None) => return Err(CopyError::Target(error)),
                (Err(Finish::Gone(error)), None) => again(&mut anew, error)?,
                (Err(Finish::Setback(setback)), None) => {
                    self.bear(&mut patience, setback).await?;
                    way = self.reached(repository, here, blob.size).await;
                }
            }
        }
    }

    /// Sends the next `most` bytes, less those that the registry has.
    async fn chunk(
        &self,
        from: &From,
        repository: &str,
        blob: &Descriptor,
        way: &mut Way,
        most: u64,
    ) -> (Result<(), Finish>, Option<Failure>) {
        let reading = way.reading.take().unwrap_or_else(|| {
            let download = self.registries.download(&from.host, &from.repository, blob.digest, blob.size);
            Reading::new(download.after(way.at), way.hasher.clone())
        });
        let range = way.at + way.ahead..way.at + most;
        let progress = Progress::new(most);
        let (body, returned) = transfer::part(reading, way.ahead, most, progress.clone());
        let sent = tokio::select! {
            sent = self.registries.upload_chunk(&self.target, repository, &way.session, range, body) => sent,
            () = progress.stalled() => Err(Finish::Setback(self.registries.stalled(&self.target))),
        };
        let sent = sent.map(|Chunked { session }| {
            way.session = session;
            way.at += most;
            way.ahead = 0;
            if let Some(reading) = returned.take() {
                way.hasher = reading.hasher().clone();
                way.reading = Some(reading);
            }
        });
        (sent, progress.failure())
    }

    /// Asks how much of a broken chunk has arrived; none where the upload must begin anew.
    async fn reached(&self, repository: &str, way: Way, size: u64) -> Option<Way> {
        let (session, held) = self.registries.upload_state(&self.target, repository, &way.session).await.ok()??;
        // An upload that has all bytes would be ended by bytes that were not hashed.
        let ahead = held.checked_sub(way.at).filter(|_| held < size)?;
        Some(Way { session, ahead, reading: None, ..way })
    }

    /// Ends an upload whose bytes are all there; the registry gets the time to store them.
    async fn close(&self, repository: &str, blob: &Descriptor, session: &Session) -> Result<(), Finish> {
        let (nothing, storing) = (transfer::nothing(), Progress::new(0));
        tokio::select! {
            ended = self.registries.finish_upload(&self.target, repository, session, blob.digest, 0, nothing) => ended,
            () = storing.stalled() => Err(Finish::Setback(self.registries.stalled(&self.target))),
        }
    }
}

/// Counts an upload that is lost, and gives up after a few.
fn again(anew: &mut u32, error: RegistryError) -> Result<(), CopyError> {
    *anew += 1;
    if *anew >= MOST_WRONG { Err(CopyError::Target(error)) } else { Ok(()) }
}
