//! Network: by which way a cluster reaches the registry, privately or by the public endpoint. Asks nobody.

use super::{
    address,
    command::Command,
    door::{Connection, Door, Public},
    outbound::Outbound,
    private::Private,
    remark::{Grade, Judgement, Topic},
    resource_id::ResourceId,
};
use crate::problem::Problem;
use std::net::Ipv4Addr;

/// What is known of one network of a cluster.
pub(super) struct View<'a> {
    pub(super) door: &'a Door,
    pub(super) private: Private,
    /// How the cluster goes out.
    pub(super) outbound: &'a Outbound,
    /// By which addresses, where somebody could say.
    pub(super) addresses: &'a Result<Vec<Ipv4Addr>, Problem>,
    /// The network of the nodes, where it is known.
    pub(super) network: Option<&'a ResourceId>,
}

/// How the public endpoint takes a cluster.
enum Entry {
    Off,
    Open,
    Lets,
    Refuses(Vec<Ipv4Addr>),
    Unknown(Problem),
}

impl View<'_> {
    /// Judges whether the nodes reach the registry.
    pub(super) fn judge(&self) -> Vec<Judgement> {
        let absent = |hint: Option<(&str, &str)>| match (self.entry(), hint) {
            (Entry::Open, _) => self.open("and lets every network in".to_owned()),
            (Entry::Lets, _) => self.open("and lets the addresses in by which the cluster goes out".to_owned()),
            (Entry::Refuses(addresses), hint) => vec![self.refused(&addresses, hint.map(|(_, hint)| hint))],
            (Entry::Off, Some((what, hint))) => vec![bad(format!("{}, and {what}", self.off())).hint(hint)],
            (Entry::Off, None) => vec![self.closed()],
            (Entry::Unknown(problem), _) => {
                vec![Judgement::unchecked(Topic::Network, "whether the firewall lets the cluster in", &problem)]
            }
        };
        let mut judgements = match &self.private {
            Private::Works(judgements) | Private::Broken(judgements) => judgements.clone(),
            Private::Unknown(problem) => vec![Judgement {
                topic: Topic::Network,
                grade: Grade::Unchecked,
                problem: Problem {
                    what: format!(
                        "whether the cluster reaches a private endpoint of the registry cannot be told: {}",
                        problem.what
                    ),
                    ..problem.clone()
                },
            }],
            Private::Unlinked { what, hint } => absent(Some((what, hint))),
            Private::Absent => absent(None),
        };
        // Where nothing else works, the way in is named already.
        if judgements.iter().all(|judgement| judgement.grade != Grade::Bad) {
            judgements.extend(self.waiting().map(|connection| {
                let what = format!("a connection of a private endpoint, `{}`, waits for approval", connection.name);
                Judgement::new(Topic::Network, Grade::Doubtful, what).hint(self.approve(connection))
            }));
        }
        judgements
    }

    fn entry(&self) -> Entry {
        let rules = match &self.door.public {
            Public::Off => return Entry::Off,
            Public::Open => return Entry::Open,
            Public::Rules(rules) => rules,
        };
        let addresses = match self.addresses {
            Ok(addresses) if addresses.is_empty() => {
                return Entry::Unknown(super::ask::unreadable("no public address of the cluster"));
            }
            Ok(addresses) => addresses,
            Err(problem) => return Entry::Unknown(problem.clone()),
        };
        let is_in = |address: &&Ipv4Addr| rules.iter().any(|rule| address::holds(rule, **address) == Some(true));
        let refused: Vec<_> = addresses.iter().filter(|address| !is_in(address)).copied().collect();
        if refused.is_empty() { Entry::Lets } else { Entry::Refuses(refused) }
    }

    fn open(&self, how: String) -> Vec<Judgement> {
        let name = self.door.name();
        let mut judgements =
            vec![Judgement::new(Topic::Network, Grade::Good, format!("the public endpoint of {name} is on {how}"))];
        // A firewall of the company's own stands between: it must know the names.
        if let Outbound::Own(why) = self.outbound
            && why.contains("userDefinedRouting")
        {
            let hosts: Vec<_> = self
                .door
                .data_hosts()
                .into_iter()
                .chain([self.door.login_server.to_string()])
                .map(|host| format!("`{host}`"))
                .collect();
            let what = format!("{why}: the firewall there must let {} through", hosts.join(", "));
            let narrow = Command::new("az acr update --data-endpoint-enabled true")
                .with("--subscription", self.door.id.subscription())
                .with("--name", name);
            let hint = if self.door.has_data_endpoints {
                "See the rules of that firewall.".to_owned()
            } else {
                format!(
                    "See the rules of that firewall. Hosts of the registry's own are narrower than all of Azure's storage: {narrow}."
                )
            };
            judgements.push(Judgement::new(Topic::Network, Grade::Doubtful, what).hint(hint));
        }
        judgements
    }

    fn off(&self) -> String {
        format!("firewall: the public endpoint of {} is off", self.door.name())
    }

    fn refused(&self, addresses: &[Ipv4Addr], private: Option<&str>) -> Judgement {
        let shown: Vec<_> = addresses.iter().map(Ipv4Addr::to_string).collect();
        let what = format!(
            "firewall: no rule of {} lets {} in, by which the cluster goes out",
            self.door.name(),
            shown.join(", ")
        );
        let add = addresses.iter().map(|address| {
            let add = Command::new("az acr network-rule add")
                .with("--subscription", self.door.id.subscription())
                .with("--name", self.door.name());
            add.with("--ip-address", &address.to_string()).to_string()
        });
        let add: Vec<_> = add.collect();
        let private = private.map(|hint| format!(" Or by the private endpoint: {hint}")).unwrap_or_default();
        bad(what).hint(format!("Let it in: {}.{private}", add.join(" and ")))
    }

    /// The public endpoint is off and no private one is approved.
    fn closed(&self) -> Judgement {
        if let Some(connection) = self.waiting().next() {
            let what = format!(
                "{}, and the connection of its private endpoint, `{}`, waits for approval",
                self.off(),
                connection.name
            );
            return bad(what).hint(self.approve(connection));
        }
        let network = self.network.map(ResourceId::name).unwrap_or("NETWORK");
        let group = self.network.map(ResourceId::group).unwrap_or("GROUP");
        let subscription = self.network.unwrap_or(&self.door.id).subscription();
        let create = Command::new("az network private-endpoint create --group-id registry --subnet SUBNET")
            .with("--subscription", subscription)
            .with("--resource-group", group)
            .with("--vnet-name", network)
            .with("--name", self.door.name())
            .with("--connection-name", self.door.name())
            .with("--private-connection-resource-id", self.door.id.as_str());
        let what = match self.door.connections.first() {
            Some(Connection { name, status, .. }) => {
                format!("{}, and the connection of its private endpoint, `{name}`, is `{status}`", self.off())
            }
            None => format!("{}, and it has no private endpoint", self.off()),
        };
        bad(what).hint(format!(
            "Make one in the cluster's network, and then a zone {} for its names: {create}.",
            self.door.zone()
        ))
    }

    fn waiting(&self) -> impl Iterator<Item = &Connection> {
        self.door.connections.iter().filter(|connection| connection.status == "Pending")
    }

    fn approve(&self, connection: &Connection) -> String {
        let approve = Command::new("az acr private-endpoint-connection approve")
            .with("--subscription", self.door.id.subscription())
            .with("--registry-name", self.door.name())
            .with("--name", &connection.name);
        format!("If it is yours: {approve}.")
    }
}

fn bad(what: String) -> Judgement {
    Judgement::new(Topic::Network, Grade::Bad, what)
}

#[cfg(test)]
mod tests {
    use super::super::door::sample;
    use super::*;
    use crate::problem::Side;

    fn problem(what: &str) -> Problem {
        Problem::new(Side::Azure, what).hint("Ask.")
    }

    fn judged(private: &Private, public: &Public, addresses: &Result<Vec<Ipv4Addr>, Problem>) -> Vec<Judgement> {
        let door = Door { public: public.clone(), ..sample() };
        let outbound = Outbound::Addresses(Vec::new());
        View { door: &door, private: private.clone(), outbound: &outbound, addresses, network: None }.judge()
    }

    #[test]
    fn a_private_way_counts_before_the_public_one() {
        let works = Private::Works(vec![Judgement::new(Topic::Network, Grade::Good, "private")]);
        let broken = Private::Broken(vec![bad("broken".to_owned()).hint("Mend.")]);
        let unlinked = Private::Unlinked { what: "no link".to_owned(), hint: "Link it.".to_owned() };
        let unknown = Private::Unknown(problem("denied"));
        let rules = |rules: &[&str]| Public::Rules(rules.iter().map(|rule| (*rule).to_owned()).collect());
        let (lets, refuses) = (rules(&["20.0.0.0/8", "odd"]), rules(&["30.0.0.0/8"]));
        let address = || Ok(vec!["20.1.2.3".parse().unwrap()]);
        for (private, public, addresses, grade, what) in [
            (&works, &Public::Off, address(), Grade::Good, "private"),
            (&works, &refuses, address(), Grade::Good, "private"),
            (&broken, &Public::Open, address(), Grade::Bad, "broken"),
            (&unknown, &Public::Open, address(), Grade::Unchecked, "cannot be told: denied"),
            (&unknown, &Public::Off, address(), Grade::Unchecked, "cannot be told: denied"),
            (&unlinked, &Public::Open, address(), Grade::Good, "lets every network in"),
            (&unlinked, &lets, address(), Grade::Good, "lets the addresses in"),
            (&unlinked, &refuses, address(), Grade::Bad, "no rule of contosoacr lets 20.1.2.3 in"),
            (&unlinked, &Public::Off, address(), Grade::Bad, "is off, and no link"),
            (&Private::Absent, &Public::Off, address(), Grade::Bad, "it has no private endpoint"),
            (&Private::Absent, &refuses, address(), Grade::Bad, "no rule of contosoacr lets 20.1.2.3 in"),
            (&Private::Absent, &lets, Err(problem("denied")), Grade::Unchecked, "could not be asked: denied"),
            (&Private::Absent, &lets, Ok(Vec::new()), Grade::Unchecked, "no public address"),
        ] {
            let judgements = judged(private, public, &addresses);
            assert_eq!(judgements.len(), 1, "{judgements:#?}");
            assert_eq!(judgements[0].grade, grade, "{private:?} {public:?}: {judgements:#?}");
            assert!(judgements[0].problem.what.contains(what), "{what}: {judgements:#?}");
            assert_eq!(judgements[0].problem.hint.is_some(), grade != Grade::Good, "{judgements:#?}");
        }
        let hint = judged(&unlinked, &refuses, &address())[0].problem.hint.clone().unwrap();
        assert!(hint.ends_with("Or by the private endpoint: Link it."), "{hint}");
    }
}
