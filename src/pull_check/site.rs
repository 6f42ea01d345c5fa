//! Site: the network that a cluster's nodes stand in, and which others it is joined to.

use super::{ask, cluster::NETWORK_VERSION, resource_id::ResourceId};
use crate::{azure::Arm, problem::Problem};
use serde::Deserialize;

/// What is known of a network.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) network: ResourceId,
    pub(super) peerings: Vec<Peering>,
    /// Whether it asks other servers for names than Azure's own.
    pub(super) asks_own_servers: bool,
}

/// A peering with another network, from this side.
#[derive(Debug, Clone)]
pub(super) struct Peering {
    pub(super) name: String,
    pub(super) with: ResourceId,
    pub(super) is_connected: bool,
}

#[derive(Deserialize)]
struct Resource<T> {
    #[serde(default)]
    name: String,
    properties: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    #[serde(default)]
    dhcp_options: Option<Servers>,
    #[serde(default)]
    virtual_network_peerings: Option<Vec<Resource<PeeringProperties>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Servers {
    #[serde(default)]
    dns_servers: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeeringProperties {
    #[serde(default)]
    peering_state: Option<String>,
    remote_virtual_network: ask::Id,
}

/// The address at which a network asks Azure for names.
const AZURE: &str = "168.63.129.16";

/// Asks for a network.
///
/// # Errors
/// Why it could not be asked.
pub(super) async fn ask(arm: &Arm, network: &ResourceId) -> Result<Site, Problem> {
    let role = "*Reader* on the virtual network of the cluster";
    let Network { dhcp_options, virtual_network_peerings } =
        ask::get::<Resource<_>>(arm, network.as_str(), NETWORK_VERSION, role).await?.properties;
    let servers = dhcp_options.and_then(|options| options.dns_servers).unwrap_or_default();
    let peerings = virtual_network_peerings.unwrap_or_default().into_iter().filter_map(|peering| {
        Some(Peering {
            name: peering.name,
            with: peering.properties.remote_virtual_network.read()?,
            is_connected: peering.properties.peering_state.as_deref() == Some("Connected"),
        })
    });
    Ok(Site {
        network: network.clone(),
        peerings: peerings.collect(),
        asks_own_servers: servers.iter().any(|server| server != AZURE),
    })
}
