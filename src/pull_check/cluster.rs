//! Cluster: who pulls, from which networks, and by which address it goes out (Microsoft.ContainerService).

use super::{
    ask,
    outbound::{NetworkProfile, Outbound},
    remark::{Grade, Judgement, Topic},
    resource_id::ResourceId,
};
use crate::{azure::Arm, problem::Problem};
use serde::Deserialize;
use std::collections::HashMap;

const VERSION: &str = "2024-05-01";
/// Microsoft.Network: addresses, networks and private endpoints.
pub(super) const NETWORK_VERSION: &str = "2023-11-01";
const ROLE: &str = "*Reader* on the cluster";

/// What is known of a cluster.
#[derive(Debug, Clone)]
pub(super) struct ClusterFacts {
    pub(super) id: ResourceId,
    pub(super) puller: Puller,
    /// The networks of its node pools; empty where Azure made one for it.
    pub(super) networks: Vec<ResourceId>,
    pub(super) outbound: Outbound,
    location: String,
    node_group: String,
    power: String,
    state: String,
    is_private: bool,
}

/// Who pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Puller {
    /// The kubelet identity, by its object id.
    Kubelet(String),
    /// The service principal of an old cluster, by its application id; its object id only Microsoft Graph knows.
    ServicePrincipal(String),
    /// Nobody that is named.
    Unnamed,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    location: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    provisioning_state: Option<String>,
    #[serde(default)]
    power_state: Option<Power>,
    #[serde(default)]
    identity_profile: Option<HashMap<String, Identity>>,
    #[serde(default)]
    service_principal_profile: Option<ServicePrincipal>,
    #[serde(default)]
    agent_pool_profiles: Option<Vec<Pool>>,
    #[serde(default)]
    api_server_access_profile: Option<ApiServer>,
    #[serde(default)]
    network_profile: Option<NetworkProfile>,
    #[serde(default)]
    node_resource_group: Option<String>,
}

#[derive(Deserialize)]
struct Power {
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(default)]
    object_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServicePrincipal {
    client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pool {
    #[serde(default, rename = "vnetSubnetID")]
    subnet: Option<String>,
    #[serde(default, rename = "enableNodePublicIP")]
    has_public_nodes: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiServer {
    #[serde(default)]
    enable_private_cluster: Option<bool>,
}

/// Asks for a cluster; none where there is no such cluster.
///
/// # Errors
/// Why it could not be asked.
pub(super) async fn ask(arm: &Arm, id: &ResourceId) -> Result<Option<ClusterFacts>, Problem> {
    let resource = ask::find::<Resource>(arm, id.as_str(), VERSION, ROLE).await?;
    Ok(resource.map(|resource| resource.facts(id.clone())))
}

impl Resource {
    fn facts(self, id: ResourceId) -> ClusterFacts {
        let Properties { provisioning_state, power_state, identity_profile, agent_pool_profiles, .. } = self.properties;
        let kubelet = identity_profile
            .unwrap_or_default()
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("kubeletidentity"))
            .and_then(|(_, identity)| identity.object_id);
        let principal = self.properties.service_principal_profile.map(|principal| principal.client_id);
        let puller = match (kubelet, principal) {
            (Some(object_id), _) => Puller::Kubelet(object_id),
            // So a cluster with managed identities says that it has no service principal.
            (None, Some(client_id)) if client_id != "msi" => Puller::ServicePrincipal(client_id),
            (None, _) => Puller::Unnamed,
        };
        let pools = agent_pool_profiles.unwrap_or_default();
        let mut networks: Vec<ResourceId> = Vec::new();
        for subnet in pools.iter().filter_map(|pool| ResourceId::parse(pool.subnet.as_deref()?)) {
            if !networks.contains(&subnet.top()) {
                networks.push(subnet.top());
            }
        }
        let has_public_nodes = pools.iter().any(|pool| pool.has_public_nodes == Some(true));
        ClusterFacts {
            id,
            puller,
            networks,
            outbound: Outbound::of(self.properties.network_profile, has_public_nodes),
            location: self.location,
            node_group: self.properties.node_resource_group.unwrap_or_default(),
            power: power_state.map(|power| power.code).unwrap_or_default(),
            state: provisioning_state.unwrap_or_default(),
            is_private: self
                .properties
                .api_server_access_profile
                .is_some_and(|profile| profile.enable_private_cluster == Some(true)),
        }
    }
}

impl ClusterFacts {
    /// Returns what is known of the cluster itself.
    pub(super) fn judge(&self) -> Judgement {
        let kind = if self.is_private { "a private cluster" } else { "a cluster" };
        let judged = |grade, what: String| Judgement::new(Topic::Cluster, grade, what);
        if self.power == "Stopped" {
            let start = super::command::Command::new("az aks start")
                .with("--subscription", self.id.subscription())
                .with("--resource-group", self.id.group())
                .with("--name", self.id.name());
            return judged(
                Grade::Doubtful,
                format!("{kind} in {}, which is stopped: nothing is pulled", self.location),
            )
            .hint(format!("It is started by {start}; what follows holds from then on."));
        }
        if !matches!(self.state.as_str(), "Succeeded" | "") {
            let what = format!("{kind} in {}, whose provisioning state is `{}`", self.location, self.state);
            return judged(Grade::Doubtful, what).hint("Wait until it has settled; then check again.");
        }
        match &self.puller {
            Puller::Kubelet(object_id) => {
                judged(Grade::Good, format!("{kind} in {}; it pulls as {object_id}", self.location))
            }
            Puller::ServicePrincipal(client_id) => {
                judged(Grade::Good, format!("{kind} in {}; it pulls as the application {client_id}", self.location))
            }
            Puller::Unnamed => {
                judged(Grade::Doubtful, format!("{kind} in {}, which names no kubelet identity", self.location))
                    .hint("It is a cluster of another make, or not made yet.")
            }
        }
    }

    /// Returns the networks of the nodes, that which Azure made for them included.
    pub(super) async fn all_networks(&self, arm: &Arm) -> Result<Vec<ResourceId>, Problem> {
        if !self.networks.is_empty() {
            return Ok(self.networks.clone());
        }
        let group = format!("/subscriptions/{}/resourceGroups/{}", self.id.subscription(), self.node_group);
        let path = format!("{group}/providers/Microsoft.Network/virtualNetworks");
        // Its name goes into an address.
        if ResourceId::parse(&format!("{path}/x")).is_none() {
            return Err(ask::unreadable("the cluster's node resource group"));
        }
        let role = "*Reader* on the cluster's node resource group";
        let networks = ask::list::<ask::Id>(arm, &path, NETWORK_VERSION, role).await?;
        Ok(networks.into_iter().filter_map(ask::Id::read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(properties: serde_json::Value) -> ClusterFacts {
        let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/prod";
        let resource = serde_json::json!({"location": "westeurope", "properties": properties});
        serde_json::from_value::<Resource>(resource).unwrap().facts(ResourceId::parse(id).unwrap())
    }

    #[test]
    fn who_pulls_is_told_in_three_ways() {
        let of = |properties| facts(properties).puller;
        let kubelet = serde_json::json!({"identityProfile": {"kubeletidentity": {"objectId": "o", "clientId": "c"}},
            "servicePrincipalProfile": {"clientId": "msi"}});
        assert_eq!(of(kubelet), Puller::Kubelet("o".to_owned()));
        let old = serde_json::json!({"servicePrincipalProfile": {"clientId": "c"}});
        assert_eq!(of(old), Puller::ServicePrincipal("c".to_owned()));
        assert_eq!(of(serde_json::json!({"servicePrincipalProfile": {"clientId": "msi"}})), Puller::Unnamed);
    }

    #[test]
    fn a_cluster_that_does_not_run_is_said_first() {
        let judged = |properties| facts(properties).judge();
        let stopped = judged(serde_json::json!({"powerState": {"code": "Stopped"}, "provisioningState": "Succeeded"}));
        assert_eq!(stopped.grade, Grade::Doubtful);
        assert!(
            stopped.problem.hint.unwrap().contains("`az aks start --subscription 1 --resource-group g --name prod`")
        );
        assert_eq!(judged(serde_json::json!({"provisioningState": "Updating"})).grade, Grade::Doubtful);
        let private = serde_json::json!({"apiServerAccessProfile": {"enablePrivateCluster": true},
            "identityProfile": {"kubeletidentity": {"objectId": "o"}}, "powerState": {"code": "Running"}});
        let private = judged(private);
        assert_eq!(private.grade, Grade::Good);
        assert_eq!(private.problem.what, "a private cluster in westeurope; it pulls as o");
    }
}
