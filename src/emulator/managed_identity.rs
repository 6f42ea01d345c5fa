//! The instance metadata service, which gives a virtual machine the tokens of its identity.
//!
//! Exchange as in the captures `login-managed-identity-*`; documentation: "How to use managed identities for Azure
//! resources on an Azure VM to acquire an access token".

use super::{
    World,
    call::{Call, Reply, json_reply},
    entra::entra_token,
    token::seconds,
};
use axum::http::StatusCode;
use serde_json::json;

pub(super) fn answer(world: &World, call: &Call) -> Reply {
    if call.path != "/metadata/identity/oauth2/token" {
        return json_reply(StatusCode::NOT_FOUND, &json!({"error": "not_found"}));
    }
    // Clients probe with no header to learn whether the service is there at all.
    if !call.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return refuse("invalid_request", "Required metadata header not specified");
    }
    let Some(resource) = call.query("resource") else {
        return refuse("invalid_request", "Required query variable 'resource' is missing");
    };
    let state = world.state();
    let wanted = call.query("client_id").or(state.managed_identity.as_deref());
    let found = wanted.filter(|wanted| state.managed_identity.as_deref() == Some(wanted));
    let principal = found.and_then(|client_id| state.principal(client_id)).cloned();
    drop(state);
    let Some(principal) = principal else { return refuse("invalid_request", "Identity not found") };
    let (token, lifetime) = entra_token(world, &principal, resource);
    let now = seconds();
    let body = json!({
        "access_token": token, "client_id": principal.client_id, "expires_in": lifetime.to_string(),
        "expires_on": (now + lifetime).to_string(), "ext_expires_in": lifetime.to_string(),
        "not_before": now.to_string(), "resource": resource, "token_type": "Bearer",
    });
    json_reply(StatusCode::OK, &body)
}

fn refuse(error: &str, text: &str) -> Reply {
    json_reply(StatusCode::BAD_REQUEST, &json!({"error": error, "error_description": text}))
}
