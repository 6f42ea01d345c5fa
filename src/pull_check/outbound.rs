//! Outbound: by which addresses a cluster goes out, where Azure knows them.

use super::{ask, cluster::NETWORK_VERSION, resource_id::ResourceId};
use crate::{
    azure::Arm,
    problem::{Problem, Side},
};
use futures_util::future;
use serde::Deserialize;
use std::net::Ipv4Addr;

/// Addresses of one cluster that are looked up; a load balancer has at most 100, nobody lists them one by one.
const MOST_ADDRESSES: usize = 32;

/// How a cluster goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outbound {
    /// By these public addresses.
    Addresses(Vec<ResourceId>),
    /// By ways of the company's own, whose addresses no resource of the cluster tells.
    Own(String),
}

/// `networkProfile` of a cluster.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkProfile {
    #[serde(default)]
    outbound_type: Option<String>,
    #[serde(default)]
    load_balancer_profile: Option<Addresses>,
    #[serde(default)]
    nat_gateway_profile: Option<Addresses>,
}

#[derive(Deserialize)]
struct Addresses {
    #[serde(default, rename = "effectiveOutboundIPs")]
    effective: Option<Vec<ask::Id>>,
}

impl Outbound {
    /// Reads how a cluster goes out.
    pub(super) fn of(network: Option<NetworkProfile>, has_public_nodes: bool) -> Self {
        if has_public_nodes {
            return Self::Own("its nodes have public addresses of their own".to_owned());
        }
        let Some(network) = network else { return Self::Own("it does not tell how it goes out".to_owned()) };
        let kind = network.outbound_type.unwrap_or_else(|| "loadBalancer".to_owned());
        let profile = match kind.as_str() {
            "loadBalancer" => network.load_balancer_profile,
            "managedNATGateway" => network.nat_gateway_profile,
            _ => None,
        };
        let addresses = profile.and_then(|profile| profile.effective).unwrap_or_default();
        let addresses: Vec<_> = addresses.into_iter().filter_map(ask::Id::read).collect();
        if addresses.is_empty() {
            return Self::Own(format!("it goes out by `{kind}`"));
        }
        Self::Addresses(addresses)
    }

    /// Returns the addresses by which it goes out.
    pub(super) async fn addresses(&self, arm: &Arm) -> Result<Vec<Ipv4Addr>, Problem> {
        #[derive(Deserialize)]
        struct Address {
            properties: AddressProperties,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct AddressProperties {
            #[serde(default)]
            ip_address: Option<Ipv4Addr>,
        }
        let ids = match self {
            Self::Addresses(ids) => &ids[..ids.len().min(MOST_ADDRESSES)],
            Self::Own(why) => {
                return Err(Problem::new(Side::Network, format!("{why}, which tells no address"))
                    .hint("Ask whoever runs the firewall or the gateway by which addresses the nodes go out."));
            }
        };
        let role = "*Reader* on the cluster's node resource group";
        let asked = ids.iter().map(|id| ask::get::<Address>(arm, id.as_str(), NETWORK_VERSION, role));
        let asked = future::try_join_all(asked).await?;
        Ok(asked.into_iter().filter_map(|address| address.properties.ip_address).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> serde_json::Value {
        let group = "/subscriptions/1/resourceGroups/MC_g/providers/Microsoft.Network";
        serde_json::json!({"effectiveOutboundIPs": [{"id": format!("{group}/publicIPAddresses/{name}")}]})
    }

    #[test]
    fn the_way_out_is_known_or_the_companys_own() {
        let of = |network| Outbound::of(serde_json::from_value(network).unwrap(), false);
        let is_known = |outbound: Outbound| matches!(outbound, Outbound::Addresses(ids) if ids[0].name() == "a");
        let balancer = serde_json::json!({"outboundType": "loadBalancer", "loadBalancerProfile": address("a")});
        assert!(is_known(of(balancer.clone())));
        assert!(is_known(of(
            serde_json::json!({"outboundType": "managedNATGateway", "natGatewayProfile": address("a")})
        )));
        for kind in ["userDefinedRouting", "userAssignedNATGateway", "none", "block"] {
            let outbound = of(serde_json::json!({"outboundType": kind}));
            assert_eq!(outbound, Outbound::Own(format!("it goes out by `{kind}`")));
        }
        let with_public_nodes = Outbound::of(serde_json::from_value(balancer).unwrap(), true);
        assert!(matches!(with_public_nodes, Outbound::Own(why) if why.contains("public addresses of their own")));
    }
}
