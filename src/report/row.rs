//! Row: one step in words. Every form says the same of it and only dresses it differently.

use super::escape::cut;
use crate::{
    import::{Outcome, Proof},
    plan::{Action, Change, Reason, Route, Step},
    problem::{Problem, Side},
    reference::Reference,
};
use std::time::Duration;

/// A step, and how it ended if the plan was applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub step: &'a Step,
    pub outcome: Option<&'a Outcome>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Import,
    Move,
    Repair,
    Keep,
    Block,
    Unchecked,
    Failed,
    StillRunning,
    CopyStopped,
    NotStarted,
    Withheld,
}

/// How much a row wants to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Nothing happens to it.
    Quiet,
    /// The registry changes, would change, or could not be asked.
    Change,
    /// Somebody must act.
    Bad,
}

impl Kind {
    pub(super) fn weight(self) -> Weight {
        match self {
            Self::Keep => Weight::Quiet,
            Self::Import | Self::Move | Self::Repair | Self::Unchecked => Weight::Change,
            Self::Block | Self::Failed | Self::StillRunning | Self::CopyStopped | Self::NotStarted | Self::Withheld => {
                Weight::Bad
            }
        }
    }
}

impl Row<'_> {
    pub(super) fn kind(&self) -> Kind {
        match (self.outcome, &self.step.action) {
            (Some(Outcome::Kept(_)), _) | (None, Action::Keep) => Kind::Keep,
            (Some(Outcome::Blocked(_)), _) | (None, Action::Block(_)) => Kind::Block,
            (Some(Outcome::Failed(_)), _) => Kind::Failed,
            (Some(Outcome::StillRunning), _) => Kind::StillRunning,
            (Some(Outcome::CopyStopped), _) => Kind::CopyStopped,
            (Some(Outcome::NotStarted), _) => Kind::NotStarted,
            (Some(Outcome::Withheld), _) => Kind::Withheld,
            (Some(Outcome::Imported { .. }) | None, Action::Move { .. }) => Kind::Move,
            (Some(Outcome::Imported { .. }) | None, Action::Repair(_)) => Kind::Repair,
            (None, Action::Unchecked(_)) => Kind::Unchecked,
            (Some(Outcome::Imported { .. }), _) | (None, Action::Import) => Kind::Import,
        }
    }

    /// Returns the action in a word, in the past tense when it is past.
    pub(super) fn word(&self) -> &'static str {
        match (self.kind(), self.outcome.is_some()) {
            (Kind::Import, false) => "import",
            (Kind::Import, true) => "imported",
            (Kind::Move, false) => "move",
            (Kind::Move, true) => "moved",
            (Kind::Repair, false) => "repair",
            (Kind::Repair, true) => "repaired",
            (Kind::Keep, false) => "keep",
            (Kind::Keep, true) => "kept",
            (Kind::Block, _) => "blocked",
            (Kind::Unchecked, _) => "not checked",
            (Kind::Failed, _) => "failed",
            (Kind::StillRunning, _) => "still running",
            (Kind::CopyStopped, _) => "stopped",
            (Kind::NotStarted, _) => "not started",
            (Kind::Withheld, _) => "withheld",
        }
    }

    /// Returns why, as a fragment. It can hold foreign text.
    pub(super) fn reason(&self) -> String {
        match self.outcome {
            Some(Outcome::Imported { proof, .. }) => self.proof(proof),
            Some(Outcome::Blocked(reason)) => reason.to_string(),
            Some(Outcome::Failed(problem)) => blame(problem),
            Some(Outcome::StillRunning) => "the run was stopped and Azure goes on copying".to_owned(),
            Some(Outcome::CopyStopped) => {
                "the run was stopped while this runner copied; the tag is set last and holds what it held, or the whole image"
                    .to_owned()
            }
            Some(Outcome::NotStarted) => "the run was stopped before".to_owned(),
            Some(Outcome::Withheld) => "nothing is written while the list has errors".to_owned(),
            Some(Outcome::Kept(Proof::Verified)) => "has this digest already".to_owned(),
            Some(Outcome::Kept(Proof::Accepted(why))) => why.what.clone(),
            None => self.planned_reason(),
        }
    }

    fn planned_reason(&self) -> String {
        match (&self.step.action, &self.step.change) {
            (Action::Keep, _) => "has this digest already".to_owned(),
            (Action::Move { from }, Change::Updated(was)) => {
                format!("the tag holds {} now; the line's source was `{}`", from.short(), name(was))
            }
            (Action::Move { from }, Change::Added | Change::Listed) => format!("the tag holds {} now", from.short()),
            (Action::Repair(problem), _) => problem.what.clone(),
            (Action::Block(reason), _) => reason.to_string(),
            (Action::Unchecked(problem), _) => blame(problem),
            (Action::Import, Change::Added) => "new".to_owned(),
            (Action::Import, Change::Updated(was)) => {
                format!("no such tag yet; the line's source was `{}`", name(was))
            }
            (Action::Import, Change::Listed) => "missing in the registry".to_owned(),
        }
    }

    fn proof(&self, proof: &Proof) -> String {
        let before = match &self.step.action {
            Action::Move { from } => format!("the tag held {} before; ", from.short()),
            Action::Repair(problem) => format!("{}; ", problem.what),
            Action::Import | Action::Keep | Action::Block(_) | Action::Unchecked(_) => String::new(),
        };
        match proof {
            Proof::Verified => format!("{before}verified"),
            Proof::Accepted(why) => format!("{before}accepted by Azure, not verified: {}", why.what),
        }
    }

    /// Returns what to do next, as a sentence.
    pub(super) fn hint(&self) -> Option<&str> {
        match (self.outcome, &self.step.action) {
            (Some(Outcome::Blocked(reason)), _) | (None, Action::Block(reason)) => Some(reason.hint()),
            (Some(Outcome::Failed(problem)), _) | (None, Action::Unchecked(problem)) => problem.hint.as_deref(),
            (
                Some(
                    Outcome::Imported { proof: Proof::Accepted(problem), .. } | Outcome::Kept(Proof::Accepted(problem)),
                ),
                _,
            ) => problem.hint.as_deref(),
            (Some(Outcome::StillRunning | Outcome::CopyStopped | Outcome::NotStarted), _) => {
                Some("Run again; nothing is done twice.")
            }
            (Some(Outcome::Withheld), _) => Some("Mend the lines that cannot be read."),
            (Some(Outcome::Kept(Proof::Verified) | Outcome::Imported { proof: Proof::Verified, .. }), _)
            | (None, Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_)) => None,
        }
    }

    /// Returns what keeps the step from ending well, with who can mend it.
    pub(super) fn problem(&self) -> Option<Problem> {
        match (self.outcome, &self.step.action) {
            (Some(Outcome::Blocked(reason)), _) | (None, Action::Block(reason)) => {
                Some(Problem::new(side(reason), reason.to_string()).hint(reason.hint()))
            }
            (
                Some(
                    Outcome::Failed(problem)
                    | Outcome::Imported { proof: Proof::Accepted(problem), .. }
                    | Outcome::Kept(Proof::Accepted(problem)),
                ),
                _,
            )
            | (None, Action::Unchecked(problem)) => Some(problem.clone()),
            (
                Some(
                    Outcome::Kept(Proof::Verified)
                    | Outcome::Imported { proof: Proof::Verified, .. }
                    | Outcome::StillRunning
                    | Outcome::CopyStopped
                    | Outcome::NotStarted
                    | Outcome::Withheld,
                ),
                _,
            )
            | (None, Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_)) => None,
        }
    }

    /// Returns why nothing is done, where something stands in the way.
    pub(super) fn blocked(&self) -> Option<&Reason> {
        match (self.outcome, &self.step.action) {
            (Some(Outcome::Blocked(reason)), _) | (None, Action::Block(reason)) => Some(reason),
            (Some(_), _)
            | (None, Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_) | Action::Unchecked(_)) => {
                None
            }
        }
    }

    /// Returns how long the import took.
    pub(super) fn took(&self) -> Option<Duration> {
        self.outcome.and_then(Outcome::imported).map(|(ended, _)| ended.took)
    }

    /// Returns the way the image takes, where it takes one and it is not the usual one.
    pub(super) fn detour(&self) -> Option<String> {
        let mirror = self.step.by_mirror().map(|mirror| format!("by mirror {mirror}"));
        let direct = self.route_reason().map(|why| format!("direct copy: {why}"));
        [mirror, direct].into_iter().flatten().reduce(|mirror, direct| format!("{mirror}; {direct}"))
    }

    /// Returns why this runner copies the image or copied it.
    pub(super) fn route_reason(&self) -> Option<String> {
        let instead = self.outcome.and_then(Outcome::imported).and_then(|(ended, _)| ended.instead.as_ref());
        match (self.step.route, instead) {
            (_, Some(problem)) => Some(format!("Azure's import failed: {}", problem.what)),
            (Route::Direct(why), None) => Some(why.to_string()),
            (Route::ServerSide, None) => None,
        }
    }

    /// Returns the source as it is shown: a tag stands for its digest, which has a place of its own.
    pub(super) fn source(&self) -> String {
        name(&self.step.source)
    }
}

/// Returns an image's name without the digest's length: `registry/repository:tag`, or with twelve digits of it.
pub(super) fn name(image: &Reference) -> String {
    let path = format!("{}/{}", image.registry(), image.repository());
    match (image.tag(), image.digest()) {
        (Some(tag), _) => format!("{path}:{tag}"),
        (None, Some(digest)) => format!("{path}@sha256:{}…", digest.short()),
        (None, None) => path,
    }
}

/// Returns bytes as people say them, in the powers of ten that registries and clouds count in.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be written as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// Returns a time as people say it.
pub(super) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

/// Cuts a text, but for the names of the request that failed: they are what support asks for, and stand at its end.
pub(super) fn cut_to(text: &str, longest: usize, problem: Option<&Problem>) -> String {
    let ids = problem.map(|problem| problem.ids.to_string()).unwrap_or_default();
    if ids.is_empty() {
        return cut(text, longest);
    }
    let rest = text.replace(&ids, "");
    cut(&rest, longest.saturating_sub(ids.chars().count())) + &ids
}

pub(super) fn blame(problem: &Problem) -> String {
    format!("{}: {}", problem.side, problem.what)
}

fn side(reason: &Reason) -> Side {
    match reason {
        Reason::Locked { .. } => Side::Target,
        Reason::MoveRefused { .. } => Side::Settings,
        Reason::NoSource { .. }
        | Reason::DiffersFromPlan { .. }
        | Reason::NotReviewed
        | Reason::Policy(_)
        | Reason::NothingSelected { .. }
        | Reason::TooManySelected { .. }
        | Reason::Taken { .. }
        | Reason::NoPlatform { .. } => Side::List,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_951, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (112_400_000, "112 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(4_240)), "4.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn a_name_keeps_its_tag_or_the_start_of_its_digest() {
        let digest = "sha256:2d8b1a1f5e6ee0f4d14bd6a5b0f4ac7b4d5a1b1d7ee3a5e0c1a2b3c4d5e6f708";
        assert_eq!(name(&format!("nginx:1.27@{digest}").parse().unwrap()), "docker.io/library/nginx:1.27");
        assert_eq!(name(&format!("quay.io/a/b@{digest}").parse().unwrap()), "quay.io/a/b@sha256:2d8b1a1f5e6e…");
    }
}
