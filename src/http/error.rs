//! A call that brought no usable answer: which one, and why.

use super::Reply;
use crate::problem::RequestIds;
use reqwest::{StatusCode, Url, header::HeaderMap};
use std::{fmt, time::Duration};

/// How much of a foreign body a message may carry, in bytes.
const BODY: usize = 2048;
/// The most characters of an identifier.
const LONGEST_ID: usize = 80;

/// A failed call. Never holds a query, a header or a body that we sent: secrets travel there.
#[derive(Debug, Clone)]
pub struct HttpError {
    place: Box<Place>,
    cause: Cause,
    attempts: u32,
    waited: Duration,
}

/// Why there is no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The host's name is unknown. The owner of the name or of the runner's DNS mends it.
    Name,
    /// Nobody answers at the host, or a firewall drops the connection.
    Connect(String),
    /// The certificate is not trusted: often a proxy with a company's own authority.
    Certificate(String),
    /// The answer did not come in time.
    Timeout,
    /// The connection broke in the middle.
    Broken(String),
    /// The service answered with a failure that is temporary, and kept to it.
    Status(StatusCode, String),
    /// The answer is longer than anything that this call can bring.
    TooLong(usize),
    /// A redirect to plain HTTP, or from the world to this machine.
    InsecureRedirect(String),
    /// Redirects without an end.
    TooManyRedirects,
    /// The request could not be made at all.
    Unsent(String),
}

impl Cause {
    /// Tells what happened from the last cause's words, and from whether it happened before there was a connection or
    /// because time ran out.
    fn of(why: String, is_connect: bool, is_timeout: bool) -> Self {
        let lower = why.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if has(&["certificate", "unknownissuer"]) {
            Self::Certificate(why)
        } else if has(&["failed to lookup address", "name or service not known"]) {
            // A resolver that is busy has not said that there is no such name (EAI_AGAIN, in glibc's words and musl's).
            if has(&["temporary failure", "try again"]) { Self::Connect(why) } else { Self::Name }
        } else if is_connect {
            // Time may have run out here too: what counts is that nothing was sent.
            Self::Connect(why)
        } else if is_timeout {
            Self::Timeout
        } else {
            Self::Broken(why)
        }
    }
}

impl HttpError {
    /// Returns why.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Returns by what the service's own people find the request.
    pub fn ids(&self) -> &RequestIds {
        &self.place.ids
    }

    /// Returns the host that was asked.
    pub fn host(&self) -> &str {
        &self.place.host
    }

    /// Returns whether the same call may go well later.
    pub fn is_temporary(&self) -> bool {
        match self.cause {
            Cause::Connect(_) | Cause::Timeout | Cause::Broken(_) | Cause::Status(..) => true,
            Cause::Name
            | Cause::Certificate(_)
            | Cause::TooLong(_)
            | Cause::InsecureRedirect(_)
            | Cause::TooManyRedirects
            | Cause::Unsent(_) => false,
        }
    }

    /// Returns whether nobody answered this call: the host is out of reach, or slow in what was asked of it.
    pub fn is_unreached(&self) -> bool {
        matches!(self.cause, Cause::Connect(_) | Cause::Timeout | Cause::Name)
    }

    /// Returns whether there was no connection, so that nothing was sent.
    pub fn is_unconnected(&self) -> bool {
        matches!(self.cause, Cause::Connect(_) | Cause::Name)
    }

    /// Returns what to do next, if that can be told from the cause alone.
    pub fn hint(&self) -> Option<String> {
        let host = &self.place.host;
        match &self.cause {
            Cause::Name => Some(format!("Check the host's spelling, and that this runner can resolve `{host}`.")),
            Cause::Connect(_) | Cause::Timeout => Some(format!(
                "Check that this runner may reach `{host}`: firewall, proxy (HTTPS_PROXY), private endpoint."
            )),
            Cause::Certificate(_) => Some(format!(
                "The certificate of `{host}` is not trusted. Behind an inspecting proxy, name its authority by SSL_CERT_FILE."
            )),
            Cause::Broken(_) | Cause::Status(..) => Some("Run again; nothing is done twice.".to_owned()),
            Cause::TooLong(_) | Cause::InsecureRedirect(_) | Cause::TooManyRedirects | Cause::Unsent(_) => None,
        }
    }

    pub(super) fn status(reply: &Reply) -> Self {
        let place = Place { host: host(&reply.url), path: reply.url.path().to_owned(), ids: reply.ids.clone() };
        place.error(Cause::Status(reply.status, excerpt(&reply.body)))
    }

    /// Names a host that took nothing for too long.
    pub(crate) fn stalled(host: &str) -> Self {
        Place { host: host.to_owned(), path: String::new(), ids: RequestIds::default() }.error(Cause::Timeout)
    }

    pub(super) fn unsent(error: &reqwest::Error) -> Self {
        let place = Place { host: String::new(), path: String::new(), ids: RequestIds::default() };
        place.error(Cause::Unsent(innermost(error)))
    }

    pub(super) fn after(mut self, attempts: u32, waited: Duration) -> Self {
        self.attempts = attempts;
        self.waited = waited;
        self
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { host, path, .. } = &*self.place;
        match &self.cause {
            Cause::Name => write!(f, "the name `{host}` cannot be resolved"),
            Cause::Connect(why) => write!(f, "`{host}` cannot be reached: {why}"),
            Cause::Certificate(why) => write!(f, "`{host}` shows a certificate that is not trusted: {why}"),
            Cause::Timeout => write!(f, "`{host}` did not answer in time"),
            Cause::Broken(why) => write!(f, "the connection to `{host}` broke: {why}"),
            Cause::Status(status, body) if body.is_empty() => write!(f, "`{host}` answered {status}"),
            Cause::Status(status, body) => write!(f, "`{host}` answered {status}: {body}"),
            Cause::TooLong(limit) => write!(f, "`{host}` sent more than {limit} bytes for `{path}`"),
            Cause::InsecureRedirect(to) => write!(f, "`{host}` redirects to `{to}`, which is not followed"),
            Cause::TooManyRedirects => write!(f, "`{host}` redirects without an end"),
            Cause::Unsent(why) => write!(f, "the request could not be made: {why}"),
        }?;
        if self.attempts > 1 {
            write!(f, " ({} attempts, {} s of waiting)", self.attempts, self.waited.as_secs())?;
        }
        write!(f, "{}", self.place.ids)
    }
}

impl std::error::Error for HttpError {}

/// Which call it was, without what must not be shown.
#[derive(Debug, Clone)]
pub(super) struct Place {
    host: String,
    path: String,
    /// Before an answer, by what we called it alone.
    ids: RequestIds,
}

impl Place {
    pub(super) fn of(request: &reqwest::Request) -> Self {
        let client = text(request.headers(), "x-ms-client-request-id");
        let ids = RequestIds::new(None, None, client);
        Self { host: host(request.url()), path: request.url().path().to_owned(), ids }
    }

    pub(super) fn failed(&self, error: &reqwest::Error) -> HttpError {
        self.error(Cause::of(innermost(error), error.is_connect(), error.is_timeout()))
    }

    pub(super) fn too_long(&self, limit: usize) -> HttpError {
        self.error(Cause::TooLong(limit))
    }

    pub(super) fn ended(&self, at: u64, size: u64) -> HttpError {
        self.error(Cause::Broken(format!("it ended after {at} of {size} bytes")))
    }

    pub(super) fn insecure_redirect(&self, to: &Url) -> HttpError {
        self.error(Cause::InsecureRedirect(format!("{}://{}", to.scheme(), host(to))))
    }

    pub(super) fn too_many_redirects(&self) -> HttpError {
        self.error(Cause::TooManyRedirects)
    }

    /// Reads by what the service's own people find the request (Azure's headers; no other service has them).
    pub(super) fn ids(&self, headers: &HeaderMap) -> RequestIds {
        RequestIds::new(
            text(headers, "x-ms-correlation-request-id"),
            text(headers, "x-ms-request-id"),
            self.ids.client().map(str::to_owned),
        )
    }

    fn error(&self, cause: Cause) -> HttpError {
        HttpError { place: Box::new(self.clone()), cause, attempts: 1, waited: Duration::ZERO }
    }
}

/// An identifier is short, whatever a server says.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.chars().take(LONGEST_ID).collect())
}

pub(super) fn host(url: &Url) -> String {
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

/// The last cause in the chain says what happened; those before it only say where.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Returns the beginning of a body as text for a message.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(BODY)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_told_from_words_and_from_how_far_the_call_came() {
        let glibc = "failed to lookup address information: Temporary failure in name resolution";
        let musl = "failed to lookup address information: Try again";
        let connect = |why: &str| Cause::Connect(why.to_owned());
        for (why, is_connect, is_timeout, cause) in [
            ("failed to lookup address information: Name or service not known", true, false, Cause::Name),
            ("failed to lookup address information: Name does not resolve", true, false, Cause::Name),
            (glibc, true, false, connect(glibc)),
            (musl, true, false, connect(musl)),
            ("deadline has elapsed", true, true, connect("deadline has elapsed")),
            ("operation timed out", false, true, Cause::Timeout),
            ("Connection refused (os error 111)", true, false, connect("Connection refused (os error 111)")),
            ("invalid peer certificate: UnknownIssuer", true, false, {
                Cause::Certificate("invalid peer certificate: UnknownIssuer".to_owned())
            }),
            ("connection reset by peer", false, false, Cause::Broken("connection reset by peer".to_owned())),
        ] {
            assert_eq!(Cause::of(why.to_owned(), is_connect, is_timeout), cause, "{why}");
        }
    }
}
