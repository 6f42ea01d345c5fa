//! Makes the plan true: bounded concurrency, and as many outcomes as steps.

mod acr;
mod companion;
mod direct;
mod event;
mod gates;
mod met;
mod order;
mod outcome;
mod sources;

use crate::{
    http::{Permit, during},
    plan::{Action, Plan, Route, Step},
    problem::{Problem, Side},
    stop::stopped,
    verify::{Unproved, Verifier},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use acr::Ending;
use gates::Gates;
use met::{Met, met};

pub use acr::AcrImport;
pub use direct::DirectCopy;
pub use event::Event;
pub use outcome::{Ended, Outcome, Proof, Span};
pub use sources::Sources;

/// How much is done at once, and for how long.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Imports that run at once.
    pub imports: usize,
    /// Imports from one source host that run at once: sources throttle Azure's shared address.
    pub imports_per_source: usize,
    /// How long one import may take before the target is asked for the last time.
    pub deadline: Duration,
    /// How long a finished import may take to be served whole: a replica of the registry may lag behind its home.
    pub settle: Duration,
    /// The shortest time between two questions whether the registry serves the image.
    pub probe: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            imports: 16,
            imports_per_source: 8,
            deadline: Duration::from_secs(20 * 60),
            settle: Duration::from_secs(30),
            probe: Duration::from_millis(120),
        }
    }
}

/// What applying a plan needs besides the plan.
#[derive(Debug, Clone)]
pub struct Importers {
    /// The server-side route; none where the target is no ACR.
    pub acr: Option<AcrImport>,
    /// The direct route, or why there is none.
    pub direct: Result<DirectCopy, Problem>,
    /// Proves what was imported; none where the data plane is known to be closed.
    pub verifier: Option<Verifier>,
    /// Limits.
    pub pace: Pace,
}

/// Applies a plan. What has begun is ended; what has not begun when `stop` turns true does not begin.
///
/// Returns an outcome for every step, in the order of the plan, and when it ran where it was begun.
pub async fn apply(
    plan: &Plan,
    importers: &Importers,
    events: &mpsc::UnboundedSender<Event>,
    stop: &watch::Receiver<bool>,
) -> Vec<(Outcome, Option<Span>)> {
    let gates = Gates::new(&importers.pace);
    // The gates bound how many work; the window only how many wait before them.
    let mut outcomes: Vec<(usize, (Outcome, Option<Span>))> = stream::iter(interleaved(&plan.steps))
        .map(|index| {
            let (gates, step) = (&gates, &plan.steps[index]);
            async move {
                let work = one(index, step, importers, gates, events, stop.clone());
                let outcome = during("import", Some(step.line.get()), work).await;
                // The receiver is gone when nobody watches: that is no reason to stop.
                drop(events.send(Event::Ended(index)));
                (index, outcome)
            }
        })
        .buffer_unordered(importers.pace.imports.max(1) * WINDOW)
        .collect()
        .await;
    outcomes.sort_by_key(|&(index, _)| index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// How many steps wait before the gates for each one that works.
const WINDOW: usize = 16;

/// Returns the steps in turns of their sources, so that a source that is slow does not keep the others waiting.
fn interleaved(steps: &[Step]) -> Vec<usize> {
    let mut turns: HashMap<&str, usize> = HashMap::new();
    let mut order: Vec<(usize, usize)> = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let turn = turns.entry(step.from().registry()).or_default();
        order.push((*turn, index));
        *turn += 1;
    }
    order.sort_unstable();
    order.into_iter().map(|(_, index)| index).collect()
}

async fn one(
    index: usize,
    step: &Step,
    importers: &Importers,
    gates: &Gates,
    events: &mpsc::UnboundedSender<Event>,
    mut stop: watch::Receiver<bool>,
) -> (Outcome, Option<Span>) {
    match &step.action {
        Action::Keep => return (Outcome::Kept(Proof::Verified), None),
        Action::Block(reason) => return (Outcome::Blocked(reason.clone()), None),
        // What every gate has let through as such is not imported.
        Action::Unchecked(problem) if !step.may_be_written() => return (Outcome::Failed(problem.clone()), None),
        Action::Unchecked(_) | Action::Import | Action::Move { .. } | Action::Repair(_) => {}
    }
    let permits = tokio::select! {
        biased;
        () = stopped(&mut stop) => return (Outcome::NotStarted, None),
        permits = gates.enter(step) => permits,
    };
    drop(events.send(Event::Started(index)));
    let (began, clock) = (SystemTime::now(), Instant::now());
    let outcome = begun(index, step, importers, gates, permits, events, stop).await;
    (outcome, Some(Span { began, took: clock.elapsed() }))
}

/// Does a step that has its place; the place is free again when the image is there, before that is proved.
async fn begun(
    index: usize,
    step: &Step,
    importers: &Importers,
    gates: &Gates,
    permits: (Option<Permit>, Permit),
    events: &mpsc::UnboundedSender<Event>,
    mut stop: watch::Receiver<bool>,
) -> Outcome {
    let brought = bring(step, importers, gates, &stop).await;
    drop(permits);
    let (outcome, way) = match brought {
        Ok(Brought { ended, way, is_confirmed: true }) => (Outcome::Imported { ended, proof: Proof::Verified }, way),
        Ok(Brought { ended, way, is_confirmed: false }) => {
            drop(events.send(Event::Arrived(index)));
            let proved = tokio::select! {
                outcome = prove(step, ended, importers) => outcome,
                () = stopped(&mut stop) => return Outcome::StillRunning,
            };
            match (&step.action, &importers.direct, proved) {
                // The service may take a broken image for a whole one and leave it as it is.
                (Action::Repair(_), Ok(direct), Outcome::Failed(problem)) => {
                    match direct.copy(step, Some(problem), stop.clone()).await {
                        Ok(ended) => (Outcome::Imported { ended, proof: Proof::Verified }, Way::Direct),
                        Err(outcome) => return outcome,
                    }
                }
                (_, _, proved) => (proved, way),
            }
        }
        Err(outcome) => return outcome,
    };
    if !matches!(outcome, Outcome::Imported { .. }) {
        return outcome;
    }
    let mut wish = stop.clone();
    tokio::select! {
        biased;
        () = stopped(&mut wish) => match way {
            Way::ServerSide => Outcome::StillRunning,
            Way::Direct => Outcome::CopyStopped,
        },
        followed = companion::follow(step, importers, gates, way, &stop) => match followed {
            Ok(()) => outcome,
            Err(problem) => Outcome::Failed(problem),
        },
    }
}

/// An image that the destination's tag stands for.
struct Brought {
    ended: Ended,
    way: Way,
    /// Whether the registry confirmed every part as it was sent.
    is_confirmed: bool,
}

/// The way that an image took in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ServerSide,
    Direct,
}

/// Brings an image to the target: as planned, or directly where the service does not and that can be got round.
async fn bring(
    step: &Step,
    importers: &Importers,
    gates: &Gates,
    stop: &watch::Receiver<bool>,
) -> Result<Brought, Outcome> {
    let (began, mut wish) = (Instant::now(), stop.clone());
    let met = tokio::select! {
        biased;
        () = stopped(&mut wish) => return Err(Outcome::NotStarted),
        met = met(step, importers) => met?,
    };
    if met == Met::Done {
        // Azure or somebody else was faster; what travels along goes the way that was planned.
        let way = if matches!(step.route, Route::Direct(_)) { Way::Direct } else { Way::ServerSide };
        let ended = Ended { took: began.elapsed(), attempts: 0, instead: None };
        return Ok(Brought { ended, way, is_confirmed: false });
    }
    let instead = match (step.route, &importers.acr) {
        (Route::Direct(_), _) => None,
        (Route::ServerSide, None) => return Err(Outcome::Failed(no_service())),
        (Route::ServerSide, Some(acr)) => {
            match acr.import(step, importers.verifier.as_ref(), gates, &importers.pace, stop.clone()).await {
                Ok(ended) => return Ok(Brought { ended, way: Way::ServerSide, is_confirmed: false }),
                Err(Ending::Outcome(outcome)) => return Err(outcome),
                Err(Ending::Detour(problem)) => Some(problem),
            }
        }
    };
    match (&importers.direct, instead) {
        (Ok(direct), instead) => {
            let ended = direct.copy(step, instead, stop.clone()).await?;
            Ok(Brought { ended, way: Way::Direct, is_confirmed: true })
        }
        (Err(_), Some(problem)) => Err(Outcome::Failed(problem)),
        (Err(problem), None) => Err(Outcome::Failed(problem.clone())),
    }
}

fn no_service() -> Problem {
    Problem::new(Side::Settings, "the destination has no import service")
}

/// The import has ended well as far as Azure goes; whether it is true is asked here.
async fn prove(step: &Step, ended: Ended, importers: &Importers) -> Outcome {
    let (Some(verifier), Some(digest)) = (&importers.verifier, step.digest) else {
        return Outcome::Imported { ended, proof: Proof::Accepted(acr::closed()) };
    };
    let until = Instant::now() + importers.pace.settle;
    let mut pause = importers.pace.probe;
    loop {
        match verifier.confirm(step.destination.repository(), step.destination.tag(), digest).await {
            Ok(()) => return Outcome::Imported { ended, proof: Proof::Verified },
            Err(Unproved::NotAsked(problem)) => return Outcome::Imported { ended, proof: Proof::Accepted(problem) },
            Err(Unproved::Wrong(_)) if Instant::now() + pause < until => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(Unproved::Wrong(problem)) => return Outcome::Failed(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Change, Route};

    fn step(source: &str) -> Step {
        let list = crate::images::parse(format!("{source} => x:1").as_bytes(), None).list;
        let entry = &list.entries()[0];
        Step {
            line: entry.line,
            source: entry.source.clone(),
            mirror: None,
            destination: entry.destination.clone(),
            options: entry.options.clone(),
            change: Change::Listed,
            digest: None,
            subset: None,
            image: None,
            action: Action::Import,
            route: Route::ServerSide,
            companions: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn sources_take_turns() {
        let steps = ["quay.io/a:1", "quay.io/b:1", "quay.io/c:1", "ghcr.io/a:1", "ghcr.io/b:1"].map(step);
        assert_eq!(interleaved(&steps), [0, 3, 1, 4, 2]);
    }
}
