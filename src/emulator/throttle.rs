//! Throttle: how many requests Resource Manager and a registry of the Basic tier let through (ACR wire facts, 8.1 and 8.2).

use super::{call::Call, hosts::Place};
use axum::http::Method;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Token buckets, one for each host, caller and kind of request.
#[derive(Default)]
pub(super) struct Throttle(BTreeMap<(String, String, Kind), Bucket>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Read,
    Write,
    Delete,
    SignIn,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Throttle {
    /// Takes a request's token; returns how long to wait where there is none.
    pub(super) fn take(&mut self, place: &Place, call: &Call) -> Option<Duration> {
        let kind = match call.method {
            _ if call.path.contains("/oauth2/") => Kind::SignIn,
            Method::GET | Method::HEAD | Method::OPTIONS => Kind::Read,
            Method::DELETE => Kind::Delete,
            _ => Kind::Write,
        };
        let (most, rate) = limit(place, kind)?;
        // Two callers with tokens are one here: a run has one identity.
        let caller = call.basic().map(|(user, _)| user).unwrap_or_default();
        let now = Instant::now();
        let bucket = self.0.entry((call.host.clone(), caller, kind)).or_insert(Bucket { left: most, at: now });
        bucket.left = (bucket.left + now.duration_since(bucket.at).as_secs_f64() * rate).min(most);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Some(Duration::from_secs_f64((1.0 - bucket.left) / rate));
        }
        bucket.left -= 1.0;
        None
    }
}

/// How many requests there are at first, and how many more each second.
fn limit(place: &Place, kind: Kind) -> Option<(f64, f64)> {
    let a_minute = |most: f64| (most, most / 60.0);
    match (place, kind) {
        (Place::Arm, Kind::Read) => Some((250.0, 25.0)),
        (Place::Arm, Kind::Write | Kind::Delete) => Some((200.0, 10.0)),
        (Place::Registry(_), Kind::Read) => Some(a_minute(5_000.0)),
        (Place::Registry(_), Kind::Write) => Some(a_minute(1_000.0)),
        (Place::Registry(_), Kind::Delete) => Some(a_minute(500.0)),
        (Place::Registry(_), Kind::SignIn) => Some(a_minute(10_000.0)),
        _ => None,
    }
}
