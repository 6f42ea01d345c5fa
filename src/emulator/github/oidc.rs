//! OIDC: the identity tokens of a job.
//!
//! Docs, "OpenID Connect reference": the request, the claims, and both forms of the subject.

use super::{DOT_COM, hub::Repository};
use crate::emulator::{
    World,
    call::{Call, Reply, json_reply},
    token::Kind,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// The host that gives the jobs of github.com their tokens.
pub(in crate::emulator) const HOST: &str = "pipelines.actions.githubusercontent.com";
/// A token is valid for five minutes.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);

/// What a job is given to ask for identity tokens with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcRequest {
    /// The value of `ACTIONS_ID_TOKEN_REQUEST_URL`.
    pub url: String,
    /// The value of `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub token: String,
}

/// A job that may ask for identity tokens.
pub(super) struct Job {
    path: String,
    token: String,
    issuer: String,
    /// Whom a token is for when the job does not say.
    audience: String,
    lifetime: Duration,
    claims: Value,
}

/// Returns who signs the tokens of a server's jobs.
pub(super) fn issuer(server: &str) -> String {
    match server {
        DOT_COM => "https://token.actions.githubusercontent.com".to_owned(),
        _ => format!("https://{server}/_services/token"),
    }
}

/// Returns the subject of a job in a context: `pull_request`, `ref:refs/heads/main`, `environment:prod`.
///
/// A colon inside the context's value is written `%3A`.
pub(super) fn subject(repository: &Repository, context: &str) -> String {
    let context = match context.split_once(':') {
        Some((kind, value)) => format!("{kind}:{}", value.replace(':', "%3A")),
        None => context.to_owned(),
    };
    let (owner, name) = (repository.owner(), repository.name());
    // An Enterprise Server knows only the older form.
    if repository.has_immutable_subjects && repository.server == DOT_COM {
        return format!("repo:{owner}@{}/{name}@{}:{context}", repository.owner_id(), repository.id);
    }
    format!("repo:{owner}/{name}:{context}")
}

impl Job {
    pub(super) fn new(repository: &Repository, context: &str) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (full_name, owner) = (&repository.full_name, repository.owner());
        let reference = match context.split_once(':') {
            Some(("ref", reference)) => reference.to_owned(),
            _ if context == "pull_request" => "refs/pull/1/merge".to_owned(),
            _ => format!("refs/heads/{}", repository.default_branch),
        };
        let event = if context == "pull_request" { "pull_request" } else { "push" };
        let workflow = format!("{full_name}/.github/workflows/images.yml@{reference}");
        let environment = context.strip_prefix("environment:");
        let mut claims = json!({
            "sub": subject(repository, context), "ref": reference, "ref_type": "branch", "repository": full_name,
            "repository_id": repository.id.to_string(), "repository_owner": owner,
            "repository_owner_id": repository.owner_id().to_string(), "repository_visibility": "private",
            "event_name": event, "workflow": "images", "workflow_ref": workflow, "job_workflow_ref": workflow,
            "run_id": "1", "run_number": "1", "run_attempt": "1", "actor": "octavia",
            "runner_environment": "github-hosted",
        });
        if let Some(environment) = environment {
            claims["environment"] = environment.into();
        }
        let (server, prefix) =
            (&repository.server, if repository.server == DOT_COM { "" } else { "/_services/pipelines" });
        Self {
            path: format!("{prefix}/{id}//idtoken/{id}/{}", repository.id),
            token: format!("job-{}", uuid::Uuid::new_v4().simple()),
            issuer: issuer(server),
            audience: format!("https://{server}/{owner}"),
            lifetime: repository.identity_lifetime,
            claims,
        }
    }

    pub(super) fn request(&self, server: &str) -> OidcRequest {
        let host = if server == DOT_COM { HOST } else { server };
        // The address has a query already; the audience is one more parameter of it.
        OidcRequest { url: format!("https://{host}{}?api-version=2.0", self.path), token: self.token.clone() }
    }
}

/// Answers a job that asks for its identity token.
pub(in crate::emulator) fn answer(world: &World, call: &Call) -> Reply {
    let (claims, lifetime) = {
        let state = world.state();
        let job = state.github.jobs.iter().find(|job| job.path == call.path);
        match job {
            None => return json_reply(StatusCode::NOT_FOUND, &json!({"message": "Not Found"})),
            Some(job) if call.bearer() != Some(job.token.as_str()) => {
                return json_reply(StatusCode::UNAUTHORIZED, &json!({"message": "Unauthorized"}));
            }
            Some(_) if call.method != Method::GET => {
                return json_reply(StatusCode::METHOD_NOT_ALLOWED, &json!({"message": "Method Not Allowed"}));
            }
            Some(job) => {
                let mut claims = job.claims.clone();
                claims["iss"] = job.issuer.as_str().into();
                claims["aud"] = call.query("audience").unwrap_or(&job.audience).into();
                (claims, job.lifetime)
            }
        }
    };
    let token = world.mint().issue(Kind::Access, lifetime, claims);
    json_reply(StatusCode::OK, &json!({"count": token.len(), "value": token}))
}
