//! Told: why something goes, in words.

use super::{
    Age, Choice, Content, Going, Rule, Time,
    decide::{Excess, Moment},
    subject_of,
};
use crate::{
    problem::{Problem, Side},
    reference::Digest,
};
use std::collections::BTreeSet;

/// Names that are shown where there are many.
pub(super) const SHOWN: usize = 5;

/// Returns why a tag goes.
pub(super) fn tag(rule: &Rule, updated: Time, now: Moment) -> String {
    let mut why = format!("{} old", age(updated, now));
    if let Some(filter) = &rule.tags {
        why.push_str(&format!("; `{filter}`"));
    }
    if let Some(older) = rule.older_than {
        why.push_str(&format!(" older than {older}"));
    }
    if rule.keep > 0 {
        why.push_str(&format!(" beyond the newest {}", rule.keep));
    }
    why
}

/// Returns why a manifest goes.
pub(super) fn manifest(content: &Content, going: &Going, losing: &BTreeSet<Digest>, now: Moment) -> String {
    let it = content.at(going.manifest);
    let age = age(it.updated, now);
    let with: Vec<_> =
        going.companions.iter().map(|place| format!("`{}`", content.tags[*place as usize].name)).collect();
    match (with.is_empty(), going.after.is_empty(), losing.contains(&it.digest)) {
        (false, ..) => format!("{age} old; with its image, and the tag {}", with.join(", ")),
        (true, false, _) => format!("{age} old; no tag, and what it belongs to goes"),
        (true, true, true) => format!("{age} old; its last tag goes"),
        (true, true, false) => format!("{age} old; no tag"),
    }
}

fn age(updated: Time, now: Moment) -> Age {
    Age::seconds(updated.and_then(|updated| u64::try_from(now - updated.get()).ok()).unwrap_or_default())
}

/// Returns that more would go than the rules allow.
pub(super) fn excess(excess: &Excess, content: &Content, choice: &Choice, repository: &str) -> Problem {
    let Excess { is_tags, going, all, share } = excess;
    let what = if *is_tags { "tags" } else { "manifests" };
    let names: Vec<_> = if *is_tags {
        choice.tags.iter().take(SHOWN).map(|it| content.tags[it.tag as usize].name.to_string()).collect()
    } else {
        choice.manifests.iter().take(SHOWN).map(|it| content.at(it.manifest).digest.short()).collect()
    };
    let more = going.saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let told = format!(
        "{going} of {all} {what} of `{repository}` would go, more than {share} ({}{more}): nothing goes there",
        names.join(", ")
    );
    Problem::new(Side::Settings, told).hint("If that is meant, add `confirm: true` to the rule, or raise its `share`.")
}

/// Returns that times lie in the future.
pub(super) fn future(number: usize) -> Problem {
    let what =
        format!("{number} tags and manifests were written in the future, by this clock: they count as new and stay");
    Problem::new(Side::Target, what).hint("Compare the clock of this runner with that of the registry.")
}

/// Returns that this clock and the registry's differ.
pub(super) fn clock(seconds: u64, is_ahead: bool) -> Problem {
    let differs = Age::seconds(seconds);
    let way = if is_ahead { "ahead of" } else { "behind" };
    let what = format!("the clock of this runner is {differs} {way} the registry's: the earlier of both counts");
    Problem::new(Side::Settings, what).hint("Set the runner's clock.")
}

/// Returns that lists do not show all manifests.
pub(super) fn hidden(number: u64) -> Problem {
    let what = format!(
        "{number} manifests are hidden from lists (`listEnabled`): what they need is not known, and no manifest goes"
    );
    Problem::new(Side::Target, what)
        .hint("Show them (`az acr repository update --list-enabled true`), or leave `untagged` out.")
}

/// Returns how many tags belong to images that are not there.
pub(super) fn orphans(content: &Content) -> usize {
    let is_orphan = |name: &str| subject_of(name).is_some_and(|subject| content.place(subject).is_none());
    content.tags.iter().filter(|tag| is_orphan(&tag.name)).count()
}

/// Returns that a manifest is listed and not served: nobody can say what it needs.
pub(super) fn unreadable(digest: Digest) -> Problem {
    let what = format!(
        "the registry lists {} and does not serve it: what it needs is not known, and nothing goes",
        digest.short()
    );
    Problem::new(Side::Target, what).hint("Look at it (`az acr manifest show`); delete it by hand if it is broken.")
}

/// Returns a number of bytes as people read it.
pub fn size(bytes: u64) -> String {
    let (mut number, mut unit) = (bytes as f64 / 1024.0, "KiB");
    for larger in ["MiB", "GiB", "TiB"] {
        if number >= 1000.0 {
            (number, unit) = (number / 1024.0, larger);
        }
    }
    format!("{number:.1} {unit}")
}
