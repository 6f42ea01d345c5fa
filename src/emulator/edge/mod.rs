//! Edge: connected registries, and the tokens and scope maps that they and others sign in with (ACR wire facts, 12).
//!
//! What is kept, and what a device would do with it. The doors onto it are Resource Manager's and the registry's own.

mod check;
mod connected;

use super::{
    AzureRegistry,
    repository::timestamp,
    state::{Azure, RegistryUser},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) use check::{Refused, deletion, scope_map, token};
pub(super) use connected::connected;

/// The kinds of resources below a registry that this file keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ScopeMap,
    Token,
    Connected,
}

/// The resources of a registry by their names in lower case.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Edge {
    scope_maps: BTreeMap<String, Value>,
    tokens: BTreeMap<String, Value>,
    connected: BTreeMap<String, Value>,
    /// The values of passwords: token, `password1` or `password2`, value. Shown once, when they are made.
    passwords: Vec<(String, String, String)>,
}

impl Kind {
    /// Returns the part of a path that collects them.
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::ScopeMap => "scopeMaps",
            Self::Token => "tokens",
            Self::Connected => "connectedRegistries",
        }
    }

    pub(super) fn of(segment: &str) -> Option<Self> {
        [Self::ScopeMap, Self::Token, Self::Connected]
            .into_iter()
            .find(|it| it.collection().eq_ignore_ascii_case(segment))
    }
}

/// What the service makes itself, and nobody changes.
const SYSTEM: [(&str, &[&str]); 3] = [
    ("_repositories_pull", &["repositories/*/content/read"]),
    ("_repositories_push", &["repositories/*/content/read", "repositories/*/content/write"]),
    (
        "_repositories_admin",
        &[
            "repositories/*/metadata/read",
            "repositories/*/metadata/write",
            "repositories/*/content/read",
            "repositories/*/content/write",
            "repositories/*/content/delete",
        ],
    ),
];

impl Edge {
    fn map(&self, kind: Kind) -> &BTreeMap<String, Value> {
        match kind {
            Kind::ScopeMap => &self.scope_maps,
            Kind::Token => &self.tokens,
            Kind::Connected => &self.connected,
        }
    }

    fn map_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, Value> {
        match kind {
            Kind::ScopeMap => &mut self.scope_maps,
            Kind::Token => &mut self.tokens,
            Kind::Connected => &mut self.connected,
        }
    }

    pub(super) fn get(&self, kind: Kind, name: &str) -> Option<Value> {
        let name = name.to_ascii_lowercase();
        self.map(kind).get(&name).cloned().or_else(|| system(kind).find(|map| map["name"] == name.as_str()))
    }

    pub(super) fn all(&self, kind: Kind) -> Vec<Value> {
        system(kind).chain(self.map(kind).values().cloned()).collect()
    }

    /// Returns the resource behind an id of this registry.
    fn behind(&self, azure: &Azure, kind: Kind, id: &Value) -> Option<Value> {
        let prefix = format!("{}/{}/", azure.id(), kind.collection()).to_ascii_lowercase();
        self.get(kind, id.as_str()?.to_ascii_lowercase().strip_prefix(&prefix)?)
    }

    pub(super) fn put(&mut self, kind: Kind, resource: Value) {
        let name = resource["name"].as_str().unwrap_or_default().to_ascii_lowercase();
        self.map_mut(kind).insert(name, resource);
    }

    pub(super) fn remove(&mut self, kind: Kind, name: &str) {
        let name = name.to_ascii_lowercase();
        self.map_mut(kind).remove(&name);
        if kind == Kind::Token {
            self.passwords.retain(|(token, ..)| *token != name);
        }
    }

    /// Makes a password anew, or both, and returns what is shown once.
    pub(super) fn generate(&mut self, token: &str, which: Option<&str>, expiry: Option<&str>) -> Value {
        let key = token.to_ascii_lowercase();
        let names = ["password1", "password2"].into_iter().filter(|name| which.is_none_or(|which| which == *name));
        let mut shown = Vec::new();
        for name in names {
            let value = format!("{}{}", uuid::Uuid::new_v4().simple(), "+ACR");
            self.passwords.retain(|(token, known, _)| !(*token == key && known == name));
            self.passwords.push((key.clone(), name.to_owned(), value.clone()));
            let mut password = json!({"creationTime": timestamp(), "name": name});
            if let Some(expiry) = expiry {
                password["expiry"] = json!(expiry);
            }
            if let Some(resource) = self.tokens.get_mut(&key) {
                let mut known =
                    resource["properties"]["credentials"]["passwords"].as_array().cloned().unwrap_or_default();
                known.retain(|known| known["name"] != name);
                known.push(password.clone());
                resource["properties"]["credentials"]["passwords"] = json!(known);
            }
            password["value"] = json!(value);
            shown.push(password);
        }
        json!({"username": token, "passwords": shown})
    }

    /// Forgets the passwords that a token no longer lists.
    pub(super) fn keep_listed(&mut self, token: &str) {
        let key = token.to_ascii_lowercase();
        let listed = self.tokens.get(&key).map(|token| token["properties"]["credentials"]["passwords"].clone());
        let is_listed = |name: &str| {
            listed.as_ref().and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one["name"] == name))
        };
        self.passwords.retain(|(token, name, _)| *token != key || is_listed(name));
    }

    /// Returns who may sign in: a user for each password of each token that is enabled.
    fn users(&self, azure: &Azure) -> Vec<RegistryUser> {
        let one = |(key, _, password): &(String, String, String)| {
            let token = self.tokens.get(key).filter(|token| token["properties"]["status"] == "enabled")?;
            let map = self.behind(azure, Kind::ScopeMap, &token["properties"]["scopeMapId"])?;
            let actions = map["properties"]["actions"].as_array().into_iter().flatten();
            Some(RegistryUser {
                name: token["name"].as_str()?.to_owned(),
                password: password.clone(),
                actions: Some(actions.filter_map(|action| action.as_str().map(str::to_owned)).collect()),
            })
        };
        self.passwords.iter().filter_map(one).collect()
    }
}

fn system(kind: Kind) -> impl Iterator<Item = Value> {
    SYSTEM.iter().filter(move |_| kind == Kind::ScopeMap).map(|(name, actions)| {
        json!({"name": name, "properties": {
            "type": "SystemDefined", "creationDate": "2025-09-18T06:46:54.6837011+00:00", "actions": actions,
            "provisioningState": "Succeeded", "description": "Made by the service.",
        }})
    })
}

impl Azure {
    /// Lets those sign in, and only those, whose tokens say so.
    pub(super) fn admit_tokens(&mut self) {
        let users = self.edge.users(self);
        let tokens: Vec<_> =
            self.edge.tokens.values().filter_map(|token| token["name"].as_str().map(str::to_owned)).collect();
        self.users.retain(|user| user.actions.is_none() || !tokens.contains(&user.name));
        self.users.extend(users);
    }
}

/// What the device of a connected registry tells of its last synchronisation.
#[derive(Debug, Clone, Copy)]
pub struct Synchronised<'a> {
    /// `Online`, `Offline`, `Syncing` or `Unhealthy`.
    pub state: &'a str,
    /// When it synchronised last, in the form of RFC 3339.
    pub at: &'a str,
    /// What it says of itself: kind and sentence.
    pub says: Option<(&'a str, &'a str)>,
}

impl AzureRegistry {
    /// Lets a device synchronise: its connected registry becomes active.
    pub fn synchronise(&self, name: &str, sync: Synchronised<'_>) {
        let key = name.to_ascii_lowercase();
        drop(self.clone().set(|azure| {
            let Some(resource) = azure.edge.connected.get_mut(&key) else { return };
            let it = &mut resource["properties"];
            it["activation"] = json!({"status": "Active"});
            it["connectionState"] = json!(sync.state);
            it["lastActivityTime"] = json!(sync.at);
            it["parent"]["syncProperties"]["lastSyncTime"] = json!(sync.at);
            it["statusDetails"] = match sync.says {
                Some((kind, said)) => json!([{"type": kind, "code": kind, "description": said, "timestamp": sync.at,
                    "correlationId": "00000000-0000-0000-0000-000000000000"}]),
                None => json!([]),
            };
        }));
    }

    /// Returns what a scope map permits, in its order.
    pub fn scope_map(&self, name: &str) -> Option<Vec<String>> {
        let map = self.look(|azure| azure.edge.get(Kind::ScopeMap, name))??;
        let actions = map["properties"]["actions"].as_array()?;
        let mut actions: Vec<_> = actions.iter().filter_map(|action| action.as_str().map(str::to_owned)).collect();
        actions.sort();
        Some(actions)
    }

    /// Writes a scope map whole, as somebody else would.
    pub fn write_scope_map<'a>(&self, name: &str, actions: impl IntoIterator<Item = &'a str>) {
        let actions: Vec<_> = actions.into_iter().collect();
        let resource = json!({"name": name, "properties": {
            "type": "UserDefined", "creationDate": timestamp(), "actions": actions, "provisioningState": "Succeeded",
        }});
        drop(self.clone().set(|azure| {
            azure.edge.put(Kind::ScopeMap, resource);
            azure.admit_tokens();
        }));
    }

    /// Makes a token with a scope map, without a password.
    pub fn write_token(&self, name: &str, map: &str) {
        let id = format!("{}/scopeMaps/{map}", self.id());
        let resource = json!({"name": name, "properties": {
            "creationDate": timestamp(), "scopeMapId": id, "status": "enabled", "provisioningState": "Succeeded",
        }});
        drop(self.clone().set(|azure| azure.edge.put(Kind::Token, resource)));
    }

    /// Returns the properties of a connected registry.
    pub fn connected(&self, name: &str) -> Option<Value> {
        self.look(|azure| azure.edge.get(Kind::Connected, name))?.map(|resource| resource["properties"].clone())
    }

    /// Returns the names of the connected registries.
    pub fn connected_names(&self) -> Vec<String> {
        self.look(|azure| azure.edge.connected.keys().cloned().collect()).unwrap_or_default()
    }

    /// Returns the names of the tokens.
    pub fn token_names(&self) -> Vec<String> {
        self.look(|azure| azure.edge.tokens.keys().cloned().collect()).unwrap_or_default()
    }

    /// Returns whether a password is one of a token's.
    pub fn is_password(&self, token: &str, password: &str) -> bool {
        let is = |azure: &Azure| azure.users.iter().any(|user| user.name == token && user.password == password);
        self.look(is).unwrap_or_default()
    }
}
