//! Certificates: the images of `certificates`, looked at with the lines that bring what they are made of.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, State, Task, Upkeep};
use crate::{
    certificates::{self, Question, Wish},
    problem::Problem,
};

/// Plans which images are made once more.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let rules = &asked.settings.certificates;
    let is_meant = |repository: &str| rules.iter().any(|rule| rule.covers(repository));
    // Where the section or a certificate has changed, every line is a step.
    if !asked.steps.iter().any(|step| is_meant(step.destination.repository())) {
        return;
    }
    if let Err(problem) = &clients.door {
        return upkeep.findings.push(closed(problem.clone()));
    }
    let question = Question {
        rules,
        files: asked.certificates,
        steps: asked.steps,
        registry: &clients.registry,
        registries: &clients.registries,
        is_acr: clients.azure.is_some(),
        known: &clients.layers,
        now: asked.now,
    };
    let decision = certificates::look(&question).await;
    upkeep.chores.extend(decision.wishes.into_iter().map(chore));
    upkeep.findings.extend(decision.remarks.into_iter().map(|remark| Finding::of(Section::Certificates, remark)));
}

fn closed(problem: Problem) -> Finding {
    let what =
        format!("images with certificates need the registry itself, which this runner cannot reach: {}", problem.what);
    let problem = Problem { what, ..problem };
    let section = Section::Certificates;
    Finding { section, subject: section.to_string(), gravity: Gravity::Unchecked, problem }
}

fn chore(wish: Wish) -> Chore {
    Chore {
        section: Section::Certificates,
        subject: wish.subject,
        task: Task::Certificates(wish.work),
        reason: wish.reason,
        bytes: None,
        state: wish.block.map_or(State::Due, State::Block),
    }
}
