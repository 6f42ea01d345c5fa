//! The token exchanges of an Azure registry (section 6.2, `wire-dataplane-auth.json`).

use super::access;
use crate::emulator::{
    World,
    call::{Call, Reply, field, json_reply, registry_error},
    state::{Azure, State},
    token::Kind,
    world::TENANT,
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// A refresh token lives about three hours, an access token 75 minutes (section 6.2).
const REFRESH_LIFETIME: Duration = Duration::from_secs(3 * 3600);
const ACCESS_LIFETIME: Duration = Duration::from_secs(4500);

/// Exchanges an Entra token for a refresh token.
pub(super) fn exchange(world: &World, call: &Call, azure: &Azure) -> Reply {
    let form = call.form();
    if field(&form, "service") != Some(&azure.login_server) && !call.is_direct {
        return bad_request("service is invalid");
    }
    if field(&form, "tenant").is_some_and(|tenant| tenant != TENANT) {
        return unauthorized();
    }
    if !matches!(field(&form, "grant_type"), Some("access_token" | "access_token_refresh_token")) {
        return bad_request("grant_type is not supported");
    }
    let token = field(&form, "access_token").unwrap_or_default();
    let Some(claims) = world.mint().read_valid(Kind::Entra, token) else { return unauthorized() };
    let audience = claims["aud"].as_str().unwrap_or_default().trim_end_matches('/');
    // A token for Resource Manager is taken as well, unless the registry's policy says no (section 1.1).
    let is_meant = audience == "https://containerregistry.azure.net"
        || audience.starts_with("https://management.") && azure.arm_tokens;
    let client_id = claims["appid"].as_str().unwrap_or_default();
    let state = world.state();
    let rights = state.principal(client_id).map(|principal| principal.rights.clone()).unwrap_or_default();
    drop(state);
    // An identity without any role here fails at this door (section 6.2).
    let has_role = !rights.actions(&azure.name, azure.abac).is_empty() || rights.may_list(&azure.name, azure.abac);
    if !is_meant || !has_role {
        return unauthorized();
    }
    let claims = json!({
        "iss": "Azure Container Registry", "aud": azure.login_server, "tenant": TENANT, "version": "1.0",
        "appid": client_id, "oid": claims["oid"], "rid": azure.name,
    });
    let token = world.mint().issue(Kind::Refresh, REFRESH_LIFETIME, claims);
    json_reply(StatusCode::OK, &json!({"refresh_token": token}))
}

/// Gives an access token for a refresh token or a password.
pub(super) fn token(world: &World, call: &Call, azure: &Azure) -> Reply {
    let form = call.form();
    let (user, password) = match field(&form, "grant_type") {
        Some("refresh_token") => (access::TOKEN_USER, field(&form, "refresh_token").unwrap_or_default()),
        Some("password") => {
            (field(&form, "username").unwrap_or_default(), field(&form, "password").unwrap_or_default())
        }
        _ => return bad_request("grant_type is not supported"),
    };
    give(world, call, azure, user, password, &form)
}

/// The same by GET, with Basic credentials or none, as docker and skopeo ask.
pub(super) fn token_by_query(world: &World, call: &Call, azure: &Azure) -> Reply {
    let (user, password) = call.basic().unwrap_or_default();
    give(world, call, azure, &user, &password, &call.query)
}

fn give(world: &World, call: &Call, azure: &Azure, user: &str, password: &str, asked: &[(String, String)]) -> Reply {
    if field(asked, "service") != Some(&azure.login_server) && !call.is_direct {
        return bad_request("service is invalid");
    }
    let state = world.state();
    let is_anybody = user.is_empty() && password.is_empty() && azure.anonymous_pull;
    if !is_anybody && !access::is_user(&state, world.mint(), azure, user, password) {
        return unauthorized();
    }
    let scopes = asked.iter().filter(|(name, _)| name == "scope").flat_map(|(_, scope)| scope.split(' '));
    let access: Vec<Value> = scopes.filter_map(|scope| grant(&state, world, azure, user, password, scope)).collect();
    drop(state);
    let claims = json!({
        "iss": "Azure Container Registry", "aud": azure.login_server, "version": "1.0", "rid": azure.name,
        "abac": azure.abac, "access": access,
    });
    let token = world.mint().issue(Kind::Access, ACCESS_LIFETIME, claims);
    json_reply(StatusCode::OK, &json!({"access_token": token}))
}

/// Returns what of a scope is granted, which may be less than was asked (section 6.2).
fn grant(state: &State, world: &World, azure: &Azure, user: &str, password: &str, scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    if (kind, name) == ("registry", "catalog") {
        let may_list = access::may_list(state, world.mint(), azure, user, password);
        return Some(json!({"type": kind, "name": name, "actions": if may_list { vec!["*"] } else { vec![] }}));
    }
    let allowed = access::actions_of_user(state, world.mint(), azure, user, password, name);
    let granted: Vec<_> = actions.split(',').filter(|action| allowed.iter().any(|it| it == action)).collect();
    (kind == "repository").then(|| json!({"type": kind, "name": name, "actions": granted}))
}

fn unauthorized() -> Reply {
    let text = format!(
        "authentication required, visit https://aka.ms/acr/authorization for more information. CorrelationId: {}",
        uuid::Uuid::new_v4()
    );
    registry_error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", &text, &Value::Null)
}

fn bad_request(text: &str) -> Reply {
    registry_error(StatusCode::BAD_REQUEST, "BAD_REQUEST", text, &Value::Null)
}
