//! Comparisons: two revisions from where they parted.

use super::{
    ask::Ask,
    commit::{Commit, TreeEntry, blob_sha, repository_api, shape},
    hub::Repository,
    refusal::not_found,
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The most files that are told (docs, "Compare two commits").
const MOST_FILES: usize = 300;

/// `GET /repos/{owner}/{repo}/compare/{base}...{head}`
pub(super) fn get(ask: &Ask<'_>, repository: &Repository, basehead: &str) -> Result<Reply, Refusal> {
    ask.reads(&["contents"])?;
    let found = basehead
        .split_once("...")
        .and_then(|(base, head)| Some((repository.resolve(base)?, repository.resolve(head)?)));
    let Some((base, head)) = found else { return Err(Box::new(not_found())) };
    let (behind_base, behind_head) = (repository.history(&base.sha), repository.history(&head.sha));
    let has = |list: &[&Commit], sha: &str| list.iter().any(|commit| commit.sha == sha);
    let Some(fork) = behind_head.iter().find(|commit| has(&behind_base, &commit.sha)) else {
        return Err(Box::new(not_found()));
    };
    let mut ahead: Vec<_> = behind_head.iter().filter(|commit| !has(&behind_base, &commit.sha)).collect();
    ahead.reverse();
    let behind = behind_base.iter().filter(|commit| !has(&behind_head, &commit.sha)).count();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let (site, api) = (&ask.site, repository_api(&ask.site, repository));
    let page = format!("{}/{}/compare/{basehead}", site.html, repository.full_name);
    let body = json!({
        "url": format!("{api}/compare/{basehead}"), "html_url": page, "permalink_url": page,
        "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
        "base_commit": shape(site, repository, base), "merge_base_commit": shape(site, repository, fork),
        "status": status, "ahead_by": ahead.len(), "behind_by": behind, "total_commits": ahead.len(),
        "commits": ahead.iter().map(|commit| shape(site, repository, commit)).collect::<Vec<_>>(),
        "files": files(&api, &page, fork, head),
    });
    Ok(json_reply(StatusCode::OK, &body))
}

/// Returns what differs, without the patches.
fn files(api: &str, page: &str, base: &Commit, head: &Commit) -> Vec<Value> {
    let paths: std::collections::BTreeSet<_> = base.tree.keys().chain(head.tree.keys()).collect();
    let changed = paths.into_iter().filter_map(|path| {
        let (before, after) = (base.tree.get(path), head.tree.get(path));
        let status = match (before, after) {
            (None, Some(_)) => "added",
            (Some(_), None) => "removed",
            (before, after) if before != after => "modified",
            _ => return None,
        };
        let sha = match after.or(before)? {
            TreeEntry::File(bytes) => blob_sha(bytes),
            TreeEntry::Symlink(target) => blob_sha(target.as_bytes()),
            TreeEntry::Submodule { sha, .. } => sha.clone(),
        };
        Some(json!({
            "sha": sha, "filename": path, "status": status, "additions": 0, "deletions": 0, "changes": 0,
            "blob_url": format!("{page}#{sha}"), "raw_url": format!("{page}?raw={sha}"),
            "contents_url": format!("{api}/contents/{}?ref={}", path.replace(' ', "%20"), head.sha),
        }))
    });
    changed.take(MOST_FILES).collect()
}
