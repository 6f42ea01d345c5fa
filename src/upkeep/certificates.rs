//! Certificates: the images of `certificates`, looked at with the lines that bring what they are made of.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, Task, Upkeep};
use crate::{
    certificates::{self, Question, Rule},
    images::ImageList,
    problem::{Grade, Problem, Remark, Side},
};

/// Plans which images are made once more.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let rules = &asked.settings.certificates;
    for rule in rules.iter().filter(|rule| !brings(asked.list, rule)) {
        let images: Vec<_> = rule.images.iter().map(ToString::to_string).collect();
        let problem = Problem::new(Side::Settings, "no line of the list goes to a repository that this means");
        let problem = problem.hint("Correct `images`, or take the entry out of `certificates`.");
        let remark = Remark { subject: images.join(", "), grade: Grade::Doubtful, problem };
        upkeep.findings.push(Finding::of(Section::Certificates, remark));
    }
    let is_meant = |repository: &str| rules.iter().any(|rule| rule.covers(repository));
    // Where the section or a certificate has changed, every line is a step.
    if !asked.steps.iter().any(|step| is_meant(step.destination.repository())) {
        return;
    }
    if let Err(problem) = &clients.door {
        return upkeep.findings.push(closed(problem.clone()));
    }
    let places = asked.list.entries().iter().map(|entry| (entry.destination.repository(), entry.destination.tag()));
    let listed: Vec<_> = places.collect();
    let question = Question {
        rules,
        files: asked.certificates,
        steps: asked.steps,
        listed: &listed,
        registry: &clients.registry,
        registries: &clients.registries,
        service: clients.service(),
        overwrite: asked.overwrite,
        known: &clients.layers,
        now: asked.now,
    };
    let decision = certificates::look(&question).await;
    upkeep
        .chores
        .extend(decision.wishes.into_iter().map(|wish| Chore::of(Section::Certificates, wish, Task::Certificates)));
    upkeep.findings.extend(decision.remarks.into_iter().map(|remark| Finding::of(Section::Certificates, remark)));
}

/// Returns whether a line of the list goes to a repository that an entry means.
fn brings(list: &ImageList, rule: &Rule) -> bool {
    let mut lines = list.entries().iter().map(|entry| entry.destination.repository());
    let mut patterns = list.selections().iter().map(|selection| selection.repository());
    lines.any(|it| rule.covers(it)) || patterns.any(|it| rule.covers(it))
}

fn closed(problem: Problem) -> Finding {
    let what =
        format!("images with certificates need the registry itself, which this runner cannot reach: {}", problem.what);
    let problem = Problem { what, ..problem };
    let section = Section::Certificates;
    Finding { section, subject: section.to_string(), gravity: Gravity::Unchecked, problem }
}
