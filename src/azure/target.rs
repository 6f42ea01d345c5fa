//! Target: the registry that images go to, found by name, login server or resource id.

use super::{
    Arm, ArmError,
    arm::{SUBSCRIPTIONS_VERSION, VERSION},
};
use crate::{
    problem::{Problem, Side},
    reference::Registry,
};
use serde::Deserialize;
use std::{fmt, str::FromStr};

/// What a person may call a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryName {
    /// `contoso`
    Name(String),
    /// `contoso.azurecr.io`, or `contoso-a1b2.azurecr.io` with a domain label scope; or any other registry's host.
    LoginServer(Registry),
    /// `/subscriptions/…/registries/contoso`; needs no right to list.
    Id(String),
}

impl FromStr for RegistryName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_end_matches('/');
        if text.starts_with('/') {
            let parts: Vec<_> = text.split('/').collect();
            let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(name));
            let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.()".contains(c));
            let is_registry = parts.len() == 9
                && is(1, "subscriptions")
                && is(3, "resourceGroups")
                && is(6, "Microsoft.ContainerRegistry")
                && is(7, "registries");
            return if is_registry && is_plain {
                Ok(Self::Id(text.to_owned()))
            } else {
                Err("expected `/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ContainerRegistry/registries/NAME`".to_owned())
            };
        }
        if text.contains(['.', ':']) || text == "localhost" {
            return Registry::parse(text).map(Self::LoginServer).map_err(|error| error.to_string());
        }
        // Azure CLI `acr/_constants.py`: the pattern of a name; the dash only occurs in scoped host names.
        let is_name = (5..=50).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if is_name {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err("expected a registry's name (5 to 50 letters and digits), login server or resource id".to_owned())
        }
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Id(text) => f.write_str(text),
            Self::LoginServer(registry) => write!(f, "{registry}"),
        }
    }
}

/// A registry as Resource Manager knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The resource id.
    pub id: String,
    /// The host of its data plane; never built from the name (ACR wire facts, 2.2).
    pub login_server: Registry,
}

#[derive(Deserialize)]
struct Resource {
    id: String,
    name: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    login_server: String,
}

impl Resource {
    fn target(self) -> Result<Target, Problem> {
        let login_server = Registry::parse(&self.properties.login_server)
            .map_err(|error| Problem::new(Side::Azure, format!("the registry's login server is malformed: {error}")))?;
        Ok(Target { id: self.id, login_server })
    }
}

/// Finds the registry that is meant; `subscription` narrows the search.
///
/// # Errors
/// A [`Problem`] that tells no such registry from one that this identity cannot see.
pub async fn find(arm: &Arm, name: &RegistryName, subscription: Option<&str>) -> Result<Target, Problem> {
    if let RegistryName::Id(id) = name {
        let resource: Option<Resource> = arm.get(id, VERSION).await.map_err(|error| error.problem())?;
        return resource.ok_or_else(|| not_found(name))?.target();
    }
    let subscriptions = match subscription {
        Some(id) => vec![id.to_owned()],
        None => subscriptions(arm).await?,
    };
    let mut found = Vec::new();
    for subscription in &subscriptions {
        let resources = registries(arm, subscription).await.map_err(|error| error.problem())?;
        found.extend(resources.into_iter().filter(|resource| is_meant(name, resource)));
    }
    match found.pop() {
        Some(_) if !found.is_empty() => Err(Problem::new(Side::Settings, format!("there are several registries `{name}`"))
            .hint("Give the resource id.")),
        Some(resource) => resource.target(),
        None if subscriptions.is_empty() => {
            Err(Problem::new(Side::Azure, "this identity sees no subscription".to_owned()).hint(
                "Grant it a role on the registry (`Container Registry Data Importer and Data Reader`), or give the registry's resource id.",
            ))
        }
        None => Err(not_found(name)),
    }
}

/// Returns every registry of the target's subscription by its login server: sources among them are imported from
/// by resource id, which needs no password and passes their firewalls.
///
/// # Errors
/// As Resource Manager's.
pub async fn login_servers(arm: &Arm, target: &Target) -> Result<Vec<Target>, ArmError> {
    let subscription = target.id.split('/').nth(2).unwrap_or_default();
    let resources = registries(arm, subscription).await?;
    Ok(resources.into_iter().filter_map(|resource| resource.target().ok()).collect())
}

async fn registries(arm: &Arm, subscription: &str) -> Result<Vec<Resource>, ArmError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/registries");
    arm.list(&path, VERSION).await
}

async fn subscriptions(arm: &Arm) -> Result<Vec<String>, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Subscription {
        subscription_id: String,
    }
    let list: Vec<Subscription> =
        arm.list("/subscriptions", SUBSCRIPTIONS_VERSION).await.map_err(|error| error.problem())?;
    Ok(list.into_iter().map(|subscription| subscription.subscription_id).collect())
}

fn is_meant(name: &RegistryName, resource: &Resource) -> bool {
    match name {
        RegistryName::Name(name) => resource.name.eq_ignore_ascii_case(name),
        RegistryName::LoginServer(registry) => resource.properties.login_server.eq_ignore_ascii_case(registry.as_str()),
        RegistryName::Id(id) => resource.id.eq_ignore_ascii_case(id),
    }
}

fn not_found(name: &RegistryName) -> Problem {
    Problem::new(Side::Settings, format!("there is no registry `{name}` that this identity can see")).hint(
        "Check its name and the subscription, and that this identity has `Container Registry Data Importer and Data Reader` on it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_named_in_three_ways() {
        let id = "/subscriptions/1/resourcegroups/g/providers/Microsoft.ContainerRegistry/registries/contoso";
        assert!(matches!("contoso".parse(), Ok(RegistryName::Name(_))));
        assert!(matches!("Contoso-a1.azurecr.io".parse(), Ok(RegistryName::LoginServer(_))));
        assert!(matches!(id.parse(), Ok(RegistryName::Id(_))));
    }

    #[test]
    fn what_is_no_registry_is_refused() {
        for text in ["", "abc", "con toso", "/subscriptions/1", "contoso.azurecr.io/x", "/a/b/c/d/e/f/g/h/../../i?x"] {
            assert!(text.parse::<RegistryName>().is_err(), "{text}");
        }
    }
}
