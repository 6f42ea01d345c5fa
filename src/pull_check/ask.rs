//! Ask: one question to Resource Manager, whose failure names the role that it takes.

use super::resource_id::ResourceId;
use crate::{
    azure::{Arm, ArmError},
    problem::{Problem, Side},
};
use serde::{Deserialize, de::DeserializeOwned};

/// A reference from one resource to another.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Id {
    id: String,
}

impl Id {
    /// Returns the id; none for one that could lead elsewhere.
    pub(super) fn read(self) -> Option<ResourceId> {
        ResourceId::parse(&self.id)
    }
}

/// Gets a resource; `role` is what this identity needs for that.
pub(super) async fn get<T: DeserializeOwned>(arm: &Arm, id: &str, version: &str, role: &str) -> Result<T, Problem> {
    find(arm, id, version, role).await?.ok_or_else(|| {
        Problem::new(Side::Azure, format!("`{id}` does not exist")).hint("Something else still names it: look there.")
    })
}

/// Gets a resource that may not be there.
pub(super) async fn find<T: DeserializeOwned>(
    arm: &Arm,
    id: &str,
    version: &str,
    role: &str,
) -> Result<Option<T>, Problem> {
    arm.get(id, version).await.map_err(|error| problem(&error, role))
}

/// Gets every page of a list.
pub(super) async fn list<T: DeserializeOwned>(
    arm: &Arm,
    path: &str,
    version: &str,
    role: &str,
) -> Result<Vec<T>, Problem> {
    arm.list(path, version).await.map_err(|error| problem(&error, role))
}

/// Gets every page of a list that a filter narrows.
pub(super) async fn list_where<T: DeserializeOwned>(
    arm: &Arm,
    path: &str,
    version: &str,
    filter: &str,
    role: &str,
) -> Result<Vec<T>, Problem> {
    arm.list_where(path, version, filter).await.map_err(|error| problem(&error, role))
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
