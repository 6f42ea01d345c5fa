//! Remark: what was found out about one cluster and the registry.

use crate::problem::{Problem, Side};
use std::fmt;

pub use crate::problem::Grade;

/// One thing that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The name of the cluster. Can hold foreign text.
    pub cluster: String,
    /// What it is about.
    pub topic: Topic,
    /// How it stands.
    pub grade: Grade,
    /// What was found, and in its hint who mends it and how, with the command where there is one.
    pub problem: Problem,
}

/// What a remark is about, in the order in which a pull comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The cluster itself.
    Cluster,
    /// Whether it may pull.
    Right,
    /// Whether it reaches the registry.
    Network,
    /// Whether what it pulls is there.
    Image,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cluster => "the cluster",
            Self::Right => "the right to pull",
            Self::Network => "the network",
            Self::Image => "the images",
        })
    }
}

/// What a judgement says, before it is known of which cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) topic: Topic,
    pub(super) grade: Grade,
    pub(super) problem: Problem,
}

impl Judgement {
    pub(super) fn new(topic: Topic, grade: Grade, what: impl Into<String>) -> Self {
        let side = match topic {
            Topic::Network => Side::Network,
            Topic::Right | Topic::Cluster => Side::Azure,
            Topic::Image => Side::Target,
        };
        Self { topic, grade, problem: Problem::new(side, what) }
    }

    /// Says what to do next.
    #[must_use]
    pub(super) fn hint(self, hint: impl fmt::Display) -> Self {
        Self { problem: self.problem.hint(hint.to_string()), ..self }
    }

    /// Returns what could not be asked, and why.
    pub(super) fn unchecked(topic: Topic, what: &str, why: &Problem) -> Self {
        let problem = Problem { what: format!("{what} could not be asked: {}", why.what), ..why.clone() };
        Self { topic, grade: Grade::Unchecked, problem }
    }

    pub(super) fn of(self, cluster: &str) -> Remark {
        let Self { topic, grade, problem } = self;
        Remark { cluster: cluster.to_owned(), topic, grade, problem }
    }
}
