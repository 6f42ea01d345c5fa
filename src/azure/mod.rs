//! The Azure control plane, as a client: which registry is meant, and what its import service is asked.

mod arm;
mod cloud;
mod error;
mod failure;
mod import;
mod resource;
mod target;

pub use arm::Arm;
pub use cloud::Cloud;
pub use error::ArmError;
pub use failure::Failure;
pub use import::{ImportRequest, ImportSource, Mode, Operation, Progress, To};
pub use target::{RegistryName, Target, find, login_servers};
