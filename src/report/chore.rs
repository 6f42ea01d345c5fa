//! Chore: one thing of the upkeep in words. Every form says the same of it and only dresses it differently.

use super::{Part, row::blame};
use crate::{
    problem::Problem,
    upkeep::{self, Outcome, State},
};

/// A chore, and how it ended if the upkeep was applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chore<'a> {
    pub chore: &'a upkeep::Chore,
    pub outcome: Option<&'a Outcome>,
}

/// What becomes of a chore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Due,
    Done,
    Waiting,
    Blocked,
    Failed,
    HeldBack,
    NotStarted,
    Withheld,
}

impl Fate {
    pub(super) fn is_bad(self) -> bool {
        match self {
            Self::Due | Self::Done | Self::Waiting => false,
            Self::Blocked | Self::Failed | Self::HeldBack | Self::NotStarted | Self::Withheld => true,
        }
    }
}

impl<'a> Chore<'a> {
    /// Returns each chore of a registry with its outcome, where it has one.
    pub(super) fn all(part: &'a Part) -> impl Iterator<Item = Self> {
        let chores = part.upkeep.chores.iter().enumerate();
        chores.map(|(index, chore)| Self { chore, outcome: part.done.get(index) })
    }

    pub(super) fn fate(&self) -> Fate {
        match (self.outcome, &self.chore.state) {
            (None, State::Due) => Fate::Due,
            (None, State::Unreviewed) | (Some(Outcome::Unreviewed), _) => Fate::Waiting,
            (None, State::Block(_)) | (Some(Outcome::Blocked(_)), _) => Fate::Blocked,
            (Some(Outcome::Done), _) => Fate::Done,
            (Some(Outcome::Failed(_)), _) => Fate::Failed,
            (Some(Outcome::HeldBack), _) => Fate::HeldBack,
            (Some(Outcome::NotStarted), _) => Fate::NotStarted,
            (Some(Outcome::Withheld), _) => Fate::Withheld,
        }
    }

    /// Returns the task in a word, in the past tense when it is past.
    pub(super) fn word(&self) -> &'static str {
        let (before, after) = self.chore.task.words();
        match self.fate() {
            Fate::Due => before,
            Fate::Done => after,
            Fate::Waiting => "waits for a review",
            Fate::Blocked => "blocked",
            Fate::Failed => "failed",
            Fate::HeldBack => "held back",
            Fate::NotStarted => "not started",
            Fate::Withheld => "withheld",
        }
    }

    /// Returns why, as a fragment. It can hold foreign text.
    pub(super) fn reason(&self) -> String {
        let (task, _) = self.chore.task.words();
        match (self.problem(), self.fate()) {
            (Some(problem), _) => format!("to {task}: {}", blame(problem)),
            (None, Fate::HeldBack) => {
                format!("to {task}: a line did not end well, and nothing is taken away before all have")
            }
            (None, Fate::NotStarted) => format!("to {task}: the run was stopped before"),
            (None, Fate::Withheld) => format!("to {task}: nothing is done while the list has errors"),
            (None, Fate::Due | Fate::Done | Fate::Waiting | Fate::Blocked | Fate::Failed) => self.chore.reason.clone(),
        }
    }

    /// Returns what to do next, as a sentence.
    pub(super) fn hint(&self) -> Option<&'a str> {
        match self.fate() {
            Fate::Blocked | Fate::Failed => self.problem().and_then(|problem| problem.hint.as_deref()),
            Fate::HeldBack => Some("Mend the line; the run that ends it well does this too."),
            Fate::NotStarted => Some("Run again; nothing is done twice."),
            Fate::Withheld => Some("Mend the lines that cannot be read."),
            Fate::Due | Fate::Done | Fate::Waiting => None,
        }
    }

    /// Returns what keeps the chore from ending well.
    pub(super) fn problem(&self) -> Option<&'a Problem> {
        match (self.outcome, &self.chore.state) {
            (Some(Outcome::Failed(problem) | Outcome::Blocked(problem)), _) | (None, State::Block(problem)) => {
                Some(problem)
            }
            (
                Some(Outcome::Done | Outcome::Unreviewed | Outcome::HeldBack | Outcome::NotStarted | Outcome::Withheld),
                _,
            )
            | (None, State::Due | State::Unreviewed) => None,
        }
    }
}
