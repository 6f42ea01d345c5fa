//! Needs: what a manifest that stays keeps there with it.

use super::{Content, Link, Relation};

/// Returns which manifests stay: those of `roots`, and what they need.
///
/// An index needs its children, at any depth. Whatever stays keeps its referrers, and its subject: the registry deletes
/// what refers to a manifest together with it, so that a tagged signature would go with its untagged image.
pub(super) fn kept(content: &Content, more: &[Link], roots: Vec<bool>) -> Vec<bool> {
    let mut needs: Vec<(u32, u32)> = Vec::with_capacity(content.links.len() + more.len());
    for link in content.links.iter().chain(more) {
        needs.push((link.from, link.to));
        match link.relation {
            Relation::Child => {}
            Relation::Subject => needs.push((link.to, link.from)),
        }
    }
    needs.sort_unstable();
    let mut kept = roots;
    let mut open: Vec<u32> = (0_u32..).zip(&kept).filter(|(_, is_kept)| **is_kept).map(|(place, _)| place).collect();
    while let Some(place) = open.pop() {
        let first = needs.partition_point(|(from, _)| *from < place);
        for (_, to) in needs[first..].iter().take_while(|(from, _)| *from == place) {
            if !std::mem::replace(&mut kept[*to as usize], true) {
                open.push(*to);
            }
        }
    }
    kept
}

/// The deepest place in the order of deletions; what lies deeper is held to it by what must be gone before.
pub(super) const DEEPEST: u8 = 5;

/// Returns the place of each manifest in the order of deletions: an index before its children, and a subject before what
/// refers to it, so that a run which is cut off leaves nothing that is broken.
pub(super) fn levels(links: &[Link], count: usize) -> Vec<u8> {
    let mut levels = vec![0_u8; count];
    // Each round goes one deeper; more rounds than that change nothing.
    for _ in 0..DEEPEST {
        for link in links {
            let (first, then) = before(link);
            let level = levels[first as usize].saturating_add(1).min(DEEPEST);
            levels[then as usize] = levels[then as usize].max(level);
        }
    }
    levels
}

/// Returns which of two goes first, and which then.
pub(super) fn before(link: &Link) -> (u32, u32) {
    match link.relation {
        Relation::Child => (link.from, link.to),
        Relation::Subject => (link.to, link.from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_goes_before_its_children_and_an_image_before_what_refers_to_it() {
        let link = |from, to, relation| Link { from, to, relation };
        let links = [
            link(1, 2, Relation::Child),
            link(0, 1, Relation::Child),
            link(3, 0, Relation::Subject),
            link(0, 2, Relation::Child),
        ];
        assert_eq!(levels(&links, 5), [0, 1, 2, 1, 0]);
        let round = [link(0, 1, Relation::Child), link(1, 0, Relation::Child)];
        assert!(levels(&round, 2).iter().all(|level| *level <= DEEPEST), "what cannot be ends all the same");
    }
}
