//! The section `registries`: what each of several registries has of its own.

use crate::{azure::Cloud, inputs::Variable, reference::Glob};
use serde::{Deserialize, Deserializer};

/// One of several registries. What is not given is that of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Place {
    /// The lines that it gets: patterns over their destinations, such as `staging/**`; without it all.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub images: Option<Vec<Glob>>,
    /// What is kept there beside the lines, by the sections' names, such as `retention`; without it all that is stated.
    pub sections: Option<Vec<Section>>,
    /// The Microsoft Entra tenant that signs in.
    pub tenant_id: Option<String>,
    /// The application or managed identity that signs in.
    pub client_id: Option<String>,
    /// The variable that holds the application's secret, such as `$STAGING_SECRET`.
    pub client_secret: Option<Variable>,
    /// The subscription to look for the registry in.
    pub subscription_id: Option<String>,
    /// `public`, `usgovernment` or `china`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    #[serde(deserialize_with = "cloud")]
    pub cloud: Option<Cloud>,
}

/// A section of the file that is about a registry as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// `removed`
    Removed,
    /// `certificates`
    Certificates,
    /// `tasks`
    Tasks,
    /// `cleanup`
    Cleanup,
    /// `connected-registries`
    ConnectedRegistries,
    /// `pull-check`
    PullCheck,
    /// `retention`
    Retention,
    /// `soft-delete`
    SoftDelete,
    /// `locks`
    Locks,
    /// `replicas`
    Replicas,
    /// `registry`
    Registry,
}

impl Place {
    /// Returns whether a line with this destination is for this registry.
    pub fn takes(&self, repository: &str) -> bool {
        self.images.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(repository)))
    }
}

fn cloud<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cloud>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}
