//! Resource Manager: requests with a fresh token each.

use super::{ArmError, Cloud, error::Refusal};
use crate::http::{self, Http, Reply};
use azure_core::credentials::{AccessToken, TokenCredential};
use reqwest::{Method, Url};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};

/// The newest stable version of Microsoft.ContainerRegistry.
pub(super) const VERSION: &str = "2025-11-01";
/// The version for lists of subscriptions.
pub(super) const SUBSCRIPTIONS_VERSION: &str = "2022-12-01";
const LIMIT: usize = 16 << 20;
/// How long a service that is too busy is left alone when it names no time.
const BUSY: Duration = Duration::from_secs(5);
/// Pages of one list.
const MOST_PAGES: usize = 1_000;

/// The control plane of one cloud, as one identity.
#[derive(Debug, Clone)]
pub struct Arm {
    http: Http,
    credential: Arc<dyn TokenCredential>,
    cloud: Cloud,
}

impl Arm {
    /// Makes the client; nothing is asked yet.
    pub fn new(http: Http, credential: Arc<dyn TokenCredential>, cloud: Cloud) -> Self {
        Self { http, credential, cloud }
    }

    /// Returns the cloud that is asked.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Returns the client that carries its requests, for addresses that Resource Manager gives and its token must not go to.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Signs in and asks for nothing; the token is kept for the requests that follow.
    ///
    /// # Errors
    /// [`ArmError::SignIn`].
    pub async fn sign_in(&self) -> Result<(), ArmError> {
        self.token().await.map(drop)
    }

    async fn token(&self) -> Result<AccessToken, ArmError> {
        let token = self.credential.get_token(&[&self.cloud.scope], None).await;
        token.map_err(|error| ArmError::SignIn(crate::credential::Refused::read(&error)))
    }

    /// Gets a resource; `None` for 404.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, version: &str) -> Result<Option<T>, ArmError> {
        let url = format!("{}{path}?api-version={version}", self.cloud.resource_manager);
        self.get_url(&url).await
    }

    /// Gets every page of a list; empty for 404.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str, version: &str) -> Result<Vec<T>, ArmError> {
        self.pages(format!("{}{path}?api-version={version}", self.cloud.resource_manager)).await
    }

    /// Gets every page of a list that an OData filter narrows, if it is not empty; nothing for 404.
    pub(crate) async fn list_where<T: DeserializeOwned>(
        &self,
        path: &str,
        version: &str,
        filter: &str,
    ) -> Result<Vec<T>, ArmError> {
        let filter = filter.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B");
        let filter = if filter.is_empty() { String::new() } else { format!("&$filter={filter}") };
        self.pages(format!("{}{path}?api-version={version}{filter}", self.cloud.resource_manager)).await
    }

    async fn pages<T: DeserializeOwned>(&self, mut url: String) -> Result<Vec<T>, ArmError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page<T> {
            value: Vec<T>,
            next_link: Option<String>,
        }
        let mut all = Vec::new();
        // A page on which a filter left nothing can have a next one; one of so many has no end.
        for _ in 0..MOST_PAGES {
            let Some(page) = self.get_url::<Page<T>>(&url).await? else { break };
            all.extend(page.value);
            match page.next_link {
                Some(next) if next != url && self.is_own(&next) => url = next,
                _ => break,
            }
        }
        Ok(all)
    }

    async fn get_url<T: DeserializeOwned>(&self, url: &str) -> Result<Option<T>, ArmError> {
        let reply = self.send(Method::GET, url, None::<&()>).await?;
        match reply.status.as_u16() {
            200..=299 => read(&reply).map(Some),
            404 => Ok(None),
            _ => Err(ArmError::Refused(Refusal::read(&reply))),
        }
    }

    /// Sends a request; each attempt has an identifier of its own, which becomes the operation's name.
    ///
    /// Two imports under one identifier were seen to hang for an hour (ACR wire facts, 3.3).
    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Reply, ArmError> {
        let token = self.token().await?;
        self.http.send(made(&method, url, &token, body), LIMIT).await.map_err(ArmError::Http)
    }

    /// Sends a request that must not be repeated once the service may have taken it: only one that it was too busy to
    /// take is.
    pub(super) async fn send_once(
        &self,
        method: Method,
        url: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Reply, ArmError> {
        let mut left = self.http.retry().patience;
        loop {
            let token = self.token().await?;
            let reply = self.http.send_once(made(&method, url, &token, body), LIMIT).await.map_err(ArmError::Http)?;
            let wait = match (reply.status.as_u16(), http::retry_after(&reply)) {
                (429, asked) => asked.unwrap_or(BUSY),
                (503, Some(asked)) => asked,
                _ => return Ok(reply),
            };
            match left.checked_sub(wait) {
                Some(less) if !wait.is_zero() => left = less,
                _ => return Ok(reply),
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Returns whether an address that the service gave is the service's own: the token goes nowhere else.
    pub(super) fn is_own(&self, url: &str) -> bool {
        let (Ok(url), Ok(own)) = (url.parse::<Url>(), self.cloud.resource_manager.parse::<Url>()) else { return false };
        url.origin() == own.origin() && url.username().is_empty() && url.password().is_none()
    }
}

fn made<'a, B: Serialize>(
    method: &'a Method,
    url: &'a str,
    token: &'a AccessToken,
    body: Option<&'a B>,
) -> impl Fn(&reqwest::Client) -> reqwest::RequestBuilder + 'a {
    move |client| {
        let request = client
            .request(method.clone(), url)
            .bearer_auth(token.token.secret())
            .header("accept", "application/json")
            .header("x-ms-client-request-id", uuid::Uuid::new_v4().to_string());
        body.iter().fold(request, |request, body| request.json(body))
    }
}

pub(super) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, ArmError> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        let content_type = reply.header("content-type").unwrap_or("no content type");
        ArmError::Unreadable(format!("{content_type}; {error}"))
    })
}
