//! Decides what differs from what is stated. Asks nobody: given the same facts it decides the same.

use super::{
    Found, Guard, Part, Remark, Setting, Stated, Switch, Wish, Work,
    days::told,
    quota::{self, Planned},
    replicas,
};
use crate::problem::{Grade, Problem, Side};
use std::collections::BTreeSet;

/// What is decided upon.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// All that is stated.
    pub meant: &'a Stated<'a>,
    /// The sections that are looked at.
    pub looks: &'a BTreeSet<Part>,
    /// The registry as it is.
    pub found: &'a Found,
    /// What the lines of the plan bring.
    pub planned: &'a Planned,
}

/// What was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is to be done.
    pub wishes: Vec<Wish>,
    /// What people should know.
    pub remarks: Vec<Remark>,
}

/// Compares what is stated with what is there.
pub fn decide(question: &Question<'_>) -> Decision {
    let mut decision = Decision::default();
    for part in question.looks {
        match part {
            Part::Retention => retention(question, &mut decision),
            Part::SoftDelete => soft_delete(question, &mut decision),
            Part::Replicas => replicas::decide(question, &mut decision),
            Part::Registry => {
                guards(question, &mut decision);
                quota::look(question.found, question.planned, &mut decision);
            }
            // Of tags the data plane tells, one by one.
            Part::Locks => {}
        }
    }
    decision
}

fn retention(question: &Question<'_>, decision: &mut Decision) {
    let Question { meant, found, .. } = question;
    let wanted = match meant.retention {
        Some(Switch::On(retention)) => Some(retention.untagged_after.number()),
        Some(Switch::Off) => None,
        None => return,
    };
    let now = found.retention.is_on.then_some(found.retention.days);
    if now == wanted.map(u64::from) {
        return;
    }
    let soft_delete = found.soft_delete.is_some_and(|policy| policy.is_on);
    let block = wanted.and_then(|_| {
        if !found.is_premium() {
            Some(needs_premium(found, "a retention policy"))
        } else if matches!(meant.soft_delete, Some(Switch::On(_))) {
            Some(both_stated())
        } else if soft_delete && meant.soft_delete != Some(Switch::Off) {
            Some(excluded("soft delete is on, and does not go with a retention policy", "State `soft-delete: off`."))
        } else {
            None
        }
    });
    decision.wishes.push(set(question, Part::Retention, "retention policy", Setting::Retention(wanted), now, block));
}

fn soft_delete(question: &Question<'_>, decision: &mut Decision) {
    let Question { meant, found, .. } = question;
    let wanted = match meant.soft_delete {
        Some(Switch::On(soft_delete)) => Some(soft_delete.days.number()),
        Some(Switch::Off) => None,
        None => return,
    };
    let Some(policy) = found.soft_delete else {
        let problem = Problem::new(Side::Azure, "this cloud does not show the soft delete policy, which is a preview")
            .hint("Look with `az acr config soft-delete show`.");
        return decision.remarks.push(remark(Part::SoftDelete, "soft delete", Grade::Unchecked, problem));
    };
    let now = policy.is_on.then_some(policy.days);
    if now == wanted.map(u64::from) {
        return;
    }
    let block = wanted.and_then(|_| why_no_soft_delete(question));
    decision.wishes.push(set(question, Part::SoftDelete, "soft delete", Setting::SoftDelete(wanted), now, block));
}

/// Soft delete goes neither with a retention policy, nor with replicas, nor with cache rules
/// (container-registry-soft-delete-policy article).
fn why_no_soft_delete(question: &Question<'_>) -> Option<Problem> {
    let Question { meant, found, .. } = question;
    if matches!(meant.retention, Some(Switch::On(_))) {
        return Some(both_stated());
    }
    if found.retention.is_on && meant.retention != Some(Switch::Off) {
        return Some(excluded(
            "a retention policy is on, and soft delete does not go with one",
            "State `retention: off`.",
        ));
    }
    if let Some(Err(problem)) = &found.replicas {
        return Some(problem.clone());
    }
    let stated = meant.replicas.into_iter().flatten().map(|replica| &replica.region).find(|it| **it != found.home);
    if let Some(region) = found.others().map(|replica| &replica.region).next().or(stated) {
        return Some(excluded(
            &format!("there is a replica in `{region}`, and soft delete does not go with geo-replication"),
            "Take one of the two sections out of acr-sync.yaml.",
        ));
    }
    match &found.has_cache_rules {
        Some(Ok(true)) => Some(excluded(
            "the registry has cache rules, and soft delete does not go with them",
            &format!("See `az acr cache list --registry {}`.", found.name),
        )),
        Some(Err(problem)) => Some(problem.clone()),
        Some(Ok(false)) | None => None,
    }
}

fn guards(question: &Question<'_>, decision: &mut Decision) {
    let Question { meant, found, .. } = question;
    let Some(guards) = meant.registry else { return };
    let ways = [
        (
            guards.anonymous_pull,
            found.anonymous_pull,
            "anonymous pull",
            "anybody may pull every image without signing in",
            "--anonymous-pull-enabled false",
            Setting::NoAnonymousPull,
        ),
        (
            guards.admin_account,
            found.admin_account,
            "admin account",
            "the admin account is enabled: one password, kept by nobody knows whom, that may do everything",
            "--admin-enabled false",
            Setting::NoAdminAccount,
        ),
    ];
    for (guard, is_open, subject, what, flag, setting) in ways {
        let grade = match guard {
            _ if !is_open => continue,
            Guard::Report => Grade::Doubtful,
            Guard::Deny => Grade::Bad,
            Guard::SwitchOff => {
                let reason = format!("{what}; `switch-off` is stated");
                let work = work(question, setting);
                let wish = Wish { part: Part::Registry, subject: subject.to_owned(), work, reason, block: None };
                decision.wishes.push(wish);
                continue;
            }
        };
        let problem = Problem::new(Side::Target, what)
            .hint(format!("Switch it off: `az acr update --name {} {flag}`.", found.name));
        decision.remarks.push(remark(Part::Registry, subject, grade, problem));
    }
}

fn set(
    question: &Question<'_>,
    part: Part,
    subject: &str,
    setting: Setting,
    now: Option<u64>,
    block: Option<Problem>,
) -> Wish {
    let told = |days: Option<u64>| days.map_or_else(|| "off".to_owned(), told);
    let wanted = match setting {
        Setting::Retention(days) | Setting::SoftDelete(days) => days.map(u64::from),
        Setting::NoAnonymousPull | Setting::NoAdminAccount => None,
    };
    let reason = format!("was {}, stated {}", told(now), told(wanted));
    Wish { part, subject: subject.to_owned(), work: work(question, setting), reason, block }
}

fn work(question: &Question<'_>, setting: Setting) -> Work {
    let found = question.found;
    let version = setting.version(found.soft_delete.is_some_and(|policy| policy.is_on));
    Work::Set { id: found.id.clone(), setting, version }
}

pub(super) fn remark(part: Part, subject: &str, grade: Grade, problem: Problem) -> Remark {
    Remark { part, subject: subject.to_owned(), grade, problem }
}

pub(super) fn needs_premium(found: &Found, what: &str) -> Problem {
    Problem::new(Side::Target, format!("{what} needs the SKU Premium, and the registry is {}", found.sku)).hint(
        format!("`az acr update --name {} --sku Premium`, which costs more; or take the section out.", found.name),
    )
}

fn both_stated() -> Problem {
    excluded("`retention` and `soft-delete` are both stated, and exclude each other", "State one of them as `off`.")
}

pub(super) fn excluded(what: &str, hint: &str) -> Problem {
    Problem::new(Side::Settings, what).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry_settings::{FoundReplica, Guards, Policy, Replica, Retention, SoftDelete};

    pub(crate) fn found(sku: &str) -> Found {
        Found {
            id: "/registries/contoso".to_owned(),
            name: "contoso".to_owned(),
            sku: sku.to_owned(),
            home: "westeurope".to_owned(),
            retention: Policy { is_on: false, days: 7 },
            soft_delete: Some(Policy { is_on: false, days: 7 }),
            anonymous_pull: false,
            admin_account: false,
            is_regional: false,
            regional_hosts: Vec::new(),
            replicas: Some(Ok(Vec::new())),
            has_cache_rules: Some(Ok(false)),
            usages: None,
        }
    }

    const NOTHING: Stated<'static> =
        Stated { retention: None, soft_delete: None, locks: None, replicas: None, registry: None };

    fn retained(days: &str) -> Stated<'static> {
        Stated { retention: Some(Switch::On(Retention { untagged_after: days.parse().unwrap() })), ..NOTHING }
    }

    fn soft(days: &str) -> Stated<'static> {
        Stated { soft_delete: Some(Switch::On(SoftDelete { days: days.parse().unwrap() })), ..NOTHING }
    }

    fn all(meant: &Stated<'_>, found: &Found) -> Decision {
        let looks = [Part::Retention, Part::SoftDelete, Part::Replicas, Part::Registry].into();
        decide(&Question { meant, looks: &looks, found, planned: &Planned::default() })
    }

    fn reason(decision: &Decision) -> (&str, Option<&str>) {
        assert_eq!((decision.wishes.len(), decision.remarks.len()), (1, 0), "{decision:#?}");
        let wish = &decision.wishes[0];
        (&wish.reason, wish.block.as_ref().map(|problem| problem.what.as_str()))
    }

    #[test]
    fn what_is_as_stated_is_nothing_to_do() {
        let mut found = found("Premium");
        assert_eq!(all(&NOTHING, &found), Decision::default());
        assert_eq!(all(&Stated { retention: Some(Switch::Off), ..NOTHING }, &found), Decision::default());
        found.retention = Policy { is_on: true, days: 7 };
        assert_eq!(all(&retained("7d"), &found), Decision::default());
        assert_eq!(all(&NOTHING, &found), Decision::default(), "what is not stated is nobody's business");
    }

    #[test]
    fn what_differs_is_told_with_both_values() {
        let mut found = found("Premium");
        assert_eq!(reason(&all(&retained("7d"), &found)), ("was off, stated 7 days", None));
        found.retention = Policy { is_on: true, days: 30 };
        assert_eq!(reason(&all(&retained("1d"), &found)), ("was 30 days, stated 1 day", None));
        let off = Stated { retention: Some(Switch::Off), ..NOTHING };
        assert_eq!(reason(&all(&off, &found)), ("was 30 days, stated off", None));
    }

    #[test]
    fn premium_is_asked_for_before_anything_is_tried() {
        let decision = all(&retained("7d"), &found("Standard"));
        assert_eq!(reason(&decision).1, Some("a retention policy needs the SKU Premium, and the registry is Standard"));
        let hint = decision.wishes[0].block.as_ref().unwrap().hint.as_ref().unwrap();
        assert!(hint.starts_with("`az acr update --name contoso --sku Premium`"), "{hint}");
        assert_eq!(all(&soft("7d"), &found("Basic")).wishes[0].block, None, "soft delete is for every SKU");
    }

    #[test]
    fn soft_delete_says_what_it_does_not_go_with() {
        let mut found = found("Premium");
        let both = Stated { soft_delete: soft("7d").soft_delete, ..retained("7d") };
        assert!(all(&both, &found).wishes.iter().all(|wish| wish.block == Some(both_stated())));
        found.retention.is_on = true;
        assert!(reason(&all(&soft("9"), &found)).1.unwrap().starts_with("a retention policy is on"));
        let instead = Stated { retention: Some(Switch::Off), ..soft("9") };
        let decision = all(&instead, &found);
        assert!(decision.wishes.iter().all(|wish| wish.block.is_none()));
        assert!(decision.wishes[0].work.place() < decision.wishes[1].work.place(), "one is off before the other is on");
        found.retention.is_on = false;
        found.has_cache_rules = Some(Ok(true));
        assert!(reason(&all(&soft("9"), &found)).1.unwrap().contains("cache rules"));
        found.replicas = Some(Ok(vec![FoundReplica {
            name: "eastus".to_owned(),
            region: "eastus".to_owned(),
            state: "Succeeded".to_owned(),
            status: "Ready".to_owned(),
            zone_redundancy: false,
        }]));
        assert!(reason(&all(&soft("9"), &found)).1.unwrap().contains("replica in `eastus`"));
    }

    #[test]
    fn replicas_that_are_only_stated_exclude_soft_delete_too() {
        let replicas = [Replica { region: "eastus".to_owned(), zone_redundancy: None }];
        let both = Stated { replicas: Some(&replicas), ..soft("9") };
        let decision = all(&both, &found("Premium"));
        let blocked = decision.wishes.iter().filter(|wish| wish.block.is_some()).map(|wish| wish.part);
        assert_eq!(blocked.collect::<Vec<_>>(), [Part::SoftDelete]);
    }

    #[test]
    fn a_policy_that_the_cloud_does_not_show_is_unchecked() {
        let found = Found { soft_delete: None, ..found("Premium") };
        let decision = all(&soft("7d"), &found);
        assert_eq!((decision.wishes.len(), decision.remarks[0].grade), (0, Grade::Unchecked));
    }

    #[test]
    fn an_open_way_in_is_reported_denied_or_switched_off() {
        let found = Found { anonymous_pull: true, admin_account: true, ..found("Basic") };
        for (guard, grade) in
            [(Guard::Report, Some(Grade::Doubtful)), (Guard::Deny, Some(Grade::Bad)), (Guard::SwitchOff, None)]
        {
            let registry = Some(Guards { anonymous_pull: guard, admin_account: guard });
            let decision = all(&Stated { registry, ..NOTHING }, &found);
            let grades: Vec<_> = decision.remarks.iter().map(|remark| remark.grade).collect();
            assert_eq!(grades, grade.map_or(vec![], |grade| vec![grade; 2]), "{guard:?}");
            assert_eq!(decision.wishes.len(), if grade.is_none() { 2 } else { 0 });
        }
    }

    #[test]
    fn a_stable_version_is_not_written_with_beside_a_soft_delete_policy() {
        assert_eq!(Setting::Retention(Some(7)).version(false), "2025-11-01");
        assert_eq!(Setting::NoAdminAccount.version(true), "2026-09-01-preview");
        assert_eq!(Setting::SoftDelete(None).version(false), "2026-09-01-preview");
    }
}
