//! Server-side: ARM `importImage`, finished when the registry serves the digest.

use super::{
    Ended, Gates, Outcome, Pace, Proof, Sources,
    order::{Broken, Order},
};
use crate::{
    azure::{Arm, Failure, ImportRequest, Mode, To},
    http::Retry,
    plan::{Action, Change, Reason, Step},
    problem::{Problem, Side},
    reference::Digest,
    stop::stopped,
    verify::Verifier,
};
use tokio::{sync::watch, time::Instant};

/// Imports by ACR itself.
#[derive(Debug, Clone)]
pub struct AcrImport {
    /// Resource Manager, as our identity.
    pub arm: Arm,
    /// The target's resource id.
    pub registry: String,
    /// Where from, in the service's words.
    pub sources: Sources,
    /// Back-off between tries of one import.
    pub retry: Retry,
}

/// Why an import by ACR came to nothing.
pub(super) enum Ending {
    /// It ended otherwise.
    Outcome(Outcome),
    /// The service does not do it, for a reason that a direct copy can get round.
    Detour(Problem),
}

impl Ending {
    fn failed(problem: Problem) -> Self {
        Self::Outcome(Outcome::Failed(problem))
    }
}

impl AcrImport {
    /// Imports one step. `Err` is an ending that needs no proof any more.
    pub(super) async fn import(
        &self,
        step: &Step,
        verifier: Option<&Verifier>,
        gates: &Gates,
        pace: &Pace,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Ended, Ending> {
        let Some(digest) = step.digest else { return Err(Ending::failed(unpinned())) };
        let began = Instant::now();
        let request = self.request(step, digest);
        if let (Mode::Force, Some(verifier)) = (request.mode, verifier) {
            let met = tokio::select! {
                biased;
                () = stopped(&mut stop) => return Err(Ending::Outcome(Outcome::NotStarted)),
                met = meets(step, digest, verifier) => met?,
            };
            if met == Met::Done {
                return Ok(Ended { took: began.elapsed(), attempts: 0, instead: None });
            }
        }
        let order = Order {
            request,
            source: step.source.host(),
            repository: step.destination.repository(),
            name: step.destination.tag(),
            is_repair: matches!(step.action, Action::Repair(_)),
        };
        self.bring(&order, verifier, gates, pace, stop).await.map_err(|broken| match broken {
            Broken::Refused(Some(Failure::TagExists), _)
                if verifier.is_none() && !matches!(step.change, Change::Updated(_)) =>
            {
                Ending::Outcome(Outcome::Kept(Proof::Accepted(exists())))
            }
            Broken::Refused(Some(failure), problem) if failure.has_detour() => Ending::Detour(problem),
            Broken::Refused(_, problem) => Ending::failed(problem),
            Broken::Late(problem) => Ending::Detour(problem),
            Broken::Stopped(outcome) => Ending::Outcome(outcome),
        })
    }

    fn request(&self, step: &Step, digest: Digest) -> ImportRequest {
        ImportRequest {
            source: self.sources.of(&step.source),
            repository: step.source.repository().to_owned(),
            digest,
            // Behind the login server, which its text keeps where the repository begins like a host.
            to: To::Tag(step.destination.name().to_owned()),
            mode: match step.action {
                // Only a move that the plan shows, past a lock that the plan has read, may overwrite.
                Action::Move { .. } | Action::Repair(_) => Mode::Force,
                Action::Import | Action::Keep | Action::Block(_) | Action::Unchecked(_) => Mode::NoForce,
            },
        }
    }
}

/// What a tag that is to be overwritten holds by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// What the plan saw, or nothing.
    AsPlanned,
    /// What it is to hold.
    Done,
}

/// Asks for a tag once more before it is overwritten: the plan of a long list is an hour old by then, and a forced import
/// passes a lock (ACR wire facts, 5.4). A moment remains.
async fn meets(step: &Step, digest: Digest, verifier: &Verifier) -> Result<Met, Ending> {
    let (repository, tag) = (step.destination.repository(), step.destination.tag());
    let held = verifier.held(repository, tag).await.map_err(|error| Ending::failed(error.problem(Side::Target)))?;
    let Some(held) = held else { return Ok(Met::AsPlanned) };
    match &step.action {
        Action::Move { .. } if held.digest == digest => Ok(Met::Done),
        Action::Move { .. } if !held.is_writable => {
            Err(Ending::Outcome(Outcome::Blocked(Reason::Locked { from: held.digest })))
        }
        Action::Move { from } if held.digest == *from => Ok(Met::AsPlanned),
        // What is repaired stays what it stands for, locked or not.
        Action::Repair(_) if held.digest == digest => Ok(Met::AsPlanned),
        Action::Move { .. }
        | Action::Repair(_)
        | Action::Import
        | Action::Keep
        | Action::Block(_)
        | Action::Unchecked(_) => {
            let what =
                format!("`{repository}:{tag}` holds {} by now, and no longer what was planned", held.digest.short());
            let problem = Problem::new(Side::Target, what);
            Err(Ending::failed(problem.hint("Somebody else has pushed it: look who needs it, and plan again.")))
        }
    }
}

fn unpinned() -> Problem {
    Problem::new(Side::Source, "the source could not be asked for the digest")
        .hint("Pin the digest in the list (`tag@sha256:…`) to import without reading the source from here.")
}

fn exists() -> Problem {
    Problem::new(Side::Target, "the tag exists already; what it holds could not be read from here")
        .hint("Run on a runner inside the registry's network to compare.")
}

/// The reason that goes with *accepted by Azure, not verified*.
pub(super) fn closed() -> Problem {
    Problem::new(Side::Network, "the registry's data plane is closed to this runner")
        .hint("Run on a runner inside the registry's network to verify.")
}
