//! Connected registries: what ships, factories and branches have a copy of, kept by the section `connected-registries`
//! of `acr-sync.yaml`.
//!
//! Asks ([`ask`]), decides ([`decide`], asks nobody) and does ([`Work::apply`]); looks how they are ([`look`]); and makes
//! what the cluster on premises needs ([`kit`]). Shows nothing.

mod actions;
mod ask;
mod creation;
mod cron;
mod decide;
mod doing;
mod found;
pub mod kit;
mod merging;
mod name;
mod objection;
mod removal;
mod setting;
mod span;
#[cfg(test)]
mod staged;
mod status;
mod update;
mod wanted;
mod work;

pub use actions::Actions;
pub use ask::{Planes, ask};
pub use cron::Cron;
pub use decide::{Question, decide};
pub use found::{Found, Instance, ScopeMap, Token};
pub use name::Name;
pub use setting::{Access, Client, Connected, LogLevel, Mode, read};
pub use span::Span;
pub use status::look;
pub use work::{Change, Detachment, Edit, New, NewToken, Removal, Wish, Work};
