//! Refusal: GitHub's errors, read.

use super::api::until;
use crate::{host::refusal::ApiError, report::escape};
use reqwest::header::HeaderMap;
use std::time::Duration;

/// The most characters of an answer that are shown: a gateway answers with whole pages.
const LONGEST: usize = 300;

/// How long to wait at least for a secondary limit that names no time (the same docs).
const SECONDARY: Duration = Duration::from_secs(60);

/// Reads the library's error; its own display of a refusal is the word `GitHub`.
pub(super) fn read(error: &octocrab::Error) -> ApiError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let none = HeaderMap::new();
            // What is wrong with a request stands beside the message, which is `Validation Failed`.
            let details = source.errors.iter().flatten().map(|detail| format!(" {detail}")).collect::<String>();
            let text = format!("{}{details}", source.message);
            status(source.status_code.as_u16(), source.headers.as_ref().unwrap_or(&none), &text)
        }
        other => {
            let mut text = other.to_string();
            let mut cause = std::error::Error::source(other);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            unclear(&text)
        }
    }
}

/// Returns the status of an answer; the library does not tell which success it was.
pub(super) fn of<T>(answer: &octocrab::Result<T>) -> Option<u16> {
    match answer {
        Ok(_) => Some(200),
        Err(octocrab::Error::GitHub { source, .. }) => Some(source.status_code.as_u16()),
        Err(_) => None,
    }
}

/// Returns the error of a request that nobody knows the fate of.
pub(super) fn unclear(text: &str) -> ApiError {
    ApiError::Unclear(format!("GitHub did not answer as it should: {}", escape::cut(text, LONGEST)))
}

/// Reads a status with its headers, in the order of the docs ("Rate limits for the REST API").
pub(super) fn status(status: u16, headers: &HeaderMap, text: &str) -> ApiError {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let is_spent = number("x-ratelimit-remaining") == Some(0);
    let after = number("retry-after").map(Duration::from_secs);
    let text = escape::cut(text, LONGEST);
    let lower = text.to_ascii_lowercase();
    let answered = format!("GitHub answered {status} {text}");
    match status {
        403 | 429 if after.is_some() => ApiError::Limited(after),
        403 | 429 if is_spent => ApiError::Limited(number("x-ratelimit-reset").map(until)),
        403 | 429 if lower.contains("secondary rate limit") => ApiError::Limited(Some(SECONDARY)),
        429 => ApiError::Limited(None),
        403 if lower.contains("rate limit") => ApiError::Limited(None),
        401 | 403 => ApiError::NotAllowed(answered),
        404 => ApiError::NotFound(answered),
        500.. => unclear(&format!("{status} {text}")),
        _ => ApiError::Refused(answered),
    }
}

/// Returns what a job that lacks a permission has to be given.
pub(super) fn needs(permission: &str) -> String {
    format!("the job needs `permissions: {permission}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: u16, headers: &[(&'static str, &str)], text: &str) -> ApiError {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        status(code, &headers, text)
    }

    #[test]
    fn a_missing_permission_is_no_rate_limit() {
        let refused = read(403, &[("x-ratelimit-remaining", "999")], "Resource not accessible by integration");
        assert!(matches!(refused, ApiError::NotAllowed(_)));
        let told = refused.told("not posted", &needs("pull-requests: write"));
        assert!(told.ends_with("`permissions: pull-requests: write`"), "{told}");
        let seconds = |wait| ApiError::Limited(Some(Duration::from_secs(wait)));
        assert_eq!(read(403, &[("retry-after", "7")], "You have exceeded a secondary rate limit"), seconds(7));
        assert_eq!(read(403, &[], "You have exceeded a secondary rate limit"), seconds(60));
        assert_eq!(read(429, &[], ""), ApiError::Limited(None));
        assert_eq!(read(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")], ""), seconds(0));
        assert!(matches!(read(502, &[], "<html>"), ApiError::Unclear(_)));
        assert!(matches!(read(422, &[], "Validation Failed"), ApiError::Refused(_)));
    }
}
