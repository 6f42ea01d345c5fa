//! `/acr/v1`: repositories, tags and manifests with their times and locks (section 7.2, API 2021-07-01).

use super::access::admit;
use crate::{
    emulator::{
        World,
        call::{Call, Reply, empty, json_reply, registry_error},
        distribution::page,
        manifest::Links,
        repository::{Locks, Manifest, Repository, Tag},
        state::Azure,
    },
    reference::Digest,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn answer(world: &World, call: &Call, azure: &Azure) -> Reply {
    let path = call.path.trim_start_matches("/acr/v1/").trim_end_matches('/');
    if path == "_catalog" {
        return catalog(world, call, azure);
    }
    let (repository, rest) = match (path.split_once("/_tags"), path.split_once("/_manifests")) {
        (Some((repository, rest)), _) => (repository, Part::Tag(rest.trim_start_matches('/'))),
        (None, Some((repository, rest))) => (repository, Part::Manifest(rest.trim_start_matches('/'))),
        (None, None) => (path, Part::Repository),
    };
    let action = match call.method {
        Method::GET => "metadata_read",
        Method::PATCH => "metadata_write",
        Method::DELETE => "delete",
        _ => return empty(StatusCode::METHOD_NOT_ALLOWED),
    };
    if let Err(reply) = admit(world, call, azure, "repository", repository, &[action]) {
        return *reply;
    }
    let mut state = world.state();
    let found = state.registries.get_mut(&azure.login_server).and_then(|it| it.repositories.get_mut(repository));
    let Some(found) = found else {
        // The text of the capture `acr-repository-show-tags-missing`.
        let text = format!("repository \"{repository}\" is not found");
        return registry_error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &text, &json!({"name": repository}));
    };
    let (reply, is_empty) = match call.method {
        Method::GET => (look(world, call, azure, repository, found, rest), false),
        // The answer is what is there now (`UpdateTagAttributes`, 2021-07-01; the Azure CLI prints it).
        Method::PATCH => match change(call, found, rest) {
            Ok(()) => (look(world, call, azure, repository, found, rest), false),
            Err(refusal) => (*refusal, false),
        },
        _ => remove(found, rest),
    };
    if is_empty && let Some(registry) = state.registries.get_mut(&azure.login_server) {
        registry.repositories.remove(repository);
    }
    drop(state);
    if call.method != Method::GET {
        world.mark_changed();
    }
    reply
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Repository,
    Tag(&'a str),
    Manifest(&'a str),
}

fn catalog(world: &World, call: &Call, azure: &Azure) -> Reply {
    if let Err(reply) = admit(world, call, azure, "registry", "catalog", &["*"]) {
        return *reply;
    }
    let state = world.state();
    let names = state.registries.get(&azure.login_server).into_iter().flat_map(|it| &it.repositories);
    let names: Vec<_> = names.filter(|(_, it)| it.locks.list_enabled).map(|(name, _)| name.clone()).collect();
    page(call, names, |name| name.clone(), |names| json!({"repositories": names}))
}

fn look(world: &World, call: &Call, azure: &Azure, name: &str, repository: &Repository, part: Part<'_>) -> Reply {
    let body = |key: &str, value: Value| json!({"registry": azure.login_server, "imageName": name, key: value});
    match part {
        Part::Repository => json_reply(
            StatusCode::OK,
            &json!({
                "registry": azure.login_server, "imageName": name, "createdTime": repository.created,
                "lastUpdateTime": repository.updated, "manifestCount": repository.manifests.len(),
                "tagCount": repository.tags.len(), "changeableAttributes": repository.locks,
            }),
        ),
        Part::Tag("") => {
            let wanted = call.query("digest");
            let tags = repository.tags.iter().filter(|(_, tag)| tag.locks.list_enabled);
            let tags = tags.filter(|(_, tag)| wanted.is_none_or(|wanted| tag.digest.to_string() == wanted));
            let mut tags: Vec<_> = tags.collect();
            order(call, &mut tags, |(_, tag)| tag.updated.clone());
            let about = |(name, tag): &(&String, &Tag)| about_tag(name, tag);
            page(call, tags, |(name, _)| (*name).clone(), |tags| body("tags", tags.iter().map(about).collect()))
        }
        Part::Tag(tag) => match repository.tags.get(tag) {
            Some(found) => json_reply(StatusCode::OK, &body("tag", about_tag(tag, found))),
            None => unknown_tag(tag),
        },
        Part::Manifest("") => {
            let mut manifests: Vec<_> = repository.manifests.iter().filter(|(_, it)| it.locks.list_enabled).collect();
            order(call, &mut manifests, |(_, manifest)| manifest.updated.clone());
            // What is said of each is looked up for the page alone: a repository can hold very many.
            let all = |manifests: &[(&Digest, &Manifest)]| {
                let mut tags: BTreeMap<&Digest, Vec<&String>> = manifests.iter().map(|(it, _)| (*it, vec![])).collect();
                for (name, tag) in &repository.tags {
                    if let Some(tags) = tags.get_mut(&tag.digest) {
                        tags.push(name);
                    }
                }
                let about = |(digest, it): &(&Digest, &Manifest)| about_manifest(world, &tags[digest], digest, it);
                body("manifests", manifests.iter().map(about).collect())
            };
            page(call, manifests, |(digest, _)| digest.to_string(), all)
        }
        Part::Manifest(digest) => {
            let found = digest.parse().ok().and_then(|digest| repository.manifests.get_key_value(&digest));
            match found {
                Some((digest, it)) => {
                    let tags = repository.tags.iter().filter(|(_, tag)| tag.digest == *digest).map(|(name, _)| name);
                    let about = about_manifest(world, &tags.collect::<Vec<_>>(), digest, it);
                    json_reply(StatusCode::OK, &body("manifest", about))
                }
                None => unknown_manifest(digest),
            }
        }
    }
}

fn order<T>(call: &Call, list: &mut [T], time: impl Fn(&T) -> String) {
    match call.query("orderby") {
        Some("timedesc") => list.sort_by_key(|item| std::cmp::Reverse(time(item))),
        Some("timeasc") => list.sort_by_key(|item| time(item)),
        _ => {}
    }
}

fn change(call: &Call, repository: &mut Repository, part: Part<'_>) -> Result<(), Box<Reply>> {
    let Some(body) = call.json().filter(Value::is_object) else {
        let what = "the body is no JSON object";
        return Err(Box::new(registry_error(StatusCode::BAD_REQUEST, "UNSUPPORTED", what, &Value::Null)));
    };
    let locks = match part {
        Part::Repository => Ok(&mut repository.locks),
        Part::Tag("") | Part::Manifest("") => Err(empty(StatusCode::METHOD_NOT_ALLOWED)),
        Part::Tag(tag) => repository.tags.get_mut(tag).map(|tag| &mut tag.locks).ok_or_else(|| unknown_tag(tag)),
        Part::Manifest(digest) => {
            let found = digest.parse().ok().and_then(|digest| repository.manifests.get_mut(&digest));
            found.map(|manifest| &mut manifest.locks).ok_or_else(|| unknown_manifest(digest))
        }
    };
    set(locks.map_err(Box::new)?, &body);
    Ok(())
}

/// The body is the flat object of attributes; what it leaves out stays as it is.
fn set(locks: &mut Locks, body: &Value) {
    for (field, name) in [
        (&mut locks.delete_enabled, "deleteEnabled"),
        (&mut locks.write_enabled, "writeEnabled"),
        (&mut locks.read_enabled, "readEnabled"),
        (&mut locks.list_enabled, "listEnabled"),
    ] {
        if let Some(value) = body[name].as_bool() {
            *field = value;
        }
    }
}

/// Removes, and tells whether the repository itself is to go.
fn remove(repository: &mut Repository, part: Part<'_>) -> (Reply, bool) {
    match part {
        Part::Repository => {
            let locks =
                repository.tags.values().map(|tag| tag.locks).chain(repository.manifests.values().map(|it| it.locks));
            if !repository.locks.may_delete() || locks.into_iter().any(|locks| !locks.may_delete()) {
                return (locked(), false);
            }
            let manifests: Vec<_> = repository.manifests.keys().collect();
            let tags: Vec<_> = repository.tags.keys().collect();
            (json_reply(StatusCode::ACCEPTED, &json!({"manifestsDeleted": manifests, "tagsDeleted": tags})), true)
        }
        Part::Tag(name) => match repository.tags.get(name) {
            Some(tag) if !tag.locks.may_delete() || !repository.locks.may_delete() => (locked(), false),
            Some(_) => {
                repository.tags.remove(name);
                (empty(StatusCode::ACCEPTED), false)
            }
            None => (unknown_tag(name), false),
        },
        Part::Manifest(_) => (empty(StatusCode::METHOD_NOT_ALLOWED), false),
    }
}

fn about_tag(name: &str, tag: &Tag) -> Value {
    json!({
        "name": name, "digest": tag.digest, "createdTime": tag.created, "lastUpdateTime": tag.updated,
        "signed": false, "changeableAttributes": tag.locks,
    })
}

fn about_manifest(world: &World, tags: &[&String], digest: &Digest, manifest: &Manifest) -> Value {
    let links = world.content().get(digest).and_then(|bytes| Links::read(&bytes));
    let size: u64 = links.iter().flat_map(Links::blobs).map(|blob| blob.size).sum();
    let mut about = json!({
        "digest": digest, "imageSize": size, "createdTime": manifest.created, "lastUpdateTime": manifest.updated,
        "mediaType": manifest.media_type, "changeableAttributes": manifest.locks,
    });
    if !tags.is_empty() {
        about["tags"] = json!(tags);
    }
    let config = links.and_then(|links| links.config);
    if let Some(config) = config {
        let content =
            world.content().get(&config.digest).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        about["configMediaType"] = json!(config.media_type);
        for name in ["architecture", "os"] {
            if let Some(value) = content.as_ref().and_then(|content| content.get(name)) {
                about[name] = value.clone();
            }
        }
    }
    about
}

fn locked() -> Reply {
    let text = "The operation is disallowed on this registry, repository or image. View troubleshooting steps at \
                https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation-";
    registry_error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", text, &Value::Null)
}

/// The text of azure-cli#31569.
fn unknown_tag(tag: &str) -> Reply {
    registry_error(StatusCode::NOT_FOUND, "TAG_UNKNOWN", "the specified tag does not exist", &json!({"name": tag}))
}

fn unknown_manifest(digest: &str) -> Reply {
    let text = format!("manifest {digest} is not found");
    registry_error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &text, &json!({"digest": digest}))
}
