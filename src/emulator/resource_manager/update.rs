//! A registry's own settings, changed by PATCH: policies, ways in, SKU, regional endpoints (section 9).

use super::super::{
    World,
    call::{Call, Reply, arm_error, json_reply},
    identity::Principal,
    policies::Policy,
    state::{Azure, RegistryUser, Role},
};
use super::registry::{self, unauthorized};
use axum::http::StatusCode;
use serde_json::Value;

/// Status, code and text of a refusal.
type Refused = (&'static str, String);

/// What properties may be changed here; of the others this stand-in knows nothing.
const CHANGED: [&str; 4] = ["policies", "anonymousPullEnabled", "adminUserEnabled", "regionalEndpoints"];

/// Changes what the body names.
pub(super) fn patch(world: &World, call: &Call, principal: &Principal, azure: &Azure) -> Reply {
    if !principal.rights.may_write_access(&azure.name) {
        return unauthorized(principal, "Microsoft.ContainerRegistry/registries/write", &azure.id());
    }
    let Some(body) = call.json().filter(Value::is_object) else {
        let text = "The request content was invalid and could not be deserialized.";
        return arm_error(StatusCode::BAD_REQUEST, "InvalidRequestContent", text);
    };
    let version = call.query("api-version").unwrap_or_default();
    let before = registry::whole(world, azure, version);
    let has_replicas = super::super::policies::regions(&world.state(), azure).len() > 1;
    let mut after = azure.clone();
    if let Err((code, text)) = change(&mut after, &before, &body, version, has_replicas) {
        return arm_error(StatusCode::BAD_REQUEST, code, &text);
    }
    if let Some(Role::Azure(now)) = world.state().registries.get_mut(&azure.login_server).map(|it| &mut it.role) {
        **now = after.clone();
    }
    world.mark_changed();
    json_reply(StatusCode::OK, &registry::whole(world, &after, version))
}

fn change(after: &mut Azure, before: &Value, body: &Value, version: &str, has_replicas: bool) -> Result<(), Refused> {
    let is_preview = version.ends_with("-preview");
    if !is_preview && !after.policies.soft_delete.is_default() {
        // The words of azure-service-operator#5081; the code is not known.
        let text = format!(
            "Cannot override non-default values of soft delete policy for registry {} using api-version {version}. Kindly use \
             one of supported api-versions: 2022-02-01-preview and later. For more information, please visit \
             https://aka.ms/acr/soft-delete",
            after.name
        );
        return Err(("InvalidApiVersion", text));
    }
    if let Some(sku) = body["sku"]["name"].as_str() {
        if !["Basic", "Standard", "Premium"].contains(&sku) {
            return Err(("InvalidSku", format!("The SKU '{sku}' is invalid.")));
        }
        if sku != "Premium" && (has_replicas || after.policies.retention.is_on) {
            return Err(("SkuDowngradeNotAllowed", format!("The registry has features that SKU {sku} does not have.")));
        }
        sku.clone_into(&mut after.sku);
    }
    for (name, value) in body["properties"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if !CHANGED.contains(&name.as_str()) && before["properties"][name] != *value {
            return Err(("NotServed", format!("The stand-in does not change '{name}'.")));
        }
    }
    let properties = &body["properties"];
    for (name, value) in properties["policies"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
    {
        match name.as_str() {
            "retentionPolicy" => after.policies.retention = policy(after.policies.retention, value, "days", 0..=365)?,
            "softDeletePolicy" if !is_preview => {
                let text = "Could not find member 'softDeletePolicy' on object of type 'Policies'.";
                return Err(("InvalidRequestContent", text.to_owned()));
            }
            "softDeletePolicy" => {
                after.policies.soft_delete = policy(after.policies.soft_delete, value, "retentionDays", 1..=90)?;
            }
            _ if before["properties"]["policies"][name]["status"] != value["status"] => {
                return Err(("NotServed", format!("The stand-in does not change '{name}'.")));
            }
            _ => {}
        }
    }
    if let Some(is_open) = properties["anonymousPullEnabled"].as_bool() {
        after.anonymous_pull = is_open;
    }
    if let Some(is_enabled) = properties["adminUserEnabled"].as_bool() {
        let was_enabled = after.users.iter().any(|user| user.actions.is_none());
        if !is_enabled {
            after.users.retain(|user| user.actions.is_some());
        } else if !was_enabled {
            let (name, password) = (after.name.clone(), uuid::Uuid::new_v4().simple().to_string());
            after.users.push(RegistryUser { name, password, actions: None });
        }
    }
    if let Some(state) = properties["regionalEndpoints"].as_str() {
        after.policies.is_regional = state.eq_ignore_ascii_case("enabled");
    }
    agree(after, has_replicas)
}

/// What does not go together, and what needs Premium. The form is that of the known refusal of a closed public endpoint
/// ("Disabling public network access is not supported for the SKU Basic. …", code
/// `DisablingPublicNetworkAccessNotSupported`).
fn agree(azure: &Azure, has_replicas: bool) -> Result<(), Refused> {
    let (sku, policies) = (&azure.sku, &azure.policies);
    let page = "For more information, please visit https://aka.ms/acr";
    if sku != "Premium" && policies.retention.is_on {
        let text = format!("Retention policy is not supported for the SKU {sku}. {page}/retention-policy.");
        return Err(("RetentionPolicyNotSupported", text));
    }
    if sku != "Premium" && policies.is_regional {
        return Err((
            "RegionalEndpointsNotSupported",
            format!("Regional endpoints are not supported for the SKU {sku}. {page}/skus."),
        ));
    }
    if policies.soft_delete.is_on && (policies.retention.is_on || has_replicas || !policies.cache_rules.is_empty()) {
        let text = format!(
            "Soft delete policy is not supported with retention policy, geo-replication or artifact cache. {page}/soft-delete."
        );
        return Err(("SoftDeletePolicyNotSupported", text));
    }
    Ok(())
}

fn policy(
    before: Policy,
    value: &Value,
    days: &'static str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Policy, Refused> {
    let is_on = match value["status"].as_str() {
        Some("enabled") => true,
        Some("disabled") => false,
        None => before.is_on,
        Some(other) => return Err(("InvalidPolicyStatus", format!("The policy status '{other}' is invalid."))),
    };
    let number = value[days].as_u64().unwrap_or(before.days);
    if !range.contains(&number) {
        let text = format!("The value {number} of '{days}' must be between {} and {}.", range.start(), range.end());
        return Err(("InvalidPolicyDays", text));
    }
    Ok(Policy { is_on, days: number })
}
