//! Found: what Azure says of the registry itself. Values only; nobody is asked here.

use crate::problem::Problem;
use serde::Deserialize;

/// The registry as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its resource id.
    pub id: String,
    /// Its name, as `az` takes it.
    pub name: String,
    /// `Basic`, `Standard` or `Premium`.
    pub sku: String,
    /// The region that it was made in.
    pub home: String,
    /// The retention policy for untagged manifests.
    pub retention: Policy,
    /// The soft delete policy; none where this cloud does not show it.
    pub soft_delete: Option<Policy>,
    /// Whether anybody may pull.
    pub anonymous_pull: bool,
    /// Whether the admin account is enabled.
    pub admin_account: bool,
    /// Whether each region can be asked by itself (`regionalEndpoints`).
    pub is_regional: bool,
    /// The hosts of its regions where they can.
    pub regional_hosts: Vec<String>,
    /// Its replicas, where they were asked.
    pub replicas: Option<Result<Vec<FoundReplica>, Problem>>,
    /// Whether it has cache rules, where that was asked.
    pub has_cache_rules: Option<Result<bool, Problem>>,
    /// How much of it is used, where that was asked.
    pub usages: Option<Result<Vec<Usage>, Problem>>,
}

/// A policy as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether it is on.
    pub is_on: bool,
    /// The days that it has, on or off.
    pub days: u64,
}

/// A replica as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundReplica {
    /// Its name; `az` takes the region for it.
    pub name: String,
    /// Its region.
    pub region: String,
    /// `Succeeded`, `Creating`, `Failed`, …
    pub state: String,
    /// What the service says of it, such as `Ready`.
    pub status: String,
    /// Whether it is spread over zones.
    pub zone_redundancy: bool,
}

/// How much of something is used (`listUsages`). The figures lag behind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// `Size`, `Webhooks`, …
    pub name: String,
    /// How much the SKU includes.
    #[serde(default)]
    pub limit: u64,
    /// How much is used.
    #[serde(default)]
    pub current_value: u64,
}

impl Found {
    /// Returns whether the SKU is Premium.
    pub fn is_premium(&self) -> bool {
        self.sku == "Premium"
    }

    /// Returns the replicas that are known, the home region left out.
    pub fn others(&self) -> impl Iterator<Item = &FoundReplica> {
        let known = self.replicas.iter().flatten().flatten();
        known.filter(|replica| replica.region != self.home)
    }
}

/// The resource as Resource Manager writes it (`RegistryGet.json`).
#[derive(Deserialize)]
pub(super) struct Resource {
    id: String,
    name: String,
    location: String,
    sku: Sku,
    properties: Properties,
}

#[derive(Deserialize)]
struct Sku {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    admin_user_enabled: bool,
    #[serde(default)]
    anonymous_pull_enabled: bool,
    #[serde(default)]
    regional_endpoints: Option<String>,
    #[serde(default)]
    regional_endpoint_host_names: Option<Vec<String>>,
    #[serde(default)]
    policies: Option<Policies>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policies {
    #[serde(default)]
    retention_policy: Option<Written>,
    #[serde(default)]
    soft_delete_policy: Option<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    status: String,
    #[serde(default, alias = "retentionDays")]
    days: u64,
}

impl Written {
    fn policy(&self) -> Policy {
        Policy { is_on: self.status.eq_ignore_ascii_case("enabled"), days: self.days }
    }
}

impl Resource {
    /// Returns it without what was not asked yet.
    pub(super) fn found(self) -> Found {
        let Properties { policies, regional_endpoints, regional_endpoint_host_names, .. } = self.properties;
        let policies = policies.unwrap_or_default();
        let is_regional = regional_endpoints.is_some_and(|it| it.eq_ignore_ascii_case("enabled"));
        Found {
            id: self.id,
            name: self.name,
            sku: self.sku.name,
            home: self.location,
            retention: policies.retention_policy.map_or(Policy { is_on: false, days: 0 }, |it| it.policy()),
            soft_delete: policies.soft_delete_policy.map(|it| it.policy()),
            anonymous_pull: self.properties.anonymous_pull_enabled,
            admin_account: self.properties.admin_user_enabled,
            is_regional,
            regional_hosts: regional_endpoint_host_names.filter(|_| is_regional).unwrap_or_default(),
            replicas: None,
            has_cache_rules: None,
            usages: None,
        }
    }
}

/// A replica as Resource Manager writes it (`ReplicationGet.json`).
#[derive(Deserialize)]
pub(super) struct Replication {
    #[serde(default)]
    name: String,
    location: String,
    properties: ReplicationProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplicationProperties {
    #[serde(default)]
    provisioning_state: String,
    #[serde(default)]
    zone_redundancy: Option<String>,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    display_status: String,
}

impl Replication {
    pub(super) fn found(self) -> FoundReplica {
        let zones = self.properties.zone_redundancy;
        FoundReplica {
            name: self.name,
            region: self.location.to_ascii_lowercase().replace(' ', ""),
            state: self.properties.provisioning_state,
            status: self.properties.status.map(|status| status.display_status).unwrap_or_default(),
            zone_redundancy: zones.is_some_and(|it| it.eq_ignore_ascii_case("enabled")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sample(name: &str) -> Value {
        let text = std::fs::read_to_string(format!("tests/fixtures/arm/{name}.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["responses"]["200"]["body"].clone()
    }

    #[test]
    fn the_official_samples_are_read() {
        let found = serde_json::from_value::<Resource>(sample("RegistryGet")).unwrap().found();
        assert_eq!(
            (found.sku.as_str(), found.home.as_str(), found.name.as_str()),
            ("Standard", "westus", "myRegistry")
        );
        assert_eq!(found.retention, Policy { is_on: false, days: 7 });
        assert!(found.soft_delete.is_none() && !found.anonymous_pull && !found.admin_account && !found.is_regional);

        let replica = serde_json::from_value::<Replication>(sample("ReplicationGet")).unwrap().found();
        assert_eq!(
            (replica.region.as_str(), replica.state.as_str(), replica.status.as_str()),
            ("eastus", "Succeeded", "Ready")
        );
        let usages: Vec<Usage> = serde_json::from_value(sample("RegistryListUsages")["value"].clone()).unwrap();
        assert_eq!(
            (usages[0].name.as_str(), usages[0].limit, usages[0].current_value),
            ("Size", 107_374_182_400, 12_345_678)
        );
    }

    #[test]
    fn what_preview_versions_add_is_read() {
        let mut resource = sample("RegistryGet");
        resource["properties"]["policies"]["softDeletePolicy"] = json!({"status": "enabled", "retentionDays": 30});
        resource["properties"]["regionalEndpoints"] = json!("Enabled");
        resource["properties"]["regionalEndpointHostNames"] = json!(["myregistry.eastus.geo.azurecr.io"]);
        let found = serde_json::from_value::<Resource>(resource).unwrap().found();
        assert_eq!(found.soft_delete, Some(Policy { is_on: true, days: 30 }));
        assert_eq!(found.regional_hosts, ["myregistry.eastus.geo.azurecr.io"]);
    }
}
