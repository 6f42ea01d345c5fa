//! Imports: what was asked for, how it stands, and the copying itself.

use super::{
    World,
    azure_registry::break_part,
    fault::{Effect, Part},
    gather::{self, Image},
    repository::Manifest,
    state::Azure,
};
use crate::reference::Digest;

/// An import that Resource Manager accepted, as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The login server of the target.
    pub registry: String,
    /// The source's host, or the resource id of an Azure registry.
    pub source: String,
    /// The source image without host: `repository`, `repository:tag` or `repository@digest`.
    pub image: String,
    /// Whether the source was named by digest.
    pub by_digest: bool,
    /// The targets, `repository:tag` or, without a tag, `repository`.
    pub targets: Vec<String>,
    /// Whether `mode` was `Force`.
    pub forced: bool,
    /// The `x-ms-client-request-id`, which names the operation.
    pub client_request_id: String,
    /// The user name of the source's credentials; empty for a password alone.
    pub username: Option<String>,
}

impl Import {
    pub(super) fn new(request: &Request, azure: &Azure, id: &str) -> Self {
        let place = request.resource_id.as_ref().or(request.registry_uri.as_ref());
        Self {
            registry: azure.login_server.clone(),
            source: place.cloned().unwrap_or_default(),
            image: request.image(),
            by_digest: request.digest.is_some(),
            targets: request.target_names().collect(),
            forced: request.is_forced,
            client_request_id: id.to_owned(),
            username: request.password.as_ref().map(|_| request.username.clone().unwrap_or_default()),
        }
    }
}

/// The body of `importImage`, checked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) resource_id: Option<String>,
    pub(super) registry_uri: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) repository: String,
    pub(super) tag: Option<String>,
    pub(super) digest: Option<Digest>,
    pub(super) targets: Vec<(String, Option<String>)>,
    pub(super) is_forced: bool,
}

impl Request {
    /// Returns what the source is asked for: the digest, the tag, or `latest`.
    pub(super) fn manifest(&self) -> String {
        match self.digest {
            Some(digest) => digest.to_string(),
            None => self.tag.clone().unwrap_or_else(|| "latest".to_owned()),
        }
    }

    pub(super) fn target_names(&self) -> impl Iterator<Item = String> + '_ {
        self.targets.iter().map(|(repository, tag)| match tag {
            Some(tag) => format!("{repository}:{tag}"),
            None => repository.clone(),
        })
    }

    fn image(&self) -> String {
        match (&self.tag, self.digest) {
            (_, Some(digest)) => format!("{}@{digest}", self.repository),
            (Some(tag), None) => format!("{}:{tag}", self.repository),
            (None, None) => self.repository.clone(),
        }
    }
}

/// An import on its way.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) target: String,
    pub(super) targets: Vec<String>,
    pub(super) ending: Option<Ending>,
    pub(super) region: String,
}

/// How an import ended.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    Done,
    Failed(Failure),
    /// As the failure, but told with 200.
    SaysFailed(Failure),
    /// It will answer 202 for ever.
    Never,
}

/// Why an import failed; the service's prefix is put before the reason when it is told.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) reason: String,
}

impl Failure {
    pub(super) fn parameters(reason: impl Into<String>) -> Self {
        Self { status: 400, code: "InvalidParameters".to_owned(), reason: reason.into() }
    }

    /// The text of `observed-import-errors.json`, class `tag-exists`.
    fn taken(target: &str) -> Self {
        let reason = format!("Tag {target} already exists in target registry.");
        Self { status: 409, code: "Conflict".to_owned(), reason }
    }
}

/// The most manifests of an image that one import copies (section 5.3).
const MOST_MANIFESTS: usize = 50;

/// Copies one image after the world's latency, and notes how it ended.
pub(super) async fn run(world: World, id: String, azure: Azure, request: Request, effect: Option<Effect>) {
    let latency = world.state().import_latency;
    tokio::time::sleep(latency).await;
    let ending = match copy(&world, &azure, &request, effect).await {
        Ok(()) => Ending::Done,
        Err(ending) => ending,
    };
    if let Some(operation) = world.state().operations.get_mut(&id) {
        operation.ending = Some(ending);
    }
    world.mark_changed();
}

async fn copy(world: &World, azure: &Azure, request: &Request, effect: Option<Effect>) -> Result<(), Ending> {
    match &effect {
        Some(Effect::ImportFails { code, status, reason }) => {
            let (code, reason) = (code.clone(), reason.clone());
            return Err(Ending::Failed(Failure { status: *status, code, reason }));
        }
        Some(Effect::ImportSaysFailed { code, reason }) => {
            let (code, reason) = (code.clone(), reason.clone());
            return Err(Ending::SaysFailed(Failure { status: 200, code, reason }));
        }
        _ => {}
    }
    check_targets(world, azure, request).map_err(Ending::Failed)?;
    let image = gather::image(world, request).await.map_err(Ending::Failed)?;
    land(world, azure, request, &image, effect.as_ref()).map_err(Ending::Failed)
}

/// Copies one image while the caller waits.
pub(super) fn at_once(world: &World, azure: &Azure, request: &Request) -> Result<(), Failure> {
    check_targets(world, azure, request)?;
    let image = gather::here(world, request)?;
    land(world, azure, request, &image, None)
}

/// A tag that is there fails the whole import before any copying begins. A lock is not looked at (section 5.4).
fn check_targets(world: &World, azure: &Azure, request: &Request) -> Result<(), Failure> {
    if !azure.is_open() && !azure.bypass {
        // The text of acr#571.
        return Err(Failure::parameters(format!("Access to {} denied.", azure.login_server)));
    }
    let state = world.state();
    let Some(registry) = state.registries.get(&azure.login_server) else { return Ok(()) };
    let is_taken = |(repository, tag): &&(String, Option<String>)| {
        let tags = registry.repositories.get(repository).map(|repository| &repository.tags);
        tag.as_ref().is_some_and(|tag| tags.is_some_and(|tags| tags.contains_key(tag)))
    };
    match request.targets.iter().find(is_taken) {
        Some((repository, tag)) if !request.is_forced => {
            Err(Failure::taken(&format!("{repository}:{}", tag.as_deref().unwrap_or_default())))
        }
        _ => Ok(()),
    }
}

/// Makes the image visible under all its targets at once.
fn land(
    world: &World,
    azure: &Azure,
    request: &Request,
    image: &Image,
    effect: Option<&Effect>,
) -> Result<(), Failure> {
    let number = image.manifests.len();
    if number > MOST_MANIFESTS {
        // The service's own words for this are in no source; the rule is in the import article.
        let reason = format!("The image has {number} manifests, more than the maximum of {MOST_MANIFESTS}.");
        return Err(Failure::parameters(reason));
    }
    // Another import may have taken the tag while this one was copying.
    check_targets(world, azure, request)?;
    let mut state = world.state();
    let Some(registry) = state.registries.get_mut(&azure.login_server) else { return Ok(()) };
    for (name, tag) in &request.targets {
        let repository = registry.repository(name);
        repository.blobs.extend(&image.blobs);
        for (digest, media_type) in &image.manifests {
            let bytes = world.content().get(digest).unwrap_or_default();
            repository.add_manifest(*digest, Manifest::new(media_type, &bytes));
        }
        let is_left = matches!(effect, Some(Effect::ImportBreaks(Part::Tag)));
        if let Some(tag) = tag.as_ref().filter(|_| !is_left) {
            repository.set_tag(tag, image.root);
        }
        if let Some(Effect::ImportBreaks(part)) = effect {
            break_part(world, repository, &image.root, *part);
        }
    }
    drop(state);
    world.mark_changed();
    Ok(())
}
