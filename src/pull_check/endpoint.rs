//! Endpoint: a private endpoint of the registry, its addresses, and the zones in which its names stand
//! (Microsoft.Network), as Resource Manager shows them.

use super::{ask, cluster::NETWORK_VERSION, resource_id::ResourceId};
use crate::{azure::Arm, problem::Problem};
use futures_util::future;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

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
    pub(super) members: Result<BTreeMap<String, Ipv4Addr>, Problem>,
    /// The zones that it keeps its names in; where it keeps none, those of its subscription with the right name.
    pub(super) zones: Result<Vec<Zone>, Problem>,
}

/// A private zone of names.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) id: ResourceId,
    /// Whether the endpoint keeps its names in it by a zone group.
    pub(super) is_kept: bool,
    /// The addresses by name: `contoso`, `contoso.westeurope.data`.
    pub(super) records: Result<BTreeMap<String, BTreeSet<Ipv4Addr>>, Problem>,
    /// The networks that ask it.
    pub(super) networks: Result<Vec<ResourceId>, Problem>,
}

#[derive(Deserialize)]
struct Resource<T> {
    properties: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointProperties {
    subnet: ask::Id,
    #[serde(default)]
    network_interfaces: Vec<ask::Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interface {
    #[serde(default)]
    ip_configurations: Vec<Resource<Configuration>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(default, rename = "privateIPAddress")]
    address: Option<Ipv4Addr>,
    #[serde(default)]
    private_link_connection_properties: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    fqdns: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    private_dns_zone_configs: Vec<Resource<GroupZone>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupZone {
    private_dns_zone_id: String,
}

#[derive(Deserialize)]
struct Record {
    name: String,
    properties: Addresses,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addresses {
    #[serde(default)]
    a_records: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    ipv4_address: Ipv4Addr,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    virtual_network: ask::Id,
}

/// Asks for an endpoint and all that belongs to it; `zone` is the name of the zone that its names belong into.
///
/// # Errors
/// Why the endpoint itself could not be asked.
pub(super) async fn ask(arm: &Arm, id: &ResourceId, zone: &str) -> Result<Endpoint, Problem> {
    let EndpointProperties { subnet, network_interfaces } =
        ask::get::<Resource<_>>(arm, id.as_str(), NETWORK_VERSION, ROLE).await?.properties;
    let network = subnet.read().ok_or_else(|| ask::unreadable("the private endpoint's subnet"))?.top();
    let interfaces: Vec<_> = network_interfaces.into_iter().filter_map(ask::Id::read).take(MOST_PARTS).collect();
    let (members, zones) = tokio::join!(members(arm, &interfaces), zones(arm, id, zone));
    Ok(Endpoint { id: id.clone(), network, members, zones })
}

async fn members(arm: &Arm, interfaces: &[ResourceId]) -> Result<BTreeMap<String, Ipv4Addr>, Problem> {
    let asked = interfaces.iter().map(|id| ask::get::<Resource<Interface>>(arm, id.as_str(), NETWORK_VERSION, ROLE));
    let asked = future::try_join_all(asked).await?;
    let configurations = asked.into_iter().flat_map(|interface| interface.properties.ip_configurations);
    let mut members = BTreeMap::new();
    for Configuration { address, private_link_connection_properties } in configurations.map(|it| it.properties) {
        let names = private_link_connection_properties.and_then(|link| link.fqdns).unwrap_or_default();
        members.extend(names.into_iter().filter_map(|name| Some((name.to_ascii_lowercase(), address?))));
    }
    Ok(members)
}

async fn zones(arm: &Arm, endpoint: &ResourceId, name: &str) -> Result<Vec<Zone>, Problem> {
    let path = format!("{endpoint}/privateDnsZoneGroups");
    let groups = ask::list::<Resource<Group>>(arm, &path, NETWORK_VERSION, ROLE).await?;
    let kept = groups.into_iter().flat_map(|group| group.properties.private_dns_zone_configs);
    let kept = kept.filter_map(|zone| ResourceId::parse(&zone.properties.private_dns_zone_id));
    let mut ids: Vec<_> = kept.filter(|id| id.name().eq_ignore_ascii_case(name)).map(|id| (id, true)).collect();
    if ids.is_empty() {
        // Somebody may keep the names by hand.
        let path = format!("/subscriptions/{}/providers/Microsoft.Network/privateDnsZones", endpoint.subscription());
        let role = "*Reader* on the subscription of the private endpoint, or on its private DNS zones";
        let zones = ask::list::<ask::Id>(arm, &path, ZONE_VERSION, role).await?;
        let zones = zones.into_iter().filter_map(ask::Id::read);
        ids = zones.filter(|id| id.name().eq_ignore_ascii_case(name)).map(|id| (id, false)).collect();
    }
    ids.truncate(MOST_PARTS);
    Ok(future::join_all(ids.into_iter().map(|(id, is_kept)| one_zone(arm, id, is_kept))).await)
}

async fn one_zone(arm: &Arm, id: ResourceId, is_kept: bool) -> Zone {
    let (records, links) = (format!("{id}/A"), format!("{id}/virtualNetworkLinks"));
    let (records, networks) = tokio::join!(
        ask::list::<Record>(arm, &records, ZONE_VERSION, ZONE_ROLE),
        ask::list::<Resource<Network>>(arm, &links, ZONE_VERSION, ZONE_ROLE),
    );
    let records = records.map(|records| {
        let addresses = |record: Record| record.properties.a_records.into_iter().map(|it| it.ipv4_address).collect();
        records.into_iter().map(|record| (record.name.to_ascii_lowercase(), addresses(record))).collect()
    });
    let networks =
        networks.map(|links| links.into_iter().filter_map(|link| link.properties.virtual_network.read()).collect());
    Zone { id, is_kept, records, networks }
}
