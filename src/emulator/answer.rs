//! Answer: from a request to a reply, past the faults, with a note of what was seen.

use super::{
    World, acr, azure_devops,
    call::{Call, Reply, empty, html, json_reply, registry_error, text, with},
    distribution, entra,
    fault::Effect,
    github,
    hosts::{self, Place},
    managed_identity, resource_manager,
    seen::{Seen, redacted},
    source_token,
    spool::Spool,
    storage, strike,
};
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};
use std::{io, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// How many requests are remembered.
const MOST_SEEN: usize = 200_000;

/// What the listener is to do.
pub(super) enum Outcome {
    Reply(Reply),
    Close { resets: bool },
    CloseInBody { reply: Reply, resets: bool },
}

/// Answers one request; `body` is only read when no fault comes before it.
pub(super) async fn respond(
    world: &World,
    call: &mut Call,
    body: impl Future<Output = io::Result<(Bytes, Spool)>>,
) -> io::Result<Outcome> {
    let arrived = world.state().started.elapsed();
    let wait = strike::wait(&mut world.state(), call.method.as_str(), &call.host, &call.path);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let struck = strike::strike(&mut world.state(), call.method.as_str(), &call.host, &call.path);
    let mut length = 0;
    let outcome = match struck.as_ref().map(|strike| (&strike.effect, strike.left)) {
        Some((Effect::Close, _)) => Outcome::Close { resets: false },
        Some((Effect::Reset, _)) => Outcome::Close { resets: true },
        Some((effect, left)) => {
            length = read(call, body).await?;
            disturbed(world, call, effect, left)
        }
        None => {
            length = read(call, body).await?;
            Outcome::Reply(throttled(world, call).unwrap_or_else(|| dated(world, route(world, call))))
        }
    };
    note(world, call, arrived, length, &outcome);
    Ok(outcome)
}

/// Returns the refusal of a host that has had enough; sources and what is not Azure's never have.
fn throttled(world: &World, call: &Call) -> Option<Reply> {
    let wait = {
        let mut state = world.state();
        let place = hosts::place(&state, &call.host)?;
        let is_ours = match &place {
            Place::Registry(name) => state.registries.get(name).is_some_and(|registry| registry.azure().is_some()),
            _ => true,
        };
        state.throttle.as_mut().filter(|_| is_ours)?.take(&place, call)?
    };
    let reply = failing(world, call, StatusCode::TOO_MANY_REQUESTS);
    Some(with(reply, "retry-after", format!("{}", wait.as_secs_f64().ceil().max(1.0))))
}

/// Reads the body, and returns how many bytes it has.
async fn read(call: &mut Call, body: impl Future<Output = io::Result<(Bytes, Spool)>>) -> io::Result<usize> {
    let (whole, upload) = body.await?;
    let length = whole.len() + usize::try_from(upload.length()).unwrap_or(usize::MAX);
    call.body = whole;
    call.upload = upload.into();
    Ok(length)
}

fn disturbed(world: &World, call: &Call, effect: &Effect, left: Duration) -> Outcome {
    match effect {
        Effect::Status { status, retry_after } => {
            let reply =
                failing(world, call, StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            Outcome::Reply(retry_after.map_or(reply.clone(), |seconds| with(reply, "retry-after", seconds.to_string())))
        }
        Effect::StatusAfter(status) => {
            drop(route(world, call));
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Outcome::Reply(failing(world, call, status))
        }
        Effect::Delayed(seconds) => Outcome::Reply(with(route(world, call), "retry-after", seconds.to_string())),
        Effect::Throttle => {
            let seconds = left.as_secs_f64().ceil().max(1.0);
            let reply = failing(world, call, StatusCode::TOO_MANY_REQUESTS);
            Outcome::Reply(with(reply, "retry-after", format!("{seconds}")))
        }
        Effect::CloseInBody => Outcome::CloseInBody { reply: route(world, call), resets: false },
        Effect::ResetInBody => Outcome::CloseInBody { reply: route(world, call), resets: true },
        Effect::Truncate => Outcome::Reply(halved(route(world, call))),
        Effect::Corrupt => Outcome::Reply(route(world, call).map(|body| corrupted(&body))),
        Effect::Html => Outcome::Reply(html(StatusCode::OK)),
        Effect::Close
        | Effect::Reset
        | Effect::Delay(_)
        | Effect::ImportFails { .. }
        | Effect::ImportSaysFailed { .. }
        | Effect::ImportHangs
        | Effect::ImportAtOnce
        | Effect::ImportBreaks(_)
        | Effect::SourceMoves { .. } => Outcome::Reply(route(world, call)),
    }
}

/// Returns half of the body, with a length that says that this is all.
fn halved(reply: Reply) -> Reply {
    let mut reply = reply.map(|body| body.slice(..body.len() / 2));
    reply.headers_mut().remove("content-length");
    reply
}

/// A `Date` of the world's own, where its clock is another than this machine's.
fn dated(world: &World, reply: Reply) -> Reply {
    let behind = world.state().clock_behind;
    if behind == 0 {
        return reply;
    }
    let then = OffsetDateTime::now_utc() - Duration::from_secs(behind.into());
    let date = then.format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT");
    with(reply, "date", date)
}

fn corrupted(body: &Bytes) -> Bytes {
    let mut bytes = body.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes.into()
}

/// Returns a failure in the form of the service that was asked.
fn failing(world: &World, call: &Call, status: StatusCode) -> Reply {
    let reason = status.canonical_reason().unwrap_or("Error");
    let place = hosts::place(&world.state(), &call.host);
    let is_azure = |host: &str| world.state().registries.get(host).is_some_and(|registry| registry.azure().is_some());
    match place {
        // The texts are those of the captures `import-error-429-always` and `import-retry-503-once`.
        Some(Place::Arm) if status == StatusCode::TOO_MANY_REQUESTS => {
            let reply = super::call::arm_error(status, "TooManyRequests", "The request is being throttled.");
            resource_manager::identified(reply)
        }
        Some(Place::Arm) => {
            let reply = super::call::arm_error(status, &reason.replace(' ', ""), "The service is unavailable.");
            resource_manager::identified(reply)
        }
        Some(Place::Entra) => {
            json_reply(status, &json!({"error": "temporarily_unavailable", "error_description": reason}))
        }
        Some(Place::Registry(_) | Place::Kubernetes | Place::TokenService(_)) => {
            let code = if status == StatusCode::TOO_MANY_REQUESTS { "TOOMANYREQUESTS" } else { "UNAVAILABLE" };
            let reply = registry_error(status, code, reason, &Value::Null);
            if is_azure(&call.host) { acr::identified(reply) } else { reply }
        }
        Some(Place::GitHub(_)) => github::failing(status),
        Some(Place::AzureDevOps) => azure_devops::failing(status),
        Some(Place::Imds | Place::Storage(_) | Place::HubPage | Place::GitHubOidc) | None => text(status, reason),
    }
}

fn route(world: &World, call: &Call) -> Reply {
    let place = hosts::place(&world.state(), &call.host);
    match place {
        Some(Place::Entra) => entra::answer(world, call),
        Some(Place::Arm) => resource_manager::answer(world, call),
        Some(Place::Imds) => managed_identity::answer(world, call),
        Some(Place::GitHub(server)) => github::answer(world, call, &server),
        Some(Place::GitHubOidc) => github::answer_oidc(world, call),
        Some(Place::AzureDevOps) => azure_devops::answer(world, call),
        Some(Place::Storage(registry)) => storage::answer(world, call, &registry),
        Some(Place::TokenService(registry)) => source_token::answer(world, call, &registry),
        Some(Place::Kubernetes) => distribution::answer_kubernetes(world, call),
        Some(Place::HubPage) => html(StatusCode::NOT_FOUND),
        Some(Place::Registry(host)) => {
            let is_azure = world.state().registries.get(&host).is_some_and(|registry| registry.azure().is_some());
            if is_azure { acr::answer(world, call, &host) } else { distribution::answer_source(world, call, &host) }
        }
        None => empty(StatusCode::NOT_FOUND),
    }
}

fn note(world: &World, call: &Call, at: Duration, body_bytes: usize, outcome: &Outcome) {
    let status = match outcome {
        Outcome::Reply(reply) | Outcome::CloseInBody { reply, .. } => Some(reply.status().as_u16()),
        Outcome::Close { .. } => None,
    };
    let path = call.target.split('?').next().unwrap_or_default();
    let seen = Seen {
        at,
        host: call.host.clone(),
        method: call.method.to_string(),
        path: redacted(path, call.target.split_once('?').map(|(_, query)| query)),
        status,
        authorization: call.header("authorization").and_then(|it| it.split(' ').next()).map(str::to_owned),
        client_request_id: call.header("x-ms-client-request-id").map(str::to_owned),
        accept: call.header("accept").map(str::to_owned),
        body_bytes,
    };
    let mut state = world.state();
    // A stand-in that serves for days must not fill the memory with what nobody looks at.
    if state.seen.len() >= MOST_SEEN {
        state.seen.drain(..MOST_SEEN / 2);
    }
    state.seen.push(seen);
}
