//! Destinations that more than one line wants (design §3, "one destination, two lines").

use super::{
    Destination, Entry, LineError, LineErrorKind, LineNumber, line,
    parse::{column, lines},
};
use crate::reference::Registry;
use std::{
    collections::{BTreeMap, HashMap, hash_map},
    str,
};

/// Takes the entries out whose destination another has too, and returns their lines, each with the first other.
pub(super) fn take_out(entries: &mut Vec<Entry>) -> BTreeMap<LineNumber, LineNumber> {
    let mut taken = BTreeMap::new();
    let mut first_lines: HashMap<&Destination, LineNumber> = HashMap::with_capacity(entries.len());
    for entry in entries.iter() {
        match first_lines.entry(&entry.destination) {
            hash_map::Entry::Vacant(free) => {
                free.insert(entry.line);
            }
            hash_map::Entry::Occupied(first) => {
                let first = *first.get();
                taken.entry(first).or_insert(entry.line);
                taken.insert(entry.line, first);
            }
        }
    }
    drop(first_lines);
    if !taken.is_empty() {
        entries.retain(|entry| !taken.contains_key(&entry.line));
    }
    taken
}

/// Returns an error for each of the lines. Entries do not keep their text, so the lines are read a second time.
pub(super) fn errors(
    taken: &BTreeMap<LineNumber, LineNumber>,
    text: &[u8],
    target: Option<&Registry>,
) -> impl Iterator<Item = LineError> {
    lines(text).filter_map(move |(line, bytes)| {
        let by = *taken.get(&line)?;
        let text = str::from_utf8(bytes).ok()?;
        let place = line::read(text, target).ok()??.destination_place;
        let kind = LineErrorKind::Taken { by };
        Some(LineError { line, column: column(text, &place), place, text: text.into(), kind, corrected: None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::parse;

    #[test]
    fn lines_that_want_one_destination_name_each_other_and_are_left_out() {
        let text = "a:1 => x\nb:1 => y\nc => contoso.azurecr.io/x:1\nfaulty\nd:1 => x\nb:1 => z";
        let taken = |by| LineErrorKind::Taken { by: LineNumber(by) };
        let parsed = parse(text.as_bytes(), None);
        let errors: Vec<_> =
            parsed.errors.into_iter().map(|error| (error.line.get(), error.column, error.kind)).collect();
        assert_eq!(errors, [(1, 8, taken(3)), (3, 6, taken(1)), (4, 1, LineErrorKind::NoArrow), (5, 8, taken(1))]);
        let left: Vec<_> = parsed.list.entries.iter().map(|entry| entry.line.get()).collect();
        assert_eq!(left, [2, 6]);
    }
}
