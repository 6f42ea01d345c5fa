//! The corridor: from the two versions of the list and of the settings to the report.
//!
//! Has no opinion of its own: it leads values from one room to the next, for each registry.

mod doctor;
mod lists;
mod part;
mod reach;
mod session;
mod sources;
mod stated;

use crate::{
    images::Parsed,
    import::Event,
    inputs::{Inputs, Mode},
    plan::{Plan, Reviewed},
    policy::Evidence,
    problem::Problem,
    report::{self, Base, Body, Report},
    settings::Place,
};
use futures_util::future;
use lists::Lists;
use part::Part;
use reach::Reach;
use sources::with_sources;
use stated::Stated;
use std::time::Instant;
use tokio::sync::{mpsc::UnboundedReceiver, watch};

pub use doctor::{Examination, examine};

/// What a run is about: the mode, and the two versions of what was reviewed.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// Whether the registry is to be changed.
    pub mode: Mode,
    /// The list's name, as it is shown.
    pub file: String,
    /// The list as it is meant to be.
    pub head: Vec<u8>,
    /// The list that it is compared with; none for the whole list.
    pub base: Option<Vec<u8>>,
    /// Where there is no `base`, for nobody knows what was applied last: the list that the branch had before. Of it
    /// count the lines that are gone.
    pub former: Option<Vec<u8>>,
    /// Which that is, and why.
    pub base_name: Base,
    /// What the reviewers of the change were shown, where that is known.
    pub reviewed: Option<Reviewed>,
    /// The text of `acr-sync.yaml`; empty where there is none.
    pub settings: Vec<u8>,
    /// The text that it is compared with; none where there is no base.
    pub settings_base: Option<Vec<u8>>,
    /// What its rules lean on.
    pub evidence: Evidence,
}

/// Walks one run. What goes wrong is in the report; there is always one.
///
/// `watch` follows the events while a plan is applied, once for each registry. When `stop` turns true, nothing new
/// begins and the report tells what still runs.
pub async fn walk(
    inputs: &Inputs,
    occasion: &Occasion,
    watch: impl AsyncFn(&Plan, UnboundedReceiver<Event>),
    stop: &watch::Receiver<bool>,
) -> Report {
    let began = Instant::now();
    // Apart: it holds the inputs, and every command has this in its future.
    let report = Box::pin(corridor(inputs, occasion, &watch, stop)).await;
    Report { took: Some(began.elapsed()), requests: inputs.way.ledger.read(), ..report }
}

async fn corridor(
    inputs: &Inputs,
    occasion: &Occasion,
    watch: &impl AsyncFn(&Plan, UnboundedReceiver<Event>),
    stop: &watch::Receiver<bool>,
) -> Report {
    let stated = complete(inputs, occasion.mode).and_then(|()| Stated::read(occasion));
    let stated = stated.and_then(|stated| Ok((with_sources(inputs, &stated, occasion)?, stated)));
    let (inputs, stated) = match stated {
        Ok(found) => found,
        Err(problem) => {
            let lists = Lists::read(occasion, None, &Stated::default(), &Place::default(), inputs.shard);
            return told(inputs, occasion, lists.head, vec![report::Part::new(None, Body::Stopped(problem))]);
        }
    };
    let names: Vec<_> = match inputs.registries.as_slice() {
        [] => vec![None],
        names => names.iter().map(Some).collect(),
    };
    // Planned side by side, for a plan writes nothing; a registry that is down keeps the others waiting only.
    let reach = Reach::default();
    let plans = names.into_iter().map(|name| Part::plan(&inputs, occasion, &stated, name, &reach, stop));
    let plans = future::join_all(plans).await;
    // The list is the same for all; its errors are those of the first reading.
    let head = plans.first().map(|part| part.lists.head.clone()).unwrap_or_default();
    let mut parts = Vec::with_capacity(plans.len());
    for part in plans {
        parts.push(match occasion.mode {
            Mode::Plan => part.planned(),
            // One after the other, as they are named: what goes wrong shows before the next.
            Mode::Apply => part.applied(watch, stop).await,
        });
    }
    told(&inputs, occasion, head, parts)
}

/// Refuses to write where a secret is missing that the settings name. A run for a fork has none, and gets its plan.
fn complete(inputs: &Inputs, mode: Mode) -> Result<(), Problem> {
    match (mode, inputs.missing.as_slice()) {
        (Mode::Plan, _) | (Mode::Apply, []) => Ok(()),
        (Mode::Apply, [first, others @ ..]) => {
            let what = others.iter().fold(first.what.clone(), |what, other| format!("{what}; {}", other.what));
            Err(Problem { what, ..first.clone() })
        }
    }
}

fn told(inputs: &Inputs, occasion: &Occasion, head: Parsed, parts: Vec<report::Part>) -> Report {
    let errors = head.error_count();
    // One of them shows what is wrong with the file that all of them read.
    let (errors, more_errors, errors_elsewhere) = match inputs.shard {
        Some(shard) if !shard.is_first() => (Vec::new(), 0, errors),
        Some(_) | None => (head.errors, head.more_errors, 0),
    };
    Report {
        file: occasion.file.clone(),
        shard: inputs.shard,
        base: occasion.base_name.clone(),
        errors,
        more_errors,
        errors_elsewhere,
        warnings: head.warnings,
        parts,
        took: None,
        requests: None,
    }
}
