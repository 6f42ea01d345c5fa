//! The fields of the machine form. Its types are its own, so that the inner model stays free; `docs/` holds their JSON
//! Schemas, made of the comments here.
//!
//! A new field may appear in a version; a field that goes or changes its meaning makes a new version.

mod requests;
mod upkeep;

use crate::problem::Side;
use serde::Serialize;

pub(super) use requests::{Request, RequestClass, Requests};
pub(super) use upkeep::{Chore, Fate, Finding, Gravity, Registry};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<Schema, Line> {
    /// The name and version of this form.
    pub schema: Schema,
    #[serde(flatten)]
    pub report: Head,
    /// The lines that the run is about, in the order of the file.
    pub lines: Vec<Line>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum PlanSchema {
    #[serde(rename = "acr-sync.plan/1")]
    Version1,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum ResultSchema {
    #[serde(rename = "acr-sync.result/1")]
    Version1,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Head {
    /// The list's name.
    pub file: String,
    /// Which of the jobs that share the list this is, `k/n`; absent where the list is not shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The login server of the registry that images go to; null where it is not known, or there are several.
    pub target: Option<String>,
    /// What the list was compared with; null where the whole list was meant.
    pub base: Option<Base>,
    /// The answer in one word.
    pub verdict: Verdict,
    /// The answer in one sentence.
    pub summary: String,
    pub totals: Totals,
    /// How long the run took.
    pub seconds: Option<f64>,
    /// What kept the run from beginning.
    pub problem: Option<Problem>,
    /// What is wrong with lines of the list; at most 10,000, all of which `totals.unreadable` counts.
    pub errors: Vec<Error>,
    /// What is odd about lines of the list.
    pub warnings: Vec<Warning>,
    /// Lines that are gone. What becomes of their tags is among the upkeep.
    pub removed: Vec<Removed>,
    /// What is to be told of each registry beside the lines.
    pub registries: Vec<Registry>,
    /// What was sent until this was written; of a result only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Base {
    /// The commit's name, whole.
    pub commit: String,
    /// Why this one.
    pub because: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// Nothing is to be done, or all is done.
    Clean,
    /// Applying would change the registry.
    Pending,
    /// Something is wrong.
    Failed,
}

/// How many lines are of each kind.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Totals {
    pub import: usize,
    #[serde(rename = "move")]
    pub moved: usize,
    pub repair: usize,
    pub keep: usize,
    pub block: usize,
    pub unchecked: usize,
    pub failed: usize,
    /// Those of `import` and `move` that the registry could not be asked about.
    pub unverified: usize,
    /// Not done, because the run was stopped or the list has errors.
    pub undone: usize,
    pub removed: usize,
    pub unchanged: usize,
    pub unreadable: usize,
    /// Of the upkeep: to be done, or done.
    pub chores: usize,
    /// Of the upkeep: blocked, failed, or not done.
    pub chores_bad: usize,
    /// Of the upkeep: removals that no reviewed plan lists.
    pub waiting: usize,
    /// Findings that somebody should look at.
    pub findings: usize,
    /// Findings that the run does not end well with.
    pub findings_bad: usize,
    /// Registries for which the run could not begin.
    pub stopped: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Line {
    /// The line's number, from 1.
    pub line: u32,
    /// The login server of the registry that this is about; null where it is not known.
    pub registry: Option<String>,
    /// The source as the line names it, with everything written out.
    pub source: String,
    /// The source's name at the mirror where it is read instead; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// `repository:tag` in the target registry.
    pub destination: String,
    pub change: Change,
    /// The source that the destination had in the base.
    pub was: Option<String>,
    pub action: Action,
    /// Why, for people.
    pub reason: String,
    /// Which way the image takes; in a result, which it took.
    pub route: Route,
    /// Why the runner copies the image itself; null where the service imports it.
    pub route_reason: Option<String>,
    /// The digest that is imported; null where it is not known.
    pub digest: Option<String>,
    /// The digest of the source's index, where only some of its platforms are copied.
    pub subset_of: Option<String>,
    /// The digest that the destination tag holds before.
    pub from: Option<String>,
    /// The platforms, `os/architecture[/variant]`; null where they were not asked.
    pub platforms: Option<Vec<String>>,
    /// Bytes of configurations and layers, each blob once.
    pub size: Option<u64>,
    /// Index and manifests together.
    pub manifests: Option<usize>,
    /// What a reviewer should know besides.
    pub notes: Vec<String>,
    /// What keeps the line from ending well.
    pub problem: Option<Problem>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ResultLine {
    #[serde(flatten)]
    pub line: Line,
    /// How the line ended; null where it was not tried.
    pub outcome: Option<Outcome>,
    /// When the import was begun, in UTC (RFC 3339); null where it was not.
    pub started: Option<String>,
    /// How long the import took.
    pub seconds: Option<f64>,
    /// How often the import was asked for.
    pub attempts: Option<u32>,
    /// Whether the registry was asked and serves the whole image; null where nothing was imported.
    pub verified: Option<bool>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Change {
    Added,
    Updated,
    /// The whole list was asked for.
    Listed,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    Import,
    Keep,
    Move,
    /// The tag has the digest already, but parts of the image are missing.
    Repair,
    Block,
    Unchecked,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Route {
    ServerSide,
    Direct,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Kept,
    Imported,
    Moved,
    Repaired,
    Blocked,
    Failed,
    /// The run was stopped while Azure copies.
    StillRunning,
    /// The run was stopped while the runner copied: the tag holds what it held, or the whole image.
    CopyStopped,
    /// The run was stopped before.
    NotStarted,
    /// The list has errors, so nothing is written.
    Withheld,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Problem {
    /// Who can mend it.
    pub side: Side,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
    /// By what Azure's support finds the request that failed; absent where the failure is not Azure's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<RequestIds>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RequestIds {
    /// `x-ms-correlation-request-id`; of a sign-in, Entra's correlation id.
    pub correlation: Option<String>,
    /// `x-ms-request-id`; of a sign-in, Entra's trace id.
    pub request: Option<String>,
    /// `x-ms-client-request-id`, which acr-sync made.
    pub client: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Error {
    /// The line's number, from 1.
    pub line: u32,
    /// The first character of the offending part, from 1.
    pub column: u32,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
    /// The whole line as it was probably meant.
    pub corrected: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Warning {
    pub line: u32,
    pub column: u32,
    pub found: String,
    pub expected: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Removed {
    /// The line's number in the base, from 1.
    pub line: u32,
    pub source: String,
    pub destination: String,
}
