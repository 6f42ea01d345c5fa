//! Kit: what the cluster on premises needs of a connected registry: its connection string, a pull secret, Helm values and
//! the mirror of k3s. Values and texts; files are written by who asked.

mod k3s;
mod manifest;
mod password;

use super::{
    Name,
    ask::{self, Right},
    found::{Found, Instance, last},
};
use crate::{
    azure::Arm,
    problem::{Problem, Side},
};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

pub use k3s::{Mirror, merge};
pub use manifest::{
    K3S, Pull, Values, connection_secret, install, namespace, pull_secret, pull_secret_password, values,
};
pub use password::Passwords;

/// How something is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS: what the pods of one cluster do among themselves.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// Returns the port that goes without saying.
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// The connected registry that a kit is for.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name as it was created.
    pub name: String,
    /// The id of the token that it synchronises with.
    pub token: String,
    /// Where it gets its images from, without a scheme.
    pub gateway: Option<String>,
    /// Whether that is the registry in the cloud.
    pub is_from_cloud: bool,
    /// The ids of its clients.
    pub clients: Vec<String>,
}

/// Finds the connected registry, and all tokens with the names of their passwords.
///
/// # Errors
/// That there is none, or that it has no token; or why nobody could be asked.
pub async fn find(arm: &Arm, registry: &str, name: &Name) -> Result<(Site, Found), Problem> {
    let found = ask::resources(arm, registry).await?;
    let Some(instance) = found.instance(name.as_str()) else {
        let names: Vec<_> = found.instances.iter().map(|instance| instance.name.as_str()).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let what = format!("`{}` has no connected registry `{name}`; there are: {there}", found.name);
        return Err(Problem::new(Side::Settings, what).hint("State it in acr-sync.yaml and merge that first."));
    };
    let site = site(instance)?;
    Ok((site, found))
}

fn site(instance: &Instance) -> Result<Site, Problem> {
    let Some(token) = instance.token.clone() else {
        let what = format!("`{}` signs in by a managed identity: it has no password", instance.name);
        return Err(Problem::new(Side::Settings, what));
    };
    Ok(Site {
        name: instance.name.clone(),
        token,
        gateway: instance.gateway.clone(),
        is_from_cloud: instance.parent.is_none(),
        clients: instance.clients.clone(),
    })
}

impl Site {
    /// Returns the id of the client that pulls: the one that is named, or the only one; none where there are none.
    ///
    /// # Errors
    /// That it has no such client, or several of which none is named.
    pub fn client(&self, name: Option<&Name>) -> Result<Option<&str>, Problem> {
        let names: Vec<_> = self.clients.iter().map(|id| last(id)).collect();
        let there = || if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        match (name, &self.clients[..]) {
            (Some(name), _) => match self.clients.iter().find(|id| name.is(last(id))) {
                Some(id) => Ok(Some(id)),
                None => {
                    let what = format!("`{}` has no client `{name}`; it has: {}", self.name, there());
                    Err(Problem::new(Side::Settings, what)
                        .hint("State it under `clients` in acr-sync.yaml, and merge that first."))
                }
            },
            (None, []) => Ok(None),
            (None, [one]) => Ok(Some(one)),
            (None, _) => {
                let what = format!("`{}` has several clients: {}", self.name, there());
                Err(Problem::new(Side::Settings, what)
                    .hint("Name the one that the cluster pulls with: `--client NAME`."))
            }
        }
    }

    /// Returns the connection string (in the form of `az acr connected-registry get-settings`).
    ///
    /// # Errors
    /// That nobody knows where its parent is.
    pub fn connection(&self, parent: Option<(Scheme, &str)>, password: &SecretString) -> Result<SecretString, Problem> {
        let (scheme, gateway) = self.parent(parent)?;
        Ok(format!(
            "ConnectedRegistryName={};SyncTokenName={};SyncTokenPassword={};ParentGatewayEndpoint={gateway};ParentEndpointProtocol={scheme}",
            self.name,
            last(&self.token),
            password.expose_secret()
        )
        .into())
    }

    /// Returns where it gets its images from; the cloud is reached by https alone.
    ///
    /// # Errors
    /// As [`Site::connection`].
    pub fn parent<'a>(&'a self, given: Option<(Scheme, &'a str)>) -> Result<(Scheme, &'a str), Problem> {
        match (given, self.gateway.as_deref()) {
            (Some((Scheme::Http, _)), _) if self.is_from_cloud => {
                Err(Problem::new(Side::Settings, "the registry in the cloud is reached by https alone"))
            }
            (Some(given), _) => Ok(given),
            (None, Some(gateway)) => Ok((Scheme::Https, gateway)),
            (None, None) => {
                let what = format!("nobody knows yet where the parent of `{}` is reached", self.name);
                Err(Problem::new(Side::Settings, what).hint("Say it: `--parent-address http://ADDRESS:PORT`."))
            }
        }
    }

    /// Returns the password in a connection string that was made before for this connected registry.
    pub fn password_in(&self, connection: &str) -> Option<SecretString> {
        let part = |name: &str| {
            connection
                .trim()
                .split(';')
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
                .filter(|it| !it.is_empty())
        };
        let is_own = part("ConnectedRegistryName")?.eq_ignore_ascii_case(&self.name)
            && part("SyncTokenName")?.eq_ignore_ascii_case(last(&self.token));
        is_own.then(|| part("SyncTokenPassword").map(Into::into)).flatten()
    }
}

pub(super) fn failed(error: &crate::azure::ArmError) -> Problem {
    ask::problem(error, Right::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site {
            name: "vessel-1".to_owned(),
            token: "/x/tokens/vessel-1".to_owned(),
            gateway: Some("contosoacr.westeurope.data.azurecr.io".to_owned()),
            is_from_cloud: true,
            clients: Vec::new(),
        }
    }

    #[test]
    fn a_connection_string_has_the_form_of_the_official_tool_and_is_read_back() {
        let string = site().connection(None, &"secret".into()).unwrap();
        assert_eq!(
            string.expose_secret(),
            "ConnectedRegistryName=vessel-1;SyncTokenName=vessel-1;SyncTokenPassword=secret;ParentGatewayEndpoint=contosoacr.westeurope.data.azurecr.io;ParentEndpointProtocol=https"
        );
        assert_eq!(site().password_in(string.expose_secret()).unwrap().expose_secret(), "secret");
        let other = Site { name: "vessel-2".to_owned(), ..site() };
        for text in ["", "SyncTokenPassword=x", string.expose_secret()] {
            assert!(other.password_in(text).is_none(), "{text}");
        }
        assert!(!format!("{string:?}").contains("=secret"));
    }

    #[test]
    fn the_cloud_is_reached_by_https_and_a_parent_as_it_is_said() {
        assert!(site().parent(Some((Scheme::Http, "10.1.1.1"))).is_err());
        let below = Site { is_from_cloud: false, gateway: None, ..site() };
        assert!(below.parent(None).unwrap_err().hint.unwrap().contains("--parent-address"));
        assert_eq!(below.parent(Some((Scheme::Http, "10.1.1.1:80"))), Ok((Scheme::Http, "10.1.1.1:80")));
    }

    #[test]
    fn the_client_is_the_only_one_or_the_one_that_is_named() {
        let with =
            |names: &[&str]| Site { clients: names.iter().map(|name| format!("/x/tokens/{name}")).collect(), ..site() };
        let name = |text: &str| Name::parse(text).unwrap();
        assert_eq!(with(&[]).client(None), Ok(None));
        assert_eq!(with(&["one-pull"]).client(None), Ok(Some("/x/tokens/one-pull")));
        assert!(with(&["one-pull", "two-pull"]).client(None).unwrap_err().hint.unwrap().contains("--client"));
        assert_eq!(with(&["one-pull", "two-pull"]).client(Some(&name("Two-Pull"))), Ok(Some("/x/tokens/two-pull")));
        assert!(with(&["one-pull"]).client(Some(&name("three-pull"))).unwrap_err().what.contains("it has: one-pull"));
    }
}
