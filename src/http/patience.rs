//! Patience: what one piece of work waits in all, over its attempts.

use super::{Gate, Http, HttpError, retry::Schedule};
use std::time::Duration;
use tokio::time::Instant;

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

    /// Returns the host whose answer, or whose silence, it was.
    pub(super) fn host(&self) -> &str {
        self.error.host()
    }

    /// Names the gate of the host: what the host asks for holds for all that talk to it.
    pub(crate) fn at(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }
}

/// The waits of one piece of work.
#[derive(Debug)]
pub(crate) struct Patience {
    schedule: Schedule,
    began: Instant,
}

impl Patience {
    pub(crate) fn new(http: &Http) -> Self {
        Self { schedule: http.retry().schedule(), began: Instant::now() }
    }

    /// Returns the how-manieth attempt the next one is.
    pub(super) fn attempts(&self) -> u32 {
        self.schedule.attempts()
    }

    /// Waits as the setback asks for.
    ///
    /// # Errors
    /// The setback's failure, when it stays or has come too often.
    pub(crate) async fn bear(&mut self, setback: Setback) -> Result<(), HttpError> {
        let Setback { error, pause, gate } = setback;
        if matches!(pause, Pause::Broken) && error.is_unreached() {
            self.schedule.hurry();
        }
        let wait = match pause {
            Pause::Throttled(asked) => self.schedule.throttled(asked),
            Pause::Broken => self.schedule.broken(),
            Pause::Never => return Err(error),
        };
        let Some(wait) = wait else {
            let error = error.after(self.schedule.attempts(), self.schedule.waited());
            if let Some(gate) = gate.filter(|_| error.is_unreached()) {
                gate.unreached(&error, self.began);
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
