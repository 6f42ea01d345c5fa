//! Clean-up: the rules of `cleanup`, held against the repositories that they are about when they change, when all that the
//! file states is meant, and, for the repositories that lines of the plan write to, with those lines.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, State, Task, Upkeep};
use crate::{
    cleanup::{self, Decision, MOST_REMOVALS, Plane, Rule, Wish},
    problem::{Grade, Problem, Remark, Side},
    settings::Removed,
};
use std::collections::BTreeSet;

/// Plans what nobody needs any more.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let rules = &asked.settings.cleanup;
    let is_whole = asked.before.is_none_or(|before| before.cleanup != *rules);
    let written: BTreeSet<_> = asked
        .steps
        .iter()
        .filter(|step| step.action.is_change())
        .map(|step| step.destination.repository())
        .chain(asked.elsewhere.iter().copied())
        .filter(|name| rules.iter().any(|rule| rule.covers(name)))
        .map(str::to_owned)
        .collect();
    if rules.is_empty() || (!is_whole && written.is_empty()) {
        return;
    }
    let none = || {
        Problem::new(
            Side::Settings,
            format!("`{}` is no Azure Container Registry: it does not tell how old its tags are", clients.registry),
        )
        .hint("Take `cleanup` out of acr-sync.yaml.")
    };
    let door = match (&clients.azure, &clients.door) {
        (_, Err(problem)) => Err(problem.clone()),
        (None, Ok(())) => Err(none()),
        (Some(_), Ok(())) => Ok(()),
    };
    if let Err(problem) = door {
        return upkeep.findings.push(whole(Gravity::Unchecked, problem));
    }
    let plane = Plane { registry: &clients.registry, registries: &clients.registries };
    let names = match is_whole {
        false => written,
        true => match cleanup::names(rules, &plane).await {
            Ok(names) => names,
            // Nothing would be done after the merge either, and nobody would hear of it.
            Err(problem) => return upkeep.findings.push(whole(Gravity::Bad, problem)),
        },
    };
    let (mut bytes, mut listed, mut more) = (0_u64, 0_usize, 0_usize);
    // One after the other: one repository's content is in memory at a time.
    for name in &names {
        let found = look(asked, &plane, name, MOST_REMOVALS - listed).await;
        listed += found.wishes.len();
        more += found.more;
        bytes = found.wishes.iter().filter_map(|wish| wish.bytes).fold(bytes, u64::saturating_add);
        upkeep.chores.extend(found.wishes.into_iter().map(chore));
        upkeep.findings.extend(found.remarks.into_iter().map(|remark| Finding::of(Section::Cleanup, remark)));
    }
    if more > 0 {
        // Of what is listed together with its referrers nothing has found room, though there was all of it.
        let left =
            if listed == 0 { whole(Gravity::Warning, too_large(more)) } else { whole(Gravity::Note, later(more)) };
        upkeep.findings.push(left);
    }
    upkeep.findings.extend((bytes > 0).then(|| whole(Gravity::Note, freed(bytes))));
}

async fn look(asked: &Asked<'_>, plane: &Plane<'_>, repository: &str, room: usize) -> Decision {
    let rules: Vec<&Rule> = asked.settings.cleanup.iter().filter(|rule| rule.covers(repository)).collect();
    let listed = |tags: &mut dyn Iterator<Item = &str>| listed(asked, repository, tags);
    let question = cleanup::Asked { repository, rules: &rules, listed: &listed };
    cleanup::look(&question, plane, room).await.unwrap_or_else(|problem| {
        let remark = Remark { subject: repository.to_owned(), grade: Grade::Bad, problem };
        Decision { remarks: vec![remark], ..Decision::default() }
    })
}

/// Returns the tags of a repository that the list brings in, by a line or by a pattern, those that `removed` takes, and the
/// variants that `certificates` makes of them.
fn listed(asked: &Asked<'_>, repository: &str, tags: &mut dyn Iterator<Item = &str>) -> BTreeSet<String> {
    let is_here = |name: &str| name == repository;
    let entries = asked.list.entries().iter().map(|entry| &entry.destination);
    let removed = asked.removed.iter().filter(|_| asked.settings.removed == Removed::Untag);
    let planned = asked.steps.iter().map(|step| &step.destination);
    let mut listed: BTreeSet<_> = entries
        .chain(removed.map(|entry| &entry.destination))
        .chain(planned)
        .filter(|destination| is_here(destination.repository()))
        .map(|destination| destination.tag().to_owned())
        .collect();
    // A pattern selects at the source; of what is here, it means the same.
    let mut selections = asked.list.selections().iter().filter(|selection| is_here(selection.repository())).peekable();
    let tags: Vec<String> = if selections.peek().is_some() { tags.map(str::to_owned).collect() } else { Vec::new() };
    for selection in selections {
        listed.extend(selection.entries(&tags).iter().map(|entry| entry.destination.tag().to_owned()));
    }
    let rules = asked.settings.certificates.iter().filter(|rule| rule.covers(repository));
    let variants: Vec<_> = rules.flat_map(|rule| listed.iter().filter_map(|tag| rule.tag(tag).ok())).collect();
    listed.extend(variants);
    listed
}

fn later(more: usize) -> Problem {
    Problem::new(Side::Target, format!("up to {more} more go with later plans: one lists at most {MOST_REMOVALS}"))
}

fn too_large(more: usize) -> Problem {
    let what = format!(
        "up to {more} could go, but each image that could has so much that refers to it that one plan, which lists at most \
         {MOST_REMOVALS}, has no room for both"
    );
    Problem::new(Side::Target, what).hint("Delete such images by hand: the registry deletes what refers to them, too.")
}

fn freed(bytes: u64) -> Problem {
    let size = cleanup::size(bytes);
    let what =
        format!("what goes is {size} by the sizes that the registry states; layers that other images share stay");
    Problem::new(Side::Target, what)
}

fn whole(gravity: Gravity, problem: Problem) -> Finding {
    Finding { section: Section::Cleanup, subject: Section::Cleanup.to_string(), gravity, problem }
}

fn chore(wish: Wish) -> Chore {
    Chore {
        section: Section::Cleanup,
        subject: wish.subject,
        task: Task::Cleanup(wish.work),
        reason: wish.reason,
        bytes: wish.bytes,
        state: State::Due,
    }
}
