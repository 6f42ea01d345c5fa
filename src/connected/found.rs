//! Found: what Resource Manager and the registry say of connected registries, tokens and scope maps.

use super::{Actions, Cron, Span};
use crate::problem::Problem;
use serde_json::Value;
use std::collections::BTreeSet;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// All that a decision rests on.
#[derive(Debug, Clone)]
pub struct Found {
    /// The registry's resource id.
    pub registry: String,
    /// Its name.
    pub name: String,
    /// Its SKU: `Premium` has connected registries.
    pub sku: String,
    /// Whether it has dedicated data endpoints, which connected registries synchronise with.
    pub has_data_endpoint: bool,
    /// The connected registries.
    pub instances: Vec<Instance>,
    /// The tokens.
    pub tokens: Vec<Token>,
    /// The scope maps.
    pub maps: Vec<ScopeMap>,
    /// The repositories; the reason where they could not be listed.
    pub repositories: Result<BTreeSet<String>, Problem>,
}

/// A connected registry.
#[derive(Debug, Clone, Default)]
pub struct Instance {
    /// The resource id.
    pub id: String,
    /// The name.
    pub name: String,
    /// `ReadOnly`, `ReadWrite`, or the older words for them.
    pub mode: String,
    /// The id of the connected registry above it.
    pub parent: Option<String>,
    /// The id of the token that it synchronises with; none where a managed identity does.
    pub token: Option<String>,
    /// When it synchronises.
    pub schedule: Option<String>,
    /// How long that may take.
    pub window: Option<String>,
    /// How long messages for it are kept.
    pub message_ttl: Option<String>,
    /// How much it logs.
    pub log_level: Option<String>,
    /// The ids of its client tokens.
    pub clients: Vec<String>,
    /// What it reports.
    pub notifications: Vec<String>,
    /// `Online`, `Offline`, `Syncing` or `Unhealthy`.
    pub connection: Option<String>,
    /// Whether it was ever deployed.
    pub is_active: bool,
    /// When it synchronised last.
    pub last_sync: Option<OffsetDateTime>,
    /// Where it gets its images from.
    pub gateway: Option<String>,
    /// What it says of itself.
    pub details: Vec<String>,
}

/// A token.
#[derive(Debug, Clone, Default)]
pub struct Token {
    /// The resource id.
    pub id: String,
    /// The name, which is the user's name as well.
    pub name: String,
    /// The id of its scope map.
    pub map: String,
    /// Whether it may sign in.
    pub is_enabled: bool,
    /// Its passwords: the name, and when it was made.
    pub passwords: Vec<(String, String)>,
}

/// A scope map.
#[derive(Debug, Clone, Default)]
pub struct ScopeMap {
    /// The resource id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What somebody wrote of it.
    pub description: String,
    /// Whether the service made it and keeps it.
    pub is_system: bool,
    /// What it permits.
    pub actions: Actions,
}

/// Compares ids, whose case makes no difference (ACR wire facts, 2.2).
pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

/// Returns the last part of an id.
pub(super) fn last(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

impl Found {
    pub(super) fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| same(&instance.id, id))
    }

    pub(super) fn token(&self, id: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| same(&token.id, id))
    }

    /// Returns the scope map behind a token's id.
    pub(super) fn map_of(&self, token: &str) -> Option<&ScopeMap> {
        let token = self.token(token)?;
        self.maps.iter().find(|map| same(&map.id, &token.map))
    }

    /// Returns the name that a token signs in with.
    pub fn user(&self, token: &str) -> String {
        self.token(token).map_or_else(|| last(token).to_owned(), |token| token.name.clone())
    }

    pub(super) fn id_of(&self, collection: &str, name: &str) -> String {
        format!("{}/{collection}/{name}", self.registry)
    }

    /// Returns the connected registries below one, all the way down, nearest first.
    pub(super) fn below(&self, id: &str) -> Vec<&Instance> {
        let mut below: Vec<&Instance> = Vec::new();
        let mut ids = vec![id];
        while let Some(id) = ids.pop() {
            let is_child = |it: &&Instance| it.parent.as_deref().is_some_and(|parent| same(parent, id));
            for child in self.instances.iter().filter(is_child) {
                if !below.iter().any(|seen| same(&seen.id, &child.id)) {
                    below.push(child);
                    ids.push(&child.id);
                }
            }
        }
        below
    }

    /// Returns the connected registries above one, all the way up, nearest first.
    pub(super) fn above(&self, parent: Option<&str>) -> Vec<&Instance> {
        let mut above: Vec<&Instance> = Vec::new();
        let mut next = parent;
        while let Some(instance) = next.and_then(|id| self.by_id(id)) {
            if above.iter().any(|seen| same(&seen.id, &instance.id)) {
                break;
            }
            above.push(instance);
            next = instance.parent.as_deref();
        }
        above
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn texts(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned))
}

impl Instance {
    pub(super) fn read(value: &Value) -> Self {
        let it = &value["properties"];
        let sync = &it["parent"]["syncProperties"];
        let detail = |detail: &Value| {
            let said = text(&detail["description"]).or_else(|| text(&detail["code"]))?;
            Some(match text(&detail["type"]) {
                Some(kind) => format!("{kind}: {said}"),
                None => said,
            })
        };
        Self {
            id: text(&value["id"]).unwrap_or_default(),
            name: text(&value["name"]).unwrap_or_default(),
            mode: text(&it["mode"]).unwrap_or_default(),
            parent: text(&it["parent"]["id"]),
            token: text(&sync["tokenId"]),
            schedule: text(&sync["schedule"]),
            window: text(&sync["syncWindow"]),
            message_ttl: text(&sync["messageTtl"]),
            log_level: text(&it["logging"]["logLevel"]),
            clients: texts(&it["clientTokenIds"]).collect(),
            notifications: texts(&it["notificationsList"]).collect(),
            connection: text(&it["connectionState"]),
            is_active: it["activation"]["status"] == "Active",
            last_sync: text(&sync["lastSyncTime"]).and_then(|time| OffsetDateTime::parse(&time, &Rfc3339).ok()),
            gateway: text(&sync["gatewayEndpoint"]),
            details: it["statusDetails"].as_array().into_iter().flatten().filter_map(detail).collect(),
        }
    }

    /// Returns the schedule; what this program cannot read is taken for the default.
    pub(super) fn cron(&self) -> Option<Cron> {
        self.schedule.as_deref().and_then(|text| Cron::parse(text).ok())
    }

    pub(super) fn span(text: Option<&str>) -> Option<Span> {
        text.and_then(|text| Span::parse(text).ok())
    }
}

impl Token {
    pub(super) fn read(value: &Value) -> Self {
        let it = &value["properties"];
        let password = |one: &Value| Some((text(&one["name"])?, text(&one["creationTime"]).unwrap_or_default()));
        Self {
            id: text(&value["id"]).unwrap_or_default(),
            name: text(&value["name"]).unwrap_or_default(),
            map: text(&it["scopeMapId"]).unwrap_or_default(),
            is_enabled: it["status"].as_str().is_none_or(|status| status.eq_ignore_ascii_case("enabled")),
            passwords: it["credentials"]["passwords"].as_array().into_iter().flatten().filter_map(password).collect(),
        }
    }
}

impl ScopeMap {
    pub(super) fn read(value: &Value) -> Self {
        let it = &value["properties"];
        Self {
            id: text(&value["id"]).unwrap_or_default(),
            name: text(&value["name"]).unwrap_or_default(),
            description: text(&it["description"]).unwrap_or_default(),
            is_system: it["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("SystemDefined")),
            actions: texts(&it["actions"]).collect(),
        }
    }
}
