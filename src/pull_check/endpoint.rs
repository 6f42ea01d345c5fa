//! Endpoint: a private endpoint of the registry, its addresses, and the zones in which its names stand
//! (Microsoft.Network), as Resource Manager shows them.

use super::{
    ask::{self, entries, text},
    cluster::NETWORK_VERSION,
    resource_id::ResourceId,
};
use crate::{azure::Arm, problem::Problem};
use serde_json::Value;
use std::net::Ipv4Addr;

/// The stable version of private zones.
const ZONE_VERSION: &str = "2020-06-01";
const ROLE: &str = "*Reader* on the private endpoint and its network interface";
const ZONE_ROLE: &str = "*Reader* on the private DNS zone";
/// Interfaces, groups and zones of one endpoint that are looked at; one of each is what there is.
const MOST_PARTS: usize = 8;

/// What is known of a private endpoint.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) id: ResourceId,
    /// The network in which it stands.
    pub(super) network: ResourceId,
    /// Its names with their addresses: `contoso.azurecr.io`, `contoso.westeurope.data.azurecr.io`.
    pub(super) members: Result<Vec<(String, Ipv4Addr)>, Problem>,
    /// The zones that it keeps its names in; where it keeps none, those of its subscription with the right name.
    pub(super) zones: Result<Vec<Zone>, Problem>,
}

/// A private zone of names.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) id: ResourceId,
    /// Whether the endpoint keeps its names in it by a zone group.
    pub(super) is_kept: bool,
    /// The names with their addresses: `contoso`, `contoso.westeurope.data`.
    pub(super) records: Result<Vec<(String, Ipv4Addr)>, Problem>,
    /// The networks that ask it.
    pub(super) networks: Result<Vec<ResourceId>, Problem>,
}

/// Asks for an endpoint and all that belongs to it; `zone` is the name of the zone that its names belong into.
///
/// # Errors
/// Why the endpoint itself could not be asked.
pub(super) async fn ask(arm: &Arm, id: &ResourceId, zone: &str) -> Result<Endpoint, Problem> {
    let resource = ask::get(arm, id.as_str(), NETWORK_VERSION, ROLE).await?;
    let subnet = ask::id(&resource, "/properties/subnet/id");
    let network = subnet.ok_or_else(|| ask::unreadable("the private endpoint's subnet"))?.top();
    let interfaces = entries(&resource, "/properties/networkInterfaces").iter();
    let interfaces: Vec<_> = interfaces.filter_map(|it| ask::id(it, "/id")).take(MOST_PARTS).collect();
    let (members, zones) = (members(arm, &interfaces).await, zones(arm, id, zone).await);
    Ok(Endpoint { id: id.clone(), network, members, zones })
}

async fn members(arm: &Arm, interfaces: &[ResourceId]) -> Result<Vec<(String, Ipv4Addr)>, Problem> {
    let mut members = Vec::new();
    for id in interfaces {
        let interface = ask::get(arm, id.as_str(), NETWORK_VERSION, ROLE).await?;
        for configuration in entries(&interface, "/properties/ipConfigurations") {
            let names = entries(configuration, "/properties/privateLinkConnectionProperties/fqdns");
            let address: Option<Ipv4Addr> = text(configuration, "/properties/privateIPAddress").parse().ok();
            let name = |name: &Value| Some((name.as_str()?.to_ascii_lowercase(), address?));
            members.extend(names.iter().filter_map(name));
        }
    }
    Ok(members)
}

async fn zones(arm: &Arm, endpoint: &ResourceId, name: &str) -> Result<Vec<Zone>, Problem> {
    let path = format!("{endpoint}/privateDnsZoneGroups");
    let groups = ask::list(arm, &path, NETWORK_VERSION, "", ROLE).await?;
    let kept = groups.iter().flat_map(|group| entries(group, "/properties/privateDnsZoneConfigs"));
    let kept: Vec<_> = kept.filter_map(|zone| ask::id(zone, "/properties/privateDnsZoneId")).collect();
    let is_meant = |id: &ResourceId| id.name().eq_ignore_ascii_case(name);
    let mut ids: Vec<_> = kept.into_iter().filter(is_meant).map(|id| (id, true)).collect();
    if ids.is_empty() {
        // Somebody may keep the names by hand.
        let path = format!("/subscriptions/{}/providers/Microsoft.Network/privateDnsZones", endpoint.subscription());
        let role = "*Reader* on the subscription of the private endpoint, or on its private DNS zones";
        let zones = ask::list(arm, &path, ZONE_VERSION, "", role).await?;
        ids.extend(zones.iter().filter_map(|zone| ask::id(zone, "/id")).filter(is_meant).map(|id| (id, false)));
    }
    ids.truncate(MOST_PARTS);
    let mut zones = Vec::new();
    for (id, is_kept) in ids {
        let records = ask::list(arm, &format!("{id}/A"), ZONE_VERSION, "", ZONE_ROLE).await;
        let links = ask::list(arm, &format!("{id}/virtualNetworkLinks"), ZONE_VERSION, "", ZONE_ROLE).await;
        let networks = |links: Vec<Value>| {
            links.iter().filter_map(|link| ask::id(link, "/properties/virtualNetwork/id")).collect()
        };
        let records = records.map(|records| records.iter().flat_map(record).collect());
        zones.push(Zone { id, is_kept, records, networks: links.map(networks) });
    }
    Ok(zones)
}

fn record(record: &Value) -> impl Iterator<Item = (String, Ipv4Addr)> {
    let name = text(record, "/name").to_ascii_lowercase();
    let addresses = entries(record, "/properties/aRecords").iter();
    addresses.filter_map(move |it| Some((name.clone(), text(it, "/ipv4Address").parse().ok()?)))
}
