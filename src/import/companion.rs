//! Companions: what refers to an image follows it, on the image's own way.

use super::{
    DirectCopy, Gates, Importers, Way,
    order::{Broken, Order},
};
use crate::{
    azure::{Failure, ImportRequest, Mode, To},
    copy::{Before, CopyError, Extent, Onto, Place},
    plan::{Companion, Step},
    problem::{Problem, Side},
    reference::Digest,
};
use std::collections::BTreeMap;
use tokio::{sync::watch, time::Instant};

/// Brings every companion of a step whose image is there.
pub(super) async fn follow(
    step: &Step,
    importers: &Importers,
    gates: &Gates,
    way: Way,
    stop: &watch::Receiver<bool>,
) -> Result<(), Problem> {
    for companion in &step.companions {
        let brought = match (way, &importers.direct) {
            // The list is made anew, of what is there already and of what comes.
            (Way::Direct, Ok(_)) if companion.is_list() => continue,
            (Way::Direct, Ok(direct)) => {
                let tag = companion.tag.as_deref();
                let repository = step.destination.repository();
                let onto = Onto::Free { until: Instant::now() };
                let place = Place { repository, tag, before: Before::Nothing, onto };
                match direct.copier.copy(&step.source, companion.digest, Extent::Whole, place).await {
                    // Somebody else's signature, made since the plan: it stays.
                    Ok(()) | Err(CopyError::Taken { .. }) => Ok(()),
                    Err(error) => Err(error.problem()),
                }
            }
            (Way::Direct, Err(problem)) => Err(problem.clone()),
            (Way::ServerSide, _) => import(step, companion, importers, gates, stop).await,
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
        let listed = direct.copier.list(&step.source, step.destination.repository(), subject, &referrers).await;
        listed.map_err(|error| error.problem())?;
    }
    Ok(())
}

/// One import each: the service takes nothing along by itself (ACR wire facts, 3.5).
async fn import(
    step: &Step,
    companion: &Companion,
    importers: &Importers,
    gates: &Gates,
    stop: &watch::Receiver<bool>,
) -> Result<(), Problem> {
    let Some(acr) = &importers.acr else { return Ok(()) };
    let repository = step.destination.repository();
    let to = match &companion.tag {
        Some(tag) => To::Tag(format!("{repository}:{tag}")),
        None => To::Repository(repository.to_owned()),
    };
    let request = ImportRequest {
        source: acr.sources.of(&step.source),
        repository: step.source.repository().to_owned(),
        digest: companion.digest,
        to,
        // What others have signed stays theirs.
        mode: Mode::NoForce,
    };
    let name = companion.tag.clone().unwrap_or_else(|| companion.digest.to_string());
    let order = Order { request, source: step.source.host(), repository, name: &name, is_repair: false };
    let verifier = importers.verifier.as_ref();
    match acr.bring(&order, verifier, gates, &importers.pace, stop.clone()).await {
        Ok(_) => confirm(repository, &name, companion.digest, importers).await,
        // Somebody else's signature that could not be seen when this was planned, or was made since: it stays.
        Err(Broken::Refused(Some(Failure::TagExists), _)) => Ok(()),
        Err(Broken::Refused(_, problem) | Broken::Late(problem)) => Err(problem),
        Err(Broken::Stopped(_)) => Err(Problem::new(Side::Settings, "the run was stopped")),
    }
}

/// Asks the registry whether Azure has told the truth; one that cannot be asked speaks against nobody.
async fn confirm(repository: &str, name: &str, digest: Digest, importers: &Importers) -> Result<(), Problem> {
    let Some(verifier) = &importers.verifier else { return Ok(()) };
    let until = Instant::now() + importers.pace.settle;
    let mut pause = importers.pace.probe;
    loop {
        match verifier.serves(repository, name).await {
            Ok(Some(served)) if served == digest => return Ok(()),
            Err(_) => return Ok(()),
            Ok(_) if Instant::now() + pause < until => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Ok(_) => {
                let what = "Azure says that it is imported, and the registry does not serve it";
                return Err(Problem::new(Side::Azure, what).hint("Run again: the import is repeated."));
            }
        }
    }
}
