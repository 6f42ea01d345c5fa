//! What changed between two lists, by meaning and not by text (design §3, last paragraph).
//!
//! Pure. What is to be done about a change is for `plan`.

use crate::{
    images::{Destination, Entry, ImageList, Selection},
    reference::Reference,
};
use std::collections::{HashMap, HashSet};

/// What changed from one list to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// The lines that are new or different, in the order of the newer file.
    pub changed: Vec<Change<'a>>,
    /// How many lines mean what they meant before.
    pub unchanged: usize,
    /// The entries whose destination no line names any more, in the order of the older file.
    pub removed: Vec<&'a Entry>,
    /// The lines with a tag pattern that are new or different. What they select is not known here.
    pub selected: Vec<&'a Selection>,
    /// The lines with a tag pattern that are gone.
    pub unselected: Vec<&'a Selection>,
    /// What else of the list could want a destination of the lines above.
    pub beside: Beside<'a>,
}

/// Lines that mean what they meant before, and write to a repository to which a changed line writes by a pattern, or
/// write there by a pattern themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside<'a> {
    /// Those with one tag.
    pub entries: Vec<&'a Entry>,
    /// Those with a pattern.
    pub selections: Vec<&'a Selection>,
}

/// A line that is new or different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The line as it is now.
    pub entry: &'a Entry,
    /// How it differs.
    pub kind: ChangeKind<'a>,
}

/// How a line differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind<'a> {
    /// No line that could be read had this destination.
    Added,
    /// The destination had another source.
    Updated {
        /// The source it had.
        before: &'a Reference,
    },
}

impl<'a> Changes<'a> {
    /// Takes every entry as new: what a run with an empty base does.
    pub fn all(head: &'a ImageList) -> Self {
        let changed = head.entries().iter().map(|entry| Change { entry, kind: ChangeKind::Added }).collect();
        Self { changed, selected: head.selections().iter().collect(), ..Self::default() }
    }

    /// Returns whether no line is new, different or removed.
    pub fn is_empty(&self) -> bool {
        !self.has_work() && self.removed.is_empty() && self.unselected.is_empty()
    }

    /// Returns whether there is a line to act on.
    pub fn has_work(&self) -> bool {
        !self.changed.is_empty() || !self.selected.is_empty()
    }
}

/// Compares two lists, destination by destination.
///
/// A line that could not be read in the base is not in its list, so it counts as added once it can be.
pub fn between<'a>(base: &'a ImageList, head: &'a ImageList) -> Changes<'a> {
    let mut changes = Changes::default();
    // Most lines stand where they stood: only the others need a table.
    let stayed = |list: &'a ImageList, index: usize, entry: &Entry| {
        list.entries().get(index).filter(|there| there.destination == entry.destination)
    };
    let moved = base.entries().iter().enumerate().filter(|(index, entry)| stayed(head, *index, entry).is_none());
    let mut left: HashMap<&Destination, &Entry> = moved.map(|(_, entry)| (&entry.destination, entry)).collect();
    for (index, entry) in head.entries().iter().enumerate() {
        // What is taken out here is not removed; no second table is needed for that.
        let kind = match stayed(base, index, entry).or_else(|| left.remove(&entry.destination)) {
            None => ChangeKind::Added,
            Some(before) if is_same(&before.source, &entry.source) && before.options == entry.options => {
                changes.unchanged += 1;
                continue;
            }
            Some(before) => ChangeKind::Updated { before: &before.source },
        };
        changes.changed.push(Change { entry, kind });
    }
    changes.removed = left.into_values().collect();
    changes.removed.sort_by_key(|entry| entry.line);
    if !base.selections().is_empty() || !head.selections().is_empty() {
        between_selections(base, head, &mut changes);
    }
    changes
}

/// Compares the lines with a pattern, by all that they say: such a line has no destination of its own.
fn between_selections<'a>(base: &'a ImageList, head: &'a ImageList, changes: &mut Changes<'a>) {
    let mut left: HashMap<String, Vec<&Selection>> = HashMap::new();
    for selection in base.selections() {
        left.entry(selection.to_string()).or_default().push(selection);
    }
    let mut same = Vec::new();
    for selection in head.selections() {
        // A line may stand there twice: each stands for one that was there.
        match left.get_mut(&selection.to_string()).and_then(Vec::pop) {
            Some(_) => same.push(selection),
            None => changes.selected.push(selection),
        }
    }
    changes.unchanged += same.len();
    changes.unselected = left.into_values().flatten().collect();
    changes.unselected.sort_by_key(|selection| selection.line);

    let by_pattern: HashSet<_> = changes.selected.iter().map(|selection| selection.repository()).collect();
    let by_tag: HashSet<_> = changes.changed.iter().map(|change| change.entry.destination.repository()).collect();
    let changed: HashSet<_> = changes.changed.iter().map(|change| change.entry.line).collect();
    let is_beside =
        |entry: &&Entry| by_pattern.contains(entry.destination.repository()) && !changed.contains(&entry.line);
    changes.beside.entries = head.entries().iter().filter(is_beside).collect();
    same.retain(|it| by_pattern.contains(it.repository()) || by_tag.contains(it.repository()));
    changes.beside.selections = same;
}

/// Returns whether two sources mean the same: `latest` may be written or not.
fn is_same(before: &Reference, now: &Reference) -> bool {
    before == now
        || (!before.has_digest()
            && !now.has_digest()
            && before.registry() == now.registry()
            && before.repository() == now.repository()
            && before.manifest() == now.manifest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::parse;

    fn list(text: &str) -> ImageList {
        parse(text.as_bytes(), None).list
    }

    fn words(base: &str, head: &str) -> Vec<String> {
        let (base, head) = (list(base), list(head));
        let changes = between(&base, &head);
        let changed = changes.changed.iter().map(|change| match change.kind {
            ChangeKind::Added => format!("+ {}", change.entry),
            ChangeKind::Updated { before } => format!("~ {} was {before}", change.entry),
        });
        changed.chain(changes.removed.iter().map(|entry| format!("- {entry}"))).collect()
    }

    #[test]
    fn order_spacing_comments_and_short_names_change_nothing() {
        let base = "nginx:1 => a\nquay.io/x/y:2 => b\nnginx => c\n";
        let head = "# moved\nquay.io/x/y:2=>b:2 # same\r\ndocker.io/library/nginx:1\t=>\tcontoso.azurecr.io/a\nnginx:latest => c";
        assert_eq!(words(base, head), Vec::<String>::new());
        let (base, head) = (list(base), list(head));
        assert_eq!(between(&base, &head).unchanged, 3);
    }

    #[test]
    fn a_pattern_that_stands_there_twice_is_no_change() {
        let twice = list("quay.io/a/c:^1.15 => c\nquay.io/a/c:^1.15 => c\n");
        let changes = between(&twice, &twice);
        assert!(changes.is_empty());
        assert_eq!(changes.unchanged, 2);
    }

    #[test]
    fn a_pattern_that_is_added_a_second_time_is_a_change_and_so_is_its_end() {
        let (once, twice) =
            (list("quay.io/a/c:^1.15 => c\n"), list("quay.io/a/c:^1.15 => c\nquay.io/a/c:^1.15 => c\n"));
        let added = between(&once, &twice);
        let rivals = (added.selected.len(), added.beside.selections.len(), added.unchanged);
        assert_eq!(rivals, (1, 1, 1), "what blocks it is beside it");
        let gone = between(&twice, &once);
        assert_eq!((gone.has_work(), gone.unselected.len(), gone.unchanged), (false, 1, 1));
    }

    #[test]
    fn changes_come_in_the_order_of_the_file() {
        let base = "nginx:1 => z:1\nredis:1 => gone:b\nredis:1 => gone:a\nredis:7 => kept\n";
        let head = "redis:8 => new\nnginx:2 => z:1\nredis:7 => kept\nbusybox:1 => another\n";
        assert_eq!(
            words(base, head),
            [
                "+ docker.io/library/redis:8 => new:8",
                "~ docker.io/library/nginx:2 => z:1 was docker.io/library/nginx:1",
                "+ docker.io/library/busybox:1 => another:1",
                "- docker.io/library/redis:1 => gone:b",
                "- docker.io/library/redis:1 => gone:a",
            ]
        );
    }

    #[test]
    fn another_tag_at_the_destination_is_another_destination() {
        assert_eq!(
            words("nginx:1 => a", "nginx:2 => a"),
            ["+ docker.io/library/nginx:2 => a:2", "- docker.io/library/nginx:1 => a:1"]
        );
    }

    #[test]
    fn a_line_that_was_faulty_before_is_added() {
        assert_eq!(words("nginx:1 -> a", "nginx:1 => a"), ["+ docker.io/library/nginx:1 => a:1"]);
    }

    #[test]
    fn a_line_with_a_pattern_changes_with_what_it_says() {
        let base = list("a:^1 => x\nnewest 3 of b => y\nc:v1.* => z\nd:1 => x:9");
        let head = list("newest 3 of docker.io/library/b:* => y # the same\na:^2 => x\nd:1 => x:9\ne:1 => y");
        let changes = between(&base, &head);
        let texts = |of: &[&Selection]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(&changes.selected), ["docker.io/library/a:^2 => x"]);
        assert_eq!(texts(&changes.unselected), ["docker.io/library/a:^1 => x", "docker.io/library/c:v1.* => z"]);
        assert_eq!((changes.unchanged, changes.changed.len(), changes.has_work()), (2, 1, true));
        let beside: Vec<_> = changes.beside.entries.iter().map(|entry| entry.destination.name()).collect();
        assert_eq!(beside, ["x:9"]);
        assert_eq!(texts(&changes.beside.selections), ["newest 3 of docker.io/library/b:* => y"]);
    }

    #[test]
    fn with_an_empty_base_everything_is_added() {
        let head = list("nginx:1 => a\nnginx:2 => a");
        let changes = Changes::all(&head);
        assert_eq!(changes, between(&ImageList::default(), &head));
        assert_eq!((changes.changed.len(), changes.is_empty()), (2, false));
    }
}
