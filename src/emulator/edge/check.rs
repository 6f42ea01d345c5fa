//! What Resource Manager takes for a scope map or a token, read without the client's own types.
//!
//! The rules are those of the service's API description and articles (section 12); the words of its refusals are in no
//! source and follow the form of the others.

use super::{Edge, Kind};
use crate::emulator::state::Azure;
use serde_json::{Value, json};

/// A status, a code and a sentence.
pub(in super::super) type Refused = (u16, &'static str, String);

const REPOSITORY_ACTIONS: [&str; 5] =
    ["/content/read", "/content/write", "/content/delete", "/metadata/read", "/metadata/write"];
pub(super) const GATEWAY_ACTIONS: [&str; 4] = ["/config/read", "/config/write", "/message/read", "/message/write"];
const MOST: usize = 500;

pub(super) fn invalid(text: impl Into<String>) -> Refused {
    (400, "InvalidRequest", text.into())
}

pub(super) fn name(name: &str, kind: &str) -> Result<(), Refused> {
    let is_name =
        (5..=50).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name {
        Ok(())
    } else {
        Err(invalid(format!("The {kind} name '{name}' is invalid: 5 to 50 letters, digits and dashes.")))
    }
}

/// Returns the properties that a scope map gets.
pub(in super::super) fn scope_map(before: Option<&Value>, map_name: &str, body: &Value) -> Result<Value, Refused> {
    name(map_name, "scope map")?;
    if before.is_some_and(|before| before["properties"]["type"] == "SystemDefined") {
        return Err(invalid(format!("The scope map '{map_name}' is system defined and cannot be changed.")));
    }
    let given = &body["properties"];
    let actions = match (&given["actions"], before) {
        (Value::Array(actions), _) => actions.clone(),
        (Value::Null, Some(before)) => before["properties"]["actions"].as_array().cloned().unwrap_or_default(),
        _ => return Err(invalid("The property 'actions' is required.")),
    };
    let mut repositories = std::collections::BTreeSet::new();
    for action in &actions {
        let text = action.as_str().unwrap_or_default();
        let repository = text.strip_prefix("repositories/").and_then(|rest| behind(rest, &REPOSITORY_ACTIONS));
        let gateway = text.strip_prefix("gateway/").and_then(|rest| behind(rest, &GATEWAY_ACTIONS));
        let is_repository = |name: &str| crate::reference::Reference::new("registry.example", name, None, None).is_ok();
        match (repository, gateway) {
            (Some(name), _) if is_repository(name) => drop(repositories.insert(name)),
            (None, Some(name)) if name == name.to_ascii_lowercase() && name.len() >= 5 => {}
            _ => return Err(invalid(format!("The action '{text}' is invalid."))),
        }
    }
    if actions.len() > MOST || repositories.len() > MOST {
        let text = format!("The scope map has {} actions, more than the maximum of {MOST}.", actions.len());
        return Err((400, "ScopeMapActionsLimitExceeded", text));
    }
    let description = if given["description"].is_null() {
        before.map(|before| before["properties"]["description"].clone()).unwrap_or_default()
    } else {
        given["description"].clone()
    };
    let created = before.map_or_else(super::timestamp, |before| {
        before["properties"]["creationDate"].as_str().unwrap_or_default().to_owned()
    });
    Ok(json!({"type": "UserDefined", "creationDate": created, "actions": actions, "description": description}))
}

fn behind<'a>(rest: &'a str, actions: &[&str]) -> Option<&'a str> {
    actions.iter().find_map(|action| rest.strip_suffix(action)).filter(|name| !name.is_empty())
}

/// Returns the properties that a token gets.
pub(in super::super) fn token(
    azure: &Azure,
    before: Option<&Value>,
    token_name: &str,
    body: &Value,
) -> Result<Value, Refused> {
    name(token_name, "token")?;
    let given = &body["properties"];
    let mut it = before.map_or_else(
        || json!({"creationDate": super::timestamp(), "status": "enabled", "credentials": {"passwords": []}}),
        |before| before["properties"].clone(),
    );
    if !given["scopeMapId"].is_null() {
        it["scopeMapId"] = given["scopeMapId"].clone();
    }
    if azure.edge.behind(azure, Kind::ScopeMap, &it["scopeMapId"]).is_none() {
        return Err((400, "ScopeMapNotFound", format!("The scope map {} does not exist.", it["scopeMapId"])));
    }
    match given["status"].as_str() {
        None => {}
        Some(status @ ("enabled" | "disabled")) => it["status"] = json!(status),
        Some(other) => return Err(invalid(format!("The token status '{other}' is invalid."))),
    }
    // Only passwords that are listed stay; new ones come from generateCredentials.
    if let Some(kept) = given["credentials"]["passwords"].as_array() {
        let known = it["credentials"]["passwords"].as_array().cloned().unwrap_or_default();
        let known: Vec<_> =
            known.into_iter().filter(|one| kept.iter().any(|kept| kept["name"] == one["name"])).collect();
        it["credentials"]["passwords"] = json!(known);
    }
    Ok(it)
}

pub(super) fn same(one: &Value, other: &Value) -> bool {
    one.as_str().zip(other.as_str()).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Returns why something cannot be deleted.
pub(in super::super) fn deletion(edge: &Edge, azure: &Azure, kind: Kind, name: &str) -> Result<(), Refused> {
    let id = json!(format!("{}/{}/{name}", azure.id(), kind.collection()));
    let used = |other: &&Value| match kind {
        Kind::Connected => same(&other["properties"]["parent"]["id"], &id),
        Kind::Token => {
            let clients = other["properties"]["clientTokenIds"].as_array().into_iter().flatten();
            same(&other["properties"]["parent"]["syncProperties"]["tokenId"], &id)
                || clients.into_iter().any(|it| same(it, &id))
        }
        Kind::ScopeMap => false,
    };
    match edge.connected.values().find(used) {
        Some(user) => {
            Err((409, "ResourceInUse", format!("'{name}' is used by the connected registry {}.", user["name"])))
        }
        None if kind == Kind::ScopeMap && name.starts_with('_') => {
            Err(invalid(format!("The scope map '{name}' is system defined and cannot be deleted.")))
        }
        None => Ok(()),
    }
}
