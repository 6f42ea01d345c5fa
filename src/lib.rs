//! Keeps a private Azure Container Registry in step with a reviewed list of images.
//!
//! The rooms below stand in the order in which a run walks through them: from the text of `images.txt` to the
//! report on the pull request. Data flows one way; a plan is a value, and applying accepts nothing else.

pub mod reference;

pub mod images;

pub mod change;

pub mod problem;

pub mod stop;

pub mod settings;

pub mod inputs;

pub mod http;

pub mod credential;

pub mod registry;

pub mod azure;

pub mod plan;

pub mod scanner;

pub mod policy;

pub mod signature;

pub mod connected;

pub mod certificates;

pub mod cleanup;

pub mod copy;

pub mod pull_check;

pub mod registry_settings;

pub mod context;

pub mod tasks;

pub mod standing;

pub mod upkeep;

pub mod import;

pub mod verify;

pub mod report;

pub mod needed;

pub mod host;

pub mod app;

pub mod cli;

#[cfg(feature = "emulator")]
pub mod emulator;

#[cfg(any(test, fuzzing))]
pub mod fuzz;
