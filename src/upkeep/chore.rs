//! Chore: one thing to do beside the lines of the list, and whether its reviewers saw it.

use super::{Clients, Section, Untag};
use crate::{
    plan::{Mark, Reviewed},
    problem::Problem,
};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chore {
    /// The section that asks for it.
    pub section: Section,
    /// What it is about, as people call it: `app/web:ci-17`, `retention policy`. Can hold foreign text.
    pub subject: String,
    /// What will be done.
    pub task: Task,
    /// Why, a lower-case fragment. Can hold foreign text.
    pub reason: String,
    /// How many bytes it sets free, where that is known.
    pub bytes: Option<u64>,
    /// Whether it will be done.
    pub state: State,
}

/// What will be done; each section has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A tag is taken away.
    Untag(Untag),
}

/// Whether a chore will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It will.
    Due,
    /// It takes something away, and no reviewed plan lists it: it is shown and not done.
    Unreviewed,
    /// It is wanted and cannot be done; the run does not end well.
    Block(Problem),
}

impl Chore {
    /// Returns what tells this removal from every other; none for what takes nothing away.
    pub fn mark(&self) -> Option<Mark> {
        match &self.task {
            Task::Untag(untag) => Some(untag.mark()),
        }
    }
}

impl Task {
    /// Returns what is done, in a word: before, and after it is done.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Untag(_) => ("untag", "untagged"),
        }
    }

    /// Returns the place in the order of things: a task waits for all with a lower one.
    pub(super) fn turn(&self) -> u8 {
        match self {
            Self::Untag(_) => 0,
        }
    }

    pub(super) async fn apply(&self, clients: &Clients) -> Result<(), Problem> {
        match self {
            Self::Untag(untag) => untag.apply(clients).await,
        }
    }
}

/// Holds back each removal that no reviewed plan lists.
pub fn compare(chores: &mut [Chore], reviewed: Option<&Reviewed>) {
    for chore in chores {
        let Some(mark) = chore.mark() else { continue };
        let is_reviewed = reviewed.is_some_and(|reviewed| reviewed.lists(mark));
        if chore.state == State::Due && !is_reviewed {
            chore.state = State::Unreviewed;
        }
    }
}
