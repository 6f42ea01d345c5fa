//! ACR Tasks: what Azure builds and runs beside a registry, as a client of its service (ACR wire facts, section 11).
//!
//! A run is ordered ([`Order`]), its source is sent ([`Service::send`]), and it is followed to its end
//! ([`Service::follow`]). Shows nothing: log lines are foreign text, and whoever shows them escapes them.

mod archive;
mod blob;
mod caller;
mod follow;
pub mod limits;
mod log;
mod order;
mod pieces;
mod pool;
mod problem;
mod run;
mod source;

pub use archive::{Archived, archive};
pub use follow::{Ended, Pace, Watch};
pub use order::{Argument, Build, LONGEST, Login, Order, Secret, TaskRun, Work, builds_for};
pub use pieces::pieces;
pub use problem::refused;
pub use run::{Output, Run, Status};
pub use source::{PIECE, Pieces};

use crate::azure::Arm;

/// The stable version of the service.
pub const VERSION: &str = "2019-04-01";
/// The version that knows agent pools and the identity of the caller.
pub const PREVIEW: &str = "2025-03-01-preview";

/// ACR Tasks of one registry, as one identity.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// Resource Manager.
    pub arm: &'a Arm,
    /// The registry's resource id.
    pub registry: &'a str,
}
