//! Role assignments at a scope, read and made, and the roles that there are, by the filters of Microsoft.Authorization 2022-04-01 (section 16).

use super::super::{
    World,
    call::{Call, Reply, arm_error, json_reply},
    estate,
    identity::Principal,
};
use super::registry::unauthorized;
use axum::http::{Method, StatusCode};
use serde_json::json;

const LIST: &str = "/providers/microsoft.authorization/roleassignments";
const ROLES: &str = "/providers/microsoft.authorization/roledefinitions";

/// Which assignments are meant.
struct Filter {
    /// Nothing below the scope.
    at_scope: bool,
    /// Of this principal, of its groups too.
    assigned_to: Option<String>,
    /// Of this principal itself.
    principal: Option<String>,
}

/// Answers a list, or makes an assignment; none where the path is another.
pub(super) fn answer(world: &World, call: &Call, principal: &Principal) -> Option<Reply> {
    if call.method == Method::GET {
        list(world, call, principal).or_else(|| roles(call))
    } else {
        make(world, call, principal)
    }
}

/// Every identity of the tenant may read the built-in roles.
fn roles(call: &Call) -> Option<Reply> {
    call.path.trim_end_matches('/').to_ascii_lowercase().strip_suffix(ROLES)?;
    let name = call.query("$filter").and_then(|filter| filter.strip_prefix("roleName eq '")?.strip_suffix('\''));
    Some(json_reply(StatusCode::OK, &json!({"value": estate::roles(name)})))
}

fn make(world: &World, call: &Call, principal: &Principal) -> Option<Reply> {
    let (path, name) = call.path.rsplit_once('/')?;
    let scope = &path[..path.to_ascii_lowercase().strip_suffix(LIST)?.len()];
    if call.method != Method::PUT {
        return None;
    }
    if !(principal.rights.granter && principal.rights.may_see(scope)) {
        return Some(unauthorized(principal, "Microsoft.Authorization/roleAssignments/write", scope));
    }
    let body = call.json().unwrap_or_default();
    let text = |field: &str| body["properties"][field].as_str();
    let role = text("roleDefinitionId").and_then(|id| id.rsplit('/').next());
    let is_id = |id: &str| uuid::Uuid::parse_str(id).is_ok();
    let (Some(role), Some(assignee), true) = (role, text("principalId").filter(|id| is_id(id)), is_id(name)) else {
        let text = "The request was incorrectly formatted.";
        return Some(arm_error(StatusCode::BAD_REQUEST, "BadRequestFormat", text));
    };
    Some(match world.grant_as(name, assignee, role, scope, text("condition")) {
        Some(assignment) => json_reply(StatusCode::CREATED, &assignment),
        None => arm_error(StatusCode::CONFLICT, "RoleAssignmentExists", "The role assignment already exists."),
    })
}

fn list(world: &World, call: &Call, principal: &Principal) -> Option<Reply> {
    let path = call.path.trim_end_matches('/');
    let scope = &path[..path.to_ascii_lowercase().strip_suffix(LIST)?.len()];
    if !principal.rights.may_see(scope) {
        return Some(unauthorized(principal, "Microsoft.Authorization/roleAssignments/read", scope));
    }
    let text = call.query("$filter").unwrap_or_default();
    let Some(filter) = Filter::read(text) else {
        let text = format!(
            "The filter '{text}' is not supported. Supported filters are either 'atScope()' or 'principalId eq \
             '{{value}}'' or assignedTo('{{value}}')."
        );
        return Some(arm_error(StatusCode::BAD_REQUEST, "UnsupportedQuery", &text));
    };
    let state = world.state();
    let estate = &state.estate;
    let meant = estate.assignments.iter().filter(|it| {
        let is_here = it.reaches(scope) || !filter.at_scope && it.is_below(scope);
        let is_assigned = filter.assigned_to.as_ref().is_none_or(|id| estate.is_or_belongs_to(id, &it.principal));
        is_here && is_assigned && filter.principal.as_ref().is_none_or(|id| it.principal.eq_ignore_ascii_case(id))
    });
    let all: Vec<_> = meant.map(estate::Assignment::whole).collect();
    let page = estate.page.unwrap_or(all.len().max(1));
    let skip: usize = call.query("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let mut body = json!({"value": all.iter().skip(skip).take(page).collect::<Vec<_>>()});
    if skip + page < all.len() {
        let query = call.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let query = query.split("&$skiptoken=").next().unwrap_or_default();
        body["nextLink"] = json!(format!("{}{path}?{query}&$skiptoken={}", call.origin, skip + page));
    }
    Some(json_reply(StatusCode::OK, &body))
}

impl Filter {
    fn read(text: &str) -> Option<Self> {
        let mut filter = Self { at_scope: false, assigned_to: None, principal: None };
        for part in text.split(" and ").map(str::trim).filter(|part| !part.is_empty()) {
            let quoted = |before: &str, behind: &str| {
                let value = part.strip_prefix(before)?.strip_suffix(behind)?;
                uuid::Uuid::parse_str(value).ok().map(|_| value.to_owned())
            };
            if part.eq_ignore_ascii_case("atScope()") {
                filter.at_scope = true;
            } else if let Some(id) = quoted("assignedTo('", "')") {
                filter.assigned_to = Some(id);
            } else if let Some(id) = quoted("principalId eq '", "'") {
                filter.principal = Some(id);
            } else {
                return None;
            }
        }
        // `principalId eq` stands alone.
        let is_mixed = filter.principal.is_some() && (filter.at_scope || filter.assigned_to.is_some());
        (!is_mixed).then_some(filter)
    }
}
