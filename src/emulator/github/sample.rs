//! The repository of the examples: a list, a pull request to it, and runs of the workflow that reads it.

use super::handle::GitHubRepository;
use crate::emulator::World;

/// The token of a job in the repositories of the examples.
pub const GITHUB_TOKEN: &str = "emulator-github-token";
/// The token of a job that may do nothing but read.
const READER: &str = "emulator-github-reader";
/// The token of somebody who merges.
const MERGER: &str = "emulator-github-merger";
/// The Enterprise Server of the examples.
pub const GITHUB_ENTERPRISE: &str = "github.contoso.example";

const REPOSITORY: &str = "contoso/images";
const WORKFLOW: &str = "images.yml";
const BASE: &str = "quay.io/jetstack/cert-manager-controller:v1.15.2 => jetstack/cert-manager-controller\n";
const ADDED: &str = "registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller\n";
const PERMISSIONS: [&str; 4] = ["contents: read", "pull-requests: write", "checks: write", "actions: read"];

impl World {
    /// Puts the repository of the examples on github.com and on an Enterprise Server.
    pub fn seed_github(&self) {
        for repository in [self.github(REPOSITORY), self.github_at(GITHUB_ENTERPRISE, REPOSITORY)] {
            if repository.pull(7).is_none() {
                seed(&repository);
            }
        }
    }
}

fn seed(repository: &GitHubRepository) {
    let (list, workflow) = ("images.txt", format!(".github/workflows/{WORKFLOW}"));
    let tree = |text: &str| [(list.to_owned(), text.to_owned()), (workflow.clone(), "on: [pull_request]\n".to_owned())];
    let base = repository.commit(&[], tree(BASE));
    repository.branch("main", &base);
    let after = format!("{BASE}{ADDED}");
    let head = repository.commit(&[&base], tree(&after));
    repository.branch("change-7", &head);
    let merge = repository.commit(&[&base, &head], tree(&after));
    repository.pull_request(7, &head, Some(&merge));
    for (event, conclusion) in [("push", Some("success")), ("push", Some("failure")), ("schedule", None)] {
        repository.workflow_run(WORKFLOW, "main", event, &base, conclusion);
    }
    repository.token(GITHUB_TOKEN, &PERMISSIONS);
    repository.token(READER, &["contents: read"]);
    repository.token_of(MERGER, "octavia", &["contents: write"]);
}
