//! The OCI distribution API, as a client.
//!
//! A credential goes to its exact registry and nowhere else; what comes back is checked against its digest.

mod access;
mod auth;
mod blob;
mod catalog;
mod challenge;
mod cut;
mod download;
mod error;
mod exchange;
mod inventory;
mod known;
mod lock;
mod login;
mod manifest;
#[cfg(any(test, fuzzing))]
pub(crate) mod probe;
mod realm;
mod recent;
mod referrers;
mod regional;
mod removal;
mod row;
mod tags;
mod upload;

use crate::{
    http::{self, Http, HttpError, Load, Opened, Reply, Setback},
    reference::{Digest, Registry},
};
use access::Access;
use reqwest::{Method, StatusCode, header};
use std::sync::Arc;

pub use cut::Cut;
pub use download::Download;
pub(crate) use download::SMALL;
pub use error::{RegistryError, Why};
pub use inventory::{Order, RepositoryFacts};
pub use login::{Login, Logins};
pub use manifest::{Descriptor, Manifest, is_index};
pub use recent::Recent;
pub use referrers::{Referrers, referrers_tag};
pub use removal::Removed;
pub use row::{ManifestRow, TagRow};
pub use tags::TagState;
pub(crate) use upload::{Begun, Chunked, Finish, Session};

/// Every media type of a manifest. Without this list ACR answers 404 for an index, and other registries convert
/// it to one platform's manifest and so answer another digest (ACR wire facts, 7.3).
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.artifact.manifest.v1+json, \
    application/vnd.cncf.oras.artifact.manifest.v1+json";

const MANIFEST_LIMIT: usize = 4 << 20; // The largest that ACR takes (service limits); no registry serves larger ones.
const DOCUMENT_LIMIT: usize = 8 << 20; // A configuration or a page of tags.

/// Reads from any registry, and writes to it.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
    auth: Arc<auth::Auth>,
    known: Arc<known::Known>,
}

/// What a registry says of a manifest without sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The digest that the reference stands for.
    pub digest: Digest,
    /// The media type.
    pub media_type: String,
    /// How many pulls Docker Hub still grants this address or account, where it says so.
    pub pulls_left: Option<u32>,
}

impl Client {
    /// Makes a client over the shared connections.
    pub fn new(http: Http, logins: Logins) -> Self {
        let auth = Arc::new(auth::Auth::new(http.clone(), logins));
        Self { http, auth, known: Arc::default() }
    }

    /// Returns a client with these logins over the same connections, which knows what was read by the other.
    #[must_use]
    pub fn with(&self, logins: Logins) -> Self {
        let auth = Arc::new(auth::Auth::new(self.http.clone(), logins));
        Self { auth, ..self.clone() }
    }

    /// Returns the connections.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Names a registry that took nothing for too long.
    pub(crate) fn stalled(&self, registry: &Registry) -> Setback {
        Setback::broken(HttpError::stalled(registry.api_host()))
    }

    /// Asks whether the registry lets this runner in at all; any answer of a registry will do.
    ///
    /// # Errors
    /// [`RegistryError`] when nobody answers, or the registry's firewall does not let this runner in.
    pub async fn ping(&self, registry: &Registry) -> Result<(), RegistryError> {
        let url = format!("{}/v2/", base(registry));
        let reply = self.http.send(|client| client.get(&url), DOCUMENT_LIMIT).await;
        let reply = reply.map_err(|error| RegistryError::http(registry, error))?;
        match reply.status {
            StatusCode::OK | StatusCode::UNAUTHORIZED => Ok(()),
            _ => Err(RegistryError::refused(registry, &reply, true)),
        }
    }

    /// Returns what a tag or digest stands for, or `None` where the registry has no such manifest.
    ///
    /// # Errors
    /// [`RegistryError`] when the registry could not be asked or its answer cannot be used.
    pub async fn head(
        &self,
        registry: &Registry,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Head>, RegistryError> {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let Some(reply) = self.ask(Method::HEAD, registry, repository, &path, MANIFEST_LIMIT).await? else {
            return Ok(None);
        };
        let media_type = reply.header("content-type").unwrap_or_default().to_owned();
        let pulls_left = pulls_left(&reply);
        if let Some(digest) = reply.header("docker-content-digest").and_then(|text| text.parse().ok()) {
            return Ok(Some(Head { digest, media_type, pulls_left }));
        }
        // The header is optional in the specification; then only the bytes tell.
        let Some((manifest, digest)) = self.fetch(registry, repository, reference).await? else { return Ok(None) };
        Ok(Some(Head { digest, media_type: manifest.media_type, pulls_left }))
    }

    /// Returns the manifest with this digest, or `None` where the registry has none.
    ///
    /// # Errors
    /// As [`Client::head`]; [`Why::WrongDigest`] when the bytes are not the ones that the digest names.
    pub async fn manifest(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
    ) -> Result<Option<Manifest>, RegistryError> {
        let found = self.fetch(registry, repository, &digest.to_string()).await?;
        match found {
            Some((_, other)) if other != digest => {
                Err(RegistryError::new(registry, Why::WrongDigest { asked: digest, got: other }))
            }
            Some((manifest, _)) => Ok(Some(manifest)),
            None => Ok(None),
        }
    }

    /// Returns the manifest with this digest as it was read before in this run, else reads it: every reading of a
    /// manifest counts as a pull at some registries.
    ///
    /// # Errors
    /// As [`Client::manifest`].
    pub async fn known_manifest(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
    ) -> Result<Option<Manifest>, RegistryError> {
        let place = (registry.clone(), repository.into(), digest);
        // Apart: it is passed on, and would be in the futures of all rooms several times over.
        self.known.get(place, Box::pin(self.manifest(registry, repository, digest))).await
    }

    async fn fetch(
        &self,
        registry: &Registry,
        repository: &str,
        reference: &str,
    ) -> Result<Option<(Manifest, Digest)>, RegistryError> {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let Some(reply) = self.ask(Method::GET, registry, repository, &path, MANIFEST_LIMIT).await? else {
            return Ok(None);
        };
        let digest = Digest::of(&reply.body);
        let manifest = Manifest::read(&reply.body, reply.header("content-type"))
            .map_err(|why| RegistryError::unreadable(registry, "a manifest", &reply, why))?;
        Ok(Some((manifest, digest)))
    }

    /// Asks with the credential of this registry; `None` for 404.
    async fn ask(
        &self,
        method: Method,
        registry: &Registry,
        repository: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<Reply>, RegistryError> {
        let url = format!("{}{path}", base(registry));
        let accept = if path.contains("/manifests/") { MANIFESTS } else { "*/*" };
        // A registry that redirects to where a blob is has the blob; the storage behind it need not be asked.
        let is_presence = method == Method::HEAD && path.contains("/blobs/");
        let manner = if is_presence { Manner::Stay } else { Manner::Follow };
        let make = |client: &reqwest::Client| client.request(method.clone(), &url).header(header::ACCEPT, accept);
        let reply = self.signed(registry, Access::pull(repository), make, manner, limit).await?.reply;
        match reply.status {
            status if status.is_success() => Ok(Some(reply)),
            status if is_presence && status.is_redirection() => Ok(Some(reply)),
            StatusCode::NOT_FOUND => error::not_found(registry, &reply).map(|()| None),
            _ => Err(self.refused(registry, &reply)),
        }
    }

    /// Sends with the credential of this registry, renewed once where it is refused; returns any final answer.
    async fn signed(
        &self,
        registry: &Registry,
        access: Access<'_>,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        manner: Manner,
        limit: usize,
    ) -> Result<Opened, RegistryError> {
        let mut authorization = self.auth.known(registry, access).await?;
        let mut renewed = false;
        loop {
            let make = |client: &reqwest::Client| {
                authorization
                    .iter()
                    .fold(make(client), |request, value| request.header(header::AUTHORIZATION, value.clone()))
            };
            let whole = |reply| Opened { reply, body: None };
            let opened = match manner {
                Manner::Follow => self.http.send(make, limit).await.map(whole),
                Manner::Stay => self.http.send_without_redirects(make, limit).await.map(whole),
                Manner::Stream(load) => self.http.open(make, load, limit).await,
            };
            let opened = opened.map_err(|error| RegistryError::http(registry, error))?;
            if opened.reply.status != StatusCode::UNAUTHORIZED || renewed {
                return Ok(opened);
            }
            renewed = true;
            authorization = self.auth.renew(registry, access, &opened.reply, authorization.as_ref()).await?;
        }
    }

    fn refused(&self, registry: &Registry, reply: &Reply) -> RegistryError {
        self.auth.refused(registry, reply)
    }
}

/// How an answer is taken.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Redirects are followed.
    Follow,
    /// A redirect is the answer.
    Stay,
    /// Redirects are followed, and the body comes piece by piece.
    Stream(Load),
}

/// Registries are asked by https; on this machine plain HTTP is the custom.
fn base(registry: &Registry) -> String {
    let scheme = if registry.is_loopback() { "http" } else { "https" };
    format!("{scheme}://{}", registry.api_host())
}

/// Returns the host of a registry as its connections name it, with a port that is not the scheme's own.
pub fn connection_host(registry: &Registry) -> String {
    base(registry).parse().map_or_else(|_| registry.api_host().to_owned(), |url| http::host(&url))
}

/// Reads the rest of the allowance (`ratelimit-remaining: 20;w=21600`, Docker Hub's usage documentation).
fn pulls_left(reply: &Reply) -> Option<u32> {
    reply.header("ratelimit-remaining")?.split(';').next()?.trim().parse().ok()
}
