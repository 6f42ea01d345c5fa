//! Outbound: by which addresses a cluster goes out, where Azure knows them.

use super::{
    ask::{self, entries, text},
    cluster::NETWORK_VERSION,
    resource_id::ResourceId,
};
use crate::{
    azure::Arm,
    problem::{Problem, Side},
};
use serde_json::Value;
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

impl Outbound {
    /// Reads how a cluster goes out, from its `networkProfile`.
    pub(super) fn of(network: &Value, has_public_nodes: bool) -> Self {
        if has_public_nodes {
            return Self::Own("its nodes have public addresses of their own".to_owned());
        }
        let kind = match text(network, "/outboundType") {
            "" => "loadBalancer",
            kind => kind,
        };
        let effective = match kind {
            "loadBalancer" => entries(network, "/loadBalancerProfile/effectiveOutboundIPs"),
            "managedNATGateway" => entries(network, "/natGatewayProfile/effectiveOutboundIPs"),
            _ => &[],
        };
        let addresses: Vec<_> = effective.iter().filter_map(|address| ask::id(address, "/id")).collect();
        if addresses.is_empty() {
            return Self::Own(format!("it goes out by `{kind}`"));
        }
        Self::Addresses(addresses)
    }

    /// Returns the addresses by which it goes out.
    pub(super) async fn addresses(&self, arm: &Arm) -> Result<Vec<Ipv4Addr>, Problem> {
        let ids = match self {
            Self::Addresses(ids) => &ids[..ids.len().min(MOST_ADDRESSES)],
            Self::Own(why) => {
                return Err(Problem::new(Side::Network, format!("{why}, which tells no address"))
                    .hint("Ask whoever runs the firewall or the gateway by which addresses the nodes go out."));
            }
        };
        let role = "*Reader* on the cluster's node resource group";
        let mut addresses = Vec::new();
        for id in ids {
            let address = ask::get(arm, id.as_str(), NETWORK_VERSION, role).await?;
            addresses.extend(text(&address, "/properties/ipAddress").parse::<Ipv4Addr>());
        }
        Ok(addresses)
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
        let of = |network: Value| Outbound::of(&network, false);
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
        let with_public_nodes = Outbound::of(&balancer, true);
        assert!(matches!(with_public_nodes, Outbound::Own(why) if why.contains("public addresses of their own")));
    }
}
