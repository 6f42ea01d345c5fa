//! Gates: how many imports run at once, over all and from one source.

use super::Pace;
use crate::{
    http::{Gate, Permit},
    plan::{Route, Step},
    reference::Registry,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The limits that all workers share.
#[derive(Debug)]
pub(crate) struct Gates {
    all: Gate,
    per_source: usize,
    sources: Mutex<HashMap<Registry, Gate>>,
    /// The shortest time that an import of this run has taken.
    fastest: Mutex<Option<Duration>>,
}

impl Gates {
    pub(super) fn new(pace: &Pace) -> Self {
        Self {
            all: Gate::new(pace.imports),
            per_source: pace.imports_per_source,
            sources: Mutex::default(),
            fastest: Mutex::default(),
        }
    }

    /// The source first: a place among all is not held while a throttled source lets nobody in.
    pub(super) async fn enter(&self, step: &Step) -> (Option<Permit>, Permit) {
        let source = match step.route {
            Route::ServerSide => Some(self.source(&step.from().host()).enter().await),
            // A copy by this runner keeps the limits of the hosts with every request.
            Route::Direct(_) => None,
        };
        (source, self.all.enter().await)
    }

    /// Returns how long an import takes at least, as far as this run knows: nobody asks for it before.
    pub(crate) fn least(&self) -> Duration {
        self.fastest.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_default()
    }

    /// Takes in how long an import took.
    pub(crate) fn took(&self, time: Duration) {
        let mut fastest = self.fastest.lock().unwrap_or_else(PoisonError::into_inner);
        *fastest = Some(fastest.map_or(time, |fastest| fastest.min(time)));
    }

    pub(crate) fn source(&self, source: &Registry) -> Gate {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.entry(source.clone()).or_insert_with(|| Gate::new(self.per_source)).clone()
    }
}
