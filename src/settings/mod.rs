//! Settings: `acr-sync.yaml`, what a registry needs beside its list, reviewed like it (design §9).
//!
//! Reads text into values and asks nobody. What this version does not know is refused, never left aside: a rule that
//! somebody reviewed must not be one that nobody follows.

mod error;
mod place;
mod removed;
mod source;

use crate::{
    certificates,
    cleanup::Rule,
    connected::Connected,
    policy::{Policy, RepositoryFile},
    pull_check::PullCheck,
    registry_settings::{Guards, Locks, Replica, Retention, SoftDelete, Switch},
    standing::Standing,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

pub use crate::inputs::Variable;
pub use error::SettingsError;
pub use place::{Place, Section};
pub use removed::Removed;
pub use source::{Account, Site, Source, Way};

/// The name of the file.
pub const FILE: &str = "acr-sync.yaml";
/// The most bytes that are read of it.
pub const MOST_BYTES: usize = 1 << 20;

/// What a registry needs beside its list of images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// What reviewers need not look for: a line that breaks a rule is blocked.
    pub policy: Policy,
    /// How registries that images come from are reached; the input `credentials` goes before it.
    #[serde(deserialize_with = "source::read")]
    pub sources: BTreeMap<Site, Source>,
    /// Where the input `registry` names several: what each has of its own, by the name it has there.
    pub registries: BTreeMap<String, Place>,
    /// What becomes of the tag of a line that is gone: `keep` or `untag`.
    pub removed: Removed,
    /// Tags and manifests that nobody needs any more: the semantics of `acr purge`, planned and reviewed.
    #[serde(deserialize_with = "crate::cleanup::read")]
    pub cleanup: Vec<Rule>,
    /// What ships, factories and branches have a copy of: the registry's connected registries.
    #[serde(deserialize_with = "crate::connected::read")]
    pub connected_registries: Vec<Connected>,
    /// The AKS clusters that pull from the registry: whether they can is looked at with every plan.
    pub pull_check: Vec<PullCheck>,
    /// Manifests without a tag go after a time; `off` keeps them. Premium.
    pub retention: Option<Switch<Retention>>,
    /// What is deleted can be restored for a time; `off` makes deletions final. Not with geo-replicas, cache rules or
    /// `retention`.
    pub soft_delete: Option<Switch<SoftDelete>>,
    /// Tags of the list that are locked when their image is there and proved. Nothing is ever unlocked.
    pub locks: Option<Locks>,
    /// Images that are made once more with the company's authorities in their trust store.
    #[serde(deserialize_with = "crate::certificates::read")]
    pub certificates: Vec<certificates::Rule>,
    /// Tasks that stand in the registry: builds and commands by commit, by base image and by schedule. One that is not
    /// stated is left alone.
    #[serde(deserialize_with = "crate::standing::read")]
    pub tasks: Vec<Standing>,
    /// The regions that the registry is to have replicas in. Premium. One that is not listed is reported, and never removed.
    #[serde(deserialize_with = "crate::registry_settings::read_replicas")]
    pub replicas: Option<Vec<Replica>>,
    /// Ways in without an identity, and how much room there is: looked at where the section is there, even if empty.
    pub registry: Option<Guards>,
}

impl Settings {
    /// Returns whether something is stated that is done beside the lines.
    pub fn has_upkeep(&self) -> bool {
        self.upkeep() != Self::default()
    }

    /// Returns whether the same is stated beside the lines.
    pub fn has_same_upkeep(&self, other: &Self) -> bool {
        self.upkeep() == other.upkeep()
    }

    /// Returns whether lines are judged and sent alike: where they are not, the whole list is meant.
    pub fn has_same_lines(&self, other: &Self) -> bool {
        let Self { policy, registries, certificates, .. } = self;
        *policy == other.policy && *registries == other.registries && *certificates == other.certificates
    }

    /// Returns the files of the repository that hold certificates.
    pub fn certificate_files(&self) -> BTreeSet<&str> {
        let own = self.sources.values().filter_map(|source| source.ca.as_ref()).map(RepositoryFile::as_str);
        self.certificates.iter().flat_map(|rule| &rule.authority).map(String::as_str).chain(own).collect()
    }

    /// Returns what of it is meant for a registry that gets these sections; none for all of them.
    #[must_use]
    pub fn only(&self, sections: Option<&[Section]>) -> Self {
        let Some(sections) = sections else { return self.clone() };
        let has = |section| sections.contains(&section);
        Self {
            policy: self.policy.clone(),
            sources: self.sources.clone(),
            registries: self.registries.clone(),
            removed: if has(Section::Removed) { self.removed } else { Removed::default() },
            cleanup: kept(&self.cleanup, has(Section::Cleanup)),
            connected_registries: kept(&self.connected_registries, has(Section::ConnectedRegistries)),
            pull_check: kept(&self.pull_check, has(Section::PullCheck)),
            retention: kept(&self.retention, has(Section::Retention)),
            soft_delete: kept(&self.soft_delete, has(Section::SoftDelete)),
            locks: kept(&self.locks, has(Section::Locks)),
            certificates: kept(&self.certificates, has(Section::Certificates)),
            tasks: kept(&self.tasks, has(Section::Tasks)),
            replicas: kept(&self.replicas, has(Section::Replicas)),
            registry: kept(&self.registry, has(Section::Registry)),
        }
    }

    fn upkeep(&self) -> Self {
        Self { policy: Policy::default(), registries: BTreeMap::new(), sources: BTreeMap::new(), ..self.clone() }
    }
}

/// Returns the section, or what it is when it is not there.
fn kept<T: Clone + Default>(section: &T, is_meant: bool) -> T {
    if is_meant { section.clone() } else { T::default() }
}

/// Reads the file; an empty one asks for nothing.
///
/// # Errors
/// The first thing that is wrong with it, and where.
pub fn parse(text: &[u8]) -> Result<Settings, SettingsError> {
    if text.len() > MOST_BYTES {
        return Err(SettingsError::whole(format!("the file has {} bytes, at most {MOST_BYTES} are read", text.len())));
    }
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let read: Option<Settings> = serde_yaml::from_slice(text).map_err(|error| SettingsError::read(&error))?;
    Ok(read.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_asks_for_nothing() {
        for text in ["", "\n", "# nothing yet\n", "\u{feff}", "{}", "policy: {}\n", "---\n"] {
            assert_eq!(parse(text.as_bytes()), Ok(Settings::default()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_where_it_stands() {
        for (text, expected) in [
            ("polcy: {}\n", "line 1, column 1: unknown field `polcy`"),
            ("policy:\n  deny-latest: true\n  alow: []\n", "line 3, column 3: policy: unknown field `alow`"),
            ("policy:\n  deny-latest: maybe\n", "line 2, column 16: policy.deny-latest: invalid type"),
            ("policy:\n  allow: [\"quay.io/x:v1\"]\n", "line 2, column 10: policy.allow: `quay.io/x:v1` names a tag"),
            ("policy:\n  max-size: 2\n", "line 2, column 3: policy: `2` is no size"),
            ("policy: {}\npolicy: {}\n", "duplicate field `policy`"),
            ("policy: {deny-latest: \"\n", "while scanning a quoted scalar"),
            ("---\n{}\n---\n{}\n", "more than one document"),
            ("- policy\n", "line 1, column 1: invalid type: sequence"),
        ] {
            let error = refused(text);
            assert!(error.starts_with(expected) || error.contains(expected), "{text:?}: {error}");
        }
        assert!(!refused("\u{0}").is_empty());
    }

    #[test]
    fn a_file_that_multiplies_itself_ends() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..40 {
            let before = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", ")));
        }
        assert!(!refused(&text).is_empty());
        assert!(!refused(&"[".repeat(100_000)).is_empty());
        assert!(refused(&"#".repeat(MOST_BYTES + 1)).contains("at most 1048576 are read"));
    }

    #[test]
    fn the_schema_is_that_of_the_types() {
        let mut schema = schemars::schema_for!(Settings);
        schema.insert("title".to_owned(), "acr-sync.yaml".into());
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let path = "docs/acr-sync.schema.json";
        if std::env::vars().any(|(name, value)| name == "UPDATE_SCHEMAS" && value == "1") {
            std::fs::write(path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == text, "{path} differs from the types: run the tests with UPDATE_SCHEMAS=1");
    }
}
