//! Builds: what ran for which commit, and how it ended.

use super::{
    ask::{Ask, invalid, list},
    organization::Repository,
};
use crate::emulator::call::{Refusal, Reply};
use serde_json::json;

/// A run of a pipeline.
pub(super) struct Build {
    pub(super) id: u64,
    pub(super) definition: u64,
    pub(super) branch: String,
    pub(super) reason: String,
    pub(super) version: String,
    /// None while it runs.
    pub(super) result: Option<String>,
}

/// `GET …/build/builds`, the newest first.
pub(super) fn builds(ask: &Ask<'_>, it: &Repository) -> Result<Reply, Refusal> {
    let query = |name: &str| ask.call.query(name).filter(|value| !value.is_empty());
    match (query("repositoryId"), query("repositoryType")) {
        (Some(_), None) => return Err(invalid("A repository type is needed beside a repository id.")),
        (Some(id), Some("TfsGit")) if id != it.id => return Ok(list(Vec::new())),
        _ => {}
    }
    if query("branchName").is_some_and(|branch| !branch.starts_with("refs/")) {
        return Err(invalid("The branch name is no full name of a ref."));
    }
    let is_meant = |build: &&Build| {
        query("definitions").is_none_or(|ids| ids.split(',').any(|id| id == build.definition.to_string()))
            && query("branchName").is_none_or(|branch| branch == build.branch)
            && query("statusFilter").is_none_or(|status| (status == "completed") == build.result.is_some())
            && query("resultFilter").is_none_or(|result| Some(result) == build.result.as_deref())
            && query("reasonFilter").is_none_or(|reason| reason.eq_ignore_ascii_case(&build.reason))
    };
    let top = query("$top").and_then(|top| top.parse().ok()).unwrap_or(1000);
    let found = it.builds.iter().rev().filter(is_meant).take(top);
    let shape = |build: &Build| {
        let finished = build.result.as_ref().map(|_| finished(it, build));
        // The API writes small what the agent's variable begins with a capital.
        let (first, rest) = build.reason.split_at(build.reason.len().min(1));
        let reason = format!("{}{rest}", first.to_ascii_lowercase());
        json!({
            "id": build.id, "buildNumber": format!("2026.{}", build.id), "reason": reason,
            "status": if build.result.is_some() { "completed" } else { "inProgress" }, "result": build.result,
            "finishTime": finished, "sourceBranch": build.branch, "sourceVersion": build.version,
            "definition": {"id": build.definition}, "repository": {"id": it.id, "type": "TfsGit"},
        })
    };
    Ok(list(found.map(shape).collect()))
}

/// Builds end in the order in which they stand there, a minute apart.
fn finished(it: &Repository, build: &Build) -> String {
    let place = it.builds.iter().position(|other| std::ptr::eq(other, build)).unwrap_or_default();
    format!("2026-{:02}-01T{:02}:{:02}:00.1234567Z", 1 + place / 1440, place / 60 % 24, place % 60)
}

/// `GET …/build/changes?fromBuildId=&toBuildId=`: the commits of the one that are not behind the other, newest first.
pub(super) fn changes(ask: &Ask<'_>, it: &Repository) -> Result<Reply, Refusal> {
    let find = |name: &str| {
        let id = ask.call.query(name).and_then(|id| id.parse::<u64>().ok());
        it.builds
            .iter()
            .find(|build| Some(build.id) == id)
            .ok_or_else(|| invalid(&format!("There is no build `{name}`.")))
    };
    let (from, to) = (find("fromBuildId")?, find("toBuildId")?);
    let before: Vec<_> = it.history(&from.version).iter().map(|commit| commit.id.clone()).collect();
    let new = it.history(&to.version).into_iter().filter(|commit| !before.contains(&commit.id));
    let top = ask.call.query("$top").and_then(|top| top.parse().ok()).unwrap_or(50);
    let shape = new.take(top).map(|commit| json!({"id": commit.id, "message": "A commit", "type": "TfsGit"}));
    Ok(list(shape.collect()))
}
