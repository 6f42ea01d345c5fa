//! Downloads: a blob piece by piece, resumed from the byte that was reached.

use super::{Client, DOCUMENT_LIMIT, Manner, RegistryError, Why, access::Access, base};
use crate::{
    http::{HttpError, Incoming, Load, Patience, Setback},
    reference::{Digest, Registry},
};
use bytes::Bytes;
use reqwest::{StatusCode, header};
use std::sync::Arc;

/// Up to this size, in bytes, a blob may be held whole, and needs no connection of its own.
pub(crate) const SMALL: u64 = 128 << 10;
/// How often a download that gets on is taken up again before it is given up.
const MOST_BREAKS: u32 = 100;

/// A blob on its way from a registry. The digest is for the reader to check: only it sees all bytes.
#[derive(Debug)]
pub struct Download {
    client: Client,
    registry: Registry,
    repository: Arc<str>,
    digest: Digest,
    size: u64,
    /// How many bytes were returned.
    at: u64,
    /// How many bytes of the present body were returned before: a registry without ranges begins anew.
    skip: u64,
    body: Option<Incoming>,
    patience: Patience,
    breaks: u32,
    /// Whether bytes have come since the last break.
    has_moved: bool,
}

impl Client {
    /// Begins a download of `size` bytes. Nothing is asked before the first piece is.
    pub fn download(&self, registry: &Registry, repository: &Arc<str>, digest: Digest, size: u64) -> Download {
        Download {
            client: self.clone(),
            registry: registry.clone(),
            repository: Arc::clone(repository),
            digest,
            size,
            at: 0,
            skip: 0,
            body: None,
            patience: Patience::new(&self.http),
            breaks: 0,
            has_moved: false,
        }
    }
}

impl Download {
    /// Begins behind bytes that the reader has.
    #[must_use]
    pub(crate) fn after(self, at: u64) -> Self {
        Self { at, ..self }
    }

    /// Returns the next piece, or `None` when all bytes were returned.
    ///
    /// # Errors
    /// [`Why::WrongSize`] when the registry has more bytes than the size that was named; else as [`Client::head`],
    /// after the download was taken up again as often as the cause allows.
    pub async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        while self.at < self.size {
            let Some(body) = &mut self.body else {
                self.open().await?;
                continue;
            };
            let error = match body.next().await {
                Ok(Some(piece)) => match self.taken(piece)? {
                    Some(piece) => return Ok(Some(piece)),
                    None => continue,
                },
                // The end came early: with a length that lied, or in chunks.
                Ok(None) => body.ended(self.at, self.size),
                Err(error) => error,
            };
            self.body = None;
            self.broke(error).await?;
        }
        Ok(None)
    }

    /// Counts a piece, and takes off what was returned before.
    fn taken(&mut self, mut piece: Bytes) -> Result<Option<Bytes>, RegistryError> {
        if self.skip > 0 {
            let known = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
            drop(piece.split_to(known));
            self.skip -= known as u64;
        }
        if piece.is_empty() {
            return Ok(None);
        }
        self.at += piece.len() as u64;
        if self.at > self.size {
            return Err(self.wrong_size());
        }
        self.has_moved = true;
        Ok(Some(piece))
    }

    async fn broke(&mut self, error: HttpError) -> Result<(), RegistryError> {
        self.breaks += 1;
        if std::mem::take(&mut self.has_moved) && self.breaks < MOST_BREAKS {
            // A large layer over a poor line breaks often and gets on all the same.
            self.patience = Patience::new(&self.client.http);
        }
        let setback = Setback::broken(error);
        self.patience.bear(setback).await.map_err(|error| RegistryError::http(&self.registry, error))
    }

    async fn open(&mut self) -> Result<(), RegistryError> {
        let url = format!("{}/v2/{}/blobs/{}", base(&self.registry), self.repository, self.digest);
        let at = self.at;
        let make = |client: &reqwest::Client| {
            // Compression on the way would change the bytes that the digest names.
            let request = client.get(&url).header(header::ACCEPT_ENCODING, "identity");
            if at > 0 { request.header(header::RANGE, format!("bytes={at}-")) } else { request }
        };
        let access = Access::pull(&self.repository);
        let load = if self.size > SMALL { Load::Download } else { Load::Little };
        let opened = self.client.signed(&self.registry, access, make, Manner::Stream(load), DOCUMENT_LIMIT).await?;
        let reply = &opened.reply;
        match reply.status {
            StatusCode::PARTIAL_CONTENT if at > 0 && reply.header("content-range").and_then(begin) == Some(at) => {
                self.skip = 0;
            }
            StatusCode::OK => self.skip = at,
            StatusCode::NOT_FOUND => return Err(RegistryError::new(&self.registry, Why::NoBlob(self.digest))),
            // It has fewer bytes than it said.
            StatusCode::RANGE_NOT_SATISFIABLE => return Err(self.wrong_size()),
            _ => return Err(self.client.refused(&self.registry, reply)),
        }
        self.body = opened.body;
        Ok(())
    }

    /// Names bytes that are not those of the digest.
    pub(crate) fn wrong_digest(&self, got: Digest) -> RegistryError {
        RegistryError::new(&self.registry, Why::WrongDigest { asked: self.digest, got })
    }

    fn wrong_size(&self) -> RegistryError {
        RegistryError::new(&self.registry, Why::WrongSize { digest: self.digest, named: self.size })
    }
}

/// Reads where a range begins: `bytes 5-9/10`.
fn begin(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}
