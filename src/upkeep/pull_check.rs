//! Pull check: the clusters of `pull-check`, looked at with the plan whose images they pull.

use super::{Asked, Clients, Finding, Gravity, Section, Upkeep};
use crate::{
    plan::{Action, Reason, Step},
    problem::{Problem, Side},
    pull_check::{self, DataPlane, Image, PullCheck, Question, Remark},
};
use std::collections::BTreeSet;

/// Looks whether the clusters can pull: those that the settings name anew, and those that pull what the plan is about.
pub(super) async fn look(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let written = asked.steps.iter().map(|step| step.destination.repository()).chain(asked.elsewhere.iter().copied());
    let repositories: BTreeSet<_> = written.map(str::to_owned).collect();
    let concerns = |check: &PullCheck| {
        let is_new = asked.before.is_none_or(|before| !before.pull_check.contains(check));
        is_new || repositories.iter().any(|name| check.pulls(name))
    };
    let checks: Vec<_> = asked.settings.pull_check.iter().filter(|check| concerns(check)).cloned().collect();
    if checks.is_empty() {
        return;
    }
    let Some(azure) = &clients.azure else {
        let what =
            format!("`{}` is no Azure Container Registry: the grants of a cluster are not known", clients.registry);
        let none = || Problem::new(Side::Settings, what).hint("Take `pull-check` out of acr-sync.yaml.");
        // Who could not sign in, such as a fork, asks nobody.
        let problem = clients.door.clone().err().unwrap_or_else(none);
        return upkeep.findings.extend(checks.iter().map(|check| Finding {
            section: Section::PullCheck,
            subject: check.cluster.name().to_owned(),
            gravity: Gravity::Unchecked,
            problem: problem.clone(),
        }));
    };
    let images: Vec<_> = asked.steps.iter().filter(|step| is_doubtful(step)).map(image).collect();
    let plane = clients.door.clone().map(|()| DataPlane { registries: &clients.registries, host: &clients.registry });
    let question = Question { checks: &checks, repositories: &repositories, images: &images };
    let remarks = pull_check::check(&question, &azure.arm, &azure.target.id, &plane).await;
    upkeep.findings.extend(remarks.into_iter().map(finding));
}

/// Returns whether nobody can say by the plan that the tag will be there.
fn is_doubtful(step: &Step) -> bool {
    match &step.action {
        Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_) => false,
        // These tags are there, and stay.
        Action::Block(Reason::Locked { .. } | Reason::MoveRefused { .. }) => false,
        // A pattern's line names no tag.
        Action::Block(Reason::NothingSelected { .. } | Reason::TooManySelected { .. } | Reason::Taken { .. }) => false,
        Action::Block(
            Reason::NoSource { .. }
            | Reason::NoPlatform { .. }
            | Reason::DiffersFromPlan { .. }
            | Reason::NotReviewed
            | Reason::Policy(_),
        )
        | Action::Unchecked(_) => true,
    }
}

fn image(step: &Step) -> Image {
    Image { repository: step.destination.repository().to_owned(), tag: step.destination.tag().to_owned() }
}

fn finding(remark: Remark) -> Finding {
    let subject = format!("{}, {}", remark.cluster, remark.topic);
    Finding { section: Section::PullCheck, subject, gravity: remark.grade.into(), problem: remark.problem }
}
