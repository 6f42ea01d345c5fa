//! What people read: a report is data, a renderer is a pure function of it.

mod bars;
mod chore;
mod form;
mod requests;
mod reviewed;
mod row;
mod sentence;
mod totals;

pub mod annotations;
pub mod escape;
pub mod examination;
pub mod json;
pub mod log;
pub mod markdown;
pub mod progress;
pub mod sarif;
pub mod terminal;

#[cfg(any(test, fuzzing))]
pub(crate) mod probe;
#[cfg(any(test, fuzzing))]
#[expect(clippy::unwrap_used, reason = "what a sample is made of can be read")]
#[cfg_attr(not(test), expect(dead_code, reason = "the tests of the renderers use more of it"))]
mod sample;

use crate::{
    http::Requests,
    images::{LineError, LineWarning},
    import::{Outcome, Span},
    plan::{Plan, Reviewed, Shard, Step},
    problem::Problem,
    reference::Registry,
    upkeep::{self, Upkeep},
};
use row::Row;
use std::{collections::HashSet, time::Duration};

pub use reviewed::reviewed;
pub use row::size;
pub use totals::Totals;

/// Everything that a run has to tell; any form can be made from it without asking anyone.
#[derive(Debug, Clone)]
pub struct Report {
    /// The list's name, as the run was given it.
    pub file: String,
    /// Which of the lines it is about, where it is not all.
    pub shard: Option<Shard>,
    /// What the list was compared with.
    pub base: Base,
    /// What is wrong with the list, line by line.
    pub errors: Vec<LineError>,
    /// How many errors there are beyond those ([`crate::images::Parsed::more_errors`]).
    pub more_errors: usize,
    /// How many errors the report of another shard shows.
    pub errors_elsewhere: usize,
    /// What is odd about it.
    pub warnings: Vec<LineWarning>,
    /// What is to be told of each registry, in the order in which they were named; one at least.
    pub parts: Vec<Part>,
    /// How long the whole run took, where somebody looked at the clock.
    pub took: Option<Duration>,
    /// What was sent, where that was noted.
    pub requests: Option<Requests>,
}

/// What is to be told of one registry.
#[derive(Debug, Clone)]
pub struct Part {
    /// The registry that images go to, where it was found.
    pub target: Option<Registry>,
    /// What was found out of the lines, or what kept everything from being found out.
    pub body: Body,
    /// What is to be done beside the lines, and what was found out.
    pub upkeep: Upkeep,
    /// How that ended: an outcome for each chore; none in a plan.
    pub done: Vec<upkeep::Outcome>,
    /// When each step ran, where it was begun; none in a plan.
    pub spans: Vec<Option<Span>>,
}

/// What the list was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The list at a commit; the text says how it was chosen.
    Commit {
        /// The commit's name, whole.
        id: String,
        /// Why this one: `first parent of the merge commit`, `--base`.
        because: String,
    },
    /// Nothing: the whole list is meant.
    None,
}

/// What is to be told of the lines, at one registry.
#[derive(Debug, Clone)]
pub enum Body {
    /// What would be done.
    Planned(Plan),
    /// What was done: an outcome for each step.
    Applied(Plan, Vec<Outcome>),
    /// The run could not begin: no such file, no sign-in, no such registry.
    Stopped(Problem),
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is to be done, or all that was to be done is done.
    Clean,
    /// Merging would change the registry.
    Pending,
    /// Something is wrong: a line, a blocked or failed step, a run that could not begin.
    Failed,
}

impl Report {
    /// Returns the answer.
    pub fn verdict(&self) -> Verdict {
        self.totals().verdict(self.is_applied())
    }

    /// Returns the answer and its counts in one line. It can hold foreign text.
    pub fn headline(&self) -> String {
        let (head, text) = sentence::sentence(self);
        format!("acr-sync {head}: {text}")
    }

    /// Returns the counts, of all registries together.
    pub fn totals(&self) -> Totals {
        Totals::of(self)
    }

    /// Returns whether a registry was to be changed.
    pub fn is_applied(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.body, Body::Applied(..)))
    }

    /// Returns what kept the run from beginning, where it began for no registry.
    pub fn stopped(&self) -> Option<&Problem> {
        let mut problems = self.parts.iter().map(|part| match &part.body {
            Body::Stopped(problem) => Some(problem),
            Body::Planned(_) | Body::Applied(..) => None,
        });
        let first = problems.next()??;
        problems.all(|problem| problem.is_some()).then_some(first)
    }

    /// Returns what this shard leaves to another; none where it leaves nothing.
    pub(crate) fn left(&self) -> Option<String> {
        let shard = self.shard.filter(|shard| !shard.is_first())?;
        let first = shard.first();
        Some(match self.errors_elsewhere {
            0 => format!("what is no line of the list is left to shard {first}"),
            errors => format!(
                "what is no line of the list is left to shard {first}, as is to show what is wrong with {}: nothing is \
                 written before that is mended",
                if errors == 1 { "a line".to_owned() } else { format!("{errors} lines") }
            ),
        })
    }

    /// Returns the registry, where there is one only.
    pub fn target(&self) -> Option<&Registry> {
        match self.parts.as_slice() {
            [part] => part.target.as_ref(),
            _ => None,
        }
    }

    /// Returns each plan that was made.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.parts.iter().filter_map(Part::plan)
    }

    /// Returns the first registry's plan, where there is one.
    pub fn plan(&self) -> Option<&Plan> {
        self.plans().next()
    }

    /// Returns what the readers of a plan are shown; none where nothing is planned.
    pub fn shown(&self) -> Option<Reviewed> {
        let mut shown: Option<Reviewed> = None;
        for part in &self.parts {
            if let Body::Planned(plan) = &part.body {
                let due = part.upkeep.chores.iter().filter(|chore| chore.state == upkeep::State::Due);
                let removals = due.filter_map(upkeep::Chore::mark);
                shown.get_or_insert_default().extend(Reviewed::in_plan(plan).with_removals(removals));
            }
        }
        shown
    }

    /// Returns each step with its outcome, where it has one.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, Option<&Outcome>)> {
        self.parts.iter().flat_map(Part::steps)
    }

    /// Returns each step as it is told.
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.parts.iter().flat_map(Part::rows)
    }

    /// Returns the warnings that this run is about: what a change did not touch is no news to its reviewer.
    fn warnings_here(&self) -> impl Iterator<Item = &LineWarning> {
        let plans: Vec<_> = self.plans().collect();
        let lines: HashSet<_> = plans.iter().flat_map(|plan| &plan.steps).map(|step| step.line).collect();
        self.warnings.iter().filter(move |warning| plans.is_empty() || lines.contains(&warning.line))
    }
}

impl Part {
    /// What a registry is told of where nothing was asked for beside its lines.
    pub fn new(target: Option<Registry>, body: Body) -> Self {
        Self { target, body, upkeep: Upkeep::default(), done: Vec::new(), spans: Vec::new() }
    }

    /// Returns the plan, where there is one.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.body {
            Body::Planned(plan) | Body::Applied(plan, _) => Some(plan),
            Body::Stopped(_) => None,
        }
    }

    /// Returns each step with its outcome, where it has one.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, Option<&Outcome>)> {
        let outcomes: &[Outcome] = match &self.body {
            Body::Applied(_, outcomes) => outcomes,
            Body::Planned(_) | Body::Stopped(_) => &[],
        };
        let steps = self.plan().map_or(&[][..], |plan| &plan.steps);
        steps.iter().enumerate().map(|(index, step)| (step, outcomes.get(index)))
    }

    /// Returns each step as it is told.
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.steps().map(|(step, outcome)| Row { step, outcome })
    }
}
