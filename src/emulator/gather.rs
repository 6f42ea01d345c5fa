//! Gathering: what an import reads from its source, and how it fails there.

use super::{
    World,
    fault::Effect,
    fetch,
    import::{Failure, Request},
    manifest::Links,
    state::{Registry, Role, SourceFacts},
    strike,
    world::canonical,
};
use crate::reference::Digest;
use axum::http::StatusCode;

/// An image whose bytes are in the world's content.
pub(super) struct Image {
    pub(super) root: Digest,
    /// Digests and media types, the image's own and its children's.
    pub(super) manifests: Vec<(Digest, String)>,
    pub(super) blobs: Vec<Digest>,
}

/// Gathers the source of an import, in the world or on this machine.
pub(super) async fn image(world: &World, request: &Request) -> Result<Image, Failure> {
    let host = request.registry_uri.as_deref().map(canonical);
    let is_outside = host.as_ref().is_some_and(|host| !world.state().registries.contains_key(host));
    match host {
        Some(host) if is_outside => fetch::image(world, &host, request).await,
        _ => here(world, request),
    }
}

/// Gathers from a registry of the world.
pub(super) fn here(world: &World, request: &Request) -> Result<Image, Failure> {
    let host = request.registry_uri.as_deref().map(canonical);
    let host = host.as_deref();
    if let Some(host) = host {
        // What is queued for the source's own door strikes the service as well.
        let path = format!("/v2/{}/manifests/{}", request.repository, request.manifest());
        let api_host = crate::reference::Registry::parse(host).map_or(host.to_owned(), |it| it.api_host().to_owned());
        let struck = strike::strike(&mut world.state(), "GET", &api_host, &path);
        if let Some(Effect::Status { status, .. }) = struck.map(|strike| strike.effect) {
            return Err(by_status(status));
        }
    }
    let state = world.state();
    let registry = match (host, &request.resource_id) {
        (Some(host), _) => state.registries.get(host),
        (None, Some(id)) => state.registry_by_id(id),
        (None, None) => None,
    };
    let registry = registry.ok_or_else(|| Failure::parameters("The source registry was not found."))?;
    match &registry.role {
        Role::Source(facts) => check_source(registry, facts, request)?,
        Role::Azure(azure) if request.resource_id.is_some() => {
            if !azure.is_open() && !azure.bypass {
                return Err(Failure::parameters(format!("Access to {} denied.", azure.login_server)));
            }
        }
        Role::Azure(azure) if !azure.is_open() => {
            let body = super::acr::firewall_text("20.61.99.68");
            return Err(Failure::parameters(format!("Invalid message Forbidden Forbidden {body}")));
        }
        Role::Azure(azure) => {
            let allowed = super::acr::actions_of_user(
                &state,
                world.mint(),
                azure,
                request.username.as_deref().unwrap_or_default(),
                request.password.as_deref().unwrap_or_default(),
                &request.repository,
            );
            if !azure.anonymous_pull && !allowed.iter().any(|action| action == "pull") {
                return Err(unauthorized(&request.repository));
            }
        }
    }
    collect(world, registry, request)
}

/// The rules a source must keep for an import (section 4).
fn check_source(registry: &Registry, facts: &SourceFacts, request: &Request) -> Result<(), Failure> {
    let (name, reference) = (&request.repository, request.manifest());
    if facts.html {
        return Err(Failure::parameters("Unexpected response status code"));
    }
    let given =
        request.password.as_ref().map(|password| (request.username.clone().unwrap_or_default(), password.clone()));
    let is_known = given.as_ref().is_some_and(|given| facts.accounts.contains(given));
    let is_open = match facts.auth {
        super::SourceAuth::Anonymous | super::SourceAuth::PublicBearer { .. } => !facts.private.contains(name),
        super::SourceAuth::Bearer { .. } | super::SourceAuth::Basic => false,
    };
    // Wrong credentials are refused even where none are needed.
    let is_allowed = if given.is_some() { is_known } else { is_open };
    // Docker Hub says 401 for what does not exist, and adds no `library/` (acr#457).
    let hides = registry.host == "docker.io" && !registry.repositories.contains_key(name);
    if !is_allowed || hides {
        return Err(unauthorized(name));
    }
    if facts.pulls_left == Some(0) {
        return Err(by_status(429));
    }
    if !facts.digest_header {
        return Err(Failure::parameters(format!(
            "Unable to find manifest digest Repo: {name} Tag: {reference} Manifest:"
        )));
    }
    if !facts.ranges {
        return Err(Failure::parameters("The remote server may not be RFC 7233 compliant"));
    }
    Ok(())
}

fn collect(world: &World, registry: &Registry, request: &Request) -> Result<Image, Failure> {
    let reference = request.manifest();
    let root = registry.resolve(&request.repository, &reference).ok_or_else(|| missing(&reference))?;
    let repository = registry.repositories.get(&request.repository).ok_or_else(|| missing(&reference))?;
    let mut image = Image { root, manifests: Vec::new(), blobs: Vec::new() };
    let mut waiting = vec![root];
    while let Some(digest) = waiting.pop() {
        let manifest = repository.manifests.get(&digest).ok_or_else(|| missing(&digest.to_string()))?;
        image.manifests.push((digest, manifest.media_type.clone()));
        let links = world.content().get(&digest).and_then(|bytes| Links::read(&bytes));
        let links = links.ok_or_else(|| Failure::parameters("Error copying blobs"))?;
        for blob in links.blobs() {
            if !repository.blobs.contains(&blob.digest) {
                return Err(Failure::parameters("Error copying blobs"));
            }
            image.blobs.push(blob.digest);
        }
        waiting.extend(links.manifests.iter().map(|child| child.digest));
    }
    Ok(image)
}

/// The text of `observed-import-errors.json`, class `source-auth-or-missing`.
pub(super) fn unauthorized(repository: &str) -> Failure {
    Failure::parameters(format!(
        "Invalid message Unauthorized Unauthorized {{\"errors\":[{{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication \
         required\",\"detail\":[{{\"Type\":\"repository\",\"Class\":\"\",\"Name\":\"{repository}\",\"Action\":\"pull\"}}]}}]}}"
    ))
}

/// No source shows this text; it has the form of the one for 401.
pub(super) fn missing(reference: &str) -> Failure {
    Failure::parameters(format!(
        "Invalid message NotFound NotFound {{\"errors\":[{{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest \
         unknown\",\"detail\":{{\"Tag\":\"{reference}\"}}}}]}}"
    ))
}

/// Returns the text for a source that answers with a status.
pub(super) fn by_status(status: u16) -> Failure {
    if status == 429 {
        return Failure::parameters(
            "An error occurred when getting manifest. StatusCode: 429, Reason: Too Many Requests, Details: \
             {\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"You have reached your unauthenticated pull rate \
             limit. https://www.docker.com/increase-rate-limit\"}]}",
        );
    }
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    let name = reason.replace(' ', "");
    Failure::parameters(format!("Invalid message {name} {name}"))
}
