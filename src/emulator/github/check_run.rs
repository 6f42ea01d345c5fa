//! Check runs: a verdict on a commit, with annotations on lines of files.

use super::{
    ask::Ask,
    commit::repository_api,
    hub::Repository,
    listing::Listing,
    permission::Level,
    refusal::{at_most, error, malformed, no_commit, not_found, object, optional, required},
    shape::{app, node_id},
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The most annotations of a request.
const MOST: usize = 50;
/// The most characters of a summary or text.
const LONGEST: usize = 65_535;
/// The most bytes of an annotation's message (docs: "The maximum size is 64 KB").
const LONGEST_MESSAGE: usize = 64 << 10;
const STATUSES: [&str; 6] = ["queued", "in_progress", "completed", "waiting", "requested", "pending"];
const CONCLUSIONS: [&str; 7] =
    ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// Its id.
    pub id: u64,
    /// The name it is shown under.
    pub name: String,
    /// The commit it judges.
    pub head_sha: String,
    /// How far it is: `queued`, `in_progress` or `completed`.
    pub status: String,
    /// The verdict of a completed one.
    pub conclusion: Option<String>,
    /// The title of its output.
    pub title: Option<String>,
    /// The summary of its output.
    pub summary: Option<String>,
    /// The text of its output.
    pub text: Option<String>,
    /// Where its details are.
    pub details_url: Option<String>,
    /// The name its maker knows it by.
    pub external_id: Option<String>,
    /// The annotations of all requests, in the order in which they came.
    pub annotations: Vec<CheckAnnotation>,
    started_at: String,
    completed_at: Option<String>,
}

/// An annotation of a check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAnnotation {
    /// The file.
    pub path: String,
    /// The first line.
    pub start_line: u64,
    /// The last line.
    pub end_line: u64,
    /// The columns of both, where they are told.
    pub columns: Option<(u64, u64)>,
    /// `notice`, `warning` or `failure`.
    pub level: String,
    /// What is said.
    pub message: String,
    /// The title above it.
    pub title: Option<String>,
    /// More, as it is.
    pub raw_details: Option<String>,
}

/// `POST /repos/{owner}/{repo}/check-runs`
pub(super) fn create(ask: &Ask<'_>, repository: &mut Repository) -> Result<Reply, Refusal> {
    may_write(ask)?;
    let body = object(&ask.call.body)?;
    let (name, head_sha) = (required(&body, "name")?, required(&body, "head_sha")?);
    if !repository.commits.contains_key(head_sha) {
        return Err(no_commit(head_sha));
    }
    let mut run = CheckRun {
        id: repository.next_id(),
        name: name.to_owned(),
        head_sha: head_sha.to_owned(),
        status: "queued".to_owned(),
        conclusion: None,
        title: None,
        summary: None,
        text: None,
        details_url: None,
        external_id: None,
        annotations: Vec::new(),
        started_at: super::now(),
        completed_at: None,
    };
    if !body["output"].is_null() {
        required(&body["output"], "title")?;
    }
    fill(&mut run, &body)?;
    let reply = json_reply(StatusCode::CREATED, &shape(ask, repository, &run));
    repository.check_runs.push(run);
    Ok(reply)
}

/// `GET` and `PATCH` of `/repos/{owner}/{repo}/check-runs/{check_run_id}`
pub(super) fn one(ask: &Ask<'_>, repository: &mut Repository, id: &str) -> Result<Reply, Refusal> {
    let is_patch = ask.call.method == "PATCH";
    if is_patch {
        may_write(ask)?;
    } else {
        ask.reads(&["checks"])?;
    }
    let at = position(repository, id)?;
    if is_patch {
        let body = object(&ask.call.body)?;
        let mut run = repository.check_runs[at].clone();
        fill(&mut run, &body)?;
        repository.check_runs[at] = run;
    }
    Ok(json_reply(StatusCode::OK, &shape(ask, repository, &repository.check_runs[at])))
}

/// `GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations`
pub(super) fn annotations(ask: &Ask<'_>, repository: &Repository, id: &str) -> Result<Reply, Refusal> {
    ask.reads(&["checks"])?;
    let run = &repository.check_runs[position(repository, id)?];
    let page = format!("{}/{}/blob/{}", ask.site.html, repository.full_name, run.head_sha);
    let shapes = run.annotations.iter().map(|it| {
        json!({
            "path": it.path, "blob_href": format!("{page}/{}", it.path), "start_line": it.start_line,
            "end_line": it.end_line, "start_column": it.columns.map(|columns| columns.0),
            "end_column": it.columns.map(|columns| columns.1), "annotation_level": it.level, "title": it.title,
            "message": it.message, "raw_details": it.raw_details,
        })
    });
    Ok(Listing::new(ask, repository, &format!("check-runs/{id}/annotations"), shapes.collect()).array())
}

/// `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`
pub(super) fn of_commit(ask: &Ask<'_>, repository: &Repository, revision: &str) -> Result<Reply, Refusal> {
    ask.reads(&["checks"])?;
    let sha = &repository.resolve(revision).ok_or_else(|| no_commit(revision))?.sha;
    let name = ask.call.query("check_name");
    let found = repository.check_runs.iter().rev();
    let found = found.filter(|run| run.head_sha == *sha && name.is_none_or(|name| name == run.name));
    let found = found.map(|run| shape(ask, repository, run)).collect();
    let mut listing = Listing::new(ask, repository, &format!("commits/{sha}/check-runs"), found);
    let body = json!({"total_count": listing.total, "check_runs": std::mem::take(&mut listing.items)});
    Ok(listing.reply(&body))
}

/// Only apps write checks (docs, "REST API endpoints for check runs").
fn may_write(ask: &Ask<'_>) -> Result<(), Refusal> {
    if !ask.token.is_bot {
        return Err(Box::new(error(StatusCode::FORBIDDEN, "You must authenticate via a GitHub App.")));
    }
    ask.token.need(&["checks"], Level::Write)
}

fn position(repository: &Repository, id: &str) -> Result<usize, Refusal> {
    let at = repository.check_runs.iter().position(|run| run.id.to_string() == id);
    at.ok_or_else(|| Box::new(not_found()))
}

/// Takes over what a request says; annotations are added to those of earlier requests (docs, "Update a check run").
fn fill(run: &mut CheckRun, body: &Value) -> Result<(), Refusal> {
    let text = |name| optional(body, name).map(|text| text.map(str::to_owned));
    if let Some(name) = text("name")? {
        run.name = name;
    }
    run.details_url = text("details_url")?.or(run.details_url.take());
    run.external_id = text("external_id")?.or(run.external_id.take());
    run.started_at = text("started_at")?.unwrap_or_else(|| run.started_at.clone());
    run.completed_at = text("completed_at")?.or(run.completed_at.take());
    if let Some(status) = text("status")? {
        run.status = one_of("status", &status, &STATUSES)?;
    }
    if let Some(conclusion) = text("conclusion")? {
        run.conclusion = Some(one_of("conclusion", &conclusion, &CONCLUSIONS)?);
        // "Providing conclusion will automatically set the status parameter to completed."
        run.status = "completed".to_owned();
        run.completed_at.get_or_insert_with(super::now);
    }
    // "Required if you provide completed_at or a status of completed."
    if run.conclusion.is_none() && (run.status == "completed" || run.completed_at.is_some()) {
        return Err(malformed("\"conclusion\" wasn't supplied."));
    }
    let output = &body["output"];
    if output.is_null() {
        return Ok(());
    }
    let summary = required(output, "summary")?;
    let text = optional(output, "text")?;
    at_most(Some(summary), LONGEST)?;
    at_most(text, LONGEST)?;
    run.title = optional(output, "title")?.map(str::to_owned).or(run.title.take());
    run.summary = Some(summary.to_owned());
    run.text = text.map(str::to_owned).or(run.text.take());
    let new = output["annotations"].as_array().map(Vec::as_slice).unwrap_or_default();
    if new.len() > MOST {
        return Err(malformed(&format!("No more than {MOST} items are allowed; {} were supplied.", new.len())));
    }
    for annotation in new {
        run.annotations.push(CheckAnnotation::read(annotation)?);
    }
    Ok(())
}

fn one_of(field: &str, value: &str, known: &[&str]) -> Result<String, Refusal> {
    if known.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(malformed(&format!("For 'properties/{field}', \"{value}\" is not a member of {known:?}.")))
}

impl CheckAnnotation {
    fn read(body: &Value) -> Result<Self, Refusal> {
        let line = |name: &str| {
            let number = body[name].as_u64();
            number.ok_or_else(|| malformed(&format!("\"{name}\" wasn't supplied.")))
        };
        let (start_line, end_line) = (line("start_line")?, line("end_line")?);
        let columns = match (body["start_column"].as_u64(), body["end_column"].as_u64()) {
            (None, None) => None,
            (start, end) => Some((start.or(end).unwrap_or_default(), end.or(start).unwrap_or_default())),
        };
        // "Annotations only support start_column and end_column on the same line."
        if columns.is_some() && start_line != end_line {
            return Err(malformed("Columns are allowed only when start_line and end_line are the same."));
        }
        if end_line < start_line {
            return Err(malformed("end_line must not be before start_line."));
        }
        let message = required(body, "message")?;
        let (title, raw_details) = (optional(body, "title")?, optional(body, "raw_details")?);
        at_most(title, 255)?;
        let longest = message.len().max(raw_details.map_or(0, str::len));
        if longest > LONGEST_MESSAGE {
            return Err(malformed(&format!("Only 64 KB are allowed; {longest} bytes were supplied.")));
        }
        Ok(Self {
            path: required(body, "path")?.to_owned(),
            start_line,
            end_line,
            columns,
            level: one_of("annotation_level", required(body, "annotation_level")?, &["notice", "warning", "failure"])?,
            message: message.to_owned(),
            title: title.map(str::to_owned),
            raw_details: raw_details.map(str::to_owned),
        })
    }
}

/// `check-run`.
fn shape(ask: &Ask<'_>, repository: &Repository, run: &CheckRun) -> Value {
    let site = &ask.site;
    let url = format!("{}/check-runs/{}", repository_api(site, repository), run.id);
    let page = format!("{}/{}/runs/{}", site.html, repository.full_name, run.id);
    let pulls = repository.pull_requests.values().filter(|pull| pull.head_sha == run.head_sha && pull.fork.is_none());
    let pulls: Vec<_> = pulls.map(|pull| super::pull_request::minimal(ask, repository, pull)).collect();
    json!({
        "id": run.id, "node_id": node_id("CR", run.id), "name": run.name, "head_sha": run.head_sha, "url": url,
        "html_url": page, "details_url": run.details_url.as_ref().unwrap_or(&page), "status": run.status,
        "conclusion": run.conclusion, "started_at": run.started_at, "completed_at": run.completed_at,
        "external_id": run.external_id.as_deref().unwrap_or_default(), "check_suite": {"id": repository.id * 7},
        "output": {"title": run.title, "summary": run.summary, "text": run.text,
            "annotations_count": run.annotations.len(), "annotations_url": format!("{url}/annotations")},
        "app": app(site), "pull_requests": pulls,
    })
}
