//! Registries as resources: found, shown, listed, and their names checked.

use super::super::{
    World,
    call::{Call, Reply, arm_error, json_reply},
    identity::Principal,
    state::Azure,
    world::SUBSCRIPTION,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Lists what `az` looks names up in: every resource of a type that the caller may see.
pub(super) fn resources(world: &World, call: &Call, principal: &Principal) -> Reply {
    let filter = call.query("$filter").unwrap_or_default().to_ascii_lowercase();
    let is_about_registries = filter.is_empty() || filter.contains("'microsoft.containerregistry/registries'");
    let list = visible(world, principal).into_iter().filter(|_| is_about_registries);
    let value: Vec<_> = list.map(|azure| head(&azure)).collect();
    json_reply(StatusCode::OK, &json!({"value": value}))
}

/// Lists the registries of the subscription, in pages with a `nextLink`.
pub(super) fn list(world: &World, call: &Call, principal: &Principal) -> Reply {
    let page = world.state().registry_page;
    let skip: usize = call.query("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let all = visible(world, principal);
    let version = call.query("api-version").unwrap_or_default();
    let value: Vec<_> = all.iter().skip(skip).take(page).map(|azure| whole(world, azure, version)).collect();
    let mut body = json!({"value": value});
    if skip + page < all.len() {
        let next = format!("{}{}?api-version={version}&$skiptoken={}", call.origin, call.path, skip + page);
        body["nextLink"] = json!(next);
    }
    json_reply(StatusCode::OK, &body)
}

pub(super) fn get(world: &World, call: &Call, principal: &Principal, azure: &Azure) -> Reply {
    if principal.rights.may_read(&azure.name) {
        let version = call.query("api-version").unwrap_or_default();
        return json_reply(StatusCode::OK, &whole(world, azure, version));
    }
    unauthorized(principal, "Microsoft.ContainerRegistry/registries/read", &azure.id())
}

/// Shape: the official sample `RegistryListUsages.json`.
pub(super) fn usages(world: &World, principal: &Principal, azure: &Azure) -> Reply {
    if !principal.rights.may_read_settings(&azure.name, &azure.id()) {
        return unauthorized(principal, "Microsoft.ContainerRegistry/registries/listUsages/read", &azure.id());
    }
    let state = world.state();
    let registry = state.registries.get(&azure.login_server);
    let blobs = registry.into_iter().flat_map(|it| it.repositories.values()).flat_map(|repository| &repository.blobs);
    let unique: std::collections::BTreeSet<_> = blobs.collect();
    let size: u64 = unique.into_iter().filter_map(|blob| world.content().size(blob)).sum();
    let size = azure.policies.used.unwrap_or(size);
    // Section 8.3.
    let (gib, webhooks) = match azure.sku.as_str() {
        "Basic" => (10_u64, 2),
        "Standard" => (100, 10),
        _ => (500, 500),
    };
    let value = json!([
        {"name": "Size", "limit": gib << 30, "currentValue": size, "unit": "Bytes"},
        {"name": "Webhooks", "limit": webhooks, "currentValue": 0, "unit": "Count"},
    ]);
    json_reply(StatusCode::OK, &json!({"value": value}))
}

/// The names and ids of cache rules: whether there are any is what is asked for.
pub(super) fn cache_rules(principal: &Principal, azure: &Azure) -> Reply {
    if !principal.rights.may_read_settings(&azure.name, &azure.id()) {
        return unauthorized(principal, "Microsoft.ContainerRegistry/registries/cacheRules/read", &azure.id());
    }
    let rule = |name: &String| {
        json!({"id": format!("{}/cacheRules/{name}", azure.id()), "name": name,
            "type": "Microsoft.ContainerRegistry/registries/cacheRules", "properties": {"provisioningState": "Succeeded"}})
    };
    let rules: Vec<_> = azure.policies.cache_rules.iter().map(rule).collect();
    json_reply(StatusCode::OK, &json!({"value": rules}))
}

/// Answers whether a name is free in all of Azure: 5 to 50 letters and digits, not taken (section 2.2).
pub(super) fn check_name(world: &World, call: &Call) -> Reply {
    let body = call.json().unwrap_or_default();
    let Some(name) = body["name"].as_str() else {
        return arm_error(StatusCode::BAD_REQUEST, "InvalidRequestContent", "The request content is missing 'name'.");
    };
    let is_valid = (5..=50).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_taken = world
        .state()
        .registries
        .values()
        .any(|registry| registry.azure().is_some_and(|azure| azure.name.eq_ignore_ascii_case(name)));
    let answer = if !is_valid {
        let text = format!(
            "The specified registry name {name} is invalid: it may contain alpha numeric characters only and must be between 5 and 50 characters."
        );
        json!({"nameAvailable": false, "reason": "Invalid", "message": text})
    } else if is_taken {
        json!({"nameAvailable": false, "reason": "AlreadyExists", "message": format!("The registry {name} is already in use.")})
    } else {
        json!({"nameAvailable": true})
    };
    json_reply(StatusCode::OK, &answer)
}

pub(super) fn absent(world: &World, group: &str, name: &str) -> Reply {
    let state = world.state();
    let mut known = state.registries.values().filter_map(|registry| registry.azure());
    if !known.any(|azure| azure.group.eq_ignore_ascii_case(group)) {
        let text = format!("Resource group '{group}' could not be found.");
        return arm_error(StatusCode::NOT_FOUND, "ResourceGroupNotFound", &text);
    }
    let text = format!(
        "The Resource 'Microsoft.ContainerRegistry/registries/{name}' under resource group '{group}' was not found. For \
         more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    arm_error(StatusCode::NOT_FOUND, "ResourceNotFound", &text)
}

/// The text of `observed-import-errors.json`, class `target-rights`.
pub(super) fn unauthorized(principal: &Principal, action: &str, scope: &str) -> Reply {
    let text = format!(
        "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope \
         '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
        principal.client_id, principal.object_id
    );
    arm_error(StatusCode::FORBIDDEN, "AuthorizationFailed", &text)
}

fn visible(world: &World, principal: &Principal) -> Vec<Azure> {
    let state = world.state();
    let all = state.registries.values().filter_map(|registry| registry.azure());
    all.filter(|azure| azure.subscription == SUBSCRIPTION && principal.rights.may_read(&azure.name)).cloned().collect()
}

fn head(azure: &Azure) -> Value {
    const MADE: &str = "2025-09-18T06:46:47.5158938+00:00";
    json!({
        "id": azure.id(), "name": azure.name, "type": "Microsoft.ContainerRegistry/registries",
        "sku": {"name": azure.sku, "tier": azure.sku}, "location": azure.location, "tags": {},
        "systemData": {
            "createdBy": "ops@contoso.example", "createdByType": "User", "createdAt": MADE,
            "lastModifiedBy": "ops@contoso.example", "lastModifiedByType": "User", "lastModifiedAt": MADE,
        },
    })
}

/// The resource as the capture `acr-show` has it; the access switches follow the world.
pub(super) fn whole(world: &World, azure: &Azure, version: &str) -> Value {
    let open = azure.public_access;
    let rules = azure.ip_rules.iter().flatten().map(|rule| json!({"action": "Allow", "value": rule}));
    let rules: Vec<_> = rules.collect();
    let hosts = data_hosts(world, azure);
    let collection = format!("{}/privateEndpointConnections", azure.id()).to_ascii_lowercase();
    let connections: Vec<_> = world.state().estate.under(&collection).map(connection).collect();
    let mut resource = head(azure);
    resource["properties"] = json!({
        "loginServer": azure.login_server, "creationDate": "2025-09-18T06:46:47.5158938Z",
        "provisioningState": "Succeeded", "adminUserEnabled": azure.users.iter().any(|user| user.actions.is_none()),
        "networkRuleSet": {"defaultAction": if azure.is_open() { "Allow" } else { "Deny" }, "ipRules": rules},
        "policies": {
            "quarantinePolicy": {"status": "disabled"},
            "trustPolicy": {"type": "Notary", "status": "disabled"},
            "retentionPolicy": {"days": azure.policies.retention.days, "lastUpdatedTime": "2025-09-18T06:46:54.6837011+00:00",
                "status": azure.policies.retention.status()},
            "exportPolicy": {"status": "enabled"},
            "azureADAuthenticationAsArmPolicy": {"status": if azure.arm_tokens { "enabled" } else { "disabled" }},
        },
        "encryption": {"status": "disabled"}, "dataEndpointEnabled": azure.data_endpoints, "dataEndpointHostNames": hosts,
        "privateEndpointConnections": connections, "publicNetworkAccess": if open { "Enabled" } else { "Disabled" },
        "networkRuleBypassOptions": if azure.bypass { "AzureServices" } else { "None" },
        "networkRuleBypassAllowedForTasks": false, "zoneRedundancy": "Disabled",
        "anonymousPullEnabled": azure.anonymous_pull, "metadataSearch": "Disabled",
        "roleAssignmentMode": if azure.abac { "AbacRepositoryPermissions" } else { "LegacyRegistryPermissions" },
        "autoGeneratedDomainNameLabelScope": "Unsecure",
    });
    // What only preview versions show (section 9).
    if version.ends_with("-preview") {
        let soft_delete = azure.policies.soft_delete;
        resource["properties"]["policies"]["softDeletePolicy"] = json!({"retentionDays": soft_delete.days,
            "lastUpdatedTime": "2025-09-18T06:46:54.683738+00:00", "status": soft_delete.status()});
        let is_regional = azure.policies.is_regional;
        resource["properties"]["regionalEndpoints"] = json!(if is_regional { "Enabled" } else { "Disabled" });
        let hosts = super::super::policies::regional_hosts(&world.state(), azure);
        resource["properties"]["regionalEndpointHostNames"] = json!(hosts);
    }
    resource
}

/// A connection as it stands in its registry, without what only its own resource has.
fn connection(resource: &Value) -> Value {
    json!({"id": resource["id"], "name": resource["name"], "type": resource["type"], "properties": resource["properties"]})
}

fn data_hosts(world: &World, azure: &Azure) -> Vec<String> {
    if !azure.data_endpoints {
        return Vec::new();
    }
    let collection = format!("{}/replications", azure.id()).to_ascii_lowercase();
    let state = world.state();
    let replicas = state.estate.under(&collection).filter_map(|it| it["location"].as_str());
    [azure.location.as_str()]
        .into_iter()
        .chain(replicas)
        .map(|region| format!("{}.{region}.data.azurecr.io", azure.name))
        .collect()
}
