//! Work: what is to be done for connected registries, as values. Nothing here asks anybody.

use super::{Actions, actions};
use crate::plan::Mark;

/// Something about a connected registry, or a client token, as the plan shows it.
pub type Wish = crate::problem::Wish<Work>;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Nothing can be: something about a connected registry must be mended first.
    Nothing,
    /// A scope map permits more.
    Extend(Edit),
    /// A client token is made.
    Token(NewToken),
    /// A connected registry is made, with its token and scope map.
    Create(Box<New>),
    /// Settings of a connected registry are changed, and clients or notifications added.
    Update(Box<Change>),
    /// A connected registry is deleted, with what was made for it alone.
    Delete(Removal),
    /// A scope map permits less.
    Shrink(Edit),
    /// Clients and notifications are taken from a connected registry.
    Detach(Box<Detachment>),
}

/// A change of a scope map. What it says nothing about stays as whoever wrote it left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The scope map's id.
    pub map: String,
    /// What it is to permit besides.
    pub add: Actions,
    /// What it is no longer to permit.
    pub remove: Actions,
}

/// A token to be made, with the scope map of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The token's id.
    pub token: String,
    /// The scope map's id.
    pub map: String,
    /// What is written about the scope map.
    pub description: String,
    /// What it permits.
    pub actions: Actions,
}

/// A connected registry to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Its id.
    pub id: String,
    /// How many connected registries are above it.
    pub depth: usize,
    /// The token that it synchronises with.
    pub sync: NewToken,
    /// Its properties, in the service's words.
    pub properties: serde_json::Value,
}

/// Changed settings of a connected registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// How many connected registries are above it.
    pub depth: usize,
    /// What of `syncProperties` changes: the service's name and the new value.
    pub sync: Vec<(&'static str, String)>,
    /// The new log level.
    pub log_level: Option<&'static str>,
    /// The ids of clients to be added.
    pub clients: Vec<String>,
    /// Notifications to be added.
    pub notifications: Vec<String>,
}

/// A connected registry to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its id.
    pub id: String,
    /// How many connected registries are above it.
    pub depth: usize,
    /// The ids of tokens and scope maps that were made for it alone, tokens first.
    pub with: Vec<String>,
    /// The scope maps above it, which permit its messages.
    pub above: Vec<Edit>,
}

/// What is taken from a connected registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detachment {
    /// Its id.
    pub id: String,
    /// The ids of clients.
    pub clients: Vec<String>,
    /// Notifications.
    pub notifications: Vec<String>,
    /// The ids of tokens and scope maps that were made for those clients, tokens first.
    pub with: Vec<String>,
}

impl Work {
    /// Returns what is done, in a word: before, and after it is done.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Nothing => ("synchronise", "synchronised"),
            Self::Extend(_) => ("extend", "extended"),
            Self::Token(_) => ("create token", "token created"),
            Self::Create(_) => ("create", "created"),
            Self::Update(_) => ("update", "updated"),
            Self::Delete(_) => ("delete", "deleted"),
            Self::Shrink(_) => ("shrink", "shrunk"),
            Self::Detach(_) => ("detach", "detached"),
        }
    }

    /// Returns the place in the order of things, 0 to 9: permissions and tokens before who needs them, parents before
    /// children, and what is taken away last, children first.
    pub fn place(&self) -> u8 {
        let depth = |depth: &usize| u8::try_from(*depth).unwrap_or(u8::MAX).min(3);
        match self {
            Self::Nothing | Self::Extend(_) | Self::Token(_) => 0,
            Self::Create(new) => 1 + depth(&new.depth),
            Self::Update(change) => 1 + depth(&change.depth),
            Self::Delete(removal) => 5 + 3 - depth(&removal.depth),
            Self::Shrink(_) | Self::Detach(_) => 9,
        }
    }

    /// Returns what tells this removal from every other; none for what takes nothing away.
    pub fn mark(&self) -> Option<Mark> {
        let text = match self {
            Self::Nothing | Self::Extend(_) | Self::Token(_) | Self::Create(_) | Self::Update(_) => return None,
            Self::Delete(removal) => format!("delete {} {}", removal.id, removal.with.join(" ")),
            Self::Shrink(edit) => {
                let actions: Vec<_> = edit.remove.iter().map(String::as_str).collect();
                format!("shrink {} {}", edit.map, actions.join(" "))
            }
            Self::Detach(it) => {
                format!(
                    "detach {} {} {} {}",
                    it.id,
                    it.clients.join(" "),
                    it.notifications.join(" "),
                    it.with.join(" ")
                )
            }
        };
        Some(Mark::of(&text.to_ascii_lowercase()))
    }
}

impl Edit {
    /// Adds permissions.
    pub(super) fn adding(map: &str, add: Actions) -> Self {
        Self { map: map.to_owned(), add, remove: Actions::new() }
    }

    /// Takes permissions away.
    pub(super) fn removing(map: &str, remove: Actions) -> Self {
        Self { map: map.to_owned(), add: Actions::new(), remove }
    }

    /// Returns it as people read it.
    pub(super) fn told(&self) -> String {
        let parts = [('+', &self.add), ('-', &self.remove)];
        let told: Vec<_> =
            parts.iter().filter(|(_, some)| !some.is_empty()).map(|(sign, some)| actions::told(*sign, some)).collect();
        told.join("; ")
    }
}
