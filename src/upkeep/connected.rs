//! Connected: the connected registries of `acr-sync.yaml`, looked at when they change, when the plan is about what they
//! have a copy of, and when all that the file states is meant.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, State, Task, Upkeep};
use crate::{
    connected::{self, Connected, Planes, Question, Wish},
    plan::{Action, Step},
    problem::{Problem, Side},
};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// Plans what becomes of connected registries, and looks how they are.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let meant = &asked.settings.connected_registries;
    let before = asked.before.map(|before| &before.connected_registries);
    let planned: BTreeSet<_> = asked
        .steps
        .iter()
        .filter(|step| will_be_there(step))
        .map(|step| step.destination.repository().to_owned())
        .collect();
    let copies = |one: &Connected| one.repositories.iter().any(|glob| planned.iter().any(|name| glob.matches(name)));
    let is_concerned = match before {
        None => !meant.is_empty(),
        Some(before) => before != meant || meant.iter().any(copies),
    };
    if !is_concerned {
        return;
    }
    let unasked = |gravity: Gravity, problem: Problem| Finding {
        section: Section::Connected,
        subject: Section::Connected.to_string(),
        gravity,
        problem,
    };
    let Some(azure) = &clients.azure else {
        let none = || {
            Problem::new(Side::Settings, format!("`{}` is no Azure Container Registry, and has none", clients.registry))
                .hint("Take `connected-registries` out of acr-sync.yaml.")
        };
        // Who could not sign in, such as a fork, asks nobody.
        return upkeep.findings.push(unasked(Gravity::Unchecked, clients.door.clone().err().unwrap_or_else(none)));
    };
    let planes = Planes {
        arm: &azure.arm,
        id: &azure.target.id,
        registry: &clients.registry,
        registries: &clients.registries,
        door: &clients.door,
    };
    let found = match connected::ask(&planes).await {
        Ok(found) => found,
        // Nothing would be done after the merge either, and nobody would hear of it.
        Err(problem) => return upkeep.findings.push(unasked(Gravity::Bad, problem)),
    };
    if let Err(problem) = &found.repositories {
        let mut problem = problem.clone();
        problem.what =
            format!("the repositories are not known, patterns mean only what the plan brings: {}", problem.what);
        // A closed door is somebody's choice; a refusal is a right that is missing.
        let gravity = if clients.door.is_err() { Gravity::Unchecked } else { Gravity::Bad };
        upkeep.findings.push(unasked(gravity, problem));
    }
    let question = Question { meant, before: before.map(Vec::as_slice), planned: &planned, found: &found };
    upkeep.chores.extend(connected::decide(&question).into_iter().map(chore));
    if asked.before.is_none() {
        let remarks = connected::look(meant, &found, &planes, OffsetDateTime::now_utc()).await;
        upkeep.findings.extend(remarks.into_iter().map(|remark| Finding::of(Section::Connected, remark)));
    }
}

/// Returns whether the repository of a step is there when the steps are done.
fn will_be_there(step: &Step) -> bool {
    step.action == Action::Keep || step.may_be_written()
}

fn chore(wish: Wish) -> Chore {
    Chore {
        section: Section::Connected,
        subject: wish.subject,
        task: Task::Connected(wish.work),
        reason: wish.reason,
        bytes: None,
        state: wish.block.map_or(State::Due, State::Block),
    }
}
