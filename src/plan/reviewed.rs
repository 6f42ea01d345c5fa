//! Reviewed: what the people who approved a change were shown, and whether it is what would be imported now.

use super::{Action, Note, Plan, Reason};
use crate::reference::Digest;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::ParseIntError,
    str::FromStr,
};

/// The digest that each destination was to get, and what was to be taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviewed {
    digests: BTreeMap<String, Digest>,
    removals: BTreeSet<Mark>,
}

/// What tells one removal from every other: 64 bits of a hash, so that thousands fit into a comment. Two of ten
/// thousand share one with a probability of one to 10¹¹.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub u64);

impl fmt::Display for Mark {
    /// Writes 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Mark {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Mark {
    /// Makes the mark of a removal from all that it depends on: kind, registry, repository, name and digest.
    pub fn of(removal: &str) -> Self {
        Self(Digest::of(removal.as_bytes()).prefix())
    }
}

/// Whether what nobody reviewed is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreviewed {
    /// It is, with a note where the plan was another.
    Import,
    /// It is not (`require-reviewed`).
    Refuse,
}

impl Reviewed {
    /// Takes digests by `repository:tag`.
    pub fn of(digests: impl IntoIterator<Item = (String, Digest)>) -> Self {
        Self { digests: digests.into_iter().collect(), ..Self::default() }
    }

    /// Adds removals.
    #[must_use]
    pub fn with_removals(self, removals: impl IntoIterator<Item = Mark>) -> Self {
        Self { removals: removals.into_iter().collect(), ..self }
    }

    /// Returns what a plan shows.
    pub fn in_plan(plan: &Plan) -> Self {
        let steps = plan.steps.iter().filter(|step| !matches!(step.action, Action::Block(_)));
        Self::of(steps.filter_map(|step| Some((step.destination.name().to_owned(), step.digest?))))
    }

    /// Takes in what a later review was shown.
    pub fn extend(&mut self, later: Self) {
        self.digests.extend(later.digests);
        self.removals.extend(later.removals);
    }

    /// Returns whether the reviewers were shown a removal.
    pub fn lists(&self, removal: Mark) -> bool {
        self.removals.contains(&removal)
    }

    /// Returns each removal.
    pub fn removals(&self) -> impl Iterator<Item = Mark> {
        self.removals.iter().copied()
    }

    /// Returns each destination with its digest.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.digests.iter().map(|(destination, digest)| (destination.as_str(), *digest))
    }
}

/// Compares a plan with what was reviewed. A line that names its digest is reviewed with the list itself.
pub fn compare(plan: &mut Plan, reviewed: Option<&Reviewed>, unreviewed: Unreviewed) {
    for step in &mut plan.steps {
        let is_written = step.may_be_written();
        // What is neither written nor there is compared with nothing.
        if step.source.digest().is_some() || !(is_written || step.action == Action::Keep) {
            continue;
        }
        let planned = reviewed.and_then(|reviewed| reviewed.digests.get(step.destination.name()).copied());
        match (planned, unreviewed) {
            (Some(planned), _) if step.digest == Some(planned) => {}
            (Some(planned), Unreviewed::Refuse) if is_written => {
                step.action = Action::Block(Reason::DiffersFromPlan { planned });
            }
            (Some(planned), _) => step.notes.push(Note::DiffersFromPlan { planned }),
            (None, Unreviewed::Refuse) if is_written => step.action = Action::Block(Reason::NotReviewed),
            (None, Unreviewed::Import | Unreviewed::Refuse) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        images,
        plan::{Change, Route, Step},
        problem::{Problem, Side},
    };

    fn plan(line: &str, action: Action) -> Plan {
        let entry = images::parse(line.as_bytes(), None).list.entries()[0].clone();
        let digest = entry.source.digest().unwrap_or_else(|| Digest::of(b"now"));
        let step = Step {
            line: entry.line,
            source: entry.source,
            mirror: None,
            destination: entry.destination,
            options: entry.options,
            change: Change::Added,
            digest: Some(digest),
            subset: None,
            image: None,
            action,
            route: Route::ServerSide,
            companions: Vec::new(),
            notes: Vec::new(),
        };
        Plan { steps: vec![step], ..Plan::default() }
    }

    #[test]
    fn a_line_is_what_was_reviewed_or_says_so_or_is_refused() {
        let (now, then) = (Digest::of(b"now"), Digest::of(b"then"));
        let pinned = format!("quay.io/a/b:1@{then} => b");
        let differs = Action::Block(Reason::DiffersFromPlan { planned: then });
        let note = Some(Note::DiffersFromPlan { planned: then });
        let unchecked = || Action::Unchecked(Problem::new(Side::Network, "closed"));
        for (line, action, reviewed, unreviewed, expected, noted) in [
            ("quay.io/a/b:1 => b", unchecked(), Some(then), Unreviewed::Refuse, differs.clone(), None),
            ("quay.io/a/b:1 => b", unchecked(), None, Unreviewed::Refuse, Action::Block(Reason::NotReviewed), None),
            ("quay.io/a/b:1 => b", Action::Import, Some(now), Unreviewed::Refuse, Action::Import, None),
            ("quay.io/a/b:1 => b", Action::Import, Some(then), Unreviewed::Import, Action::Import, note.clone()),
            ("quay.io/a/b:1 => b", Action::Import, Some(then), Unreviewed::Refuse, differs, None),
            ("quay.io/a/b:1 => b", Action::Keep, Some(then), Unreviewed::Refuse, Action::Keep, note),
            ("quay.io/a/b:1 => b", Action::Import, None, Unreviewed::Import, Action::Import, None),
            ("quay.io/a/b:1 => b", Action::Import, None, Unreviewed::Refuse, Action::Block(Reason::NotReviewed), None),
            ("quay.io/a/b:1 => b", Action::Keep, None, Unreviewed::Refuse, Action::Keep, None),
            (&pinned, Action::Import, None, Unreviewed::Refuse, Action::Import, None),
        ] {
            let mut plan = plan(line, action);
            let reviewed = reviewed.map(|digest| Reviewed::of([("b:1".to_owned(), digest)]));
            compare(&mut plan, reviewed.as_ref(), unreviewed);
            let step = &plan.steps[0];
            assert_eq!((&step.action, step.notes.first()), (&expected, noted.as_ref()), "{line} {reviewed:?}");
        }
    }

    #[test]
    fn what_is_not_imported_is_not_compared() {
        let mut plan = plan("quay.io/a/b:1 => b", Action::Unchecked(Problem::new(Side::Network, "closed")));
        plan.steps[0].digest = None;
        let reviewed = Reviewed::of([("b:1".to_owned(), Digest::of(b"then"))]);
        compare(&mut plan, Some(&reviewed), Unreviewed::Refuse);
        let step = &plan.steps[0];
        assert!(
            matches!(step.action, Action::Unchecked(_)) && step.notes.is_empty(),
            "nobody knows whether it differs"
        );
    }
}
