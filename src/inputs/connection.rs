//! Connection: the service connection that a step of a pipeline names, as the agent hands it over.
//!
//! The agent sets `ENDPOINT_URL_ID`, `ENDPOINT_AUTH_SCHEME_ID`, `ENDPOINT_AUTH_PARAMETER_ID_NAME`, `ENDPOINT_DATA_ID_NAME`
//! and the whole authorization as JSON in `ENDPOINT_AUTH_ID` (azure-pipelines-agent, `Handler.cs`).

use super::Env;
use crate::{
    azure::Cloud,
    credential::{Connection, JobToken, Proof},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a service connection gives.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub connection: Connection,
    pub cloud: Cloud,
    pub subscription: Option<String>,
}

/// The connection of the job itself.
const JOB: &str = "SYSTEMVSSCONNECTION";

/// Returns the job's own access token (`System.AccessToken`).
pub fn access_token(env: &Env) -> Option<&str> {
    let parameter = format!("ENDPOINT_AUTH_PARAMETER_{JOB}_ACCESSTOKEN");
    [parameter.as_str(), "SYSTEM_ACCESSTOKEN", "SECRET_SYSTEM_ACCESSTOKEN"].into_iter().find_map(|name| env.get(name))
}

/// Returns everything secret of the endpoints that the agent handed over.
pub fn endpoint_secrets(env: &Env) -> Vec<&str> {
    let is_secret = |name: &&str| {
        let name = name.strip_prefix("ENDPOINT_AUTH_PARAMETER_").unwrap_or_default();
        ["_ACCESSTOKEN", "_SERVICEPRINCIPALKEY", "_SERVICEPRINCIPALCERTIFICATE", "_IDTOKEN"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let parameters = env.names().filter(is_secret).filter_map(|name| env.get(name));
    parameters.chain(access_token(env)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Reads the connection with this id.
///
/// # Errors
/// What is missing, or what is not known here.
pub(super) fn read(env: &Env, id: &str) -> Result<Given, String> {
    let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if !is_id {
        return Err(format!("`{id}` is no id of a service connection, which the agent puts in place of its name"));
    }
    let whole = env.get(&format!("ENDPOINT_AUTH_{id}")).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let endpoint = Endpoint { env, id, whole: whole.unwrap_or_default() };
    let scheme = env.get(&format!("ENDPOINT_AUTH_SCHEME_{id}")).or_else(|| endpoint.whole["scheme"].as_str());
    let Some(scheme) = scheme.or_else(|| endpoint.parameter("tenantid").map(|_| "ServicePrincipal")) else {
        return Err(format!(
            "the agent handed over no service connection `{id}`: ENDPOINT_AUTH_SCHEME_{id} is not set"
        ));
    };
    let proof = match scheme.to_ascii_lowercase().as_str() {
        "workloadidentityfederation" => Proof::Federation(job_token(env, id)?),
        "serviceprincipal" => endpoint.service_principal()?,
        "managedserviceidentity" => Proof::ManagedIdentity,
        _ => {
            return Err(format!(
                "the service connection has the scheme `{scheme}`: expected `WorkloadIdentityFederation`, \
                 `ServicePrincipal` or `ManagedServiceIdentity`"
            ));
        }
    };
    let (tenant_id, client_id) = match &proof {
        Proof::ManagedIdentity => (String::new(), endpoint.data("MSICLIENTID")),
        Proof::Federation(_) | Proof::Secret(_) | Proof::Certificate(_) => {
            (endpoint.required("tenantid")?, Some(endpoint.required("serviceprincipalid")?))
        }
    };
    let page = format!("_settings/adminservices?resourceId={id}");
    let connection = Connection { tenant_id, client_id, proof, page: project_page(env, &page) };
    Ok(Given { connection, cloud: endpoint.cloud()?, subscription: endpoint.data("SUBSCRIPTIONID") })
}

/// Returns a page of the run's project, for people.
fn project_page(env: &Env, page: &str) -> Option<String> {
    let (collection, project) = (env.get("SYSTEM_COLLECTIONURI")?, env.get("SYSTEM_TEAMPROJECTID")?);
    Some(format!("{}/{project}/{page}", collection.trim_end_matches('/')))
}

fn job_token(env: &Env, id: &str) -> Result<JobToken, String> {
    let missing = |what: &str| format!("the service connection signs in by the job's identity token, and {what}");
    let token = access_token(env).ok_or_else(|| missing("the job's access token did not reach the program"))?;
    let url = match env.get("SYSTEM_OIDCREQUESTURI") {
        Some(url) => url.to_owned(),
        None => request_url(env).ok_or_else(|| missing("SYSTEM_OIDCREQUESTURI is not set"))?,
    };
    let is_safe = url.starts_with("https://") || url.starts_with("http://127.0.0.1:");
    if !is_safe {
        return Err(missing("SYSTEM_OIDCREQUESTURI does not begin with https"));
    }
    let url = url.split('?').next().unwrap_or_default().to_owned();
    Ok(JobToken::AzurePipelines { url, connection: id.to_owned(), token: token.into() })
}

/// Older servers leave the address to be put together (REST reference, "Oidctoken - Create").
fn request_url(env: &Env) -> Option<String> {
    let [collection, project, kind, plan, job] =
        ["SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECTID", "SYSTEM_HOSTTYPE", "SYSTEM_PLANID", "SYSTEM_JOBID"]
            .map(|name| env.get(name));
    let (collection, project) = (collection?.trim_end_matches('/'), project?);
    Some(format!("{collection}/{project}/_apis/distributedtask/hubs/{}/plans/{}/jobs/{}/oidctoken", kind?, plan?, job?))
}

struct Endpoint<'a> {
    env: &'a Env,
    id: &'a str,
    whole: Value,
}

impl Endpoint<'_> {
    fn parameter(&self, name: &str) -> Option<String> {
        let variable = format!("ENDPOINT_AUTH_PARAMETER_{}_{}", self.id, name.to_ascii_uppercase());
        let parameters = self.whole["parameters"].as_object();
        let in_whole = || {
            let found = parameters?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
            found.as_str().map(str::trim).filter(|text| !text.is_empty())
        };
        self.env.get(&variable).or_else(in_whole).map(str::to_owned)
    }

    fn required(&self, name: &str) -> Result<String, String> {
        self.parameter(name).ok_or_else(|| format!("the service connection has no `{name}`"))
    }

    fn data(&self, name: &str) -> Option<String> {
        self.env.get(&format!("ENDPOINT_DATA_{}_{name}", self.id)).map(str::to_owned)
    }

    fn service_principal(&self) -> Result<Proof, String> {
        match self.parameter("authenticationtype").unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "spnkey" => Ok(Proof::Secret(self.required("serviceprincipalkey")?.into())),
            "spncertificate" => Ok(Proof::Certificate(self.required("serviceprincipalcertificate")?.into())),
            other => Err(format!(
                "the service connection has the authentication type `{other}`: expected `spnKey` or `spnCertificate`"
            )),
        }
    }

    /// Clouds that are not known here have no registry that imports.
    fn cloud(&self) -> Result<Cloud, String> {
        let Some(name) = self.data("ENVIRONMENT") else { return Ok(Cloud::public()) };
        name.parse().map_err(|_| {
            format!(
                "the service connection is of the cloud `{name}`: expected `AzureCloud`, `AzureUSGovernment` or \
                 `AzureChinaCloud`"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "8d3c1f2e-1111-2222-3333-444455556666";

    /// Reads a connection with these parameters, and data behind `DATA_`.
    fn connection(scheme: &str, more: &[(&str, &str)]) -> Result<Given, String> {
        let mut env = Env::of([("SYSTEM_ACCESSTOKEN", "job"), ("SYSTEM_OIDCREQUESTURI", "https://dev.azure.com/x")]);
        env.set_variable(&format!("ENDPOINT_AUTH_SCHEME_{ID}"), scheme);
        for (name, value) in [("TENANTID", "tenant"), ("SERVICEPRINCIPALID", "client")].iter().chain(more) {
            let name = match name.strip_prefix("DATA_") {
                Some(name) => format!("ENDPOINT_DATA_{ID}_{name}"),
                None => format!("ENDPOINT_AUTH_PARAMETER_{ID}_{name}"),
            };
            env.set_variable(&name, value);
        }
        read(&env, ID)
    }

    #[test]
    fn every_scheme_is_read_and_others_are_named() {
        let proof = |scheme: &str, more: &[(&str, &str)]| connection(scheme, more).unwrap().connection.proof;
        assert!(matches!(proof("WorkloadIdentityFederation", &[]), Proof::Federation(_)));
        assert!(matches!(proof("ServicePrincipal", &[("SERVICEPRINCIPALKEY", "k")]), Proof::Secret(_)));
        let certificate = [("AUTHENTICATIONTYPE", "spnCertificate"), ("SERVICEPRINCIPALCERTIFICATE", "pem")];
        assert!(matches!(proof("ServicePrincipal", &certificate), Proof::Certificate(_)));
        let given = connection("ManagedServiceIdentity", &[("DATA_MSICLIENTID", "mine")]).unwrap();
        assert_eq!(given.connection.client_id.as_deref(), Some("mine"));
        for (scheme, more, expected) in [
            ("PublishProfile", &[][..], "`PublishProfile`"),
            ("ServicePrincipal", &[], "`serviceprincipalkey`"),
            ("ServicePrincipal", &[("AUTHENTICATIONTYPE", "other")], "`other`"),
            ("ServicePrincipal", &[("SERVICEPRINCIPALKEY", "k"), ("DATA_ENVIRONMENT", "AzureStack")], "`AzureStack`"),
        ] {
            assert!(connection(scheme, more).unwrap_err().contains(expected), "{scheme}");
        }
    }

    #[test]
    fn the_cloud_and_the_subscription_are_the_connections() {
        let more =
            [("SERVICEPRINCIPALKEY", "k"), ("DATA_ENVIRONMENT", "AzureUSGovernment"), ("DATA_SUBSCRIPTIONID", "sub")];
        let given = connection("ServicePrincipal", &more).unwrap();
        assert_eq!(given.cloud.registry_suffix, ".azurecr.us");
        assert_eq!(given.subscription.as_deref(), Some("sub"));
    }

    #[test]
    fn the_authorization_as_json_will_do() {
        let json = r#"{"scheme":"ServicePrincipal","parameters":{"tenantId":"t","servicePrincipalId":"c","serviceprincipalkey":"k"}}"#;
        let mut env = Env::default();
        env.set_variable(&format!("ENDPOINT_AUTH_{ID}"), json);
        let given = read(&env, ID).unwrap();
        assert_eq!((given.connection.tenant_id.as_str(), given.connection.client_id.as_deref()), ("t", Some("c")));
        assert!(!format!("{given:?}").contains("\"k\""));
    }

    #[test]
    fn a_job_without_its_token_is_told_so_and_no_token_goes_out_in_the_clear() {
        let mut env = Env::default();
        env.set_variable(&format!("ENDPOINT_AUTH_SCHEME_{ID}"), "WorkloadIdentityFederation");
        assert!(read(&env, ID).unwrap_err().contains("access token"), "no token");
        env.set_variable("SYSTEM_ACCESSTOKEN", "job");
        assert!(read(&env, ID).unwrap_err().contains("SYSTEM_OIDCREQUESTURI is not set"));
        env.set_variable("SYSTEM_OIDCREQUESTURI", "http://tfs.example.com/x");
        assert!(read(&env, ID).unwrap_err().contains("https"));
        for (id, expected) in [("$(connection)", "no id"), ("8d3c1f2e-1111-2222-3333-444455550000", "is not set")] {
            assert!(read(&env, id).unwrap_err().contains(expected), "{id}");
        }
    }
}
