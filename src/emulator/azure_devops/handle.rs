//! A handle on one repository of Azure Repos, to seed it and to look into it.

use super::{
    build::Build,
    oidc::ServiceConnection,
    organization::{Commit, Identity, Repository, Right, Token},
    pull_request::{self, PullRequest},
    status::Status,
    thread::{Comment, Conversation, Thread},
};
use crate::emulator::{TreeEntry, World, github::sha_of};
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// One repository in a project of an organization on `dev.azure.com`.
#[derive(Clone)]
pub struct AzureRepository {
    world: World,
    id: String,
}

/// Returns an id for the things of the world, the same in every run.
fn guid(kind: u32, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

impl World {
    /// Creates a repository in a project of an organization, or returns the one that is there.
    pub fn azure_devops(&self, organization: &str, project: &str, name: &str) -> AzureRepository {
        let mut state = self.state();
        let all = &mut state.azure_devops.repositories;
        let known = all.iter().find(|it| it.organization == organization && it.project == project && it.name == name);
        let id = match known {
            Some(it) => it.id.clone(),
            None => {
                let id = guid(0xa0, all.len() + 1);
                all.push(Repository {
                    organization: organization.to_owned(),
                    project: project.to_owned(),
                    project_id: guid(0xb0, all.len() + 1),
                    id: id.clone(),
                    name: name.to_owned(),
                    commits: BTreeMap::new(),
                    branches: BTreeMap::new(),
                    pull_requests: BTreeMap::new(),
                    builds: Vec::new(),
                    wants_iterations: false,
                    next: 0,
                });
                id
            }
        };
        drop(state);
        AzureRepository { world: self.clone(), id }
    }
}

impl AzureRepository {
    fn with<T>(&self, change: impl FnOnce(&mut Repository) -> T) -> Option<T> {
        self.world.state().azure_devops.repository_mut(&self.id).map(change)
    }

    /// Returns the id of the repository.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the id of its project.
    pub fn project_id(&self) -> String {
        self.with(|it| it.project_id.clone()).unwrap_or_default()
    }

    /// Makes a commit with these files, all there are in it, and returns its id.
    pub fn commit<P: Into<String>, E: Into<TreeEntry>>(
        &self,
        parents: &[&str],
        files: impl IntoIterator<Item = (P, E)>,
    ) -> String {
        let number = self.with(Repository::next_id).unwrap_or_default();
        let id = sha_of(&format!("commit {number} of {}", self.id));
        self.commit_as(&id, parents, files);
        id
    }

    /// Makes a commit under an id that is known already, such as one of a true repository.
    pub fn commit_as<P: Into<String>, E: Into<TreeEntry>>(
        &self,
        id: &str,
        parents: &[&str],
        files: impl IntoIterator<Item = (P, E)>,
    ) {
        let tree = files.into_iter().map(|(path, entry)| (path.into(), entry.into())).collect();
        let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        self.with(|it| it.commits.insert(id.to_owned(), Commit { id: id.to_owned(), parents, tree }));
    }

    /// Points a branch at a commit.
    pub fn branch(&self, name: &str, id: &str) {
        self.with(|it| it.branches.insert(name.to_owned(), id.to_owned()));
    }

    /// Opens a pull request from a commit to `main`, or pushes that commit to it. `merge` is the trial merge.
    pub fn pull_request(&self, number: u64, head: &str, merge: Option<&str>) {
        self.with(|it| {
            let target = it.branches.get("main").cloned().unwrap_or_default();
            let behind: Vec<_> = it.history(&target).iter().map(|commit| commit.id.clone()).collect();
            let common = it.history(head).into_iter().find(|commit| behind.contains(&commit.id));
            let common = common.map(|commit| commit.id.clone()).unwrap_or_default();
            let pull = it.pull_requests.entry(number).or_insert_with(|| PullRequest {
                id: number,
                target: "refs/heads/main".to_owned(),
                iterations: Vec::new(),
                merge: None,
                is_completed: false,
                threads: Vec::new(),
                statuses: Vec::new(),
            });
            pull.iterations.push([head.to_owned(), target, common]);
            pull.merge = merge.map(str::to_owned);
        });
    }

    /// Completes a pull request: its target points to this commit from now on.
    pub fn complete(&self, number: u64, commit: &str) {
        self.with(|it| pull_request::complete(it, number, commit));
    }

    /// Gives a job a token; its rights are some of `read`, `contribute` (to pull requests) and `builds`.
    pub fn token(&self, name: &str, rights: &[&str]) {
        let known = [("read", Right::Read), ("contribute", Right::Contribute), ("builds", Right::Builds)];
        let rights = known.into_iter().filter(|(name, _)| rights.contains(name)).map(|(_, right)| right).collect();
        let organization = self.with(|it| (it.project.clone(), it.organization.clone())).unwrap_or_default();
        let identity = Identity {
            id: self.id.replace("000000a0", "000000c0"),
            name: format!("{} Build Service ({})", organization.0, organization.1),
        };
        let token = Token { name: name.to_owned(), repository: self.id.clone(), identity, rights };
        let mut state = self.world.state();
        state.azure_devops.tokens.retain(|known| known.name != name);
        state.azure_devops.tokens.push(token);
    }

    /// Makes a service connection with workload identity federation.
    pub fn service_connection(&self, name: &str) -> ServiceConnection {
        let (organization, project) = self.with(|it| (it.organization.clone(), it.project.clone())).unwrap_or_default();
        let mut state = self.world.state();
        let connections = &mut state.azure_devops.connections;
        let subject = format!("sc://{organization}/{project}/{name}");
        if let Some(known) = connections.iter().find(|known| known.subject == subject) {
            return known.clone();
        }
        let made = ServiceConnection {
            id: guid(0xd0, connections.len() + 1),
            issuer: format!("https://vstoken.dev.azure.com/{}", guid(0xe0, 1)),
            subject,
        };
        connections.push(made.clone());
        made
    }

    /// Adds a build of pipeline 12 and returns its id; one without a result runs.
    pub fn build(&self, branch: &str, reason: &str, commit: &str, result: Option<&str>) -> u64 {
        let id = self.with(|it| {
            let id = it.next_id() + 500;
            it.builds.push(Build {
                id,
                definition: 12,
                branch: branch.to_owned(),
                reason: reason.to_owned(),
                version: commit.to_owned(),
                result: result.map(str::to_owned),
            });
            id
        });
        id.unwrap_or_default()
    }

    /// Makes statuses name the iteration that they are about, as a policy does that resets them.
    pub fn wants_iterations(&self) {
        self.with(|it| it.wants_iterations = true);
    }

    /// Returns the threads of a pull request, deleted ones too.
    pub fn threads(&self, number: u64) -> Vec<Thread> {
        let all = self.with(|it| {
            let pull = it.pull_requests.get(&number);
            pull.map(|pull| pull.threads.iter().map(Conversation::seen).collect()).unwrap_or_default()
        });
        all.unwrap_or_default()
    }

    /// Returns the statuses of a pull request.
    pub fn statuses(&self, number: u64) -> Vec<Status> {
        let all = self.with(|it| it.pull_requests.get(&number).map(|pull| pull.statuses.clone()).unwrap_or_default());
        all.unwrap_or_default()
    }

    /// Writes a thread as a person, with a property of ours as a script could copy it.
    pub fn thread(&self, number: u64, content: &str, property: &str) {
        self.with(|it| {
            let id = it.next_id() + 140;
            let author = Identity { id: guid(0xf0, 1), name: "Octavia".to_owned() };
            let comments = vec![Comment { author, content: content.to_owned(), is_deleted: false }];
            let mut properties = Map::new();
            properties.insert("acr-sync".to_owned(), json!({"$type": "System.String", "$value": property}));
            let thread = Conversation { id, status: "active".to_owned(), comments, properties };
            it.pull_requests.entry(number).and_modify(|pull| pull.threads.push(thread));
        });
    }

    /// Deletes a thread as a person does.
    pub fn delete_thread(&self, number: u64, id: u64) {
        self.change(number, id, |thread| thread.comments.iter_mut().for_each(|comment| comment.is_deleted = true));
    }

    /// Changes the text of a thread, as somebody with the right could.
    pub fn edit_thread(&self, number: u64, id: u64, content: &str) {
        self.change(number, id, |thread| content.clone_into(&mut thread.comments[0].content));
    }

    fn change(&self, number: u64, id: u64, change: impl FnOnce(&mut Conversation)) {
        self.with(|it| {
            let pull = it.pull_requests.get_mut(&number);
            if let Some(thread) = pull.and_then(|pull| pull.threads.iter_mut().find(|thread| thread.id == id)) {
                change(thread);
            }
        });
    }
}
