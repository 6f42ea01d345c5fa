//! What is temporary, and how long to wait.

use super::Reply;
use std::time::{Duration, SystemTime};

/// How patient a run is.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The first wait after a broken call; it doubles with each further one.
    pub first: Duration,
    /// The longest wait between two attempts that nobody asked for.
    pub longest: Duration,
    /// How many attempts a call gets while the service is broken.
    pub attempts: u32,
    /// How long a call waits in all, throttling included.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(300),
            longest: Duration::from_secs(20),
            attempts: 6,
            patience: Duration::from_secs(300),
        }
    }
}

impl Retry {
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule { retry: self.clone(), broken: 0, attempts: 1, waited: Duration::ZERO }
    }
}

/// The waits of one call.
#[derive(Debug)]
pub(crate) struct Schedule {
    retry: Retry,
    broken: u32,
    attempts: u32,
    waited: Duration,
}

impl Schedule {
    /// Returns how long to wait after a failure of the service or the way to it, or `None` when it is enough.
    pub(crate) fn broken(&mut self) -> Option<Duration> {
        self.broken += 1;
        (self.broken < self.retry.attempts).then(|| self.backoff()).and_then(|wait| self.grant(wait))
    }

    /// Counts a failure twice: where nobody answers, each attempt costs a time-out.
    pub(crate) fn hurry(&mut self) {
        self.broken += 1;
    }

    /// Returns how long to wait when a service said that it had enough: never less than it asked for.
    pub(crate) fn throttled(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = match asked {
            Some(asked) => asked.max(self.retry.first),
            None => {
                self.broken += 1;
                self.backoff()
            }
        };
        self.grant(wait)
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    fn backoff(&self) -> Duration {
        let doubled = self.retry.first.saturating_mul(1 << self.broken.saturating_sub(1).min(16));
        // Spread, so that workers who failed together do not come back together.
        let spread = u32::from(uuid::Uuid::new_v4().as_bytes()[0]) + 256;
        (doubled * spread / 384).min(self.retry.longest)
    }

    fn grant(&mut self, wait: Duration) -> Option<Duration> {
        if self.waited.saturating_add(wait) > self.retry.patience {
            return None;
        }
        self.attempts += 1;
        self.waited += wait;
        Some(wait)
    }
}

pub(super) enum Verdict {
    Final,
    Throttled(Option<Duration>),
    Broken,
}

/// Says whether an answer is worth another try: throttling, or a fault of the service's own.
pub(super) fn verdict(reply: &Reply) -> Verdict {
    match reply.status.as_u16() {
        429 => Verdict::Throttled(retry_after(reply)),
        // 503 with a time is throttling by another name (RFC 9110, 15.6.4).
        503 => match retry_after(reply) {
            Some(wait) => Verdict::Throttled(Some(wait)),
            None => Verdict::Broken,
        },
        408 | 500 | 502 | 504 => Verdict::Broken,
        _ => Verdict::Final,
    }
}

/// The longest time that a host is understood to ask for. Nobody waits that long, so that it is refused as any longer
/// one would be; and whoever adds it to a moment or to another time stays within what those can hold.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `Retry-After`, seconds or a date (RFC 9110, 10.2.3); at most a day.
pub(crate) fn retry_after(reply: &Reply) -> Option<Duration> {
    let text = reply.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(MOST));
    }
    let format = time::format_description::well_known::Rfc2822;
    let date = time::OffsetDateTime::parse(&text.replace("GMT", "+0000"), &format).ok()?;
    Some(SystemTime::from(date).duration_since(SystemTime::now()).ok()?.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_was_asked_for_is_never_shortened() {
        let mut schedule = Retry::default().schedule();
        assert_eq!(schedule.throttled(Some(Duration::from_secs(30))), Some(Duration::from_secs(30)));
    }

    #[test]
    fn no_wait_is_too_long_to_be_refused() {
        for forever in [Duration::from_secs(u64::MAX), Duration::MAX] {
            let mut schedule = Retry::default().schedule();
            assert!(schedule.throttled(Some(Duration::from_secs(1))).is_some());
            assert_eq!(schedule.throttled(Some(forever)), None);
        }
    }

    #[test]
    fn no_host_asks_for_more_than_a_moment_can_hold() {
        for text in ["18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            let asked = super::super::probe::asked(text).unwrap();
            assert_eq!(asked, MOST, "{text}");
        }
        assert_eq!(super::super::probe::asked("7"), Some(Duration::from_secs(7)));
    }

    #[test]
    fn patience_ends() {
        let mut schedule = Retry::default().schedule();
        assert_eq!(schedule.throttled(Some(Duration::from_secs(301))), None);
        let mut schedule = Retry::default().schedule();
        let waits = std::iter::from_fn(|| schedule.broken()).count();
        assert_eq!((waits, schedule.attempts()), (5, 6));
    }

    #[test]
    fn waits_grow_and_stay_below_the_longest() {
        let mut schedule = Retry { attempts: 20, ..Retry::default() }.schedule();
        let waits: Vec<_> = std::iter::from_fn(|| schedule.broken()).collect();
        assert!(waits[4] > waits[0]);
        assert!(waits.iter().all(|&wait| wait <= Duration::from_secs(20)));
    }
}
