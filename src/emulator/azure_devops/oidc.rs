//! OIDC: the identity tokens of service connections with workload identity federation.

use super::{
    ask::{authenticate, invalid},
    refusal::{Fault, error},
    route::no_route,
};
use crate::emulator::{
    World,
    call::{Call, Refusal, Reply, json_reply},
    token::Kind,
};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

/// About how long such a token is valid (azure-cli#28708).
const LIFETIME: Duration = Duration::from_secs(600);

/// A service connection to Azure Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConnection {
    /// Its id.
    pub id: String,
    /// Who makes its tokens.
    pub issuer: String,
    /// Whom its tokens are about.
    pub subject: String,
}

/// `POST …/distributedtask/hubs/{hubName}/plans/{planId}/jobs/{jobId}/oidctoken`
pub(super) fn answer(world: &World, call: &Call, segments: &[&str]) -> Result<Reply, Refusal> {
    let state = world.state();
    authenticate(&state.azure_devops, call)?;
    let [_, _, "_apis", "distributedtask", "hubs", "build", "plans", _, "jobs", _, "oidctoken"] = segments else {
        return Err(no_route());
    };
    if call.method != Method::POST {
        let why = "The requested resource does not support http method.";
        return Err(Box::new(error(StatusCode::METHOD_NOT_ALLOWED, Fault::NO_ROUTE, why)));
    }
    if call.header("content-length").is_none() {
        return Err(Box::new(error(StatusCode::LENGTH_REQUIRED, Fault::NO_ROUTE, "Length Required")));
    }
    if call.query("api-version").is_none() {
        return Err(invalid("No api-version was supplied for the \"POST\" request."));
    }
    let id = call.query("serviceConnectionId").unwrap_or_default();
    let connection = state.azure_devops.connections.iter().find(|connection| connection.id == id).cloned();
    drop(state);
    let Some(connection) = connection else {
        return Err(invalid(&format!("No service connection found with identifier {id}.")));
    };
    let claims = json!({"iss": connection.issuer, "sub": connection.subject, "aud": "api://AzureADTokenExchange"});
    let token = world.mint().issue(Kind::Access, LIFETIME, claims);
    Ok(json_reply(StatusCode::OK, &json!({ "oidcToken": token })))
}
