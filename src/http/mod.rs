//! One client, one rule for what is temporary, one error.
//!
//! Knows nothing of registries or Azure: it sends, waits when a host asks for it, and bounds what it reads.

mod error;
mod gate;
mod redirect;
mod retry;
mod tls;

use bytes::{Bytes, BytesMut};
use redirect::{may_follow, target};
use reqwest::{
    StatusCode, Url,
    header::{self, HeaderMap},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub(crate) use error::excerpt;
pub use error::{Cause, HttpError};
pub use gate::{Gate, Permit};
pub use retry::Retry;
pub(crate) use retry::retry_after;
pub use tls::RootError;

/// How requests reach the world.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// The proxy for `https` addresses (`HTTPS_PROXY`).
    pub https_proxy: Option<String>,
    /// The proxy for `http` addresses (`HTTP_PROXY`).
    pub http_proxy: Option<String>,
    /// Hosts that are reached without a proxy (`NO_PROXY`).
    pub no_proxy: Option<String>,
    /// A file of certificates in PEM form that are trusted beside the embedded ones (`SSL_CERT_FILE`).
    pub root_file: Option<std::path::PathBuf>,
    /// A folder of such files (`SSL_CERT_DIR`).
    pub root_folder: Option<std::path::PathBuf>,
    /// Certificates in PEM form that are trusted beside all others.
    pub roots: Option<String>,
    /// Back-off and patience.
    pub retry: Retry,
}

/// The client that every room shares: connections, back-off and limits are kept per host.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    retry: Retry,
    gates: Arc<Mutex<HashMap<String, Gate>>>,
    sent: Arc<AtomicU64>,
}

/// A whole answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The status line's code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most as long as the caller allowed.
    pub body: Bytes,
    /// The address that answered, behind redirects.
    pub url: Url,
}

/// How many requests a host gets at once before it has shown what it bears.
const REQUESTS_PER_HOST: usize = 16;
/// As many redirects as clients commonly follow; registries use one or two.
const REDIRECTS: usize = 5;

impl Http {
    /// Makes the client.
    ///
    /// # Errors
    /// [`RootError`] when a certificate file cannot be read or a proxy's address is none.
    pub fn new(way: &Way) -> Result<Self, RootError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("acr-sync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            // Redirects are followed here, because a credential must not follow them.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tls_backend_preconfigured(tls::config(way)?);
        let direct = way.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
        for (address, proxy) in [
            (&way.https_proxy, reqwest::Proxy::https as fn(String) -> reqwest::Result<reqwest::Proxy>),
            (&way.http_proxy, reqwest::Proxy::http),
        ] {
            if let Some(address) = address {
                let proxy = proxy(address.clone()).map_err(|_| RootError::Proxy(tls::without_userinfo(address)))?;
                builder = builder.proxy(proxy.no_proxy(direct.clone()));
            }
        }
        let client = builder.build().map_err(|error| RootError::Client(error.to_string()))?;
        Ok(Self { client, retry: way.retry.clone(), gates: Arc::default(), sent: Arc::default() })
    }

    /// Returns the client itself, for libraries that bring their own rules.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Returns the settings for waiting.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// Returns how many requests were sent, repetitions included.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends what `make` makes until the answer is no temporary failure, or patience ends.
    ///
    /// `make` is called for every attempt, so that identifiers which must be fresh are fresh. The answer may have
    /// any status that is not temporary; a redirect of a GET or HEAD is followed without credentials.
    ///
    /// # Errors
    /// [`HttpError`] when no answer came, or only temporary ones, or the body is longer than `limit` bytes.
    pub async fn send(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Reply, HttpError> {
        self.persist(make, limit, REDIRECTS).await
    }

    /// Sends like [`Http::send`], and takes a redirect for an answer.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub async fn send_without_redirects(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Reply, HttpError> {
        self.persist(make, limit, 0).await
    }

    /// Sends once, whatever comes of it: for requests whose repetition is the caller's to decide. A redirect is an answer.
    /// Where no connection is made nothing was sent, so there it tries a second time, and from then on not at all.
    ///
    /// # Errors
    /// [`HttpError`] when no answer came, or the body is longer than `limit` bytes.
    pub async fn send_once(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Reply, HttpError> {
        let request = || make(&self.client).build().map_err(|error| HttpError::unsent(&error));
        let first = request()?;
        let gate = self.gate(first.url());
        let permit = gate.enter().await;
        if let Some(error) = gate.is_unreached() {
            return Err(error);
        }
        let mut result = self.once(first, limit, 0).await;
        if result.as_ref().is_err_and(HttpError::is_unconnected) {
            tokio::time::sleep(self.retry.first).await;
            result = self.once(request()?, limit, 0).await;
        }
        match &result {
            Ok(_) => permit.went_well(),
            Err(error) if error.is_unconnected() => gate.unreached(error),
            Err(_) => {}
        }
        result
    }

    async fn persist(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        limit: usize,
        redirects: usize,
    ) -> Result<Reply, HttpError> {
        let mut schedule = self.retry.schedule();
        loop {
            let request = make(&self.client).build().map_err(|error| HttpError::unsent(&error))?;
            let gate = self.gate(request.url());
            let permit = gate.enter().await;
            if let Some(error) = gate.is_unreached() {
                return Err(error);
            }
            let result = self.once(request, limit, redirects).await;
            let (error, pause) = match result {
                Ok(reply) => match retry::verdict(&reply) {
                    retry::Verdict::Final => {
                        permit.went_well();
                        return Ok(reply);
                    }
                    retry::Verdict::Throttled(pause) => (HttpError::status(&reply), Pause::Throttled(pause)),
                    retry::Verdict::Broken => (HttpError::status(&reply), Pause::Broken),
                },
                Err(error) if error.is_temporary() => {
                    if error.is_unreached() {
                        schedule.hurry();
                    }
                    (error, Pause::Broken)
                }
                Err(error) => return Err(error),
            };
            drop(permit);
            let wait = match pause {
                Pause::Throttled(asked) => schedule.throttled(asked),
                Pause::Broken => schedule.broken(),
            };
            let Some(wait) = wait else {
                let error = error.after(schedule.attempts(), schedule.waited());
                if error.is_unreached() {
                    gate.unreached(&error);
                }
                return Err(error);
            };
            match pause {
                // One worker that is told to wait speaks for all that talk to this host.
                Pause::Throttled(_) => gate.hold(wait),
                Pause::Broken => tokio::time::sleep(wait).await,
            }
        }
    }

    async fn once(&self, mut request: reqwest::Request, limit: usize, redirects: usize) -> Result<Reply, HttpError> {
        let follows = redirects > 0 && matches!(*request.method(), reqwest::Method::GET | reqwest::Method::HEAD);
        for _ in 0..=redirects {
            let next = follows.then(|| request.try_clone()).flatten();
            self.sent.fetch_add(1, Ordering::Relaxed);
            let place = error::Place::of(&request);
            let response = self.client.execute(request).await.map_err(|error| place.failed(&error))?;
            let location = response.status().is_redirection().then(|| target(&response)).flatten();
            let (Some(location), Some(mut redirected)) = (location, next) else {
                return read(response, place, limit).await;
            };
            if !may_follow(response.url(), &location) {
                return Err(place.insecure_redirect(&location));
            }
            redirected.headers_mut().remove(header::AUTHORIZATION);
            redirected.headers_mut().remove(header::COOKIE);
            *redirected.url_mut() = location;
            request = redirected;
        }
        Err(error::Place::of(&request).too_many_redirects())
    }

    fn gate(&self, url: &Url) -> Gate {
        let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(host).or_insert_with(|| Gate::new(REQUESTS_PER_HOST)).clone()
    }
}

#[derive(Clone, Copy)]
enum Pause {
    Throttled(Option<Duration>),
    Broken,
}

async fn read(mut response: reqwest::Response, place: error::Place, limit: usize) -> Result<Reply, HttpError> {
    let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| place.failed(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(place.too_long(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, headers, body: body.freeze(), url })
}

impl Reply {
    /// Returns a header's text, if there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_that_nobody_answers_at_is_found_out_once() {
        let retry = Retry { first: Duration::from_millis(1), ..Retry::default() };
        let http = Http::new(&Way { retry, ..Way::default() }).unwrap();
        // Port 1 is reserved and serves nothing on a machine of ours.
        let ask = || http.send(|client| client.get("http://127.0.0.1:1/"), 10);
        assert!(ask().await.unwrap_err().is_unreached());
        let sent = http.sent();
        assert!((2..=3).contains(&sent), "a few attempts and not six: {sent}");
        assert!(ask().await.unwrap_err().is_unreached());
        assert_eq!(http.sent(), sent, "the second caller is told at once");
        let once = || http.send_once(|client| client.post("http://127.0.0.1:2/"), 10);
        assert!(once().await.unwrap_err().is_unreached() && once().await.unwrap_err().is_unreached());
        assert_eq!(http.sent(), sent + 2, "and so where nothing is repeated");
    }
}
