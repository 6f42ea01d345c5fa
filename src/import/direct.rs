//! Direct: this runner copies from registry to registry.

use super::{Ended, Outcome};
use crate::{
    copy::{Before, Copier, Extent, Onto, Place},
    plan::{Action, Overwrite, Step},
    problem::{Problem, Side},
    stop::stopped,
};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// Imports by copying.
#[derive(Debug, Clone)]
pub struct DirectCopy {
    /// Copies to the target, and knows what is there.
    pub copier: Copier,
    /// Whether tags may move. One that has appeared since the plan is never moved by a step that is no move.
    pub overwrite: Overwrite,
    /// When the plan began to ask what tags hold.
    pub since: Instant,
}

/// How long a tag that the plan found free is taken for free, so that short runs need not ask again: with 12 images that
/// is 12 of 217 requests.
const FRESH: Duration = Duration::from_secs(10);

impl DirectCopy {
    /// Copies one step; `instead` is why the service did not do it. `Err` is an outcome that needs no proof any more.
    pub(super) async fn copy(
        &self,
        step: &Step,
        instead: Option<Problem>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Ended, Outcome> {
        let before = match &step.action {
            Action::Import => Before::Nothing,
            Action::Move { .. } | Action::Repair(_) => Before::Something,
            // A push knows no "only if it is not there": what could not be asked is not overwritten.
            Action::Unchecked(problem) => {
                // What the service has against it, where it was asked, can be mended.
                return Err(Outcome::Failed(instead.unwrap_or_else(|| problem.clone())));
            }
            Action::Keep | Action::Block(_) => return Err(Outcome::NotStarted),
        };
        let Some(digest) = step.digest else {
            return Err(Outcome::Failed(Problem::new(Side::Source, "the source could not be asked for the digest")));
        };
        let began = Instant::now();
        let extent = match &step.subset {
            Some(subset) => Extent::Platforms { of: subset.of, platforms: step.options.platforms() },
            None => Extent::Whole,
        };
        let onto = match (self.overwrite, &step.action) {
            (Overwrite::Refuse, _) => Onto::Free { until: began },
            (Overwrite::Allow, Action::Import) => Onto::Free { until: self.since + FRESH },
            (
                Overwrite::Allow,
                Action::Move { .. } | Action::Repair(_) | Action::Unchecked(_) | Action::Keep | Action::Block(_),
            ) => Onto::Any,
        };
        let (repository, tag) = (step.destination.repository(), Some(step.destination.tag()));
        let place = Place { repository, tag, before, onto };
        tokio::select! {
            biased;
            // What was sent is most likely not tagged yet, and the next run finds it.
            () = stopped(&mut stop) => Err(Outcome::CopyStopped),
            copied = self.copier.copy(step.from(), digest, extent, place) => match copied {
                Ok(()) => Ok(Ended { took: began.elapsed(), attempts: 1, instead }),
                Err(error) => Err(Outcome::Failed(both(instead, error.problem()))),
            },
        }
    }
}

/// Where both ways fail, the first is what the line asked for.
fn both(instead: Option<Problem>, direct: Problem) -> Problem {
    match instead {
        None => direct,
        Some(first) => {
            Problem { what: format!("{}; a direct copy failed as well: {}", first.what, direct.what), ..first }
        }
    }
}
