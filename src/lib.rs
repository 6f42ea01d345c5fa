//! Keeps a private Azure Container Registry in step with a reviewed list of images.

pub mod azure;
pub mod change;
pub mod credential;
pub mod host;
pub mod http;
pub mod images;
pub mod import;
pub mod inputs;
pub mod plan;
pub mod problem;
pub mod reference;
pub mod registry;
pub mod report;
pub mod verify;
