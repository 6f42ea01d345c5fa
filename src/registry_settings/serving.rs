//! Serving: which replicas serve what was imported. Asked by the host that a region has for itself, or not at all: the
//! registry's own host answers for whichever region is nearest, and a replica's state says nothing of one image.

use super::{
    Await, Awaited, Decision, Found, Pace, Part, Wish, Work,
    decide::remark,
    doing::{self, Ended},
};
use crate::{
    plan::Step,
    problem::{Grade, Problem, Side},
    reference::Registry,
    registry::{self, RegistryError},
};
use tokio::{sync::watch, time::Instant};

/// How many images a failure names.
const NAMED: usize = 5;

/// Looks which replicas can be asked for what the plan's lines import.
pub async fn look(
    found: &Found,
    steps: &[Step],
    registry: &Registry,
    registries: &registry::Client,
    door: &Result<(), Problem>,
) -> Decision {
    let mut decision = Decision::default();
    let images: Vec<_> = steps.iter().filter(|step| step.may_be_written()).filter_map(awaited).collect();
    if images.is_empty() {
        return decision;
    }
    for replica in found.others().filter(|replica| replica.state == "Succeeded") {
        let region = &replica.region;
        let asked = match host(found, region) {
            Ok(host) => asked(&host, &images[0], registry, registries, door).await.map(|()| host),
            Err(problem) => Err(problem),
        };
        match asked {
            Ok(host) => {
                let reason = format!("until it serves {}", number(images.len()));
                let (registry, region, images) = (registry.clone(), region.clone(), images.clone());
                let work = Work::Await(Await { registry, host, region: region.clone(), images });
                decision.wishes.push(Wish { part: Part::Replicas, subject: region, work, reason, block: None });
            }
            Err(problem) => decision.remarks.push(remark(Part::Replicas, region, Grade::Unchecked, problem)),
        }
    }
    decision
}

fn awaited(step: &Step) -> Option<Awaited> {
    let (repository, tag) = (step.destination.repository().to_owned(), step.destination.tag().to_owned());
    Some(Awaited { repository, tag, digest: step.digest? })
}

/// Returns a region's own host, as Azure names it; never built from names.
fn host(found: &Found, region: &str) -> Result<Registry, Problem> {
    if !found.is_regional {
        let hint =
            format!("Regional endpoints are off: `az acr update --name {} --regional-endpoints enabled`.", found.name);
        return Err(cannot("its region has no host of its own").hint(hint));
    }
    let host = found
        .regional_hosts
        .iter()
        .find(|host| host.split('.').nth(1).is_some_and(|it| it.eq_ignore_ascii_case(region)));
    let host = host.and_then(|host| Registry::parse(host).ok());
    host.ok_or_else(|| cannot("Azure names no host for its region"))
}

/// Asks once, so that nobody waits before a door that is closed.
async fn asked(
    host: &Registry,
    image: &Awaited,
    registry: &Registry,
    registries: &registry::Client,
    door: &Result<(), Problem>,
) -> Result<(), Problem> {
    let closed = |problem: Problem| Problem { what: format!("cannot be asked: {}", problem.what), ..problem };
    door.clone().map_err(closed)?;
    let unasked = |error: RegistryError| closed(error.problem(Side::Target));
    let regional = registries.regional(registry, host).await.map_err(unasked)?;
    regional.head(host, &image.repository, &image.digest.to_string()).await.map(drop).map_err(unasked)
}

fn cannot(why: &str) -> Problem {
    Problem::new(Side::Target, format!("cannot be asked whether it serves an image: {why}"))
}

impl Await {
    /// Waits until the region serves every image that the registry has.
    pub(super) async fn apply(
        &self,
        registries: &registry::Client,
        pace: Pace,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), Problem> {
        let Self { registry, host, region, images } = self;
        let unasked = |error: RegistryError| {
            let problem = error.problem(Side::Target);
            Problem { what: format!("cannot be asked: {}", problem.what), ..problem }
        };
        let began = Instant::now();
        let mut left = Vec::new();
        for image in images {
            // What was not imported is its line's failure, and comes to no replica.
            let is_there = registries.head(registry, &image.repository, &image.digest.to_string()).await;
            if is_there.map_err(unasked)?.is_some() {
                left.push(image);
            }
        }
        let regional = registries.regional(registry, host).await.map_err(unasked)?;
        loop {
            let mut lacking = Vec::new();
            for image in left {
                let served = regional.head(host, &image.repository, &image.digest.to_string()).await;
                if served.map_err(unasked)?.is_none() {
                    lacking.push(image);
                }
            }
            left = lacking;
            if left.is_empty() {
                return Ok(());
            }
            let lacks = || format!("`{region}` does not serve {} yet: {}", number(left.len()), named(&left));
            match doing::rest(began, pace, stop).await {
                Ok(()) => {}
                Err(Ended::Late) => return Err(doing::late(&lacks(), pace.deadline)),
                Err(Ended::Stopped) => return Err(doing::cut_short(&lacks())),
            }
        }
    }
}

fn number(images: usize) -> String {
    if images == 1 { "one image".to_owned() } else { format!("{images} images") }
}

fn named(images: &[&Awaited]) -> String {
    let names: Vec<_> = images.iter().take(NAMED).map(|image| format!("{}:{}", image.repository, image.tag)).collect();
    match images.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
