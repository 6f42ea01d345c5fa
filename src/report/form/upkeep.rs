//! The fields for each registry: what is told of it as a whole, and what stands beside the lines.

use super::{Problem, Verdict};
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Registry {
    /// Its login server; null where it was not found.
    pub registry: Option<String>,
    /// The answer for it, in one word.
    pub verdict: Verdict,
    /// The answer for it, in one sentence.
    pub summary: String,
    /// What kept the run from beginning there.
    pub problem: Option<Problem>,
    /// What is to be done beside the lines, in the order in which it is done.
    pub upkeep: Vec<Chore>,
    /// What was found out, and nothing is done about.
    pub findings: Vec<Finding>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Chore {
    /// The section of `acr-sync.yaml` that asks for it.
    pub section: String,
    /// What it is about.
    pub subject: String,
    /// What is done, in a word.
    pub action: String,
    pub state: Fate,
    /// Why, for people.
    pub reason: String,
    /// How many bytes it sets free, where that is known.
    pub bytes: Option<u64>,
    /// What tells this removal from every other, 16 hexadecimal digits; null for what takes nothing away.
    pub mark: Option<String>,
    /// What keeps it from ending well.
    pub problem: Option<Problem>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::report) enum Fate {
    /// It will be done (a plan only).
    Due,
    /// It is done (a result only).
    Done,
    /// It takes something away, and no reviewed plan lists it.
    Unreviewed,
    Blocked,
    Failed,
    /// It takes something away, and a line did not end well (a result only).
    HeldBack,
    /// The run was stopped before.
    NotStarted,
    /// The list has errors, so nothing is done.
    Withheld,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Finding {
    /// The section of `acr-sync.yaml` that asks.
    pub section: String,
    /// What it is about.
    pub subject: String,
    pub gravity: Gravity,
    /// What was found, and what to do.
    pub problem: Problem,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::report) enum Gravity {
    Note,
    Warning,
    /// It could not be asked.
    Unchecked,
    /// The run does not end well.
    Bad,
}
