//! Statuses: what others say of a pull request, for a policy to require.

use super::{
    ask::{Ask, invalid},
    organization::{Repository, Right},
    pull_request,
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::json;

/// A status of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `succeeded`, `failed` and the like.
    pub state: String,
    /// What it says.
    pub description: String,
    /// The names of who says it: genre and name.
    pub context: (String, String),
    /// Which push to the pull request it is about.
    pub iteration: Option<u64>,
    /// Where more is.
    pub target: String,
}

const STATES: [&str; 6] = ["notSet", "pending", "succeeded", "failed", "error", "notApplicable"];

/// `POST …/pullRequests/{pullRequestId}/statuses`
pub(super) fn create(ask: &Ask<'_>, it: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    ask.need(Right::Contribute)?;
    let body = ask.body()?;
    let wants_iteration = it.wants_iterations;
    let pull = pull_request::find(it, number)?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let state = text(&body["state"]);
    if !STATES.contains(&state.as_str()) {
        return Err(invalid("The status state is not valid."));
    }
    let (genre, name) = (text(&body["context"]["genre"]), text(&body["context"]["name"]));
    if name.is_empty() {
        return Err(invalid("Value cannot be null or empty. Parameter name: context.name"));
    }
    let iteration = body["iterationId"].as_u64();
    // Seen in cake-contrib/Cake.AzureDevOps#347.
    if wants_iteration && iteration.is_none() {
        return Err(invalid("The status policy is configured to reset on changes: an iteration id is required."));
    }
    let known = u64::try_from(pull.iterations.len()).unwrap_or_default();
    if iteration.is_some_and(|iteration| iteration == 0 || iteration > known) {
        return Err(invalid("The iteration does not exist."));
    }
    let target = text(&body["targetUrl"]);
    pull.statuses.push(Status {
        state,
        description: text(&body["description"]),
        context: (genre, name),
        iteration,
        target,
    });
    let mut reply = body;
    reply["id"] = json!(pull.statuses.len());
    Ok(json_reply(StatusCode::OK, &reply))
}
