//! Shard: the lines that one of several runs takes, which side by side take the whole list and know nothing of each other.
//!
//! Whose a line is follows from what it is called in the registry and from nothing else: neither its place nor the rest
//! of the file moves it. It must stay so from release to release, for a merge asks for what the plan of its own shard has
//! shown.

use crate::{change::Changes, images::ImageList, reference::Digest};
use std::{collections::HashSet, fmt, num::NonZeroU16, str::FromStr};

/// The most shards: as many jobs as a matrix of GitHub may have (Azure Pipelines has 99 at most).
const MOST_SHARDS: u16 = 256;

/// One of several parts of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Which one, from 1.
    number: u16,
    count: NonZeroU16,
}

impl Shard {
    /// Returns whether all that is no line is left to this one.
    pub fn is_first(self) -> bool {
        self.number == 1
    }

    /// Returns the one that does what is no line.
    #[must_use]
    pub fn first(self) -> Self {
        Self { number: 1, ..self }
    }

    /// Returns how many there are.
    pub fn count(self) -> u16 {
        self.count.get()
    }

    /// Returns whether a line with this destination is one of these: `repository:tag`, and of a line with a tag pattern
    /// the repository, for such a line stays whole.
    pub fn takes(self, destination: &str) -> bool {
        Digest::of(destination.as_bytes()).prefix() % u64::from(self.count.get()) + 1 == u64::from(self.number)
    }

    /// Returns the lines of this shard. Those of the others can be in their way.
    #[must_use]
    pub fn share<'a>(self, list: &ImageList, changes: Changes<'a>) -> Changes<'a> {
        let Changes { changed, mut unchanged, mut removed, selected, mut unselected, mut beside, .. } = changes;
        let (changed, others): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|change| self.takes(change.entry.destination.name()));
        let (selected, patterns): (Vec<_>, Vec<_>) = selected.into_iter().partition(|it| self.takes(it.repository()));
        let others = others.iter().map(|change| change.entry);
        let elsewhere = others.clone().map(|entry| entry.destination.repository());
        let elsewhere = elsewhere.chain(patterns.iter().map(|it| it.repository())).collect();

        let by_pattern: HashSet<_> = selected.iter().map(|it| it.repository()).collect();
        let by_tag: HashSet<_> = changed.iter().map(|change| change.entry.destination.repository()).collect();
        beside.entries.extend(others);
        beside.entries.retain(|entry| by_pattern.contains(entry.destination.repository()));
        beside.selections.extend(patterns);
        beside.selections.retain(|it| by_pattern.contains(it.repository()) || by_tag.contains(it.repository()));

        if unchanged > 0 {
            let entries = list.entries().iter().filter(|entry| self.takes(entry.destination.name())).count();
            let patterns = list.selections().iter().filter(|it| self.takes(it.repository())).count();
            unchanged = (entries + patterns).saturating_sub(changed.len() + selected.len());
        }
        if !self.is_first() {
            removed.clear();
            unselected.clear();
        }
        Changes { changed, unchanged, removed, selected, unselected, beside, elsewhere }
    }
}

impl fmt::Display for Shard {
    /// Writes `2/3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let text = text.trim();
            // A sign would be read as well.
            text.parse::<u16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let read = || {
            let (which, count) = text.split_once('/')?;
            let shard = Self { number: number(which)?, count: NonZeroU16::new(number(count)?)? };
            (shard.count() <= MOST_SHARDS && (1..=shard.count()).contains(&shard.number)).then_some(shard)
        };
        read().ok_or_else(|| {
            format!(
                "expected `k/n`, this job's number and how many jobs there are, such as `2/3`: k from 1 to n, n at most \
                 {MOST_SHARDS}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{change, images::parse};
    use proptest::prelude::*;

    fn all(count: u16) -> Vec<Shard> {
        (1..=count).map(|number| format!("{number}/{count}").parse().unwrap()).collect()
    }

    fn list(text: &str) -> ImageList {
        parse(text.as_bytes(), None).list
    }

    /// Which of so many shards has a destination.
    fn of(destination: &str, count: u16) -> Vec<u16> {
        all(count).iter().filter(|shard| shard.takes(destination)).map(|shard| shard.number).collect()
    }

    #[test]
    fn a_release_moves_no_line_to_another_shard() {
        for (destination, in_two, in_three, in_five, in_sixteen) in [
            ("mirror/nginx:1.27", 1, 2, 1, 5),
            ("ingress-nginx/controller:v1.11.1", 1, 1, 3, 11),
            ("team/app:latest", 2, 1, 2, 12),
            ("a:1", 2, 3, 2, 16),
            ("jetstack/controller", 2, 1, 3, 12),
        ] {
            let expected = [(2, in_two), (3, in_three), (5, in_five), (16, in_sixteen)];
            for (count, expected) in expected {
                assert_eq!(of(destination, count), [expected], "{destination} among {count}");
            }
        }
    }

    #[test]
    fn what_is_no_shard_says_what_is() {
        for (text, written) in [("2/3", "2/3"), (" 01 / 1 ", "1/1"), ("256/256", "256/256")] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), written);
        }
        for text in ["0/3", "4/3", "a/b", "1/0", "1/100000", "1/257", "+1/3", "-1/3", "2", "/", "1/2/3", "1.0/3", ""] {
            let why = text.parse::<Shard>().unwrap_err();
            assert!(why.contains("`k/n`") && why.contains("`2/3`"), "{text}: {why}");
        }
    }

    #[test]
    fn what_another_shard_has_is_told_as_elsewhere_and_can_be_in_the_way() {
        let head = list("a:1 => app:1\na:2 => app:2\na:3 => app:3\na:^1 => app\nb:1 => other\n");
        let sum = |of: &dyn Fn(&Changes<'_>) -> usize| {
            all(3).iter().map(|shard| of(&shard.share(&head, Changes::all(&head)))).sum::<usize>()
        };
        assert_eq!((sum(&|it| it.changed.len()), sum(&|it| it.selected.len())), (4, 1));
        assert_eq!(sum(&|it| it.elsewhere.len()), 10, "each of five lines is elsewhere for two of three");
        for shard in all(3) {
            let changes = shard.share(&head, Changes::all(&head));
            let own = changes.changed.iter().filter(|it| it.entry.destination.repository() == "app").count();
            match changes.selected.len() {
                1 => assert_eq!((changes.beside.entries.len(), own + changes.beside.entries.len()), (3 - own, 3)),
                _ => assert_eq!(changes.beside.selections.len(), usize::from(own > 0), "{shard}"),
            }
        }
    }

    #[test]
    fn lines_that_are_gone_are_the_first_shards() {
        let (base, head) = (list("a:1 => a\na:1 => b\na:1 => c\na:^1 => d\n"), list("a:1 => a\n"));
        let shares: Vec<_> = all(3).iter().map(|it| it.share(&head, change::between(&base, &head))).collect();
        let gone: Vec<_> = shares.iter().map(|it| (it.removed.len(), it.unselected.len())).collect();
        assert_eq!(gone, [(2, 1), (0, 0), (0, 0)]);
        assert_eq!(shares.iter().map(|it| it.unchanged).sum::<usize>(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_line_is_one_shards_whatever_stands_around_it(
            names in prop::collection::hash_set("[a-z]{1,6}(/[a-z]{1,3})?(:[a-z0-9]{1,4})?", 1..60),
            base in 0_usize..60,
            count in 1_u16..=17,
        ) {
            let text = |names: &[&String]| -> String {
                let line = |name: &&String| match name.split_once(':') {
                    // Some lines have a pattern.
                    None if name.len().is_multiple_of(3) => format!("q.io/x:^1 => {name}\n"),
                    _ => format!("q.io/x:1 => {name}\n"),
                };
                names.iter().map(line).collect()
            };
            let names: Vec<_> = names.iter().collect();
            let (head, base) = (list(&text(&names)), list(&text(&names[..base.min(names.len())])));
            let whole = change::between(&base, &head);
            let mut lines = Vec::new();
            let mut unchanged = 0;
            for shard in all(count) {
                let share = shard.share(&head, change::between(&base, &head));
                let own: Vec<_> = share.changed.iter().map(|it| it.entry.line).chain(share.selected.iter().map(|it| it.line)).collect();
                prop_assert_eq!(own.len() + share.elsewhere.len(), whole.changed.len() + whole.selected.len());
                // In a file that is turned round and spaced otherwise, the same lines are this shard's.
                let turned = text(&names.iter().copied().rev().collect::<Vec<_>>()).replace(" => ", "   =>\t");
                let turned = list(&turned);
                let again = shard.share(&turned, Changes::all(&turned));
                let own_there: Vec<_> = again.changed.iter().map(|it| it.entry.destination.name()).collect();
                prop_assert!(share.changed.iter().all(|it| own_there.contains(&it.entry.destination.name())));
                lines.extend(own);
                unchanged += share.unchanged;
            }
            lines.sort();
            let mut all: Vec<_> = whole.changed.iter().map(|it| it.entry.line).chain(whole.selected.iter().map(|it| it.line)).collect();
            all.sort();
            prop_assert_eq!(lines, all);
            prop_assert_eq!(unchanged, whole.unchanged);
        }
    }
}
