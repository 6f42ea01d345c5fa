//! Who we are at Azure: one credential, chosen by what is there to prove it with.

mod carrier;
mod certificate;
mod chain;
mod claims;
mod connection;
mod docker_config;
mod federation;
mod job_token;
mod mask;

use crate::{azure::Cloud, http::Http, problem::RequestIds};
use azure_core::{
    credentials::{Secret, TokenCredential},
    http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport},
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use carrier::Carrier;
use chain::Chain;
use federation::Federation;
use mask::Masked;
use secrecy::{ExposeSecret, SecretString};
use std::{path::PathBuf, sync::Arc, time::Duration};

pub use connection::{Connection, Proof};
pub use docker_config::{Account, docker_accounts};
pub use job_token::JobToken;
pub use mask::Mask;

/// What the settings give to sign in with.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The service connection of a pipeline; it stands before everything else.
    pub connection: Option<Connection>,
    /// The directory (`AZURE_TENANT_ID`).
    pub tenant_id: Option<String>,
    /// The application or user-assigned identity (`AZURE_CLIENT_ID`).
    pub client_id: Option<String>,
    /// The application's secret (`AZURE_CLIENT_SECRET`).
    pub client_secret: Option<SecretString>,
    /// The file with a token of the cluster (`AZURE_FEDERATED_TOKEN_FILE`, set by AKS workload identity).
    pub token_file: Option<PathBuf>,
    /// Whether the platform announces a managed identity (`IDENTITY_ENDPOINT`), so that nothing need be probed.
    pub has_identity_endpoint: bool,
    /// Whether this is a job of GitHub Actions (`GITHUB_ACTIONS`).
    pub is_on_github: bool,
    /// Whether this is a job of Azure Pipelines (`TF_BUILD`).
    pub is_on_azure_pipelines: bool,
    /// Where the job asks for its identity token, if it may.
    pub job_token: Option<JobToken>,
    /// Hides tokens before they are used.
    pub mask: Mask,
}

impl Identity {
    /// Returns whether somebody meant this run to sign in as somebody.
    pub fn is_explicit(&self) -> bool {
        self.connection.is_some() || self.client_secret.is_some() || self.token_file.is_some() || self.job().is_some()
    }

    /// Returns what a run without any credential lacks, where that can be told.
    pub fn advice(&self) -> Option<&'static str> {
        match () {
            () if self.is_explicit() => None,
            () if self.is_on_github => Some(
                "Set `client-id` and `tenant-id` and give the job `permissions: id-token: write`. Runs for forks and \
                 for Dependabot never have that right.",
            ),
            () if self.is_on_azure_pipelines => {
                Some("Name a service connection to Azure Resource Manager in the task's input `azureSubscription`.")
            }
            () => None,
        }
    }

    /// Returns where people set up what this run signs in with, where there is such a page.
    pub fn page(&self) -> Option<&str> {
        self.connection.as_ref()?.page.as_deref()
    }

    /// Returns what signing in by GitHub's identity token takes: tenant, client, and where to ask for the token.
    fn job(&self) -> Option<(&str, &str, &JobToken)> {
        Some((self.tenant_id.as_deref()?, self.client_id.as_deref()?, self.job_token.as_ref()?))
    }
}

/// Why signing in failed.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The identity library's and Entra's words.
    pub why: String,
    /// What to do next, where it can be told.
    pub hint: Option<String>,
}

impl Refused {
    /// Reads the identity library's error.
    pub fn read(error: &azure_core::Error) -> Self {
        let mut hint = None;
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(untrusted) = error.downcast_ref::<federation::Untrusted>() {
                hint = Some(untrusted.hint.clone());
            }
            cause = error.source();
        }
        Self { why: explain(error), hint }
    }
}

/// Where a virtual machine finds its identity (Azure Instance Metadata Service).
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// Off Azure nobody answers there, and nobody says so: a short wait tells.
const PROBE: Duration = Duration::from_millis(800);

/// Returns the credential: a pipeline's service connection, else client secret, else GitHub's identity token, else workload identity, else managed identity,
/// else the Azure CLI's.
///
/// # Errors
/// A message when what is given cannot be used: a tenant that is none, a secret without a client.
pub async fn azure(identity: &Identity, http: &Http, cloud: &Cloud) -> Result<Arc<dyn TokenCredential>, String> {
    let credential = choose(identity, http, cloud).await?;
    Ok(Arc::new(Masked { credential, mask: identity.mask.clone() }))
}

async fn choose(identity: &Identity, http: &Http, cloud: &Cloud) -> Result<Arc<dyn TokenCredential>, String> {
    if let Some(connection) = &identity.connection {
        return connection.credential(http, cloud, &identity.mask, identity.has_identity_endpoint).await;
    }
    let options = client_options(http, cloud);
    let missing = |name: &str| format!("{name} is missing");
    if let Some(secret) = &identity.client_secret {
        let tenant =
            identity.tenant_id.as_deref().ok_or_else(|| missing("the tenant id (tenant-id, AZURE_TENANT_ID)"))?;
        let client = identity.client_id.clone().ok_or_else(|| missing("the client id (client-id, AZURE_CLIENT_ID)"))?;
        let secret = Secret::new(secret.expose_secret().to_owned());
        let options = ClientSecretCredentialOptions { client_options: options };
        let credential = ClientSecretCredential::new(tenant, client, secret, Some(options));
        return Ok(credential.map_err(|error| explain(&error))?);
    }
    if let Some((tenant, client, job)) = identity.job() {
        let (audience, mask) = (&cloud.federation_audience, identity.mask.clone());
        let credential = Federation::new((tenant, client), job.clone(), audience, http, mask, options);
        return Ok(Arc::new(credential.map_err(|error| explain(&error))?));
    }
    if let Some(token_file) = &identity.token_file {
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options: options },
            client_id: identity.client_id.clone(),
            tenant_id: identity.tenant_id.clone(),
            token_file_path: Some(token_file.clone()),
        };
        let credential = WorkloadIdentityCredential::new(Some(options));
        return Ok(credential.map_err(|error| explain(&error))?);
    }
    let mut chain = Chain::default();
    if identity.has_identity_endpoint || has_metadata(http).await {
        let user_assigned_id = identity.client_id.clone().map(UserAssignedId::ClientId);
        let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options: options };
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|error| explain(&error))?;
        chain.add("managed identity", credential);
    }
    let options = AzureCliCredentialOptions { tenant_id: identity.tenant_id.clone(), ..Default::default() };
    let credential = AzureCliCredential::new(Some(options)).map_err(|error| explain(&error))?;
    chain.add("Azure CLI", credential);
    Ok(Arc::new(chain))
}

/// Reads by what Entra's own people find a sign-in that it refused; its text names them.
pub fn ids(text: &str) -> RequestIds {
    let id = |name: &str| {
        let id: String = text.split(name).nth(1)?.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect();
        (id.len() == 36).then_some(id)
    };
    RequestIds::new(id("Correlation ID: "), id("Trace ID: "), None)
}

/// Returns an identity library's error with every cause, without the response that it carries.
pub fn explain(error: &azure_core::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        let words = error.to_string();
        // The library ends its texts with a pointer to its own troubleshooting page.
        let words = words.split("\nTo troubleshoot").next().unwrap_or_default();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.contains(&words) {
            text = if text.is_empty() { words } else { format!("{text}: {words}") };
        }
        next = error.source();
    }
    text
}

fn client_options(http: &Http, cloud: &Cloud) -> ClientOptions {
    let retry = ExponentialRetryOptions { max_retries: 3, ..Default::default() };
    ClientOptions {
        // Our client trusts the machine's authorities and knows its proxies; the library's default panics
        // in an image without a certificate store.
        transport: Some(Transport::new(Arc::new(Carrier(http.clone())))),
        retry: RetryOptions::exponential(retry),
        cloud: Some(cloud.configuration()),
        ..Default::default()
    }
}

async fn has_metadata(http: &Http) -> bool {
    // Without the header `Metadata: true` the service answers 400, and answers is all that it is asked for.
    let answer = tokio::time::timeout(PROBE, http.client().get(METADATA).send());
    let status = |answer: &Result<Result<reqwest::Response, _>, _>| match answer {
        Ok(Ok(reply)) => Some(reply.status().as_u16()),
        Ok(Err(_)) | Err(_) => None,
    };
    let answer = http.noted("GET", METADATA, answer, status).await;
    status(&answer) == Some(400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::{Error, error::ErrorKind};

    #[test]
    fn every_cause_is_told_once_and_no_pointer_elsewhere() {
        let inner = Error::with_message(ErrorKind::Io, "connection refused");
        let middle = inner.with_context("retry policy expired");
        let message = "sign-in failed. retry policy expired\nTo troubleshoot, visit https://aka.ms/x";
        let outer = Error::with_error(ErrorKind::Credential, middle, message);
        assert_eq!(explain(&outer), "sign-in failed. retry policy expired: connection refused");
    }
}
