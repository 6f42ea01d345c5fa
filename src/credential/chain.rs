//! Chain: the ways of signing in that need no setting, in order; the first that works is kept.

use azure_core::{
    Error,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
};
use std::sync::{Arc, OnceLock};

#[derive(Debug, Default)]
pub(super) struct Chain {
    ways: Vec<(&'static str, Arc<dyn TokenCredential>)>,
    working: OnceLock<Arc<dyn TokenCredential>>,
}

impl Chain {
    pub(super) fn add(&mut self, name: &'static str, credential: Arc<dyn TokenCredential>) {
        self.ways.push((name, credential));
    }
}

#[async_trait::async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if let Some(credential) = self.working.get() {
            return credential.get_token(scopes, options).await;
        }
        let mut failures = Vec::new();
        for (name, credential) in &self.ways {
            match credential.get_token(scopes, options.clone()).await {
                Ok(token) => {
                    self.working.get_or_init(|| Arc::clone(credential));
                    return Ok(token);
                }
                Err(error) => failures.push(format!("{name}: {}", super::explain(&error))),
            }
        }
        Err(Error::with_message(ErrorKind::Credential, failures.join("; ")))
    }
}
