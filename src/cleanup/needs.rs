//! Needs: what a manifest that stays keeps there with it, and in which order the others go.

use super::{Content, Link, Relation};

/// Returns which manifests stay: those of `roots`, and what they need.
///
/// An index needs its children, at any depth. Whatever stays keeps its referrers, and its subject: the registry deletes
/// what refers to a manifest together with it, so that a tagged signature would go with its untagged image.
pub(super) fn kept(content: &Content, more: &[Link], roots: Vec<bool>) -> Vec<bool> {
    reach(needs(content, more).collect(), roots)
}

/// Returns which of the manifests that nothing keeps have a say in whether those of `listed` go: whatever of them stays
/// after all keeps one that is listed.
pub(super) fn judges(content: &Content, more: &[Link], kept: &[bool], listed: Vec<bool>) -> Vec<bool> {
    let goes = |place: u32| !kept[place as usize];
    let pairs = needs(content, more).filter(|(from, to)| goes(*from) && goes(*to)).map(|(from, to)| (to, from));
    reach(pairs.collect(), listed)
}

/// Who needs whom.
fn needs<'a>(content: &'a Content, more: &'a [Link]) -> impl Iterator<Item = (u32, u32)> + 'a {
    content.links.iter().chain(more).flat_map(|link| {
        let back = (link.relation == Relation::Subject).then_some((link.to, link.from));
        std::iter::once((link.from, link.to)).chain(back)
    })
}

/// Follows pairs from the manifests that are marked, and marks those that it comes to.
fn reach(mut pairs: Vec<(u32, u32)>, mut marked: Vec<bool>) -> Vec<bool> {
    pairs.sort_unstable();
    let mut open: Vec<u32> = (0_u32..).zip(&marked).filter(|(_, is_marked)| **is_marked).map(|(at, _)| at).collect();
    while let Some(place) = open.pop() {
        for to in behind(&pairs, place) {
            if !std::mem::replace(&mut marked[to as usize], true) {
                open.push(to);
            }
        }
    }
    marked
}

/// Returns the second ones of the sorted pairs whose first one is `place`.
pub(super) fn behind(pairs: &[(u32, u32)], place: u32) -> impl Iterator<Item = u32> {
    let first = pairs.partition_point(|(from, _)| *from < place);
    pairs[first..].iter().take_while(move |(from, _)| *from == place).map(|(_, to)| *to)
}

/// The deepest place in the order of deletions; what lies deeper is held to it by what must be gone before.
pub(super) const DEEPEST: u8 = 5;
/// The rounds that look for circles: in a longer chain than this, a subject need not go before what refers to it.
const ROUNDS: usize = 100;

/// Returns which of two goes first, and which then, for all links between manifests that go: an index before its children,
/// and a subject before what refers to it, so that a run which is cut off leaves nothing that is broken.
///
/// A companion's tag can stand for the very index whose child it belongs to, and an index can refer to its own child. Each
/// of the two would wait for the other for ever; there the index goes first, for what is left of it can be pulled.
pub(super) fn order(links: &[Link], count: usize) -> Vec<(u32, u32)> {
    let tangled = tangled(links, count);
    let is_tangled = |link: &Link| tangled[link.from as usize] && tangled[link.to as usize];
    links.iter().filter(|link| link.relation == Relation::Child || !is_tangled(link)).map(before).collect()
}

fn before(link: &Link) -> (u32, u32) {
    match link.relation {
        Relation::Child => (link.from, link.to),
        Relation::Subject => (link.to, link.from),
    }
}

/// Returns which manifests stand in a circle of that order, or between two: what has nobody before it stands in none, and
/// what has nobody behind it.
fn tangled(links: &[Link], count: usize) -> Vec<bool> {
    let mut tangled = vec![true; count];
    for is_forward in [true, false] {
        for _ in 0..ROUNDS {
            let mut held = vec![false; count];
            for (first, then) in links.iter().map(before) {
                let end = if is_forward { then } else { first };
                held[end as usize] |= tangled[first as usize] && tangled[then as usize];
            }
            if held == tangled {
                break;
            }
            tangled = held;
        }
    }
    tangled
}

/// Returns the place of each manifest in the order of deletions.
pub(super) fn levels(order: &[(u32, u32)], count: usize) -> Vec<u8> {
    let mut levels = vec![0_u8; count];
    // Each round goes one deeper; more rounds than that change nothing.
    for _ in 0..DEEPEST {
        for (first, then) in order {
            let level = levels[*first as usize].saturating_add(1).min(DEEPEST);
            levels[*then as usize] = levels[*then as usize].max(level);
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(from: u32, to: u32, relation: Relation) -> Link {
        Link { from, to, relation }
    }

    #[test]
    fn an_index_goes_before_its_children_and_an_image_before_what_refers_to_it() {
        let links = [
            link(1, 2, Relation::Child),
            link(0, 1, Relation::Child),
            link(3, 0, Relation::Subject),
            link(0, 2, Relation::Child),
        ];
        assert_eq!(levels(&order(&links, 5), 5), [0, 1, 2, 1, 0]);
        let round = [link(0, 1, Relation::Child), link(1, 0, Relation::Child)];
        assert!(levels(&order(&round, 2), 2).iter().all(|level| *level <= DEEPEST), "what cannot be ends all the same");
    }

    #[test]
    fn in_a_circle_the_index_goes_first_and_elsewhere_the_order_stands() {
        // 0 is an index with the child 1, and stands under the tag of the child's signature; 2 has a signature of its own.
        let links = [link(0, 1, Relation::Child), link(0, 1, Relation::Subject), link(3, 2, Relation::Subject)];
        assert_eq!(order(&links, 4), [(0, 1), (2, 3)]);
        // The signature of an index is an index that has it for a child.
        let links = [link(0, 1, Relation::Child), link(0, 1, Relation::Subject), link(1, 2, Relation::Child)];
        assert_eq!(levels(&order(&links, 3), 3), [0, 1, 2]);
    }
}
