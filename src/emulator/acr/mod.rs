//! An Azure registry's own doors: sign-in, the `/acr/v1` calls, and the way to the distribution API.

mod access;
mod attributes;
mod sign_in;

use super::{
    World,
    call::{Call, Refusal, Reply, registry_error, with},
    distribution, policies,
    state::Azure,
};
use axum::http::{Method, StatusCode};
use serde_json::Value;

pub(super) use access::actions_of_user;

/// The address that everybody comes from.
const CALLER: &str = "203.0.113.7";

/// Answers at `NAME.azurecr.io`.
pub(super) fn answer(world: &World, call: &Call, host: &str) -> Reply {
    let reply = with(route(world, call, host), "docker-distribution-api-version", "registry/2.0");
    identified(reply)
}

/// Every answer has the identifier by which support finds the request (section 6).
pub(super) fn identified(reply: Reply) -> Reply {
    with(reply, "x-ms-correlation-request-id", uuid::Uuid::new_v4().to_string())
}

fn route(world: &World, call: &Call, host: &str) -> Reply {
    let azure = world.state().registries.get(host).and_then(|registry| registry.azure().cloned());
    let Some(azure) = azure else { return super::call::empty(StatusCode::NOT_FOUND) };
    // The firewall stands before any authentication (section 15.3).
    if !azure.lets_in(CALLER) {
        return with(
            super::call::text(StatusCode::FORBIDDEN, &firewall_text(CALLER)),
            "content-type",
            "application/json; charset=utf-8",
        );
    }
    match (&call.method, call.path.as_str()) {
        (&Method::POST, "/oauth2/exchange") => sign_in::exchange(world, call, &azure),
        (&Method::POST, "/oauth2/token") => sign_in::token(world, call, &azure),
        (&Method::GET, "/oauth2/token") => sign_in::token_by_query(world, call, &azure),
        (_, path) if path.starts_with("/acr/v1/") => attributes::answer(world, call, &azure),
        (_, path) if path == "/v2" || path.starts_with("/v2/") => {
            let door = Door { world, call, azure: &azure };
            let reply = distribution::answer(world, call, host, &door);
            let is_manifest = call.is_get() && path.contains("/manifests/");
            // A replica follows its home region later: until then it has no such manifest (section 14).
            let is_behind =
                is_manifest && reply.status().is_success() && policies::is_behind(&mut world.state(), host, &call.host);
            if is_behind {
                let text = "manifest unknown";
                return registry_error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", text, &Value::Null);
            }
            reply
        }
        _ => registry_error(StatusCode::NOT_FOUND, "NOT_FOUND", "page not found", &Value::Null),
    }
}

/// The body of the firewall's 403 (section 15.3), which failed imports quote.
pub(super) fn firewall_text(address: &str) -> String {
    format!(
        "{{\"errors\":[{{\"code\":\"DENIED\",\"message\":\"client with IP '{address}' is not allowed access. Refer \
         https://aka.ms/acr/firewall to grant access.\"}}]}}"
    )
}

/// Lets the distribution API ask who may do what here.
struct Door<'a> {
    world: &'a World,
    call: &'a Call,
    azure: &'a Azure,
}

impl distribution::Gate for Door<'_> {
    fn admit(&self, repository: &str, actions: &[&str]) -> Result<(), Refusal> {
        access::admit(self.world, self.call, self.azure, "repository", repository, actions)
    }

    fn admit_catalog(&self) -> Result<(), Refusal> {
        access::admit(self.world, self.call, self.azure, "registry", "catalog", &["*"])
    }

    fn admit_ping(&self) -> Result<(), Refusal> {
        access::ping(self.world, self.call, self.azure)
    }

    fn may_pull(&self, repository: &str) -> bool {
        access::admit(self.world, self.call, self.azure, "repository", repository, &["pull"]).is_ok()
    }
}
