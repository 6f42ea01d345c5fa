//! Clusters, networks, endpoints and zones as resources: read one by one, listed, and a few of them changed. Who sees
//! which: *Reader*; who changes them: *Contributor*.

use super::super::{
    World,
    call::{Call, Reply, arm_error, json_reply},
    identity::Principal,
};
use super::registry::unauthorized;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// What private zones have versions for; those of the other kinds are too many to name.
const ZONE_VERSIONS: [&str; 4] = ["2018-09-01", "2020-01-01", "2020-06-01", "2024-06-01"];

/// What can be put: what the commands put that mend a pull.
const CHANGED: [&str; 4] = [
    "microsoft.containerservice/managedclusters",
    "microsoft.network/privatednszones",
    "microsoft.network/privatednszones/virtualnetworklinks",
    "microsoft.network/privatednszones/a",
];

/// Answers a GET or PUT below a subscription, or none where the path is none of these resources.
pub(super) fn answer(world: &World, call: &Call, principal: &Principal) -> Option<Reply> {
    let path = call.path.trim_end_matches('/').to_ascii_lowercase();
    let (_, provider) = path.rsplit_once("/providers/")?;
    let parts: Vec<_> = provider.split('/').collect();
    let is_known = matches!(parts[0], "microsoft.network" | "microsoft.containerservice")
        || matches!(parts[..], ["microsoft.containerregistry", "registries", _, "privateendpointconnections", ..]);
    if !is_known || parts.len() < 2 {
        return None;
    }
    if let Some(refusal) = wrong_version(call, &parts) {
        return Some(refusal);
    }
    let kind = parts.iter().take(1).chain(parts.iter().skip(1).step_by(2)).copied().collect::<Vec<_>>().join("/");
    let id = call.path.trim_end_matches('/');
    if call.method == Method::PUT {
        return CHANGED.contains(&kind.as_str()).then(|| put(world, call, principal, &kind));
    }
    if call.method != Method::GET {
        return None;
    }
    // A name has a type before it; without one a list is meant.
    Some(if parts.len() % 2 == 1 { one(world, principal, id, &kind) } else { list(world, principal, id, &kind) })
}

fn one(world: &World, principal: &Principal, id: &str, kind: &str) -> Reply {
    if !principal.rights.may_see(id) {
        return unauthorized(principal, &format!("{kind}/read"), id);
    }
    match world.state().estate.resources.get(&id.to_ascii_lowercase()) {
        Some(resource) => json_reply(StatusCode::OK, resource),
        None => absent(id, kind),
    }
}

/// Makes a resource, or changes what it is given anew; what only the service sets stays.
fn put(world: &World, call: &Call, principal: &Principal, kind: &str) -> Reply {
    let id = call.path.trim_end_matches('/');
    if !(principal.rights.contributor && principal.rights.may_see(id)) {
        return unauthorized(principal, &format!("{kind}/write"), id);
    }
    let Some(body) = call.json().filter(Value::is_object) else {
        let text = "The request content was invalid and could not be deserialized.";
        return arm_error(StatusCode::BAD_REQUEST, "InvalidRequestContent", text);
    };
    let parent = id.rsplitn(3, '/').nth(2).unwrap_or_default().to_ascii_lowercase();
    let is_part = kind.matches('/').count() > 1;
    if is_part && !world.state().estate.resources.contains_key(&parent) {
        return absent(&parent, kind.rsplit_once('/').map(|(kind, _)| kind).unwrap_or_default());
    }
    let was_there = world.state().estate.resources.contains_key(&id.to_ascii_lowercase());
    world.resource(id, body["location"].as_str().unwrap_or("global"), json!({}));
    world.change(id, |properties| {
        for (name, value) in body["properties"].as_object().into_iter().flatten() {
            if !value.is_null() {
                properties[name] = value.clone();
            }
        }
        properties["provisioningState"] = json!("Succeeded");
    });
    let resource = world.state().estate.resources.get(&id.to_ascii_lowercase()).cloned();
    json_reply(if was_there { StatusCode::OK } else { StatusCode::CREATED }, &resource.unwrap_or_default())
}

fn list(world: &World, principal: &Principal, path: &str, kind: &str) -> Reply {
    let collection = path.to_ascii_lowercase();
    let state = world.state();
    let parent = collection.rsplit_once('/').map(|(parent, _)| parent).unwrap_or_default();
    // What is a part of a resource is seen with it; at a group or subscription, each sees what is its own.
    let is_part = parent.rsplit_once("/providers/").is_some_and(|(_, rest)| rest.contains('/'));
    if is_part && !principal.rights.may_see(parent) {
        return unauthorized(principal, &format!("{kind}/read"), path);
    }
    let is_registry = state.registry_by_id(parent).is_some();
    if is_part && !is_registry && !state.estate.resources.contains_key(parent) {
        return absent(parent, kind.rsplit_once('/').map(|(kind, _)| kind).unwrap_or_default());
    }
    let seen = state.estate.under(&collection).filter(|it| {
        let id = it["id"].as_str().unwrap_or_default();
        principal.rights.may_see(id)
    });
    let value: Vec<_> = seen.cloned().collect();
    if value.is_empty() && !is_part && !principal.rights.may_see(&collection) {
        drop(state);
        return unauthorized(principal, &format!("{kind}/read"), path);
    }
    json_reply(StatusCode::OK, &json!({"value": value}))
}

fn wrong_version(call: &Call, parts: &[&str]) -> Option<Reply> {
    let version = call.query("api-version").unwrap_or_default();
    if parts[1] != "privatednszones" || ZONE_VERSIONS.contains(&version) {
        return None;
    }
    let text = format!(
        "No registered resource provider found for location 'global' and API version '{version}' for type \
         'privateDnsZones'. The supported api-versions are '{}'.",
        ZONE_VERSIONS.join(", ")
    );
    Some(arm_error(StatusCode::BAD_REQUEST, "NoRegisteredProviderFound", &text))
}

fn absent(id: &str, kind: &str) -> Reply {
    let name = id.rsplit('/').next().unwrap_or_default();
    let group = id.split('/').nth(4).unwrap_or_default();
    let text = format!(
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to \
         https://aka.ms/ARMResourceNotFoundFix"
    );
    arm_error(StatusCode::NOT_FOUND, "ResourceNotFound", &text)
}
