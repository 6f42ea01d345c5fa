//! Where the run happens: what the surroundings know about the change, and where it is reported to.

pub mod git;
mod github;
mod local;

pub use github::GitHub;
pub use local::{Asked, occasion};
