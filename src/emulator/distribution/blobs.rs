//! Blobs: found, redirected to storage, served in whole and in ranges, or deleted.

use super::manifests::bytes_reply;
use crate::{
    emulator::{
        World,
        call::{Call, Reply, empty, redirect, registry_error, with},
        state::Role,
    },
    reference::Digest,
};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use serde_json::json;

pub(super) fn answer(world: &World, call: &Call, host: &str, repository: &str, digest: &str) -> Reply {
    let unknown = || {
        let detail = json!({"digest": digest});
        registry_error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry", &detail)
    };
    let Ok(wanted) = digest.parse::<Digest>() else {
        return registry_error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is invalid", &json!(digest));
    };
    match call.method {
        Method::GET | Method::HEAD => {}
        Method::DELETE if remove(world, host, repository, &wanted) => return empty(StatusCode::ACCEPTED),
        Method::DELETE => return unknown(),
        _ => return empty(StatusCode::METHOD_NOT_ALLOWED),
    }
    let state = world.state();
    let Some(registry) = state.registries.get(host) else { return unknown() };
    let is_here = registry.repositories.get(repository).is_some_and(|repository| repository.blobs.contains(&wanted));
    let storage = registry.storage_host().filter(|_| !call.is_direct);
    let has_ranges = match &registry.role {
        Role::Azure(_) => true,
        Role::Source(facts) => facts.ranges,
    };
    drop(state);
    if !is_here {
        return unknown();
    }
    match storage {
        // Azure answers HEAD itself or redirects it (section 7.1); here it is the GET that always goes elsewhere.
        Some(storage) if call.method == Method::GET => {
            let signature = world.mint().sign(digest);
            redirect(&format!("https://{storage}/blobs/{repository}/{digest}?sig={signature}"))
        }
        _ => match world.content().get(&wanted) {
            Some(bytes) => with(serve(call, &bytes, has_ranges), "docker-content-digest", digest),
            None => unknown(),
        },
    }
}

/// Removes a blob from one repository; its bytes stay where other repositories name them.
fn remove(world: &World, host: &str, repository: &str, digest: &Digest) -> bool {
    let mut state = world.state();
    let found = state.registries.get_mut(host).and_then(|registry| registry.repositories.get_mut(repository));
    let is_removed = found.is_some_and(|repository| repository.blobs.remove(digest));
    drop(state);
    if is_removed {
        world.mark_changed();
    }
    is_removed
}

/// Serves bytes, or the range of them that was asked for (RFC 9110, 14.2).
pub(in super::super) fn serve(call: &Call, bytes: &Bytes, has_ranges: bool) -> Reply {
    let reply = |bytes: Bytes| with(bytes_reply(call, bytes), "content-type", "application/octet-stream");
    if !has_ranges {
        return reply(bytes.clone());
    }
    let Some(range) = call.header("range").and_then(|range| range.strip_prefix("bytes=")) else {
        return with(reply(bytes.clone()), "accept-ranges", "bytes");
    };
    let whole = bytes.len();
    let bounds = match range.split_once('-') {
        Some(("", last)) => last.parse::<usize>().ok().map(|last| (whole.saturating_sub(last), whole)),
        Some((first, "")) => first.parse().ok().map(|first| (first, whole)),
        Some((first, last)) => first
            .parse()
            .ok()
            .zip(last.parse::<usize>().ok())
            .map(|(first, last)| (first, last.saturating_add(1).min(whole))),
        None => None,
    };
    match bounds {
        Some((first, end)) if first < end => {
            let mut part = reply(bytes.slice(first..end));
            *part.status_mut() = StatusCode::PARTIAL_CONTENT;
            with(part, "content-range", format!("bytes {first}-{}/{whole}", end - 1))
        }
        _ => with(empty(StatusCode::RANGE_NOT_SATISFIABLE), "content-range", format!("bytes */{whole}")),
    }
}
