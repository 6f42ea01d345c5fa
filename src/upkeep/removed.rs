//! Removed: what becomes of the tag of a line that is gone.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, State, Task, Upkeep};
use crate::{
    images::{Destination, Entry, LineNumber, Selection},
    plan::Mark,
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{RegistryError, TagState},
    settings::Removed,
};

/// A tag that is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untag {
    /// Where it is.
    pub registry: Registry,
    /// Its repository.
    pub repository: String,
    /// Its name.
    pub tag: String,
    /// What it stood for when the plan was made; a tag that stands for something else by then stays.
    pub digest: Digest,
}

impl Untag {
    /// Returns what tells this removal from every other.
    pub fn mark(&self) -> Mark {
        let Self { registry, repository, tag, digest } = self;
        Mark::of(&format!("untag {registry}/{repository}:{tag}@{digest}"))
    }

    pub(super) async fn apply(&self, clients: &Clients) -> Result<(), Problem> {
        let Self { registry, repository, tag, digest } = self;
        let problem = |error: RegistryError| error.removal(registry);
        match state(clients, repository, tag).await.map_err(problem)? {
            None => return Ok(()),
            Some(now) if now.digest != *digest => {
                let what = format!(
                    "`{repository}:{tag}` stands for {} by now, and no longer for what was planned",
                    now.digest.short()
                );
                return Err(Problem::new(Side::Target, what).hint("Somebody else has pushed it: look who needs it."));
            }
            Some(_) => {}
        }
        let removed = match clients.azure {
            Some(_) => clients.registries.untag_acr(registry, repository, tag).await,
            None => clients.registries.untag(registry, repository, tag).await,
        };
        removed.map(drop).map_err(problem)
    }
}

/// Plans what becomes of lines that are gone.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    match asked.settings.removed {
        Removed::Keep => {}
        Removed::Untag => {
            for entry in asked.removed {
                match brought(asked, &entry.destination) {
                    Some(line) => upkeep.findings.push(stays(&entry.destination, line)),
                    None => one(entry, clients, upkeep).await,
                }
            }
        }
    }
}

/// Returns the line that brings a tag in all the same: a pattern, which is no entry of the list, or a step of one.
///
/// Of `newest N of` each tag that fits is taken for one of them: the plan of a line that has not changed does not list
/// its source.
fn brought(asked: &Asked<'_>, there: &Destination) -> Option<LineNumber> {
    let steps = asked.steps.iter().filter(|step| step.destination == *there).map(|step| step.line);
    let is_its =
        |it: &&Selection| it.repository() == there.repository() && !it.entries(&[there.tag().to_owned()]).is_empty();
    steps.chain(asked.list.selections().iter().filter(is_its).map(|selection| selection.line)).next()
}

fn stays(there: &Destination, line: LineNumber) -> Finding {
    let problem =
        Problem::new(Side::Settings, format!("its line is gone, and the tag stays: line {line} brings it in"));
    Finding { section: Section::Removed, subject: there.name().to_owned(), gravity: Gravity::Note, problem }
}

async fn one(entry: &Entry, clients: &Clients, upkeep: &mut Upkeep) {
    let (repository, tag) = (entry.destination.repository(), entry.destination.tag());
    let subject = entry.destination.to_string();
    let now = match &clients.door {
        Ok(()) => state(clients, repository, tag).await.map_err(|error| error.removal(&clients.registry)),
        Err(problem) => Err(problem.clone()),
    };
    let now = match now {
        Ok(Some(now)) => now,
        // Somebody was faster.
        Ok(None) => return,
        Err(problem) => {
            let finding = Finding { section: Section::Removed, subject, gravity: Gravity::Unchecked, problem };
            return upkeep.findings.push(finding);
        }
    };
    let locked = || {
        Problem::new(Side::Target, "the tag is locked")
            .hint("Unlock it (`az acr repository update --write-enabled true`), or leave the line in the list.")
    };
    let untag = Untag {
        registry: clients.registry.clone(),
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        digest: now.digest,
    };
    upkeep.chores.push(Chore {
        section: Section::Removed,
        subject,
        task: Task::Untag(untag),
        reason: format!("its line is gone; it holds {}", now.digest.short()),
        bytes: None,
        state: if now.is_writable { State::Due } else { State::Block(locked()) },
    });
}

async fn state(clients: &Clients, repository: &str, tag: &str) -> Result<Option<TagState>, RegistryError> {
    match clients.azure {
        Some(_) => clients.registries.acr_tag(&clients.registry, repository, tag).await,
        None => clients.registries.tag(&clients.registry, repository, tag).await,
    }
}
