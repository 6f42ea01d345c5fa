//! History: what a pushed commit is compared with, and the pull request that it merged.

use super::api::{Api, Commit};
use crate::{host::refusal::ApiError, inputs::Env};
use serde::Deserialize;

/// Runs that are looked at: later ones, where ours is an old one that is started again, are passed over.
const RUNS: usize = 30;
/// The most commits whose pull request is looked for: a request each.
const COMMITS: usize = 10;

/// What is known of the runs of this workflow on a branch before this one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// The commit of the last run for a push that succeeded.
    Success(String),
    /// There are runs, and none for a push has succeeded: the commit of the first one that is known.
    Failure(Option<String>),
    /// There is no run at all.
    None,
}

#[derive(Debug, Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
struct Run {
    id: u64,
    run_number: Option<u64>,
    event: String,
    head_sha: String,
    head_repository: Option<Repository>,
    repository: Option<Repository>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Repository {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Range {
    #[serde(default)]
    commits: Vec<Commit>,
}

#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    merged_at: Option<String>,
    base: Branch,
}

#[derive(Debug, Deserialize)]
struct Branch {
    r#ref: String,
}

/// Returns what is known of the runs of this workflow on a branch before this one.
///
/// Only runs for pushes count as successes: another may have planned alone (a `workflow_run` behind a pull request, a
/// schedule with `mode: plan`), which the host does not say, and plans succeed. The commit need not be an ancestor: what
/// was applied last is what the registry was brought to, forced push or not.
pub(super) async fn earlier(api: &Api, env: &Env, branch: &str) -> Result<Earlier, ApiError> {
    let Some(file) = env.get("GITHUB_WORKFLOW_REF").and_then(workflow_file) else { return Ok(Earlier::Failure(None)) };
    let branch: String = url::form_urlencoded::byte_serialize(branch.as_bytes()).collect();
    let path = format!("/actions/workflows/{}/runs?branch={branch}&per_page={RUNS}", super::api::encoded(file));
    let succeeded = before(api, env, &format!("{path}&event=push&status=success")).await?;
    if let Some(run) = succeeded.into_iter().next() {
        return Ok(Earlier::Success(run.head_sha));
    }
    let mut runs = before(api, env, &path).await?;
    if runs.is_empty() {
        return Ok(Earlier::None);
    }
    runs.retain(|run| run.event == "push");
    Ok(Earlier::Failure(runs.pop().map(|run| run.head_sha)))
}

/// Returns the runs of a list that are of this repository and before this one, the latest first.
async fn before(api: &Api, env: &Env, path: &str) -> Result<Vec<Run>, ApiError> {
    let mut runs: Runs = api.get(path).await?;
    let number = |name| env.get(name).and_then(|text: &str| text.parse::<u64>().ok());
    let (own, own_number) = (number("GITHUB_RUN_ID"), number("GITHUB_RUN_NUMBER"));
    let is_before = |run: &Run| {
        let is_older = match (run.run_number, own_number) {
            (Some(number), Some(own)) => number < own,
            _ => true,
        };
        Some(run.id) != own && is_older
    };
    // A fork's branch may have the same name.
    runs.workflow_runs.retain(|run| is_before(run) && run.head_repository == run.repository);
    Ok(runs.workflow_runs)
}

/// Returns the pull requests between two commits of a branch, the latest last: runs may have failed in between.
pub(super) async fn merged_pulls(api: &Api, from: &str, to: &str, branch: &str) -> Result<Vec<u64>, ApiError> {
    let range: Range =
        api.get(&format!("/compare/{}...{}", super::api::encoded(from), super::api::encoded(to))).await?;
    let mut pulls = Vec::new();
    // The commits come the oldest first.
    for commit in range.commits.iter().rev().take(COMMITS).rev() {
        let pull = merged_pull(api, &commit.sha, branch).await?;
        if let Some(pull) = pull.filter(|pull| !pulls.contains(pull)) {
            pulls.push(pull);
        }
    }
    Ok(pulls)
}

/// Returns the pull request that a commit came to a branch by.
pub(super) async fn merged_pull(api: &Api, commit: &str, branch: &str) -> Result<Option<u64>, ApiError> {
    let pulls: Vec<Pull> = api.get(&format!("/commits/{commit}/pulls")).await?;
    let merged = pulls.into_iter().filter(|pull| pull.merged_at.is_some() && pull.base.r#ref == branch);
    // The latest, should a commit be part of several.
    Ok(merged.map(|pull| pull.number).max())
}

/// Returns `sync.yml` of `owner/name/.github/workflows/sync.yml@refs/heads/main`.
fn workflow_file(reference: &str) -> Option<&str> {
    reference.split('@').next()?.rsplit('/').next().filter(|file| !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_named_by_its_file() {
        assert_eq!(workflow_file("o/r/.github/workflows/sync.yml@refs/heads/a/b"), Some("sync.yml"));
        assert_eq!(workflow_file(""), None);
    }
}
