//! Server-side: ARM `importImage`, finished when the registry serves the digest.
//!
//! Azure says that it is done at its next poll, ten seconds apart; the registry serves the image long before.
//! So the registry is asked at growing intervals, and the operation only for errors.

use super::{Ended, Gates, Outcome, Pace, Proof, Sources};
use crate::{
    azure::{Arm, ArmError, Failure, ImportRequest, Mode, Operation, Progress, To},
    http::Retry,
    plan::{Action, Change, Step},
    problem::{Problem, Side},
    reference::Digest,
    stop::stopped,
    verify::Verifier,
};
use std::time::Duration;
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

/// How long a request that is on its way may take once the run is to stop; runners kill after ten seconds.
const GRACE: Duration = Duration::from_secs(2);
/// How long one poll may take, its repetitions included.
const POLL: Duration = Duration::from_secs(10);

/// Why an import by ACR came to nothing.
pub(super) enum Ending {
    /// It ended otherwise.
    Outcome(Outcome),
    /// The service does not do it, for a reason that a direct copy can get round.
    Detour(Problem),
}

/// How a wait for an operation ended.
enum Wait {
    Arrived,
    Refused(ArmError),
    Stopped,
    Late,
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
        let deadline = began + pace.deadline;
        let request = self.request(step, digest);
        let mut schedule = self.retry.schedule();
        loop {
            let ended = |attempts| Ended { took: began.elapsed(), attempts, instead: None };
            let started = tokio::select! {
                started = request.start(&self.arm, &self.registry) => started,
                // Whether Azure has it by then cannot be told; the next run looks.
                () = stopped_for(&mut stop, GRACE) => return Err(Ending::Outcome(Outcome::StillRunning)),
            };
            let wait = match started {
                Ok(Progress::Succeeded) => Wait::Arrived,
                Ok(Progress::Running(operation)) => {
                    self.wait(operation, step, digest, verifier, gates, pace, deadline, &mut stop).await
                }
                Err(error) => Wait::Refused(error),
            };
            let error = match wait {
                Wait::Arrived => return Ok(ended(schedule.attempts())),
                Wait::Stopped => return Err(Ending::Outcome(Outcome::StillRunning)),
                Wait::Late => return Err(Ending::Detour(late(pace.deadline))),
                Wait::Refused(error) => error,
            };
            // Whatever Azure says, the registry decides: a repeated POST meets the tag that the first one made.
            if is_served(step, digest, verifier).await {
                return Ok(ended(schedule.attempts()));
            }
            let failure = failure(&error);
            if failure == Some(Failure::TagExists) && verifier.is_none() && !matches!(step.change, Change::Updated(_)) {
                return Err(Ending::Outcome(Outcome::Kept(Proof::Accepted(exists()))));
            }
            // A way to Azure that stays broken was tried again below; only what Azure itself calls passing is tried here.
            let is_temporary = failure.is_some_and(Failure::is_temporary);
            let wait =
                is_temporary.then(|| schedule.broken()).flatten().filter(|&wait| Instant::now() + wait < deadline);
            let Some(wait) = wait else {
                let problem = after(error.problem(), schedule.attempts());
                let has_detour = failure.is_some_and(Failure::has_detour);
                return Err(if has_detour { Ending::Detour(problem) } else { Ending::failed(problem) });
            };
            if failure == Some(Failure::SourceThrottled) {
                // The limit is the source's for all of Azure: nobody else is sent there meanwhile.
                gates.source(&step.source.host()).hold(wait);
            }
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return Err(Ending::Outcome(Outcome::NotStarted)),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn request(&self, step: &Step, digest: Digest) -> ImportRequest {
        ImportRequest {
            source: self.sources.of(&step.source),
            repository: step.source.repository().to_owned(),
            digest,
            to: To::Tag(step.destination.to_string()),
            mode: match step.action {
                // Only a move that the plan shows, past a lock that the plan has read, may overwrite.
                Action::Move { .. } | Action::Repair(_) => Mode::Force,
                Action::Import | Action::Keep | Action::Block(_) | Action::Unchecked(_) => Mode::NoForce,
            },
        }
    }

    /// Watches an operation until the registry serves the digest, Azure reports an end, or time is up.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one wait; a struct for one call would only rename them"
    )]
    async fn wait(
        &self,
        mut operation: Operation,
        step: &Step,
        digest: Digest,
        verifier: Option<&Verifier>,
        gates: &Gates,
        pace: &Pace,
        deadline: Instant,
        stop: &mut watch::Receiver<bool>,
    ) -> Wait {
        let began = Instant::now();
        let mut poll_at = began + operation.retry_after;
        let mut probe_at = began + pace.probe.max(gates.least() * 9 / 10);
        loop {
            let probe = verifier.map_or(deadline, |_| probe_at);
            tokio::select! {
                biased;
                () = stopped(stop) => return Wait::Stopped,
                () = tokio::time::sleep_until(deadline) => {
                    return if is_served(step, digest, verifier).await { Wait::Arrived } else { Wait::Late };
                }
                () = tokio::time::sleep_until(probe) => {
                    if is_served(step, digest, verifier).await {
                        gates.took(began.elapsed());
                        return Wait::Arrived;
                    }
                    probe_at = Instant::now() + pause(began).max(pace.probe);
                }
                () = tokio::time::sleep_until(poll_at) => {
                    // The registry and the wish to stop are not kept waiting by a poll that is tried again and again.
                    match tokio::time::timeout(POLL, operation.poll(&self.arm)).await {
                        Ok(Ok(Progress::Succeeded)) => return Wait::Arrived,
                        Ok(Ok(Progress::Running(next))) => {
                            poll_at = Instant::now() + next.retry_after.max(pause(began));
                            operation = next;
                        }
                        Ok(Err(error)) if !is_broken(&error) => return Wait::Refused(error),
                        // A poll that breaks says nothing of the import: it is asked again, and the registry goes on telling.
                        Ok(Err(_)) | Err(_) => poll_at = Instant::now() + operation.retry_after.max(pause(began)),
                    }
                }
            }
        }
    }
}

/// Returns how long to leave somebody alone who was asked in vain: a tenth of the time that has passed. Late by a tenth at
/// most, and few questions for long imports, whatever a service says of when to ask again.
fn pause(began: Instant) -> Duration {
    (began.elapsed() / 10).min(Duration::from_secs(10))
}

async fn stopped_for(stop: &mut watch::Receiver<bool>, time: Duration) {
    stopped(stop).await;
    tokio::time::sleep(time).await;
}

async fn is_served(step: &Step, digest: Digest, verifier: Option<&Verifier>) -> bool {
    let Some(verifier) = verifier else { return false };
    if let Action::Repair(_) = step.action {
        // The tag has had the right digest all the time.
        return verifier.whole(step.destination.repository(), digest).await.is_ok();
    }
    let served = verifier.serves(step.destination.repository(), step.destination.tag()).await;
    matches!(served, Ok(Some(served)) if served == digest)
}

fn failure(error: &ArmError) -> Option<Failure> {
    match error {
        ArmError::Refused(refusal) => Some(Failure::read(refusal)),
        ArmError::Http(_) | ArmError::SignIn(_) | ArmError::Unreadable(_) => None,
    }
}

/// Returns whether the way to Azure broke, and not the import.
fn is_broken(error: &ArmError) -> bool {
    match error {
        ArmError::Http(error) => error.is_temporary(),
        ArmError::Unreadable(_) => true,
        ArmError::Refused(_) | ArmError::SignIn(_) => false,
    }
}

fn after(mut problem: Problem, attempts: u32) -> Problem {
    if attempts > 1 {
        problem.what = format!("{} ({attempts} attempts)", problem.what);
    }
    problem
}

fn late(deadline: Duration) -> Problem {
    Problem::new(
        Side::Azure,
        format!(
            "the import did not end within {} minutes, and the registry does not serve it",
            deadline.as_secs() / 60
        ),
    )
    .hint("Azure may still be copying: run again later. Some sources keep an import waiting for ever.")
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
