//! Imports as operations: begun by a POST, told of by polls (section 3.3, `wire-import-success.json`).

use super::{check, registry};
use crate::emulator::{
    World,
    call::{Call, Refusal, Reply, arm_error, empty, json_reply, with},
    fault::Effect,
    identity::Principal,
    import::{self, Ending, Failure, Import, Operation},
    state::Azure,
    strike,
    world::SUBSCRIPTION,
};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

const ACTION: &str = "Microsoft.ContainerRegistry/registries/importImage/action";

/// Accepts an import, or says why not.
pub(super) fn begin(world: &World, call: &Call, principal: &Principal, azure: &Azure) -> Reply {
    if !principal.rights.may_import(&azure.name) {
        return registry::unauthorized(principal, ACTION, &azure.id());
    }
    let Some(body) = call.json() else {
        let text = "The request content was invalid and could not be deserialized.";
        return arm_error(StatusCode::BAD_REQUEST, "InvalidRequestContent", text);
    };
    let request = match check::read(&body, &azure.name) {
        Ok(request) => request,
        Err(text) => return arm_error(StatusCode::BAD_REQUEST, "InvalidRequest", &text),
    };
    if let Some(id) = &request.resource_id
        && let Err(reply) = may_read_source(world, principal, azure, id)
    {
        return *reply;
    }
    let id = call.header("x-ms-client-request-id").map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    let targets: Vec<_> = request.target_names().collect();
    let mut state = world.state();
    // An id that was used before makes the operation hang (azure-sdk-for-python#31579).
    let is_fresh = state.request_ids.insert(id.clone());
    state.imports.push(Import::new(&request, azure, &id));
    let first = targets.first().cloned().unwrap_or_default();
    let effect = strike::strike_import(&mut state, &azure.login_server, &first);
    if matches!(effect, Some(Effect::ImportAtOnce)) {
        drop(state);
        return match import::at_once(world, azure, &request) {
            Ok(()) => json_reply(StatusCode::OK, &json!({"status": "Succeeded"})),
            Err(failure) => failed(&failure, &message(&id, &azure.id(), &failure.reason)),
        };
    }
    let operation = Operation {
        target: azure.id(),
        targets,
        ending: (!is_fresh || matches!(effect, Some(Effect::ImportHangs))).then_some(Ending::Never),
        region: azure.location.to_ascii_uppercase(),
    };
    let runs = operation.ending.is_none();
    state.operations.insert(id.clone(), operation);
    drop(state);
    if let Some(Effect::SourceMoves { host, name, image }) = &effect {
        world.source(host).move_tag(name, image);
    }
    if runs {
        tokio::spawn(import::run(world.clone(), id.clone(), azure.clone(), request, effect));
    }
    accepted(world, call, &id, empty(StatusCode::ACCEPTED))
}

/// Rights on a source registry of the same cloud are asked for at once (acr#237).
fn may_read_source(world: &World, principal: &Principal, azure: &Azure, id: &str) -> Result<(), Refusal> {
    let source = world.state().registry_by_id(id).and_then(|registry| registry.azure().cloned());
    if source.is_some_and(|source| principal.rights.may_read(&source.name)) {
        return Ok(());
    }
    let text = format!(
        "The client '{}' with object id '{}' has permission to perform action '{ACTION}' on scope '{}'; however, it does \
         not have permission to perform action 'read' on the linked scope(s) '{id}' or the linked scope(s) are invalid.",
        principal.client_id,
        principal.object_id,
        azure.id()
    );
    Err(Box::new(arm_error(StatusCode::FORBIDDEN, "LinkedAuthorizationFailed", &text)))
}

/// Tells how an import stands.
pub(super) fn poll(world: &World, call: &Call, name: &str) -> Reply {
    let state = world.state();
    let found = name.strip_prefix("registries-").and_then(|id| state.operations.get_key_value(id));
    let found = found.map(|(id, operation)| (id.clone(), operation.clone()));
    drop(state);
    let Some((id, operation)) = found else {
        return arm_error(StatusCode::NOT_FOUND, "NotFound", "The operation was not found.");
    };
    if !is_signed(world, call, &id) {
        let text = "The address of the operation is not the one that was given.";
        return arm_error(StatusCode::BAD_REQUEST, "InvalidOperationAddress", text);
    }
    match &operation.ending {
        None | Some(Ending::Never) => {
            let pending = operation.targets.iter().map(|target| (target.clone(), json!("Pending")));
            let mut body: Map<String, Value> = pending.collect();
            body.insert("status".to_owned(), json!("Accepted"));
            accepted(world, call, &id, json_reply(StatusCode::ACCEPTED, &Value::Object(body)))
        }
        Some(Ending::Done) => json_reply(StatusCode::OK, &json!({"status": "Succeeded"})),
        Some(Ending::Failed(failure)) => failed(failure, &message(&id, &operation.target, &failure.reason)),
        Some(Ending::SaysFailed(failure)) => {
            let error = json!({"code": failure.code, "message": message(&id, &operation.target, &failure.reason)});
            json_reply(StatusCode::OK, &json!({"status": "Failed", "error": error}))
        }
    }
}

/// The prefix of section 4: it names the target, whichever side is at fault.
fn message(id: &str, target: &str, reason: &str) -> String {
    format!("Operation registries-{id} failed. Resource {target} {reason}")
}

fn failed(failure: &Failure, message: &str) -> Reply {
    arm_error(StatusCode::from_u16(failure.status).unwrap_or(StatusCode::BAD_REQUEST), &failure.code, message)
}

/// Adds the two headers that lead to the next poll.
fn accepted(world: &World, call: &Call, id: &str, reply: Reply) -> Reply {
    let state = world.state();
    let (region, wait) = (state.operations.get(id).map(|it| it.region.clone()), state.poll_retry_after);
    drop(state);
    let version = call.query("api-version").unwrap_or_default();
    let query = signed_query(world, id);
    let location = format!(
        "{}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/locations/{}/operationResults/registries-{id}?api-version={version}&{query}",
        call.origin,
        region.unwrap_or_default()
    );
    let reply = with(reply, "location", location);
    match wait {
        Some(seconds) => with(reply, "retry-after", seconds.to_string()),
        None => reply,
    }
}

/// Makes `t`, `c`, `s`, `h` of the service's sizes, so that the whole is about 5 KB long.
pub(super) fn signed_query(world: &World, id: &str) -> String {
    let time = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 100 + 621_355_968_000_000_000;
    let filler = world.mint().sign(id);
    let certificate: String = filler.chars().cycle().take(4200).collect();
    let signature: String = filler.chars().rev().cycle().take(342).collect();
    let hash = world.mint().sign(&format!("{id}{time}{certificate}{signature}"));
    format!("t={time}&c={certificate}&s={signature}&h={hash}")
}

pub(super) fn is_signed(world: &World, call: &Call, id: &str) -> bool {
    let part = |name: &str| call.query(name).unwrap_or_default();
    part("h") == world.mint().sign(&format!("{id}{}{}{}", part("t"), part("c"), part("s")))
}
