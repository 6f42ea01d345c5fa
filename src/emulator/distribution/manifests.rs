//! Manifests: read by tag or digest, written when everything they name is there, deleted.

use super::unknown_repository;
use crate::{
    emulator::{
        World,
        call::{Call, Reply, empty, json_reply, registry_error, with},
        manifest::{Links, media_type},
        repository::{Manifest, Repository},
        state::Registry,
    },
    reference::Digest,
};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};

/// Manifests larger than this are refused (section 8.3).
const LARGEST: usize = 4 << 20;

pub(super) fn answer(world: &World, call: &Call, host: &str, repository: &str, reference: &str) -> Reply {
    match call.method {
        Method::GET | Method::HEAD => read(world, call, host, repository, reference),
        Method::PUT => write(world, call, host, repository, reference),
        Method::DELETE => delete(world, host, repository, reference),
        _ => empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn read(world: &World, call: &Call, host: &str, name: &str, reference: &str) -> Reply {
    let mut state = world.state();
    let Some(registry) = state.registries.get_mut(host) else { return unknown_repository(name) };
    if !registry.repositories.contains_key(name) {
        return unknown_repository(name);
    }
    let accept =
        call.headers.get_all("accept").iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    let found = registry.resolve(name, reference).and_then(|digest| shown(world, registry, name, digest, &accept));
    let Some((digest, found)) = found else { return unknown(reference) };
    let locks = registry.repositories.get(name).map(|it| (it.locks, it.tags.get(reference).map(|tag| tag.locks)));
    if locks.is_some_and(|(it, tag)| !it.read_enabled || tag.is_some_and(|tag| !tag.read_enabled)) {
        return unknown(reference);
    }
    let Some(bytes) = world.content().get(&digest) else { return unknown(reference) };
    let mut has_digest_header = true;
    let mut left = None;
    if let crate::emulator::state::Role::Source(facts) = &mut registry.role {
        has_digest_header = facts.digest_header;
        if facts.pulls_left == Some(0) && call.method == Method::GET {
            return throttled();
        }
        if call.method == Method::GET {
            facts.pulls_left = facts.pulls_left.map(|left| left.saturating_sub(1));
        }
        left = (host == "docker.io").then(|| facts.pulls_left.unwrap_or(100));
    }
    drop(state);
    let mut reply = with(bytes_reply(call, bytes), "content-type", &found.media_type);
    if has_digest_header {
        reply = with(with(reply, "docker-content-digest", digest.to_string()), "etag", format!("\"{digest}\""));
    }
    if let Some(left) = left {
        reply = with(reply, "ratelimit-limit", "100;w=21600");
        reply = with(reply, "ratelimit-remaining", format!("{left};w=21600"));
        reply = with(reply, "docker-ratelimit-source", "203.0.113.7");
    }
    reply
}

/// Returns what is answered for a digest under an `Accept` list.
///
/// Azure answers 404 for a type that was not asked for, save Docker's schema 2 (acr#741). Docker Hub converts a list
/// to the manifest of linux/amd64 for old clients, and so answers another digest. Others answer what they have.
fn shown(world: &World, registry: &Registry, name: &str, digest: Digest, accept: &str) -> Option<(Digest, Manifest)> {
    let repository = registry.repositories.get(name)?;
    let found = repository.manifests.get(&digest)?;
    let types = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    let is_accepted = types.into_iter().any(|it| it == found.media_type);
    if is_accepted || found.media_type == media_type::DOCKER_MANIFEST {
        return Some((digest, found.clone()));
    }
    if registry.azure().is_some() {
        return None;
    }
    if registry.host == "docker.io" {
        let links = Links::read(&world.content().get(&digest)?)?;
        if let Some(child) = links.manifests.first() {
            return Some((child.digest, repository.manifests.get(&child.digest)?.clone()));
        }
    }
    Some((digest, found.clone()))
}

/// A HEAD says how long the body would be.
pub(super) fn bytes_reply(call: &Call, bytes: Bytes) -> Reply {
    let length = bytes.len().to_string();
    let mut reply = empty(StatusCode::OK);
    if call.method != Method::HEAD {
        *reply.body_mut() = bytes;
    }
    with(reply, "content-length", length)
}

fn write(world: &World, call: &Call, host: &str, name: &str, reference: &str) -> Reply {
    let digest = Digest::of(&call.body);
    let invalid = |text: &str| registry_error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", text, &Value::Null);
    if call.body.len() > LARGEST {
        return registry_error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "SIZE_INVALID",
            "the manifest is too large",
            &Value::Null,
        );
    }
    let Some(links) = Links::read(&call.body) else { return invalid("manifest invalid") };
    let given = call.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media_type = if given.is_empty() { links.media_type.clone().unwrap_or_default() } else { given.to_owned() };
    if media_type.is_empty() || links.media_type.as_deref().is_some_and(|said| said != media_type) {
        return invalid("the media type of the manifest is not the one of the request");
    }
    let is_digest = reference.contains(':');
    if is_digest && reference.parse() != Ok(digest) {
        let text = "provided digest did not match uploaded content";
        return registry_error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", text, &Value::Null);
    }
    if !is_digest && crate::reference::Reference::new("registry.example", name, Some(reference), None).is_err() {
        return registry_error(StatusCode::BAD_REQUEST, "TAG_INVALID", "manifest tag is invalid", &Value::Null);
    }
    let mut state = world.state();
    let Some(registry) = state.registries.get_mut(host) else { return unknown_repository(name) };
    let Some(repository) = registry.repositories.get_mut(name) else {
        return blob_unknown(links.blobs().map(|blob| blob.digest).next().unwrap_or(digest));
    };
    if let Some(missing) = missing(repository, &links) {
        return missing;
    }
    let is_locked = |tag: &str| repository.tags.get(tag).is_some_and(|tag| !tag.locks.write_enabled);
    if !repository.locks.write_enabled || is_locked(reference) {
        return disallowed(reference);
    }
    world.content().put(call.body.clone());
    repository.add_manifest(digest, Manifest::new(&media_type, &call.body));
    if !is_digest {
        repository.set_tag(reference, digest);
    }
    drop(state);
    world.mark_changed();
    let reply = with(empty(StatusCode::CREATED), "location", format!("/v2/{name}/manifests/{digest}"));
    let reply = with(reply, "docker-content-digest", digest.to_string());
    // A registry with the referrers API says so (OCI distribution specification, "Pushing manifests with subject").
    match &links.subject {
        Some(subject) => with(reply, "oci-subject", subject.digest.to_string()),
        None => reply,
    }
}

/// Blobs and children must be there before the manifest that names them.
fn missing(repository: &Repository, links: &Links) -> Option<Reply> {
    if let Some(blob) = links.blobs().find(|blob| !repository.blobs.contains(&blob.digest)) {
        return Some(blob_unknown(blob.digest));
    }
    let child = links.manifests.iter().find(|child| !repository.manifests.contains_key(&child.digest))?;
    let detail = json!({"digest": child.digest});
    let text = format!("manifest {} is unknown to the repository", child.digest);
    Some(registry_error(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", &text, &detail))
}

fn blob_unknown(digest: Digest) -> Reply {
    let detail = json!({"Digest": digest});
    registry_error(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", &detail)
}

/// The text of section 7.4.
fn disallowed(tag: &str) -> Reply {
    let text = format!(
        "The image tag {tag} is locked. The operation is disallowed on this registry, repository or image. View \
         troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation-"
    );
    registry_error(StatusCode::METHOD_NOT_ALLOWED, "REGISTRY_DISALLOWED_OPERATION", &text, &Value::Null)
}

/// By digest only; takes all tags of the digest with it and what refers to it, and leaves the children of an index
/// (sections 7.1 and 10).
fn delete(world: &World, host: &str, name: &str, reference: &str) -> Reply {
    let Ok(digest) = reference.parse::<Digest>() else {
        return registry_error(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "a manifest is deleted by digest",
            &Value::Null,
        );
    };
    let mut state = world.state();
    let found = state.registries.get_mut(host).and_then(|registry| registry.repositories.get_mut(name));
    let Some(repository) = found else { return unknown_repository(name) };
    let Some(manifest) = repository.manifests.get(&digest) else { return unknown(reference) };
    let tags = repository.tags.values().filter(|tag| tag.digest == digest);
    let is_free = manifest.locks.may_delete() && repository.locks.may_delete();
    if !is_free || tags.into_iter().any(|tag| !tag.locks.may_delete()) {
        return disallowed(reference);
    }
    take(repository, digest);
    drop(state);
    world.mark_changed();
    empty(StatusCode::ACCEPTED)
}

/// Removes a manifest, and whatever names it as its subject.
fn take(repository: &mut Repository, digest: Digest) {
    let mut open = vec![digest];
    while let Some(digest) = open.pop() {
        repository.manifests.remove(&digest);
        repository.tags.retain(|_, tag| tag.digest != digest);
        let refers = repository.manifests.iter().filter(|(_, other)| other.subject == Some(digest));
        open.extend(refers.map(|(other, _)| *other));
    }
}

/// Lists what names a digest as its subject, as an index (OCI distribution specification, "Listing Referrers").
pub(super) fn referrers(world: &World, call: &Call, host: &str, name: &str, digest: &str) -> Reply {
    let Ok(subject) = digest.parse::<Digest>() else {
        return registry_error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is invalid", &Value::Null);
    };
    let state = world.state();
    let repository = state.registries.get(host).and_then(|registry| registry.repositories.get(name));
    let wanted = call.query("artifactType");
    let mut found = Vec::new();
    let manifests = repository.into_iter().flat_map(|repository| &repository.manifests);
    for (digest, manifest) in manifests.filter(|(_, it)| it.subject == Some(subject)) {
        let Some(bytes) = world.content().get(digest) else { continue };
        let Some(links) = Links::read(&bytes) else { continue };
        let kind =
            links.artifact_type.clone().or_else(|| links.config.as_ref().map(|config| config.media_type.clone()));
        if wanted.is_some_and(|wanted| kind.as_deref() != Some(wanted)) {
            continue;
        }
        let mut descriptor =
            json!({"mediaType": manifest.media_type, "digest": digest, "size": bytes.len(), "artifactType": kind});
        if let Some(annotations) = links.annotations {
            descriptor["annotations"] = annotations;
        }
        found.push(descriptor);
    }
    let body = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": found});
    let reply = with(json_reply(StatusCode::OK, &body), "content-type", media_type::OCI_INDEX);
    if wanted.is_some() { with(reply, "oci-filters-applied", "artifactType") } else { reply }
}

fn unknown(reference: &str) -> Reply {
    let kind = if reference.contains(':') { "" } else { "tagged by " };
    let text = format!("manifest {kind}\"{reference}\" is not found");
    registry_error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &text, &json!({"Tag": reference}))
}

/// The answer of section 17.
fn throttled() -> Reply {
    let text = "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: \
                https://www.docker.com/increase-rate-limit";
    registry_error(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", text, &Value::Null)
}
