//! Wanted: which permissions each connected registry and each client needs, by the settings and the names of repositories.

use super::{Actions, Client, Connected, Name, actions};
use crate::reference::Glob;
use std::collections::BTreeSet;

/// The settings, and the repositories that they choose among.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) all: &'a [Connected],
    pub(super) names: &'a BTreeSet<String>,
}

impl<'a> Wanted<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Connected> {
        self.all.iter().find(|one| one.name.is(name))
    }

    /// Returns the repositories that a connected registry itself is to have a copy of.
    pub(super) fn own(&self, one: &Connected) -> BTreeSet<&'a str> {
        matching(self.names, &one.repositories)
    }

    /// Returns what a connected registry is to be permitted: its own, and what is below it, for its images come through
    /// it.
    pub(super) fn actions(&self, one: &Connected) -> Actions {
        let mut wanted: Actions = actions::of_gateway(one.name.as_str()).collect();
        for repository in self.own(one) {
            wanted.extend(actions::of_mode(one.mode, repository));
        }
        for child in self.children(&one.name) {
            wanted.extend(self.actions(child));
        }
        wanted
    }

    /// Returns the repositories that a client is to reach.
    pub(super) fn of_client(&self, one: &Connected, client: &Client) -> BTreeSet<&'a str> {
        let own = self.own(one);
        if client.repositories.is_empty() {
            return own;
        }
        own.into_iter().filter(|name| client.repositories.iter().any(|glob| glob.matches(name))).collect()
    }

    /// Returns what a client is to be permitted.
    pub(super) fn client_actions(&self, one: &Connected, client: &Client) -> Actions {
        let repositories = self.of_client(one, client).into_iter();
        repositories.flat_map(|name| actions::of_client(client.access, name)).collect()
    }

    /// Returns a client and the connected registry that it is of.
    pub(super) fn client(&self, name: &Name) -> Option<(&'a Connected, &'a Client)> {
        let mut all = self.all.iter().flat_map(|one| one.clients.iter().map(move |client| (one, client)));
        all.find(|(_, client)| client.name == *name)
    }

    /// A file whose parents go round in a circle is refused when it is read.
    fn children(&self, name: &'a Name) -> impl Iterator<Item = &'a Connected> + use<'a> {
        self.all.iter().filter(move |one| one.parent.as_ref() == Some(name))
    }
}

pub(super) fn matching<'a>(names: &'a BTreeSet<String>, globs: &[Glob]) -> BTreeSet<&'a str> {
    let names = names.iter().map(String::as_str);
    names.filter(|name| globs.iter().any(|glob| glob.matches(name))).collect()
}

/// Returns whether a pattern is one repository's name.
pub(super) fn is_name(glob: &Glob) -> bool {
    !glob.as_str().contains(['*', '?', '[', '{'])
}
