//! Site: the network that a cluster's nodes stand in, and which others it is joined to.

use super::{
    ask::{self, entries, text},
    cluster::NETWORK_VERSION,
    resource_id::ResourceId,
};
use crate::{azure::Arm, problem::Problem};

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

/// The address at which a network asks Azure for names.
const AZURE: &str = "168.63.129.16";

/// Asks for a network.
///
/// # Errors
/// Why it could not be asked.
pub(super) async fn ask(arm: &Arm, network: &ResourceId) -> Result<Site, Problem> {
    let role = "*Reader* on the virtual network of the cluster";
    let resource = ask::get(arm, network.as_str(), NETWORK_VERSION, role).await?;
    let servers = entries(&resource, "/properties/dhcpOptions/dnsServers");
    let peerings = entries(&resource, "/properties/virtualNetworkPeerings").iter().filter_map(|peering| {
        Some(Peering {
            name: text(peering, "/name").to_owned(),
            with: ask::id(peering, "/properties/remoteVirtualNetwork/id")?,
            is_connected: text(peering, "/properties/peeringState") == "Connected",
        })
    });
    Ok(Site {
        network: network.clone(),
        peerings: peerings.collect(),
        asks_own_servers: servers.iter().any(|server| server.as_str() != Some(AZURE)),
    })
}
