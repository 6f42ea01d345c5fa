//! Patience: a request to a host is sent until there is an answer that is final.

use super::refusal::ApiError;
use crate::http::Retry;
use std::time::Duration;

/// The longest that a run waits in all for a rate limit: a report is not worth more of a runner's time.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Twice is as good as once.
    Yes,
    /// Twice would be two.
    No,
}

/// Sends until there is an answer that is final.
pub(super) async fn patiently<T>(
    retry: &Retry,
    again: Again,
    send: impl AsyncFn() -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let mut schedule = retry.schedule();
    let mut limited = Duration::ZERO;
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = match &error {
            ApiError::Limited(Some(wait)) if limited + *wait <= LONGEST_WAIT => {
                limited += *wait;
                schedule.throttled(Some(*wait))
            }
            ApiError::Unclear(_) if again == Again::Yes => schedule.broken(),
            _ => None,
        };
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(error),
        }
    }
}
