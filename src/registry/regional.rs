//! Regional: one region of a geo-replicated ACR, by the host that it has for itself.

use super::{Client, Login, RegistryError, auth};
use crate::reference::Registry;
use std::sync::Arc;

/// The user name that goes with a registry's refresh token (ACR wire facts, 6.2).
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

impl Client {
    /// Returns a client for one region's host of a registry, signed in as at the registry itself.
    ///
    /// The way is the Azure CLI's (`az acr login --endpoint`, 2.91): the registry's own refresh token is the password,
    /// and the region's challenge says where to take it. It goes to the region's host and to the registry, nowhere else.
    ///
    /// # Errors
    /// As [`Client::head`], where signing in fails.
    pub async fn regional(&self, registry: &Registry, host: &Registry) -> Result<Self, RegistryError> {
        let mut logins = self.auth.logins().clone();
        match logins.find(registry, "").cloned() {
            Some(Login::Azure(credential)) => {
                let password = self.auth.refresh_token(registry, &credential).await?;
                logins.add(host.clone(), "", Login::Password { username: TOKEN_USER.to_owned(), password });
            }
            Some(login @ Login::Password { .. }) => logins.add(host.clone(), "", login),
            None => {}
        }
        logins.share(host.clone(), registry.clone());
        let auth = Arc::new(auth::Auth::new(self.http.clone(), logins));
        Ok(Self { http: self.http.clone(), auth, known: Arc::clone(&self.known) })
    }
}
