//! Names: whether those of the registry lead to a private endpoint, in the zone that a network asks. Asks nobody.

use super::{
    command::Command,
    door::Door,
    endpoint::{Endpoint, Zone},
    private::Private,
    remark::{Grade, Judgement, Topic},
    site::Site,
};
use crate::problem::{Problem, Side};
use std::net::Ipv4Addr;

/// Lets an endpoint keep its names in a zone, by name or id.
pub(super) fn keep(endpoint: &Endpoint, zone: &str) -> Command {
    Command::new("az network private-endpoint dns-zone-group create --name default --zone-name registry")
        .with("--subscription", endpoint.id.subscription())
        .with("--resource-group", endpoint.id.group())
        .with("--endpoint-name", endpoint.id.name())
        .with("--private-dns-zone", zone)
}

/// The names of the registry in the zone that a network asks.
pub(super) struct Names<'a> {
    pub(super) door: &'a Door,
    pub(super) site: &'a Site,
    /// The endpoints that could be asked.
    pub(super) known: &'a [&'a Endpoint],
    pub(super) zone: &'a Zone,
}

impl Names<'_> {
    /// Judges whether they lead to an endpoint, every one of them, and the network to that.
    pub(super) fn judge(&self) -> Private {
        let records = match &self.zone.records {
            Ok(records) => records,
            Err(problem) => return Private::Unknown(problem.clone()),
        };
        let addresses = |name: &str| records.iter().filter(|(it, _)| it == name).map(|(_, it)| *it).collect::<Vec<_>>();
        let host = self.door.login_server.as_str();
        let at = addresses(&self.door.label().to_lowercase());
        let chosen = self.known.iter().find(|endpoint| member(endpoint, host).is_some_and(|it| at.contains(&it)));
        let is_told = self.known.iter().any(|endpoint| endpoint.members.is_ok());
        let endpoint = match (chosen, self.known.first()) {
            (Some(endpoint), _) => endpoint,
            // Nobody could say which addresses are right, so that those which are there must do.
            (None, Some(endpoint)) if !is_told && !at.is_empty() => endpoint,
            (None, Some(endpoint)) => {
                return Private::Broken(vec![self.wrong(endpoint, &[self.door.label().to_owned()], &at)]);
            }
            (None, None) => return Private::Absent,
        };
        let mut missing = Vec::new();
        for region in &self.door.regions {
            let name = format!("{}.{region}.data", self.door.label());
            let at = addresses(&name);
            let member = member(endpoint, &self.fqdn(&name));
            let is_right =
                if endpoint.members.is_ok() { member.is_some_and(|it| at.contains(&it)) } else { !at.is_empty() };
            if !is_right {
                missing.push(name);
            }
        }
        if !missing.is_empty() {
            return Private::Broken(vec![self.wrong(endpoint, &missing, &[])]);
        }
        self.reached(endpoint)
    }

    /// Whether the network leads to that of the endpoint.
    fn reached(&self, endpoint: &Endpoint) -> Private {
        let Site { network, peerings, .. } = self.site;
        let peering = peerings.iter().find(|peering| peering.with == endpoint.network);
        match peering {
            _ if endpoint.network == *network => Private::Works(self.works(endpoint)),
            Some(peering) if peering.is_connected => Private::Works(self.works(endpoint)),
            Some(peering) => {
                let sync = Command::new("az network vnet peering sync")
                    .with("--subscription", network.subscription())
                    .with("--resource-group", network.group())
                    .with("--vnet-name", network.name())
                    .with("--name", &peering.name);
                let what = format!(
                    "firewall: the peering `{}` of the cluster's network with that of the private endpoint is not connected",
                    peering.name
                );
                Private::Broken(vec![bad(what).hint(format!("Make it on both sides, and bring them in step: {sync}."))])
            }
            None => {
                let what = format!(
                    "the private endpoint stands in the network `{}`, with which the cluster's `{}` has no peering: \
                     whether a hub or a virtual WAN joins them cannot be told",
                    endpoint.network.name(),
                    network.name()
                );
                let peer = Command::new("az network vnet peering create --allow-vnet-access")
                    .with("--subscription", network.subscription())
                    .with("--resource-group", network.group())
                    .with("--vnet-name", network.name())
                    .with("--name", endpoint.network.name())
                    .with("--remote-vnet", endpoint.network.as_str());
                let problem = Problem::new(Side::Network, what);
                Private::Unknown(
                    problem.hint(format!("If nothing joins them: {peer}, and the same from the other side.")),
                )
            }
        }
    }

    fn works(&self, endpoint: &Endpoint) -> Vec<Judgement> {
        let regions = self.door.regions.len();
        let what = format!(
            "{} leads to the private endpoint `{}`{}, and so do its data names for {regions} region{}",
            self.door.login_server,
            endpoint.id.name(),
            member(endpoint, self.door.login_server.as_str()).map(|it| format!(" ({it})")).unwrap_or_default(),
            if regions == 1 { "" } else { "s" }
        );
        let mut judgements = vec![Judgement::new(Topic::Network, Grade::Good, what)];
        if let Err(problem) = &endpoint.members {
            judgements.push(Judgement::unchecked(Topic::Network, "the addresses of the private endpoint", problem));
        }
        if let Err(problem) = &self.door.replicas {
            judgements.push(Judgement::unchecked(
                Topic::Network,
                "the replicas of the registry, which need names too,",
                problem,
            ));
        }
        let beside = self.known.iter().filter(|other| other.network == endpoint.network && other.id != endpoint.id);
        judgements.extend(beside.map(|other| {
            let what = format!(
                "two private endpoints for one registry in one network, `{}` and `{}`: their names overwrite each other",
                endpoint.id.name(),
                other.id.name()
            );
            Judgement::new(Topic::Network, Grade::Doubtful, what)
                .hint(format!("Delete one: {}.", Command::new("az network private-endpoint delete").with("--ids", other.id.as_str())))
        }));
        judgements
    }

    /// Names that the zone lacks, or whose address is another.
    fn wrong(&self, endpoint: &Endpoint, names: &[String], at: &[Ipv4Addr]) -> Judgement {
        let hosts: Vec<_> = names.iter().map(|name| format!("`{}`", self.fqdn(name))).collect();
        let hosts = hosts.join(", ");
        let zone = &self.zone.id;
        let what = match at.first() {
            Some(at) => format!(
                "firewall: {hosts} leads to {at} in the zone {}, which is no address of a private endpoint of the registry",
                zone.name()
            ),
            None => {
                let fault = "firewall: the cluster's network asks the zone";
                let of_data = if names.iter().any(|name| name.ends_with(".data")) {
                    ": a pull works from other regions only, or not at all"
                } else {
                    ""
                };
                format!(
                    "{fault} {}, which has no address of the private endpoint `{}` for {hosts}{of_data}",
                    zone.name(),
                    endpoint.id.name()
                )
            }
        };
        if !self.zone.is_kept {
            let add = names.iter().filter_map(|name| {
                let address = member(endpoint, &self.fqdn(name))?;
                let add = Command::new("az network private-dns record-set a add-record")
                    .with("--subscription", zone.subscription())
                    .with("--resource-group", zone.group())
                    .with("--zone-name", zone.name())
                    .with("--record-set-name", name)
                    .with("--ipv4-address", &address.to_string());
                Some(add.to_string())
            });
            let add: Vec<_> = add.collect();
            if !add.is_empty() {
                return bad(what).hint(format!("Add the names: {}.", add.join(" and ")));
            }
        }
        bad(what).hint(format!(
            "Let the private endpoint keep its names there: {}; where it has an address for each of them no longer, make it anew.",
            keep(endpoint, zone.as_str())
        ))
    }

    /// `contoso.westeurope.data` → `contoso.westeurope.data.azurecr.io`
    fn fqdn(&self, name: &str) -> String {
        format!("{name}{}", self.door.zone().trim_start_matches("privatelink"))
    }
}

fn member(endpoint: &Endpoint, host: &str) -> Option<Ipv4Addr> {
    endpoint.members.as_ref().ok()?.iter().find(|(name, _)| name == host).map(|(_, address)| *address)
}

fn bad(what: String) -> Judgement {
    Judgement::new(Topic::Network, Grade::Bad, what)
}
