//! Grants: role assignments, and the groups through which they hold.

use super::Estate;
use crate::emulator::{World, world::SUBSCRIPTION};
use serde_json::{Value, json};

/// Built-in roles by name (section 5.1; the general ones by Microsoft's article "Azure built-in roles").
const ROLES: [(&str, &str); 10] = [
    ("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d"),
    ("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec"),
    ("AcrDelete", "c2f4ef07-c644-48eb-af81-4b1b4947fb11"),
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
    ("Container Registry Repository Reader", "b93aa761-3e63-49ed-ac28-beffa264f7ac"),
    ("Container Registry Repository Writer", "2a1e307c-b015-4ebd-883e-5b7698a07328"),
    ("Container Registry Repository Contributor", "2efddaa5-3f1f-4df3-97df-af3f13818f4c"),
    ("Container Registry Data Importer and Data Reader", "577a9874-89fd-4f24-9dbd-b5034d0ad23a"),
];

/// A role assignment.
#[derive(Debug, Clone)]
pub(in crate::emulator) struct Assignment {
    name: String,
    pub(in crate::emulator) principal: String,
    role: String,
    pub(in crate::emulator) scope: String,
    condition: Option<String>,
}

impl Assignment {
    /// The shape of Microsoft.Authorization 2022-04-01.
    pub(in crate::emulator) fn whole(&self) -> Value {
        const MADE: &str = "2025-09-18T06:46:47.5158938Z";
        let scope = if self.scope == "/" { "" } else { self.scope.as_str() };
        json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", self.name),
            "name": self.name, "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": format!(
                    "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", self.role
                ),
                "principalId": self.principal, "principalType": "ServicePrincipal", "scope": self.scope,
                "condition": self.condition, "conditionVersion": self.condition.as_ref().map(|_| "2.0"),
                "createdOn": MADE, "updatedOn": MADE, "createdBy": null, "updatedBy": null,
                "delegatedManagedIdentityResourceId": null, "description": null,
            },
        })
    }

    /// Returns whether it holds at a scope, by itself or from above.
    pub(in crate::emulator) fn reaches(&self, scope: &str) -> bool {
        is_within(scope, &self.scope)
    }

    /// Returns whether it lies at or below a scope.
    pub(in crate::emulator) fn is_below(&self, scope: &str) -> bool {
        is_within(&self.scope, scope)
    }
}

/// Returns whether a scope is another one, or below it.
pub(in crate::emulator) fn is_within(scope: &str, above: &str) -> bool {
    let (scope, above) = (scope.to_ascii_lowercase(), above.trim_end_matches('/').to_ascii_lowercase());
    scope.strip_prefix(&above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the built-in roles, or the one of a name, in the shape of Microsoft.Authorization 2022-04-01.
pub(in crate::emulator) fn roles(name: Option<&str>) -> Vec<Value> {
    let meant = ROLES.iter().filter(|(role, _)| name.is_none_or(|name| role.eq_ignore_ascii_case(name)));
    let whole = |(role, id): &(&str, &str)| {
        json!({
            "id": format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{id}"),
            "name": id, "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {"roleName": role, "type": "BuiltInRole", "description": role, "assignableScopes": ["/"],
                "permissions": []},
        })
    };
    meant.map(whole).collect()
}

impl Estate {
    /// Returns whether a principal is another one or, through its groups, a member of it.
    pub(in crate::emulator) fn is_or_belongs_to(&self, principal: &str, other: &str) -> bool {
        let (mut waiting, mut seen) = (vec![principal.to_owned()], Vec::new());
        while let Some(next) = waiting.pop() {
            if next.eq_ignore_ascii_case(other) {
                return true;
            }
            if !seen.contains(&next) {
                waiting.extend(self.groups.get(&next).into_iter().flatten().cloned());
                seen.push(next);
            }
        }
        false
    }
}

impl World {
    /// Grants a role, by its name or id, to a principal or group at a scope.
    pub fn grant(&self, principal: &str, role: &str, scope: &str) {
        self.grant_if(principal, role, scope, None);
    }

    /// Grants a role, perhaps with a condition (version 2.0).
    pub fn grant_if(&self, principal: &str, role: &str, scope: &str, condition: Option<&str>) {
        let id = ROLES.iter().find(|(name, _)| *name == role).map_or(role, |(_, id)| id);
        let mut state = self.state();
        let name = format!("99999999-0000-4000-8000-{:012}", state.estate.assignments.len());
        state.estate.assignments.push(Assignment {
            name,
            principal: principal.to_owned(),
            role: id.to_owned(),
            scope: scope.to_owned(),
            condition: condition.map(str::to_owned),
        });
    }

    /// Takes every grant of a principal away.
    pub fn revoke(&self, principal: &str) {
        self.state().estate.assignments.retain(|assignment| assignment.principal != principal);
    }

    /// Grants a role under a name, as a client asks for it; nothing where it is granted already.
    pub(in crate::emulator) fn grant_as(
        &self,
        name: &str,
        principal: &str,
        role: &str,
        scope: &str,
        condition: Option<&str>,
    ) -> Option<Value> {
        let mut state = self.state();
        let assignment = Assignment {
            name: name.to_owned(),
            principal: principal.to_owned(),
            role: role.to_owned(),
            scope: scope.to_owned(),
            condition: condition.map(str::to_owned),
        };
        let is_same = |it: &Assignment| {
            it.principal == assignment.principal && it.role == assignment.role && it.scope.eq_ignore_ascii_case(scope)
        };
        if state.estate.assignments.iter().any(is_same) {
            return None;
        }
        let whole = assignment.whole();
        state.estate.assignments.push(assignment);
        Some(whole)
    }

    /// Makes a principal or group a member of a group.
    pub fn member(&self, principal: &str, group: &str) {
        self.state().estate.groups.entry(principal.to_owned()).or_default().push(group.to_owned());
    }
}
