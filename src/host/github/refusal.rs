//! Refusal: why GitHub did not do what it was asked, and what that means for a second try.

use super::api::until;
use reqwest::header::HeaderMap;
use std::{fmt, time::Duration};

/// The most characters of an answer that are shown: a gateway answers with whole pages.
const LONGEST: usize = 300;

/// A request that did not do what it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApiError {
    /// The token may not do this: a fork's or Dependabot's, or a missing permission.
    NotAllowed(String),
    /// There is no such thing, or the token may not see it.
    NotFound(String),
    /// A rate limit, and how long to wait if GitHub said so.
    Limited(Option<Duration>),
    /// GitHub said no.
    Refused(String),
    /// What was asked for is there and is no list.
    Unfit(String),
    /// A fault of GitHub's or of the way there: it may or may not have been done.
    Unclear(String),
}

impl ApiError {
    /// Reads the library's error; its own display of a refusal is the word `GitHub`.
    pub(super) fn read(error: &octocrab::Error) -> Self {
        match error {
            octocrab::Error::GitHub { source, .. } => {
                let none = HeaderMap::new();
                // What is wrong with a request stands beside the message, which is `Validation Failed`.
                let details = source.errors.iter().flatten().map(|detail| format!(" {detail}")).collect::<String>();
                let text = format!("{}{details}", source.message);
                Self::status(source.status_code.as_u16(), source.headers.as_ref().unwrap_or(&none), &text)
            }
            other => {
                let mut text = other.to_string();
                let mut cause = std::error::Error::source(other);
                while let Some(error) = cause {
                    text = format!("{text}: {error}");
                    cause = error.source();
                }
                Self::Unclear(crate::report::escape::cut(&text, LONGEST))
            }
        }
    }

    /// Reads a status with its headers, in the order of the docs ("Rate limits for the REST API").
    pub(super) fn status(status: u16, headers: &HeaderMap, text: &str) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let is_spent = number("x-ratelimit-remaining") == Some(0);
        let after = number("retry-after").map(Duration::from_secs);
        let text = format!("{status} {}", crate::report::escape::cut(text, LONGEST));
        match status {
            403 | 429 if after.is_some() => Self::Limited(after),
            403 | 429 if is_spent => Self::Limited(number("x-ratelimit-reset").map(until)),
            429 => Self::Limited(None),
            403 if text.to_ascii_lowercase().contains("rate limit") => Self::Limited(None),
            401 | 403 => Self::NotAllowed(text),
            404 => Self::NotFound(text),
            500.. => Self::Unclear(text),
            _ => Self::Refused(text),
        }
    }

    /// Says what was not done, and which permission it takes where that is the likely reason.
    pub(super) fn told(&self, what: &str, permission: &str) -> String {
        match self {
            Self::NotAllowed(_) | Self::NotFound(_) => {
                format!("{what}: {self}; the job needs `permissions: {permission}`")
            }
            Self::Limited(_) | Self::Refused(_) | Self::Unfit(_) | Self::Unclear(_) => format!("{what}: {self}"),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(text) | Self::NotFound(text) | Self::Refused(text) => {
                write!(f, "GitHub answered {text}")
            }
            Self::Unfit(text) => f.write_str(text),
            Self::Limited(Some(wait)) => write!(f, "GitHub asks to wait {} s, a rate limit", wait.as_secs()),
            Self::Limited(None) => f.write_str("GitHub's rate limit is reached"),
            Self::Unclear(text) => write!(f, "GitHub did not answer as it should: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &str)], text: &str) -> ApiError {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        ApiError::status(status, &headers, text)
    }

    #[test]
    fn a_missing_permission_is_no_rate_limit() {
        let refused = read(403, &[("x-ratelimit-remaining", "999")], "Resource not accessible by integration");
        assert!(matches!(refused, ApiError::NotAllowed(_)));
        assert!(refused.told("not posted", "pull-requests: write").ends_with("`permissions: pull-requests: write`"));
        let seconds = |wait| ApiError::Limited(Some(Duration::from_secs(wait)));
        assert_eq!(read(403, &[("retry-after", "7")], "You have exceeded a secondary rate limit"), seconds(7));
        assert_eq!(read(429, &[], ""), ApiError::Limited(None));
        assert_eq!(read(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")], ""), seconds(0));
        assert!(matches!(read(502, &[], "<html>"), ApiError::Unclear(_)));
        assert!(matches!(read(422, &[], "Validation Failed"), ApiError::Refused(_)));
    }
}
