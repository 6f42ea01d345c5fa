//! Refusal: why a host did not do what it was asked, and what that means for a second try.

use std::{fmt, time::Duration};

/// A request that did not do what it was for. The texts say who answered what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApiError {
    /// The token may not do this: a fork's, one without the right, or one that is no longer good.
    NotAllowed(String),
    /// There is no such thing, or the token may not see it.
    NotFound(String),
    /// A rate limit, and how long to wait if the host said so.
    Limited(Option<Duration>),
    /// The host said no.
    Refused(String),
    /// What was asked for is there and is no list.
    Unfit(String),
    /// A fault of the host's or of the way there: it may or may not have been done.
    Unclear(String),
}

impl ApiError {
    /// Says what was not done, and what it takes where a missing right is the likely reason.
    pub(super) fn told(&self, what: &str, remedy: &str) -> String {
        match self {
            Self::NotAllowed(_) | Self::NotFound(_) => format!("{what}: {self}; {remedy}"),
            Self::Limited(_) | Self::Refused(_) | Self::Unfit(_) | Self::Unclear(_) => format!("{what}: {self}"),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(text)
            | Self::NotFound(text)
            | Self::Refused(text)
            | Self::Unfit(text)
            | Self::Unclear(text) => f.write_str(text),
            Self::Limited(Some(wait)) => write!(f, "the host asks to wait {} s, a rate limit", wait.as_secs()),
            Self::Limited(None) => f.write_str("the host's rate limit is reached"),
        }
    }
}
