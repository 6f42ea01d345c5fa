//! Federation: the identity token of a job proves to Entra that the job is who the application trusts.
//!
//! The identity library's own credential for Azure Pipelines reads its address from the process, hides no token from the
//! log and keeps the claims to itself; so both hosts take its general one, with an assertion of ours.

use super::{JobToken, Mask, claims::Claims, explain};
use crate::http::Http;
use azure_core::{
    Error,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    http::{ClientMethodOptions, ClientOptions},
};
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Entra's codes for an assertion that no federated credential fits: none for the subject (70021, 700213), none for
/// the issuer (700211), a difference in case (7002138), out of its time (700024).
const UNTRUSTED: [&str; 5] = ["AADSTS700213", "AADSTS700211", "AADSTS700024", "AADSTS7002138", "AADSTS70021"];

/// The issuer of service connections made before late 2025 (learn.microsoft.com, "convert service connections").
const OLD_ISSUER: &str = "https://vstoken.dev.azure.com/";

/// Entra refused the job's token; the claims say what was compared.
#[derive(Debug)]
pub(super) struct Untrusted {
    what: String,
    pub hint: String,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Untrusted {}

/// Signs in as an application, by a fresh identity token for each of Entra's.
pub(super) struct Federation {
    credential: Arc<ClientAssertionCredential<Assertion>>,
    client_id: String,
    last: Last,
}

/// The claims of the token that was sent last.
type Last = Arc<Mutex<Option<Claims>>>;

impl fmt::Debug for Federation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Federation").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Federation {
    pub(super) fn new(
        (tenant, client): (&str, &str),
        job: JobToken,
        audience: &str,
        http: &Http,
        mask: Mask,
        client_options: ClientOptions,
    ) -> azure_core::Result<Self> {
        let last = Last::default();
        let assertion =
            Assertion { http: http.clone(), job, audience: audience.to_owned(), mask, last: Arc::clone(&last) };
        let options = ClientAssertionCredentialOptions { client_options };
        let credential =
            ClientAssertionCredential::new(tenant.to_owned(), client.to_owned(), assertion, Some(options))?;
        Ok(Self { credential, client_id: client.to_owned(), last })
    }

    fn told(&self, error: Error) -> Error {
        let text = explain(&error);
        let code = UNTRUSTED.iter().filter(|code| text.contains(**code)).max_by_key(|code| code.len());
        let claims = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (code, claims) {
            (Some(code), Some(claims)) => Error::new(ErrorKind::Credential, untrusted(code, &claims, &self.client_id)),
            _ => error,
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for Federation {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.credential.get_token(scopes, options).await.map_err(|error| self.told(error))
    }
}

fn untrusted(code: &str, claims: &Claims, client_id: &str) -> Untrusted {
    let (subject, issuer, audience) = (&claims.subject, &claims.issuer, claims.audience());
    let what = format!(
        "{code}: the application `{client_id}` does not trust this run: subject `{subject}`, issuer `{issuer}`, \
         audience `{audience}`"
    );
    let hint = match code {
        "AADSTS700024" => "The identity token was out of its time: check the clock of this runner.".to_owned(),
        _ if claims.issuer.starts_with(OLD_ISSUER) => {
            "Convert the service connection to Entra's own issuer: this one, of connections made before late 2025, is \
             retired on 1 July 2027. Until then the application needs a federated credential with exactly this issuer \
             and subject."
                .to_owned()
        }
        _ => {
            let forms = match claims.other_subject() {
                Some(other) => format!(
                    "; GitHub's other form, `{other}`, does not match, for a repository sends either names or names with ids"
                ),
                None => String::new(),
            };
            format!(
                "Give the application a federated credential with exactly this subject, in this case of letters, and \
                 this issuer and audience{forms}."
            )
        }
    };
    Untrusted { what, hint }
}

struct Assertion {
    http: Http,
    job: JobToken,
    audience: String,
    mask: Mask,
    last: Last,
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion").field("audience", &self.audience).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let token = self.job.ask(&self.http, &self.audience).await.map_err(|why| {
            let what = format!("{} gave no identity token to this job: {why}", self.job.host());
            Error::with_message(ErrorKind::Credential, what)
        })?;
        self.mask.hide(&token);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Claims::read(&token);
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_what_was_compared() {
        let claims =
            Claims { subject: "repo:o/r:pull_request".to_owned(), issuer: "i".to_owned(), ..Claims::default() };
        let untrusted = untrusted("AADSTS700213", &claims, "app");
        assert!(untrusted.what.contains("subject `repo:o/r:pull_request`, issuer `i`"), "{}", untrusted.what);
        assert!(untrusted.hint.contains("exactly this subject"));
    }
}
