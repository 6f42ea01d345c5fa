//! Refusals: GitHub's errors, in its words.

use crate::emulator::call::{Refusal, Reply, empty, json_reply, with};
use axum::http::StatusCode;
use serde_json::{Value, json};

const DOCS: &str = "https://docs.github.com/rest";

/// Answers an error: `basic-error` of the description.
pub(super) fn error(status: StatusCode, message: &str) -> Reply {
    let body = json!({"message": message, "documentation_url": DOCS, "status": status.as_str()});
    json_reply(status, &body)
}

pub(super) fn not_found() -> Reply {
    error(StatusCode::NOT_FOUND, "Not Found")
}

/// Answers that the request breaks a rule of its resource: `validation-error` of the description.
pub(super) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Refusal {
    let error = json!({"resource": resource, "code": code, "field": field, "message": message});
    let body = json!({
        "message": "Validation Failed", "errors": [error], "documentation_url": DOCS, "status": "422",
    });
    Box::new(json_reply(StatusCode::UNPROCESSABLE_ENTITY, &body))
}

/// Answers that the request has not the form that was described, with the text seen in
/// <https://github.com/dorny/test-reporter/issues/194> and <https://github.com/humanmade/linter-bot/issues/71>.
pub(super) fn malformed(what: &str) -> Refusal {
    Box::new(error(StatusCode::UNPROCESSABLE_ENTITY, &format!("Invalid request.\n\n{what}")))
}

pub(super) fn no_commit(sha: &str) -> Refusal {
    Box::new(error(StatusCode::UNPROCESSABLE_ENTITY, &format!("No commit found for SHA: {sha}")))
}

/// Returns an object out of a request (docs, "Troubleshooting the REST API").
pub(super) fn object(body: &[u8]) -> Result<Value, Refusal> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Box::new(error(StatusCode::BAD_REQUEST, "Body should be a JSON object"))),
        Err(_) => Err(Box::new(error(StatusCode::BAD_REQUEST, "Problems parsing JSON"))),
    }
}

/// Returns a text that must be there.
pub(super) fn required<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    optional(body, name)?.ok_or_else(|| malformed(&format!("\"{name}\" wasn't supplied.")))
}

/// Returns a text that may be there.
pub(super) fn optional<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(malformed(&format!("For 'properties/{name}', {other} is not a string."))),
    }
}

/// Refuses a text that is too long.
pub(super) fn at_most(text: Option<&str>, most: usize) -> Result<(), Refusal> {
    let length = text.map_or(0, |text| text.chars().count());
    if length <= most {
        return Ok(());
    }
    Err(malformed(&format!("Only {most} characters are allowed; {length} were supplied.")))
}

/// Returns what GitHub answers when a fault strikes. A 403 and a 429 are the secondary rate limit (docs, "Rate
/// limits for the REST API"); a missing permission is refused elsewhere.
pub(in crate::emulator) fn failing(status: StatusCode) -> Reply {
    let message = match status {
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please \
             retry your request again later."
        }
        StatusCode::UNAUTHORIZED => "Bad credentials",
        StatusCode::NOT_FOUND => "Not Found",
        _ => "Server Error",
    };
    error(status, message)
}

/// Answers that a thing is gone as asked.
pub(super) fn done() -> Reply {
    with(empty(StatusCode::NO_CONTENT), "x-github-media-type", "github.v3")
}
