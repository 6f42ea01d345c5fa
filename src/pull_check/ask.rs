//! Ask: one question to Resource Manager, whose failure names the role that it takes; and what is read from an answer.
//!
//! Answers are read field by field where they are needed: of resources with hundreds of fields a few are, and a field that
//! is missing or of another kind is one that was not told.

use super::resource_id::ResourceId;
use crate::{
    azure::{Arm, ArmError},
    problem::{Problem, Side},
};
use serde_json::Value;

/// Gets a resource; `role` is what this identity needs for that.
pub(super) async fn get(arm: &Arm, id: &str, version: &str, role: &str) -> Result<Value, Problem> {
    find(arm, id, version, role).await?.ok_or_else(|| {
        Problem::new(Side::Azure, format!("`{id}` does not exist")).hint("Something else still names it: look there.")
    })
}

/// Gets a resource that may not be there.
pub(super) async fn find(arm: &Arm, id: &str, version: &str, role: &str) -> Result<Option<Value>, Problem> {
    arm.get(id, version).await.map_err(|error| problem(&error, role))
}

/// Gets every page of a list; an empty filter narrows nothing.
pub(super) async fn list(
    arm: &Arm,
    path: &str,
    version: &str,
    filter: &str,
    role: &str,
) -> Result<Vec<Value>, Problem> {
    arm.list_where(path, version, filter).await.map_err(|error| problem(&error, role))
}

/// Returns a text, by its JSON pointer; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns whether a switch is on, or off; none where it is not told.
pub(super) fn switch(value: &Value, pointer: &str) -> Option<bool> {
    value.pointer(pointer)?.as_bool()
}

/// Returns the entries of a list.
pub(super) fn entries<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Returns a resource id; none for one that could lead elsewhere.
pub(super) fn id(value: &Value, pointer: &str) -> Option<ResourceId> {
    ResourceId::parse(text(value, pointer))
}

/// Returns what is said of an answer that cannot be used.
pub(super) fn unreadable(what: &str) -> Problem {
    Problem::new(Side::Azure, format!("Azure answered something that cannot be read: {what}"))
        .hint("Run again; report it with the text above if it stays.")
}

/// Only reading is asked for, so that the advice for imports would mislead.
fn problem(error: &ArmError, role: &str) -> Problem {
    match error {
        ArmError::Refused(refusal) if refusal.status == 403 || refusal.status == 401 => {
            Problem::new(Side::Azure, refusal.to_string())
                .hint(format!("Grant this identity {role}; a new grant takes minutes to apply."))
        }
        ArmError::Refused(refusal) => Problem::new(Side::Azure, refusal.to_string()).hint("Run again."),
        ArmError::Http(_) | ArmError::SignIn(_) | ArmError::Unreadable(_) => error.problem(),
    }
}
