//! Doing: asks again whether a thing may still go, and takes it away.
//!
//! Minutes or days lie between a plan and its merge. What has been pushed, tagged or locked since then stays, and the run
//! says so. Between the last question and the deletion lie milliseconds, which the registry gives no means to close.

use super::{Delete, Plane, Untag, Work};
use crate::{
    problem::{Problem, Side},
    registry::{ManifestRow, Order, RegistryError},
};
use std::ops::ControlFlow;

/// The most manifests that may have been written since the plan; each is looked into before anything goes.
const MOST_NEW: usize = 1_000;

impl Work {
    /// Takes it away. What is gone already is done.
    ///
    /// # Errors
    /// What stands against it, or what the registry refused.
    pub async fn apply(&self, plane: &Plane<'_>) -> Result<(), Problem> {
        match self {
            Self::Untag(untag) => untag.apply(plane).await,
            Self::Delete(delete) => delete.apply(plane).await,
        }
    }
}

impl Untag {
    async fn apply(&self, plane: &Plane<'_>) -> Result<(), Problem> {
        let Self { registry, repository, tag, digest, updated } = self;
        let problem = |error: RegistryError| refusal(&error, plane);
        let Some(now) = plane.registries.tag_row(registry, repository, tag).await.map_err(problem)? else {
            return Ok(());
        };
        if now.digest != *digest || now.updated != *updated {
            return Err(stays("somebody has pushed it since the plan".to_owned()));
        }
        if now.is_locked() {
            return Err(stays("it has been locked since the plan".to_owned()));
        }
        plane.registries.untag_acr(registry, repository, tag).await.map(drop).map_err(problem)
    }
}

impl Delete {
    async fn apply(&self, plane: &Plane<'_>) -> Result<(), Problem> {
        let Self { registry, repository, digest, .. } = self;
        let problem = |error: RegistryError| refusal(&error, plane);
        // Its referrers go with it, and so it may be gone with its own subject.
        let Some(now) = plane.registries.manifest_row(registry, repository, *digest).await.map_err(problem)? else {
            return Ok(());
        };
        if now.is_locked {
            return Err(stays("it has been locked since the plan".to_owned()));
        }
        if let Some(tag) = now.tags.iter().find(|tag| !self.with.contains(tag)) {
            return Err(stays(format!("the tag `{tag}` stands for it")));
        }
        for before in &self.after {
            let is_there = plane.registries.head(registry, repository, &before.to_string()).await.map_err(problem)?;
            if is_there.is_some() {
                return Err(stays(format!("{} is still there, and it belongs to that", before.short())));
            }
        }
        if let Some(list) = plane.registries.referrers_list(registry, repository, *digest).await.map_err(problem)?
            && let Some((other, kind)) = list.iter().find(|(other, _)| !self.referrers.contains(other))
        {
            return Err(stays(format!("{} refers to it ({kind}), and the plan does not list that", other.short())));
        }
        if let Some(other) = self.needed_by_new(plane).await? {
            return Err(stays(format!("{other}, which was pushed since the plan, needs it")));
        }
        plane.registries.delete_manifest(registry, repository, *digest).await.map(drop).map_err(problem)
    }

    /// Returns what has been pushed since the plan and names it: an index can be made of platforms that are there.
    async fn needed_by_new(&self, plane: &Plane<'_>) -> Result<Option<String>, Problem> {
        let Self { registry, repository, digest, newest, .. } = self;
        let problem = |error: RegistryError| refusal(&error, plane);
        let mut new: Vec<ManifestRow> = Vec::new();
        let take = |row: ManifestRow| {
            // In the second of the newest there can be one that the plan has not seen.
            if row.updated.is_some_and(|updated| updated < *newest) || new.len() > MOST_NEW {
                return ControlFlow::Break(());
            }
            new.push(row);
            ControlFlow::Continue(())
        };
        plane.registries.each_manifest(registry, repository, Order::Newest, take).await.map_err(problem)?;
        if new.len() > MOST_NEW {
            let what = format!("more than {MOST_NEW} manifests were written there since the plan");
            return Err(Problem::new(Side::Target, what).hint("Plan again: a review this old says little."));
        }
        for row in new.iter().filter(|row| row.digest != *digest) {
            let found = plane.registries.known_manifest(registry, repository, row.digest).await.map_err(problem)?;
            let names = found.is_some_and(|manifest| {
                manifest.children.iter().any(|child| child.digest == *digest)
                    || manifest.subject.is_some_and(|subject| subject == *digest)
                        && !self.referrers.contains(&row.digest)
            });
            if names && !self.after.contains(&row.digest) {
                return Ok(Some(row.digest.short()));
            }
        }
        Ok(None)
    }
}

fn stays(why: String) -> Problem {
    Problem::new(Side::Target, format!("{why}: it stays")).hint("Plan again to see what may go now.")
}

/// A refusal names the right that it takes.
pub(super) fn refusal(error: &RegistryError, plane: &Plane<'_>) -> Problem {
    error.removal(plane.registry)
}
