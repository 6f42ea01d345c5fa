//! Clean-up: tags and manifests that nobody needs any more, by the rules of `acr-sync.yaml` (design §9).
//!
//! Reads what a repository holds, decides on values, and takes away what a reviewed plan listed, asking again before each
//! step. The semantics are those of `acr purge` (ACR wire facts, 10) without its traps; docs/clean-up.md has them for
//! users. Which repositories a run looks at, and what its reviewers saw, is for `upkeep`.

mod age;
mod content;
mod decide;
mod doing;
mod filter;
mod links;
mod listing;
mod needs;
#[cfg(test)]
mod properties;
mod rule;
mod survey;
mod told;
mod unknown;
mod work;

use crate::{problem::Remark, reference::Registry, registry::Client};
use std::collections::BTreeSet;

pub use age::Age;
pub use content::{Content, Kind, Known, Link, Manifest, Relation, Tag, Time, subject_of};
pub use decide::{Choice, Going, Leaving, Moment, Question, decide};
pub use filter::TagFilter;
pub use rule::{MOST_RULES, Rule, Share, read};
pub use survey::{look, names};
pub use told::size;
pub use work::{Delete, Untag, Work};

/// The most removals that one plan lists for a registry: their marks must fit into a comment, and people must be able to
/// read them. The rest follows with later plans.
pub const MOST_REMOVALS: usize = 2_000;

/// Whom a clean-up asks.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    /// The registry's host.
    pub registry: &'a Registry,
    /// Its data plane.
    pub registries: &'a Client,
}

/// One repository, and what is known of it beforehand.
pub struct Asked<'a> {
    /// Its name.
    pub repository: &'a str,
    /// The rules that are about it; at least one.
    pub rules: &'a [&'a Rule],
    /// Returns which of the tags that are there the list brings in: those stay.
    pub listed: &'a (dyn Fn(&mut dyn Iterator<Item = &str>) -> BTreeSet<String> + Sync),
}

/// Something that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What people call it: `app/web:ci-17`, or a repository with a digest. Holds foreign text.
    pub subject: String,
    /// What will be done.
    pub work: Work,
    /// Why, a lower-case fragment. Holds foreign text.
    pub reason: String,
    /// The size that the registry states for the manifest; layers that others share are in it.
    pub bytes: Option<u64>,
}

/// What is to go from one repository, and what is to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// In the order in which it is done.
    pub wishes: Vec<Wish>,
    /// Beside them.
    pub remarks: Vec<Remark>,
    /// How many removals there was no room for, at most: nobody has asked yet whether something keeps those.
    pub more: usize,
}
