//! Who may do what in an Azure registry: bearer tokens, Basic credentials, and the challenge for neither.

use crate::emulator::{
    World,
    call::{Call, Refusal, registry_error, with},
    state::{Azure, RegistryUser, State},
    token::{Kind, Mint},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The user name that goes with a refresh token (section 6.2).
pub(super) const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// Admits a request to actions on a repository or on the catalogue, or answers the challenge of section 6.1.
pub(super) fn admit(
    world: &World,
    call: &Call,
    azure: &Azure,
    kind: &str,
    name: &str,
    actions: &[&str],
) -> Result<(), Refusal> {
    let allowed = granted(world, call, azure, kind, name);
    if actions.iter().all(|action| allowed.iter().any(|it| it == action)) {
        return Ok(());
    }
    Err(challenge(world, call, azure, Some((kind, name, actions))))
}

/// Admits any valid credentials to `/v2/`.
pub(super) fn ping(world: &World, call: &Call, azure: &Azure) -> Result<(), Refusal> {
    let is_known = match (call.bearer(), call.basic()) {
        (Some(token), _) => access_claims(world.mint(), azure, token).is_some(),
        (None, Some((user, password))) => is_user(&world.state(), world.mint(), azure, &user, &password),
        (None, None) => false,
    };
    if is_known { Ok(()) } else { Err(challenge(world, call, azure, None)) }
}

fn granted(world: &World, call: &Call, azure: &Azure, kind: &str, name: &str) -> Vec<String> {
    if let Some(token) = call.bearer() {
        let Some(claims) = access_claims(world.mint(), azure, token) else { return Vec::new() };
        let entries = claims["access"].as_array().cloned().unwrap_or_default();
        let meant = entries.iter().filter(|entry| entry["type"] == kind && entry["name"] == name);
        let actions = meant.flat_map(|entry| entry["actions"].as_array().cloned().unwrap_or_default());
        return actions.filter_map(|action| action.as_str().map(str::to_owned)).collect();
    }
    let (user, password) = call.basic().unwrap_or_default();
    let state = world.state();
    if kind == "registry" {
        return if may_list(&state, world.mint(), azure, &user, &password) { vec!["*".to_owned()] } else { Vec::new() };
    }
    actions_of_user(&state, world.mint(), azure, &user, &password, name)
}

/// An access token holds at the registry that gave it; one that was fetched before a switch to ABAC mode does not.
fn access_claims(mint: &Mint, azure: &Azure, token: &str) -> Option<Value> {
    let claims = mint.read_valid(Kind::Access, token)?;
    (claims["aud"] == azure.login_server.as_str() && claims["abac"] == azure.abac).then_some(claims)
}

/// Returns the actions that a user name and a password give on a repository; no name and no password is anybody.
///
/// The name of a token user or of the admin; the client id and secret of an application; the zero id and a refresh
/// token; or no name and an Entra token (section 5.1, "source ACR by credentials").
pub(in super::super) fn actions_of_user(
    state: &State,
    mint: &Mint,
    azure: &Azure,
    user: &str,
    password: &str,
    repository: &str,
) -> Vec<String> {
    if user.is_empty() && password.is_empty() {
        let may_pull = azure.anonymous_pull;
        return if may_pull { vec!["pull".to_owned(), "metadata_read".to_owned()] } else { Vec::new() };
    }
    if let Some(user) = own_user(azure, user, password) {
        return match &user.actions {
            None => ["pull", "push", "delete", "metadata_read", "metadata_write"].map(str::to_owned).to_vec(),
            Some(actions) => actions.iter().filter_map(|action| from_scope_map(action, repository)).collect(),
        };
    }
    let Some(client_id) = client_of(state, mint, azure, user, password) else { return Vec::new() };
    let actions = state.principal(&client_id).map(|it| it.rights.actions(&azure.name, azure.abac)).unwrap_or_default();
    actions.into_iter().map(str::to_owned).collect()
}

/// Tokens with a scope map cannot list the catalogue (section 6.3).
pub(super) fn may_list(state: &State, mint: &Mint, azure: &Azure, user: &str, password: &str) -> bool {
    if let Some(user) = own_user(azure, user, password) {
        return user.actions.is_none();
    }
    let client_id = client_of(state, mint, azure, user, password);
    let principal = client_id.and_then(|client_id| state.principal(&client_id));
    principal.is_some_and(|principal| principal.rights.may_list(&azure.name, azure.abac))
}

pub(super) fn is_user(state: &State, mint: &Mint, azure: &Azure, user: &str, password: &str) -> bool {
    own_user(azure, user, password).is_some() || client_of(state, mint, azure, user, password).is_some()
}

fn own_user<'a>(azure: &'a Azure, user: &str, password: &str) -> Option<&'a RegistryUser> {
    azure.users.iter().find(|known| known.name == user && known.password == password)
}

/// Returns the application behind credentials.
fn client_of(state: &State, mint: &Mint, azure: &Azure, user: &str, password: &str) -> Option<String> {
    let named = state.principal(user).filter(|principal| principal.secret.as_deref() == Some(password));
    if let Some(principal) = named {
        return Some(principal.client_id.clone());
    }
    if user != TOKEN_USER && !user.is_empty() {
        return None;
    }
    let refresh =
        mint.read_valid(Kind::Refresh, password).filter(|claims| claims["aud"] == azure.login_server.as_str());
    let entra = || mint.read_valid(Kind::Entra, password).filter(|_| user.is_empty());
    refresh.or_else(entra)?["appid"].as_str().map(str::to_owned)
}

/// Translates a scope map's action (section 12.2) to a scope's (section 6.3).
fn from_scope_map(action: &str, repository: &str) -> Option<String> {
    let rest = action.strip_prefix("repositories/")?.strip_prefix(repository)?;
    let action = match rest {
        "/content/read" => "pull",
        "/content/write" => "push",
        "/content/delete" => "delete",
        "/metadata/read" => "metadata_read",
        "/metadata/write" => "metadata_write",
        _ => return None,
    };
    Some(action.to_owned())
}

fn challenge(world: &World, call: &Call, azure: &Azure, wanted: Option<(&str, &str, &[&str])>) -> Refusal {
    let service = &azure.login_server;
    let mut header = format!("Bearer realm=\"{}/oauth2/token\",service=\"{service}\"", call.origin);
    let mut detail = Value::Null;
    if let Some((kind, name, actions)) = wanted {
        header.push_str(&format!(",scope=\"{kind}:{name}:{}\"", actions.join(",")));
        detail = json!([{"Type": kind, "Name": name, "Action": actions.join(",")}]);
    }
    if call.header("authorization").is_some() || wanted.is_some() {
        let is_valid = call.bearer().is_some_and(|token| access_claims(world.mint(), azure, token).is_some());
        header.push_str(if is_valid { ",error=\"insufficient_scope\"" } else { ",error=\"invalid_token\"" });
    }
    let text = "authentication required, visit https://aka.ms/acr/authorization for more information.";
    let reply = registry_error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", text, &detail);
    Box::new(with(reply, "www-authenticate", header))
}
