//! What Resource Manager refused, as it said it.

use crate::{
    credential::{Refused, ids},
    http::{Cause, HttpError, Reply},
    problem::{Problem, RequestIds, Side},
};
use serde::Deserialize;
use std::fmt;

/// A call to Resource Manager that did not do what it was for.
#[derive(Debug, Clone)]
pub enum ArmError {
    /// No answer, or none that is final.
    Http(HttpError),
    /// Signing in failed; the text names what was tried.
    SignIn(Refused),
    /// Resource Manager, or an operation of it, said no.
    Refused(Refusal),
    /// The answer is none of Resource Manager's.
    Unreadable(String),
}

/// A refusal in Resource Manager's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status line's code, 200 for an operation that ended badly.
    pub status: u16,
    /// The service's own code, such as `AuthorizationFailed`; may be empty.
    pub code: String,
    /// The service's own words.
    pub message: String,
    /// What Azure's support asks for.
    pub ids: RequestIds,
}

impl Refusal {
    /// Reads `{"error":{"code","message"}}`, `{"code","message"}`, or keeps the beginning of the body.
    ///
    /// The exact form of a failed import's answer is documented nowhere, so every form that was seen is taken.
    pub(super) fn read(reply: &Reply) -> Self {
        #[derive(Default, Deserialize)]
        struct Inner {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        #[derive(Deserialize)]
        struct Body {
            error: Option<Inner>,
            #[serde(flatten)]
            top: Inner,
        }
        let body: Option<Body> = serde_json::from_slice(&reply.body).ok();
        let Inner { code, mut message } = body.map(|body| body.error.unwrap_or(body.top)).unwrap_or_default();
        if message.is_empty() {
            message = crate::http::excerpt(&reply.body);
        }
        Self { status: reply.status.as_u16(), code, message, ids: reply.ids.clone() }
    }
}

impl ArmError {
    /// Returns whether what was asked for may have been done all the same.
    pub fn is_unclear(&self) -> bool {
        match self {
            Self::Http(error) => !error.is_unconnected(),
            Self::SignIn(_) => false,
            Self::Refused(refusal) => matches!(refusal.status, 408 | 500..=599),
            Self::Unreadable(_) => true,
        }
    }

    /// Returns the failure for a report, where nothing more is known of what was asked.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Http(error) => {
                // A service that answers and answers badly is not a broken way to it.
                let side = if matches!(error.cause(), Cause::Status(..)) { Side::Azure } else { Side::Network };
                let problem = Problem::new(side, error.to_string()).ids(error.ids());
                error.hint().into_iter().fold(problem, Problem::hint)
            }
            // Entra's refusals carry a code of their own; without one it was not reached.
            Self::SignIn(refused) => Problem::new(Side::Azure, self.to_string()).ids(&ids(&refused.why)).hint(match &refused.hint {
                Some(hint) => hint,
                None if refused.why.contains("AADSTS") => {
                    "Check tenant, client and secret or federated credential of this run."
                }
                None => {
                    "Check that this runner may reach the sign-in service (firewall, HTTPS_PROXY), and that it has an identity."
                }
            }),
            Self::Refused(refusal) => super::Failure::read(refusal).problem(refusal),
            Self::Unreadable(_) => Problem::new(Side::Network, self.to_string())
                .hint("A page in the place of Resource Manager's answer comes from a proxy or a wrong cloud setting."),
        }
    }
}

impl fmt::Display for ArmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => write!(f, "{error}"),
            Self::SignIn(refused) => write!(f, "sign-in at Azure failed: {}", refused.why),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Unreadable(why) => write!(f, "Azure answered something that cannot be read: {why}"),
        }
    }
}

impl std::error::Error for ArmError {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code.as_str() {
            "" => write!(f, "Azure answered {}: {}", self.status, self.message),
            code => write!(f, "Azure answered {code}: {}", self.message),
        }?;
        write!(f, "{}", self.ids)
    }
}
