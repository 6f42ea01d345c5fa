//! Finding: what was found out about a registry, and nothing is done about.

use super::Section;
use crate::problem::{Grade, Problem, Remark};

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The section that asked.
    pub section: Section,
    /// What it is about, as people call it. Can hold foreign text.
    pub subject: String,
    /// How grave it is.
    pub gravity: Gravity,
    /// What was found, who can mend it, and how: the hint holds the command where there is one.
    pub problem: Problem,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Something is as it should be, or good to know.
    Note,
    /// Somebody should look; the run ends as well as without it.
    Warning,
    /// It could not be asked; the run ends as well as without it.
    Unchecked,
    /// Something does not work, or will not: the run does not end well.
    Bad,
}

impl Finding {
    /// Returns what a room remarked, as its section tells it.
    pub(super) fn of(section: Section, remark: Remark) -> Self {
        Self { section, subject: remark.subject, gravity: remark.grade.into(), problem: remark.problem }
    }
}

impl From<Grade> for Gravity {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Good => Self::Note,
            Grade::Doubtful => Self::Warning,
            Grade::Unchecked => Self::Unchecked,
            Grade::Bad => Self::Bad,
        }
    }
}
