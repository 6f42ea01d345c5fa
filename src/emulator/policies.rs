//! Policies: what a registry has been told about itself, and the regions it can be asked in; with handles on both.

use super::{
    AzureRegistry,
    state::{Azure, State},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings of a registry that its other files do not know.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Policies {
    pub(super) retention: Policy,
    pub(super) soft_delete: Policy,
    /// `regionalEndpoints`
    pub(super) is_regional: bool,
    /// Names of cache rules.
    pub(super) cache_rules: Vec<String>,
    /// What `listUsages` says of storage, where that is not what there is: the service lags behind.
    pub(super) used: Option<u64>,
    /// How many more times a region says that it has no such manifest.
    pub(super) lacks: BTreeMap<String, u32>,
}

/// A policy with its days, on or off.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) is_on: bool,
    pub(super) days: u64,
}

impl Default for Policies {
    fn default() -> Self {
        // As the official sample `RegistryGet.json` and the captures have them.
        let off = Policy { is_on: false, days: 7 };
        Self {
            retention: off,
            soft_delete: off,
            is_regional: false,
            cache_rules: Vec::new(),
            used: None,
            lacks: BTreeMap::new(),
        }
    }
}

impl Policy {
    pub(super) fn status(self) -> &'static str {
        if self.is_on { "enabled" } else { "disabled" }
    }

    /// A policy that nobody has touched.
    pub(super) fn is_default(self) -> bool {
        !self.is_on && self.days == 7
    }
}

impl AzureRegistry {
    /// Sets the retention policy for untagged manifests: its days, or off.
    pub fn retention(&self, days: Option<u64>) {
        self.set_policies(|policies| policies.retention = Policy { is_on: days.is_some(), days: days.unwrap_or(7) });
    }

    /// Returns the days of the retention policy where it is on.
    pub fn retention_days(&self) -> Option<u64> {
        self.policies().map(|policies| policies.retention).filter(|policy| policy.is_on).map(|policy| policy.days)
    }

    /// Sets the soft delete policy: its days, or off.
    pub fn soft_delete(&self, days: Option<u64>) {
        self.set_policies(|policies| policies.soft_delete = Policy { is_on: days.is_some(), days: days.unwrap_or(7) });
    }

    /// Returns the days of the soft delete policy where it is on.
    pub fn soft_delete_days(&self) -> Option<u64> {
        self.policies().map(|policies| policies.soft_delete).filter(|policy| policy.is_on).map(|policy| policy.days)
    }

    /// Gives each region a host of its own (section 14).
    pub fn regional_endpoints(&self) {
        self.set_policies(|policies| policies.is_regional = true);
    }

    /// Adds a cache rule.
    pub fn cache_rule(&self, name: &str) {
        self.set_policies(|policies| policies.cache_rules.push(name.to_owned()));
    }

    /// Sets what `listUsages` says of storage, in bytes.
    pub fn used(&self, bytes: u64) {
        self.set_policies(|policies| policies.used = Some(bytes));
    }

    /// Lets a region say so many times that it has no such manifest: it follows its home region later.
    pub fn replica_lags(&self, region: &str, times: u32) {
        self.set_policies(|policies| policies.lacks.extend([(region.to_owned(), times)]));
    }

    /// Returns whether the admin user is enabled, and whether anybody may pull.
    pub fn ways_in(&self) -> (bool, bool) {
        let look = |azure: &Azure| (azure.users.iter().any(|user| user.actions.is_none()), azure.anonymous_pull);
        self.look(look).unwrap_or_default()
    }

    fn policies(&self) -> Option<Policies> {
        self.look(|azure| azure.policies.clone())
    }

    fn set_policies(&self, set: impl FnOnce(&mut Policies)) {
        drop(self.clone().set(|azure| set(&mut azure.policies)));
    }
}

/// Returns the regions of a registry with the home one first; replicas that are not ready yet are none.
pub(super) fn regions(state: &State, azure: &Azure) -> Vec<String> {
    let collection = format!("{}/replications", azure.id()).to_ascii_lowercase();
    let ready = |it: &&serde_json::Value| it["properties"]["provisioningState"] == "Succeeded";
    let replicas = state.estate.under(&collection).filter(ready).filter_map(|it| it["location"].as_str());
    [azure.location.as_str()].into_iter().chain(replicas).map(str::to_owned).collect()
}

/// Returns the hosts of its regions, where they have any: `NAME.REGION.geo.azurecr.io`.
pub(super) fn regional_hosts(state: &State, azure: &Azure) -> Vec<String> {
    if !azure.policies.is_regional {
        return Vec::new();
    }
    let (label, suffix) = azure.login_server.split_once('.').unwrap_or_default();
    regions(state, azure).into_iter().map(|region| format!("{label}.{region}.geo.{suffix}")).collect()
}

/// Returns whether the region behind a host has not followed yet, and counts the question.
pub(super) fn is_behind(state: &mut State, login_server: &str, host: &str) -> bool {
    let Some(region) = host.split_once(".geo.").and_then(|(name, _)| name.split('.').nth(1)) else { return false };
    let registry = state.registries.get_mut(login_server);
    let Some(super::state::Role::Azure(azure)) = registry.map(|registry| &mut registry.role) else { return false };
    match azure.policies.lacks.get_mut(region) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        Some(_) | None => false,
    }
}
