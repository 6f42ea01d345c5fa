//! Caller: as whom a run has to reach its own registry.

use super::{Service, problem};
use crate::problem::{Problem, Side};

/// The version of the service that tells how a registry reads roles.
const REGISTRY: &str = "2025-11-01";

impl Service<'_> {
    /// Returns the identity that an order needs: a registry in ABAC mode lets a run in as whoever ordered it alone, and any
    /// other lets it in as itself (section 11.1).
    ///
    /// # Errors
    /// Why the registry cannot be asked.
    pub async fn identity(&self) -> Result<Option<String>, Problem> {
        let found = self.arm.resource_by(self.registry, REGISTRY).await;
        let registry = found.map_err(|error| problem::refused(&error))?;
        let registry = registry.ok_or_else(|| Problem::new(Side::Azure, "the registry is not there any more"))?;
        let is_abac = registry["properties"]["roleAssignmentMode"] == "AbacRepositoryPermissions";
        Ok(is_abac.then(|| "[caller]".to_owned()))
    }
}
