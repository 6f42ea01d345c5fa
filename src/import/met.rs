//! Met: what a tag that is to be overwritten holds by now.
//!
//! All lines are planned before the first is imported, so that the facts of a long list are an hour old by then; a forced
//! import passes a lock (ACR wire facts, 5.4), and a push knows no "only if it holds this".

use super::{Importers, Outcome};
use crate::{
    plan::{Action, Reason, Step},
    problem::{Problem, Side},
    reference::Digest,
    registry::{RegistryError, TagState},
    verify::Verifier,
};

/// What is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// What the plan saw, or nothing.
    AsPlanned,
    /// What it is to hold.
    Done,
}

/// Asks for the tag of a step that overwrites it; others are left to the service, which takes no tag without force. A
/// moment remains.
pub(super) async fn met(step: &Step, importers: &Importers) -> Result<Met, Outcome> {
    let (planned, from) = match (&step.action, step.digest) {
        (Action::Move { from }, Some(planned)) => (planned, *from),
        // What is repaired stays what it stands for, locked or not.
        (Action::Repair(_), Some(planned)) => (planned, planned),
        _ => return Ok(Met::AsPlanned),
    };
    let Some(verifier) = &importers.verifier else { return Ok(Met::AsPlanned) };
    let held = held(step, importers, verifier).await.map_err(|error| Outcome::Failed(error.problem(Side::Target)))?;
    match held {
        None => Ok(Met::AsPlanned),
        Some(held) if held.digest == planned && planned != from => Ok(Met::Done),
        Some(held) if held.digest != planned && !held.is_writable => {
            Err(Outcome::Blocked(Reason::Locked { from: held.digest }))
        }
        Some(held) if held.digest == from => Ok(Met::AsPlanned),
        Some(held) => Err(Outcome::Failed(moved(step, held.digest))),
    }
}

async fn held(step: &Step, importers: &Importers, verifier: &Verifier) -> Result<Option<TagState>, RegistryError> {
    let (repository, tag) = (step.destination.repository(), step.destination.tag());
    match &importers.acr {
        Some(_) => verifier.held(repository, tag).await,
        // It tells of no locks.
        None => {
            let served = verifier.serves(repository, tag).await?;
            Ok(served.map(|digest| TagState { digest, is_writable: true }))
        }
    }
}

fn moved(step: &Step, holds: Digest) -> Problem {
    let name = step.destination.name();
    Problem::new(Side::Target, format!("`{name}` holds {} by now, and no longer what was planned", holds.short()))
        .hint("Somebody else has pushed it: look who needs it, and plan again.")
}
