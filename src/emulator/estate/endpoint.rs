//! A handle on one private endpoint of a registry, and the registry's side of networks (section 15).

use super::{GROUP, Network, Zone, id};
use crate::emulator::{AzureRegistry, World};
use serde_json::{Value, json};

/// A private endpoint with its network interface.
#[derive(Clone)]
pub struct PrivateEndpoint {
    world: World,
    registry: AzureRegistry,
    name: String,
}

impl AzureRegistry {
    /// Creates a private endpoint in a network, with an address for the registry and one for each of its regions, and
    /// its approved connection; or returns the one that is there.
    pub fn private_endpoint(&self, name: &str, network: &Network) -> PrivateEndpoint {
        let world = self.handle().clone();
        let endpoint = PrivateEndpoint { world, registry: self.clone(), name: name.to_owned() };
        endpoint.create(network);
        endpoint
    }

    /// Adds a replica in a region; endpoints that are there get no address for it.
    pub fn replica(&self, region: &str) {
        let status = json!({"displayStatus": "Ready", "message": "The replication is ready.",
            "timestamp": "2025-09-18T06:46:47.5158938Z"});
        let properties = json!({"provisioningState": "Succeeded", "regionEndpointEnabled": true, "status": status,
            "zoneRedundancy": "Disabled"});
        self.handle().resource(&format!("{}/replications/{region}", self.id()), region, properties);
    }

    /// Returns the regions, the home one first.
    fn regions(&self) -> Vec<String> {
        let state = self.handle().state();
        let collection = format!("{}/replications", state_id(&state, self)).to_ascii_lowercase();
        let replicas: Vec<_> =
            state.estate.under(&collection).filter_map(|it| it["location"].as_str().map(str::to_owned)).collect();
        let home = state.registries.get(&self.login_server()).and_then(|it| it.azure().map(|it| it.location.clone()));
        home.into_iter().chain(replicas).collect()
    }
}

fn state_id(state: &crate::emulator::state::State, registry: &AzureRegistry) -> String {
    let found = state.registries.get(&registry.login_server()).and_then(|it| it.azure());
    found.map(crate::emulator::state::Azure::id).unwrap_or_default()
}

impl PrivateEndpoint {
    /// Returns the resource id.
    pub fn id(&self) -> String {
        id(GROUP, "Microsoft.Network/privateEndpoints", &self.name)
    }

    /// Sets how the registry stands to the connection: `Approved`, `Pending`, `Rejected`, `Disconnected`.
    pub fn status(&self, status: &str) {
        self.world.change(&self.connection(), |it| {
            it["privateLinkServiceConnectionState"]["status"] = json!(status);
        });
    }

    /// Keeps its names in a zone, each that it has an address for.
    #[must_use = "a handle that is not needed can be dropped"]
    pub fn zone(self, zone: &Zone) -> Self {
        let group = format!("{}/privateDnsZoneGroups/default", self.id());
        let config = json!({"name": "registry", "properties": {"privateDnsZoneId": zone.id()}});
        self.world.resource(
            &group,
            "westeurope",
            json!({"provisioningState": "Succeeded", "privateDnsZoneConfigs": [config]}),
        );
        self.records(zone);
        self
    }

    /// Writes its names into a zone by hand, which keeps no tie.
    pub fn records(&self, zone: &Zone) {
        for (fqdn, address) in self.members() {
            zone.record(fqdn.trim_end_matches(".azurecr.io"), &address);
        }
    }

    /// Returns its names with their addresses.
    pub fn members(&self) -> Vec<(String, String)> {
        let state = self.world.state();
        let interface = state.estate.resources.get(&self.interface().to_ascii_lowercase());
        let configurations = interface.and_then(|it| it["properties"]["ipConfigurations"].as_array().cloned());
        let member = |it: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let it = &it["properties"];
            (text(&it["privateLinkConnectionProperties"]["fqdns"][0]), text(&it["privateIPAddress"]))
        };
        configurations.unwrap_or_default().iter().map(member).collect()
    }

    /// Returns the resource id of its network interface.
    pub fn interface(&self) -> String {
        id(GROUP, "Microsoft.Network/networkInterfaces", &format!("{}.nic", self.name))
    }

    fn connection(&self) -> String {
        format!("{}/privateEndpointConnections/{}", self.registry.id(), self.name)
    }

    fn create(&self, network: &Network) {
        let login_server = self.registry.login_server();
        let label = login_server.split('.').next().unwrap_or_default().to_owned();
        let data = self
            .registry
            .regions()
            .into_iter()
            .map(|region| (format!("registry_data_{region}"), format!("{label}.{region}.data.azurecr.io")));
        let members: Vec<_> = data.chain([("registry".to_owned(), login_server.clone())]).collect();
        // No two endpoints have one address.
        let taken = self.world.state().estate.resources.keys().filter(|id| id.contains("/networkinterfaces/")).count();
        let subnet = json!({"id": network.subnet()});
        let configurations = members.iter().enumerate().map(|(at, (member, fqdn))| {
            json!({"id": format!("{}/ipConfigurations/{member}", self.interface()), "name": member, "properties": {
                "provisioningState": "Succeeded", "privateIPAddress": format!("10.1.{taken}.{}", 4 + at),
                "privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4", "subnet": subnet, "primary": at == 0,
                "privateLinkConnectionProperties":
                    {"groupId": "registry", "requiredMemberName": member, "fqdns": [fqdn]},
            }})
        });
        let configurations: Vec<_> = configurations.collect();
        let interface = json!({"provisioningState": "Succeeded", "ipConfigurations": configurations,
            "privateEndpoint": {"id": self.id()}});
        self.world.resource(&self.interface(), "westeurope", interface);
        let approved = json!({"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"});
        let link = json!({"id": format!("{}/privateLinkServiceConnections/{}", self.id(), self.name), "name": self.name,
            "properties": {"provisioningState": "Succeeded", "privateLinkServiceId": self.registry.id(),
                "groupIds": ["registry"], "privateLinkServiceConnectionState": approved}});
        let endpoint = json!({
            "provisioningState": "Succeeded", "subnet": subnet, "networkInterfaces": [{"id": self.interface()}],
            "privateLinkServiceConnections": [link], "manualPrivateLinkServiceConnections": [],
            "customDnsConfigs": [], "ipConfigurations": [],
        });
        self.world.resource(&self.id(), "westeurope", endpoint);
        let connection = json!({"provisioningState": "Succeeded", "privateEndpoint": {"id": self.id()},
            "groupIds": ["registry"], "privateLinkServiceConnectionState": approved});
        self.world.resource(&self.connection(), "westeurope", connection);
    }
}
