//! Challenge → token, one token per repository and right, one answer per host remembered.
//!
//! The first refusal of a host teaches how it signs in; further repositories ask for their token at once.

use super::{
    Login, Logins, RegistryError, Why,
    access::{Access, Rights},
    challenge::Challenge,
    exchange::Exchange,
    realm,
};
use crate::{
    http::{self, Http, Reply},
    reference::Registry,
};
use azure_core::credentials::TokenCredential;
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Url, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// No token service sends more.
pub(super) const TOKEN_LIMIT: usize = 1 << 20;
/// The specification's default lifetime of a token.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Auth {
    http: Http,
    logins: Logins,
    offers: Mutex<HashMap<Registry, Challenge>>,
    tokens: Mutex<HashMap<(Registry, String), Token>>,
    exchange: Exchange,
}

#[derive(Debug, Clone)]
struct Token {
    header: HeaderValue,
    until: Instant,
}

impl Auth {
    pub(super) fn new(http: Http, logins: Logins) -> Self {
        let exchange = Exchange::new(http.clone(), logins.mask().clone());
        Self { http, logins, offers: Mutex::default(), tokens: Mutex::default(), exchange }
    }

    pub(super) fn logins(&self) -> &Logins {
        &self.logins
    }

    /// Returns the refresh token that stands for our Azure identity at an ACR.
    pub(super) async fn refresh_token(
        &self,
        registry: &Registry,
        credential: &Arc<dyn TokenCredential>,
    ) -> Result<SecretString, RegistryError> {
        self.exchange.refresh_token(registry, credential).await
    }

    /// Reads a refusal, and says where a login was kept back.
    pub(super) fn refused(&self, registry: &Registry, reply: &Reply) -> RegistryError {
        let error = RegistryError::refused(registry, reply, self.logins.has(registry));
        if self.logins.is_silent(&super::connection_host(registry)) { error.kept_back() } else { error }
    }

    /// Returns what to send first: a token that is still good, or a new one where the host's way is known.
    pub(super) async fn known(
        &self,
        registry: &Registry,
        access: Access<'_>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let key = (registry.clone(), access.scope());
        if let Some(token) = lock(&self.tokens).get(&key).filter(|token| token.until > Instant::now()) {
            return Ok(Some(token.header.clone()));
        }
        let offer = lock(&self.offers).get(registry).cloned();
        match offer {
            Some(challenge) => self.sign_in(registry, access, &challenge).await,
            // An ACR's own answer is known beforehand: its challenge need not be asked for.
            None => match self.logins.find(registry, access.repository) {
                Some(Login::Azure(_)) => self.sign_in(registry, access, &acr_challenge(registry)).await,
                _ => Ok(None),
            },
        }
    }

    /// Answers a refusal: with a new token where there was none or an old one.
    pub(super) async fn renew(
        &self,
        registry: &Registry,
        access: Access<'_>,
        refusal: &Reply,
        sent: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let challenge =
            refusal.headers.get_all("www-authenticate").iter().find_map(|value| Challenge::read(value.to_str().ok()?));
        let Some(challenge) = challenge else {
            return Err(self.refused(registry, refusal));
        };
        let key = (registry.clone(), access.scope());
        {
            let mut tokens = lock(&self.tokens);
            // Another worker may have renewed it meanwhile.
            if let Some(token) = tokens.get(&key).filter(|token| Some(&token.header) != sent) {
                return Ok(Some(token.header.clone()));
            }
            tokens.remove(&key);
        }
        lock(&self.offers).insert(registry.clone(), general(challenge.clone(), access.repository));
        self.sign_in(registry, access, &challenge)
            .await?
            .map_or_else(|| Err(self.refused(registry, refusal)), |header| Ok(Some(header)))
    }

    async fn sign_in(
        &self,
        registry: &Registry,
        access: Access<'_>,
        challenge: &Challenge,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let login = self.logins.find(registry, access.repository);
        let (header, life) = match (challenge, login) {
            (Challenge::Basic, Some(Login::Password { username, password })) => {
                (basic(username, password), Duration::from_secs(3600))
            }
            (Challenge::Basic, Some(Login::Azure(_)) | None) => return Ok(None),
            (Challenge::Bearer { realm, service, scope }, login) => {
                let realm = realm::read(registry, realm)?;
                let asked = scope.clone().filter(|scope| match access.rights {
                    Rights::Pull => true,
                    // What the registry asks for may cover only the first of several things to write.
                    Rights::Push { .. } | Rights::Delete | Rights::Lock => !scope.starts_with("repository:"),
                    Rights::Catalog => scope.starts_with("registry:"),
                });
                let wanted = asked.unwrap_or_else(|| access.scope());
                let service = service.as_deref().unwrap_or_default();
                match login {
                    Some(Login::Azure(credential)) => {
                        self.exchange.access(registry, &access.acr_scope(), credential).await?
                    }
                    login => self.token(registry, &realm, service, &wanted, login).await?,
                }
            }
        };
        let mut header = header;
        header.set_sensitive(true);
        let key = (registry.clone(), access.scope());
        // A tenth of the life is left over for clocks and long requests.
        let until = Instant::now() + life - life / 10;
        lock(&self.tokens).insert(key, Token { header: header.clone(), until });
        Ok(Some(header))
    }

    /// Asks a token service (distribution token specification), with the password where its host may see it.
    async fn token(
        &self,
        registry: &Registry,
        realm: &Url,
        service: &str,
        scope: &str,
        login: Option<&Login>,
    ) -> Result<(HeaderValue, Duration), RegistryError> {
        let credential = match login {
            Some(Login::Password { username, password }) if !self.logins.is_silent(&http::host(realm)) => {
                let is_shared = self.logins.shares(registry).is_some_and(|other| realm::belongs(other, realm));
                if !realm::belongs(registry, realm) && !is_shared {
                    let realm = realm.host_str().unwrap_or_default().to_owned();
                    return Err(RegistryError::new(registry, Why::ForeignRealm(realm)));
                }
                Some(basic(username, password))
            }
            _ => None,
        };
        let make = |client: &reqwest::Client| {
            let service = (!service.is_empty()).then_some(("service", service));
            let query: Vec<_> = service.into_iter().chain(scope.split(' ').map(|scope| ("scope", scope))).collect();
            let request = client.get(realm.clone()).query(&query);
            credential.iter().fold(request, |request, value| request.header("authorization", value.clone()))
        };
        let reply = self.http.send(make, TOKEN_LIMIT).await.map_err(|error| RegistryError::http(registry, error))?;
        access_token(registry, &reply, credential.is_some(), SHORTEST_LIFE)
    }
}

/// Reads a token service's answer; `unsaid` is how long a token lives of which that is not said.
pub(super) fn access_token(
    registry: &Registry,
    reply: &Reply,
    had_credential: bool,
    unsaid: Duration,
) -> Result<(HeaderValue, Duration), RegistryError> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<SecretString>,
        access_token: Option<SecretString>,
        expires_in: Option<u64>,
    }
    if !reply.status.is_success() {
        return Err(RegistryError::refused(registry, reply, had_credential));
    }
    let answer: Answer = serde_json::from_slice(&reply.body)
        .map_err(|_| RegistryError::unreadable(registry, "a token", reply, "it is no JSON object".to_owned()))?;
    let header = answer
        .token
        .or(answer.access_token)
        .and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok())
        .ok_or_else(|| RegistryError::unreadable(registry, "a token", reply, "there is none in it".to_owned()))?;
    let life = answer.expires_in.map_or(unsaid, Duration::from_secs);
    Ok((header, life.clamp(Duration::from_secs(10), Duration::from_secs(24 * 3600))))
}

fn basic(username: &str, password: &SecretString) -> HeaderValue {
    let pair = BASE64_STANDARD.encode(format!("{username}:{}", password.expose_secret()));
    let mut header =
        HeaderValue::try_from(format!("Basic {pair}")).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    header.set_sensitive(true);
    header
}

/// Returns the challenge as it holds for every repository of the host: one that names this repository is rebuilt
/// for the others; a fixed scope (`aws`) stays.
fn general(challenge: Challenge, repository: &str) -> Challenge {
    match challenge {
        Challenge::Bearer { realm, service, scope } => {
            let scope = scope.filter(|scope| !scope.starts_with("repository:") && !scope.contains(repository));
            Challenge::Bearer { realm, service, scope }
        }
        Challenge::Basic => Challenge::Basic,
    }
}

fn acr_challenge(registry: &Registry) -> Challenge {
    Challenge::Bearer {
        realm: format!("https://{registry}/oauth2/token"),
        service: Some(registry.to_string()),
        scope: None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_names_a_repository_is_rebuilt_for_the_others() {
        let bearer = |scope: Option<&str>| Challenge::Bearer {
            realm: "r".into(),
            service: None,
            scope: scope.map(str::to_owned),
        };
        assert_eq!(general(bearer(Some("repository:a/b:pull")), "a/b"), bearer(None));
        assert_eq!(general(bearer(Some("aws")), "a/b"), bearer(Some("aws")));
    }
}
