//! Ask: one request of somebody who is known, to a repository that is there.

use super::{
    organization::{Organization, Right, Token},
    refusal::{Fault, error},
};
use crate::emulator::call::{Call, Refusal, Reply, html, with};
use axum::http::StatusCode;
use serde_json::Value;

pub(super) struct Ask<'a> {
    pub(super) call: &'a Call,
    pub(super) token: Token,
    /// The organization's address, without a slash at the end.
    pub(super) root: String,
}

/// Finds out who asks.
///
/// A browser is led to a page where people sign in; whoever does not want that says so by a header, as Microsoft's own
/// clients do (azure-devops-node-api, `VsoClient.ts`).
pub(super) fn authenticate(organization: &Organization, call: &Call) -> Result<Token, Refusal> {
    let given = call.bearer().map(str::to_owned).or_else(|| call.basic().map(|(_, password)| password));
    let found = organization.tokens.iter().find(|token| Some(&token.name) == given.as_ref());
    found.cloned().ok_or_else(|| {
        let suppressed = call.header("x-tfs-fedauthredirect").is_some_and(|value| value == "Suppress");
        if suppressed {
            let reply = error(
                StatusCode::UNAUTHORIZED,
                Fault::UNAUTHORIZED,
                "TF400813: The user '' is not authorized to access this resource.",
            );
            Box::new(with(
                reply,
                "www-authenticate",
                "Bearer authorization_uri=https://login.microsoftonline.com/, Basic realm=\"https://dev.azure.com/\"",
            ))
        } else {
            Box::new(html(StatusCode::NON_AUTHORITATIVE_INFORMATION))
        }
    })
}

impl Ask<'_> {
    /// Refuses without a right, in the words that `TF401027` has in many reports.
    pub(super) fn need(&self, right: Right) -> Result<(), Refusal> {
        if self.token.rights.contains(&right) {
            return Ok(());
        }
        let id = &self.token.identity.id;
        Err(Box::new(match right {
            Right::Read => error(
                StatusCode::NOT_FOUND,
                Fault::NO_REPOSITORY,
                "TF401019: The Git repository with name or identifier does not exist or you do not have \
                    permissions for \
                 the operation you are attempting.",
            ),
            Right::Contribute => error(
                StatusCode::FORBIDDEN,
                Fault::NEEDS_PERMISSION,
                &format!(
                    "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. Details: \
                     identity 'Build\\{id}', scope 'repository'."
                ),
            ),
            Right::Builds => error(
                StatusCode::FORBIDDEN,
                Fault::NO_BUILDS,
                &format!("TF215106: Access denied. Build\\{id} needs View builds permissions for build pipeline 12."),
            ),
        }))
    }

    /// Returns the body of a request that changes something.
    pub(super) fn body(&self) -> Result<Value, Refusal> {
        let is_json = self.call.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            let why = "TF400898: An Internal Error Occurred: the request has no media type of JSON.";
            return Err(Box::new(error(StatusCode::UNSUPPORTED_MEDIA_TYPE, Fault::MEDIA_TYPE, why)));
        }
        match self.call.json() {
            Some(body) if body.is_object() => Ok(body),
            _ => Err(invalid("Value cannot be null. Parameter name: body")),
        }
    }
}

/// Refuses an argument.
pub(super) fn invalid(what: &str) -> Refusal {
    Box::new(error(StatusCode::BAD_REQUEST, Fault::ARGUMENT, what))
}

/// Answers a list as every list is answered.
pub(super) fn list(items: Vec<Value>) -> Reply {
    let body = serde_json::json!({"count": items.len(), "value": items});
    crate::emulator::call::json_reply(StatusCode::OK, &body)
}
