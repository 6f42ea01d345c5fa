//! Keeps a private Azure Container Registry in step with a reviewed list of images.

pub mod change;
pub mod host;
pub mod images;
pub mod reference;

pub mod images;

pub mod change;

pub mod problem;

pub mod inputs;

pub mod http;

pub mod credential;

pub mod registry;

pub mod azure;

pub mod plan;

pub mod import;

pub mod verify;

pub mod report;

pub mod host;

pub mod app;

pub mod cli;
