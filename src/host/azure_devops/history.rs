//! History: what a push is compared with, and the pull requests that it came by.

use super::api::{Api, Listing, encoded};
use crate::{host::refusal::ApiError, inputs::Env};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Builds that are looked at of each reason: those behind ours are passed over, when it is an old one that is started
/// again.
const BUILDS: usize = 100;
/// Why a push is built: at once, or together with others.
const PUSHES: [&str; 2] = ["individualCI", "batchedCI"];
/// The most commits between two builds that a pull request is looked for.
const COMMITS: usize = 100;

/// A build that succeeded.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Build {
    pub id: u64,
    #[serde(rename = "sourceVersion")]
    pub commit: String,
    #[serde(default)]
    reason: String,
    #[serde(rename = "finishTime", default)]
    finished: String,
}

impl Build {
    /// Which is the last: by the time, else by the number.
    fn rank(&self) -> (Option<OffsetDateTime>, u64) {
        (OffsetDateTime::parse(&self.finished, &Rfc3339).ok(), self.id)
    }
}

/// Returns the last successful build of this pipeline for a push to a branch before this one.
///
/// Another, by schedule or by hand, may have planned alone (`mode: plan`), which the host does not say, and plans succeed.
pub(super) async fn last_success(api: &Api, env: &Env, branch: &str) -> Result<Option<Build>, ApiError> {
    let (Some(definition), Some(own)) = (env.get("SYSTEM_DEFINITIONID"), build_id(env)) else { return Ok(None) };
    let repository = match (env.get("BUILD_REPOSITORY_ID"), env.get("BUILD_REPOSITORY_PROVIDER")) {
        (Some(id), Some(kind)) => format!("&repositoryId={}&repositoryType={}", encoded(id), encoded(kind)),
        _ => String::new(),
    };
    let path = format!(
        "/build/builds?definitions={}&branchName={}&statusFilter=completed&resultFilter=succeeded{repository}\
         &queryOrder=finishTimeDescending&$top={BUILDS}",
        encoded(definition),
        encoded(branch)
    );
    // One reason a request: a schedule builds more often than a hundred times between two pushes.
    let [single, batched] = PUSHES.map(|reason| format!("{path}&reasonFilter={reason}"));
    let (single, batched) = tokio::try_join!(api.get::<Listing<Build>>(&single), api.get::<Listing<Build>>(&batched))?;
    let is_push = |build: &Build| PUSHES.iter().any(|it| build.reason.eq_ignore_ascii_case(it));
    let builds = single.value.into_iter().chain(batched.value);
    Ok(builds.filter(|build| build.id < own && is_push(build)).max_by_key(Build::rank))
}

/// Returns the id of this build; ids of an organization grow.
pub(super) fn build_id(env: &Env) -> Option<u64> {
    env.get("BUILD_BUILDID")?.parse().ok()
}

/// Returns the commits between a build and this one, the oldest first.
pub(super) async fn commits_since(api: &Api, env: &Env, from: &Build) -> Result<Vec<String>, ApiError> {
    #[derive(Deserialize)]
    struct Change {
        id: String,
    }
    let own = build_id(env).unwrap_or_default();
    let path = format!("/build/changes?fromBuildId={}&toBuildId={own}&$top={COMMITS}", from.id);
    let changes: Listing<Change> = api.get_preview(&path).await?;
    Ok(changes.value.into_iter().rev().map(|change| change.id).collect())
}

/// Returns the completed pull requests by which commits came to a branch, in the order of the commits.
pub(super) async fn merged_pulls(api: &Api, commits: &[String], branch: &str) -> Result<Vec<(String, u64)>, ApiError> {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<HashMap<String, Vec<Pull>>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Pull {
        pull_request_id: u64,
        #[serde(default)]
        status: String,
        #[serde(default)]
        target_ref_name: String,
    }
    // The merge itself, and a commit that a merge took along as it was.
    let query = |kind: &str| -> Value { json!({"type": kind, "items": commits}) };
    let body = json!({"queries": [query("lastMergeCommit"), query("commit")]});
    let answer: Answer = api.query("/pullrequestquery", &body).await?;
    let mut found = Vec::new();
    for commit in commits {
        let pulls = answer.results.iter().filter_map(|result| result.get(commit)).flatten();
        let merged = pulls.filter(|pull| pull.status == "completed" && pull.target_ref_name == branch);
        // The latest, should a commit be part of several.
        if let Some(number) = merged.map(|pull| pull.pull_request_id).max() {
            found.push((commit.clone(), number));
        }
    }
    Ok(found)
}
