//! Work: what is to be done to the registry itself, as values.

use super::ask::{PREVIEW, STABLE};
use crate::{
    problem::{Grade, Problem},
    reference::{Digest, Registry},
};
use serde_json::{Value, json};

/// The section that something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
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

/// Something to be done, as the plan shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The section.
    pub part: Part,
    /// What it is about.
    pub subject: String,
    /// What is to be done.
    pub work: Work,
    /// What differs, a fragment.
    pub reason: String,
    /// Why it cannot be done.
    pub block: Option<Problem>,
}

/// Something that people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The section.
    pub part: Part,
    /// What it is about.
    pub subject: String,
    /// How grave it is.
    pub grade: Grade,
    /// What was found, and how it is mended.
    pub problem: Problem,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// A property of the registry is set.
    Set {
        /// The registry's id.
        id: String,
        /// What is set.
        setting: Setting,
        /// The version of the service that takes it.
        version: &'static str,
    },
    /// A replica is made, or waited for.
    Replicate(Replicate),
    /// A replica is waited for until it serves what was imported.
    Await(Await),
    /// A tag is locked.
    Lock(Lock),
}

/// A property of the registry, and what it becomes; none is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The retention policy, with its days.
    Retention(Option<u16>),
    /// The soft delete policy, with its days.
    SoftDelete(Option<u16>),
    /// Nobody pulls without signing in.
    NoAnonymousPull,
    /// The admin account is disabled.
    NoAdminAccount,
}

/// A replica to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replicate {
    /// The replica's id.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Whether it is spread over zones, where that is stated.
    pub zone_redundancy: Option<bool>,
    /// Whether Azure makes it already.
    pub is_begun: bool,
}

/// A replica to be waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Await {
    /// The registry.
    pub registry: Registry,
    /// The host by which the region is asked.
    pub host: Registry,
    /// The region.
    pub region: String,
    /// What it is to serve.
    pub images: Vec<Awaited>,
}

/// An image that a replica is to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The repository.
    pub repository: String,
    /// The tag, for people.
    pub tag: String,
    /// What is asked for.
    pub digest: Digest,
}

/// A tag to be locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The registry.
    pub registry: Registry,
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// What it must hold: another image is not locked.
    pub digest: Digest,
    /// Whether it can no longer be deleted.
    pub delete: bool,
    /// Whether it can no longer be moved.
    pub write: bool,
}

impl Work {
    /// Returns what is done, in a word: before, and after it is done.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Set { setting: Setting::Retention(Some(_)) | Setting::SoftDelete(Some(_)), .. } => ("set", "set"),
            Self::Set { .. } => ("switch off", "switched off"),
            Self::Replicate(_) => ("replicate", "replicated"),
            Self::Await(_) => ("wait for", "serves them"),
            Self::Lock(_) => ("lock", "locked"),
        }
    }

    /// Returns the place in the order of things, 0 to 39. Settings one after another, since Azure changes a registry
    /// once at a time, and what excludes another policy goes before that one comes; then replicas; last what needs the
    /// images.
    pub fn place(&self) -> u8 {
        match self {
            Self::Set { setting, .. } => match setting {
                Setting::Retention(None) => 0,
                Setting::SoftDelete(None) => 1,
                Setting::Retention(Some(_)) => 2,
                Setting::SoftDelete(Some(_)) => 3,
                Setting::NoAnonymousPull => 4,
                Setting::NoAdminAccount => 5,
            },
            Self::Replicate(_) => 10,
            Self::Lock(_) => 30,
            Self::Await(_) => 35,
        }
    }
}

impl Setting {
    /// Returns the version that takes it. A stable one refuses to write beside a soft delete policy that is not the
    /// default one ("Cannot override non-default values of soft delete policy", azure-service-operator#5081).
    pub(super) fn version(self, has_soft_delete: bool) -> &'static str {
        match self {
            Self::SoftDelete(_) => PREVIEW,
            Self::Retention(_) | Self::NoAnonymousPull | Self::NoAdminAccount if has_soft_delete => PREVIEW,
            Self::Retention(_) | Self::NoAnonymousPull | Self::NoAdminAccount => STABLE,
        }
    }

    /// Returns the body of the request: only what changes.
    pub(super) fn body(self) -> Value {
        let policy = |name: &str, days: &str, value: Option<u16>| {
            let policy = match value {
                Some(number) => json!({"status": "enabled", days: number}),
                None => json!({"status": "disabled"}),
            };
            json!({"properties": {"policies": {name: policy}}})
        };
        match self {
            Self::Retention(value) => policy("retentionPolicy", "days", value),
            Self::SoftDelete(value) => policy("softDeletePolicy", "retentionDays", value),
            Self::NoAnonymousPull => json!({"properties": {"anonymousPullEnabled": false}}),
            Self::NoAdminAccount => json!({"properties": {"adminUserEnabled": false}}),
        }
    }
}
