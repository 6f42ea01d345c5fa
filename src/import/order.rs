//! Order: one import by the service, from the request to what the registry serves: the image of a step, or what refers to
//! it.
//!
//! Azure says that it is done at its next poll, ten seconds apart; the registry serves the image long before.
//! So the registry is asked at growing intervals, and the operation only for errors.

use super::{AcrImport, Ended, Gates, Outcome, Pace};
use crate::{
    azure::{ArmError, Failure, ImportRequest, Operation, Progress},
    problem::{Problem, Side},
    reference::Registry,
    stop::stopped,
    verify::Verifier,
};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// How long a request that is on its way may take once the run is to stop; runners kill after ten seconds.
const GRACE: Duration = Duration::from_secs(2);
/// How long one poll may take, its repetitions included.
const POLL: Duration = Duration::from_secs(10);

/// What is asked of the service, and how it shows that it is done.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) request: ImportRequest,
    /// The source's host: its limit is shared by all imports from it.
    pub(super) source: Registry,
    /// The repository of the target.
    pub(super) repository: &'a str,
    /// The tag, or the digest of what has none.
    pub(super) name: &'a str,
    /// Whether the registry has served the digest all the time, and parts of the image were missing.
    pub(super) is_repair: bool,
}

/// Why an import came to nothing.
pub(super) enum Broken {
    /// The service has said so, or the way to it is broken.
    Refused(Option<Failure>, Problem),
    /// It did not end.
    Late(Problem),
    /// The run was stopped.
    Stopped(Outcome),
}

/// How a wait for an operation ended.
enum Wait {
    Arrived,
    Refused(ArmError),
    Late,
}

impl Order<'_> {
    async fn is_served(&self, verifier: Option<&Verifier>) -> bool {
        let Some(verifier) = verifier else { return false };
        let digest = self.request.digest;
        if self.is_repair {
            return verifier.whole(self.repository, digest).await.is_ok();
        }
        matches!(verifier.serves(self.repository, self.name).await, Ok(Some(served)) if served == digest)
    }
}

impl AcrImport {
    /// Brings what is asked for, again where that helps; whether it is whole is not asked here.
    pub(super) async fn bring(
        &self,
        order: &Order<'_>,
        verifier: Option<&Verifier>,
        gates: &Gates,
        pace: &Pace,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Ended, Broken> {
        let began = Instant::now();
        let deadline = began + pace.deadline;
        let mut schedule = self.retry.schedule();
        loop {
            let ended = |attempts| Ended { took: began.elapsed(), attempts, instead: None };
            let started = tokio::select! {
                started = order.request.start(&self.arm, &self.registry) => started,
                // Whether Azure has it by then cannot be told; the next run looks.
                () = stopped_for(&mut stop, GRACE) => return Err(Broken::Stopped(Outcome::StillRunning)),
            };
            let work = async {
                let wait = match started {
                    Ok(Progress::Succeeded) => Wait::Arrived,
                    Ok(Progress::Running(operation)) => {
                        self.wait(operation, order, verifier, gates, pace, deadline).await
                    }
                    Err(error) => Wait::Refused(error),
                };
                // Whatever Azure says, the registry decides: a repeated POST meets the tag that the first one made.
                match wait {
                    Wait::Refused(_) if order.is_served(verifier).await => Wait::Arrived,
                    Wait::Refused(_) | Wait::Arrived | Wait::Late => wait,
                }
            };
            // All of it at once: a registry that throttles holds each question back for minutes.
            let wait = tokio::select! {
                biased;
                () = stopped(&mut stop) => return Err(Broken::Stopped(Outcome::StillRunning)),
                wait = work => wait,
            };
            let error = match wait {
                Wait::Arrived => return Ok(ended(schedule.attempts())),
                Wait::Late => return Err(Broken::Late(late(pace.deadline))),
                Wait::Refused(error) => error,
            };
            let failure = failure(&error);
            // A way to Azure that stays broken was tried again below; only what Azure itself calls passing is tried here.
            let is_temporary = failure.is_some_and(Failure::is_temporary);
            let wait =
                is_temporary.then(|| schedule.broken()).flatten().filter(|&wait| Instant::now() + wait < deadline);
            let Some(wait) = wait else {
                return Err(Broken::Refused(failure, after(error.problem(), schedule.attempts())));
            };
            if failure == Some(Failure::SourceThrottled) {
                // The limit is the source's for all of Azure: nobody else is sent there meanwhile.
                gates.source(&order.source).hold(wait);
            }
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return Err(Broken::Stopped(Outcome::NotStarted)),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Watches an operation until the registry serves the digest, Azure reports an end, or time is up.
    async fn wait(
        &self,
        mut operation: Operation,
        order: &Order<'_>,
        verifier: Option<&Verifier>,
        gates: &Gates,
        pace: &Pace,
        deadline: Instant,
    ) -> Wait {
        let began = Instant::now();
        let mut poll_at = began + operation.retry_after;
        let mut probe_at = began + pace.probe.max(gates.least() * 9 / 10);
        loop {
            let probe = verifier.map_or(deadline, |_| probe_at);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => {
                    return if order.is_served(verifier).await { Wait::Arrived } else { Wait::Late };
                }
                () = tokio::time::sleep_until(probe) => {
                    if order.is_served(verifier).await {
                        gates.took(began.elapsed());
                        return Wait::Arrived;
                    }
                    probe_at = Instant::now() + pause(began).max(pace.probe);
                }
                () = tokio::time::sleep_until(poll_at) => {
                    // The registry is not kept waiting by a poll that is tried again and again.
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
