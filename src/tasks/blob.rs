//! Blobs of Azure's storage, by addresses that the service signed: whoever has one needs no sign-in, so none is sent, and
//! the address is never shown.

use crate::{
    http::{Cause, Http, HttpError, Reply},
    problem::{Problem, Side},
};
use bytes::Bytes;
use reqwest::{Method, Url, header::HeaderMap};

/// A version of the storage service that has all that is used here.
const VERSION: &str = "2020-10-02";
/// The longest answer that is no part of a log.
const ANSWER: usize = 64 << 10;

/// An address that the service signed.
#[derive(Clone)]
pub(super) struct Blob(Url);

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Blob").field(&self.0.host_str()).finish_non_exhaustive()
    }
}

impl Blob {
    /// Reads an address; what is not encrypted is refused.
    pub(super) fn parse(address: &str) -> Result<Self, Problem> {
        let url = address.parse::<Url>().ok().filter(|url| url.scheme() == "https");
        url.map(Self)
            .ok_or_else(|| Problem::new(Side::Azure, "the service gave an address of its storage that is none"))
    }

    /// Writes it whole, or a block of it, or the list of its blocks.
    pub(super) async fn put(&self, http: &Http, query: &[(&str, &str)], body: &Bytes) -> Result<(), Problem> {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(query);
        let make = |client: &reqwest::Client| {
            let request = client.put(url.clone()).header("x-ms-version", VERSION).body(body.clone());
            // Blocks and their list have no type.
            if query.is_empty() { request.header("x-ms-blob-type", "BlockBlob") } else { request }
        };
        let reply = http.send(make, ANSWER).await.map_err(|error| unreached(&error))?;
        if reply.status.is_success() { Ok(()) } else { Err(self.refused(&reply)) }
    }

    /// Asks for its head: its size and its metadata.
    pub(super) async fn head(&self, http: &Http) -> Result<Reply, HttpError> {
        self.get(http, Method::HEAD, None, ANSWER).await
    }

    /// Reads from `first` to `last`, both included.
    pub(super) async fn range(&self, http: &Http, first: u64, last: u64) -> Result<Reply, HttpError> {
        let limit = usize::try_from(last - first + 1).unwrap_or(usize::MAX).max(ANSWER);
        self.get(http, Method::GET, Some(format!("bytes={first}-{last}")), limit).await
    }

    async fn get(&self, http: &Http, method: Method, range: Option<String>, limit: usize) -> Result<Reply, HttpError> {
        let make = |client: &reqwest::Client| {
            let request = client.request(method.clone(), self.0.clone()).header("x-ms-version", VERSION);
            range.iter().fold(request, |request, range| request.header("range", range))
        };
        http.send(make, limit).await
    }

    /// Names a refusal of the storage; its error code is in a header (Blob service REST API, "Status and error codes").
    pub(super) fn refused(&self, reply: &Reply) -> Problem {
        let code = reply.header("x-ms-error-code").unwrap_or_default();
        let host = self.0.host_str().unwrap_or_default();
        let what = format!("the storage behind the registry (`{host}`) answered {} {code}", reply.status.as_u16());
        let problem = Problem::new(Side::Azure, what.trim_end());
        match reply.status.as_u16() {
            403 => problem.hint("The address was signed for a time that is over, or for another network: run again."),
            _ => problem,
        }
    }
}

/// Names storage that cannot be reached: its host is no registry's, and firewalls do not know it.
pub(super) fn unreached(error: &HttpError) -> Problem {
    let host = error.host();
    match error.cause() {
        Cause::Status(..) => Problem::new(Side::Azure, error.to_string()).hint("Run again; nothing is done twice."),
        Cause::Name | Cause::Connect(_) | Cause::Timeout => Problem::new(Side::Network, error.to_string()).hint(format!(
            "Sources and logs of ACR Tasks are in storage of Azure's: let this runner reach `{host}` (`*.blob.core.windows.net`)."
        )),
        Cause::Certificate(_)
        | Cause::Broken(_)
        | Cause::TooLong(_)
        | Cause::InsecureRedirect(_)
        | Cause::TooManyRedirects
        | Cause::Unsent(_) => error.hint().into_iter().fold(Problem::new(Side::Network, error.to_string()), Problem::hint),
    }
}

/// Returns a value of a blob's metadata; the case of its name makes no difference.
pub(super) fn metadata<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(format!("x-ms-meta-{name}"))?.to_str().ok()
}
