//! Uploads: begun or mounted, finished by one request that streams; and manifests (OCI distribution specification,
//! "Pushing blobs", "Mounting a blob from another repository", "Pushing manifests").

use super::{Client, DOCUMENT_LIMIT, Manner, RegistryError, Why, access::Access, base};
use crate::{
    http::{Reply, Setback, may_follow},
    reference::{Digest, Registry},
};
use bytes::Bytes;
use reqwest::{Body, StatusCode, Url, header};
use std::ops::Range;

/// Where the bytes of an upload go.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    url: Url,
    /// Whether that is at the registry itself, so that its credential may go along.
    is_own: bool,
    /// The least bytes of a chunk that is not the last (`OCI-Chunk-Min-Length`).
    pub least: u64,
}

/// A chunk that was taken.
#[derive(Debug)]
pub(crate) struct Chunked {
    /// Where the next one goes.
    pub session: Session,
}

/// What came of the wish to upload.
#[derive(Debug)]
pub(crate) enum Begun {
    /// The repository has the blob, or has it now.
    Present,
    /// The registry waits for the bytes.
    Session(Session),
}

/// Why an upload did not end well.
#[derive(Debug)]
pub(crate) enum Finish {
    /// The way or the registry broke, or it wants us to wait.
    Setback(Setback),
    /// The session is gone; another may do.
    Gone(RegistryError),
    /// The registry refuses.
    Refused(RegistryError),
}

impl Client {
    /// Begins an upload, or mounts the blob from a repository of the same registry.
    ///
    /// A registry that cannot mount answers with a session, so that nothing is lost by trying. Mounting from the
    /// repository itself asks whether the blob is there already.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub(crate) async fn begin_upload(
        &self,
        registry: &Registry,
        repository: &str,
        digest: Digest,
        from: Option<&str>,
    ) -> Result<Begun, RegistryError> {
        let mut url = format!("{}/v2/{repository}/blobs/uploads/", base(registry));
        let access = match from {
            Some(from) => {
                url.push_str(&format!("?mount={digest}&from={from}"));
                Access::mount(repository, from)
            }
            None => Access::push(repository),
        };
        // An empty body has a length, which some registries insist on.
        let make = |client: &reqwest::Client| client.post(&url).body(Bytes::new());
        let reply = self.signed(registry, access, make, Manner::Stay, DOCUMENT_LIMIT).await?.reply;
        match reply.status {
            StatusCode::CREATED => Ok(Begun::Present),
            StatusCode::ACCEPTED => session(registry, &reply).map(Begun::Session),
            _ => Err(self.refused(registry, &reply)),
        }
    }

    /// Sends all bytes of a blob, or those that are left, and ends its upload; the registry checks the digest too.
    ///
    /// A length that is known spares the registry chunks that it would have to buffer.
    pub(crate) async fn finish_upload(
        &self,
        registry: &Registry,
        repository: &str,
        session: &Session,
        digest: Digest,
        size: u64,
        body: Body,
    ) -> Result<(), Finish> {
        let mut url = session.url.clone();
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let put = |client: &reqwest::Client| client.put(url).header(header::CONTENT_LENGTH, size).body(body);
        self.feed(registry, repository, session.is_own, put).await.map(drop)
    }

    /// Sends the bytes of a range to an upload.
    pub(crate) async fn upload_chunk(
        &self,
        registry: &Registry,
        repository: &str,
        session: &Session,
        range: Range<u64>,
        body: Body,
    ) -> Result<Chunked, Finish> {
        let patch = |client: &reqwest::Client| {
            client
                .patch(session.url.clone())
                .header(header::CONTENT_LENGTH, range.end - range.start)
                .header(header::CONTENT_RANGE, format!("{}-{}", range.start, range.end - 1))
                .body(body)
        };
        let reply = self.feed(registry, repository, session.is_own, patch).await?;
        let next = self::session(registry, &reply).map_err(Finish::Refused)?;
        Ok(Chunked { session: Session { least: session.least, ..next } })
    }

    /// Asks how many bytes of an upload have arrived; `None` where the registry does not know it any more.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub(crate) async fn upload_state(
        &self,
        registry: &Registry,
        repository: &str,
        session: &Session,
    ) -> Result<Option<(Session, u64)>, RegistryError> {
        if !session.is_own {
            return Ok(None);
        }
        let make = |client: &reqwest::Client| client.get(session.url.clone());
        let reply = self.signed(registry, Access::push(repository), make, Manner::Stay, DOCUMENT_LIMIT).await?.reply;
        let last = reply.header("range").and_then(|range| range.split_once('-')?.1.parse::<u64>().ok());
        match (reply.status, last) {
            (StatusCode::NO_CONTENT, Some(last)) => {
                let next = self::session(registry, &reply)?;
                // `0-0` is said of an upload with one byte and of one with none; none is what can be built upon.
                let held = if last == 0 { 0 } else { last + 1 };
                Ok(Some((Session { least: session.least, ..next }, held)))
            }
            _ => Ok(None),
        }
    }

    /// Sends a body that passes once to an upload.
    async fn feed(
        &self,
        registry: &Registry,
        repository: &str,
        is_own: bool,
        request: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<Reply, Finish> {
        let access = Access::push(repository);
        let authorization = match is_own {
            true => self.auth.known(registry, access).await.map_err(Finish::Refused)?,
            false => None,
        };
        let make = |client: &reqwest::Client| {
            let request = request(client).header(header::CONTENT_TYPE, "application/octet-stream");
            authorization.iter().fold(request, |request, value| request.header(header::AUTHORIZATION, value.clone()))
        };
        let reply = self.http.attempt(make, DOCUMENT_LIMIT).await.map_err(Finish::Setback)?;
        match reply.status {
            status if status.is_success() => Ok(reply),
            StatusCode::UNAUTHORIZED if is_own => {
                let error = self.refused(registry, &reply);
                // The token is renewed; the session is begun anew with it.
                match self.auth.renew(registry, access, &reply, authorization.as_ref()).await {
                    Ok(_) => Err(Finish::Gone(error)),
                    Err(error) => Err(Finish::Refused(error)),
                }
            }
            // Unknown, out of step with what was received, or cut off: all the same to who begins anew.
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::BAD_REQUEST => {
                Err(Finish::Gone(self.refused(registry, &reply)))
            }
            _ => Err(Finish::Refused(self.refused(registry, &reply))),
        }
    }

    /// Puts a manifest under a tag or its digest, and returns the digest that the registry names, if it does.
    ///
    /// # Errors
    /// As [`Client::head`].
    pub async fn put_manifest(
        &self,
        registry: &Registry,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: &Bytes,
    ) -> Result<Option<Digest>, RegistryError> {
        let url = format!("{}/v2/{repository}/manifests/{reference}", base(registry));
        let make =
            |client: &reqwest::Client| client.put(&url).header(header::CONTENT_TYPE, media_type).body(bytes.clone());
        let reply = self.signed(registry, Access::push(repository), make, Manner::Stay, DOCUMENT_LIMIT).await?.reply;
        if !reply.status.is_success() {
            return Err(self.refused(registry, &reply));
        }
        Ok(reply.header("docker-content-digest").and_then(|text| text.parse().ok()))
    }
}

/// Reads where an upload goes on: a path, or an address that may be on another host.
fn session(registry: &Registry, reply: &Reply) -> Result<Session, RegistryError> {
    let location = reply.header("location").unwrap_or_default();
    let refuse = |shown: String| RegistryError::new(registry, Why::ForeignUpload(shown));
    if location.is_empty() {
        return Err(RegistryError::unreadable(registry, "a place to upload to", reply, "there is none in it".into()));
    }
    let mut url = reply.url.join(location).map_err(|_| refuse("an address that cannot be read".to_owned()))?;
    // A name and password in it would be sent as a credential that nobody configured.
    let is_clean = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
    // A port that belongs to the scheme is none: `http://host/` and `https://host/` are the same place.
    let is_own = url.host_str() == reply.url.host_str() && url.port() == reply.url.port();
    if is_own && reply.url.scheme() == "https" && url.scheme() == "http" {
        // A registry behind a proxy that ends TLS often does not know of it.
        url.set_scheme("https").map_err(|()| refuse(shown(&url)))?;
    }
    if !is_clean || !may_follow(&reply.url, &url) {
        return Err(refuse(shown(&url)));
    }
    let least = reply.header("oci-chunk-min-length").and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok(Session { url, is_own, least })
}

fn shown(url: &Url) -> String {
    format!("{}://{}", url.scheme(), &url[url::Position::BeforeHost..url::Position::AfterPort])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::RequestIds;

    fn place(registry: &str, location: &str) -> Result<(String, bool), RegistryError> {
        let registry = Registry::parse(registry).unwrap();
        let url: Url = format!("{}/v2/a/blobs/uploads/", base(&registry)).parse().unwrap();
        let headers = [(header::LOCATION, location.parse().unwrap())].into_iter().collect();
        let reply =
            Reply { status: StatusCode::ACCEPTED, headers, body: Bytes::new(), url, ids: RequestIds::default() };
        session(&registry, &reply).map(|session| (session.url.to_string(), session.is_own))
    }

    #[test]
    fn a_credential_follows_to_the_registry_itself_only() {
        for (location, url, is_own) in [
            ("/v2/a/blobs/uploads/7?_state=x", "https://r.io/v2/a/blobs/uploads/7?_state=x", true),
            ("https://r.io/u/7", "https://r.io/u/7", true),
            ("http://r.io/u/7", "https://r.io/u/7", true),
            ("https://user:pw@r.io/u/7", "https://r.io/u/7", true),
            ("https://r.io:444/u/7", "https://r.io:444/u/7", false),
            ("https://storage.example/u/7", "https://storage.example/u/7", false),
        ] {
            assert_eq!(place("r.io", location).unwrap(), (url.to_owned(), is_own), "{location}");
        }
    }

    #[test]
    fn an_upload_never_leads_inwards_or_to_plain_http() {
        for location in ["http://storage.example/u", "https://127.0.0.1/u", "https://169.254.169.254/u", ""] {
            assert!(place("r.io", location).is_err(), "{location}");
        }
        assert!(place("localhost:5000", "http://localhost:5001/u").is_ok());
    }
}
