//! Workflow runs: what ran for which commit, and how it ended.

use super::{
    ask::Ask,
    commit::{self, repository_api},
    hub::Repository,
    listing::Listing,
    refusal::not_found,
    shape::{author, minimal_repository, node_id},
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// A run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    /// Its id.
    pub id: u64,
    /// The name of the workflow's file, such as `sync.yml`.
    pub file: String,
    /// The branch it ran on.
    pub branch: String,
    /// What started it.
    pub event: String,
    /// The commit it ran for.
    pub head_sha: String,
    /// How it ended; none while it runs.
    pub conclusion: Option<String>,
    number: usize,
    at: String,
}

impl WorkflowRun {
    pub(super) fn new(repository: &mut Repository, file: &str, branch: &str, event: &str, sha: &str) -> Self {
        Self {
            id: repository.next_id(),
            file: file.to_owned(),
            branch: branch.to_owned(),
            event: event.to_owned(),
            head_sha: sha.to_owned(),
            conclusion: None,
            number: repository.workflow_runs.iter().filter(|run| run.file == file).count() + 1,
            at: super::now(),
        }
    }

    fn status(&self) -> &'static str {
        if self.conclusion.is_some() { "completed" } else { "in_progress" }
    }
}

/// `GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs`; the id may be the file's name.
pub(super) fn list(ask: &Ask<'_>, repository: &Repository, workflow: &str) -> Result<Reply, Refusal> {
    ask.reads(&["actions"])?;
    let known = repository.workflows.iter();
    let mut known = known.filter(|file| *file == workflow || workflow_id(repository, file).to_string() == workflow);
    let file = known.next().ok_or_else(|| Box::new(not_found()))?;
    let query = |name: &str| ask.call.query(name).filter(|value| !value.is_empty());
    let is_meant = |run: &&WorkflowRun| {
        run.file == *file
            && query("branch").is_none_or(|branch| branch == run.branch)
            && query("event").is_none_or(|event| event == run.event)
            && query("head_sha").is_none_or(|sha| sha == run.head_sha)
            // "Returns workflow runs with the check run status or conclusion that you specify."
            && query("status").is_none_or(|it| it == run.status() || Some(it) == run.conclusion.as_deref())
    };
    let found = repository.workflow_runs.iter().rev().filter(is_meant);
    let found = found.map(|run| shape(ask, repository, run)).collect();
    let mut listing = Listing::new(ask, repository, &format!("actions/workflows/{workflow}/runs"), found);
    let body = json!({"total_count": listing.total, "workflow_runs": std::mem::take(&mut listing.items)});
    Ok(listing.reply(&body))
}

/// `GET /repos/{owner}/{repo}/actions/runs/{run_id}`
pub(super) fn get(ask: &Ask<'_>, repository: &Repository, id: &str) -> Result<Reply, Refusal> {
    ask.reads(&["actions"])?;
    let run = repository.workflow_runs.iter().find(|run| run.id.to_string() == id);
    let run = run.ok_or_else(|| Box::new(not_found()))?;
    Ok(json_reply(StatusCode::OK, &shape(ask, repository, run)))
}

fn workflow_id(repository: &Repository, file: &str) -> u64 {
    let at = repository.workflows.iter().position(|known| known == file).unwrap_or_default();
    repository.id * 10 + u64::try_from(at).unwrap_or_default()
}

/// `workflow-run`.
fn shape(ask: &Ask<'_>, repository: &Repository, run: &WorkflowRun) -> Value {
    let (site, api) = (&ask.site, repository_api(&ask.site, repository));
    let (url, suite) = (format!("{api}/actions/runs/{}", run.id), repository.id * 7);
    let workflow = workflow_id(repository, &run.file);
    let pulls = repository.pull_requests.values().filter(|pull| pull.head_sha == run.head_sha && pull.fork.is_none());
    let pulls: Vec<_> = pulls.map(|pull| super::pull_request::minimal(ask, repository, pull)).collect();
    let about = minimal_repository(site, &repository.full_name, repository.id, false);
    let title = format!("Run {}", run.number);
    json!({
        "id": run.id, "name": run.file.trim_end_matches(".yml"), "node_id": node_id("WFR", run.id),
        "head_branch": run.branch, "head_sha": run.head_sha, "path": format!(".github/workflows/{}", run.file),
        "display_title": title, "run_number": run.number, "event": run.event, "status": run.status(),
        "conclusion": run.conclusion, "workflow_id": workflow, "check_suite_id": suite,
        "check_suite_node_id": node_id("CS", suite), "url": url,
        "html_url": format!("{}/{}/actions/runs/{}", site.html, repository.full_name, run.id), "pull_requests": pulls,
        "created_at": run.at, "updated_at": run.at, "run_started_at": run.at, "run_attempt": 1,
        "actor": author(site, "octavia"), "triggering_actor": author(site, "octavia"),
        "referenced_workflows": [], "jobs_url": format!("{url}/jobs"), "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{api}/check-suites/{suite}"), "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"), "rerun_url": format!("{url}/rerun"), "previous_attempt_url": null,
        "workflow_url": format!("{api}/actions/workflows/{workflow}"),
        "head_commit": repository.commits.get(&run.head_sha).map(commit::simple),
        "repository": about, "head_repository": about,
    })
}
