//! Fetching: an import from a registry that is no part of the world but runs on this machine.
//!
//! A client of its own, plain HTTP and Basic authentication at most, so that it shares no code with the program
//! that the emulator is there to check.

use super::{
    World,
    gather::{Image, by_status, missing, unauthorized},
    import::{Failure, Request},
    manifest::{Links, media_type},
};
use crate::reference::Digest;
use bytes::Bytes;

const ACCEPT: [&str; 4] =
    [media_type::OCI_INDEX, media_type::DOCKER_LIST, media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST];

/// Fetches an image whole.
pub(super) async fn image(world: &World, host: &str, request: &Request) -> Result<Image, Failure> {
    let is_near = crate::reference::Registry::parse(host).is_ok_and(|host| host.is_loopback());
    if !is_near {
        return Err(Failure::parameters(format!("No such host is known. ({host}:443)")));
    }
    let door = Door { client: outside_client(), host, request };
    let (root, mut waiting) = {
        let reference = request.manifest();
        let (bytes, media_type) = door.manifest(&reference).await?;
        let digest = Digest::of(&bytes);
        if request.digest.is_some_and(|wanted| wanted != digest) {
            return Err(Failure::parameters("Error copying blobs"));
        }
        (digest, vec![(bytes, media_type)])
    };
    let mut image = Image { root, manifests: Vec::new(), blobs: Vec::new() };
    while let Some((bytes, media_type)) = waiting.pop() {
        let links = Links::read(&bytes).ok_or_else(|| Failure::parameters("Error copying blobs"))?;
        for blob in links.blobs() {
            if world.content().size(&blob.digest).is_none() {
                let bytes = door.blob(&blob.digest).await?;
                world.content().put(bytes);
            }
            image.blobs.push(blob.digest);
        }
        for child in &links.manifests {
            let (bytes, media_type) = door.manifest(&child.digest.to_string()).await?;
            if Digest::of(&bytes) != child.digest {
                return Err(Failure::parameters("Error copying blobs"));
            }
            waiting.push((bytes, media_type));
        }
        image.manifests.push((world.content().put(bytes), media_type));
    }
    Ok(image)
}

/// Makes a client that uses no proxy: the emulator itself may be the one of the environment.
pub(super) fn outside_client() -> reqwest::Client {
    // Built only once per import; a process that has chosen a provider already keeps it.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client without roots and proxies can be built")
}

struct Door<'a> {
    client: reqwest::Client,
    host: &'a str,
    request: &'a Request,
}

impl Door<'_> {
    async fn manifest(&self, reference: &str) -> Result<(Bytes, String), Failure> {
        let answer = self.get(&format!("manifests/{reference}"), reference).await?;
        let media_type = answer.headers().get("content-type").and_then(|it| it.to_str().ok()).map(str::to_owned);
        if !answer.headers().contains_key("docker-content-digest") {
            let name = &self.request.repository;
            let reason = format!("Unable to find manifest digest Repo: {name} Tag: {reference} Manifest:");
            return Err(Failure::parameters(reason));
        }
        let bytes = answer.bytes().await.map_err(|_| Failure::parameters("Error copying blobs"))?;
        Ok((bytes, media_type.unwrap_or_else(|| media_type::OCI_MANIFEST.to_owned())))
    }

    async fn blob(&self, digest: &Digest) -> Result<Bytes, Failure> {
        let answer = self.get(&format!("blobs/{digest}"), &digest.to_string()).await?;
        let bytes = answer.bytes().await.map_err(|_| Failure::parameters("Error copying blobs"))?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(Failure::parameters("Error copying blobs")) }
    }

    async fn get(&self, rest: &str, reference: &str) -> Result<reqwest::Response, Failure> {
        let name = &self.request.repository;
        let mut asked = self.client.get(format!("http://{}/v2/{name}/{rest}", self.host));
        asked = asked.header("accept", ACCEPT.join(", "));
        if let Some(password) = &self.request.password {
            asked = asked.basic_auth(self.request.username.clone().unwrap_or_default(), Some(password));
        }
        let answer = asked.send().await;
        let answer = answer.map_err(|_| Failure::parameters(format!("Connection refused ({})", self.host)))?;
        match answer.status().as_u16() {
            200 => Ok(answer),
            401 => Err(unauthorized(name)),
            404 => Err(missing(reference)),
            status => Err(by_status(status)),
        }
    }
}
