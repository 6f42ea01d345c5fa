//! Replicas: which regions lack one, which have one that nobody stated, and how those are that are there.

use super::{
    Decision, Found, FoundReplica, Part, Question, Replica, Replicate, Switch, Wish, Work,
    decide::{excluded, needs_premium, remark},
};
use crate::problem::{Grade, Problem, Side};

pub(super) fn decide(question: &Question<'_>, decision: &mut Decision) {
    let Question { meant, found, .. } = question;
    let Some(stated) = meant.replicas else { return };
    // The home region has one by itself.
    let wanted = stated.iter().filter(|replica| replica.region != found.home);
    let known = match &found.replicas {
        Some(Ok(known)) => known.as_slice(),
        // Without Premium there are none.
        None => &[],
        Some(Err(problem)) => {
            return decision.remarks.push(remark(Part::Replicas, "replicas", Grade::Bad, problem.clone()));
        }
    };
    for replica in wanted {
        match known.iter().find(|known| known.region == replica.region) {
            Some(known) => compare(found, replica, known, decision),
            None => decision.wishes.push(wish(question, replica, "there is none")),
        }
    }
    for known in found.others().filter(|known| !stated.iter().any(|replica| replica.region == known.region)) {
        let what = "the replica is not stated; it stays";
        let hint = format!(
            "State it in `replicas`, or remove it: `az acr replication delete --registry {} --name {}`.",
            found.name, known.name
        );
        let problem = Problem::new(Side::Settings, what).hint(hint);
        decision.remarks.push(remark(Part::Replicas, &known.region, Grade::Doubtful, problem));
    }
}

/// Looks at a replica that is there and stated.
fn compare(found: &Found, replica: &Replica, known: &FoundReplica, decision: &mut Decision) {
    let id = format!("{}/replications/{}", found.id, known.name);
    let mut again = |is_begun: bool, reason: String| {
        let work = Work::Replicate(Replicate {
            id: id.clone(),
            region: replica.region.clone(),
            zone_redundancy: replica.zone_redundancy,
            is_begun,
        });
        let subject = replica.region.clone();
        decision.wishes.push(Wish { part: Part::Replicas, subject, work, reason, block: None });
    };
    match known.state.as_str() {
        "Succeeded" => {}
        "Creating" | "Updating" => again(true, format!("Azure is at it already: {}", told(known))),
        "Deleting" => again(false, format!("Azure is taking it away: {}", told(known))),
        _ => again(false, format!("Azure has not made it: {}", told(known))),
    }
    if replica.zone_redundancy.is_some_and(|wanted| wanted != known.zone_redundancy) {
        let (is, wanted) = if known.zone_redundancy { ("spread", "not") } else { ("not spread", "so") };
        let problem = Problem::new(Side::Target, format!("the replica is {is} over zones, and is stated to be {wanted}"))
            .hint(format!(
                "Azure does not change it: `az acr replication delete --registry {} --name {}`, and the next run makes it again.",
                found.name, known.name
            ));
        decision.remarks.push(remark(Part::Replicas, &known.region, Grade::Bad, problem));
    } else if known.state == "Succeeded" {
        let status = if known.status.is_empty() { "Succeeded" } else { &known.status };
        let problem = Problem::new(Side::Target, format!("the replica is {status}"));
        decision.remarks.push(remark(Part::Replicas, &known.region, Grade::Good, problem));
    }
}

fn wish(question: &Question<'_>, replica: &Replica, reason: &str) -> Wish {
    let Question { meant, found, .. } = question;
    let soft_delete = found.soft_delete.is_some_and(|policy| policy.is_on);
    let block = if !found.is_premium() {
        Some(needs_premium(found, "a replica"))
    } else if soft_delete && meant.soft_delete != Some(Switch::Off) {
        Some(excluded("soft delete is on, and does not go with geo-replication", "State `soft-delete: off`."))
    } else {
        None
    };
    let work = Work::Replicate(Replicate {
        id: format!("{}/replications/{}", found.id, replica.region),
        region: replica.region.clone(),
        zone_redundancy: replica.zone_redundancy,
        is_begun: false,
    });
    Wish { part: Part::Replicas, subject: replica.region.clone(), work, reason: reason.to_owned(), block }
}

fn told(known: &FoundReplica) -> String {
    if known.status.is_empty() { known.state.clone() } else { format!("{}, {}", known.state, known.status) }
}

#[cfg(test)]
mod tests {
    use super::super::{Planned, Policy, Stated, decide};
    use super::*;

    fn known(region: &str, state: &str) -> FoundReplica {
        FoundReplica {
            name: region.to_owned(),
            region: region.to_owned(),
            state: state.to_owned(),
            status: "Syncing".to_owned(),
            zone_redundancy: false,
        }
    }

    fn decided(stated: &[(&str, Option<bool>)], sku: &str, replicas: Vec<FoundReplica>, soft_delete: bool) -> Decision {
        let stated: Vec<_> = stated
            .iter()
            .map(|(region, zones)| Replica { region: (*region).to_owned(), zone_redundancy: *zones })
            .collect();
        let meant = Stated { retention: None, soft_delete: None, locks: None, replicas: Some(&stated), registry: None };
        let found = Found {
            id: "/r".to_owned(),
            name: "contoso".to_owned(),
            sku: sku.to_owned(),
            home: "westeurope".to_owned(),
            retention: Policy { is_on: false, days: 7 },
            soft_delete: Some(Policy { is_on: soft_delete, days: 7 }),
            anonymous_pull: false,
            admin_account: false,
            is_regional: false,
            regional_hosts: Vec::new(),
            replicas: (sku == "Premium").then_some(Ok(replicas)),
            has_cache_rules: None,
            usages: None,
        };
        let looks = [Part::Replicas].into();
        decide(&Question { meant: &meant, looks: &looks, found: &found, planned: &Planned::default() })
    }

    #[test]
    fn a_region_without_a_replica_gets_one_and_the_home_region_has_one() {
        let decision = decided(&[("westeurope", None), ("eastus", Some(true))], "Premium", vec![], false);
        assert_eq!(decision.wishes.len(), 1);
        let Work::Replicate(work) = &decision.wishes[0].work else { panic!("{decision:?}") };
        assert_eq!(
            (work.id.as_str(), work.zone_redundancy, work.is_begun),
            ("/r/replications/eastus", Some(true), false)
        );
    }

    #[test]
    fn a_replica_needs_premium_and_no_soft_delete() {
        let blocked = |sku, soft_delete| {
            decided(&[("eastus", None)], sku, vec![], soft_delete).wishes[0].block.clone().map(|problem| problem.what)
        };
        assert_eq!(blocked("Basic", false).unwrap(), "a replica needs the SKU Premium, and the registry is Basic");
        assert!(blocked("Premium", true).unwrap().starts_with("soft delete is on"));
        assert_eq!(blocked("Premium", false), None);
    }

    #[test]
    fn a_replica_that_is_not_stated_is_reported_and_stays() {
        let decision =
            decided(&[], "Premium", vec![known("westeurope", "Succeeded"), known("eastus", "Succeeded")], false);
        assert_eq!((decision.wishes.len(), decision.remarks.len()), (0, 1));
        assert_eq!((decision.remarks[0].subject.as_str(), decision.remarks[0].grade), ("eastus", Grade::Doubtful));
    }

    #[test]
    fn a_replica_that_is_not_done_is_waited_for_or_made_again() {
        for (state, is_begun, expected) in [
            ("Creating", true, "Azure is at it already: Creating, Syncing"),
            ("Failed", false, "Azure has not made it: Failed, Syncing"),
        ] {
            let decision = decided(&[("eastus", None)], "Premium", vec![known("eastus", state)], false);
            let wish = &decision.wishes[0];
            let Work::Replicate(work) = &wish.work else { panic!("{decision:?}") };
            assert_eq!((work.is_begun, wish.reason.as_str()), (is_begun, expected));
        }
        let decision = decided(&[("eastus", None)], "Premium", vec![known("eastus", "Succeeded")], false);
        assert_eq!((decision.wishes.len(), decision.remarks[0].grade), (0, Grade::Good));
    }

    #[test]
    fn zones_that_differ_are_said_for_azure_does_not_change_them() {
        let decision = decided(&[("eastus", Some(true))], "Premium", vec![known("eastus", "Succeeded")], false);
        assert_eq!((decision.wishes.len(), decision.remarks[0].grade), (0, Grade::Bad));
        assert!(decision.remarks[0].problem.what.contains("not spread over zones, and is stated to be so"));
    }
}
