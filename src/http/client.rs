//! Client: the one that sends to a host, with the authorities that are trusted there.

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
            Ok((host.clone(), both(&Way { roots: Some(roots), ..way.clone() })?))
        });
        Ok(Self { own: Arc::new(own.collect::<Result<_, _>>()?), ..self.clone() })
    }

    /// Returns the same client that trusts the usual authorities everywhere.
    #[must_use]
    pub fn usual(&self) -> Self {
        Self { own: Arc::default(), ..self.clone() }
    }

    pub(super) fn client_at(&self, url: &Url, is_stream: bool) -> &reqwest::Client {
        let usual = [&self.client, &self.uploads];
        let own = if self.own.is_empty() { None } else { self.own.get(&host(url)) };
        own.map_or(usual, |own| own.each_ref())[usize::from(is_stream)]
    }
}

/// Returns the client for most requests, and the one for bodies that stream.
pub(super) fn both(way: &Way) -> Result<[reqwest::Client; 2], RootError> {
    let tls = tls::config(way)?;
    let client = way.builder(tls.clone())?.read_timeout(READ).build().map_err(client_error)?;
    let uploads = way.builder(tls::http1(tls))?.http1_only().build().map_err(client_error)?;
    Ok([client, uploads])
}

fn client_error(error: reqwest::Error) -> RootError {
    RootError::Client(error.to_string())
}
