//! Way: how a variant is made, chosen when it is planned: what is stated, else a layer where the image allows it, else a
//! build of ACR Tasks.

use super::{
    Unfit, Way, Work,
    build::no_service,
    image::{self, Addition, Failure, Image},
    look::Question,
    parts::{Parts, Wanted, names},
    read::Place,
    setting::LONGEST_TAG,
};
use crate::{
    plan::Step,
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{Cut, Manifest, RegistryError},
};

/// A way with what is known of it.
pub(super) struct Chosen {
    pub(super) way: Way,
    /// What the tag will stand for; a build's digest is not known before.
    pub(super) planned: Option<Digest>,
    /// Which way, of what, for what, a fragment.
    pub(super) about: String,
    /// The tags that are pushed besides.
    pub(super) tags: Vec<String>,
}

/// Chooses.
///
/// # Errors
/// Why the variant cannot be made.
pub(super) async fn choose(question: &Question<'_>, step: &Step, work: &Work) -> Result<Chosen, Problem> {
    let later = |way, what: &str, error: &RegistryError| Chosen {
        way,
        planned: None,
        about: format!("{what}: not read before the import ({error})"),
        tags: Vec::new(),
    };
    let is_stated = work.way == Way::Tasks;
    if is_stated {
        pool(question, work).await?;
    }
    let chosen = match work.way {
        Way::Tasks => built(question, step, work, None).await,
        Way::Layer | Way::Auto => match made(question, step, work).await {
            Ok(image) => Ok(Chosen {
                way: Way::Layer,
                planned: Some(image.digest()),
                about: format!("by a layer{}", about(&image)),
                tags: Vec::new(),
            }),
            Err(Failure::Unfit(unfit))
                if work.way == Way::Auto && unfit.may_be_built() && question.service.is_some() =>
            {
                pool(question, work).await?;
                built(question, step, work, Some(&unfit)).await
            }
            Err(failure) => Err(failure),
        },
    };
    match chosen {
        Ok(chosen) => Ok(chosen),
        // The registry reads what this runner cannot: its layers are looked at when they are here.
        Err(Failure::Registry(error)) if step.action.is_change() => Ok(match is_stated {
            true => later(Way::Tasks, "by ACR Tasks, as stated", &error),
            false => {
                let or_built = work.way == Way::Auto && question.service.is_some();
                let what = if or_built { ", else by ACR Tasks" } else { "" };
                later(work.way, &format!("by a layer where its files allow it{what}"), &error)
            }
        }),
        Err(Failure::Absent) => {
            let problem = Problem::new(Side::Target, "the image is not whole where it is");
            Err(problem.hint("Run with `check: all`, which mends it."))
        }
        Err(failure) => Err(work.problem(failure)),
    }
}

/// Asks for the agent pool that is stated; where that is not told, the order will tell it.
async fn pool(question: &Question<'_>, work: &Work) -> Result<(), Problem> {
    let service = question.service.ok_or_else(no_service)?;
    let Some(name) = &work.agent_pool else { return Ok(()) };
    if let Ok(false) = service.has_pool(name).await {
        let what = format!("the registry has no agent pool `{name}`");
        let hint =
            "Create it (`az acr agentpool create --tier S1 --name NAME --registry REGISTRY`), or correct `agent-pool`.";
        return Err(Problem::new(Side::Settings, what).hint(hint));
    }
    Ok(())
}

/// Plans a build: stated, or because no layer can be laid.
async fn built(question: &Question<'_>, step: &Step, work: &Work, unfit: Option<&Unfit>) -> Result<Chosen, Failure> {
    let host = step.from().host();
    let (place, manifest) = found(question, step, work, &host).await?;
    let wanted = Wanted { authorities: &work.authorities, stated: work.stated, helper: work.helper.as_deref() };
    let parts = Parts::of(&place, work.base, &manifest, wanted, question.known).await?;
    let why = unfit.map_or_else(|| ", as stated,".to_owned(), |unfit| format!(": {unfit};"));
    let tags: Vec<_> = match parts.built.as_slice() {
        [_] => Vec::new(),
        several => several.iter().map(|part| work.tag_of(part)).collect(),
    };
    if let Some(tag) = tags.iter().find(|tag| tag.len() > LONGEST_TAG) {
        let what = format!("the tag `{tag}` has {} characters, and {LONGEST_TAG} are the most", tag.len());
        return Err(Failure::Untold(Problem::new(Side::Settings, what).hint("State a shorter `suffix` or `tag`.")));
    }
    let beside =
        if tags.is_empty() { String::new() } else { format!(", each under its tag: {}", names(&tags, " and ")) };
    let about = format!("by ACR Tasks{why}{}{beside}", parts.about());
    Ok(Chosen { way: Way::Tasks, planned: None, about, tags })
}

/// Makes the variant of what is there, else of what is at the source, without writing it anywhere.
async fn made(question: &Question<'_>, step: &Step, work: &Work) -> Result<Image, Failure> {
    let host = step.from().host();
    let (place, manifest) = found(question, step, work, &host).await?;
    let addition = Addition { authorities: &work.authorities, base: work.stated };
    image::make(&place, work.base, &manifest, addition, question.known).await
}

/// Finds the image where it is now.
async fn found<'a>(
    question: &'a Question<'_>,
    step: &'a Step,
    work: &'a Work,
    host: &'a Registry,
) -> Result<(Place<'a>, Manifest), Failure> {
    let Question { registry, registries, .. } = *question;
    let place = match step.action.is_change() {
        true => Place { registries, registry: host, repository: step.from().repository() },
        false => Place { registries, registry, repository: &work.repository },
    };
    let manifest = match (&step.subset, step.action.is_change()) {
        (Some(subset), true) => {
            let whole = registries.known_manifest(place.registry, place.repository, subset.of).await?;
            whole.and_then(|whole| part(&whole, step, work.base))
        }
        (Some(_) | None, _) => registries.known_manifest(place.registry, place.repository, work.base).await?,
    };
    Ok((place, manifest.ok_or(Failure::Absent)?))
}

/// Returns the index of the platforms that a line wants; it must be the one that was planned.
fn part(whole: &Manifest, step: &Step, planned: Digest) -> Option<Manifest> {
    match whole.cut(step.options.platforms()) {
        Ok(Cut::Part { index, digest, .. }) if digest == planned => Some(*index),
        Ok(Cut::Part { .. } | Cut::Whole | Cut::Lacks(_)) | Err(_) => None,
    }
}

fn about(image: &Image) -> String {
    let bases = names(&image.bases, " and ");
    match image.left_out.is_empty() {
        true => format!(" over {bases}"),
        false => format!(" over {bases}, without {}", names(&image.left_out, " and ")),
    }
}
