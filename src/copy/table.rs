//! Table: which repositories of the target hold which content, as far as this run knows, and what is on its way.

use crate::reference::Digest;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// What a run knows of one registry.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<HashMap<Digest, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    /// Repositories that hold it.
    held: Vec<Arc<str>>,
    /// Repositories that somebody brings it to.
    busy: Vec<Arc<str>>,
    /// Whether somebody brings it to the registry for the first time.
    is_moving: bool,
    changed: Arc<Notify>,
}

/// With whom content is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// All repositories of the registry: a blob can be mounted.
    Registry,
    /// Only its own repository: a manifest cannot.
    Repository,
}

/// Whose turn it is.
pub(super) enum Turn<'a> {
    /// It is there.
    There,
    /// The caller brings it; from another repository of the registry if one holds it.
    Go { from: Option<Arc<str>>, claim: Claim<'a> },
}

/// The duty to bring content to a repository. Dropped without success, it falls to the next who wants the content.
pub(super) struct Claim<'a> {
    table: &'a Table,
    digest: Digest,
    repository: Arc<str>,
    is_first: bool,
    is_done: bool,
}

impl Table {
    /// Waits until the content is there, or it is the caller's turn to bring it.
    pub(super) async fn turn(&self, digest: Digest, repository: &Arc<str>, sharing: Sharing) -> Turn<'_> {
        loop {
            let changed = {
                let mut entries = self.entries();
                let entry = entries.entry(digest).or_default();
                if entry.held.contains(repository) {
                    return Turn::There;
                }
                let is_busy = entry.busy.contains(repository);
                let from = entry.held.first().filter(|_| sharing == Sharing::Registry).cloned();
                let waits = is_busy || (sharing == Sharing::Registry && from.is_none() && entry.is_moving);
                if !waits {
                    let is_first = from.is_none();
                    entry.is_moving |= is_first;
                    entry.busy.push(Arc::clone(repository));
                    let repository = Arc::clone(repository);
                    let claim = Claim { table: self, digest, repository, is_first, is_done: false };
                    return Turn::Go { from, claim };
                }
                let mut changed = Box::pin(Arc::clone(&entry.changed).notified_owned());
                // Registered before the lock goes, or a change in between would be missed.
                changed.as_mut().enable();
                changed
            };
            changed.await;
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Digest, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Says that the repository holds the content now.
    pub(super) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut entries = self.table.entries();
        let entry = entries.entry(self.digest).or_default();
        entry.busy.retain(|busy| *busy != self.repository);
        if self.is_first {
            entry.is_moving = false;
        }
        if self.is_done {
            entry.held.push(Arc::clone(&self.repository));
        }
        entry.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn name(text: &str) -> Arc<str> {
        text.into()
    }

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_then_mounts() {
        let (table, digest) = (Table::default(), Digest::of(b"layer"));
        let (a, b) = (name("a"), name("b"));
        let Turn::Go { from: None, claim } = table.turn(digest, &a, Sharing::Registry).await else {
            panic!("a begins")
        };
        let mut second = Box::pin(table.turn(digest, &b, Sharing::Registry));
        assert!(second.as_mut().now_or_never().is_none(), "b waits");
        claim.done();
        let Turn::Go { from: Some(from), claim } = second.await else { panic!("b mounts") };
        assert_eq!(from, a);
        claim.done();
        assert!(matches!(table.turn(digest, &b, Sharing::Registry).await, Turn::There));
    }

    #[tokio::test]
    async fn who_fails_leaves_the_turn_to_the_next() {
        let (table, digest) = (Table::default(), Digest::of(b"layer"));
        let Turn::Go { claim, .. } = table.turn(digest, &name("a"), Sharing::Registry).await else { panic!() };
        let b = name("b");
        let second = table.turn(digest, &b, Sharing::Registry);
        drop(claim);
        assert!(matches!(second.await, Turn::Go { from: None, .. }));
    }

    #[tokio::test]
    async fn a_manifest_is_brought_to_each_repository() {
        let (table, digest) = (Table::default(), Digest::of(b"manifest"));
        let Turn::Go { claim, .. } = table.turn(digest, &name("a"), Sharing::Repository).await else { panic!() };
        let other = name("b");
        let second = table.turn(digest, &other, Sharing::Repository).now_or_never();
        assert!(matches!(second, Some(Turn::Go { from: None, .. })));
        claim.done();
    }
}
