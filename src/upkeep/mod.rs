//! Upkeep: what a registry needs beside the images of its list, stated in `acr-sync.yaml`, planned and applied like
//! them.
//!
//! Each section has a room of its own, or a file here, that asks, decides and does. This room leads through them in a
//! fixed order and holds the words that they share with the report.

mod apply;
mod certificates;
mod chore;
mod cleanup;
mod connected;
mod finding;
mod pull_check;
mod registry_settings;
mod removed;
mod standing;
mod survey;

use crate::{
    azure::{Arm, Target},
    certificates::Known,
    inputs::Secrets,
    problem::Problem,
    reference::Registry,
    registry,
    tasks::Service,
};
use std::fmt;

pub use apply::{Hands, Outcome, apply};
pub use chore::{Chore, State, Task, compare};
pub use finding::{Finding, Gravity};
pub use removed::Untag;
pub use survey::{Asked, plan};

/// What is to be done beside the lines of the list, in the order in which it is done, and what was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// What is to be done.
    pub chores: Vec<Chore>,
    /// What people should know, and nothing is done about.
    pub findings: Vec<Finding>,
}

/// A section of `acr-sync.yaml` that asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The file as a whole.
    File,
    /// `removed`: tags whose line is gone.
    Removed,
    /// `cleanup`: what nobody needs any more.
    Cleanup,
    /// `connected-registries`: what is copied to ships and factories.
    Connected,
    /// `pull-check`: whether clusters can pull.
    PullCheck,
    /// `retention`: manifests without a tag go after a time.
    Retention,
    /// `soft-delete`: what is deleted can be restored for a time.
    SoftDelete,
    /// `locks`: tags that cannot be moved or deleted.
    Locks,
    /// `replicas`: the regions that the registry is in.
    Replicas,
    /// `certificates`: images with the company's authorities.
    Certificates,
    /// `tasks`: builds and commands that stand in the registry.
    Tasks,
    /// `registry`: ways in without an identity, and how much room there is.
    Registry,
}

/// Whom a registry's upkeep is asked of.
#[derive(Debug, Clone)]
pub struct Clients {
    /// The registry's host.
    pub registry: Registry,
    /// Its data plane.
    pub registries: registry::Client,
    /// Why the data plane cannot be asked, where that is known.
    pub door: Result<(), Problem>,
    /// Its control plane; none for a registry that is no ACR.
    pub azure: Option<ControlPlane>,
    /// Layers of images that were looked into.
    pub layers: Known,
    /// The variables that the settings name.
    pub secrets: Secrets,
}

/// Resource Manager, and the registry as it knows it.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    /// As our identity.
    pub arm: Arm,
    /// The registry as a resource.
    pub target: Target,
}

impl Clients {
    /// Returns ACR Tasks of the registry.
    fn service(&self) -> Option<Service<'_>> {
        self.azure.as_ref().map(|azure| Service { arm: &azure.arm, registry: &azure.target.id })
    }
}

impl Upkeep {
    /// Returns whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.chores.is_empty() && self.findings.is_empty()
    }
}

impl fmt::Display for Section {
    /// Writes the section's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "acr-sync.yaml",
            Self::Removed => "removed",
            Self::Cleanup => "cleanup",
            Self::Connected => "connected-registries",
            Self::PullCheck => "pull-check",
            Self::Retention => "retention",
            Self::SoftDelete => "soft-delete",
            Self::Locks => "locks",
            Self::Replicas => "replicas",
            Self::Certificates => "certificates",
            Self::Tasks => "tasks",
            Self::Registry => "registry",
        })
    }
}
