//! Azure DevOps: the REST API of a project as the job of a pipeline sees it, and the identity tokens of its service
//! connections.
//!
//! Shapes and routes: the published description of the REST API 7.1 (MicrosoftDocs/vsts-rest-api-specs). Rules that it
//! lacks name their source where they stand.

mod ask;
mod build;
mod git;
mod handle;
mod oidc;
mod organization;
mod pull_request;
mod refusal;
mod route;
mod sample;
mod status;
mod thread;

pub use handle::AzureRepository;
pub use oidc::ServiceConnection;
pub use sample::{AZURE_DEVOPS_CONNECTION, AZURE_DEVOPS_TOKEN};
pub use status::Status;
pub use thread::Thread;

pub(super) use organization::Organization;
pub(super) use refusal::failing;
pub(super) use route::{HOST, answer};
