//! Standing tasks as resources, the agent pools that they name, and their runs out of turn (2019-04-01, "Tasks"; official
//! samples `Tasks*.json`, `AgentPoolsGet.json`).

use super::{not_found, runs};
use crate::emulator::{
    World,
    call::{Call, Refusal, Reply, arm_error, empty, json_reply},
    identity::Principal,
    repository::timestamp,
    state::Azure,
    tasks::standing as kept,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// Answers what concerns tasks and agent pools; nothing where something else is asked for.
pub(super) fn answer(
    world: &World,
    call: &Call,
    principal: &Principal,
    azure: &Azure,
    action: &[&str],
) -> Option<Reply> {
    let is_get = call.method == Method::GET;
    let right = match action {
        ["agentpools", _] if is_get => "agentPools/read",
        ["tasks"] | ["tasks", _] if is_get => "tasks/read",
        ["tasks", _] if call.method == Method::DELETE => "tasks/delete",
        ["tasks", _] => "tasks/write",
        ["tasks", _, "listdetails"] if call.method == Method::POST => "tasks/listDetails/action",
        _ => return None,
    };
    if let Some(refusal) = runs::refusal(call, principal, azure, right) {
        return Some(refusal);
    }
    // The case in which it was written.
    let written: Vec<_> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    let name = written.get(9).copied().unwrap_or_default();
    let mut state = world.state();
    let yard = state.yards.entry(azure.login_server.clone()).or_default();
    let found = yard.standing.get(&name.to_ascii_lowercase()).cloned();
    Some(match (&call.method, action) {
        (&Method::GET, ["agentpools", _]) if yard.has_pool(name) => json_reply(StatusCode::OK, &pool(azure, name)),
        (&Method::GET, ["tasks"]) => {
            let all: Vec<_> = yard.standing.values().map(kept::shown).collect();
            json_reply(StatusCode::OK, &json!({"value": all}))
        }
        (&Method::DELETE, _) => {
            yard.standing.remove(&name.to_ascii_lowercase());
            empty(if found.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT })
        }
        (&Method::PUT, ["tasks", _]) => {
            let Some(mut task) = call.json().filter(|body| body["properties"].is_object()) else {
                return Some(runs::invalid("The request content was invalid and could not be deserialized."));
            };
            task["name"] = json!(name);
            let created = found.map(|task| task["properties"]["creationDate"].clone());
            task["properties"]["creationDate"] = created.unwrap_or_else(|| json!(timestamp()));
            keep(yard, azure, name, task)
        }
        (method, [kind, ..]) => match (method, found) {
            (&Method::GET, Some(task)) => json_reply(StatusCode::OK, &kept::shown(&task)),
            (&Method::POST, Some(task)) => json_reply(StatusCode::OK, &task),
            (&Method::PATCH, Some(mut task)) => {
                kept::merge(&mut task, &call.json().unwrap_or_default());
                keep(yard, azure, name, task)
            }
            _ => absent(azure, kind, name),
        },
        _ => not_found(call),
    })
}

fn keep(yard: &mut crate::emulator::tasks::Yard, azure: &Azure, name: &str, mut task: Value) -> Reply {
    let it = &task["properties"];
    let checked = runs::platform(&it["platform"]).and_then(|()| runs::timeout(&it["timeout"]));
    if let Err(text) = checked.and_then(|()| runs::names(&it["step"]["imageNames"])) {
        return runs::invalid(&text);
    }
    if let Err((status, code, text)) = kept::check(&task, |pool| yard.has_pool(pool)) {
        return arm_error(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), code, &text);
    }
    task["id"] = json!(kept::id(azure, name));
    task["type"] = json!("Microsoft.ContainerRegistry/registries/tasks");
    task["properties"]["provisioningState"] = json!("Succeeded");
    if task["identity"]["type"] == "SystemAssigned" {
        task["identity"]["principalId"] = json!("77777777-7777-7777-7777-777777777777");
        task["identity"]["tenantId"] = json!(crate::emulator::TENANT);
    }
    let shown = kept::shown(&task);
    yard.standing.insert(name.to_ascii_lowercase(), task);
    json_reply(StatusCode::OK, &shown)
}

fn pool(azure: &Azure, name: &str) -> Value {
    json!({
        "id": format!("{}/agentPools/{name}", azure.id()), "name": name,
        "type": "Microsoft.ContainerRegistry/registries/agentPools", "location": azure.location,
        "properties": {"count": 1, "os": "Linux", "provisioningState": "Succeeded", "tier": "S1"},
    })
}

fn absent(azure: &Azure, kind: &str, name: &str) -> Reply {
    let text = format!(
        "The Resource 'Microsoft.ContainerRegistry/registries/{}/{kind}/{name}' under resource group '{}' was not found. \
         For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        azure.name, azure.group
    );
    arm_error(StatusCode::NOT_FOUND, "ResourceNotFound", &text)
}

/// Queues a run of a task.
pub(super) fn queue(world: &World, azure: &Azure, body: &Value) -> Result<String, Refusal> {
    let id = body["taskId"].as_str().unwrap_or_default();
    let name = id.to_ascii_lowercase();
    let name = name.strip_prefix(&kept::id(azure, "").to_ascii_lowercase()).unwrap_or_default();
    let mut state = world.state();
    let yard = state.yards.entry(azure.login_server.clone()).or_default();
    let Some(task) = yard.standing.get(name).cloned() else {
        let text = format!("The task '{id}' could not be found.");
        return Err(Box::new(arm_error(StatusCode::NOT_FOUND, "TaskNotFound", &text)));
    };
    if task["properties"]["status"] == "Disabled" {
        return Err(Box::new(runs::invalid(&format!("The task '{name}' is disabled."))));
    }
    // In ABAC mode a task enters its own registry by its identity, and by nothing else.
    let may_push = !azure.abac || task["properties"]["credentials"]["sourceRegistry"]["identity"].is_string();
    let shown = task["name"].as_str().map(str::to_owned);
    Ok(yard.queue(kept::as_request(&task, body), shown, may_push))
}
