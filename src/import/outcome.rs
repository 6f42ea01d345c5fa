//! Outcome: how a step ended. There is one for every step.

use crate::{plan::Reason, problem::Problem};
use std::time::{Duration, SystemTime};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The destination was there already, with this digest; or, where it could not be read, with any.
    Kept(Proof),
    /// The image was imported.
    Imported {
        /// What it took.
        ended: Ended,
        /// What proves it.
        proof: Proof,
    },
    /// The plan blocked it.
    Blocked(Reason),
    /// It went wrong.
    Failed(Problem),
    /// The run was stopped while Azure copies; Azure goes on, the next run looks again.
    StillRunning,
    /// The run was stopped while this runner copied. The tag is set last: it holds what it held, or the whole image.
    CopyStopped,
    /// The run was stopped before this step began.
    NotStarted,
    /// The list has errors, so nothing is written.
    Withheld,
}

/// What an import took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// From the first request to the image being there.
    pub took: Duration,
    /// How often the import was asked for.
    pub attempts: u32,
    /// Why this runner copied the image where the plan let Azure import it.
    pub instead: Option<Problem>,
}

/// When an import ran, however it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it had its place among those that run at once.
    pub began: SystemTime,
    /// Until its outcome was known.
    pub took: Duration,
}

/// What speaks for an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The registry serves the planned digest, and every child and blob of it.
    Verified,
    /// Azure accepted it; the registry could not be asked.
    Accepted(Problem),
}

impl Outcome {
    /// Returns whether the step is as it should be.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Kept(_) | Self::Imported { .. } => true,
            Self::Blocked(_)
            | Self::Failed(_)
            | Self::StillRunning
            | Self::CopyStopped
            | Self::NotStarted
            | Self::Withheld => false,
        }
    }

    /// Returns what the import took and what proves it, where there was one.
    pub fn imported(&self) -> Option<(&Ended, &Proof)> {
        match self {
            Self::Imported { ended, proof } => Some((ended, proof)),
            Self::Kept(_)
            | Self::Blocked(_)
            | Self::Failed(_)
            | Self::StillRunning
            | Self::CopyStopped
            | Self::NotStarted
            | Self::Withheld => None,
        }
    }
}
