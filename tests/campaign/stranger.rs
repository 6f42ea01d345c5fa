//! Stranger: somebody else, who pushes to a destination in the middle of a run if the tag is free.

use crate::case::{Case, place};
use acr_sync::{
    emulator::{Image, World},
    reference::Digest,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// Waits for the moment until it is dropped.
pub(crate) struct Stranger {
    task: Option<JoinHandle<()>>,
    after: Option<Duration>,
    pushed: Arc<Mutex<Vec<(&'static str, String)>>>,
}

impl Stranger {
    /// Comes after some time; nobody comes where none is given.
    pub(crate) fn after(time: Option<&(Duration, String)>, case: &Case) -> Self {
        let pushed: Arc<Mutex<Vec<(&'static str, String)>>> = Arc::default();
        let task = time.cloned().map(|(time, name)| {
            let (world, targets, pushed) = (case.world.clone(), case.targets.clone(), Arc::clone(&pushed));
            tokio::spawn(async move {
                tokio::time::sleep(time).await;
                for target in targets {
                    if push(&world, target, &name) {
                        pushed.lock().unwrap_or_else(PoisonError::into_inner).push((target, name.clone()));
                    }
                }
            })
        });
        Self { task, after: time.map(|(after, _)| *after), pushed }
    }

    /// Returns whether a tag of a registry was pushed so late that no route may replace it unsaid: what the plan found free
    /// is taken for free for ten seconds by direct copies.
    pub(crate) fn came_late(&self) -> bool {
        self.after.is_some_and(|after| after > Duration::from_secs(10))
    }

    /// Returns whether a tag of a registry was pushed.
    pub(crate) fn has_pushed(&self, target: &str, name: &str) -> bool {
        let pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        pushed.iter().any(|(registry, tag)| *registry == target && tag == name)
    }

    /// The digest of what is pushed.
    pub(crate) fn digest() -> Digest {
        image().digest()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn image() -> Image {
    Image::single("linux/amd64").content("pushed in the middle of a run")
}

fn push(world: &World, target: &str, name: &str) -> bool {
    let (registry, (repository, tag)) = (world.azure_registry(target), place(name));
    let is_free = registry.tag(repository, tag).is_none();
    if is_free {
        registry.put(name, &image());
    }
    is_free
}
