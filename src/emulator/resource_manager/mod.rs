//! Azure Resource Manager: subscriptions, registries, and imports into them.
//!
//! Shapes: the official samples `RegistryGet.json`, `RegistryList.json`, `RegistryCheckName*.json` (2025-11-01) and
//! the captures of the Azure CLI.

mod authorization;
mod check;
mod edge;
mod estate;
mod operation;
mod pending;
mod pools;
mod registry;
mod replication;
mod runs;
mod standing;
mod update;

use super::{
    World,
    call::{Call, Refusal, Reply, arm_error, json_reply, with},
    edge::Kind as Child,
    identity::Principal,
    token::{Kind, has_expired},
    world::{SUBSCRIPTION, TENANT},
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) use pending::Pending;

const PROVIDER: &str = "microsoft.containerregistry";

pub(super) fn answer(world: &World, call: &Call) -> Reply {
    let reply = identified(route(world, call));
    // One of 12,000 an hour, as the recordings show it; the bucket of this world never empties by itself.
    let left = if call.method == Method::GET { "reads" } else { "writes" };
    let name = if left == "reads" {
        "x-ms-ratelimit-remaining-subscription-reads"
    } else {
        "x-ms-ratelimit-remaining-subscription-writes"
    };
    with(with(reply, name, if left == "reads" { "11999" } else { "799" }), "cache-control", "no-cache")
}

/// Every answer has the identifiers by which support finds the request, failures of the service's own too.
pub(super) fn identified(reply: Reply) -> Reply {
    let id = uuid::Uuid::new_v4().to_string();
    let reply = with(with(reply, "x-ms-request-id", &id), "x-ms-correlation-request-id", &id);
    with(reply, "x-ms-routing-request-id", format!("WESTEUROPE:{id}"))
}

fn route(world: &World, call: &Call) -> Reply {
    if call.path.trim_end_matches('/') == "/metadata/endpoints" {
        return json_reply(StatusCode::OK, &endpoints(&call.origin));
    }
    let principal = match sign_in(world, call) {
        Ok(principal) => principal,
        Err(reply) => return *reply,
    };
    if let Err(reply) = check_api_version(call) {
        return *reply;
    }
    let path = call.path.to_ascii_lowercase();
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let is_get = call.method == Method::GET;
    match segments.as_slice() {
        ["tenants"] if is_get => json_reply(StatusCode::OK, &tenants()),
        ["subscriptions"] if is_get => json_reply(StatusCode::OK, &subscriptions(&principal)),
        ["subscriptions", subscription, rest @ ..] => {
            if *subscription != SUBSCRIPTION {
                let text = format!("The subscription '{subscription}' could not be found.");
                return arm_error(StatusCode::NOT_FOUND, "SubscriptionNotFound", &text);
            }
            in_subscription(world, call, &principal, rest)
        }
        _ => not_found(call),
    }
}

fn in_subscription(world: &World, call: &Call, principal: &Principal, rest: &[&str]) -> Reply {
    let (is_get, is_post) = (call.method == Method::GET, call.method == Method::POST);
    let of_estate = authorization::answer(world, call, principal);
    if let Some(reply) = of_estate.or_else(|| estate::answer(world, call, principal)) {
        return reply;
    }
    match rest {
        [] if is_get => json_reply(StatusCode::OK, &subscription()),
        ["resources"] if is_get => registry::resources(world, call, principal),
        ["providers", PROVIDER, "registries"] if is_get => registry::list(world, call, principal),
        ["providers", PROVIDER, "checknameavailability"] if is_post => registry::check_name(world, call),
        ["providers", PROVIDER, "locations", _, "operationresults", id] if is_get => {
            pending::poll(world, call, id, false).unwrap_or_else(|| operation::poll(world, call, id))
        }
        ["providers", PROVIDER, "locations", _, "operationstatuses", id] if is_get => {
            pending::poll(world, call, id, true).unwrap_or_else(|| not_found(call))
        }
        ["resourcegroups", group, "providers", PROVIDER, "registries", name, action @ ..] => {
            let id = format!(
                "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{name}"
            );
            let found = world.state().registry_by_id(&id).and_then(|registry| registry.azure().cloned());
            let Some(azure) = found else { return registry::absent(world, group, name) };
            let of_tasks = runs::answer(world, call, principal, &azure, action);
            if let Some(reply) = of_tasks.or_else(|| standing::answer(world, call, principal, &azure, action)) {
                return reply;
            }
            match action {
                [] if is_get => registry::get(world, call, principal, &azure),
                [] if call.method == Method::PATCH => update::patch(world, call, principal, &azure),
                ["replications", rest @ ..] => replication::answer(world, call, principal, &azure, rest),
                ["agentpools", name] if is_get => pools::get(world, call, principal, &azure, name),
                ["cacherules"] if is_get => registry::cache_rules(principal, &azure),
                ["listusages"] if is_get => registry::usages(world, principal, &azure),
                ["importimage"] if is_post => operation::begin(world, call, principal, &azure),
                ["generatecredentials"] if is_post => edge::generate(world, call, principal, &azure),
                [child, rest @ ..] => match Child::of(child) {
                    Some(kind) => edge::answer(world, call, principal, &azure, kind, rest),
                    None => not_found(call),
                },
                _ => not_found(call),
            }
        }
        ["resourcegroups", _, "providers", PROVIDER, "registries"] if is_get => registry::list(world, call, principal),
        _ => not_found(call),
    }
}

/// Returns who calls. The texts are those of Resource Manager's "Common errors" and of the token service.
fn sign_in(world: &World, call: &Call) -> Result<Principal, Refusal> {
    let Some(token) = call.bearer() else {
        return Err(Box::new(unauthenticated(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        )));
    };
    let Some(claims) = world.mint().read(Kind::Entra, token) else {
        return Err(Box::new(unauthenticated("InvalidAuthenticationToken", "The access token is invalid.")));
    };
    if has_expired(&claims) {
        return Err(Box::new(unauthenticated(
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is earlier than current UTC time.",
        )));
    }
    let audience = claims["aud"].as_str().unwrap_or_default().trim_end_matches('/');
    if !audience.starts_with("https://management.") {
        let text = format!(
            "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match \
             with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net',\
             'https://management.azure.com/','https://management.azure.com'."
        );
        return Err(Box::new(unauthenticated("InvalidAuthenticationTokenAudience", &text)));
    }
    let client_id = claims["appid"].as_str().unwrap_or_default();
    let principal = world.state().principal(client_id).cloned();
    principal.ok_or_else(|| Box::new(unauthenticated("InvalidAuthenticationToken", "The identity no longer exists.")))
}

fn unauthenticated(code: &str, text: &str) -> Reply {
    let challenge = format!(
        "Bearer authorization_uri=\"https://login.microsoftonline.com/{TENANT}\", error=\"invalid_token\", \
         error_description=\"{text}\""
    );
    with(arm_error(StatusCode::UNAUTHORIZED, code, text), "www-authenticate", challenge)
}

/// Every request names a version: `yyyy-mm-dd`, perhaps with `-preview`.
fn check_api_version(call: &Call) -> Result<(), Refusal> {
    let Some(version) = call.query("api-version") else {
        let text = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Box::new(arm_error(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", text)));
    };
    let date = version.strip_suffix("-preview").unwrap_or(version);
    let is_date = date.len() == 10
        && date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if is_date {
        return Ok(());
    }
    let text = format!("The api-version '{version}' is invalid.");
    Err(Box::new(arm_error(StatusCode::BAD_REQUEST, "InvalidApiVersionParameter", &text)))
}

fn not_found(call: &Call) -> Reply {
    let text = format!("No HTTP resource was found that matches the request URI '{}'.", call.path);
    arm_error(StatusCode::NOT_FOUND, "NotFound", &text)
}

fn subscription() -> Value {
    json!({
        "id": format!("/subscriptions/{SUBSCRIPTION}"), "authorizationSource": "RoleBased", "managedByTenants": [],
        "subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "displayName": "Contoso Images", "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
        },
    })
}

/// An identity with no role anywhere sees no subscription.
fn subscriptions(principal: &Principal) -> Value {
    let list = if principal.rights == super::Rights::none() { vec![] } else { vec![subscription()] };
    json!({"count": {"type": "Total", "value": list.len()}, "value": list})
}

fn tenants() -> Value {
    json!({"value": [{"id": format!("/tenants/{TENANT}"), "tenantId": TENANT, "displayName": "Contoso",
        "defaultDomain": "contoso.example", "tenantType": "AAD"}]})
}

/// What `az cloud register` reads (api-version 2022-09-01: one object).
fn endpoints(origin: &str) -> Value {
    json!({
        "name": "AzureCloud", "portal": "https://portal.azure.com", "resourceManager": format!("{origin}/"),
        "authentication": {
            "loginEndpoint": "https://login.microsoftonline.com", "identityProvider": "AAD", "tenant": "common",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        },
        "suffixes": {"acrLoginServer": "azurecr.io", "storage": "core.windows.net", "keyVaultDns": "vault.azure.net"},
        "graphAudience": "https://graph.windows.net/", "graph": "https://graph.windows.net/",
    })
}
