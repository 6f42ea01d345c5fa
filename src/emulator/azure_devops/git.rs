//! Git: files and commits.

use super::{
    ask::{Ask, invalid},
    organization::Repository,
    refusal::{Fault, error},
};
use crate::emulator::{
    TreeEntry,
    call::{Refusal, Reply, json_reply, text, with},
};
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::json;

/// `GET …/items?path=&versionDescriptor.version=&versionDescriptor.versionType=`
pub(super) fn item(ask: &Ask<'_>, it: &Repository) -> Result<Reply, Refusal> {
    let query = |name: &str| ask.call.query(name).filter(|value| !value.is_empty());
    let path = query("path").ok_or_else(|| invalid("A path must be specified."))?;
    let version = query("versionDescriptor.version").unwrap_or("main");
    let id = match query("versionDescriptor.versionType").unwrap_or("branch") {
        "commit" => version,
        "branch" => it.branches.get(version).map(String::as_str).unwrap_or_default(),
        other => return Err(invalid(&format!("The version type {other} is not known."))),
    };
    let commit = it.commits.get(id).ok_or_else(|| {
        let why = format!(
            "TF401175: The version descriptor <Commit: {version} > could not be resolved to a \
            version in the repository {}",
            it.name
        );
        Box::new(error(StatusCode::NOT_FOUND, Fault::NO_COMMIT, &why))
    })?;
    let name = path.trim_start_matches('/');
    let wants_json = query("$format") == Some("json")
        || query("$format").is_none()
            && ask.call.header("accept").is_some_and(|kind| kind.starts_with("application/json"));
    let found = commit.tree.get(name);
    let is_folder = commit.tree.keys().any(|file| file.starts_with(&format!("{name}/")));
    if found.is_none() && !is_folder {
        let why = format!(
            "TF401174: The item '/{name}' could not be found in the repository '{}' at the version specified by \
                '<Commit: {version} >' (resolved to commit '{id}')",
            it.name
        );
        return Err(Box::new(error(StatusCode::NOT_FOUND, Fault::NO_ITEM, &why)));
    }
    let bytes = match found {
        Some(TreeEntry::File(bytes)) if !wants_json => bytes.clone(),
        Some(TreeEntry::Symlink(target)) if !wants_json => target.clone().into_bytes(),
        found => {
            let kind = match found {
                Some(TreeEntry::Submodule { .. }) => "commit",
                None => "tree",
                Some(TreeEntry::File(_) | TreeEntry::Symlink(_)) => "blob",
            };
            let mut shape = json!({
                "objectId": crate::emulator::github::blob_sha(name.as_bytes()), "gitObjectType": kind, "commitId": id,
                "path": format!("/{name}"), "url": format!("{}/items", ask.root),
            });
            // Fields that are false are left out.
            if found.is_none() {
                shape["isFolder"] = true.into();
            }
            if matches!(found, Some(TreeEntry::Symlink(_))) {
                shape["isSymLink"] = true.into();
            }
            return Ok(json_reply(StatusCode::OK, &shape));
        }
    };
    let reply = text(StatusCode::OK, "").map(|_: Bytes| Bytes::from(bytes));
    Ok(with(reply, "content-type", "text/plain; charset=utf-8"))
}

/// `GET …/commits/{commitId}`
pub(super) fn commit(ask: &Ask<'_>, it: &Repository, id: &str) -> Result<Reply, Refusal> {
    let commit = it.commits.get(id).ok_or_else(|| {
        let why = format!(
            "TF401175: The version descriptor <Commit: {id} > could not be resolved to a version in the repository {}",
            it.name
        );
        Box::new(error(StatusCode::NOT_FOUND, Fault::NO_COMMIT, &why))
    })?;
    let person = json!({"name": "Octavia", "email": "octavia@contoso.example", "date": "2026-01-01T00:00:00Z"});
    let body = json!({
        "commitId": commit.id, "parents": commit.parents, "treeId": commit.id, "author": person, "committer": person,
        "comment": "A commit", "url": format!("{}/commits/{id}", ask.root), "remoteUrl": ask.root,
    });
    Ok(json_reply(StatusCode::OK, &body))
}
