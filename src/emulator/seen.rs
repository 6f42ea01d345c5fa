//! What was asked of the world, for the tests that look.

use std::time::Duration;

/// One request, as it arrived and as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When it arrived, counted from the making of the world.
    pub at: Duration,
    /// The host it was meant for.
    pub host: String,
    /// The method.
    pub method: String,
    /// Path and query; the values of secret parameters are replaced by `***`.
    pub path: String,
    /// The status of the answer; `None` when the connection was broken instead.
    pub status: Option<u16>,
    /// The scheme of its `Authorization` header, such as `Bearer`.
    pub authorization: Option<String>,
    /// Its `x-ms-client-request-id` header.
    pub client_request_id: Option<String>,
    /// Its `Accept` header.
    pub accept: Option<String>,
    /// The number of bytes of its body.
    pub body_bytes: usize,
}

/// Parameters whose values open something: signatures of redirects and operations, tokens, passwords.
const SECRET: [&str; 9] = ["sig", "s", "c", "h", "token", "access_token", "refresh_token", "password", "client_secret"];

/// Returns path and query with the values of secret parameters replaced.
pub(super) fn redacted(path: &str, query: Option<&str>) -> String {
    let Some(query) = query else { return path.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if SECRET.contains(&name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}
