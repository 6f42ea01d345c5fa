//! Pools: the agent pools of a registry (official sample `AgentPoolsGet.json`).

use super::{PREVIEW, Service, problem};
use crate::problem::Problem;

impl Service<'_> {
    /// Returns whether the registry has an agent pool.
    ///
    /// # Errors
    /// Why that cannot be told, such as a right that is missing; an order tells it then.
    pub async fn has_pool(&self, name: &str) -> Result<bool, Problem> {
        let found = self.arm.resource_by(&format!("{}/agentPools/{name}", self.registry), PREVIEW).await;
        found.map(|pool| pool.is_some()).map_err(|error| problem::refused(&error))
    }
}
