//! Note: what a reviewer should know of a step besides what is done.

use super::{Companion, Objection, Subset, objection, one_or_none};
use crate::{problem::Problem, reference::Digest};
use std::fmt;

/// Something a reviewer should know of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The line has tag and digest, and the tag stands for something else by now.
    TagMoved {
        /// What the tag stands for now, if it still exists.
        now: Option<Digest>,
    },
    /// The source's mirror is the registry that the images go to.
    MirrorIsTarget,
    /// The line has neither tag nor digest.
    ImpliedLatest,
    /// The source grants few pulls more, so sizes were not asked.
    FewPullsLeft(u32),
    /// The source could not be asked; what the line pins is imported.
    SourceUnread(Problem),
    /// The image's parts could not be read.
    PartsUnknown(Problem),
    /// The source has moved since the review.
    DiffersFromPlan {
        /// What the reviewers were shown.
        planned: Digest,
    },
    /// The policy objects to what is there already.
    Policy(Vec<Objection>),
    /// Who has signed the image.
    Signed(String),
    /// The image lacks a signature that it should have.
    Unsigned(String),
    /// The image's signatures could not be read.
    SignaturesUnknown(String),
    /// A scanner's report names the image by its tag alone.
    ReportByTag(String),
    /// No scanner's report is about the image; with the reports that might have been.
    NoReport(Vec<String>),
    /// A scanner's report cannot be used; not this line's own.
    ReportUnreadable(String),
    /// A vulnerability counts again.
    IgnoredNoMore {
        /// Which.
        id: String,
        /// The last day on which it did not.
        until: String,
    },
    /// What refers to the image could not be found out, so that nothing travels along.
    ReferrersUnknown(Problem),
    /// A tag that refers to the image holds something else at the destination, and stays.
    CompanionStays {
        /// The tag.
        tag: String,
        /// What it holds.
        holds: Digest,
    },
    /// What refers to the image and travels along.
    TravelsAlong(Vec<Companion>),
    /// Only some platforms of the image are copied.
    Subset(Subset),
    /// The image is a Helm chart with this version.
    Chart(String),
}

impl Note {
    /// Returns whether it says that all is as it should be: nobody needs to look.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Signed(_))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TagMoved { now: Some(now) } => {
                write!(f, "the source's tag stands for {} by now; the digest of the line is imported", now.short())
            }
            Self::TagMoved { now: None } => {
                f.write_str("the source's tag does not exist any more; the digest of the line is imported")
            }
            Self::ReferrersUnknown(problem) => write!(f, "what refers to the image is not known: {}", problem.what),
            Self::TravelsAlong(companions) => {
                let names: Vec<_> = companions.iter().map(Companion::to_string).collect();
                write!(f, "travels along: {}", names.join(", "))
            }
            Self::CompanionStays { tag, holds } => {
                write!(f, "`{tag}` holds {} at the destination and stays: the source's is not brought", holds.short())
            }
            Self::Signed(signer) => write!(f, "signed by {signer}"),
            Self::Unsigned(what) => f.write_str(what),
            Self::SignaturesUnknown(why) => write!(f, "the image's signatures are not known: {why}"),
            Self::ReportByTag(file) => {
                write!(f, "the report `{file}` names only the tag: it may be about what the tag stood for before")
            }
            Self::NoReport(why) if why.is_empty() => f.write_str("no scanner's report is about the image"),
            Self::NoReport(why) => write!(f, "no scanner's report is about the image: {}", why.join("; ")),
            Self::ReportUnreadable(what) => f.write_str(what),
            Self::IgnoredNoMore { id, until } => write!(f, "`{id}` was ignored until {until} and counts again"),
            Self::Subset(subset) => {
                let (of, left_out) = (subset.of.short(), one_or_none(&subset.left_out));
                write!(f, "a new index of some platforms of {of}; left out: {left_out}")
            }
            Self::Chart(version) => write!(f, "a Helm chart, version {version}"),
            Self::MirrorIsTarget => {
                f.write_str("the mirror is the registry that the image goes to: nothing comes in from outside")
            }
            Self::ImpliedLatest => f.write_str("no tag and no digest: `latest` is meant"),
            Self::FewPullsLeft(left) => write!(f, "the source grants {left} more pulls: sizes were not asked"),
            Self::SourceUnread(problem) => {
                write!(f, "the source was not read, the digest of the line is imported: {}", problem.what)
            }
            Self::PartsUnknown(problem) => write!(f, "platforms and sizes are not known: {}", problem.what),
            Self::DiffersFromPlan { planned } => {
                write!(f, "differs from the plan: the source has moved, the reviewed digest was {}", planned.short())
            }
            Self::Policy(objections) => write!(f, "{}; what is there stays", objection::told(objections)),
        }
    }
}
