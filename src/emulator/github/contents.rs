//! Contents: a path of a commit, in the forms it can be asked for.
//!
//! The rules of size, links, submodules and folders are those of docs, "Get repository content".

use super::{
    ask::Ask,
    commit::{Commit, TreeEntry, blob_sha, repository_api, sha_of},
    hub::Repository,
    refusal::{error, not_found},
};
use crate::emulator::call::{Refusal, Reply, json_reply, with};
use axum::http::{Response, StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Up to here a file comes in every form.
const SMALL: usize = 1 << 20;
/// Up to here it comes raw.
const LARGE: usize = 100 << 20;

/// `GET /repos/{owner}/{repo}/contents/{path}`
pub(super) fn get(ask: &Ask<'_>, repository: &Repository, path: &str) -> Result<Reply, Refusal> {
    ask.reads(&["contents"])?;
    let revision = ask.call.query("ref").filter(|it| !it.is_empty()).unwrap_or(&repository.default_branch);
    let Some(commit) = repository.resolve(revision) else {
        return Err(Box::new(error(StatusCode::NOT_FOUND, &format!("No commit found for the ref {revision}"))));
    };
    let spot = Spot { ask, repository, commit, revision };
    match commit.tree.get(path) {
        Some(TreeEntry::Symlink(target)) => Ok(spot.symlink(path, target)),
        Some(TreeEntry::File(bytes)) => Ok(spot.file(path, bytes)),
        Some(TreeEntry::Submodule { url, sha }) => {
            let mut shape = spot.entry(path, "submodule", sha, 0);
            shape["submodule_git_url"] = url.as_str().into();
            Ok(json_reply(StatusCode::OK, &shape))
        }
        None => spot.folder(path),
    }
}

/// A commit of a repository, asked for under some name.
struct Spot<'a> {
    ask: &'a Ask<'a>,
    repository: &'a Repository,
    commit: &'a Commit,
    revision: &'a str,
}

impl Spot<'_> {
    fn file(&self, path: &str, bytes: &[u8]) -> Reply {
        if bytes.len() > LARGE {
            return too_large();
        }
        if self.ask.media() == "raw" {
            return raw(bytes);
        }
        let mut shape = self.entry(path, "file", &blob_sha(bytes), bytes.len());
        let is_small = bytes.len() <= SMALL;
        // What the docs say of the object form is what callers see of the plain one as well.
        shape["content"] = if is_small { wrapped(bytes).into() } else { "".into() };
        shape["encoding"] = if is_small { "base64" } else { "none" }.into();
        json_reply(StatusCode::OK, &shape)
    }

    /// A link to a file of the repository is answered with that file.
    fn symlink(&self, path: &str, target: &str) -> Reply {
        if let Some(TreeEntry::File(bytes)) = beside(path, target).and_then(|to| self.commit.tree.get(&to)) {
            return self.file(path, bytes);
        }
        if self.ask.media() == "raw" {
            return raw(target.as_bytes());
        }
        let mut shape = self.entry(path, "symlink", &blob_sha(target.as_bytes()), target.len());
        shape["target"] = target.into();
        json_reply(StatusCode::OK, &shape)
    }

    fn folder(&self, path: &str) -> Result<Reply, Refusal> {
        let entries = self.entries(path);
        if entries.is_empty() && !(path.is_empty() && self.commit.tree.is_empty()) {
            return Err(Box::new(not_found()));
        }
        if self.ask.media() != "object" {
            return Ok(json_reply(StatusCode::OK, &entries.into()));
        }
        let mut shape = self.entry(path, "dir", &sha_of(&format!("{}:{path}", self.commit.sha)), 0);
        shape["entries"] = entries.into();
        Ok(json_reply(StatusCode::OK, &shape))
    }

    fn entries(&self, folder: &str) -> Vec<Value> {
        let before = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut found = BTreeMap::new();
        for (path, entry) in &self.commit.tree {
            let Some(rest) = path.strip_prefix(&before) else { continue };
            let shape = match (rest.split_once('/'), entry) {
                (Some((name, _)), _) => {
                    let path = format!("{before}{name}");
                    let sha = sha_of(&format!("{}:{path}", self.commit.sha));
                    found.entry(name).or_insert_with(|| self.entry(&path, "dir", &sha, 0));
                    continue;
                }
                (None, TreeEntry::File(bytes)) => self.entry(path, "file", &blob_sha(bytes), bytes.len()),
                (None, TreeEntry::Symlink(target)) => {
                    self.entry(path, "symlink", &blob_sha(target.as_bytes()), target.len())
                }
                // "Submodules have their type specified as file" in listings, until the version of March 2026.
                (None, TreeEntry::Submodule { sha, .. }) => {
                    let kind = if self.ask.is_of_2026() { "submodule" } else { "file" };
                    self.entry(path, kind, sha, 0)
                }
            };
            found.insert(rest, shape);
        }
        found.into_values().collect()
    }

    fn entry(&self, path: &str, kind: &str, sha: &str, size: usize) -> Value {
        let (site, name) = (&self.ask.site, &self.repository.full_name);
        let api = repository_api(site, self.repository);
        let shown: String = path.split('/').map(encoded).collect::<Vec<_>>().join("/");
        let at = encoded(self.revision);
        let (page, object) = if kind == "dir" { ("tree", "trees") } else { ("blob", "blobs") };
        let own = format!("{api}/contents/{shown}?ref={at}");
        let git = format!("{api}/git/{object}/{sha}");
        let html = format!("{}/{name}/{page}/{at}/{shown}", site.html);
        let download =
            (kind == "file").then(|| format!("https://raw.githubusercontent.com/{name}/{at}/{shown}?token=EXAMPLE"));
        json!({
            "name": path.rsplit('/').next().unwrap_or_default(), "path": path, "sha": sha, "size": size, "type": kind,
            "url": own, "html_url": html, "git_url": git, "download_url": download,
            "_links": {"self": own, "git": git, "html": html},
        })
    }
}

fn encoded(segment: &str) -> String {
    segment.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

/// Returns the path that a link beside a file leads to, while it stays inside.
fn beside(path: &str, target: &str) -> Option<String> {
    let mut segments: Vec<_> = path.split('/').collect();
    segments.pop();
    for step in target.split('/') {
        match step {
            "." => {}
            ".." => drop(segments.pop()?),
            "" => return None,
            name => segments.push(name),
        }
    }
    Some(segments.join("/"))
}

/// Base64 in lines of sixty, as GitHub breaks them.
fn wrapped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, letter) in STANDARD.encode(bytes).chars().enumerate() {
        text.push(letter);
        if at % 60 == 59 {
            text.push('\n');
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn raw(bytes: &[u8]) -> Reply {
    let reply = Response::new(Bytes::copy_from_slice(bytes));
    with(reply, "content-type", "application/vnd.github.raw+json; charset=utf-8")
}

fn too_large() -> Reply {
    let error = json!({"resource": "Blob", "field": "data", "code": "too_large"});
    let text = "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API.";
    let body = json!({"message": text, "errors": [error], "documentation_url": "https://docs.github.com/rest"});
    json_reply(StatusCode::FORBIDDEN, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_what_is_beside_it_and_never_outside() {
        assert_eq!(beside("a/b/c.txt", "../d.txt").as_deref(), Some("a/d.txt"));
        assert_eq!(beside("c.txt", "./d.txt").as_deref(), Some("d.txt"));
        assert_eq!(beside("c.txt", "../d.txt"), None);
        assert_eq!(beside("c.txt", "/etc/passwd"), None);
    }

    #[test]
    fn a_blob_has_the_id_that_git_gives_it() {
        assert_eq!(blob_sha(b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn base64_is_broken_after_sixty_letters() {
        let text = wrapped(&[0; 50]);
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [60, 8]);
        assert_eq!(wrapped(b""), "");
    }
}
