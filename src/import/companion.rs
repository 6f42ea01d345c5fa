//! Companions: what refers to an image follows it, on the image's own way.

use super::{DirectCopy, Importers, Way};
use crate::{
    azure::{ImportRequest, Mode, Progress, To},
    copy::{Before, Extent, Onto, Place},
    plan::{Companion, Step},
    problem::{Problem, Side},
    reference::Digest,
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Brings every companion of a step whose image is there.
pub(super) async fn follow(step: &Step, importers: &Importers, way: Way) -> Result<(), Problem> {
    for companion in &step.companions {
        let brought = match (way, &importers.direct) {
            // The list is made anew, of what is there already and of what comes.
            (Way::Direct, Ok(_)) if companion.is_list() => continue,
            (Way::Direct, Ok(direct)) => {
                let tag = companion.tag.as_deref();
                let repository = step.destination.repository();
                // Signers add to what their tags stand for: it moves with the source.
                let place = Place { repository, tag, before: Before::Nothing, onto: Onto::Any };
                let copied = direct.copier.copy(step.from(), companion.digest, Extent::Whole, place).await;
                copied.map_err(|error| error.problem())
            }
            (Way::Direct, Err(problem)) => Err(problem.clone()),
            (Way::ServerSide, _) => import(step, companion, importers).await,
        };
        brought.map_err(|problem| Problem {
            what: format!("the image is there, but {companion}, which refers to it, is not: {}", problem.what),
            ..problem
        })?;
    }
    match (way, &importers.direct) {
        (Way::Direct, Ok(direct)) => list(step, direct).await.map_err(|problem| Problem {
            what: format!("what refers to the image is there, but not listed: {}", problem.what),
            ..problem
        }),
        (Way::Direct, Err(_)) | (Way::ServerSide, _) => Ok(()),
    }
}

/// Makes what names its subject findable where the registry does not do so itself.
async fn list(step: &Step, direct: &DirectCopy) -> Result<(), Problem> {
    let mut subjects: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
    for companion in step.companions.iter().filter(|companion| companion.tag.is_none()) {
        subjects.entry(companion.subject).or_default().push(companion.digest);
    }
    for (subject, referrers) in subjects {
        let listed = direct.copier.list(step.from(), step.destination.repository(), subject, &referrers).await;
        listed.map_err(|error| error.problem())?;
    }
    Ok(())
}

/// One import each: the service takes nothing along by itself (ACR wire facts, 3.5).
async fn import(step: &Step, companion: &Companion, importers: &Importers) -> Result<(), Problem> {
    let Some(acr) = &importers.acr else { return Ok(()) };
    let repository = step.destination.repository();
    let to = match &companion.tag {
        Some(tag) => To::Tag(format!("{repository}:{tag}")),
        None => To::Repository(repository.to_owned()),
    };
    let request = ImportRequest {
        source: acr.sources.of(step.from()),
        repository: step.from().repository().to_owned(),
        digest: companion.digest,
        to,
        // Signers add to what their tags stand for: it moves with the source.
        mode: Mode::Force,
    };
    let name = companion.tag.clone().unwrap_or_else(|| companion.digest.to_string());
    let until = Instant::now() + importers.pace.deadline;
    let started = request.start(&acr.arm, &acr.registry).await.map_err(|error| error.problem())?;
    let Progress::Running(mut operation) = started else { return Ok(()) };
    let mut poll_at = Instant::now() + operation.retry_after;
    let mut pause = importers.pace.probe;
    while Instant::now() < until {
        tokio::time::sleep(pause).await;
        if let Some(verifier) = &importers.verifier
            && matches!(verifier.serves(repository, &name).await, Ok(Some(served)) if served == companion.digest)
        {
            return Ok(());
        }
        pause = (pause * 2).min(Duration::from_secs(5));
        if Instant::now() >= poll_at {
            match operation.poll(&acr.arm).await.map_err(|error| error.problem())? {
                Progress::Succeeded => return Ok(()),
                Progress::Running(next) => {
                    poll_at = Instant::now() + next.retry_after;
                    operation = next;
                }
            }
        }
    }
    Err(Problem::new(Side::Azure, "its import did not end in time"))
}
