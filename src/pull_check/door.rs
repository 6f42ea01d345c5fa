//! Door: the registry as a resource, and whom its networks let in.

use super::{
    ask,
    remark::{Grade, Judgement, Topic},
    resource_id::ResourceId,
};
use crate::{azure::Arm, problem::Problem, reference::Registry};
use serde::Deserialize;
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

#[derive(Deserialize)]
struct Resource {
    id: String,
    #[serde(default)]
    location: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    login_server: String,
    #[serde(default)]
    public_network_access: Option<String>,
    #[serde(default)]
    network_rule_set: Option<RuleSet>,
    #[serde(default)]
    data_endpoint_enabled: Option<bool>,
    #[serde(default)]
    role_assignment_mode: Option<String>,
    #[serde(default)]
    anonymous_pull_enabled: Option<bool>,
    #[serde(default)]
    private_endpoint_connections: Option<Vec<ConnectionResource>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleSet {
    default_action: String,
    #[serde(default)]
    ip_rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
struct Rule {
    value: String,
}

#[derive(Deserialize)]
struct ConnectionResource {
    #[serde(default)]
    name: String,
    properties: ConnectionProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionProperties {
    #[serde(default)]
    private_endpoint: Option<ask::Id>,
    private_link_service_connection_state: ConnectionState,
}

#[derive(Deserialize)]
struct ConnectionState {
    status: String,
}

#[derive(Deserialize)]
struct Replica {
    location: String,
    #[serde(default)]
    properties: ReplicaProperties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplicaProperties {
    #[serde(default)]
    region_endpoint_enabled: Option<bool>,
}

/// Asks for the registry and its replicas.
///
/// # Errors
/// Why it could not be asked.
pub(super) async fn ask(arm: &Arm, registry: &str) -> Result<Door, Problem> {
    let role = "*Reader* on the registry";
    let resource: Resource = ask::get(arm, registry, VERSION, role).await?;
    let list = ask::list::<Replica>(arm, &format!("{registry}/replications"), VERSION, role).await;
    resource.door(list)
}

impl Resource {
    fn door(self, replicas: Result<Vec<Replica>, Problem>) -> Result<Door, Problem> {
        let Properties { login_server, public_network_access, network_rule_set, .. } = &self.properties;
        let id = ResourceId::parse(&self.id).ok_or_else(|| ask::unreadable("the registry's id"))?;
        let login_server = Registry::parse(login_server).map_err(|_| ask::unreadable("the registry's login server"))?;
        let public = match (public_network_access.as_deref(), network_rule_set) {
            (Some("Disabled"), _) => Public::Off,
            (_, Some(rules)) if rules.default_action == "Deny" => {
                let rules = rules.ip_rules.iter().flatten();
                Public::Rules(rules.map(|rule| rule.value.clone()).collect())
            }
            _ => Public::Open,
        };
        let mut regions = BTreeSet::from([region(&self.location)]);
        let replicas = replicas.map(|replicas| {
            let serving = replicas.iter().filter(|replica| replica.properties.region_endpoint_enabled != Some(false));
            regions.extend(serving.map(|replica| region(&replica.location)));
        });
        let connections = self.properties.private_endpoint_connections.unwrap_or_default();
        let connections = connections.into_iter().map(|connection| Connection {
            name: connection.name,
            status: connection.properties.private_link_service_connection_state.status,
            endpoint: connection.properties.private_endpoint.and_then(ask::Id::read),
        });
        Ok(Door {
            id,
            login_server,
            regions,
            replicas,
            mode: match self.properties.role_assignment_mode.as_deref() {
                Some("AbacRepositoryPermissions") => Mode::Abac,
                _ => Mode::Legacy,
            },
            is_anonymous: self.properties.anonymous_pull_enabled == Some(true),
            public,
            has_data_endpoints: self.properties.data_endpoint_enabled == Some(true),
            connections: connections.collect(),
        })
    }
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
        let sample = |name: &str| -> serde_json::Value {
            let text = std::fs::read_to_string(format!("tests/fixtures/arm/{name}.json")).unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["responses"]["200"]["body"].clone()
        };
        let resource = || serde_json::from_value::<Resource>(sample("RegistryGet")).unwrap();
        let replicas = serde_json::from_value::<Vec<Replica>>(sample("ReplicationList")["value"].clone()).unwrap();
        let door = resource().door(Ok(replicas)).unwrap();
        assert_eq!((door.label(), door.zone().as_str()), ("myregistry", "privatelink.azurecr.io"));
        assert_eq!(door.regions, ["eastus", "westus"].map(str::to_owned).into());
        assert_eq!((door.public, door.mode, door.connections.len()), (Public::Open, Mode::Legacy, 0));

        let mut closed = resource();
        let connections = sample("PrivateEndpointConnectionList")["value"].clone();
        closed.properties.private_endpoint_connections = serde_json::from_value(connections).unwrap();
        closed.properties.network_rule_set = Some(RuleSet { default_action: "Deny".to_owned(), ip_rules: None });
        let door = closed.door(Err(ask::unreadable("x"))).unwrap();
        assert_eq!((door.connections[0].status.as_str(), &door.public), ("Approved", &Public::Rules(vec![])));
        assert_eq!(door.connections[0].endpoint.as_ref().map(ResourceId::name), Some("peexample01"));
        assert!(door.replicas.is_err() && door.regions.contains("westus"));
        assert!(door.naming().is_none());

        let mut labelled = resource();
        labelled.properties.login_server = "myregistry-a1b2.azurecr.io".to_owned();
        let what = labelled.door(Ok(vec![])).unwrap().naming().unwrap().problem.what;
        assert_eq!(
            what,
            "images are named `myregistry-a1b2.azurecr.io/…`: `myregistry.azurecr.io` would be another registry"
        );
    }
}
