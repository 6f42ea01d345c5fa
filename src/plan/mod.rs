//! What will be done, complete before anything is written.
//!
//! A plan is a value: [`crate::import`] accepts nothing else, and a reviewer sees all of it.

mod check;
mod companion;
mod configuration;
mod decide;
mod facts;
mod nearest;
mod note;
mod objection;
mod parts;
mod reviewed;
mod route;
mod selected;
mod subset;
mod survey;

use crate::{
    images::{Destination, Entry, LineNumber, MOST_SELECTED, Options},
    problem::Problem,
    reference::{Digest, Platform, Reference},
};
use std::fmt;

pub use crate::images::Referrers;
pub use check::Check;
pub use companion::Companion;
pub use configuration::Ages;
pub use decide::Overwrite;
pub use facts::{Fact, ImageFacts};
pub use nearest::nearest;
pub use note::Note;
pub use objection::Objection;
pub use reviewed::{Mark, Reviewed, Unreviewed, compare};
pub use route::{DirectSources, Route, Service, Why};
pub use subset::Subset;
pub use survey::{Surveyor, build, removed};

/// The most manifests of one image, index and children, that ACR imports (container-registry-import-images article).
pub const MOST_MANIFESTS: usize = 50;

/// The steps of a run, one for each chosen line that could be read.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What will be done, in the order of the file. No two steps share a destination.
    pub steps: Vec<Step>,
    /// Lines that are gone from the list. What becomes of their tags is `upkeep`'s to plan.
    pub removed: Vec<Entry>,
    /// How many lines of the list mean what they meant in the base.
    pub unchanged: usize,
}

/// What will be done for one line.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the line stands.
    pub line: LineNumber,
    /// The source as the line names it.
    pub source: Reference,
    /// The name in the target registry.
    pub destination: Destination,
    /// What the line says behind it.
    pub options: Options,
    /// How the line differs from the base.
    pub change: Change,
    /// The digest that will be imported: the line's own, else what the source's tag stands for now; that of the new
    /// index where only some platforms are copied.
    pub digest: Option<Digest>,
    /// What is copied of the source's index, where it is not all.
    pub subset: Option<Subset>,
    /// What is known of the image; asked only where something is to be imported.
    pub image: Option<ImageFacts>,
    /// What will be done.
    pub action: Action,
    /// Which way the image takes.
    pub route: Route,
    /// What refers to the image and travels along.
    pub companions: Vec<Companion>,
    /// What a reviewer should know besides.
    pub notes: Vec<Note>,
}

/// How a line differs from the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The destination is new.
    Added,
    /// The destination had another source.
    Updated(Reference),
    /// The whole list was asked for; there is no base.
    Listed,
}

/// What will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The destination tag does not exist: the image is imported.
    Import,
    /// The destination tag has this digest already.
    Keep,
    /// The destination tag has another digest and moves.
    Move {
        /// What it holds now.
        from: Digest,
    },
    /// The destination tag has this digest already, but the image behind it is broken: it is brought again.
    Repair(Problem),
    /// Nothing is done, and the run does not end well.
    Block(Reason),
    /// The source or the registry could not be asked.
    Unchecked(Problem),
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The destination tag is locked (`writeEnabled: false`).
    Locked {
        /// What it holds now.
        from: Digest,
    },
    /// The destination tag would move, and moving is refused.
    MoveRefused {
        /// What it holds now.
        from: Digest,
    },
    /// The source has no such tag or digest.
    NoSource {
        /// Tags of the source that look alike, the nearest first.
        nearest: Vec<String>,
    },
    /// The source has moved since the review, and only what was reviewed is imported.
    DiffersFromPlan {
        /// What the reviewers were shown.
        planned: Digest,
    },
    /// No plan showed this line's digest, and only what was reviewed is imported.
    NotReviewed,
    /// The image lacks platforms that the line wants.
    NoPlatform {
        /// Those that it lacks.
        wanted: Vec<Platform>,
        /// Those that it has.
        has: Vec<Platform>,
    },
    /// The policy objects.
    Policy(Vec<Objection>),
    /// The line's pattern means no tag of the source.
    NothingSelected {
        /// How many tags the source has.
        among: usize,
    },
    /// The line's pattern means more tags than one line may select.
    TooManySelected {
        /// How many.
        count: usize,
    },
    /// Another line wants the same destination, one of them by a pattern.
    Taken {
        /// The first other line that does.
        by: LineNumber,
    },
}

impl Step {
    /// Returns whether applying the plan may write for this step: what could not be checked is imported where its digest
    /// is known beyond doubt. All that guards an import asks this.
    pub fn may_be_written(&self) -> bool {
        self.action.is_change() || (matches!(self.action, Action::Unchecked(_)) && self.digest.is_some())
    }

    /// Returns the digest that the source has: that of its whole index, where only some platforms are copied.
    pub fn source_digest(&self) -> Option<Digest> {
        let digest = self.digest?;
        Some(self.subset.as_ref().map_or(digest, |subset| subset.of))
    }
}

impl Action {
    /// Returns whether it is known that applying the plan writes for this step; [`Step::may_be_written`] is the wider word.
    pub fn is_change(&self) -> bool {
        match self {
            Self::Import | Self::Move { .. } | Self::Repair(_) => true,
            Self::Keep | Self::Block(_) | Self::Unchecked(_) => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { from } => write!(f, "the tag is locked and holds {}", from.short()),
            Self::MoveRefused { from } => write!(f, "the tag holds {} and moving is refused", from.short()),
            Self::NoSource { nearest } if nearest.is_empty() => f.write_str("the source does not exist"),
            Self::NoSource { nearest } => write!(f, "the source does not exist; nearest tags: {}", nearest.join(", ")),
            Self::DiffersFromPlan { planned } => {
                write!(f, "differs from the plan: the reviewed digest was {}", planned.short())
            }
            Self::NotReviewed => f.write_str("no reviewed plan has this line's digest"),
            Self::NoPlatform { wanted, has } => {
                write!(f, "the image lacks {}; it has {}", platforms(wanted), one_or_none(has))
            }
            Self::Policy(objections) => f.write_str(&objection::told(objections)),
            Self::NothingSelected { among } => write!(f, "the pattern means none of the source's {among} tags"),
            Self::TooManySelected { count } => {
                write!(f, "the pattern means {count} tags, and a line may select {MOST_SELECTED}")
            }
            Self::Taken { by } => write!(f, "line {by} wants the same destination"),
        }
    }
}

impl Reason {
    /// Returns what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "Unlock the tag (`az acr repository update --write-enabled true`), or import under another tag."
            }
            Self::MoveRefused { .. } => "Import under another tag, or set `overwrite: allow`.",
            Self::NoSource { .. } => "Check registry, repository and tag.",
            Self::NothingSelected { .. } => "Check registry, repository and pattern.",
            Self::TooManySelected { .. } => "Narrow the pattern, or write `newest 10 of` before the source.",
            Self::NoPlatform { .. } => "Name platforms that the image has, or take `platforms=` out of the line.",
            Self::Taken { .. } => "Narrow a pattern, or take one of the lines out.",
            Self::DiffersFromPlan { .. } | Self::NotReviewed => {
                "Write the digest into the line, in a pull request: what the list pins is reviewed with it."
            }
            Self::Policy(_) => "Change the line, or `policy` in acr-sync.yaml, in a pull request.",
        }
    }
}

fn one_or_none(names: &[Platform]) -> String {
    if names.is_empty() { "none".to_owned() } else { platforms(names) }
}

/// Returns the platforms as one text, attestations left out.
pub fn platforms(platforms: &[Platform]) -> String {
    let names: Vec<_> = platforms.iter().filter(|platform| !platform.is_unknown()).map(Platform::to_string).collect();
    names.join(", ")
}
