//! Listing: what refers to an image is found at a registry that keeps no lists of its own.

use super::{CopyError, Inner};
use crate::{
    reference::{Digest, Reference},
    registry::Manifest,
};
use std::sync::atomic::Ordering;

impl super::Copier {
    /// Makes artifacts that were copied to a repository findable by their subject.
    ///
    /// A registry with the referrers API does that by itself; elsewhere the tag that stands in for it is made or
    /// extended, as clients have to (OCI distribution specification, "Pushing Manifests with Subject").
    ///
    /// # Errors
    /// [`CopyError`].
    pub async fn list(
        &self,
        source: &Reference,
        repository: &str,
        subject: Digest,
        referrers: &[Digest],
    ) -> Result<(), CopyError> {
        let inner = &self.0;
        if inner.keeps_lists.load(Ordering::Relaxed) {
            return Ok(());
        }
        let list = inner.registries.referrers_list(&inner.target, repository, subject).await;
        if list.map_err(CopyError::Target)?.is_some() {
            inner.keeps_lists.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let mut new = Vec::with_capacity(referrers.len());
        for &digest in referrers {
            new.push((digest, inner.known(source, digest).await?));
        }
        // Two that read the same list and write it back would lose an entry.
        let _turn = inner.listing.lock().await;
        let listed = inner.registries.list_by_tag(&inner.target, repository, subject, &new).await;
        listed.map_err(CopyError::Target)
    }
}

impl Inner {
    async fn known(&self, source: &Reference, digest: Digest) -> Result<Manifest, CopyError> {
        let (registry, repository) = (source.host(), source.repository());
        let known = self.registries.known_manifest(&registry, repository, digest).await;
        let no_manifest = || CopyError::NoManifest { registry, repository: repository.to_owned(), digest };
        known.map_err(CopyError::Source)?.ok_or_else(no_manifest)
    }
}
