//! Copies images from registry to registry: the bytes pass this program and are not kept.
//!
//! Blobs before manifests, children before the index, the tag last: what is tagged is complete. Every blob goes to a
//! registry once a run, however many images share it; other repositories mount it from there.
//!
//! Requests are the cost on a long line, so none only asks: an upload begins with the wish to mount the blob, from
//! where it is known to be or from the repository itself. The registry's answer is the blob, or the session that the
//! upload needs anyway. For `n` images with `b` blobs in their repositories, `u` of them different, and `m`
//! manifests that is `b + u + m` requests.

mod blob;
mod chunks;
mod error;
mod image;
mod listing;
mod table;
mod transfer;

use crate::{
    reference::{Digest, Platform, Reference, Registry},
    registry::Client,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use image::Node;
use std::sync::{Arc, atomic::AtomicBool};
use table::Table;
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

pub use error::CopyError;

/// Blobs whose bytes flow at once. Each holds buffers of both connections, so that this bounds the memory whatever the
/// layers' size; more of them do not fill a line any better.
const STREAMS: usize = 4;
/// Blobs that are on their way at once: those whose bytes flow, and those that the target stores after the last byte.
/// While it does, others flow.
const UPLOADS: usize = 24;
/// Manifests of one image that are worked on at once, and blobs of one manifest. The limits of the hosts are stricter.
const AT_ONCE: usize = 16;

/// Copies images to one registry, and remembers for the length of a run what is there.
#[derive(Debug, Clone)]
pub struct Copier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registries: Client,
    target: Registry,
    table: Table,
    streams: Arc<Semaphore>,
    uploads: Semaphore,
    /// Whether the target has refused to be asked for a mount: it is then not asked again.
    refuses_mounts: AtomicBool,
    /// Whether the target has shown that it keeps lists of referrers.
    keeps_lists: AtomicBool,
    /// Held while the tag that stands in for such a list is read and written back.
    listing: Mutex<()>,
}

/// Where an image goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The repository.
    pub repository: &'a str,
    /// The tag; none for what is only known by its digest.
    pub tag: Option<&'a str>,
    /// Whether the repository is likely to hold parts of the image already.
    pub before: Before,
    /// Whether the tag may hold something else by now.
    pub onto: Onto,
}

/// What of an image is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent<'a> {
    /// All that its digest leads to.
    Whole,
    /// A new index, whose digest is the image's, of some platforms of the source's.
    Platforms {
        /// The source's index.
        of: Digest,
        /// The platforms.
        platforms: &'a [Platform],
    },
}

/// What is done where a tag holds something else in the moment that it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// The tag moves.
    Any,
    /// The tag stays: it is asked for once more before it is set. No registry sets a tag only where it is free, so that
    /// a moment remains.
    Free {
        /// Until when it is known to be free, and not asked for.
        until: Instant,
    },
}

/// What the destination held before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing that is known of.
    Nothing,
    /// Another version of the image, or a broken one.
    Something,
}

impl Copier {
    /// Makes a copier to a registry.
    pub fn new(registries: Client, target: Registry) -> Self {
        Self(Arc::new(Inner {
            registries,
            target,
            table: Table::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            uploads: Semaphore::new(UPLOADS),
            refuses_mounts: AtomicBool::default(),
            keeps_lists: AtomicBool::default(),
            listing: Mutex::default(),
        }))
    }

    /// Copies the image with this digest whole, and returns when the registry has taken all of it.
    ///
    /// Every part was confirmed by the registry when it was sent, under a digest that the registry computed itself.
    ///
    /// # Errors
    /// [`CopyError`], which tells whose fault it is. The tag is then as it was before.
    pub async fn copy(
        &self,
        source: &Reference,
        digest: Digest,
        extent: Extent<'_>,
        place: Place<'_>,
    ) -> Result<(), CopyError> {
        let inner = &self.0;
        let repository: Arc<str> = place.repository.into();
        let from = blob::From::new(&inner.target, source, place.before);
        for mut level in image::read(&inner.registries, source, digest, extent).await? {
            let root = level.iter().position(|node| node.digest == digest).map(|at| level.swap_remove(at));
            stream::iter(&level)
                .map(|node| inner.part(&from, &repository, node))
                .buffer_unordered(AT_ONCE)
                .try_collect::<()>()
                .await?;
            if let Some(root) = root {
                inner.blobs(&from, &repository, &root).await?;
                if let (Onto::Free { until }, Some(tag)) = (place.onto, place.tag)
                    && Instant::now() >= until
                {
                    inner.check_free(&repository, tag, digest).await?;
                }
                inner.put(&repository, &root, place.tag).await?;
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Copies a manifest that another one names, once for a repository.
    async fn part(&self, from: &blob::From, repository: &Arc<str>, node: &Node) -> Result<(), CopyError> {
        match self.table.turn(node.digest, repository, table::Sharing::Repository).await {
            table::Turn::There => Ok(()),
            table::Turn::Go { claim, .. } => {
                self.blobs(from, repository, node).await?;
                self.put(repository, node, None).await?;
                claim.done();
                Ok(())
            }
        }
    }

    async fn blobs(&self, from: &blob::From, repository: &Arc<str>, node: &Node) -> Result<(), CopyError> {
        stream::iter(&node.blobs)
            .map(|blob| self.blob(from, repository, blob))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Refuses a tag that holds another image.
    async fn check_free(&self, repository: &str, tag: &str, digest: Digest) -> Result<(), CopyError> {
        let there = self.registries.head(&self.target, repository, tag).await.map_err(CopyError::Target)?;
        match there.map(|there| there.digest).filter(|there| *there != digest) {
            Some(holds) => Err(CopyError::Taken { reference: format!("{repository}:{tag}"), holds }),
            None => Ok(()),
        }
    }

    async fn put(&self, repository: &str, node: &Node, tag: Option<&str>) -> Result<(), CopyError> {
        let name = node.digest.to_string();
        let reference = tag.unwrap_or(&name);
        let put = self.registries.put_manifest(&self.target, repository, reference, &node.media_type, &node.bytes);
        let confirmed = match put.await.map_err(CopyError::Target)? {
            Some(confirmed) => Some(confirmed),
            // The header is a custom that the specification does not ask for.
            None => {
                let head = self.registries.head(&self.target, repository, reference).await;
                head.map_err(CopyError::Target)?.map(|head| head.digest)
            }
        };
        if confirmed == Some(node.digest) {
            return Ok(());
        }
        Err(CopyError::Unconfirmed { reference: format!("{repository}:{reference}"), digest: node.digest, confirmed })
    }
}
