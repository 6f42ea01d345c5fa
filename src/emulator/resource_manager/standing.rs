//! Standing tasks (2019-04-01, "Tasks").

use super::super::{
    World,
    call::{Refusal, arm_error},
    state::Azure,
};
use axum::http::StatusCode;
use serde_json::Value;

/// Queues a run of a task.
pub(super) fn queue(_world: &World, _azure: &Azure, body: &Value, _may_push: bool) -> Result<String, Refusal> {
    let text = format!("The task '{}' could not be found.", body["taskId"].as_str().unwrap_or_default());
    Err(Box::new(arm_error(StatusCode::NOT_FOUND, "TaskNotFound", &text)))
}
