//! GitHub: the REST API of a repository as a workflow's job sees it, and the identity tokens of the job.
//!
//! Shapes: GitHub's OpenAPI description of its REST API. Rules that the description lacks name their source where
//! they stand. "Docs" means an article of docs.github.com.

mod ask;
mod check_run;
mod comment;
mod commit;
mod comparison;
mod contents;
mod handle;
mod hub;
mod listing;
mod oidc;
mod permission;
mod pull_request;
mod refusal;
mod review;
mod route;
mod sample;
mod shape;
mod site;
mod workflow_run;

pub use check_run::{CheckAnnotation, CheckRun};
pub use comment::Comment;
pub use commit::TreeEntry;
pub(super) use commit::{blob_sha, sha_of};
pub use handle::GitHubRepository;
pub use oidc::OidcRequest;
pub use pull_request::PullRequest;
pub use review::ReviewComment;
pub use sample::{GITHUB_ENTERPRISE, GITHUB_TOKEN};
pub use workflow_run::WorkflowRun;

pub(super) use hub::Hub;
pub(super) use oidc::{HOST as OIDC_HOST, answer as answer_oidc};
pub(super) use refusal::failing;
pub(super) use route::answer;
pub(super) use site::{DOT_COM, server_of};

/// Returns the time as GitHub writes it: whole seconds, UTC.
fn now() -> String {
    let time = super::repository::timestamp();
    format!("{}Z", time.split('.').next().unwrap_or_default())
}
