//! History: what a pushed commit is compared with, and the pull request that it merged.

use super::api::{Api, Commit};
use crate::{host::refusal::ApiError, inputs::Env};
use serde::Deserialize;

/// Runs that are looked at: those for a fork's branch of the same name are passed over.
const RUNS: usize = 30;
/// The most commits whose pull request is looked for: a request each.
const COMMITS: usize = 10;
/// What starts a run that applies; a plan's success says nothing of the registry.
const APPLYING: [&str; 4] = ["push", "schedule", "workflow_dispatch", "workflow_run"];

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

/// Returns the commit of the last successful run of this workflow on a branch before this one.
///
/// It need not be an ancestor: what was applied last is what the registry was brought to, forced push or not. A list
/// that GitHub answers with an old run is harmless, for more lines are looked at then.
pub(super) async fn last_success(api: &Api, env: &Env, branch: &str) -> Result<Option<String>, ApiError> {
    let Some(file) = env.get("GITHUB_WORKFLOW_REF").and_then(workflow_file) else { return Ok(None) };
    let branch: String = url::form_urlencoded::byte_serialize(branch.as_bytes()).collect();
    let file = super::api::encoded(file);
    let path = format!("/actions/workflows/{file}/runs?branch={branch}&status=success&per_page={RUNS}");
    let runs: Runs = api.get(&path).await?;
    let number = |name| env.get(name).and_then(|text: &str| text.parse::<u64>().ok());
    let (own, own_number) = (number("GITHUB_RUN_ID"), number("GITHUB_RUN_NUMBER"));
    let is_before = |run: &Run| {
        let is_older = match (run.run_number, own_number) {
            (Some(number), Some(own)) => number < own,
            _ => true,
        };
        Some(run.id) != own && is_older
    };
    let is_ours = |run: &Run| run.head_repository == run.repository && APPLYING.contains(&run.event.as_str());
    Ok(runs.workflow_runs.into_iter().find(|run| is_before(run) && is_ours(run)).map(|run| run.head_sha))
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
