//! A handle on one virtual network of the world.

use super::{GROUP, id};
use crate::emulator::World;
use serde_json::json;

/// A virtual network with a subnet `nodes`.
#[derive(Clone)]
pub struct Network {
    world: World,
    id: String,
}

impl World {
    /// Creates a virtual network in the group `rg-aks`, or returns the one that is there.
    pub fn network(&self, name: &str) -> Network {
        self.network_in(GROUP, name)
    }

    pub(super) fn network_in(&self, group: &str, name: &str) -> Network {
        let id = id(group, "Microsoft.Network/virtualNetworks", name);
        let subnet = json!({"id": format!("{id}/subnets/nodes"), "name": "nodes",
            "properties": {"provisioningState": "Succeeded", "addressPrefix": "10.1.0.0/16"}});
        let properties = json!({
            "provisioningState": "Succeeded", "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [subnet], "virtualNetworkPeerings": [], "enableDdosProtection": false,
        });
        self.resource(&id, "westeurope", properties);
        Network { world: self.clone(), id }
    }
}

impl Network {
    /// Returns the resource id.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// Returns the resource id of its subnet.
    pub fn subnet(&self) -> String {
        format!("{}/subnets/nodes", self.id)
    }

    /// Peers it with another one, on this side; `state` is `Connected`, `Initiated` or `Disconnected`.
    pub fn peer(&self, other: &Self, state: &str) {
        let name = format!("to-{}", other.id.rsplit('/').next().unwrap_or_default());
        let peering = json!({
            "id": format!("{}/virtualNetworkPeerings/{name}", self.id), "name": name,
            "properties": {"provisioningState": "Succeeded", "peeringState": state, "allowVirtualNetworkAccess": true,
                "remoteVirtualNetwork": {"id": other.id}},
        });
        self.world.change(&self.id, |it| {
            if let Some(peerings) = it["virtualNetworkPeerings"].as_array_mut() {
                peerings.push(peering);
            }
        });
    }

    /// Lets it ask DNS servers of the company's own.
    pub fn dns_servers<'a>(&self, servers: impl IntoIterator<Item = &'a str>) {
        let servers: Vec<_> = servers.into_iter().collect();
        self.world.change(&self.id, |it| it["dhcpOptions"] = json!({"dnsServers": servers}));
    }
}
