//! Chore: one thing to do beside the lines of the list, and whether its reviewers saw it.

use super::{Clients, Hands, Section, Untag};
use crate::{
    certificates,
    cleanup::{self, Plane},
    connected::Work,
    plan::{Mark, Reviewed},
    problem::{Problem, Side},
    registry_settings::{self, Pace, Planes},
    standing,
};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chore {
    /// The section that asks for it.
    pub section: Section,
    /// What it is about, as people call it: `app/web:ci-17`, `retention policy`. Can hold foreign text.
    pub subject: String,
    /// What will be done.
    pub task: Task,
    /// Why, a lower-case fragment. Can hold foreign text.
    pub reason: String,
    /// How many bytes it sets free, where that is known.
    pub bytes: Option<u64>,
    /// Whether it will be done.
    pub state: State,
}

/// What will be done; each section has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A tag is taken away.
    Untag(Untag),
    /// A tag or a manifest that nobody needs any more.
    Cleanup(cleanup::Work),
    /// Something about a connected registry, a token or a scope map.
    Connected(Work),
    /// Something about the registry itself: a policy, a replica, the lock of a tag.
    Registry(registry_settings::Work),
    /// An image is made once more with the company's authorities.
    Certificates(certificates::Work),
    /// A task that stands in the registry is made or changed.
    Standing(standing::Work),
}

/// Whether a chore will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It will.
    Due,
    /// It takes something away, and no reviewed plan lists it: it is shown and not done.
    Unreviewed,
    /// It is wanted and cannot be done; the run does not end well.
    Block(Problem),
}

impl Chore {
    /// Returns what tells this removal from every other; none for what takes nothing away.
    pub fn mark(&self) -> Option<Mark> {
        match &self.task {
            Task::Untag(untag) => Some(untag.mark()),
            Task::Cleanup(work) => Some(work.mark()),
            Task::Connected(work) => work.mark(),
            Task::Registry(_) | Task::Certificates(_) | Task::Standing(_) => None,
        }
    }
}

impl Task {
    /// Returns what is done, in a word: before, and after it is done.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Untag(_) => ("untag", "untagged"),
            Self::Cleanup(work) => work.words(),
            Self::Connected(work) => work.words(),
            Self::Registry(work) => work.words(),
            Self::Certificates(_) => ("make", "made"),
            Self::Standing(work) => work.words(),
        }
    }

    /// Returns the place in the order of things: a task waits for all with a lower one.
    pub(super) fn turn(&self) -> u8 {
        match self {
            Self::Untag(_) => 50,
            Self::Cleanup(work) => 60 + work.place(),
            Self::Connected(work) => 30 + work.place(),
            Self::Registry(work) => 10 + work.place(),
            Self::Certificates(_) => 80,
            Self::Standing(_) => 90,
        }
    }

    pub(super) async fn apply(&self, hands: &Hands<'_>) -> Result<(), Problem> {
        let Hands { clients, stop, say, .. } = *hands;
        match self {
            Self::Untag(untag) => untag.apply(clients).await,
            Self::Cleanup(work) => {
                work.apply(&Plane { registry: &clients.registry, registries: &clients.registries }).await
            }
            Self::Connected(work) => match &clients.azure {
                Some(azure) => work.apply(&azure.arm).await,
                None => Err(Problem::new(Side::Settings, "connected registries are Azure's")),
            },
            Self::Certificates(work) => {
                let service = clients.service();
                let Clients { registries, layers, .. } = clients;
                work.apply(&certificates::Hands { registries, known: layers, service, stop, say }).await
            }
            Self::Standing(work) => match &clients.azure {
                Some(azure) => work.apply(&azure.arm, &clients.secrets).await,
                None => Err(Problem::new(Side::Settings, "tasks are Azure's")),
            },
            Self::Registry(work) => match &clients.azure {
                Some(azure) => {
                    let planes = Planes { arm: &azure.arm, registries: &clients.registries };
                    work.apply(&planes, Pace::default(), stop).await
                }
                None => Err(Problem::new(Side::Settings, "the registry is no Azure Container Registry")),
            },
        }
    }
}

/// Holds back each removal that no reviewed plan lists.
pub fn compare(chores: &mut [Chore], reviewed: Option<&Reviewed>) {
    for chore in chores {
        let Some(mark) = chore.mark() else { continue };
        let is_reviewed = reviewed.is_some_and(|reviewed| reviewed.lists(mark));
        if chore.state == State::Due && !is_reviewed {
            chore.state = State::Unreviewed;
        }
    }
}
