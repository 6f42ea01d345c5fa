//! Organization: everything Azure DevOps holds, as data.

use super::{build::Build, oidc::ServiceConnection, pull_request::PullRequest};
use crate::emulator::TreeEntry;
use std::collections::{BTreeMap, BTreeSet};

/// The repositories of the organizations, and who may do what with them.
#[derive(Default)]
pub(in crate::emulator) struct Organization {
    pub(super) repositories: Vec<Repository>,
    pub(super) tokens: Vec<Token>,
    pub(super) connections: Vec<ServiceConnection>,
}

impl Organization {
    pub(super) fn repository_mut(&mut self, id: &str) -> Option<&mut Repository> {
        self.repositories.iter_mut().find(|it| it.id == id)
    }
}

/// A repository, alone in its project.
pub(super) struct Repository {
    pub(super) organization: String,
    pub(super) project: String,
    pub(super) project_id: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) commits: BTreeMap<String, Commit>,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) pull_requests: BTreeMap<u64, PullRequest>,
    pub(super) builds: Vec<Build>,
    /// Whether a status is reset by new changes, so that each must name its iteration.
    pub(super) wants_iterations: bool,
    pub(super) next: u64,
}

/// One commit with its whole tree.
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) parents: Vec<String>,
    pub(super) tree: BTreeMap<String, TreeEntry>,
}

/// A job's token, and what the identity behind it may do.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) repository: String,
    pub(super) identity: Identity,
    pub(super) rights: BTreeSet<Right>,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) name: String,
}

/// What an identity may do in a repository (docs, "Git repository permissions").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    Read,
    Contribute,
    Builds,
}

impl Repository {
    pub(super) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Returns a commit and all that lie behind it, nearest first.
    pub(super) fn history(&self, id: &str) -> Vec<&Commit> {
        let mut found: Vec<&Commit> = self.commits.get(id).into_iter().collect();
        let mut at = 0;
        while let Some(commit) = found.get(at).copied() {
            for parent in commit.parents.iter().filter_map(|id| self.commits.get(id)) {
                if !found.iter().any(|known| known.id == parent.id) {
                    found.push(parent);
                }
            }
            at += 1;
        }
        found
    }
}
