//! A handle on one zone of private names of the world.

use super::{GROUP, Network, id};
use crate::emulator::World;
use serde_json::json;

/// A private DNS zone.
#[derive(Clone)]
pub struct Zone {
    world: World,
    id: String,
}

impl World {
    /// Creates a private DNS zone in the group `rg-aks`, or returns the one that is there.
    pub fn private_zone(&self, name: &str) -> Zone {
        let id = id(GROUP, "Microsoft.Network/privateDnsZones", name);
        self.resource(&id, "global", json!({"provisioningState": "Succeeded", "numberOfRecordSets": 1}));
        Zone { world: self.clone(), id }
    }
}

impl Zone {
    /// Returns the resource id.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// Links it to a network, which asks it from then on.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn link(self, network: &Network) -> Self {
        let network = network.id();
        let link = format!("{}/virtualNetworkLinks/{}", self.id, network.rsplit('/').next().unwrap_or_default());
        let properties = json!({"provisioningState": "Succeeded", "registrationEnabled": false,
            "virtualNetwork": {"id": network}, "virtualNetworkLinkState": "Completed"});
        self.world.resource(&link, "global", properties);
        self
    }

    /// Sets the address of a name, in the place of the one that it has.
    pub fn record(&self, name: &str, address: &str) {
        self.drop_record(name);
        let fqdn = format!("{name}.{}.", self.id.rsplit('/').next().unwrap_or_default());
        let properties = json!({"fqdn": fqdn, "ttl": 10, "isAutoRegistered": false,
            "aRecords": [{"ipv4Address": address}]});
        self.world.resource(&format!("{}/A/{name}", self.id), "global", properties);
    }

    /// Takes a name away.
    pub fn drop_record(&self, name: &str) {
        self.world.remove_resource(&format!("{}/A/{name}", self.id));
    }
}
