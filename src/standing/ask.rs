//! Asking: the registry and its tasks as they are, as far as anybody is told.

use super::Standing;
use crate::{
    azure::{Arm, ArmError},
    problem::{Problem, Side},
    tasks::{PREVIEW, VERSION, refused},
};
use serde_json::Value;

/// The version of the service that tells how a registry reads roles.
const REGISTRY: &str = "2025-11-01";

/// The registry that tasks stand in.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its resource id.
    pub registry: String,
    /// Its region, which is that of its tasks.
    pub location: String,
    /// Whether it reads roles by repository (ABAC).
    pub is_abac: bool,
    /// The version of the service that tells all of a task.
    pub version: &'static str,
}

/// What a decision about a task rests on.
#[derive(Debug, Clone)]
pub struct Found {
    /// The registry.
    pub site: Site,
    /// The task, without its secrets; none where there is none.
    pub task: Option<Value>,
    /// Whether the agent pool that it names is there; true where it names none.
    pub has_pool: bool,
}

impl Site {
    /// Asks for the registry.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn ask(arm: &Arm, registry: &str) -> Result<Self, Problem> {
        let found = arm.resource_by(registry, REGISTRY).await.map_err(|error| refused(&error))?;
        let found = found.ok_or_else(|| Problem::new(Side::Azure, "the registry is not there any more"))?;
        Ok(Self {
            registry: registry.to_owned(),
            location: found["location"].as_str().unwrap_or_default().to_owned(),
            is_abac: found["properties"]["roleAssignmentMode"] == "AbacRepositoryPermissions",
            version: PREVIEW,
        })
    }
}

/// Asks how a task is. Never for its secrets: nobody needs the right to read them.
///
/// # Errors
/// Why it cannot be read.
pub async fn ask(arm: &Arm, site: &mut Site, task: &Standing) -> Result<Found, Problem> {
    let id = format!("{}/tasks/{}", site.registry, task.name);
    let found = match arm.resource_by(&id, site.version).await {
        // Clouds of their own may not have the preview yet.
        Err(ArmError::Refused(refusal)) if refusal.status == 400 && site.version == PREVIEW => {
            site.version = VERSION;
            arm.resource_by(&id, VERSION).await
        }
        other => other,
    };
    let there = found.map_err(|error| refused(&error))?;
    let has_pool = match &task.agent_pool {
        None => true,
        Some(pool) => {
            let pool = arm.resource_by(&format!("{}/agentPools/{pool}", site.registry), site.version).await;
            pool.map_err(|error| refused(&error))?.is_some()
        }
    };
    Ok(Found { site: site.clone(), task: there, has_pool })
}
