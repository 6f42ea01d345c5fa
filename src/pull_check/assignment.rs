//! Assignment: a role that somebody has at a scope, and which roles let pull.
//!
//! Which role gives what: Microsoft's article "Azure Container Registry roles directory reference".

use super::{ask::text, resource_id::ResourceId};
use serde_json::Value;

/// What gives the right to pull in `LegacyRegistryPermissions`.
pub(super) const LEGACY: [(&str, &str); 6] = [
    ("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull"),
    ("8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush"),
    (IMPORTER, "Container Registry Data Importer and Data Reader"),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
];
/// What gives the right to pull in `AbacRepositoryPermissions`, each perhaps with a condition.
pub(super) const ABAC: [(&str, &str); 4] = [
    ("b93aa761-3e63-49ed-ac28-beffa264f7ac", "Container Registry Repository Reader"),
    ("2a1e307c-b015-4ebd-883e-5b7698a07328", "Container Registry Repository Writer"),
    ("2efddaa5-3f1f-4df3-97df-af3f13818f4c", "Container Registry Repository Contributor"),
    (IMPORTER, "Container Registry Data Importer and Data Reader"),
];
/// *Container Registry Data Importer and Data Reader*, in both modes.
pub(super) const IMPORTER: &str = "577a9874-89fd-4f24-9dbd-b5034d0ad23a";
/// Built-in roles that give no right to pull: an unknown role could be a company's own, these are not.
pub(super) const NONE: [&str; 6] = [
    "c2f4ef07-c644-48eb-af81-4b1b4947fb11", // AcrDelete
    "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7", // Container Registry Repository Catalog Lister
    "fb382eab-e894-4461-af04-94435c366c3f", // Container Registry Tasks Contributor
    "69b07be0-09bf-439a-b9a6-e73de851bd59", // Container Registry Configuration Reader and Data Access Configuration Reader
    "3bc748fc-213d-45c1-8d91-9da5725539b9", // Container Registry Contributor and Data Access Configuration Administrator
    "bf94e731-3a51-4a7c-8c54-a1ab9971dfc1", // Container Registry Transfer Pipeline Contributor
];

/// A role assignment (Microsoft.Authorization, 2022-04-01).
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    /// The id of its role, in lower case.
    pub(super) role: String,
    pub(super) scope: String,
    pub(super) condition: Option<String>,
}

impl Assignment {
    /// Reads an assignment as Azure tells it.
    pub(super) fn read(value: &Value) -> Self {
        let role = text(value, "/properties/roleDefinitionId").rsplit('/').next().unwrap_or_default();
        let condition = text(value, "/properties/condition");
        Self {
            role: role.to_ascii_lowercase(),
            scope: text(value, "/properties/scope").to_owned(),
            condition: (!condition.is_empty()).then(|| condition.to_owned()),
        }
    }

    /// Returns the other registry that this assignment lets pull from.
    pub(super) fn elsewhere(&self, registry: &ResourceId) -> Option<ResourceId> {
        let pulls = LEGACY.iter().chain(&ABAC).any(|(id, _)| *id == self.role);
        let scope = ResourceId::parse(&self.scope).map(|scope| scope.top())?;
        (pulls && scope.is_of("Microsoft.ContainerRegistry/registries") && scope != *registry).then_some(scope)
    }
}

/// Returns the name of a role, by its id, where it is one of those.
pub(super) fn named(roles: &[(&'static str, &'static str)], role: &str) -> Option<&'static str> {
    roles.iter().find(|(id, _)| *id == role).map(|(_, name)| *name)
}
