//! Client: the one that sends to a host, by what is sent and by the authorities that are trusted there.

use super::{Http, RootError, Way, host, tls};
use reqwest::Url;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long a host may stay silent in the middle of an answer.
const READ: Duration = Duration::from_secs(60);

impl Http {
    /// Returns the same client that trusts more authorities (PEM, by host), each for connections to its host alone, so
    /// neither where a redirect leads nor at another host's token service.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn trusting(&self, way: &Way, authorities: &BTreeMap<String, String>) -> Result<Self, RootError> {
        let own = authorities.iter().map(|(host, pem)| {
            let roots = [way.roots.as_deref().unwrap_or_default(), pem].join("\n");
            Ok((host.clone(), Clients::new(&Way { roots: Some(roots), ..way.clone() })?))
        });
        Ok(Self { own: Arc::new(own.collect::<Result<_, _>>()?), ..self.clone() })
    }

    /// Returns the same client that trusts the usual authorities everywhere.
    #[must_use]
    pub fn usual(&self) -> Self {
        Self { own: Arc::default(), ..self.clone() }
    }

    pub(super) fn client_at(&self, url: &Url, load: Load) -> &reqwest::Client {
        let own = if self.own.is_empty() { None } else { self.own.get(&host(url)) };
        own.unwrap_or(&self.clients).of(load)
    }
}

/// What a request or its answer carries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// What is held whole, as are most questions and answers.
    Little,
    /// A large body that comes.
    Download,
    /// A large body that goes: it takes longer than any answer may keep us waiting.
    Upload,
}

/// The clients that trust the same authorities.
///
/// Little requests share the connection of HTTP/2 where it is offered. Large bodies go by HTTP/1.1, because all of one
/// HTTP/2 connection share a window (1 MiB for uploads in Go's servers, which is 20 MB a second at 50 ms) and are cut into
/// frames of 16 kB; each connection of a pool has its own. Measured over TLS, uploads to Debian's docker-registry, six
/// layers of 20 MB: 7.2 s by HTTP/2 and 1.6 s by HTTP/1.1 at 50 ms, the same without latency; downloads from distribution 3,
/// ten layers of 107 MB without latency: 4.9 s and 2.0 s, with 3.5 and 1.5 CPU seconds.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub(super) usual: reqwest::Client,
    downloads: reqwest::Client,
    uploads: reqwest::Client,
}

impl Clients {
    pub(super) fn new(way: &Way) -> Result<Self, RootError> {
        let tls = tls::config(way)?;
        let large = || Ok::<_, RootError>(way.builder(tls::http1(tls.clone()))?.http1_only());
        Ok(Self {
            usual: way.builder(tls.clone())?.read_timeout(READ).build().map_err(client_error)?,
            downloads: large()?.read_timeout(READ).build().map_err(client_error)?,
            uploads: large()?.build().map_err(client_error)?,
        })
    }

    fn of(&self, load: Load) -> &reqwest::Client {
        match load {
            Load::Little => &self.usual,
            Load::Download => &self.downloads,
            Load::Upload => &self.uploads,
        }
    }
}

fn client_error(error: reqwest::Error) -> RootError {
    RootError::Client(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_rustls::{LazyConfigAcceptor, rustls::server::Acceptor};

    /// Returns the protocols that are offered to a server.
    async fn offered(load: Load) -> Vec<String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let http = Http::new(&Way::default()).unwrap();
        let hear = async {
            let (stream, _) = listener.accept().await.unwrap();
            let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await.unwrap();
            let offered = begun.client_hello().alpn().into_iter().flatten();
            offered.map(|protocol| String::from_utf8_lossy(protocol).into_owned()).collect()
        };
        tokio::select! {
            offered = hear => offered,
            answered = http.client_at(&url, load).get(url.clone()).send() => unreachable!("{answered:?}"),
        }
    }

    #[tokio::test]
    async fn large_bodies_go_by_http_1_and_the_rest_by_http_2_where_it_is_offered() {
        assert_eq!(offered(Load::Little).await, ["h2", "http/1.1"]);
        assert_eq!(offered(Load::Download).await, ["http/1.1"]);
        assert_eq!(offered(Load::Upload).await, ["http/1.1"]);
    }
}
