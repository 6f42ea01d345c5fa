//! The storage that registries redirect blobs to.

use super::{
    World,
    call::{Call, Reply, text, with},
    distribution::serve,
    state::{Azure, Role},
    tasks,
};
use crate::reference::Digest;
use axum::http::StatusCode;

/// Returns the host of an Azure registry's storage.
pub(super) fn host(azure: &Azure) -> String {
    format!("{}.blob.core.windows.net", azure.name)
}

/// Serves a blob to whoever holds the signed address, and to nobody who brings other credentials along.
pub(super) fn answer(world: &World, call: &Call, registry: &str) -> Reply {
    let refused = |status, code: &str| {
        let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
        with(text(status, &body), "content-type", "application/xml")
    };
    // Azure Storage takes the header for its own and refuses the registry's token (section 7.1). Storage on a
    // subdomain of its registry cannot: programs in Go send their credentials on to it.
    let is_subdomain = call.host.strip_suffix(registry).is_some_and(|rest| rest.ends_with('.'));
    if call.header("authorization").is_some() && !is_subdomain {
        return refused(StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo");
    }
    if tasks::is_here(&call.path) {
        return tasks::answer(world, call, registry);
    }
    let path = call.path.strip_prefix("/blobs/").and_then(|path| path.rsplit_once('/'));
    let Some((repository, digest)) = path.filter(|_| call.is_get()) else {
        return refused(StatusCode::NOT_FOUND, "ResourceNotFound");
    };
    if call.query("sig") != Some(&world.mint().sign(digest)) {
        return refused(StatusCode::FORBIDDEN, "AuthenticationFailed");
    }
    let Ok(digest) = digest.parse::<Digest>() else { return refused(StatusCode::NOT_FOUND, "BlobNotFound") };
    let state = world.state();
    let Some(registry) = state.registries.get(registry) else { return refused(StatusCode::NOT_FOUND, "BlobNotFound") };
    let is_here = registry.repositories.get(repository).is_some_and(|repository| repository.blobs.contains(&digest));
    let has_ranges = match &registry.role {
        Role::Azure(_) => true,
        Role::Source(facts) => facts.ranges,
    };
    drop(state);
    match world.content().get(&digest).filter(|_| is_here) {
        Some(bytes) => serve(call, &bytes, has_ranges),
        None => refused(StatusCode::NOT_FOUND, "BlobNotFound"),
    }
}
