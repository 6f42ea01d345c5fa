//! Exchange: our Azure identity becomes a token of one repository (ACR wire facts, 6.2).

use super::{
    RegistryError, Why,
    auth::{TOKEN_LIMIT, access_token},
};
use crate::{
    credential::{self, Mask},
    http::Http,
    reference::Registry,
};
use azure_core::credentials::TokenCredential;
use reqwest::{StatusCode, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// The audience of a registry token, the same in every cloud (ACR wire facts, 1.1).
const SCOPE: &str = "https://containerregistry.azure.net/.default";
/// A refresh token lives three hours and says so only in its claims; renewed well before.
const LIFE: Duration = Duration::from_secs(2 * 3600);

/// An access token lives 75 minutes (Azure/acr, AAD-OAuth.md) and says so only in its claims.
const ACCESS_LIFE: Duration = Duration::from_secs(60 * 60);

/// Signs in at ACRs: one refresh token a registry, one access token a repository.
#[derive(Debug)]
pub(super) struct Exchange {
    http: Http,
    mask: Mask,
    refresh: Mutex<HashMap<Registry, (SecretString, Instant)>>,
}

impl Exchange {
    pub(super) fn new(http: Http, mask: Mask) -> Self {
        Self { http, mask, refresh: Mutex::default() }
    }

    /// Returns a token for scopes with a space between two, and how long it lives.
    pub(super) async fn access(
        &self,
        registry: &Registry,
        scopes: &str,
        credential: &Arc<dyn TokenCredential>,
    ) -> Result<(HeaderValue, Duration), RegistryError> {
        let refresh = self.refresh_token(registry, credential).await?;
        let url = format!("https://{}/oauth2/token", registry.api_host());
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("service", registry.as_str()),
            ("refresh_token", refresh.expose_secret()),
        ];
        form.extend(scopes.split(' ').map(|scope| ("scope", scope)));
        let reply = self.http.send(|client| client.post(&url).form(&form), TOKEN_LIMIT).await;
        let reply = reply.map_err(|error| RegistryError::http(registry, error))?;
        if reply.status == StatusCode::UNAUTHORIZED {
            self.refresh.lock().await.remove(registry);
        }
        let (header, life) = access_token(registry, &reply, true, ACCESS_LIFE)?;
        self.mask.hide(header.to_str().unwrap_or_default().trim_start_matches("Bearer "));
        Ok((header, life))
    }

    pub(super) async fn refresh_token(
        &self,
        registry: &Registry,
        credential: &Arc<dyn TokenCredential>,
    ) -> Result<SecretString, RegistryError> {
        #[derive(Deserialize)]
        struct Answer {
            refresh_token: SecretString,
        }
        // Held over the exchange: many sign-ins in a row are throttled, so the workers share one.
        let mut tokens = self.refresh.lock().await;
        match tokens.get(registry) {
            Some((token, until)) if *until > Instant::now() => return Ok(token.clone()),
            Some(_) | None => {}
        }
        let entra = credential.get_token(&[SCOPE], None).await;
        let entra = entra.map_err(|error| RegistryError::new(registry, Why::SignIn(credential::explain(&error))))?;
        let url = format!("https://{}/oauth2/exchange", registry.api_host());
        let form =
            [("grant_type", "access_token"), ("service", registry.as_str()), ("access_token", entra.token.secret())];
        let reply = self.http.send(|client| client.post(&url).form(&form), TOKEN_LIMIT).await;
        let reply = reply.map_err(|error| RegistryError::http(registry, error))?;
        if !reply.status.is_success() {
            return Err(RegistryError::refused(registry, &reply, true));
        }
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| {
            RegistryError::unreadable(registry, "a refresh token", &reply, "there is none in it".to_owned())
        })?;
        self.mask.hide(answer.refresh_token.expose_secret());
        tokens.insert(registry.clone(), (answer.refresh_token.clone(), Instant::now() + LIFE));
        Ok(answer.refresh_token)
    }
}
