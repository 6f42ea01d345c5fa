//! Unknown: what a choice leans on and nobody has asked yet. Pure.
//!
//! A choice is made on what is known; each answer can only make more stay. So the registry is asked about what would go and
//! has room in the plan, and about nothing that stays anyway: never is a repository of a hundred thousand read whole.

use super::{Choice, Kind, Known, Question, decide::companions, needs};

/// What is asked next, by the places of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Nothing: the choice stands.
    Nothing,
    /// What these name.
    Names(Vec<u32>),
    /// Who refers to these.
    Referrers(Vec<u32>),
}

/// Returns what must be known before a choice stands.
pub(super) fn unknown(question: &Question<'_>, choice: &Choice) -> Unknown {
    let content = question.content;
    let is_refused = choice.excess.is_some_and(|excess| excess.is_tags);
    let is_counted = choice.excess.is_some_and(|excess| !excess.is_tags);
    if is_refused || (choice.manifests.is_empty() && !is_counted) {
        return Unknown::Nothing;
    }
    // Any manifest can be a child of any index.
    let first = unread(question, |_, kind| content.is_silent || matches!(kind, Kind::Index | Kind::Unknown));
    if !first.is_empty() {
        return Unknown::Names(first);
    }
    if is_counted {
        // Too much goes by what is known: artifacts that go with their images only are many, and stay with them.
        let goes = |place: u32| !choice.kept[place as usize];
        let counted = unread(question, |place, kind| kind == Kind::Artifact || goes(place));
        return if counted.is_empty() { Unknown::Nothing } else { Unknown::Names(counted) };
    }
    let companions: Vec<_> = companions(content).into_iter().map(|(_, link)| link).collect();
    let mut listed = vec![false; content.manifests.len()];
    choice.manifests.iter().for_each(|going| listed[going.manifest as usize] = true);
    let judges = needs::judges(content, &companions, &choice.kept, listed);
    let named = unread(question, |place, _| judges[place as usize]);
    if !named.is_empty() {
        return Unknown::Names(named);
    }
    let manifests = (0_u32..).zip(&content.manifests);
    let asked = manifests.filter(|(place, it)| judges[*place as usize] && it.known < Known::Referrers);
    let asked: Vec<_> = asked.map(|(place, _)| place).collect();
    if asked.is_empty() || content.is_silent { Unknown::Nothing } else { Unknown::Referrers(asked) }
}

fn unread(question: &Question<'_>, is_meant: impl Fn(u32, Kind) -> bool) -> Vec<u32> {
    let manifests = (0_u32..).zip(&question.content.manifests);
    let meant = manifests.filter(|(place, it)| it.known == Known::Listed && is_meant(*place, it.kind));
    meant.map(|(place, _)| place).collect()
}
