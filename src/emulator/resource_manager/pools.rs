//! Agent pools, to be looked at (official sample `AgentPoolsGet.json`).

use super::{not_found, registry, runs};
use crate::emulator::{
    World,
    call::{Call, Reply, json_reply},
    identity::Principal,
    state::Azure,
};
use axum::http::StatusCode;
use serde_json::json;

/// Shows a pool.
pub(super) fn get(world: &World, call: &Call, principal: &Principal, azure: &Azure, name: &str) -> Reply {
    if !principal.rights.may_read_tasks(&azure.name) {
        let action = "Microsoft.ContainerRegistry/registries/agentpools/read";
        return registry::unauthorized(principal, action, &azure.id());
    }
    if let Some(reply) = runs::unknown_version(call) {
        return reply;
    }
    if !world.state().yards.get(&azure.login_server).is_some_and(|yard| yard.has_pool(name)) {
        return not_found(call);
    }
    let pool = json!({
        "id": format!("{}/agentPools/{name}", azure.id()), "name": name,
        "type": "Microsoft.ContainerRegistry/registries/agentPools", "location": "westeurope",
        "properties": {"count": 1, "os": "Linux", "provisioningState": "Succeeded", "tier": "S1"},
    });
    json_reply(StatusCode::OK, &pool)
}
