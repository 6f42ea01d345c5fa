//! A handle on one AKS cluster of the world.

use super::{GROUP, Network, id};
use crate::emulator::{TENANT, World};
use serde_json::{Value, json};

/// A cluster with a kubelet identity, in a network of its own, that goes out by a load balancer's address.
#[derive(Clone)]
pub struct Cluster {
    world: World,
    name: String,
}

impl World {
    /// Creates an AKS cluster in the group `rg-aks`, or returns the one that is there: private, running, its nodes in the
    /// network `vnet-NAME`, going out by 20.50.0.1.
    pub fn cluster(&self, name: &str) -> Cluster {
        let network = self.network(&format!("vnet-{name}"));
        let nodes = format!("MC_{GROUP}_{name}_westeurope");
        let address = id(&nodes, "Microsoft.Network/publicIPAddresses", "outbound");
        self.resource(
            &address,
            "westeurope",
            json!({"provisioningState": "Succeeded", "ipAddress": "20.50.0.1", "publicIPAllocationMethod": "Static"}),
        );
        let kubelet = id(&nodes, "Microsoft.ManagedIdentity/userAssignedIdentities", &format!("{name}-agentpool"));
        let cluster = Cluster { world: self.clone(), name: name.to_owned() };
        let properties = json!({
            "provisioningState": "Succeeded", "powerState": {"code": "Running"}, "kubernetesVersion": "1.30",
            "dnsPrefix": name, "nodeResourceGroup": nodes, "enableRBAC": true,
            "agentPoolProfiles": [{
                "name": "nodepool1", "count": 3, "vmSize": "Standard_D4s_v5", "mode": "System", "osType": "Linux",
                "vnetSubnetID": network.subnet(), "enableNodePublicIP": false,
            }],
            "servicePrincipalProfile": {"clientId": "msi"},
            "identityProfile": {"kubeletidentity": {
                "resourceId": kubelet, "clientId": Self::object_id(&format!("client of {name}")),
                "objectId": cluster.kubelet(),
            }},
            "apiServerAccessProfile": {"enablePrivateCluster": true},
            "networkProfile": {
                "networkPlugin": "azure", "loadBalancerSku": "standard", "outboundType": "loadBalancer",
                "loadBalancerProfile": {"managedOutboundIPs": {"count": 1}, "effectiveOutboundIPs": [{"id": address}]},
            },
        });
        self.resource(&cluster.id(), "westeurope", properties);
        let identity = json!({"type": "SystemAssigned", "tenantId": TENANT,
            "principalId": Self::object_id(&format!("control plane of {name}"))});
        if let Some(resource) = self.state().estate.resources.get_mut(&cluster.id().to_ascii_lowercase()) {
            resource["identity"] = identity;
        }
        cluster
    }
}

impl Cluster {
    /// Returns the resource id.
    pub fn id(&self) -> String {
        id(GROUP, "Microsoft.ContainerService/managedClusters", &self.name)
    }

    /// Returns the object id of the kubelet identity.
    pub fn kubelet(&self) -> String {
        World::object_id(&self.name)
    }

    /// Returns the network of its nodes.
    pub fn network(&self) -> Network {
        self.world.network(&format!("vnet-{}", self.name))
    }

    /// Stops it.
    pub fn stop(&self) {
        self.change(|it| it["powerState"]["code"] = json!("Stopped"));
    }

    /// Makes it one of the old clusters, which pull as a service principal.
    pub fn service_principal(&self, client_id: &str) {
        self.change(|it| {
            it["identityProfile"] = Value::Null;
            it["servicePrincipalProfile"]["clientId"] = json!(client_id);
        });
    }

    /// Lets it go out by another way, such as `userDefinedRouting`, or by another address of the load balancer.
    pub fn outbound(&self, kind_or_address: &str) {
        if kind_or_address.contains('.') {
            let address = self.id_of_address();
            return self.world.change(&address, |it| it["ipAddress"] = json!(kind_or_address));
        }
        self.change(|it| it["networkProfile"] = json!({"networkPlugin": "azure", "outboundType": kind_or_address}));
    }

    /// Lets Azure have made the network of the nodes: no pool names it, and it lies in the group of the nodes.
    pub fn managed_network(&self) -> Network {
        self.change(|it| it["agentPoolProfiles"][0]["vnetSubnetID"] = Value::Null);
        self.world.network_in(&format!("MC_{GROUP}_{}_westeurope", self.name), "aks-vnet-12345678")
    }

    fn id_of_address(&self) -> String {
        id(&format!("MC_{GROUP}_{}_westeurope", self.name), "Microsoft.Network/publicIPAddresses", "outbound")
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        self.world.change(&self.id(), change);
    }
}
