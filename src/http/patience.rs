//! Patience: what one piece of work waits in all, over its attempts.

use super::{Gate, Http, HttpError, retry::Schedule};
use std::time::Duration;

/// What came of an attempt that may be worth another.
#[derive(Debug)]
pub(crate) struct Setback {
    error: HttpError,
    pause: Pause,
    gate: Option<Gate>,
}

/// Why to wait before the next attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pause {
    /// The host said that it had enough, perhaps for how long.
    Throttled(Option<Duration>),
    /// The host or the way to it broke.
    Broken,
    /// Another attempt is of no use.
    Never,
}

impl Setback {
    pub(crate) fn new(error: HttpError, pause: Pause) -> Self {
        Self { error, pause, gate: None }
    }

    /// A failure that stays.
    pub(crate) fn last(error: HttpError) -> Self {
        Self::new(error, Pause::Never)
    }

    /// A break of the way, which may not come again.
    pub(crate) fn broken(error: HttpError) -> Self {
        Self::new(error, Pause::Broken)
    }

    /// Returns whether the way broke, and not the host asked for a pause.
    pub(crate) fn is_break(&self) -> bool {
        matches!(self.pause, Pause::Broken)
    }

    /// Names the gate of the host: what the host asks for holds for all that talk to it.
    pub(crate) fn at(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }
}

/// The waits of one piece of work.
#[derive(Debug)]
pub(crate) struct Patience(Schedule);

impl Patience {
    pub(crate) fn new(http: &Http) -> Self {
        Self(http.retry().schedule())
    }

    /// Returns the how-manieth attempt the next one is.
    pub(super) fn attempts(&self) -> u32 {
        self.0.attempts()
    }

    /// Waits as the setback asks for.
    ///
    /// # Errors
    /// The setback's failure, when it stays or has come too often.
    pub(crate) async fn bear(&mut self, setback: Setback) -> Result<(), HttpError> {
        let Setback { error, pause, gate } = setback;
        if matches!(pause, Pause::Broken) && error.is_unreached() {
            self.0.hurry();
        }
        let wait = match pause {
            Pause::Throttled(asked) => self.0.throttled(asked),
            Pause::Broken => self.0.broken(),
            Pause::Never => return Err(error),
        };
        let Some(wait) = wait else {
            let error = error.after(self.0.attempts(), self.0.waited());
            if let Some(gate) = gate.filter(|_| error.is_unreached()) {
                gate.unreached(&error);
            }
            return Err(error);
        };
        match (pause, gate) {
            // One worker that is told to wait speaks for all that talk to this host.
            (Pause::Throttled(_), Some(gate)) => gate.hold(wait),
            _ => tokio::time::sleep(wait).await,
        }
        Ok(())
    }
}
