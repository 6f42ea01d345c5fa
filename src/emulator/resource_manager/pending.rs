//! Operations on what lies below a registry: accepted, done a little later, told of by polls.
//!
//! A change of a resource answers 201 with `Azure-AsyncOperation`, the others 202 with `Location`, as the official samples
//! have it; the addresses are those that imports are seen to have.

use super::{edge, operation};
use crate::emulator::{
    World,
    call::{Call, Reply, arm_error, empty, json_reply, with},
    edge::Kind,
    state::{Azure, Role},
    world::SUBSCRIPTION,
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a change takes.
const LATENCY: Duration = Duration::from_millis(30);

/// What is done when the time has come.
#[derive(Debug, Clone)]
pub(in super::super) enum Change {
    /// A resource is there, or is another.
    Put(Kind, Value),
    /// A resource is gone.
    Remove(Kind, String),
    /// A connected registry forgets its device.
    Deactivate(String),
    /// Passwords are made.
    Generate { token: String, which: Option<String>, expiry: Option<String> },
}

/// A change on its way: nothing until it is done, then what came of it.
#[derive(Debug, Clone)]
pub(in super::super) struct Pending {
    region: String,
    done: Option<Value>,
}

/// Accepts a change.
pub(super) fn begin(world: &World, call: &Call, azure: &Azure, prefix: &str, change: Change) -> Reply {
    let id = format!("{}-{}", prefix.to_ascii_lowercase(), uuid::Uuid::new_v4());
    let mut state = world.state();
    state.pending.insert(id.clone(), Pending { region: azure.location.to_ascii_uppercase(), done: None });
    let mut body = None;
    if let Change::Put(kind, resource) = &change {
        let is_new = azure.edge.get(*kind, resource["name"].as_str().unwrap_or_default()).is_none();
        let mut early = resource.clone();
        early["properties"]["provisioningState"] = json!(if is_new { "Creating" } else { "Updating" });
        body = Some(edge::shown(azure, *kind, &early));
        if is_new && let Some(Role::Azure(azure)) = state.registries.get_mut(&azure.login_server).map(|it| &mut it.role)
        {
            azure.edge.put(*kind, early);
        }
    }
    drop(state);
    let (world_then, host, operation) = (world.clone(), azure.login_server.clone(), id.clone());
    tokio::spawn(async move {
        tokio::time::sleep(LATENCY).await;
        end(&world_then, &host, &operation, change);
    });
    match body {
        Some(body) => {
            let reply = patient(world, json_reply(StatusCode::CREATED, &body));
            with(reply, "azure-asyncoperation", address(world, call, &id, "operationStatuses"))
        }
        None => accepted(world, call, &id, empty(StatusCode::ACCEPTED)),
    }
}

fn end(world: &World, host: &str, operation: &str, change: Change) {
    let mut state = world.state();
    let mut done = Value::Null;
    if let Some(Role::Azure(azure)) = state.registries.get_mut(host).map(|it| &mut it.role) {
        match change {
            Change::Put(kind, resource) => {
                let name = resource["name"].as_str().unwrap_or_default().to_owned();
                azure.edge.put(kind, resource);
                if kind == Kind::Token {
                    azure.edge.keep_listed(&name);
                }
            }
            Change::Remove(kind, name) => {
                // Who signs in by a token that goes must not stay behind.
                if kind == Kind::Token {
                    azure.users.retain(|user| user.actions.is_none() || !user.name.eq_ignore_ascii_case(&name));
                }
                azure.edge.remove(kind, &name);
            }
            Change::Deactivate(name) => {
                if let Some(mut resource) = azure.edge.get(Kind::Connected, &name) {
                    resource["properties"]["activation"] = json!({"status": "Inactive"});
                    resource["properties"]["connectionState"] = json!("Offline");
                    azure.edge.put(Kind::Connected, resource);
                }
            }
            Change::Generate { token, which, expiry } => {
                done = azure.edge.generate(&token, which.as_deref(), expiry.as_deref());
            }
        }
        azure.admit_tokens();
    }
    if let Some(pending) = state.pending.get_mut(operation) {
        pending.done = Some(done);
    }
    drop(state);
    world.mark_changed();
}

/// Accepts a change of a resource that is kept elsewhere: 201 with the resource as it is by now, 202 where it goes.
pub(super) fn later(
    world: &World,
    call: &Call,
    azure: &Azure,
    prefix: &str,
    body: Option<&Value>,
    end: impl FnOnce(&World) + Send + 'static,
) -> Reply {
    let id = format!("{prefix}-{}", uuid::Uuid::new_v4());
    let mut state = world.state();
    state.pending.insert(id.clone(), Pending { region: azure.location.to_ascii_uppercase(), done: None });
    let latency = state.replica_latency;
    drop(state);
    let (world_then, operation) = (world.clone(), id.clone());
    tokio::spawn(async move {
        tokio::time::sleep(latency).await;
        end(&world_then);
        if let Some(pending) = world_then.state().pending.get_mut(&operation) {
            pending.done = Some(Value::Null);
        }
        world_then.mark_changed();
    });
    match body {
        Some(body) => {
            let reply = patient(world, json_reply(StatusCode::CREATED, body));
            with(reply, "azure-asyncoperation", address(world, call, &id, "operationStatuses"))
        }
        None => accepted(world, call, &id, empty(StatusCode::ACCEPTED)),
    }
}

/// Tells how a change stands; nothing of an operation that is none of these.
pub(super) fn poll(world: &World, call: &Call, id: &str, is_status: bool) -> Option<Reply> {
    let pending = world.state().pending.get(id).cloned()?;
    if !operation::is_signed(world, call, id) {
        let text = "The address of the operation is not the one that was given.";
        return Some(arm_error(StatusCode::BAD_REQUEST, "InvalidOperationAddress", text));
    }
    Some(match (pending.done, is_status) {
        (None, true) => patient(world, json_reply(StatusCode::OK, &json!({"name": id, "status": "InProgress"}))),
        (None, false) => accepted(world, call, id, empty(StatusCode::ACCEPTED)),
        (Some(_), true) => json_reply(StatusCode::OK, &json!({"name": id, "status": "Succeeded"})),
        (Some(Value::Null), false) => empty(StatusCode::NO_CONTENT),
        (Some(done), false) => json_reply(StatusCode::OK, &done),
    })
}

fn accepted(world: &World, call: &Call, id: &str, reply: Reply) -> Reply {
    patient(world, with(reply, "location", address(world, call, id, "operationResults")))
}

fn patient(world: &World, reply: Reply) -> Reply {
    let wait = world.state().poll_retry_after;
    match wait {
        Some(seconds) => with(reply, "retry-after", seconds.to_string()),
        None => reply,
    }
}

fn address(world: &World, call: &Call, id: &str, kind: &str) -> String {
    let region = world.state().pending.get(id).map(|it| it.region.clone()).unwrap_or_default();
    let version = call.query("api-version").unwrap_or_default();
    let query = operation::signed_query(world, id);
    format!(
        "{}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/locations/{region}/{kind}/{id}?api-version={version}&{query}",
        call.origin
    )
}
