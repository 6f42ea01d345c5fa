//! Server-side: ARM `importImage`, finished when the registry serves the digest.

use super::{
    Ended, Gates, Outcome, Pace, Proof, Sources,
    order::{Broken, Order},
};
use crate::{
    azure::{Arm, Failure, ImportRequest, Mode, To},
    http::Retry,
    plan::{Action, Change, Step},
    problem::{Problem, Side},
    reference::Digest,
    verify::Verifier,
};
use tokio::sync::watch;

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
        stop: watch::Receiver<bool>,
    ) -> Result<Ended, Ending> {
        let Some(digest) = step.digest else { return Err(Ending::failed(unpinned())) };
        let request = self.request(step, digest);
        let order = Order {
            request,
            source: step.from().host(),
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
            source: self.sources.of(step.from()),
            repository: step.from().repository().to_owned(),
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
