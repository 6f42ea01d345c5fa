//! Replications: the regions of a registry, made and removed by operations (official samples `Replication*.json`,
//! 2025-11-01). The home region is listed with them (section 14).

use super::super::{
    World,
    call::{Call, Reply, arm_error, empty, json_reply},
    identity::Principal,
    state::Azure,
};
use super::{not_found, pending, registry::unauthorized};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// Answers what concerns the replications of a registry.
pub(super) fn answer(world: &World, call: &Call, principal: &Principal, azure: &Azure, rest: &[&str]) -> Reply {
    let action = match call.method {
        Method::GET => "read",
        Method::DELETE => "delete",
        _ => "write",
    };
    let is_allowed = if action == "read" {
        principal.rights.may_read_settings(&azure.name, &azure.id())
    } else {
        principal.rights.may_write_access(&azure.name)
    };
    if !is_allowed {
        let action = format!("Microsoft.ContainerRegistry/registries/replications/{action}");
        return unauthorized(principal, &action, &azure.id());
    }
    let all = all(world, azure);
    match (&call.method, rest) {
        (&Method::GET, []) => json_reply(StatusCode::OK, &json!({"value": all})),
        (&Method::GET, [name]) => match all.iter().find(|it| is(it, name)) {
            Some(replication) => json_reply(StatusCode::OK, replication),
            None => absent(azure, name),
        },
        (&Method::PUT, [name]) => put(world, call, azure, name, &all),
        (&Method::DELETE, [name]) => delete(world, call, azure, name, &all),
        _ => not_found(call),
    }
}

fn is(replication: &Value, name: &str) -> bool {
    replication["name"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name))
}

/// The home region first; a registry without Premium has none.
fn all(world: &World, azure: &Azure) -> Vec<Value> {
    if azure.sku != "Premium" {
        return Vec::new();
    }
    let collection = format!("{}/replications", azure.id()).to_ascii_lowercase();
    let home = resource(azure, &azure.location, &azure.location, "Disabled", "Succeeded");
    let state = world.state();
    let replicas = state.estate.under(&collection).map(|it| {
        let mut it = it.clone();
        it.as_object_mut().map(|it| it.remove("etag"));
        it
    });
    std::iter::once(home).chain(replicas).collect()
}

fn put(world: &World, call: &Call, azure: &Azure, name: &str, all: &[Value]) -> Reply {
    let body = call.json().unwrap_or_default();
    let location = body["location"].as_str().unwrap_or_default().to_ascii_lowercase().replace(' ', "");
    if location.is_empty() {
        let text = "The location property is required for this definition.";
        return arm_error(StatusCode::BAD_REQUEST, "LocationRequired", text);
    }
    if azure.sku != "Premium" {
        // In the form of the known refusals of a SKU.
        let text = format!(
            "Geo-replication is not supported for the SKU {}. For more information, please visit https://aka.ms/acr/geo-replication.",
            azure.sku
        );
        return arm_error(StatusCode::BAD_REQUEST, "ReplicationNotSupported", &text);
    }
    if azure.policies.soft_delete.is_on {
        let text = "Geo-replication is not supported with soft delete policy.";
        return arm_error(StatusCode::BAD_REQUEST, "ReplicationNotSupported", text);
    }
    let other = all.iter().find(|it| it["location"] == *location && !is(it, name));
    if other.is_some() || location == azure.location {
        let text = format!("A replication already exists in location '{location}'.");
        return arm_error(StatusCode::CONFLICT, "ReplicationAlreadyExists", &text);
    }
    let zones = body["properties"]["zoneRedundancy"].as_str().unwrap_or("Disabled");
    let before = all.iter().find(|it| is(it, name));
    if let Some(before) = before {
        if before["properties"]["zoneRedundancy"] != zones {
            let text = "Zone redundancy of a replication cannot be changed.";
            return arm_error(StatusCode::BAD_REQUEST, "ZoneRedundancyChangeNotSupported", text);
        }
        if before["properties"]["provisioningState"] == "Succeeded" {
            return json_reply(StatusCode::OK, before);
        }
    }
    let early = resource(azure, name, &location, zones, "Creating");
    let (id, ready) = (text(&early["id"]), resource(azure, name, &location, zones, "Succeeded"));
    world.state().estate.resources.insert(id.to_ascii_lowercase(), early.clone());
    pending::later(world, call, azure, "replications", Some(&early), move |world| {
        world.state().estate.resources.insert(id.to_ascii_lowercase(), ready);
    })
}

fn delete(world: &World, call: &Call, azure: &Azure, name: &str, all: &[Value]) -> Reply {
    let Some(found) = all.iter().find(|it| is(it, name)) else { return empty(StatusCode::NO_CONTENT) };
    if found["location"] == *azure.location {
        let text = "The replication in the home region of the registry cannot be deleted.";
        return arm_error(StatusCode::BAD_REQUEST, "CannotDeleteHomeReplication", text);
    }
    let id = text(&found["id"]).to_ascii_lowercase();
    if let Some(resource) = world.state().estate.resources.get_mut(&id) {
        resource["properties"]["provisioningState"] = json!("Deleting");
    }
    pending::later(world, call, azure, "replications", None, move |world| {
        world.state().estate.resources.remove(&id);
    })
}

/// The sample's shape and words.
fn resource(azure: &Azure, name: &str, location: &str, zones: &str, state: &str) -> Value {
    let (status, message) = match state {
        "Succeeded" => ("Ready", "The replication is ready."),
        _ => ("Provisioning", "The replication is provisioning."),
    };
    json!({
        "id": format!("{}/replications/{name}", azure.id()), "name": name,
        "type": "Microsoft.ContainerRegistry/registries/replications", "location": location, "tags": {},
        "properties": {
            "provisioningState": state, "regionEndpointEnabled": true, "zoneRedundancy": zones,
            "status": {"displayStatus": status, "message": message, "timestamp": "2025-09-18T06:46:47.5158938Z"},
        },
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn absent(azure: &Azure, name: &str) -> Reply {
    let text = format!(
        "The Resource 'Microsoft.ContainerRegistry/registries/{}/replications/{name}' under resource group '{}' was not \
         found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        azure.name, azure.group
    );
    arm_error(StatusCode::NOT_FOUND, "ResourceNotFound", &text)
}
