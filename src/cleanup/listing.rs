//! Listing: which of the manifests that go have room in a plan, and in which order. Pure.

use super::{Content, Going, Link, Relation, needs};
use std::collections::BTreeMap;

/// Returns those that there is room for, the first to go first; `companions` are tags, with what ties them to their image.
///
/// None is listed without what must be gone before it, nor without what the registry deletes with it: where those have no
/// room, it waits for another plan.
pub(super) fn listed(content: &Content, companions: &[(u32, Link)], kept: &[bool], room: usize) -> Vec<Going> {
    if room == 0 {
        return Vec::new();
    }
    let goes = |link: &Link| !kept[link.from as usize] && !kept[link.to as usize];
    // A tag of an image's own can stand for that image: nothing waits for itself.
    let links = companions.iter().map(|(_, link)| link).chain(&content.links);
    let links: Vec<Link> = links.filter(|link| link.from != link.to && goes(link)).copied().collect();
    let mut order = needs::order(&links, kept.len());
    drop(links);
    let levels = needs::levels(&order, kept.len());
    order.iter_mut().for_each(|(first, then)| std::mem::swap(first, then));
    order.sort_unstable();
    order.dedup();
    let mut places: Vec<u32> = (0_u32..).zip(kept).filter(|(_, is_kept)| !**is_kept).map(|(place, _)| place).collect();
    places.sort_unstable_by_key(|place| (levels[*place as usize], content.at(*place).updated, *place));
    if places.len() > room {
        let mut taken = Taken { with: referrers(content, goes), listed: vec![false; kept.len()], room };
        for place in &places {
            let is_free = needs::behind(&order, *place).all(|first| taken.listed[first as usize]);
            if is_free {
                taken.take(*place);
            }
        }
        places.retain(|place| taken.listed[*place as usize]);
    }
    let mut tags: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (tag, link) in companions.iter().filter(|(_, link)| !kept[link.from as usize]) {
        tags.entry(link.from).or_default().push(*tag);
    }
    let going = |manifest: u32| Going {
        manifest,
        level: levels[manifest as usize],
        companions: tags.remove(&manifest).unwrap_or_default(),
        after: needs::behind(&order, manifest).collect(),
    };
    places.into_iter().map(going).collect()
}

/// Who is deleted with whom.
fn referrers(content: &Content, goes: impl Fn(&Link) -> bool) -> Vec<(u32, u32)> {
    let links = content.links.iter().filter(|link| link.relation == Relation::Subject && goes(link));
    let mut pairs: Vec<_> = links.map(|link| (link.to, link.from)).collect();
    pairs.sort_unstable();
    pairs
}

struct Taken {
    /// A subject and its referrer.
    with: Vec<(u32, u32)>,
    listed: Vec<bool>,
    room: usize,
}

impl Taken {
    /// Lists a manifest and all that goes with it, if there is room.
    fn take(&mut self, place: u32) {
        let mut group = vec![place];
        let mut at = 0;
        while let Some(next) = group.get(at).copied().filter(|_| group.len() <= self.room) {
            for other in needs::behind(&self.with, next) {
                if group.len() > self.room {
                    break;
                }
                if !self.listed[other as usize] && !group.contains(&other) {
                    group.push(other);
                }
            }
            at += 1;
        }
        group.retain(|it| !self.listed[*it as usize]);
        if group.len() <= self.room {
            self.room -= group.len();
            group.into_iter().for_each(|it| self.listed[it as usize] = true);
        }
    }
}
