//! Asks the destination afresh and compares: "the request succeeded" is no evidence, what the registry serves is.

use crate::{
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{Client, RegistryError, TagState},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// An image nested deeper than this is no image of ours.
const DEEPEST: usize = 5;
const AT_ONCE: usize = 8;

/// Proves that a registry serves images whole. Remembers what it has seen, for images share layers.
#[derive(Debug, Clone)]
pub struct Verifier {
    registries: Client,
    target: Registry,
    seen: Arc<Mutex<HashSet<(String, Digest)>>>,
}

/// Why an image is not proved.
#[derive(Debug, Clone)]
pub enum Unproved {
    /// The registry's data plane could not be asked; nothing speaks against the image.
    NotAsked(Problem),
    /// The registry does not serve what was planned.
    Wrong(Problem),
}

impl Verifier {
    /// Makes a verifier for the data plane of the target.
    pub fn new(registries: Client, target: Registry) -> Self {
        Self { registries, target, seen: Arc::default() }
    }

    /// Returns what the tag stands for now.
    ///
    /// # Errors
    /// When the registry could not be asked.
    pub async fn serves(&self, repository: &str, tag: &str) -> Result<Option<Digest>, RegistryError> {
        Ok(self.registries.head(&self.target, repository, tag).await?.map(|head| head.digest))
    }

    /// Returns what the tag of an ACR stands for now, and whether it is locked.
    ///
    /// # Errors
    /// When the registry could not be asked.
    pub async fn held(&self, repository: &str, tag: &str) -> Result<Option<TagState>, RegistryError> {
        self.registries.acr_tag(&self.target, repository, tag).await
    }

    /// Confirms that the tag stands for `digest`, and that its children and blobs are there.
    ///
    /// # Errors
    /// [`Unproved`], told apart by whether the registry answered.
    pub async fn confirm(&self, repository: &str, tag: &str, digest: Digest) -> Result<(), Unproved> {
        match self.serves(repository, tag).await {
            Ok(Some(served)) if served == digest => self.whole(repository, digest).await,
            Ok(Some(served)) => Err(wrong(format!("`{repository}:{tag}` serves {served} and not {digest}"))),
            Ok(None) => Err(wrong(format!("`{repository}:{tag}` does not exist after the import"))),
            Err(error) => Err(not_asked(&error)),
        }
    }

    /// Confirms that an image is there whole: walks from its manifest down to the blobs.
    ///
    /// # Errors
    /// As [`Verifier::confirm`].
    pub async fn whole(&self, repository: &str, digest: Digest) -> Result<(), Unproved> {
        let mut level = vec![digest];
        for _ in 0..DEEPEST {
            let manifests: Vec<_> = stream::iter(level)
                .map(|digest| async move {
                    let found = self.registries.manifest(&self.target, repository, digest).await;
                    match found.map_err(|error| answer(&error))? {
                        Some(manifest) => Ok(manifest),
                        None => Err(missing("manifest", repository, digest)),
                    }
                })
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await?;
            let blobs: HashSet<_> =
                manifests.iter().flat_map(|manifest| manifest.blobs().map(|blob| blob.digest)).collect();
            stream::iter(blobs)
                .map(|blob| self.blob(repository, blob))
                .buffer_unordered(AT_ONCE)
                .try_collect::<()>()
                .await?;
            let children: HashSet<_> =
                manifests.iter().flat_map(|manifest| manifest.children.iter().map(|child| child.digest)).collect();
            if children.is_empty() {
                return Ok(());
            }
            level = children.into_iter().collect();
        }
        Err(wrong(format!("`{repository}@{digest}` is nested without an end")))
    }

    async fn blob(&self, repository: &str, digest: Digest) -> Result<(), Unproved> {
        let key = (repository.to_owned(), digest);
        if self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return Ok(());
        }
        match self.registries.has_blob(&self.target, repository, digest).await {
            Ok(true) => {
                self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
                Ok(())
            }
            Ok(false) => Err(missing("layer or configuration", repository, digest)),
            Err(error) => Err(answer(&error)),
        }
    }
}

/// A registry that answers with the wrong bytes has been asked; one that does not answer has not.
fn answer(error: &RegistryError) -> Unproved {
    match error.why() {
        crate::registry::Why::WrongDigest { .. } | crate::registry::Why::Unreadable { .. } => {
            Unproved::Wrong(error.problem(Side::Target))
        }
        _ => not_asked(error),
    }
}

fn not_asked(error: &RegistryError) -> Unproved {
    Unproved::NotAsked(error.problem(Side::Target))
}

fn missing(what: &str, repository: &str, digest: Digest) -> Unproved {
    wrong(format!("the registry lacks a {what} of the image: `{repository}@{digest}`"))
}

fn wrong(what: String) -> Unproved {
    Unproved::Wrong(
        Problem::new(Side::Target, what)
            .hint("Run again: the import is repeated. Do not deploy this tag until it is verified."),
    )
}
