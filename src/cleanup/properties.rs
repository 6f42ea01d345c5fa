//! Properties: whatever a repository holds and whatever the rules say, nothing is lost that somebody needs.

use super::{
    Age, Choice, Content, Kind, Known, Link, Manifest, Question, Relation, Rule, Share, Tag, TagFilter, Time, decide,
    unknown::{Unknown, unknown},
};
use crate::reference::{Digest, Glob};
use proptest::prelude::*;
use std::{
    collections::{BTreeSet, VecDeque},
    num::NonZeroI64,
};

const NOW: i64 = 1_000_000_000;

/// What a registry does, written without a look at what decides.
struct Model {
    content: Content,
    tags: BTreeSet<usize>,
    manifests: BTreeSet<u32>,
}

impl Model {
    fn of(content: &Content) -> Self {
        let manifests = (0..u32::try_from(content.manifests.len()).unwrap()).collect();
        Self { content: content.clone(), tags: (0..content.tags.len()).collect(), manifests }
    }

    fn delete(&mut self, manifest: u32) {
        if !self.manifests.remove(&manifest) {
            return;
        }
        let digest = self.content.at(manifest).digest;
        self.tags.retain(|tag| self.content.tags[*tag].digest != digest);
        let links = self.content.links.clone();
        for link in links.iter().filter(|link| link.relation == Relation::Subject && link.to == manifest) {
            self.delete(link.from);
        }
    }

    fn apply(&mut self, choice: &Choice) {
        for leaving in &choice.tags {
            self.tags.remove(&(leaving.tag as usize));
        }
        for going in &choice.manifests {
            // As `doing` does: what must be gone before and is not holds it back.
            if !going.after.iter().any(|before| self.manifests.contains(before)) {
                self.delete(going.manifest);
            }
        }
    }

    /// What somebody who pulls a tag reads: its manifest and all children.
    fn reach(&self, from: u32) -> BTreeSet<u32> {
        let (mut seen, mut open) = (BTreeSet::new(), VecDeque::from([from]));
        while let Some(place) = open.pop_front() {
            if seen.insert(place) {
                let links = self.content.links.iter();
                open.extend(links.filter(|it| it.relation == Relation::Child && it.from == place).map(|it| it.to));
            }
        }
        seen
    }
}

/// Asks of a registry what a choice leans on, as a survey does; nothing goes where too much would.
fn choose(registry: &Content, question: &Question<'_>) -> Choice {
    let mut known = Content { links: Vec::new(), is_silent: false, ..registry.clone() };
    loop {
        let choice = decide(&Question { content: &known, ..*question });
        let learn = |known: &mut Content, places: Vec<u32>, level: Known, is_told: &dyn Fn(&Link, u32) -> bool| {
            for place in places {
                assert!(known.at(place).known < level, "asked twice");
                known.manifests[place as usize].known = level;
                known.links.extend(registry.links.iter().filter(|link| is_told(link, place)));
            }
            known.tidy();
        };
        match unknown(&Question { content: &known, ..*question }, &choice) {
            Unknown::Nothing if choice.excess.is_some() => return Choice::default(),
            Unknown::Nothing => return choice,
            Unknown::Names(places) => learn(&mut known, places, Known::Read, &|link, place| link.from == place),
            Unknown::Referrers(_) if registry.is_silent => known.is_silent = true,
            Unknown::Referrers(places) => learn(&mut known, places, Known::Referrers, &|link, place| {
                link.relation == Relation::Subject && link.to == place
            }),
        }
    }
}

/// So many days ago, from the day after tomorrow; none from the seventh.
fn written(days: i64) -> Time {
    NonZeroI64::new(NOW - (days - 1) * 86_400).filter(|_| days < 7)
}

fn digest(number: usize) -> Digest {
    Digest::of(&number.to_be_bytes())
}

prop_compose! {
    fn manifests()(rows in prop::collection::vec((0..8_i64, 0..10_u8, 0..10_u8), 1..14)) -> Vec<Manifest> {
        let mut manifests: Vec<_> = rows.iter().enumerate().map(|(number, (days, lock, kind))| Manifest {
            digest: digest(number),
            updated: written(*days),
            bytes: 1,
            tags: 0,
            kind: match kind { 0 => Kind::Unknown, 1..5 => Kind::Index, 5 => Kind::Plain, 6 => Kind::Artifact, _ => Kind::Image },
            is_locked: *lock == 0,
            is_stray: *lock == 1,
            known: Known::Listed,
        }).collect();
        manifests.sort_by_key(|it| it.digest);
        manifests
    }
}

prop_compose! {
    fn contents()(manifests in manifests())(
        tags in prop::collection::vec((0..manifests.len(), 0..4_u8, 0..40_u32, 0..8_i64, 0..10_u8), 0..6),
        links in prop::collection::vec((0..manifests.len(), 0..manifests.len(), any::<bool>()), 0..16),
        manifests in Just(manifests),
    ) -> Content {
        let mut manifests = manifests;
        let mut names = BTreeSet::new();
        let mut found: Vec<Tag> = Vec::new();
        for (manifest, form, number, days, lock) in tags {
            let image = manifests[number as usize % manifests.len()].digest.to_string().replace(':', "-");
            let name = match form { 0 => format!("ci-{number}"), 1 => format!("v{number}"), 2 => format!("{image}.sig"), _ => image };
            if names.insert(name.clone()) {
                manifests[manifest].tags += 1;
                found.push(Tag {
                    name: name.into(),
                    digest: manifests[manifest].digest,
                    updated: written(days),
                    is_locked: lock == 0,
                });
            }
        }
        // No digest can stand in what it is made of: links lead one way. Only indexes have children, and Docker's manifest
        // of one image leads nowhere.
        let place = |number: usize| u32::try_from(number).unwrap();
        let leads = |from: usize, is_child: bool| match manifests[from].kind {
            Kind::Index | Kind::Unknown => true,
            Kind::Image | Kind::Artifact => !is_child,
            Kind::Plain => false,
        };
        let links = links.iter().filter(|(from, to, is_child)| from > to && leads(*from, *is_child)).map(|(from, to, is_child)| Link {
            from: place(*from),
            to: place(*to),
            relation: if *is_child { Relation::Child } else { Relation::Subject },
        });
        let mut links: Vec<_> = links.collect();
        links.sort_unstable();
        links.dedup();
        Content { tags: found, manifests, links, is_silent: false }
    }
}

prop_compose! {
    fn rules()(rows in prop::collection::vec((0..4_u8, 0..5_u64, 0..4_usize, any::<bool>(), any::<bool>()), 1..4)) -> Vec<Rule> {
        rows.into_iter().map(|(tags, days, keep, untagged, confirm)| Rule {
            repositories: vec![Glob::parse("a").unwrap()],
            tags: match tags { 0 => None, 1 => TagFilter::parse("all").ok(), 2 => TagFilter::parse("^ci-").ok(), _ => TagFilter::parse("v.*").ok() },
            older_than: Some(Age::seconds(days * 86_400)),
            keep,
            untagged,
            share: if keep == 0 { Share::default() } else { Share::try_from(100).unwrap() },
            confirm,
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn clean_up_never_removes_what_a_kept_tag_needs(
        content in contents(),
        rules in rules(),
        listed in prop::collection::btree_set(0..14_usize, 0..3),
        cut in any::<prop::sample::Index>(),
        (room, is_silent) in (0..30_usize, any::<bool>()),
    ) {
        let content = Content { is_silent, ..content };
        let listed: BTreeSet<String> =
            listed.iter().filter_map(|place| content.tags.get(*place)).map(|tag| tag.name.to_string()).collect();
        let rules: Vec<_> = rules.iter().collect();
        let mut choice = choose(&content, &Question { content: &content, rules: &rules, listed: &listed, now: NOW, room });
        prop_assert!(choice.manifests.len() <= room.saturating_sub(choice.tags.len()), "more than there is room for");
        let chosen: BTreeSet<_> = choice.tags.iter().map(|it| it.tag as usize).collect();
        let with: BTreeSet<_> = choice.manifests.iter().flat_map(|it| it.companions.clone()).collect();
        let with: BTreeSet<_> = with.into_iter().map(|tag| tag as usize).collect();
        let going: BTreeSet<_> = choice.manifests.iter().map(|it| it.manifest).collect();
        let mut whole = Model::of(&content);
        whole.apply(&choice);
        prop_assert!(going.is_disjoint(&whole.manifests), "what goes waits for itself");
        // A run can be cut off anywhere.
        choice.manifests.truncate(cut.index(choice.manifests.len() + 1));
        let mut after = Model::of(&content);
        after.apply(&choice);

        for (place, tag) in content.tags.iter().enumerate() {
            let stays = !chosen.contains(&place) && !with.contains(&place);
            prop_assert!(!stays || after.tags.contains(&place), "{} is gone, and nobody chose it", tag.name);
            if after.tags.contains(&place) && stays {
                let reached = after.reach(content.place(tag.digest).unwrap());
                for place in &reached {
                    prop_assert!(after.manifests.contains(place), "{} lacks {}", tag.name, content.at(*place).digest);
                    let referrers = content.links.iter().filter(|it| it.relation == Relation::Subject && it.to == *place);
                    for link in referrers {
                        prop_assert!(after.manifests.contains(&link.from), "{} has lost what refers to it", tag.name);
                    }
                    let name = content.at(*place).digest.to_string().replace(':', "-");
                    for (place, tag) in content.tags.iter().enumerate().filter(|(_, it)| it.name.starts_with(&name)) {
                        prop_assert!(after.tags.contains(&place), "the signature {} is gone", tag.name);
                    }
                }
            }
            let is_safe = tag.is_locked || listed.contains(&*tag.name) || tag.updated.is_none_or(|time| time.get() > NOW);
            prop_assert!(!is_safe || stays, "{} was to stay", tag.name);
        }
        for (place, manifest) in (0_u32..).zip(&content.manifests) {
            let is_young = manifest.updated.is_none_or(|time| NOW - time.get() < 3_600);
            let is_safe = manifest.is_locked || manifest.is_stray || manifest.kind == Kind::Unknown || is_young;
            prop_assert!(!is_safe || after.manifests.contains(&place), "{} was to stay", manifest.digest);
            prop_assert!(going.contains(&place) || after.manifests.contains(&place), "{} was not listed", manifest.digest);
        }
        // No index that is left lacks a child, however far the run came; but a list of referrers may, when its image is gone.
        let refers = |place: u32| content.links.iter().any(|it| it.relation == Relation::Subject && it.from == place);
        for link in content.links.iter().filter(|it| it.relation == Relation::Child) {
            if going.contains(&link.from) && refers(link.to) {
                continue;
            }
            prop_assert!(!after.manifests.contains(&link.from) || after.manifests.contains(&link.to), "a broken index");
        }
        for rule in rules.iter().filter(|rule| rule.keep > 0) {
            let meant = |it: &&Tag| super::subject_of(&it.name).is_none() && rule.means(&it.name);
            let before = content.tags.iter().filter(meant).count();
            let left = after.tags.iter().map(|place| &content.tags[*place]).filter(meant).count();
            prop_assert!(left >= rule.keep.min(before), "{left} of {before} are left, {} were to be kept", rule.keep);
        }
    }
}
