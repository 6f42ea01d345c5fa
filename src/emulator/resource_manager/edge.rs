//! Connected registries, scope maps and tokens as resources, and the passwords of tokens (official samples
//! `ConnectedRegistry*.json`, `ScopeMap*.json`, `Token*.json`, `RegistryGenerateCredentials.json`, 2025-11-01).

use super::{not_found, pending, registry};
use crate::emulator::{
    World,
    call::{Call, Reply, arm_error, empty, json_reply},
    edge::{self, Kind, Refused},
    identity::Principal,
    state::Azure,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// Answers what concerns a kind of resource below a registry.
pub(super) fn answer(
    world: &World,
    call: &Call,
    principal: &Principal,
    azure: &Azure,
    kind: Kind,
    rest: &[&str],
) -> Reply {
    let is_read = call.method == Method::GET;
    let is_allowed = if is_read {
        principal.rights.may_read_access(&azure.name)
    } else {
        principal.rights.may_write_access(&azure.name)
    };
    let action = match call.method {
        Method::GET => "read",
        Method::DELETE => "delete",
        Method::POST => "deactivate/action",
        _ => "write",
    };
    if !is_allowed {
        let action = format!("Microsoft.ContainerRegistry/registries/{}/{action}", kind.collection());
        return registry::unauthorized(principal, &action, &azure.id());
    }
    // The case in which it was written.
    let written: Vec<_> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    let name = written.get(9).copied().unwrap_or_default();
    let found = azure.edge.get(kind, name);
    match (&call.method, rest) {
        (&Method::GET, []) => {
            let all: Vec<_> = azure.edge.all(kind).iter().map(|it| shown(azure, kind, it)).collect();
            json_reply(StatusCode::OK, &json!({"value": all}))
        }
        (&Method::GET, [_]) => match &found {
            Some(resource) => json_reply(StatusCode::OK, &shown(azure, kind, resource)),
            None => absent(azure, kind, name),
        },
        (&Method::PUT, [_]) => write(world, call, azure, kind, name, found.as_ref()),
        (&Method::PATCH, [_]) if found.is_none() => absent(azure, kind, name),
        (&Method::PATCH, [_]) => write(world, call, azure, kind, name, found.as_ref()),
        (&Method::DELETE, [_]) if found.is_none() => empty(StatusCode::NO_CONTENT),
        (&Method::DELETE, [_]) => match edge::deletion(&azure.edge, azure, kind, name) {
            Ok(()) => {
                pending::begin(world, call, azure, kind.collection(), pending::Change::Remove(kind, name.to_owned()))
            }
            Err(refused) => refuse(refused),
        },
        (&Method::POST, [_, "deactivate"]) if kind == Kind::Connected => match found {
            Some(_) => {
                pending::begin(world, call, azure, kind.collection(), pending::Change::Deactivate(name.to_owned()))
            }
            None => absent(azure, kind, name),
        },
        (&Method::POST, [_, "resync"]) if kind == Kind::Connected => match &found {
            Some(resource) => json_reply(StatusCode::OK, &shown(azure, kind, resource)),
            None => absent(azure, kind, name),
        },
        _ => not_found(call),
    }
}

fn write(world: &World, call: &Call, azure: &Azure, kind: Kind, name: &str, before: Option<&Value>) -> Reply {
    let Some(body) = call.json().filter(|body| body["properties"].is_object()) else {
        let text = "The request content was invalid and could not be deserialized.";
        return arm_error(StatusCode::BAD_REQUEST, "InvalidRequestContent", text);
    };
    // PUT replaces: of a connected registry that is there it changes what a PATCH may.
    let body =
        if kind == Kind::Connected && before.is_some() && call.method == Method::PUT { as_patch(&body) } else { body };
    let properties = match kind {
        Kind::ScopeMap => edge::scope_map(before, name, &body),
        Kind::Token => edge::token(azure, before, name, &body),
        Kind::Connected => edge::connected(azure, before, name, &body),
    };
    let mut properties = match properties {
        Ok(properties) => properties,
        Err(refused) => return refuse(refused),
    };
    properties["provisioningState"] = json!("Succeeded");
    let name = before.and_then(|before| before["name"].as_str()).unwrap_or(name);
    let resource = json!({"name": name, "properties": properties});
    pending::begin(world, call, azure, kind.collection(), pending::Change::Put(kind, resource))
}

fn as_patch(body: &Value) -> Value {
    let mut patch = body.clone();
    patch["properties"]["syncProperties"] = body["properties"]["parent"]["syncProperties"].clone();
    patch
}

/// Makes passwords.
pub(super) fn generate(world: &World, call: &Call, principal: &Principal, azure: &Azure) -> Reply {
    if !principal.rights.may_write_access(&azure.name) {
        let action = "Microsoft.ContainerRegistry/registries/generateCredentials/action";
        return registry::unauthorized(principal, action, &azure.id());
    }
    let body = call.json().unwrap_or_default();
    let id = body["tokenId"].as_str().unwrap_or_default().to_ascii_lowercase();
    let prefix = format!("{}/tokens/", azure.id()).to_ascii_lowercase();
    let token = id.strip_prefix(&prefix).and_then(|name| azure.edge.get(Kind::Token, name));
    let Some(token) = token else {
        return arm_error(StatusCode::BAD_REQUEST, "TokenNotFound", &format!("The token '{id}' does not exist."));
    };
    let which = body["name"].as_str();
    if which.is_some_and(|which| which != "password1" && which != "password2") {
        return arm_error(StatusCode::BAD_REQUEST, "InvalidRequest", "The password name is invalid.");
    }
    let change = pending::Change::Generate {
        token: token["name"].as_str().unwrap_or_default().to_owned(),
        which: which.map(str::to_owned),
        expiry: body["expiry"].as_str().map(str::to_owned),
    };
    pending::begin(world, call, azure, "registries", change)
}

fn refuse((status, code, text): Refused) -> Reply {
    arm_error(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), code, &text)
}

fn absent(azure: &Azure, kind: Kind, name: &str) -> Reply {
    let text = format!(
        "The Resource 'Microsoft.ContainerRegistry/registries/{}/{}/{name}' under resource group '{}' was not found. For \
         more details please go to https://aka.ms/ARMResourceNotFoundFix",
        azure.name,
        kind.collection(),
        azure.group
    );
    arm_error(StatusCode::NOT_FOUND, "ResourceNotFound", &text)
}

/// The resource with its id and type.
pub(super) fn shown(azure: &Azure, kind: Kind, resource: &Value) -> Value {
    let name = resource["name"].as_str().unwrap_or_default();
    json!({
        "id": format!("{}/{}/{name}", azure.id(), kind.collection()), "name": name,
        "type": format!("Microsoft.ContainerRegistry/registries/{}", kind.collection()),
        "properties": resource["properties"],
    })
}
