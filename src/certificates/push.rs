//! Push: an image to a registry that has all of it but a few small blobs; the tag is set last.

use super::{image::Image, read::Place};
use crate::{
    http::Patience,
    problem::{Problem, Side},
    reference::Digest,
    registry::{Begun, Finish, RegistryError},
};
use bytes::Bytes;

/// How often an upload is begun anew that the registry has forgotten.
const MOST_GONE: usize = 3;

/// Pushes what the registry lacks, and sets the tag.
pub(super) async fn push(place: &Place<'_>, image: &Image, tag: &str) -> Result<(), Problem> {
    for blob in &image.blobs {
        upload(place, blob).await.map_err(|error| refused(place, &error))?;
    }
    let count = image.manifests.len();
    for (at, (media_type, bytes)) in image.manifests.iter().enumerate() {
        let digest = Digest::of(bytes);
        let name = if at + 1 == count { tag.to_owned() } else { digest.to_string() };
        self::tag(place, &name, media_type, bytes).await?;
    }
    Ok(())
}

/// Puts a manifest under a tag, or under its digest.
pub(super) async fn tag(place: &Place<'_>, name: &str, media_type: &str, bytes: &Bytes) -> Result<(), Problem> {
    let put = place.registries.put_manifest(place.registry, place.repository, name, media_type, bytes).await;
    let stored = put.map_err(|error| refused(place, &error))?;
    if stored.is_some_and(|stored| stored != Digest::of(bytes)) {
        let what = format!("the registry stored {name} as another image than was sent");
        return Err(Problem::new(Side::Target, what).hint("Look for a proxy that changes what passes it."));
    }
    Ok(())
}

async fn upload(place: &Place<'_>, bytes: &Bytes) -> Result<(), RegistryError> {
    let Place { registries, registry, repository } = *place;
    let digest = Digest::of(bytes);
    if registries.has_blob(registry, repository, digest).await? {
        return Ok(());
    }
    let mut patience = Patience::new(registries.http());
    let mut gone = 0;
    loop {
        let session = match registries.begin_upload(registry, repository, digest, None).await? {
            Begun::Present => return Ok(()),
            Begun::Session(session) => session,
        };
        let size = bytes.len() as u64;
        let sent = registries.finish_upload(registry, repository, &session, digest, size, bytes.clone().into()).await;
        match sent {
            Ok(()) => return Ok(()),
            Err(Finish::Setback(setback)) => {
                patience.bear(setback).await.map_err(|error| RegistryError::http(registry, error))?;
            }
            Err(Finish::Gone(_)) if gone + 1 < MOST_GONE => gone += 1,
            Err(Finish::Gone(error) | Finish::Refused(error)) => return Err(error),
        }
    }
}

/// A refusal to write names the right that it takes.
fn refused(place: &Place<'_>, error: &RegistryError) -> Problem {
    let problem = error.problem(Side::Target);
    if error.is_denied() {
        return problem.hint(format!(
            "Grant this identity *AcrPush* on `{}`; in ABAC mode *Container Registry Repository Writer*.",
            place.registry
        ));
    }
    problem
}
