//! Registry settings: the sections about the registry itself, looked at when they change, when lines of the plan concern
//! them, and when all that the file states is meant.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, State, Task, Upkeep};
use crate::{
    plan::Step,
    problem::{Problem, Side},
    registry_settings::{
        self, Decision, Interest, Part, Planned, Question, Remark, Stated, Wish, look_at_locks, look_at_replicas,
    },
    settings::Settings,
};
use std::collections::BTreeSet;

/// Plans what the registry itself needs, and looks how it is.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let meant = stated(asked.settings);
    let looks = looks(asked, &meant);
    let imports = asked.steps.iter().any(Step::may_be_written);
    let awaits = meant.replicas.is_some() && imports;
    if looks.is_empty() && !awaits {
        return;
    }
    let Some(azure) = &clients.azure else {
        return upkeep.findings.extend(looks.iter().map(|part| nobody(*part, clients)));
    };
    if let (Some(locks), true) = (meant.locks, looks.contains(&Part::Locks)) {
        let decision = look_at_locks(locks, asked.steps, &clients.registry, &clients.registries, &clients.door).await;
        take(decision, upkeep);
        if asked.before.is_some_and(|before| before.locks.as_ref() != Some(locks)) {
            upkeep.findings.push(later());
        }
    }
    if looks.iter().all(|part| *part == Part::Locks) && !awaits {
        return;
    }
    let interest = Interest::of(&Stated {
        retention: meant.retention,
        soft_delete: meant.soft_delete.filter(|_| looks.contains(&Part::SoftDelete)),
        locks: None,
        replicas: meant.replicas.filter(|_| looks.contains(&Part::Replicas) || awaits),
        registry: meant.registry.filter(|_| looks.contains(&Part::Registry)),
    });
    let found = match registry_settings::ask(&azure.arm, &azure.target.id, interest).await {
        Ok(found) => found,
        // Nothing would be done after the merge either, and nobody would hear of it.
        Err(problem) => {
            let parts = looks.iter().filter(|part| **part != Part::Locks);
            return upkeep.findings.extend(parts.map(|part| Finding {
                section: section(*part),
                subject: section(*part).to_string(),
                gravity: Gravity::Bad,
                problem: problem.clone(),
            }));
        }
    };
    let planned = planned(asked.steps);
    take(
        registry_settings::decide(&Question { meant: &meant, looks: &looks, found: &found, planned: &planned }),
        upkeep,
    );
    if awaits {
        let decision =
            look_at_replicas(&found, asked.steps, &clients.registry, &clients.registries, &clients.door).await;
        take(decision, upkeep);
    }
}

fn stated(settings: &Settings) -> Stated<'_> {
    Stated {
        retention: settings.retention,
        soft_delete: settings.soft_delete,
        locks: settings.locks.as_ref(),
        replicas: settings.replicas.as_deref(),
        registry: settings.registry,
    }
}

/// Returns the sections that this run is about: those that are stated, and changed or concerned by a line.
fn looks(asked: &Asked<'_>, meant: &Stated<'_>) -> BTreeSet<Part> {
    let before = asked.before.map(stated);
    let differs = |is_other: &dyn Fn(&Stated<'_>) -> bool| before.as_ref().is_none_or(is_other);
    let imports = asked.steps.iter().any(Step::may_be_written);
    let locks = |step: &Step| meant.locks.is_some_and(|locks| locks.covers(step.destination.repository()));
    let all = [
        (Part::Retention, meant.retention.is_some() && differs(&|it| it.retention != meant.retention)),
        (Part::SoftDelete, meant.soft_delete.is_some() && differs(&|it| it.soft_delete != meant.soft_delete)),
        (
            Part::Locks,
            meant.locks.is_some() && (differs(&|it| it.locks != meant.locks) || asked.steps.iter().any(locks)),
        ),
        (Part::Replicas, meant.replicas.is_some() && differs(&|it| it.replicas != meant.replicas)),
        (Part::Registry, meant.registry.is_some() && (differs(&|it| it.registry != meant.registry) || imports)),
    ];
    all.into_iter().filter(|(_, is_looked_at)| *is_looked_at).map(|(part, _)| part).collect()
}

fn planned(steps: &[Step]) -> Planned {
    let mut planned = Planned::default();
    for step in steps.iter().filter(|step| step.may_be_written()) {
        planned.images += 1;
        // What could not be checked may be there already: nobody knows what it adds.
        match step.image.as_ref().filter(|_| step.action.is_change()).and_then(|image| image.size) {
            Some(bytes) => planned.bytes = planned.bytes.saturating_add(bytes),
            None => planned.unknown += 1,
        }
    }
    planned
}

fn take(decision: Decision, upkeep: &mut Upkeep) {
    upkeep.chores.extend(decision.wishes.into_iter().map(chore));
    upkeep.findings.extend(decision.remarks.into_iter().map(finding));
}

fn section(part: Part) -> Section {
    match part {
        Part::Retention => Section::Retention,
        Part::SoftDelete => Section::SoftDelete,
        Part::Locks => Section::Locks,
        Part::Replicas => Section::Replicas,
        Part::Registry => Section::Registry,
    }
}

fn nobody(part: Part, clients: &Clients) -> Finding {
    let section = section(part);
    let none = || {
        Problem::new(Side::Settings, format!("`{}` is no Azure Container Registry, and has none", clients.registry))
            .hint(format!("Take `{section}` out of acr-sync.yaml."))
    };
    // Who could not sign in, such as a fork, asks nobody.
    let problem = clients.door.clone().err().unwrap_or_else(none);
    Finding { section, subject: section.to_string(), gravity: Gravity::Unchecked, problem }
}

/// Lines that did not change are no part of this plan.
fn later() -> Finding {
    let what = "tags of lines that did not change are locked by the next run over the whole list";
    let problem = Problem::new(Side::Settings, what);
    Finding { section: Section::Locks, subject: Section::Locks.to_string(), gravity: Gravity::Note, problem }
}

fn chore(wish: Wish) -> Chore {
    Chore {
        section: section(wish.part),
        subject: wish.subject,
        task: Task::Registry(wish.work),
        reason: wish.reason,
        bytes: None,
        state: wish.block.map_or(State::Due, State::Block),
    }
}

fn finding(remark: Remark) -> Finding {
    Finding {
        section: section(remark.part),
        subject: remark.subject,
        gravity: remark.grade.into(),
        problem: remark.problem,
    }
}
