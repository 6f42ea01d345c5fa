//! Decide: what goes from one repository. Pure: the same content, rules and time give the same choice.

use super::{Age, Content, Kind, Link, Relation, Rule, Share, Time, listing, needs, subject_of, told::SHOWN};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

/// A time, in seconds since 1970.
pub type Moment = i64;

/// A manifest that is younger never goes: a push writes platforms before the index that names them, and signatures beside.
const SETTLED: Age = Age::seconds(3_600);
/// How far two clocks may differ before somebody should know.
const SKEW: i64 = 60;

/// What a repository holds, and what is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What it holds.
    pub content: &'a Content,
    /// The rules that are about it.
    pub rules: &'a [&'a Rule],
    /// The tags that the list brings in.
    pub listed: &'a BTreeSet<String>,
    /// The present.
    pub now: Moment,
    /// How many removals there is room for.
    pub room: usize,
}

/// What goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The tags, the oldest first.
    pub tags: Vec<Leaving>,
    /// The manifests that there is room for beside the tags, in the order in which they go.
    pub manifests: Vec<Going>,
    /// How many more would go, by what is known.
    pub more: usize,
    /// Of each manifest, whether it stays.
    pub kept: Vec<bool>,
    /// How many tags and manifests are from the future by this clock: they stay.
    pub future: usize,
    /// Where more goes than the rules allow by one plan: how many of how many, and what is allowed.
    pub excess: Option<Excess>,
}

/// More goes than the strictest rule among those that take something allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// Whether it is the tags, and not the manifests.
    pub is_tags: bool,
    /// How many would go.
    pub going: usize,
    /// How many there are.
    pub all: usize,
    /// What is allowed.
    pub share: Share,
}

/// A tag that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// Its place among the tags.
    pub tag: u32,
    /// The place of the rule that takes it.
    pub rule: u8,
}

/// A manifest that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// Its place among the manifests.
    pub manifest: u32,
    /// Its place in the order: what has a lower one goes first.
    pub level: u8,
    /// The places of the tags that go with it, because they belong to an image that goes.
    pub companions: Vec<u32>,
    /// The places of the manifests that must be gone before.
    pub after: Vec<u32>,
}

/// Decides what goes.
pub fn decide(question: &Question<'_>) -> Choice {
    let Question { content, rules, .. } = *question;
    let taken = tags(question);
    let stays = own_reasons(question, &taken);
    let companions = companions(content);
    let links: Vec<_> = companions.iter().map(|(_, link)| *link).collect();
    let kept = needs::kept(content, &links, stays);
    let leaving = (0_u32..).zip(taken).filter_map(|(tag, rule)| Some(Leaving { tag, rule: rule? }));
    let mut tags: Vec<_> = leaving.collect();
    tags.sort_by_key(|it| content.tags[it.tag as usize].updated);
    let is_future = |updated: Time| updated.is_some_and(|updated| updated.get() > question.now + SKEW);
    let future = content.tags.iter().filter(|it| is_future(it.updated)).count()
        + content.manifests.iter().filter(|it| is_future(it.updated)).count();
    let all = kept.iter().filter(|is_kept| !**is_kept).count();
    let excess = excess(content, rules, &tags, all);
    let room = if excess.is_some() { SHOWN } else { question.room.saturating_sub(tags.len()) };
    let manifests = listing::listed(content, &companions, &kept, room);
    Choice { tags, more: all - manifests.len(), manifests, kept, future, excess }
}

/// Returns, for each manifest, whether something of its own makes it stay; what stays because of others is not known yet.
fn own_reasons(question: &Question<'_>, leaving: &[Option<u8>]) -> Vec<bool> {
    let Question { content, rules, now, listed, .. } = *question;
    let untagged = rules.iter().filter(|rule| rule.untagged).filter_map(|rule| rule.older_than).min();
    let Some(age) = untagged else { return vec![true; content.manifests.len()] };
    let age = age.max(SETTLED);
    let (mut known, mut staying) = (vec![0_u32; content.manifests.len()], vec![false; content.manifests.len()]);
    for (tag, leaves) in content.tags.iter().zip(leaving) {
        let Some(place) = content.place(tag.digest) else { continue };
        known[place as usize] += 1;
        // A companion goes with its image when both are old, and not by itself; one whose image is elsewhere stays.
        let belongs = subject_of(&tag.name).is_some_and(|subject| content.place(subject).is_some());
        let goes = leaves.is_some() || (belongs && is_older(tag.updated, age, now));
        staying[place as usize] |= tag.is_locked || listed.contains(&*tag.name) || !goes;
    }
    let own = content.manifests.iter().zip(known.iter().zip(staying)).map(|(it, (known, has_tag))| {
        let is_hidden = it.tags > *known;
        has_tag
            || is_hidden
            || it.is_locked
            || it.is_stray
            || it.kind == Kind::Unknown
            || !is_older(it.updated, age, now)
    });
    own.collect()
}

/// Returns, for each tag, the rule that takes it.
fn tags(question: &Question<'_>) -> Vec<Option<u8>> {
    let Question { content, rules, listed, now, .. } = *question;
    let mut held = vec![false; content.tags.len()];
    for rule in rules.iter().filter(|rule| rule.keep > 0) {
        let mut newest = BinaryHeap::new();
        for (place, tag) in content.tags.iter().enumerate().filter(|(_, tag)| is_meant(rule, &tag.name)) {
            newest.push(Reverse((tag.updated, &tag.name, place)));
            if newest.len() > rule.keep {
                newest.pop();
            }
        }
        newest.iter().for_each(|Reverse((_, _, place))| held[*place] = true);
    }
    let takes = |(place, tag): (usize, &super::Tag)| {
        if held[place] || tag.is_locked || listed.contains(&*tag.name) {
            return None;
        }
        let age = |rule: &Rule| rule.older_than.unwrap_or(Age::seconds(0));
        (0_u8..).zip(rules).find(|(_, rule)| is_meant(rule, &tag.name) && is_older(tag.updated, age(rule), now))
    };
    content.tags.iter().enumerate().map(|tag| takes(tag).map(|(rule, _)| rule)).collect()
}

/// What belongs to an image is nobody's to select: it goes with its image.
fn is_meant(rule: &Rule, tag: &str) -> bool {
    subject_of(tag).is_none() && rule.means(tag)
}

/// What has no time, and what is from the future, is not old.
fn is_older(updated: Time, age: Age, now: Moment) -> bool {
    let Some(passed) = updated.and_then(|updated| now.checked_sub(updated.get())) else { return false };
    u64::try_from(passed).is_ok_and(|passed| passed >= age.as_seconds())
}

/// Returns the tags that belong to an image which is there, and what ties what they stand for to it.
pub(super) fn companions(content: &Content) -> Vec<(u32, Link)> {
    let mut found = Vec::new();
    for (place, tag) in (0_u32..).zip(&content.tags) {
        let Some(to) = subject_of(&tag.name).and_then(|subject| content.place(subject)) else { continue };
        let Some(from) = content.place(tag.digest) else { continue };
        found.push((place, Link { from, to, relation: Relation::Subject }));
    }
    found
}

fn excess(content: &Content, rules: &[&Rule], tags: &[Leaving], manifests: usize) -> Option<Excess> {
    let by: BTreeSet<_> = tags.iter().map(|leaving| leaving.rule).collect();
    let strictest =
        |rules: &mut dyn Iterator<Item = &Rule>| rules.filter(|rule| !rule.confirm).map(|rule| rule.share).min();
    let of_tags = strictest(&mut by.iter().map(|place| rules[usize::from(*place)]));
    let of_manifests = strictest(&mut rules.iter().copied().filter(|rule| rule.untagged));
    let all =
        [(true, of_tags, tags.len(), content.tags.len()), (false, of_manifests, manifests, content.manifests.len())];
    all.into_iter().find_map(|(is_tags, share, going, all)| {
        let share = share.filter(|share| share.is_exceeded(going, all))?;
        Some(Excess { is_tags, going, all, share })
    })
}
