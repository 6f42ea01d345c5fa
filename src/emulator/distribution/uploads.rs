//! Uploads: begun, continued in chunks, finished under a digest; or a blob mounted from another repository.

use super::Gate;
use crate::{
    emulator::{
        World,
        call::{Call, Reply, empty, registry_error, with},
    },
    reference::Digest,
};
use axum::http::{Method, StatusCode};
use serde_json::Value;

/// Begins an upload. With `mount` and `from` the blob is taken over where the caller may read it; with `digest` the
/// body is the whole blob.
pub(super) fn begin(world: &World, call: &Call, host: &str, repository: &str, gate: &dyn Gate) -> Reply {
    if let Some(digest) = call.query("mount").and_then(|digest| digest.parse::<Digest>().ok()) {
        let from = call.query("from");
        let mut state = world.state();
        let has = |name: &str| {
            let found = state.registries.get(host).and_then(|registry| registry.repositories.get(name));
            found.is_some_and(|repository| repository.blobs.contains(&digest))
        };
        let is_there = from.is_some_and(has);
        drop(state);
        if is_there && from.is_some_and(|from| gate.may_pull(from)) {
            state = world.state();
            if let Some(registry) = state.registries.get_mut(host) {
                registry.repository(repository).blobs.insert(digest);
            }
            drop(state);
            world.mark_changed();
            return created(repository, &digest);
        }
    }
    let id = uuid::Uuid::new_v4().to_string();
    world.state().uploads.insert(id.clone(), call.take_upload());
    if call.query("digest").is_some() {
        return finish(world, call, host, repository, &id);
    }
    accepted(repository, &id, 0, StatusCode::ACCEPTED)
}

/// Continues, finishes, tells of, or drops an upload.
pub(super) fn continue_(world: &World, call: &Call, host: &str, repository: &str, id: &str) -> Reply {
    let mut state = world.state();
    let Some(held) = state.uploads.get_mut(id) else {
        return registry_error(
            StatusCode::NOT_FOUND,
            "BLOB_UPLOAD_UNKNOWN",
            "blob upload unknown to registry",
            &Value::Null,
        );
    };
    match call.method {
        Method::GET => accepted(repository, id, held.length(), StatusCode::NO_CONTENT),
        Method::DELETE => {
            state.uploads.remove(id);
            empty(StatusCode::NO_CONTENT)
        }
        Method::PATCH | Method::PUT => {
            let begin = call.header("content-range").and_then(|range| range.split('-').next()?.parse::<u64>().ok());
            if begin.is_some_and(|begin| begin != held.length()) {
                let length = held.length();
                return accepted(repository, id, length, StatusCode::RANGE_NOT_SATISFIABLE);
            }
            if held.append(call.take_upload()).is_err() {
                return no_room();
            }
            let length = held.length();
            drop(state);
            if call.method == Method::PATCH {
                return accepted(repository, id, length, StatusCode::ACCEPTED);
            }
            finish(world, call, host, repository, id)
        }
        _ => empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn finish(world: &World, call: &Call, host: &str, repository: &str, id: &str) -> Reply {
    let held = world.state().uploads.remove(id).unwrap_or_default();
    let digest = held.digest();
    if call.query("digest").and_then(|wanted| wanted.parse().ok()) != Some(digest) {
        let text = "provided digest did not match uploaded content";
        return registry_error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", text, &Value::Null);
    }
    if world.content().take(held).is_err() {
        return no_room();
    }
    if let Some(registry) = world.state().registries.get_mut(host) {
        registry.repository(repository).blobs.insert(digest);
    }
    world.mark_changed();
    created(repository, &digest)
}

fn no_room() -> Reply {
    registry_error(StatusCode::INSUFFICIENT_STORAGE, "UNKNOWN", "there is no room for the upload", &Value::Null)
}

fn created(repository: &str, digest: &Digest) -> Reply {
    let reply = with(empty(StatusCode::CREATED), "location", format!("/v2/{repository}/blobs/{digest}"));
    with(reply, "docker-content-digest", digest.to_string())
}

/// The address is relative, as Azure's is (section 7.1), and carries a query that must be kept.
fn accepted(repository: &str, id: &str, length: u64, status: StatusCode) -> Reply {
    let reply = with(empty(status), "location", format!("/v2/{repository}/blobs/uploads/{id}?_nouploadcache=false"));
    let reply = with(reply, "docker-upload-uuid", id);
    with(reply, "range", format!("0-{}", length.saturating_sub(1)))
}
