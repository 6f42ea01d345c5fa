//! What people read: a report is data, a renderer is a pure function of it.

mod form;
mod row;
mod sentence;

pub mod annotations;
pub mod escape;
pub mod examination;
pub mod json;
pub mod markdown;
pub mod progress;
pub mod terminal;

#[cfg(test)]
mod sample;

use crate::{
    images::{LineError, LineWarning},
    import::{Outcome, Proof},
    plan::{Plan, Step},
    problem::Problem,
    reference::Registry,
};
use row::{Kind, Row};
use std::{collections::HashSet, time::Duration};

/// Everything that a run has to tell; any form can be made from it without asking anyone.
#[derive(Debug, Clone)]
pub struct Report {
    /// The list's name, as the run was given it.
    pub file: String,
    /// The registry that images go to, where it was found.
    pub target: Option<Registry>,
    /// What the list was compared with.
    pub base: Base,
    /// What is wrong with the list, line by line.
    pub errors: Vec<LineError>,
    /// How many errors there are beyond those ([`crate::images::Parsed::more_errors`]).
    pub more_errors: usize,
    /// What is odd about it.
    pub warnings: Vec<LineWarning>,
    /// What was found out, or what kept everything from being found out.
    pub body: Body,
    /// How long the whole run took, where somebody looked at the clock.
    pub took: Option<Duration>,
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

/// The main part of a report.
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

/// How many steps are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// To import, or imported.
    pub import: usize,
    /// To move, or moved.
    pub moved: usize,
    /// To repair, or repaired.
    pub repair: usize,
    /// There already.
    pub keep: usize,
    /// Blocked.
    pub block: usize,
    /// Not checked (a plan only).
    pub unchecked: usize,
    /// Failed (a result only).
    pub failed: usize,
    /// Imported, but the registry could not be asked (a result only).
    pub unverified: usize,
    /// Not done because the run was stopped or the list has errors (a result only).
    pub undone: usize,
    /// Lines that are gone.
    pub removed: usize,
    /// Lines that mean what they meant.
    pub unchanged: usize,
    /// Lines that could not be read.
    pub unreadable: usize,
}

impl Report {
    /// Returns the answer.
    pub fn verdict(&self) -> Verdict {
        let totals = self.totals();
        let is_bad = totals.unreadable + totals.block + totals.failed + totals.undone > 0;
        match &self.body {
            Body::Stopped(_) => Verdict::Failed,
            Body::Planned(_) | Body::Applied(..) if is_bad => Verdict::Failed,
            Body::Planned(_) if totals.written() + totals.unchecked > 0 => Verdict::Pending,
            Body::Planned(_) | Body::Applied(..) => Verdict::Clean,
        }
    }

    /// Returns the answer and its counts in one line. It can hold foreign text.
    pub fn headline(&self) -> String {
        let (head, text) = sentence::sentence(self);
        format!("acr-sync {head}: {text}")
    }

    /// Returns the counts.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { unreadable: self.errors.len() + self.more_errors, ..Totals::default() };
        if let Some(plan) = self.plan() {
            totals.removed = plan.removed.len();
            totals.unchanged = plan.unchanged;
        }
        for row in self.rows() {
            *totals.place(row.kind()) += 1;
            if let Some(Outcome::Imported { proof: Proof::Accepted(_), .. }) = row.outcome {
                totals.unverified += 1;
            }
        }
        totals
    }

    /// Returns whether the registry was to be changed.
    pub fn is_applied(&self) -> bool {
        matches!(self.body, Body::Applied(..))
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

    /// Returns the warnings that this run is about: what a change did not touch is no news to its reviewer.
    fn warnings_here(&self) -> impl Iterator<Item = &LineWarning> {
        let lines = self.plan().map(|plan| plan.steps.iter().map(|step| step.line).collect::<HashSet<_>>());
        self.warnings.iter().filter(move |warning| lines.as_ref().is_none_or(|lines| lines.contains(&warning.line)))
    }
}

impl Totals {
    /// Returns how many lines change the registry.
    pub fn written(&self) -> usize {
        self.import + self.moved + self.repair
    }

    fn place(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Import => &mut self.import,
            Kind::Move => &mut self.moved,
            Kind::Repair => &mut self.repair,
            Kind::Keep => &mut self.keep,
            Kind::Block => &mut self.block,
            Kind::Unchecked => &mut self.unchecked,
            Kind::Failed => &mut self.failed,
            Kind::StillRunning | Kind::NotStarted | Kind::Withheld => &mut self.undone,
        }
    }
}
