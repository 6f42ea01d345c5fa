//! Probe: the readers of foreign headers of this room, for [`crate::fuzz`].

use super::{Reply, Retry, redirect, retry};
use crate::problem::RequestIds;
use bytes::Bytes;
use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
};
use std::time::Duration;

fn headers(name: HeaderName, value: &str) -> Option<HeaderMap> {
    Some(HeaderMap::from_iter([(name, HeaderValue::from_str(value).ok()?)]))
}

/// Returns how long a host with this `Retry-After` wants to be left alone.
pub(super) fn asked(value: &str) -> Option<Duration> {
    let headers = headers(RETRY_AFTER, value)?;
    let url = "https://quay.io/".parse().expect("it is an address");
    let reply =
        Reply { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Bytes::new(), url, ids: RequestIds::default() };
    retry::retry_after(&reply)
}

pub(crate) fn retry_after(value: &str) {
    let asked = asked(value);
    // Whoever waits has often waited before.
    let mut schedule = Retry::default().schedule();
    schedule.throttled(Some(Duration::from_secs(1)));
    let wait = schedule.throttled(asked);
    // Obeyed in full, or not at all.
    assert!(wait.is_none() || asked.is_none() || wait >= asked, "{value}: {wait:?}");
}

/// Returns where a redirect leads, and whether it may be followed.
pub(crate) fn location(from: &Url, value: &str) -> Option<(Url, bool)> {
    let to = redirect::target(from, &headers(LOCATION, value)?)?;
    let may_follow = redirect::may_follow(from, &to);
    Some((to, may_follow))
}
