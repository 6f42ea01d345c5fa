//! Status: how connected registries are, when they synchronised last, and what has not arrived there yet.

use super::{
    Connected, Cron, Found, Instance, Span, actions,
    ask::{Planes, written_since},
    wanted::matching,
};
use crate::problem::{Grade, Problem, Remark, Side};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// Clocks differ, and a synchronisation tells of itself a little later.
const GRACE: Duration = Duration::minutes(15);
/// How many tags, and how many of its own sentences, are told of one connected registry.
const MOST_TOLD: usize = 10;

/// Looks at each connected registry of the settings that is there, with what the registry has that came after its last
/// synchronisation.
pub async fn look(all: &[Connected], found: &Found, planes: &Planes<'_>, now: OffsetDateTime) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for one in all {
        let Some(instance) = found.instance(one.name.as_str()) else { continue };
        remarks.extend(state(one, instance, found, now));
        let Some(since) = instance.last_sync else { continue };
        let map = instance.token.as_deref().and_then(|token| found.map_of(token));
        let Some(map) = map else { continue };
        let there = found.repositories.iter().flatten().map(String::as_str).collect::<BTreeSet<_>>();
        let copied = actions::repositories(&map.actions);
        let waiting = written_since(planes, copied.intersection(&there).copied(), since).await;
        remarks.extend(arrival(instance, waiting, since));
    }
    remarks
}

fn remark(instance: &Instance, grade: Grade, what: String) -> Remark {
    Remark { subject: instance.name.clone(), grade, problem: Problem::new(Side::Target, what) }
}

fn hinted(mut remark: Remark, hint: String) -> Remark {
    remark.problem.hint = Some(hint);
    remark
}

/// Says how one is at a time.
fn state(one: &Connected, instance: &Instance, found: &Found, now: OffsetDateTime) -> Vec<Remark> {
    let name = &instance.name;
    let connection = instance.connection.as_deref().unwrap_or("not connected").to_ascii_lowercase();
    let mut remarks = Vec::new();
    match instance.last_sync {
        None => {
            let what = if instance.is_active {
                format!("it is active and {connection}, and nothing has been synchronised yet")
            } else {
                "it is not deployed: nothing has ever been synchronised".to_owned()
            };
            let hint = format!("`acr-sync connected-registry kit {name}` writes what its cluster needs.");
            remarks.push(hinted(remark(instance, Grade::Doubtful, what), hint));
        }
        Some(last) => {
            let cron = instance.cron().or_else(|| one.schedule.clone());
            let window = Instance::span(instance.window.as_deref()).or_else(|| one.window.clone());
            let until = late(cron.as_ref(), window.as_ref(), last);
            let grade = if until.is_some_and(|until| now > until) { Grade::Bad } else { Grade::Good };
            let mut what = format!("{connection}, synchronised last at {}", told(last));
            if let (Grade::Bad, Some(until)) = (grade, until) {
                let schedule = instance.schedule.as_deref().unwrap_or("* * * * *");
                let window = window.map(|window| format!(" and its window {window}")).unwrap_or_default();
                what = format!("{what}: its schedule `{schedule}`{window} asked for it by {}", told(until));
            }
            let gateway = instance.gateway.as_deref().unwrap_or("its parent");
            let hint = format!(
                "Look at its pods (`kubectl get pods -n connected-registry`), at the way from there to `{gateway}`, and \
                 whether the password of its token is still the one that it has."
            );
            let remark = remark(instance, grade, what);
            remarks.push(if grade == Grade::Bad { hinted(remark, hint) } else { remark });
        }
    }
    if connection == "unhealthy" {
        remarks.push(remark(instance, Grade::Doubtful, "it is unhealthy".to_owned()));
    }
    if instance.token.as_deref().and_then(|id| found.token(id)).is_some_and(|token| !token.is_enabled) {
        let what = "its token is disabled: nothing is synchronised".to_owned();
        let hint = format!("`az acr token update --registry {} --name {name} --status enabled`", found.name);
        remarks.push(hinted(remark(instance, Grade::Doubtful, what), hint));
    }
    let details = instance.details.iter().take(MOST_TOLD);
    remarks.extend(details.map(|detail| remark(instance, Grade::Doubtful, format!("it says: {detail}"))));
    remarks.extend(unstated(one, instance, found));
    remarks
}

/// Returns until when the next synchronisation is to be over.
fn late(cron: Option<&Cron>, window: Option<&Span>, last: OffsetDateTime) -> Option<OffsetDateTime> {
    let start = match cron {
        Some(cron) => cron.next(last)?,
        None => last,
    };
    start.checked_add(window.map_or(Duration::ZERO, Span::duration))?.checked_add(GRACE)
}

/// What nobody states in the file is somebody's: it is told, and left.
fn unstated(one: &Connected, instance: &Instance, found: &Found) -> Option<Remark> {
    let map = instance.token.as_deref().and_then(|token| found.map_of(token))?;
    let copied: BTreeSet<String> = actions::repositories(&map.actions).into_iter().map(str::to_owned).collect();
    let below = found.below(&instance.id).into_iter().filter_map(|below| found.map_of(below.token.as_deref()?));
    let below: BTreeSet<_> = below.flat_map(|map| actions::repositories(&map.actions)).collect();
    let stated = matching(&copied, &one.repositories);
    let other: Vec<_> =
        copied.iter().filter(|name| !stated.contains(name.as_str()) && !below.contains(name.as_str())).collect();
    let first = other.first()?;
    let more = if other.len() > 1 { format!(" and {} more", other.len() - 1) } else { String::new() };
    let what = format!("it has a copy of `{first}`{more} as well, which acr-sync.yaml does not state");
    let hint = format!(
        "State it, or `az acr connected-registry permissions update --registry {} --name {} --remove {first}`.",
        found.name, instance.name
    );
    Some(hinted(remark(instance, Grade::Good, what), hint))
}

/// Says what came to the registry after the last synchronisation.
fn arrival(instance: &Instance, waiting: Result<Vec<String>, Problem>, since: OffsetDateTime) -> Option<Remark> {
    let waiting = match waiting {
        Ok(waiting) => waiting,
        Err(mut problem) => {
            problem.what = format!("what has not arrived there is not known: {}", problem.what);
            return Some(Remark { subject: instance.name.clone(), grade: Grade::Unchecked, problem });
        }
    };
    let number = waiting.len();
    let names: Vec<_> = waiting.into_iter().take(MOST_TOLD).map(|name| format!("`{name}`")).collect();
    let more = number.checked_sub(MOST_TOLD).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
    let next = instance.cron().and_then(|cron| cron.next(since)).map(|next| format!("; due from {}", told(next)));
    let what = format!("not arrived yet: {}{more}{}", names.join(", "), next.unwrap_or_default());
    (number > 0).then(|| remark(instance, Grade::Good, what))
}

fn told(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connected::staged::found;

    fn at(text: &str) -> OffsetDateTime {
        OffsetDateTime::parse(text, &Rfc3339).unwrap()
    }

    fn vessel() -> Connected {
        serde_yaml::from_str("{ name: vessel-1, repositories: [fleet/*], schedule: \"30 * * * *\", window: PT1H }")
            .unwrap()
    }

    fn synced(last: &str) -> Instance {
        Instance {
            name: "vessel-1".to_owned(),
            schedule: Some("30 * * * *".to_owned()),
            window: Some("PT1H".to_owned()),
            connection: Some("Offline".to_owned()),
            is_active: true,
            last_sync: Some(at(last)),
            ..Instance::default()
        }
    }

    #[test]
    fn the_alarm_waits_as_long_as_schedule_and_window_allow() {
        for (last, now, grade) in [
            ("2026-03-01T10:31:00Z", "2026-03-01T10:40:00Z", Grade::Good),
            // From 11:30 on, for an hour, and a quarter for the clocks.
            ("2026-03-01T10:31:00Z", "2026-03-01T12:45:00Z", Grade::Good),
            ("2026-03-01T10:31:00Z", "2026-03-01T12:45:01Z", Grade::Bad),
            ("2026-03-01T10:31:00Z", "2026-03-09T00:00:00Z", Grade::Bad),
        ] {
            let remarks = state(&vessel(), &synced(last), &found(&[]), at(now));
            assert_eq!((remarks.len(), remarks[0].grade), (1, grade), "{last} {now}: {remarks:?}");
        }
        let late = state(&vessel(), &synced("2026-03-01T10:31:00Z"), &found(&[]), at("2026-03-02T00:00:00Z"));
        assert_eq!(
            late[0].problem.what,
            "offline, synchronised last at 2026-03-01T10:31:00Z: its schedule `30 * * * *` and its window PT1H asked for it \
             by 2026-03-01T12:45:00Z"
        );
    }

    #[test]
    fn one_that_was_never_deployed_is_told_how() {
        let instance = Instance { last_sync: None, is_active: false, ..synced("2026-03-01T10:31:00Z") };
        let remarks = state(&vessel(), &instance, &found(&[]), at("2026-03-02T00:00:00Z"));
        assert_eq!(remarks[0].grade, Grade::Doubtful);
        assert!(remarks[0].problem.hint.as_deref().unwrap().contains("acr-sync connected-registry kit vessel-1"));
    }

    #[test]
    fn what_has_not_arrived_is_named_with_the_time_of_the_next_synchronisation() {
        let since = at("2026-03-01T10:31:00Z");
        let instance = synced("2026-03-01T10:31:00Z");
        assert_eq!(arrival(&instance, Ok(Vec::new()), since), None);
        let remark = arrival(&instance, Ok(vec!["fleet/app:1.1".to_owned()]), since).unwrap();
        assert_eq!(remark.problem.what, "not arrived yet: `fleet/app:1.1`; due from 2026-03-01T11:30:00Z");
        let many = arrival(&instance, Ok((0..12).map(|n| format!("a:{n}")).collect()), since).unwrap();
        assert!(many.problem.what.contains("`a:9` and 2 more"), "{many:?}");
    }
}
