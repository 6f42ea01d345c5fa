//! The fields that tell of requests: names and units as OpenTelemetry's conventions for HTTP clients have them, in words.

use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Requests {
    /// How many were sent, repetitions and redirects included.
    pub sent: usize,
    /// All of them, counted by what they were for, host and method.
    pub classes: Vec<RequestClass>,
    /// The first 2,000 that ended, in the order of their ends.
    pub listed: Vec<Request>,
    /// How many more ended, which only the classes count.
    pub more: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct RequestClass {
    /// The part of the run: `event`, `sign-in`, `plan`, `signatures`, `import`, `upkeep`; empty for what is none of them.
    pub purpose: &'static str,
    /// The host; empty for those beyond 200 classes.
    pub host: String,
    pub method: String,
    pub count: usize,
    /// Those without an answer, or with one from 400 on.
    pub failed: usize,
    /// How long they took, one after the other.
    pub milliseconds: f64,
    /// How long the longest took.
    pub longest_milliseconds: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Request {
    /// What requests like it have in common: the method and, where it is known, the route.
    pub name: String,
    /// The part of the run, as of the class.
    pub purpose: &'static str,
    /// The line of the list that it was sent for, from 1.
    pub line: Option<u32>,
    pub method: String,
    /// The host, with a port that is not the usual one.
    pub host: String,
    /// The path without a query; null where a redirect led to it.
    pub path: Option<String>,
    /// What was answered; null where nothing was, or it was given up.
    pub status: Option<u16>,
    /// When it was sent, in UTC (RFC 3339).
    pub start: String,
    /// Until its answer was read.
    pub milliseconds: f64,
    /// The how-manieth try of its call it was, from 1.
    pub attempt: u32,
}
