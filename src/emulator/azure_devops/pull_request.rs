//! Pull requests: their iterations, and which of them a commit came by.

use super::{
    ask::{Ask, invalid, list},
    organization::{Repository, Right},
    refusal::{Fault, error},
    status::Status,
    thread::Conversation,
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// A pull request to a branch.
pub(super) struct PullRequest {
    pub(super) id: u64,
    pub(super) target: String,
    /// Head, tip of the target and where both part, for each push to it.
    pub(super) iterations: Vec<[String; 3]>,
    /// The trial merge while it is open, what the merge made of it afterwards.
    pub(super) merge: Option<String>,
    pub(super) is_completed: bool,
    pub(super) threads: Vec<Conversation>,
    pub(super) statuses: Vec<Status>,
}

pub(super) fn find<'a>(it: &'a mut Repository, number: &str) -> Result<&'a mut PullRequest, Refusal> {
    let found = number.parse().ok().and_then(|id: u64| it.pull_requests.get_mut(&id));
    found.ok_or_else(|| {
        let why = "TF401180: The requested pull request was not found.";
        Box::new(error(StatusCode::NOT_FOUND, Fault::NO_PULL_REQUEST, why))
    })
}

/// `GET` and `PATCH` of `…/pullRequests/{pullRequestId}`: to complete one, its head is named, lest a later push is merged.
pub(super) fn one(ask: &Ask<'_>, it: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    let pull = find(it, number)?;
    let (id, merge) = (pull.id, pull.merge.clone());
    let head = pull.iterations.last().map(|[head, _, _]| head.clone());
    if ask.call.method == "PATCH" {
        ask.need(Right::Contribute)?;
        let body = ask.body()?;
        if body["status"] != "completed" {
            return Err(invalid("Only the status `completed` can be set here."));
        }
        let is_head = body["lastMergeSourceCommit"]["commitId"].as_str() == head.as_deref();
        let Some(merge) = merge.filter(|_| is_head) else {
            return Err(invalid("TF401192: The pull request's last merge source commit has changed."));
        };
        complete(it, id, &merge);
    }
    let shape = it.pull_requests.get(&id).map(|pull| shape(it, pull)).unwrap_or_default();
    Ok(json_reply(StatusCode::OK, &shape))
}

/// Completes a pull request: its target points to this commit from now on.
pub(super) fn complete(it: &mut Repository, id: u64, commit: &str) {
    let Some(pull) = it.pull_requests.get_mut(&id) else { return };
    pull.is_completed = true;
    pull.merge = Some(commit.to_owned());
    let target = pull.target.trim_start_matches("refs/heads/").to_owned();
    it.branches.insert(target, commit.to_owned());
}

/// `GET …/pullRequests/{pullRequestId}/iterations`
pub(super) fn iterations(it: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    let pull = find(it, number)?;
    let commit = |id: &String| json!({ "commitId": id });
    let all = pull.iterations.iter().enumerate().map(|(at, [source, target, common])| {
        json!({
            "id": at + 1, "description": "A push", "sourceRefCommit": commit(source),
            "targetRefCommit": commit(target), "commonRefCommit": commit(common), "hasMoreCommits": false,
            "reason": "push",
        })
    });
    Ok(list(all.collect()))
}

/// `POST …/pullrequestquery`
pub(super) fn query(ask: &Ask<'_>, it: &Repository) -> Result<Reply, Refusal> {
    let body = ask.body()?;
    let queries = body["queries"].as_array().ok_or_else(|| invalid("Value cannot be null. Parameter name: queries"))?;
    let mut results = Vec::new();
    for query in queries {
        let kind =
            query["type"].as_str().map(str::to_owned).or_else(|| query["type"].as_u64().map(|it| it.to_string()));
        let is_merge = match kind.as_deref() {
            Some("lastMergeCommit" | "1") => true,
            Some("commit" | "2") => false,
            _ => return Err(invalid("The query type is not valid.")),
        };
        let mut found = Map::new();
        for item in query["items"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let pulls = it.pull_requests.values().filter(|pull| {
                let is_own = |[source, _, common]: &[String; 3]| {
                    let before: Vec<_> = it.history(common).iter().map(|commit| &commit.id).collect();
                    it.history(source).iter().any(|commit| commit.id == item && !before.contains(&&commit.id))
                };
                if is_merge {
                    pull.merge.as_deref() == Some(item)
                } else {
                    pull.is_completed && pull.iterations.last().is_some_and(is_own)
                }
            });
            let pulls: Vec<_> = pulls.map(|pull| shape(it, pull)).collect();
            if !pulls.is_empty() {
                found.insert(item.to_owned(), pulls.into());
            }
        }
        results.push(Value::Object(found));
    }
    Ok(json_reply(StatusCode::OK, &json!({"queries": queries, "results": results})))
}

fn shape(it: &Repository, pull: &PullRequest) -> Value {
    json!({
        "pullRequestId": pull.id, "repository": {"id": it.id, "name": it.name},
        "status": if pull.is_completed { "completed" } else { "active" }, "targetRefName": pull.target,
        "sourceRefName": format!("refs/heads/change-{}", pull.id), "mergeStatus": "succeeded",
        "lastMergeCommit": {"commitId": pull.merge}, "title": "A change",
    })
}
