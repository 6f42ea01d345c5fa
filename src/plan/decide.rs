//! Decides what to do for each line, from facts the survey gathered.
//!
//! Asks nobody anything: given the same facts it makes the same plan.

use super::{
    Action, Reason,
    facts::{DestinationFact, Fact, SourceFact},
};
use crate::reference::Digest;

/// Whether a tag that holds something else may be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// A reviewed line may move its tag.
    Allow,
    /// Tags are immutable.
    Refuse,
}

/// Decides from source and destination; `pinned` is the digest that the line itself names.
pub(super) fn action(
    source: &Fact<SourceFact>,
    destination: &Fact<DestinationFact>,
    pinned: Option<Digest>,
    overwrite: Overwrite,
) -> Action {
    let digest = match source {
        Fact::Known(source) => source.digest,
        Fact::Absent => return Action::Block(Reason::NoSource { nearest: Vec::new() }),
        Fact::Unknown(problem) => match (pinned, destination) {
            // The line itself names the digest, and what the tag holds is known: the source need not be asked.
            (Some(pinned), Fact::Known(_)) => pinned,
            _ => return Action::Unchecked(problem.clone()),
        },
    };
    match destination {
        Fact::Absent => Action::Import,
        Fact::Unknown(problem) => Action::Unchecked(problem.clone()),
        Fact::Known(there) if there.digest == digest => Action::Keep,
        Fact::Known(there) if !there.is_writable => Action::Block(Reason::Locked { from: there.digest }),
        Fact::Known(there) => match overwrite {
            Overwrite::Allow => Action::Move { from: there.digest },
            Overwrite::Refuse => Action::Block(Reason::MoveRefused { from: there.digest }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Problem, Side};

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn source(text: &str) -> Fact<SourceFact> {
        Fact::Known(SourceFact { digest: digest(text), pulls_left: None })
    }

    fn there(text: &str, is_writable: bool) -> Fact<DestinationFact> {
        Fact::Known(DestinationFact { digest: digest(text), is_writable })
    }

    fn unknown<T>() -> Fact<T> {
        Fact::Unknown(Problem::new(Side::Network, "closed"))
    }

    #[test]
    fn facts_lead_to_one_action() {
        let (new, old) = (digest("new"), digest("old"));
        let (allow, refuse) = (Overwrite::Allow, Overwrite::Refuse);
        for (facts, overwrite, expected) in [
            ((source("new"), Fact::Absent), refuse, Action::Import),
            ((source("new"), there("new", true)), refuse, Action::Keep),
            ((source("new"), there("new", false)), allow, Action::Keep),
            ((source("new"), there("old", true)), allow, Action::Move { from: old }),
            ((source("new"), there("old", true)), refuse, Action::Block(Reason::MoveRefused { from: old })),
            ((source("new"), there("old", false)), allow, Action::Block(Reason::Locked { from: old })),
            ((Fact::Absent, there("old", true)), allow, Action::Block(Reason::NoSource { nearest: vec![] })),
        ] {
            assert_eq!(action(&facts.0, &facts.1, None, overwrite), expected, "{facts:?}");
        }
        assert!(matches!(action(&unknown(), &there("new", true), None, allow), Action::Unchecked(_)));
        assert!(matches!(action(&source("new"), &unknown(), None, allow), Action::Unchecked(_)));
        assert_eq!(action(&unknown(), &there("new", true), Some(new), allow), Action::Keep);
        for (destination, overwrite, expected) in [
            (there("old", true), allow, Action::Move { from: old }),
            (there("old", true), refuse, Action::Block(Reason::MoveRefused { from: old })),
            (there("old", false), allow, Action::Block(Reason::Locked { from: old })),
        ] {
            assert_eq!(action(&unknown(), &destination, Some(new), overwrite), expected, "{destination:?}");
        }
        for destination in [Fact::Absent, unknown()] {
            assert!(matches!(action(&unknown(), &destination, Some(new), allow), Action::Unchecked(_)));
        }
    }
}
