//! The section `pull-check`.

use super::resource_id::ResourceId;
use crate::reference::Glob;
use serde::{Deserialize, de};
use std::{fmt, str::FromStr};

const KIND: &str = "Microsoft.ContainerService/managedClusters";

/// A cluster that pulls from the registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PullCheck {
    /// The resource id of the AKS cluster:
    /// `/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ContainerService/managedClusters/NAME`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub cluster: Cluster,
    /// Which repositories of the registry it pulls, such as `prod/**`; all destinations of the list where none are given.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    #[serde(default)]
    pub repositories: Vec<Glob>,
}

impl PullCheck {
    /// Checks a cluster for every repository.
    pub fn of(cluster: Cluster) -> Self {
        Self { cluster, repositories: Vec::new() }
    }

    /// Returns the repositories that are named without a pattern: they are pulled, whatever the list is about.
    pub(super) fn named(&self) -> impl Iterator<Item = String> {
        let is_name = |name: &&str| !name.contains(['*', '?', '[', '{']);
        self.repositories.iter().map(Glob::as_str).filter(is_name).map(str::to_owned)
    }

    /// Returns whether the cluster pulls a repository.
    pub fn pulls(&self, repository: &str) -> bool {
        self.repositories.is_empty() || self.repositories.iter().any(|pattern| pattern.matches(repository))
    }
}

/// The name of an AKS cluster: its resource id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster(ResourceId);

impl Cluster {
    pub(super) fn id(&self) -> &ResourceId {
        &self.0
    }

    /// Returns the cluster's own name.
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

impl FromStr for Cluster {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match ResourceId::parse(text) {
            Some(id) if id.is_of(KIND) => Ok(Self(id)),
            _ => Err(format!(
                "`{text}` is no AKS cluster: expected `/subscriptions/ID/resourceGroups/GROUP/providers/{KIND}/NAME` \
                 (`az aks show --query id`)"
            )),
        }
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl<'de> Deserialize<'de> for Cluster {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/1/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/prod";

    #[test]
    fn a_cluster_is_named_by_its_id_and_pulls_what_it_says() {
        let read = |text: &str| serde_yaml::from_str::<PullCheck>(text);
        let check = read(&format!("{{ cluster: {ID}, repositories: [\"prod/**\"] }}")).unwrap();
        assert_eq!(check.cluster.name(), "prod");
        assert!(check.pulls("prod/a/b") && !check.pulls("test/a"));
        assert_eq!(
            read(&format!("{{ cluster: {ID}, repositories: [a, \"b/*\"] }}")).unwrap().named().collect::<Vec<_>>(),
            ["a"]
        );
        assert!(PullCheck::of(ID.parse().unwrap()).pulls("test/a"));
        for (text, why) in [
            ("{ cluster: prod }".to_owned(), "`prod` is no AKS cluster"),
            (format!("{{ cluster: {} }}", ID.replace("managedClusters", "fleets")), "is no AKS cluster"),
            (format!("{{ cluster: {ID}, manifests: [deploy/] }}"), "unknown field `manifests`"),
            ("{ repositories: [a] }".to_owned(), "missing field `cluster`"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
