//! Cluster: who pulls, from which networks, and by which address it goes out (Microsoft.ContainerService).

use super::{
    ask::{self, entries, text},
    outbound::Outbound,
    remark::{Grade, Judgement, Topic},
    resource_id::ResourceId,
};
use crate::{azure::Arm, problem::Problem};
use serde_json::Value;

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

/// Asks for a cluster; none where there is no such cluster.
///
/// # Errors
/// Why it could not be asked.
pub(super) async fn ask(arm: &Arm, id: &ResourceId) -> Result<Option<ClusterFacts>, Problem> {
    let resource = ask::find(arm, id.as_str(), VERSION, ROLE).await?;
    Ok(resource.map(|resource| read(&resource, id.clone())))
}

fn read(resource: &Value, id: ResourceId) -> ClusterFacts {
    let kubelet = text(resource, "/properties/identityProfile/kubeletidentity/objectId");
    let principal = text(resource, "/properties/servicePrincipalProfile/clientId");
    let puller = match (kubelet, principal) {
        // `msi`: so a cluster with managed identities says that it has no service principal.
        ("", "" | "msi") => Puller::Unnamed,
        ("", client_id) => Puller::ServicePrincipal(client_id.to_owned()),
        (object_id, _) => Puller::Kubelet(object_id.to_owned()),
    };
    let pools = entries(resource, "/properties/agentPoolProfiles");
    let mut networks: Vec<ResourceId> = Vec::new();
    for subnet in pools.iter().filter_map(|pool| ask::id(pool, "/vnetSubnetID")) {
        if !networks.contains(&subnet.top()) {
            networks.push(subnet.top());
        }
    }
    let has_public_nodes = pools.iter().any(|pool| ask::switch(pool, "/enableNodePublicIP") == Some(true));
    ClusterFacts {
        id,
        puller,
        networks,
        outbound: Outbound::of(&resource["properties"]["networkProfile"], has_public_nodes),
        location: text(resource, "/location").to_owned(),
        node_group: text(resource, "/properties/nodeResourceGroup").to_owned(),
        power: text(resource, "/properties/powerState/code").to_owned(),
        state: text(resource, "/properties/provisioningState").to_owned(),
        is_private: ask::switch(resource, "/properties/apiServerAccessProfile/enablePrivateCluster") == Some(true),
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
        let networks = ask::list(arm, &path, NETWORK_VERSION, "", role).await?;
        Ok(networks.iter().filter_map(|network| ask::id(network, "/id")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(properties: serde_json::Value) -> ClusterFacts {
        let id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/prod";
        let resource = serde_json::json!({"location": "westeurope", "properties": properties});
        read(&resource, ResourceId::parse(id).unwrap())
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
