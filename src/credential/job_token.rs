//! Job token: what a CI host says of its own job, for Entra to believe or not.

use crate::http::{Http, Reply, excerpt};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Where a job asks its host for an identity token.
#[derive(Debug, Clone)]
pub enum JobToken {
    /// GitHub Actions, for a job with `permissions: id-token: write`.
    GitHub {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`; it has a query already.
        url: String,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`
        token: SecretString,
    },
    /// Azure Pipelines, for a step that names a service connection.
    AzurePipelines {
        /// `SYSTEM_OIDCREQUESTURI`, without a query.
        url: String,
        /// The id of the service connection.
        connection: String,
        /// The job's access token.
        token: SecretString,
    },
}

/// An identity token has a few kilobytes.
const LIMIT: usize = 64 << 10;

impl JobToken {
    /// Returns the host's name.
    pub(super) fn host(&self) -> &'static str {
        match self {
            Self::GitHub { .. } => "GitHub",
            Self::AzurePipelines { .. } => "Azure DevOps",
        }
    }

    /// Asks for a token; it is good for minutes, so every one is fresh.
    pub(super) async fn ask(&self, http: &Http, audience: &str) -> Result<String, String> {
        let parameter = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let reply = match self {
            Self::GitHub { url, token } => {
                let sign = if url.contains('?') { '&' } else { '?' };
                let url = format!("{url}{sign}audience={}", parameter(audience));
                http.send(|client| client.get(&url).bearer_auth(token.expose_secret()), LIMIT).await
            }
            Self::AzurePipelines { url, connection, token } => {
                // The audience is Entra's, whatever is asked for (REST reference, "Oidctoken - Create").
                let url = format!("{url}?api-version=7.1&serviceConnectionId={}", parameter(connection));
                let make = |client: &reqwest::Client| {
                    let request = client.post(&url).bearer_auth(token.expose_secret());
                    // Without the header a token that is no longer good leads to a page for people.
                    request.header("content-length", "0").header("x-tfs-fedauthredirect", "Suppress")
                };
                http.send_without_redirects(make, LIMIT).await
            }
        };
        self.read(&reply.map_err(|error| error.to_string())?)
    }

    fn read(&self, reply: &Reply) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(alias = "oidcToken")]
            value: String,
        }
        if reply.status.as_u16() != 200 {
            return Err(format!("it answered {}: {}", reply.status, excerpt(&reply.body)));
        }
        // Not the error's own text: it could quote the token.
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| "its answer cannot be read".to_owned())?;
        Ok(answer.value)
    }
}
