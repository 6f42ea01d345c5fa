//! Private: whether a network reaches the registry by a private endpoint, its names included. Asks nobody.

use super::{
    command::Command,
    door::Door,
    endpoint::{Endpoint, Zone},
    names::{Names, keep},
    remark::Judgement,
    site::Site,
};
use crate::problem::{Problem, Side};

/// How a network stands to the registry's private endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Private {
    /// It pulls by one; what is good to know besides.
    Works(Vec<Judgement>),
    /// Its names lead to one, and a pull by it fails.
    Broken(Vec<Judgement>),
    /// There is one, and this network's names do not lead to it; how they would, as a sentence.
    Unlinked {
        /// What is missing.
        what: String,
        /// The commands that add it.
        hint: String,
    },
    /// There is none that the registry has approved.
    Absent,
    /// It cannot be told.
    Unknown(Problem),
}

/// Judges how the nodes in a network reach the endpoints whose connection is approved.
pub(super) fn judge(door: &Door, endpoints: &[Result<Endpoint, Problem>], site: &Result<Site, Problem>) -> Private {
    if endpoints.is_empty() {
        return Private::Absent;
    }
    let site = match site {
        Ok(site) => site,
        Err(problem) => return Private::Unknown(problem.clone()),
    };
    let known: Vec<_> = endpoints.iter().filter_map(|endpoint| endpoint.as_ref().ok()).collect();
    let zones: Vec<_> = known.iter().filter_map(|endpoint| endpoint.zones.as_ref().ok()).flatten().collect();
    let is_asked = |zone: &&&Zone| zone.networks.as_ref().is_ok_and(|networks| networks.contains(&site.network));
    match zones.iter().find(is_asked) {
        Some(zone) => Names { door, site, known: &known, zone }.judge(),
        None => unlinked(door, endpoints, &known, &zones, site),
    }
}

fn unlinked(
    door: &Door,
    endpoints: &[Result<Endpoint, Problem>],
    known: &[&Endpoint],
    zones: &[&Zone],
    site: &Site,
) -> Private {
    let unknown = endpoints.iter().find_map(|endpoint| endpoint.as_ref().err());
    let unknown = unknown.or_else(|| known.iter().find_map(|endpoint| endpoint.zones.as_ref().err()));
    if let Some(problem) = unknown.or_else(|| zones.iter().find_map(|zone| zone.networks.as_ref().err())) {
        return Private::Unknown(problem.clone());
    }
    let network = site.network.name();
    if site.asks_own_servers {
        let what = format!("the network `{network}` asks DNS servers of its own, whose answers Azure does not know");
        return Private::Unknown(Problem::new(Side::Network, what).hint(format!(
            "Let them forward `{}` to 168.63.129.16 from a network that the zone is linked to.",
            door.zone()
        )));
    }
    let link = |group: &str, subscription: &str| {
        Command::new("az network private-dns link vnet create --registration-enabled false")
            .with("--subscription", subscription)
            .with("--resource-group", group)
            .with("--zone-name", &door.zone())
            .with("--name", network)
            .with("--virtual-network", site.network.as_str())
    };
    match (zones.first(), known.first()) {
        (Some(zone), _) => Private::Unlinked {
            what: format!("the zone {} is not linked to the cluster's network `{network}`", door.zone()),
            hint: format!("Link it: {}.", link(zone.id.group(), zone.id.subscription())),
        },
        (None, Some(endpoint)) => {
            let (group, subscription) = (endpoint.id.group(), endpoint.id.subscription());
            let zone = Command::new("az network private-dns zone create")
                .with("--subscription", subscription)
                .with("--resource-group", group)
                .with("--name", &door.zone());
            Private::Unlinked {
                what: format!("there is no zone {} with the names of the private endpoint", door.zone()),
                hint: format!("{zone}, {} and {}.", link(group, subscription), keep(endpoint, &door.zone())),
            }
        }
        (None, None) => Private::Absent,
    }
}
