//! Doing: work becomes requests, and is read again afterwards: what the service accepted is not yet what it has.

use super::{
    Found, Replicate, Setting, Work,
    ask::{self, Interest, Right},
    found::{FoundReplica, Replication},
};
use crate::{
    azure::{Arm, ArmError},
    problem::{Problem, Side},
    registry,
    stop::stopped,
};
use serde_json::json;
use std::{future::Future, time::Duration};
use tokio::{sync::watch, time::Instant};

/// How patiently something is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a replica, or an image at a replica, may take. Azure makes a replica within minutes, as a rule.
    pub deadline: Duration,
    /// The time between two questions.
    pub pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(20 * 60), pause: Duration::from_secs(5) }
    }
}

/// Whom the work is asked of.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a> {
    /// Resource Manager.
    pub arm: &'a Arm,
    /// The data plane.
    pub registries: &'a registry::Client,
}

/// How a wait ended that did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Time is up.
    Late,
    /// The run is to stop.
    Stopped,
}

impl Work {
    /// Does it, and reads again what was written.
    ///
    /// # Errors
    /// What went wrong, or that it still goes on when `stop` turned true or time was up; doing it again is safe.
    pub async fn apply(&self, planes: &Planes<'_>, pace: Pace, stop: &watch::Receiver<bool>) -> Result<(), Problem> {
        match self {
            Self::Set { id, setting, version } => set(planes.arm, id, *setting, version, pace, stop).await,
            Self::Replicate(work) => replicate(planes.arm, work, pace, stop).await,
            Self::Await(work) => work.apply(planes.registries, pace, stop).await,
            Self::Lock(lock) => lock.apply(planes.registries).await,
        }
    }
}

/// Sets a property, and looks whether it is set.
async fn set(
    arm: &Arm,
    id: &str,
    setting: Setting,
    version: &str,
    pace: Pace,
    stop: &watch::Receiver<bool>,
) -> Result<(), Problem> {
    let body = setting.body();
    let ask = || arm.patch_by(id, version, &body);
    match patiently(ask, pace, stop).await {
        Ok(answer) => drop(answer.map_err(|error| ask::problem(&error, Right::Write))?),
        Err(Ended::Late) => return Err(late("the change has not ended", pace.deadline)),
        Err(Ended::Stopped) => return Err(cut_short("Azure may still change the registry")),
    }
    let nothing_else = Interest { replicas: false, usages: false, cache_rules: false };
    let found = ask::ask(arm, id, nothing_else).await?;
    if setting.holds(&found) {
        return Ok(());
    }
    Err(Problem::new(Side::Azure, "Azure has accepted the change, and the registry does not show it")
        .hint("Run again; something else, such as an Azure Policy, may set it back."))
}

impl Setting {
    /// Returns whether the registry is so.
    fn holds(self, found: &Found) -> bool {
        let is =
            |policy: super::Policy, wanted: Option<u16>| policy.is_on.then_some(policy.days) == wanted.map(u64::from);
        match self {
            Self::Retention(wanted) => is(found.retention, wanted),
            Self::SoftDelete(wanted) => found.soft_delete.is_some_and(|policy| is(policy, wanted)),
            Self::NoAnonymousPull => !found.anonymous_pull,
            Self::NoAdminAccount => !found.admin_account,
        }
    }
}

/// Makes a replica where nobody has begun to, and waits until it is there.
async fn replicate(arm: &Arm, work: &Replicate, pace: Pace, stop: &watch::Receiver<bool>) -> Result<(), Problem> {
    let began = Instant::now();
    let region = &work.region;
    if !work.is_begun {
        let mut body = json!({"location": region});
        if let Some(is_spread) = work.zone_redundancy {
            body["properties"] = json!({"zoneRedundancy": if is_spread { "Enabled" } else { "Disabled" }});
        }
        let ask = || arm.put(&work.id, &body);
        match patiently(ask, pace, stop).await {
            Ok(Ok(_)) => {}
            // The operation goes on, and the replica tells how.
            Ok(Err(ArmError::Refused(refusal))) if refusal.status == 202 => {}
            Ok(Err(error)) => return Err(ask::problem(&error, Right::Write)),
            Err(Ended::Late) => return Err(late(&format!("the replica in `{region}` is not there"), pace.deadline)),
            Err(Ended::Stopped) => return Err(cut_short(&format!("Azure still makes the replica in `{region}`"))),
        }
    }
    loop {
        let replica: Option<Replication> =
            arm.get(&work.id, ask::STABLE).await.map_err(|error| ask::problem(&error, Right::Read))?;
        let FoundReplica { state, status, .. } = replica.ok_or_else(|| ask::gone(&work.id))?.found();
        match state.as_str() {
            "Succeeded" => return Ok(()),
            "Creating" | "Updating" => {}
            _ => {
                let what = format!("Azure has not made the replica in `{region}`: {state}, {status}");
                return Err(Problem::new(Side::Azure, what).hint("Run again; ask Azure's support if it stays so."));
            }
        }
        match rest(began, pace, stop).await {
            Ok(()) => {}
            Err(Ended::Late) => return Err(late(&format!("the replica in `{region}` is {status}"), pace.deadline)),
            Err(Ended::Stopped) => return Err(cut_short(&format!("Azure still makes the replica in `{region}`"))),
        }
    }
}

/// Asks until the registry is not busy with another change (409), time is up, or the run is to stop.
async fn patiently<T, F: Future<Output = Result<T, ArmError>>>(
    ask: impl Fn() -> F,
    pace: Pace,
    stop: &watch::Receiver<bool>,
) -> Result<Result<T, ArmError>, Ended> {
    let began = Instant::now();
    let mut wish = stop.clone();
    loop {
        let answer = tokio::select! {
            biased;
            () = stopped(&mut wish) => return Err(Ended::Stopped),
            () = tokio::time::sleep_until(began + pace.deadline) => return Err(Ended::Late),
            answer = ask() => answer,
        };
        let is_busy = matches!(&answer, Err(ArmError::Refused(refusal)) if refusal.status == 409);
        if !is_busy || began.elapsed() + pace.pause >= pace.deadline {
            return Ok(answer);
        }
        rest(began, pace, stop).await?;
    }
}

/// Waits for the next question.
pub(super) async fn rest(began: Instant, pace: Pace, stop: &watch::Receiver<bool>) -> Result<(), Ended> {
    if began.elapsed() >= pace.deadline {
        return Err(Ended::Late);
    }
    let mut wish = stop.clone();
    tokio::select! {
        biased;
        () = stopped(&mut wish) => Err(Ended::Stopped),
        () = tokio::time::sleep(pace.pause) => Ok(()),
    }
}

pub(super) fn late(what: &str, deadline: Duration) -> Problem {
    Problem::new(Side::Azure, format!("{what} after {} minutes", deadline.as_secs().div_ceil(60)))
        .hint("Azure goes on by itself: run again later.")
}

pub(super) fn cut_short(what: &str) -> Problem {
    Problem::new(Side::Settings, format!("the run was stopped; {what}")).hint("Run again: nothing is done twice.")
}
