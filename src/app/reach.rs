//! Reach: the connections of a run, which its registries share: what a host asks for holds for all that talk to it, and
//! what was read once is known.

use crate::{
    http::Http,
    inputs::Inputs,
    problem::{Problem, Side},
    registry::{Client, Logins},
};
use std::sync::OnceLock;

/// The client of a run, from the moment that somebody has to be asked; nobody's login is in it.
#[derive(Default)]
pub(super) struct Reach(OnceLock<Result<Client, Problem>>);

impl Reach {
    pub(super) fn client(&self, inputs: &Inputs) -> Result<Client, Problem> {
        let made = || {
            let http = Http::new(&inputs.way).map_err(|error| Problem::new(Side::Settings, error.to_string()))?;
            Ok(Client::new(http, Logins::default()))
        };
        self.0.get_or_init(made).clone()
    }
}
