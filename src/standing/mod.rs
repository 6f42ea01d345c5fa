//! Standing tasks: builds and commands that Azure keeps beside a registry and starts by itself, as the section `tasks` of
//! `acr-sync.yaml` states them (ACR wire facts, section 11; official samples `Tasks*.json`).
//!
//! Asks ([`ask`]), decides ([`decide`], asks nobody) and does ([`Work::apply`]). Secrets are named by their variables until
//! the very request that carries them: no plan holds one.

mod ask;
mod body;
mod context;
mod decide;
mod doing;
mod look;
mod setting;

pub use ask::{Found, Site, ask};
pub use body::{Slot, fingerprint};
pub use context::Context;
pub use decide::{Wish, decide};
pub use doing::Work;
pub use setting::{Access, Schedule, Standing, Triggers, read};
