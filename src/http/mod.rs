//! One client, one rule for what is temporary, one error.
//!
//! Knows nothing of registries or Azure: it sends, waits when a host asks for it, and bounds what it reads.

mod client;
mod error;
mod gate;
mod ledger;
mod patience;
#[cfg(any(test, fuzzing))]
pub(crate) mod probe;
mod redirect;
mod reply;
mod retry;
mod stream;
mod tls;
mod way;

use client::Clients;
use ledger::Shown;
use patience::Pause;
use reqwest::{Url, header};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::Instant;

pub(crate) use client::Load;
pub use error::{Cause, HttpError};
pub(crate) use error::{excerpt, host};
pub use gate::{Gate, Permit};
pub(crate) use ledger::during;
pub use ledger::{Class, Count, Ledger, Purpose, Request, Requests};
pub(crate) use patience::{Patience, Setback};
pub(crate) use redirect::may_follow;
pub use reply::Reply;
pub use retry::Retry;
pub(crate) use retry::retry_after;
pub use stream::{Incoming, Opened};
pub use tls::RootError;
pub use way::Way;

/// The client that every room shares: connections, back-off and limits are kept per host.
#[derive(Debug, Clone)]
pub struct Http {
    clients: Clients,
    /// By host: the clients again, for those that have authorities of their own.
    own: Arc<HashMap<String, Clients>>,
    retry: Retry,
    gates: Arc<Mutex<HashMap<String, Gate>>>,
    ledger: Ledger,
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
        let clients = Clients::new(way)?;
        let (retry, ledger) = (way.retry.clone(), way.ledger.clone());
        let (own, gates) = (Arc::default(), Arc::default());
        Ok(Self { clients, own, retry, gates, ledger })
    }

    /// Returns the client itself, for libraries that bring their own rules.
    pub fn client(&self) -> &reqwest::Client {
        &self.clients.usual
    }

    /// Returns the settings for waiting.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// Notes a request that a library sends by the client; `status` reads what came of it.
    pub(crate) async fn noted<T>(
        &self,
        method: &str,
        url: &str,
        send: impl Future<Output = T>,
        status: impl FnOnce(&T) -> Option<u16>,
    ) -> T {
        let note = url.parse().ok().map(|url| self.ledger.begin(method, &url, 1, Shown::Yes));
        let result = send.await;
        if let (Some(mut note), Some(status)) = (note, status(&result)) {
            note.answered(status);
        }
        result
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
        Ok(self.persist(make, Take::Whole(limit), REDIRECTS).await?.reply)
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
        Ok(self.persist(make, Take::Whole(limit), 0).await?.reply)
    }

    /// Sends like [`Http::send`], and returns a success as soon as its head is there; `limit` bounds other bodies.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub(crate) async fn open(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        load: Load,
        limit: usize,
    ) -> Result<Opened, HttpError> {
        self.persist(make, Take::Head(load, limit), REDIRECTS).await
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
        let request = || make(self.client()).build().map_err(|error| HttpError::unsent(&error));
        let first = request()?;
        let gate = self.gate(first.url());
        let permit = gate.enter().await;
        if let Some(error) = gate.is_unreached() {
            return Err(error);
        }
        let mut result = Box::pin(self.once(first, Take::Whole(limit), 0, 1)).await.map(|opened| opened.reply);
        if result.as_ref().is_err_and(HttpError::is_unconnected) {
            tokio::time::sleep(self.retry.first).await;
            result = Box::pin(self.once(request()?, Take::Whole(limit), 0, 2)).await.map(|opened| opened.reply);
        }
        match &result {
            Ok(_) => {
                gate.answered();
                permit.went_well();
            }
            Err(error) if error.is_unconnected() => gate.unreached(error, Instant::now()),
            Err(_) => {}
        }
        result
    }

    async fn persist(
        &self,
        make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        take: Take,
        redirects: usize,
    ) -> Result<Opened, HttpError> {
        let mut patience = Patience::new(self);
        loop {
            let request = make(self.client()).build().map_err(|error| HttpError::unsent(&error))?;
            let gate = self.gate(request.url());
            let permit = gate.enter().await;
            if let Some(error) = gate.is_unreached() {
                return Err(error);
            }
            // Apart: every question of every room has this in its future.
            let host = host(request.url());
            let once = Box::pin(self.once(request, take, redirects, patience.attempts()));
            let answered = once.await;
            if answered.is_ok() {
                gate.answered();
            }
            let setback = match answered {
                Ok(opened) => match retry::verdict(&opened.reply) {
                    retry::Verdict::Final => {
                        permit.went_well();
                        return Ok(opened);
                    }
                    retry::Verdict::Throttled(asked) => {
                        Setback::new(HttpError::status(&opened.reply), Pause::Throttled(asked))
                    }
                    retry::Verdict::Broken => Setback::new(HttpError::status(&opened.reply), Pause::Broken),
                },
                Err(error) if error.is_temporary() => Setback::broken(error),
                Err(error) => return Err(error),
            };
            drop(permit);
            // Where the host has sent us on to another one, it is that one which does not answer.
            let is_elsewhere = setback.is_break() && setback.host() != host;
            patience.bear(if is_elsewhere { setback } else { setback.at(gate) }).await?;
        }
    }

    async fn once(
        &self,
        mut request: reqwest::Request,
        take: Take,
        redirects: usize,
        attempt: u32,
    ) -> Result<Opened, HttpError> {
        let follows = redirects > 0 && matches!(*request.method(), reqwest::Method::GET | reqwest::Method::HEAD);
        for hop in 0..=redirects {
            let next = follows.then(|| request.try_clone()).flatten();
            let place = error::Place::of(&request);
            let path = if hop == 0 { Shown::Yes } else { Shown::No };
            let mut note = self.ledger.begin(request.method().as_str(), request.url(), attempt, path);
            let client = self.client_at(request.url(), take.load());
            let response = client.execute(request).await.map_err(|error| place.failed(&error))?;
            note.answered(response.status().as_u16());
            let is_redirect = response.status().is_redirection();
            let location = is_redirect.then(|| redirect::target(response.url(), response.headers())).flatten();
            let (Some(location), Some(mut redirected)) = (location, next) else {
                return match take {
                    Take::Head(..) if response.status().is_success() => {
                        let reply = reply::head(&response, &place);
                        Ok(Opened { reply, body: Some(Incoming::new(response, place, note)) })
                    }
                    Take::Head(_, limit) | Take::Whole(limit) => {
                        Ok(Opened { reply: reply::read(response, place, limit).await?, body: None })
                    }
                };
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
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(host(url)).or_insert_with(|| Gate::new(REQUESTS_PER_HOST)).clone()
    }
}

/// How much of an answer is read before it is returned, with the limit in bytes.
#[derive(Clone, Copy)]
enum Take {
    Whole(usize),
    /// Only the head of a success; all of the others.
    Head(Load, usize),
}

impl Take {
    fn load(self) -> Load {
        match self {
            Self::Whole(_) => Load::Little,
            Self::Head(load, _) => load,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_host_that_nobody_answers_at_is_found_out_once() {
        let retry = Retry { first: Duration::from_millis(1), ..Retry::default() };
        let ledger = Ledger::open();
        let http = Http::new(&Way { retry, ledger: ledger.clone(), ..Way::default() }).unwrap();
        let sent = || ledger.read().unwrap().sent;
        // Port 1 is reserved and serves nothing on a machine of ours.
        let ask = || http.send(|client| client.get("http://127.0.0.1:1/"), 10);
        assert!(ask().await.unwrap_err().is_unreached());
        let attempts = sent();
        assert!((2..=3).contains(&attempts), "a few attempts and not six: {attempts}");
        assert!(ask().await.unwrap_err().is_unreached());
        assert_eq!(sent(), attempts, "the second caller is told at once");
        let once = || http.send_once(|client| client.post("http://127.0.0.1:2/"), 10);
        assert!(once().await.unwrap_err().is_unreached() && once().await.unwrap_err().is_unreached());
        assert_eq!(sent(), attempts + 2, "and so where nothing is repeated");
    }
}
