//! Strike: which of the faults that wait meets a request or an import.

use super::{
    fault::{Effect, Fault},
    state::State,
};
use std::time::Duration;
use tokio::time::Instant;

/// A fault that struck: the effect, and for a throttle how long it still lasts.
pub(super) struct Strike {
    pub(super) effect: Effect,
    pub(super) left: Duration,
}

/// Takes every wait that meets a request, and returns their sum.
pub(super) fn wait(state: &mut State, method: &str, host: &str, path: &str) -> Duration {
    let mut wait = Duration::ZERO;
    for fault in &mut state.faults {
        if let Effect::Delay(time) = fault.effect
            && fault.meets(method, host, path)
            && fault.is_ready()
        {
            wait += time;
            fault.left = fault.left.map(|left| left - 1);
        }
    }
    state.faults.retain(|fault| fault.left != Some(0));
    wait
}

/// Takes the first fault that meets a request and is no wait.
pub(super) fn strike(state: &mut State, method: &str, host: &str, path: &str) -> Option<Strike> {
    take(state, method, host, path, false)
}

/// Takes the first fault that meets an accepted import.
pub(super) fn strike_import(state: &mut State, host: &str, target: &str) -> Option<Effect> {
    take(state, "POST", host, target, true).map(|strike| strike.effect)
}

fn take(state: &mut State, method: &str, host: &str, path: &str, import: bool) -> Option<Strike> {
    let meets = |fault: &&mut Fault| {
        let is_wait = matches!(fault.effect, Effect::Delay(_));
        !is_wait && fault.effect.strikes_imports() == import && fault.meets(method, host, path)
    };
    // Each counts what it lets through, whichever strikes.
    let mut ready: Vec<_> =
        state.faults.iter_mut().filter(meets).filter_map(|fault| fault.is_ready().then_some(fault)).collect();
    let fault = ready.drain(..).next()?;
    if let Some(left) = &mut fault.left {
        *left -= 1;
    }
    if let (Some(lasts), None) = (fault.lasts, fault.until) {
        fault.until = Some(Instant::now() + lasts);
    }
    let left = fault.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
    let strike = Strike { effect: fault.effect.clone(), left };
    state.faults.retain(|fault| fault.left != Some(0) && fault.until.is_none_or(|until| Instant::now() < until));
    Some(strike)
}
