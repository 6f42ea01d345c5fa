//! Door: the registry as a resource, and whom its networks let in.

use super::{
    ask::{self, entries, text},
    remark::{Grade, Judgement, Topic},
    resource_id::ResourceId,
};
use crate::{azure::Arm, problem::Problem, reference::Registry};
use serde_json::Value;
use std::collections::BTreeSet;

/// The newest stable version of Microsoft.ContainerRegistry.
const VERSION: &str = "2025-11-01";

/// What is known of a registry.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) id: ResourceId,
    pub(super) login_server: Registry,
    /// The home region, and those of its replicas that serve.
    pub(super) regions: BTreeSet<String>,
    /// Why the replicas are not among them, where they could not be asked.
    pub(super) replicas: Result<(), Problem>,
    pub(super) mode: Mode,
    /// Whether anybody may pull (`anonymousPullEnabled`).
    pub(super) is_anonymous: bool,
    pub(super) public: Public,
    /// Whether layers come from hosts of the registry's own (`dataEndpointEnabled`).
    pub(super) has_data_endpoints: bool,
    pub(super) connections: Vec<Connection>,
}

/// How roles are understood (`roleAssignmentMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Legacy,
    Abac,
}

/// Whom the public endpoint lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Public {
    /// It is switched off.
    Off,
    /// Everybody.
    Open,
    /// Those addresses and ranges.
    Rules(Vec<String>),
}

/// A private endpoint's connection, as the registry sees it.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) name: String,
    /// `Approved`, `Pending`, `Rejected`, `Disconnected`.
    pub(super) status: String,
    pub(super) endpoint: Option<ResourceId>,
}

impl Door {
    /// Returns the registry's name.
    pub(super) fn name(&self) -> &str {
        self.id.name()
    }

    /// Returns the first part of its host, which stands in the zone of private names.
    pub(super) fn label(&self) -> &str {
        self.login_server.as_str().split('.').next().unwrap_or_default()
    }

    /// Returns the zone of private names: `privatelink.azurecr.io`.
    pub(super) fn zone(&self) -> String {
        let suffix = self.login_server.as_str().split_once('.').map(|(_, suffix)| suffix);
        format!("privatelink.{}", suffix.unwrap_or_default())
    }

    /// Returns what images are named after, where that is not the registry's own name: its host has a label more (ACR wire
    /// facts, 2.2), and who leaves that out pulls from another registry.
    pub(super) fn naming(&self) -> Option<Judgement> {
        let is_plain = self.label().eq_ignore_ascii_case(self.name());
        let what = format!(
            "images are named `{}/…`: `{}{}` would be another registry",
            self.login_server,
            self.name().to_lowercase(),
            self.zone().trim_start_matches("privatelink")
        );
        (!is_plain).then(|| Judgement::new(Topic::Image, Grade::Good, what))
    }

    /// Returns the hosts that layers come from.
    pub(super) fn data_hosts(&self) -> Vec<String> {
        let suffix = self.login_server.as_str().split_once('.').map(|(_, suffix)| suffix).unwrap_or_default();
        if !self.has_data_endpoints && self.connections.is_empty() {
            return vec!["*.blob.core.windows.net".to_owned()];
        }
        self.regions.iter().map(|region| format!("{}.{region}.data.{suffix}", self.label())).collect()
    }
}

/// Asks for the registry and its replicas.
///
/// # Errors
/// Why it could not be asked.
pub(super) async fn ask(arm: &Arm, registry: &str) -> Result<Door, Problem> {
    let role = "*Reader* on the registry";
    let resource = ask::get(arm, registry, VERSION, role).await?;
    let replicas = ask::list(arm, &format!("{registry}/replications"), VERSION, "", role).await;
    read(&resource, replicas)
}

fn read(resource: &Value, replicas: Result<Vec<Value>, Problem>) -> Result<Door, Problem> {
    let id = ask::id(resource, "/id").ok_or_else(|| ask::unreadable("the registry's id"))?;
    let login_server = Registry::parse(text(resource, "/properties/loginServer"))
        .map_err(|_| ask::unreadable("the registry's login server"))?;
    let public = if text(resource, "/properties/publicNetworkAccess") == "Disabled" {
        Public::Off
    } else if text(resource, "/properties/networkRuleSet/defaultAction") == "Deny" {
        let rules = entries(resource, "/properties/networkRuleSet/ipRules").iter();
        Public::Rules(rules.map(|rule| text(rule, "/value").to_owned()).collect())
    } else {
        Public::Open
    };
    let mut regions = BTreeSet::from([region(text(resource, "/location"))]);
    let replicas = replicas.map(|replicas| {
        let serves = |it: &&Value| ask::switch(it, "/properties/regionEndpointEnabled") != Some(false);
        regions.extend(replicas.iter().filter(serves).map(|replica| region(text(replica, "/location"))));
    });
    let connections = entries(resource, "/properties/privateEndpointConnections").iter().map(|it| Connection {
        name: text(it, "/name").to_owned(),
        status: text(it, "/properties/privateLinkServiceConnectionState/status").to_owned(),
        endpoint: ask::id(it, "/properties/privateEndpoint/id"),
    });
    Ok(Door {
        id,
        login_server,
        regions,
        replicas,
        mode: match text(resource, "/properties/roleAssignmentMode") {
            "AbacRepositoryPermissions" => Mode::Abac,
            _ => Mode::Legacy,
        },
        is_anonymous: ask::switch(resource, "/properties/anonymousPullEnabled") == Some(true),
        public,
        has_data_endpoints: ask::switch(resource, "/properties/dataEndpointEnabled") == Some(true),
        connections: connections.collect(),
    })
}

/// `West Europe` and `westeurope` are one region.
fn region(location: &str) -> String {
    location.to_ascii_lowercase().replace(' ', "")
}

/// An open registry in one region, for tables.
#[cfg(test)]
pub(super) fn sample() -> Door {
    let id = "/subscriptions/1/resourceGroups/rg-images/providers/Microsoft.ContainerRegistry/registries/contosoacr";
    Door {
        id: ResourceId::parse(id).unwrap(),
        login_server: Registry::parse("contosoacr.azurecr.io").unwrap(),
        regions: ["westeurope".to_owned()].into(),
        replicas: Ok(()),
        mode: Mode::Legacy,
        is_anonymous: false,
        public: Public::Open,
        has_data_endpoints: false,
        connections: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_samples_are_read() {
        let sample = |name: &str| -> Value {
            let text = std::fs::read_to_string(format!("tests/fixtures/arm/{name}.json")).unwrap();
            serde_json::from_str::<Value>(&text).unwrap()["responses"]["200"]["body"].clone()
        };
        let mut resource = sample("RegistryGet");
        let replicas = sample("ReplicationList")["value"].as_array().unwrap().clone();
        let door = read(&resource, Ok(replicas)).unwrap();
        assert_eq!((door.label(), door.zone().as_str()), ("myregistry", "privatelink.azurecr.io"));
        assert_eq!(door.regions, ["eastus", "westus"].map(str::to_owned).into());
        assert_eq!((&door.public, door.mode, door.connections.len()), (&Public::Open, Mode::Legacy, 0));
        assert!(door.naming().is_none());

        let properties = &mut resource["properties"];
        properties["privateEndpointConnections"] = sample("PrivateEndpointConnectionList")["value"].clone();
        properties["networkRuleSet"]["defaultAction"] = "Deny".into();
        properties["loginServer"] = "myregistry-a1b2.azurecr.io".into();
        let door = read(&resource, Err(ask::unreadable("x"))).unwrap();
        assert_eq!((door.connections[0].status.as_str(), &door.public), ("Approved", &Public::Rules(vec![])));
        assert_eq!(door.connections[0].endpoint.as_ref().map(ResourceId::name), Some("peexample01"));
        assert!(door.replicas.is_err() && door.regions.contains("westus"));
        assert_eq!(
            door.naming().unwrap().problem.what,
            "images are named `myregistry-a1b2.azurecr.io/…`: `myregistry.azurecr.io` would be another registry"
        );
        assert!(read(&serde_json::json!({"id": "x"}), Ok(vec![])).is_err());
    }
}
