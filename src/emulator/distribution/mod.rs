//! The distribution API (`/v2/`), for Azure registries and sources alike.
//!
//! Rules: OCI distribution specification 1.1; Azure's own habits: sections 7.1 and 7.3.

mod blobs;
mod manifests;
mod source;
mod uploads;

use super::{
    World,
    call::{Call, Refusal, Reply, empty, json_reply, registry_error, with},
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) use blobs::serve;
pub(super) use source::{answer_kubernetes, answer_source};

/// Who asks, before anything is answered.
pub(super) trait Gate {
    /// Admits to actions on a repository.
    fn admit(&self, repository: &str, actions: &[&str]) -> Result<(), Refusal>;
    /// Admits to the list of repositories.
    fn admit_catalog(&self) -> Result<(), Refusal>;
    /// Admits to `/v2/`.
    fn admit_ping(&self) -> Result<(), Refusal>;
    /// Returns whether a blob of this repository may be mounted elsewhere.
    fn may_pull(&self, repository: &str) -> bool;
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target<'a> {
    Ping,
    Catalog,
    Tags(&'a str),
    Manifest(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Referrers(&'a str, &'a str),
}

/// Answers a request to the registry of a host.
pub(super) fn answer(world: &World, call: &Call, host: &str, gate: &dyn Gate) -> Reply {
    let Some(target) = target(&call.path) else {
        return registry_error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "page not found", &Value::Null);
    };
    match reply(world, call, host, gate, target) {
        Ok(reply) => reply,
        Err(reply) => *reply,
    }
}

fn reply(world: &World, call: &Call, host: &str, gate: &dyn Gate, target: Target<'_>) -> Result<Reply, Refusal> {
    let is_get = call.is_get();
    match target {
        Target::Ping if is_get => {
            gate.admit_ping()?;
            Ok(json_reply(StatusCode::OK, &json!({})))
        }
        Target::Catalog if is_get => {
            gate.admit_catalog()?;
            Ok(catalog(world, call, host))
        }
        Target::Tags(repository) if is_get => {
            gate.admit(repository, &["pull"])?;
            Ok(tags(world, call, host, repository))
        }
        Target::Manifest(repository, reference) => {
            gate.admit(repository, needed(&call.method))?;
            Ok(manifests::answer(world, call, host, repository, reference))
        }
        Target::Blob(repository, digest) => {
            gate.admit(repository, needed(&call.method))?;
            Ok(blobs::answer(world, call, host, repository, digest))
        }
        Target::Uploads(repository) if call.method == Method::POST => {
            gate.admit(repository, &["pull", "push"])?;
            Ok(uploads::begin(world, call, host, repository, gate))
        }
        Target::Upload(repository, id) => {
            gate.admit(repository, &["pull", "push"])?;
            Ok(uploads::continue_(world, call, host, repository, id))
        }
        Target::Referrers(repository, digest) if is_get => {
            gate.admit(repository, &["pull"])?;
            if !has_lists(world, host) {
                return Ok(empty(StatusCode::NOT_FOUND));
            }
            Ok(manifests::referrers(world, call, host, repository, digest))
        }
        Target::Ping | Target::Catalog | Target::Tags(_) | Target::Uploads(_) | Target::Referrers(..) => {
            Ok(empty(StatusCode::METHOD_NOT_ALLOWED))
        }
    }
}

fn has_lists(world: &World, host: &str) -> bool {
    let state = world.state();
    state.registries.get(host).and_then(|registry| registry.azure()).is_none_or(|azure| azure.lists)
}

/// The scopes of section 6.3.
fn needed(method: &Method) -> &'static [&'static str] {
    match *method {
        Method::PUT => &["pull", "push"],
        Method::DELETE => &["delete"],
        _ => &["pull"],
    }
}

/// Reads a path from its end, because a repository may have any number of parts.
fn target(path: &str) -> Option<Target<'_>> {
    let path = path.strip_prefix("/v2")?;
    let path = match path.strip_prefix('/') {
        None if path.is_empty() => return Some(Target::Ping),
        None => return None,
        Some("") => return Some(Target::Ping),
        Some(path) => path,
    };
    if path == "_catalog" {
        return Some(Target::Catalog);
    }
    if let Some(repository) = path.strip_suffix("/tags/list") {
        return Some(Target::Tags(repository));
    }
    if let Some((repository, id)) = path.rsplit_once("/blobs/uploads") {
        return match id.strip_prefix('/').unwrap_or(id) {
            "" => Some(Target::Uploads(repository)),
            id => Some(Target::Upload(repository, id)),
        };
    }
    let split = |word| {
        path.rsplit_once(word).filter(|(repository, rest): &(&str, &str)| !repository.is_empty() && !rest.contains('/'))
    };
    None.or_else(|| split("/manifests/").map(|(repository, reference)| Target::Manifest(repository, reference)))
        .or_else(|| split("/blobs/").map(|(repository, digest)| Target::Blob(repository, digest)))
        .or_else(|| split("/referrers/").map(|(repository, digest)| Target::Referrers(repository, digest)))
}

fn catalog(world: &World, call: &Call, host: &str) -> Reply {
    let state = world.state();
    let names = state.registries.get(host).into_iter().flat_map(|registry| &registry.repositories);
    let names: Vec<_> = names.filter(|(_, it)| it.locks.list_enabled).map(|(name, _)| name.clone()).collect();
    drop(state);
    page(call, names, Clone::clone, |names| json!({"repositories": names}))
}

fn tags(world: &World, call: &Call, host: &str, name: &str) -> Reply {
    let state = world.state();
    let found = state.registries.get(host).and_then(|registry| registry.repositories.get(name));
    let Some(repository) = found else { return unknown_repository(name) };
    let tags = repository.tags.iter().filter(|(_, tag)| tag.locks.list_enabled).map(|(name, _)| name.clone()).collect();
    drop(state);
    page(call, tags, Clone::clone, |tags| json!({"name": name, "tags": tags}))
}

fn unknown_repository(name: &str) -> Reply {
    let text = format!("repository \"{name}\" is not found");
    registry_error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &text, &json!({"name": name}))
}

/// Answers one page of a list: `n` items behind `last`, with a `Link` to the next (section 7.2, "Pages").
pub(super) fn page<T>(call: &Call, items: Vec<T>, name: impl Fn(&T) -> String, body: impl Fn(&[T]) -> Value) -> Reply {
    let number = call.query("n").and_then(|number| number.parse().ok()).unwrap_or(100_usize);
    let begin = call.query("last").map_or(0, |last| {
        // A marker that is gone leads to what would have followed it.
        let follows = || items.partition_point(|item| name(item).as_str() <= last);
        match call.query("orderby") {
            None => follows(),
            Some(_) => items.iter().position(|item| name(item) == last).map_or_else(follows, |at| at + 1),
        }
    });
    let end = begin.saturating_add(number).min(items.len());
    let shown = &items[begin.min(end)..end];
    let reply = json_reply(StatusCode::OK, &body(shown));
    match shown.last() {
        Some(last) if end < items.len() => {
            let order = call.query("orderby").map(|order| format!("&orderby={order}")).unwrap_or_default();
            let path = call.target.split('?').next().unwrap_or_default();
            with(reply, "link", format!("<{path}?last={}&n={number}{order}>; rel=\"next\"", name(last)))
        }
        _ => reply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_its_end() {
        for (path, wanted) in [
            ("/v2", Target::Ping),
            ("/v2/", Target::Ping),
            ("/v2/_catalog", Target::Catalog),
            ("/v2/a/b/tags/list", Target::Tags("a/b")),
            ("/v2/a/manifests/1", Target::Manifest("a", "1")),
            ("/v2/blobs/manifests/manifests/1", Target::Manifest("blobs/manifests", "1")),
            ("/v2/a/blobs/sha256:00", Target::Blob("a", "sha256:00")),
            ("/v2/a/blobs/uploads/", Target::Uploads("a")),
            ("/v2/a/blobs/uploads", Target::Uploads("a")),
            ("/v2/a/blobs/uploads/7", Target::Upload("a", "7")),
            ("/v2/a/referrers/sha256:00", Target::Referrers("a", "sha256:00")),
        ] {
            assert_eq!(target(path), Some(wanted), "{path}");
        }
        for path in ["/", "/v3/", "/v2x", "/v2/a", "/v2/manifests/1"] {
            assert_eq!(target(path), None, "{path}");
        }
    }
}
