//! A handle on one repository of the world, to seed it and to look into it.

use super::{
    DOT_COM,
    check_run::CheckRun,
    comment::{self, Comment},
    commit::{Commit, TreeEntry, sha_of},
    hub::Repository,
    oidc::{self, Job, OidcRequest},
    permission::{ACTIONS_BOT, Token},
    pull_request::{self, PullRequest},
    review::ReviewComment,
    workflow_run::WorkflowRun,
};
use crate::emulator::World;
use std::time::Duration;

/// One repository on github.com or an Enterprise Server.
#[derive(Clone)]
pub struct GitHubRepository {
    world: World,
    server: String,
    full_name: String,
}

impl World {
    /// Creates a private repository `owner/name` on github.com, or returns the one that is there.
    pub fn github(&self, full_name: &str) -> GitHubRepository {
        self.github_at(DOT_COM, full_name)
    }

    /// Creates a private repository on an Enterprise Server, whose API is at `https://SERVER/api/v3`.
    pub fn github_at(&self, server: &str, full_name: &str) -> GitHubRepository {
        let server = server.to_ascii_lowercase();
        let mut state = self.state();
        let hub = &mut state.github;
        if hub.repository(&server, full_name).is_none() {
            let id = 700_001 + u64::try_from(hub.repositories.len()).unwrap_or_default();
            hub.repositories.push(Repository::new(&server, full_name, id));
        }
        drop(state);
        GitHubRepository { world: self.clone(), server, full_name: full_name.to_owned() }
    }
}

impl GitHubRepository {
    fn with<T>(&self, change: impl FnOnce(&mut Repository) -> T) -> Option<T> {
        self.world.state().github.repository_mut(&self.server, &self.full_name).map(change)
    }

    /// Returns the value of `GITHUB_API_URL`.
    pub fn api_url(&self) -> String {
        match self.server.as_str() {
            DOT_COM => "https://api.github.com".to_owned(),
            server => format!("https://{server}/api/v3"),
        }
    }

    /// Returns the id of the repository.
    pub fn id(&self) -> u64 {
        self.with(|it| it.id).unwrap_or_default()
    }

    /// Makes a commit with these files, all there are in it, and returns its SHA.
    pub fn commit<P: Into<String>, E: Into<TreeEntry>>(
        &self,
        parents: &[&str],
        files: impl IntoIterator<Item = (P, E)>,
    ) -> String {
        let number = self.with(Repository::next_id).unwrap_or_default();
        let sha = sha_of(&format!("commit {number} of {} on {}", self.full_name, self.server));
        self.commit_as(&sha, parents, files);
        sha
    }

    /// Makes a commit under a SHA that is known already, such as one of a true repository.
    pub fn commit_as<P: Into<String>, E: Into<TreeEntry>>(
        &self,
        sha: &str,
        parents: &[&str],
        files: impl IntoIterator<Item = (P, E)>,
    ) {
        let tree = files.into_iter().map(|(path, entry)| (path.into(), entry.into())).collect();
        let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        let commit = Commit { sha: sha.to_owned(), parents, tree, at: super::now() };
        self.with(|it| it.commits.insert(sha.to_owned(), commit));
    }

    /// Points a branch at a commit.
    pub fn branch(&self, name: &str, sha: &str) {
        self.with(|it| it.branches.insert(name.to_owned(), sha.to_owned()));
    }

    /// Opens a pull request to the default branch, or moves its head. `merge_sha` is the test merge, which the
    /// host makes of both tips; the first parent of it is the base.
    pub fn pull_request(&self, number: u64, head_sha: &str, merge_sha: Option<&str>) {
        self.with(|it| {
            let merge = merge_sha.map(str::to_owned);
            if let Some(pull) = it.pull_requests.get_mut(&number) {
                pull.head_sha = head_sha.to_owned();
                pull.merge_commit_sha = merge;
                return;
            }
            let base_ref = it.default_branch.clone();
            let pull = PullRequest {
                number,
                head_sha: head_sha.to_owned(),
                head_ref: format!("change-{number}"),
                base_sha: it.branches.get(&base_ref).cloned().unwrap_or_default(),
                base_ref,
                merge_commit_sha: merge,
                is_closed: false,
                is_merged: false,
                fork: None,
                created_at: super::now(),
                merged_at: None,
                closed_at: None,
            };
            it.pull_requests.insert(number, pull);
        });
    }

    /// Lets a pull request come from a fork.
    pub fn from_fork(&self, number: u64, fork: &str) {
        self.with(|it| it.pull_requests.get_mut(&number).map(|pull| pull.fork = Some(fork.to_owned())));
    }

    /// Merges a pull request as a commit: the base branch points there from now on.
    pub fn merge(&self, number: u64, sha: &str) {
        self.with(|it| pull_request::close_merged(it, number, sha));
    }

    /// Closes a pull request without merging it.
    pub fn close(&self, number: u64) {
        self.with(|it| {
            let pull = it.pull_requests.get_mut(&number)?;
            pull.is_closed = true;
            pull.closed_at = Some(super::now());
            Some(())
        });
    }

    /// Lets a pull request go to another branch, from its tip of now.
    pub fn onto(&self, number: u64, branch: &str) {
        self.with(|it| {
            let tip = it.branches.get(branch).cloned().unwrap_or_default();
            let pull = it.pull_requests.get_mut(&number)?;
            (pull.base_ref, pull.base_sha) = (branch.to_owned(), tip);
            Some(())
        });
    }

    /// Returns a pull request.
    pub fn pull(&self, number: u64) -> Option<PullRequest> {
        self.with(|it| it.pull_requests.get(&number).cloned()).flatten()
    }

    /// Writes a comment and returns its id.
    pub fn comment(&self, number: u64, login: &str, is_bot: bool, body: &str) -> u64 {
        self.with(|it| comment::add(it, number, login, is_bot, body.to_owned()).id).unwrap_or_default()
    }

    /// Returns the comments of a pull request, oldest first.
    pub fn comments(&self, number: u64) -> Vec<Comment> {
        let of = |it: &mut Repository| it.comments.iter().filter(|it| it.number == number).cloned().collect();
        self.with(of).unwrap_or_default()
    }

    /// Changes a comment, as people with the right to write can.
    pub fn edit_comment(&self, id: u64, body: &str) {
        self.with(|it| {
            let comment = it.comments.iter_mut().find(|comment| comment.id == id)?;
            comment.updated_at = super::now();
            comment.body = body.to_owned();
            Some(())
        });
    }

    /// Deletes a comment.
    pub fn delete_comment(&self, id: u64) {
        self.with(|it| it.comments.retain(|comment| comment.id != id));
    }

    /// Returns the check runs, oldest first.
    pub fn check_runs(&self) -> Vec<CheckRun> {
        self.with(|it| it.check_runs.clone()).unwrap_or_default()
    }

    /// Returns the comments on lines, oldest first.
    pub fn review_comments(&self) -> Vec<ReviewComment> {
        self.with(|it| it.review_comments.clone()).unwrap_or_default()
    }

    /// Makes a workflow known that has not run yet, by the name of its file.
    pub fn workflow(&self, file: &str) {
        self.with(|it| {
            if !it.workflows.iter().any(|known| known == file) {
                it.workflows.push(file.to_owned());
            }
        });
    }

    /// Adds a run of a workflow and returns its id; without a conclusion it still runs.
    pub fn workflow_run(&self, file: &str, branch: &str, event: &str, head_sha: &str, conclusion: Option<&str>) -> u64 {
        self.workflow(file);
        let run = self.with(|it| {
            let mut run = WorkflowRun::new(it, file, branch, event, head_sha);
            run.conclusion = conclusion.map(str::to_owned);
            let id = run.id;
            it.workflow_runs.push(run);
            id
        });
        run.unwrap_or_default()
    }

    /// Creates a token of a job with permissions as a workflow states them, such as `pull-requests: write`.
    pub fn token(&self, name: &str, permissions: &[&str]) {
        self.token_of(name, ACTIONS_BOT, permissions);
    }

    /// Creates a token of a user or another app; an app's login ends with `[bot]`.
    pub fn token_of(&self, name: &str, login: &str, permissions: &[&str]) {
        let token = Token::new(name, self.id(), login, permissions);
        let mut state = self.world.state();
        // One that is given anew has lost what it had.
        state.github.tokens.retain(|it| it.name != token.name || it.repository != token.repository);
        state.github.tokens.push(token);
    }

    /// Sets how many requests the token has left in this hour.
    pub fn requests_left(&self, number: u32) {
        self.with(|it| it.requests_left = Some(number));
    }

    /// Writes the ids of owner and repository into subjects, as for repositories made since July 2026.
    pub fn immutable_subjects(&self) {
        self.with(|it| it.has_immutable_subjects = true);
    }

    /// Gives later jobs identity tokens that are out of their time when they are shown, as for a clock that is wrong.
    pub fn stale_identity(&self) {
        self.with(|it| it.identity_lifetime = Duration::ZERO);
    }

    /// Returns the subject of a job, for a federated credential; the context is `pull_request`,
    /// `ref:refs/heads/main` or `environment:prod`.
    pub fn subject(&self, context: &str) -> String {
        self.with(|it| oidc::subject(it, context)).unwrap_or_default()
    }

    /// Returns the issuer of the jobs' identity tokens.
    pub fn issuer(&self) -> String {
        oidc::issuer(&self.server)
    }

    /// Starts a job with `id-token: write` in a context, and returns what it asks for identity tokens with.
    pub fn oidc(&self, context: &str) -> OidcRequest {
        let mut state = self.world.state();
        let job = state.github.repository(&self.server, &self.full_name).map(|it| Job::new(it, context));
        let Some(job) = job else { return OidcRequest { url: String::new(), token: String::new() } };
        let request = job.request(&self.server);
        state.github.jobs.push(job);
        request
    }
}
