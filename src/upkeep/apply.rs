//! Makes the upkeep true: turn by turn, bounded within a turn, an outcome for every chore.

use super::{Chore, Clients, State};
use crate::{
    problem::{Problem, Side},
    stop,
};
use futures_util::{StreamExt, stream};
use std::{fmt, time::Duration};
use tokio::sync::watch;

/// How many of one turn are done at once; the registry's own limit holds besides.
const AT_ONCE: usize = 8;

/// How a chore ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// No reviewed plan lists it: it was left.
    Unreviewed,
    /// The plan blocked it.
    Blocked(Problem),
    /// It went wrong.
    Failed(Problem),
    /// It takes something away, and a line failed that may be meant to take its place: it was left.
    HeldBack,
    /// The run was stopped before it began.
    NotStarted,
    /// The list has errors, so nothing is done.
    Withheld,
}

impl Outcome {
    /// Returns whether the registry is as the settings want it, or was left as its reviewers saw it.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Done | Self::Unreviewed => true,
            Self::Blocked(_) | Self::Failed(_) | Self::HeldBack | Self::NotStarted | Self::Withheld => false,
        }
    }
}

/// What doing takes.
#[derive(Clone, Copy)]
pub struct Hands<'a> {
    /// Whom it is done with.
    pub clients: &'a Clients,
    /// Whether something may be taken away: not where a line did not end well, for it may be meant to take its place.
    pub may_remove: bool,
    /// Turns true when nobody waits any more.
    pub stop: &'a watch::Receiver<bool>,
    /// Takes a line of what is said meanwhile, such as the log of a build. Foreign text.
    pub say: &'a (dyn Fn(String) + Sync),
}

impl fmt::Debug for Hands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hands").field("clients", self.clients).finish_non_exhaustive()
    }
}

/// Does the chores. What has begun has some seconds to end when `stop` turns true; what has not begun does not begin.
///
/// Returns an outcome for each, in their order.
pub async fn apply(chores: &[Chore], hands: &Hands<'_>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(chores.len());
    for turn in chores.chunk_by(|one, other| one.task.turn() == other.task.turn()) {
        let ended: Vec<_> = stream::iter(turn).map(|chore| one(chore, hands)).buffered(AT_ONCE).collect().await;
        outcomes.extend(ended);
    }
    outcomes
}

async fn one(chore: &Chore, hands: &Hands<'_>) -> Outcome {
    match &chore.state {
        State::Unreviewed => return Outcome::Unreviewed,
        State::Block(problem) => return Outcome::Blocked(problem.clone()),
        State::Due => {}
    }
    if *hands.stop.borrow() {
        return Outcome::NotStarted;
    }
    if chore.mark().is_some() && !hands.may_remove {
        return Outcome::HeldBack;
    }
    let done = tokio::select! {
        biased;
        done = chore.task.apply(hands) => done,
        () = stopped(hands.stop.clone()) => Err(cut()),
    };
    match done {
        Ok(()) => Outcome::Done,
        Err(problem) => Outcome::Failed(problem),
    }
}

/// How long a chore may take once the run is to stop: one that calls something off takes some seconds, posting the report
/// takes some more, and runners kill after ten.
const GRACE: Duration = Duration::from_secs(4);

/// Ends when the run is to stop and the grace is over; never, where nobody can wish it any more.
async fn stopped(mut stop: watch::Receiver<bool>) {
    stop::stopped(&mut stop).await;
    tokio::time::sleep(GRACE).await;
}

fn cut() -> Problem {
    Problem::new(Side::Settings, "the run was stopped while it was done; it may end all the same")
        .hint("Run again: nothing is done twice.")
}
