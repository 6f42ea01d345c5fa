//! Mask: tells the surroundings to hide a secret in their log, before the secret is used.

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use std::{
    collections::HashSet,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

/// Hides secrets that come up while the program runs; does nothing where there is no log to guard.
#[derive(Clone, Default)]
pub struct Mask(Option<Arc<Inner>>);

struct Inner {
    hide: Box<dyn Fn(&str) + Send + Sync>,
    /// What is hidden already, so that a token which is kept for an hour is named once.
    hidden: Mutex<HashSet<u64>>,
}

impl Mask {
    /// Hides by a function, which gets every secret once.
    pub fn new(hide: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Inner { hide: Box::new(hide), hidden: Mutex::default() })))
    }

    /// Hides a secret.
    pub fn hide(&self, secret: &str) {
        let Some(inner) = &self.0 else { return };
        let mut hasher = DefaultHasher::new();
        secret.hash(&mut hasher);
        let mut hidden = inner.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if hidden.insert(hasher.finish()) {
            (inner.hide)(secret);
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Mask" } else { "no mask" })
    }
}

/// A credential whose tokens are hidden before anybody gets them.
#[derive(Debug)]
pub(super) struct Masked {
    pub credential: Arc<dyn TokenCredential>,
    pub mask: Mask,
}

#[async_trait::async_trait]
impl TokenCredential for Masked {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.credential.get_token(scopes, options).await?;
        self.mask.hide(token.token.secret());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_once() {
        let named = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&named);
        let mask = Mask::new(move |secret| list.lock().unwrap().push(secret.to_owned()));
        for secret in ["one", "two", "one"] {
            mask.clone().hide(secret);
        }
        assert_eq!(*named.lock().unwrap(), ["one", "two"]);
        Mask::default().hide("nobody listens");
    }
}
