//! Blob: mounted where the registry has it, else moved.

use super::{
    Before, CopyError, Inner,
    chunks::CHUNK,
    table::{Sharing, Turn},
    transfer::{self, Failure, Progress},
};
use crate::{
    http::{Patience, Setback},
    reference::{Reference, Registry},
    registry::{Begun, Descriptor, Finish, RegistryError, SMALL, Session, Why},
};
use bytes::Bytes;
use std::sync::{Arc, atomic::Ordering};

/// How often a blob is moved whose bytes do not have its digest: once is an accident, three times is the source.
pub(super) const MOST_WRONG: u32 = 3;

/// Where the blobs of an image come from.
pub(super) struct From {
    pub(super) host: Registry,
    pub(super) repository: Arc<str>,
    /// Whether source and target are one registry, which can mount from the source.
    is_same_registry: bool,
    before: Before,
}

impl From {
    pub(super) fn new(target: &Registry, source: &Reference, before: Before) -> Self {
        let host = source.host();
        Self { is_same_registry: host == *target, host, repository: source.repository().into(), before }
    }
}

impl Inner {
    /// Brings a blob to a repository of the target, unless it is there.
    pub(super) async fn blob(&self, from: &From, repository: &Arc<str>, blob: &Descriptor) -> Result<(), CopyError> {
        let (known, claim) = match self.table.turn(blob.digest, repository, Sharing::Registry).await {
            Turn::There => return Ok(()),
            Turn::Go { from, claim } => (from, claim),
        };
        let sibling = known.as_ref().or(from.is_same_registry.then_some(&from.repository));
        // A small blob is held whole: fetched while the upload begins, it spares a round trip. Bytes are fetched ahead only where they are most likely needed.
        let is_ahead = blob.size <= SMALL && sibling.is_none() && from.before == Before::Nothing;
        if is_ahead {
            let (begun, bytes) = tokio::join!(self.begin(repository, blob, None), self.fetch(from, blob));
            match (begun?, bytes) {
                (Begun::Present, _) => {}
                (Begun::Session(session), bytes) => {
                    self.send(from, repository, blob, Some(session), Some(bytes?)).await?;
                }
            }
        } else {
            match self.begin(repository, blob, sibling).await? {
                Begun::Present => {}
                Begun::Session(session) => self.send(from, repository, blob, Some(session), None).await?,
            }
        }
        claim.done();
        Ok(())
    }

    /// Asks for a mount, or whether the repository has the blob; either way an upload may begin with the answer.
    pub(super) async fn begin(
        &self,
        repository: &Arc<str>,
        blob: &Descriptor,
        sibling: Option<&Arc<str>>,
    ) -> Result<Begun, CopyError> {
        let begin = |from| self.registries.begin_upload(&self.target, repository, blob.digest, from);
        if !self.refuses_mounts.load(Ordering::Relaxed) {
            match begin(Some(sibling.unwrap_or(repository))).await {
                // Not every registry takes such a question, nor may everybody read where the blob is.
                Err(error) if is_refusal(&error) => {
                    if sibling.is_none() {
                        self.refuses_mounts.store(true, Ordering::Relaxed);
                    }
                }
                begun => return begun.map_err(CopyError::Target),
            }
        }
        begin(None).await.map_err(CopyError::Target)
    }

    /// Waits as the target asks for.
    pub(super) async fn bear(&self, patience: &mut Patience, setback: Setback) -> Result<(), CopyError> {
        let borne = patience.bear(setback).await;
        borne.map_err(|error| CopyError::Target(RegistryError::http(&self.target, error)))
    }

    /// Sends a blob, from memory or streaming, as often as its troubles allow.
    async fn send(
        &self,
        from: &From,
        repository: &Arc<str>,
        blob: &Descriptor,
        mut session: Option<Session>,
        mut held: Option<Bytes>,
    ) -> Result<(), CopyError> {
        if held.is_none() && blob.size <= SMALL {
            held = Some(self.fetch(from, blob).await?);
        }
        let _place = match held {
            Some(_) => None,
            None => self.uploads.acquire().await.ok(),
        };
        let mut patience = Patience::new(self.registries.http());
        let (mut gone, mut wrong) = (0, 0);
        loop {
            let session = match session.take() {
                Some(session) => session,
                // An answer that was lost may have ended the upload: the question finds that out.
                None => match self.begin(repository, blob, None).await? {
                    Begun::Present => return Ok(()),
                    Begun::Session(session) => session,
                },
            };
            let (finished, failure) = self.once(from, repository, blob, &session, held.as_ref()).await;
            match (finished, failure) {
                (Ok(()), None) => return Ok(()),
                (_, Some(Failure::WrongDigest(error))) => {
                    wrong += 1;
                    if wrong >= MOST_WRONG {
                        return Err(CopyError::Source(error));
                    }
                }
                (_, Some(Failure::Source(error))) => return Err(CopyError::Source(error)),
                (Err(Finish::Setback(setback)), None) => {
                    // A line that breaks under a large blob may never carry it in one piece.
                    let is_torn = setback.is_break() && blob.size > CHUNK;
                    self.bear(&mut patience, setback).await?;
                    if is_torn {
                        return self.chunks(from, repository, blob).await;
                    }
                }
                (Err(Finish::Refused(error)), None) if error.is_too_large() && held.is_none() => {
                    return self.chunks(from, repository, blob).await;
                }
                (Err(Finish::Gone(error)), None) => {
                    gone += 1;
                    if gone >= MOST_WRONG {
                        return Err(CopyError::Target(error));
                    }
                }
                (Err(Finish::Refused(error)), None) => return Err(CopyError::Target(error)),
            }
        }
    }

    /// Sends the bytes one time; returns what the target said, and what went wrong at the source.
    async fn once(
        &self,
        from: &From,
        repository: &str,
        blob: &Descriptor,
        session: &Session,
        held: Option<&Bytes>,
    ) -> (Result<(), Finish>, Option<Failure>) {
        let put = |body| self.registries.finish_upload(&self.target, repository, session, blob.digest, blob.size, body);
        if let Some(bytes) = held {
            return (put(bytes.clone().into()).await, None);
        }
        let progress = Progress::new(blob.size);
        let download = self.registries.download(&from.host, &from.repository, blob.digest, blob.size);
        let place = Arc::clone(&self.streams).acquire_owned().await.ok();
        let body = transfer::body(download, blob.digest, progress.clone(), place);
        let finished = tokio::select! {
            finished = put(body) => finished,
            () = progress.stalled() => Err(Finish::Setback(self.registries.stalled(&self.target))),
        };
        (finished, progress.failure())
    }

    /// Fetches a small blob whole.
    async fn fetch(&self, from: &From, blob: &Descriptor) -> Result<Bytes, CopyError> {
        let mut wrong = 0;
        loop {
            let mut download = self.registries.download(&from.host, &from.repository, blob.digest, blob.size);
            match transfer::whole(&mut download, blob).await {
                Err(error) if matches!(error.why(), Why::WrongDigest { .. }) && wrong + 1 < MOST_WRONG => wrong += 1,
                fetched => return fetched.map_err(CopyError::Source),
            }
        }
    }
}

/// Returns whether the registry understood the question and does not like it; a broken way is no such thing.
fn is_refusal(error: &RegistryError) -> bool {
    match error.why() {
        Why::Status(..) | Why::Denied(_) | Why::Unauthorized { .. } => true,
        Why::Http(_)
        | Why::Firewall(_)
        | Why::Unreadable { .. }
        | Why::WrongDigest { .. }
        | Why::WrongSize { .. }
        | Why::NoBlob(_)
        | Why::ForeignUpload(_)
        | Why::ForeignRealm(_)
        | Why::SignIn(_) => false,
    }
}
