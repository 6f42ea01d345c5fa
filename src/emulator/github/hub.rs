//! Hub: everything GitHub holds, as data.

use super::{
    check_run::CheckRun, comment::Comment, commit::Commit, oidc::Job, permission::Token, pull_request::PullRequest,
    review::ReviewComment, workflow_run::WorkflowRun,
};
use std::{collections::BTreeMap, time::Duration};

/// The repositories of all servers, and who may do what with them.
#[derive(Default)]
pub(in crate::emulator) struct Hub {
    pub(super) repositories: Vec<Repository>,
    pub(super) tokens: Vec<Token>,
    pub(super) jobs: Vec<Job>,
}

impl Hub {
    /// Returns whether a server exists: one does when a repository lies there.
    pub(in crate::emulator) fn has_server(&self, server: &str) -> bool {
        self.repositories.iter().any(|repository| repository.server == server)
    }

    pub(super) fn repository(&self, server: &str, full_name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|it| it.server == server && it.full_name.eq_ignore_ascii_case(full_name))
    }

    pub(super) fn repository_mut(&mut self, server: &str, full_name: &str) -> Option<&mut Repository> {
        self.repositories.iter_mut().find(|it| it.server == server && it.full_name.eq_ignore_ascii_case(full_name))
    }
}

/// A repository, private as the ones with a list of images are.
pub(super) struct Repository {
    pub(super) server: String,
    /// `owner/name`.
    pub(super) full_name: String,
    pub(super) id: u64,
    pub(super) default_branch: String,
    pub(super) commits: BTreeMap<String, Commit>,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) pull_requests: BTreeMap<u64, PullRequest>,
    pub(super) comments: Vec<Comment>,
    pub(super) check_runs: Vec<CheckRun>,
    pub(super) review_comments: Vec<ReviewComment>,
    pub(super) workflow_runs: Vec<WorkflowRun>,
    /// Workflows that never ran are known as well.
    pub(super) workflows: Vec<String>,
    /// How many requests `GITHUB_TOKEN` has left in this hour; none where there is no limit.
    pub(super) requests_left: Option<u32>,
    /// Whether subjects carry the ids of owner and repository.
    pub(super) has_immutable_subjects: bool,
    /// How long an identity token of a job is valid.
    pub(super) identity_lifetime: Duration,
    pub(super) next: u64,
}

impl Repository {
    pub(super) fn new(server: &str, full_name: &str, id: u64) -> Self {
        Self {
            server: server.to_owned(),
            full_name: full_name.to_owned(),
            id,
            default_branch: "main".to_owned(),
            commits: BTreeMap::new(),
            branches: BTreeMap::new(),
            pull_requests: BTreeMap::new(),
            comments: Vec::new(),
            check_runs: Vec::new(),
            review_comments: Vec::new(),
            workflow_runs: Vec::new(),
            workflows: Vec::new(),
            // An Enterprise Server has its limits off by default (docs, "Configuring rate limits").
            requests_left: (server == super::DOT_COM).then_some(1000),
            has_immutable_subjects: false,
            identity_lifetime: super::oidc::LIFETIME,
            next: 0,
        }
    }

    pub(super) fn owner(&self) -> &str {
        self.full_name.split('/').next().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.full_name.split('/').nth(1).unwrap_or_default()
    }

    pub(super) fn owner_id(&self) -> u64 {
        super::shape::user_id(self.owner())
    }

    /// Returns a new id; ids of one kind grow.
    pub(super) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.id * 100_000 + self.next
    }

    /// Returns the commit that a SHA, the beginning of one, a branch or a ref names.
    ///
    /// Refs as in the docs of "Get a commit": a SHA, `heads/BRANCH`; a branch alone and `refs/…` work too, and
    /// `refs/pull/N/merge` and `…/head` are refs like others.
    pub(super) fn resolve(&self, revision: &str) -> Option<&Commit> {
        if let Some(commit) = self.commits.get(revision) {
            return Some(commit);
        }
        let name = revision.strip_prefix("refs/").unwrap_or(revision);
        if let Some(pull) = name.strip_prefix("pull/") {
            let (number, end) = pull.split_once('/')?;
            let pull = self.pull_requests.get(&number.parse().ok()?)?;
            return match end {
                "head" => self.commits.get(&pull.head_sha),
                "merge" if !pull.is_closed => self.commits.get(pull.merge_commit_sha.as_ref()?),
                _ => None,
            };
        }
        let branch = self.branches.get(name).or_else(|| self.branches.get(name.strip_prefix("heads/")?));
        if let Some(sha) = branch {
            return self.commits.get(sha);
        }
        let is_short = (7..40).contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut found = self.commits.values().filter(|commit| is_short && commit.sha.starts_with(revision));
        found.next().filter(|_| found.next().is_none())
    }

    /// Returns a commit and all that lie behind it, nearest first.
    pub(super) fn history<'a>(&'a self, sha: &str) -> Vec<&'a Commit> {
        let mut found: Vec<&Commit> = self.commits.get(sha).into_iter().collect();
        let mut at = 0;
        while let Some(commit) = found.get(at).copied() {
            for parent in commit.parents.iter().filter_map(|sha| self.commits.get(sha)) {
                if !found.iter().any(|known| known.sha == parent.sha) {
                    found.push(parent);
                }
            }
            at += 1;
        }
        found
    }

    pub(super) fn has_behind(&self, tip: &str, sha: &str) -> bool {
        self.history(tip).iter().any(|commit| commit.sha == sha)
    }
}
