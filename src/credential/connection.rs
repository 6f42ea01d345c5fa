//! Connection: a service connection of Azure Pipelines, which says who signs in and how.

use super::{JobToken, Mask, certificate::Certificate, client_options, explain, federation::Federation, has_metadata};
use crate::{azure::Cloud, http::Http};
use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{
    ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// A service connection to Azure Resource Manager.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The directory; empty for a managed identity.
    pub tenant_id: String,
    /// The application, or the user-assigned identity if there is one.
    pub client_id: Option<String>,
    /// How it proves who it is.
    pub proof: Proof,
    /// Where people set it up.
    pub page: Option<String>,
}

/// How a service connection proves who it is (its scheme and authentication type).
#[derive(Debug, Clone)]
pub enum Proof {
    /// `WorkloadIdentityFederation`
    Federation(JobToken),
    /// `ServicePrincipal` with `spnKey`.
    Secret(SecretString),
    /// `ServicePrincipal` with `spnCertificate`: certificate and key as PEM.
    Certificate(SecretString),
    /// `ManagedServiceIdentity`: that of the machine the agent runs on.
    ManagedIdentity,
}

impl Connection {
    /// Returns the credential of the connection.
    pub(super) async fn credential(
        &self,
        http: &Http,
        cloud: &Cloud,
        mask: &Mask,
        has_identity_endpoint: bool,
    ) -> Result<Arc<dyn TokenCredential>, String> {
        let client_options = client_options(http, cloud);
        let tenant = self.tenant_id.as_str();
        let client = || self.client_id.clone().ok_or_else(|| "the service connection names no application".to_owned());
        Ok(match &self.proof {
            Proof::Federation(job) => {
                let (audience, mask, client) = (&cloud.federation_audience, mask.clone(), client()?);
                let made = Federation::new((tenant, &client), job.clone(), audience, http, mask, client_options);
                Arc::new(made.map_err(|error| explain(&error))?)
            }
            Proof::Secret(secret) => {
                let secret = Secret::new(secret.expose_secret().to_owned());
                let options = ClientSecretCredentialOptions { client_options };
                ClientSecretCredential::new(tenant, client()?, secret, Some(options))
                    .map_err(|error| explain(&error))?
            }
            Proof::Certificate(pem) => {
                let client = client()?;
                let audience = format!("{}/{tenant}/oauth2/v2.0/token", cloud.authority);
                let certificate = Certificate::read(pem.expose_secret(), &client, audience)?;
                let options = ClientAssertionCredentialOptions { client_options };
                ClientAssertionCredential::new(tenant.to_owned(), client, certificate, Some(options))
                    .map_err(|error| explain(&error))?
            }
            Proof::ManagedIdentity => {
                // The library would look for an identity for over a minute.
                if !has_identity_endpoint && !has_metadata(http).await {
                    return Err("the service connection signs in as the machine that the agent runs on, and this \
                                machine has no managed identity: 169.254.169.254 does not answer. Agents that \
                                Microsoft hosts never have one"
                        .to_owned());
                }
                let user_assigned_id = self.client_id.clone().map(UserAssignedId::ClientId);
                let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options };
                ManagedIdentityCredential::new(Some(options)).map_err(|error| explain(&error))?
            }
        })
    }
}
