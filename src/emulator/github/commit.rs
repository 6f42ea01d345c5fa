//! Commits: a tree of files with parents.

use super::{
    ask::Ask,
    hub::Repository,
    listing::Listing,
    pull_request::PullRequest,
    refusal::no_commit,
    shape::{author, node_id},
    site::Site,
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use crate::reference::Digest;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who makes the commits of the world.
const AUTHOR: &str = "octavia";

/// What stands at a path of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeEntry {
    /// A file with its bytes.
    File(Vec<u8>),
    /// A symbolic link and where it points.
    Symlink(String),
    /// A submodule: its address, and the commit of it.
    Submodule {
        /// Where it is cloned from.
        url: String,
        /// The commit.
        sha: String,
    },
}

impl From<&str> for TreeEntry {
    fn from(text: &str) -> Self {
        Self::File(text.as_bytes().to_vec())
    }
}

impl From<String> for TreeEntry {
    fn from(text: String) -> Self {
        Self::File(text.into_bytes())
    }
}

impl From<Vec<u8>> for TreeEntry {
    fn from(bytes: Vec<u8>) -> Self {
        Self::File(bytes)
    }
}

/// One commit with its whole tree.
pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) parents: Vec<String>,
    pub(super) tree: BTreeMap<String, TreeEntry>,
    pub(super) at: String,
}

/// Returns forty hexadecimal digits for a text: unique, and no true hash of git.
pub(in crate::emulator) fn sha_of(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string().chars().skip("sha256:".len()).take(40).collect()
}

/// Returns the id that git gives a file (git's documentation, "Git Internals: Git Objects").
pub(in crate::emulator) fn blob_sha(bytes: &[u8]) -> String {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, bytes)
        .map_or_else(|_| "0".repeat(40), |id| id.to_string())
}

/// `GET /repos/{owner}/{repo}/commits/{ref}`
pub(super) fn get(ask: &Ask<'_>, repository: &Repository, revision: &str) -> Result<Reply, Refusal> {
    ask.reads(&["contents"])?;
    let commit = repository.resolve(revision).ok_or_else(|| no_commit(revision))?;
    Ok(json_reply(StatusCode::OK, &shape(&ask.site, repository, commit)))
}

/// `GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls`
///
/// Docs: "Lists the merged pull request that introduced the commit to the repository. If the commit is not present
/// in the default branch, will return merged and open pull requests associated with the commit."
pub(super) fn pulls(ask: &Ask<'_>, repository: &Repository, revision: &str) -> Result<Reply, Refusal> {
    ask.reads(&["pull-requests"])?;
    let sha = repository.resolve(revision).ok_or_else(|| no_commit(revision))?.sha.clone();
    let default = repository.branches.get(&repository.default_branch);
    let is_default = default.is_some_and(|tip| repository.has_behind(tip, &sha));
    let introduces = |pull: &&PullRequest| {
        let is_result = pull.is_merged && pull.merge_commit_sha.as_deref() == Some(sha.as_str());
        let is_own = repository.has_behind(&pull.head_sha, &sha) && !repository.has_behind(&pull.base_sha, &sha);
        (is_result || is_own) && (pull.is_merged || !is_default && !pull.is_closed)
    };
    let found = repository.pull_requests.values().filter(introduces);
    let found = found.map(|pull| super::pull_request::simple(ask, repository, pull)).collect();
    Ok(Listing::new(ask, repository, &format!("commits/{sha}/pulls"), found).array())
}

/// `commit`.
pub(super) fn shape(site: &Site, repository: &Repository, commit: &Commit) -> Value {
    let (api, page) = (repository_api(site, repository), format!("{}/{}", site.html, repository.full_name));
    let (sha, signature) = (&commit.sha, signature(&commit.at));
    let parents = commit.parents.iter().map(
        |sha| json!({"sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{page}/commit/{sha}")}),
    );
    let parents = parents.collect::<Vec<_>>();
    let tree = tree_sha(commit);
    json!({
        "sha": sha, "node_id": node_id("C", repository.id), "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{page}/commit/{sha}"), "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": {
            "url": format!("{api}/git/commits/{sha}"), "author": signature, "committer": signature,
            "message": message(commit), "comment_count": 0,
            "tree": {"sha": tree, "url": format!("{api}/git/trees/{tree}")},
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null,
                "verified_at": null},
        },
        "author": author(site, AUTHOR), "committer": author(site, AUTHOR), "parents": parents,
        "stats": {"additions": 0, "deletions": 0, "total": 0}, "files": [],
    })
}

/// `simple-commit`.
pub(super) fn simple(commit: &Commit) -> Value {
    let person = json!({"name": "Octavia", "email": "octavia@contoso.example"});
    json!({
        "id": commit.sha, "tree_id": tree_sha(commit), "message": message(commit), "timestamp": commit.at,
        "author": person, "committer": person,
    })
}

fn signature(at: &str) -> Value {
    json!({"name": "Octavia", "email": "octavia@contoso.example", "date": at})
}

fn message(commit: &Commit) -> String {
    let kind = if commit.parents.len() > 1 { "Merge" } else { "Commit" };
    format!("{kind} {}", commit.sha.get(..7).unwrap_or_default())
}

fn tree_sha(commit: &Commit) -> String {
    sha_of(&format!("tree {:?}", commit.tree))
}

pub(super) fn repository_api(site: &Site, repository: &Repository) -> String {
    format!("{}/repos/{}", site.api, repository.full_name)
}
