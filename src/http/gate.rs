//! Gate: how much one host gets at once, and until when it gets nothing.

use super::HttpError;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// How long a host that nobody answered at is not asked again.
const UNREACHED: Duration = Duration::from_secs(30);

/// Lets a bounded number in; the bound halves when the host throttles and grows again as calls go well.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    inside: usize,
    limit: usize,
    /// Calls that went well since the limit last changed.
    well: usize,
    closed_until: Option<Instant>,
    /// Since when the host is out of reach, and how that showed.
    unreached: Option<(Instant, HttpError)>,
    /// When the host last answered anything.
    answered: Option<Instant>,
}

/// A place inside the gate; dropped, it is free again.
#[derive(Debug)]
pub struct Permit(Gate);

impl Gate {
    /// Makes a gate that lets `most` in at once, at least one.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State { inside: 0, limit: most, well: 0, closed_until: None, unreached: None, answered: None };
        Self(Arc::new(Inner { most, state: Mutex::new(state), changed: Notify::new() }))
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Permit {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            // Registered before looking, or a place freed in between would be missed.
            changed.as_mut().enable();
            let closed_until = {
                let mut state = self.state();
                let closed_until = state.closed_until.filter(|&until| until > Instant::now());
                if closed_until.is_none() && state.inside < state.limit {
                    state.inside += 1;
                    return Permit(self.clone());
                }
                closed_until
            };
            match closed_until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => changed.await,
            }
        }
    }

    /// Closes the gate for everybody and halves the limit.
    pub fn hold(&self, wait: Duration) {
        let mut state = self.state();
        let now = Instant::now();
        // Many calls are told to wait at the same moment; they are one event.
        if state.closed_until.is_none_or(|until| until <= now) {
            state.limit = (state.limit / 2).max(1);
            state.well = 0;
        }
        state.closed_until = Some(state.closed_until.map_or(now + wait, |until| until.max(now + wait)));
    }

    /// Remembers that nobody answers at the host: others need not find that out each for themselves.
    ///
    /// A call that got no answer since `began` while others got theirs was slow in what it asked for, and says nothing of
    /// the host.
    pub(super) fn unreached(&self, error: &HttpError, began: Instant) {
        let mut state = self.state();
        if error.is_unconnected() || state.answered.is_none_or(|at| at < began) {
            state.unreached = Some((Instant::now(), error.clone()));
        }
    }

    /// Remembers that the host answers, whatever it said.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.answered = Some(Instant::now());
        state.unreached = None;
    }

    /// Returns how it showed, moments ago, that nobody answers at the host.
    pub(super) fn is_unreached(&self) -> Option<HttpError> {
        let state = self.state();
        let (since, error) = state.unreached.as_ref()?;
        (since.elapsed() < UNREACHED).then(|| error.clone())
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        self.state().limit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Leaves, and counts towards letting more in.
    pub fn went_well(self) {
        let mut state = self.0.state();
        state.well += 1;
        if state.well >= state.limit && state.limit < self.0.0.most {
            state.limit += 1;
            state.well = 0;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn everybody_waits_as_long_as_the_host_asked() {
        let gate = Gate::new(4);
        gate.hold(Duration::from_secs(12));
        gate.hold(Duration::from_secs(3));
        let before = Instant::now();
        let _permit = gate.enter().await;
        assert_eq!(before.elapsed().as_secs(), 12);
        assert_eq!(gate.limit(), 2, "two calls told to wait at once are one event");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_answers_others_is_slow_and_not_out_of_reach() {
        let gate = Gate::new(4);
        let silent = HttpError::stalled("quay.io");
        let began = Instant::now();
        tokio::time::advance(Duration::from_secs(1)).await;
        gate.answered();
        tokio::time::advance(Duration::from_secs(180)).await;
        gate.unreached(&silent, began);
        assert!(gate.is_unreached().is_none(), "others were answered meanwhile");
        gate.unreached(&silent, Instant::now());
        assert!(gate.is_unreached().is_some(), "nobody is answered any more");
        gate.answered();
        assert!(gate.is_unreached().is_none(), "it is back");
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_grows_again_as_calls_go_well() {
        let gate = Gate::new(4);
        gate.hold(Duration::ZERO);
        for _ in 0..2 + 3 + 4 {
            gate.enter().await.went_well();
        }
        assert_eq!(gate.limit(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_limit_are_inside() {
        let gate = Gate::new(1);
        let first = gate.enter().await;
        let second = tokio::time::timeout(Duration::from_secs(1), gate.enter()).await;
        assert!(second.is_err());
        drop(first);
        let _third = gate.enter().await;
    }
}
