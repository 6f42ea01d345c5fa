//! Selected: the tags that a pattern means today, each an entry of its own; and the lines that cannot have their way.

use super::{Action, Change, Reason, Route, Step, Surveyor};
use crate::{
    change::Changes,
    images::{Entry, LineNumber, MOST_SELECTED, Selection},
    problem::{Problem, Side},
};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, HashSet};

/// Sources that are listed at once.
const LISTS_AT_ONCE: usize = 8;
/// The most tags that are read of one repository.
const MOST_LISTED: usize = 100_000;

/// What the changed lines with a pattern come to.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// An entry for each tag, with the line of its pattern.
    pub(super) entries: Vec<Entry>,
    /// A step for each line that selects nothing or too much, could not be asked, or is in another line's way.
    pub(super) steps: Vec<Step>,
}

/// Lists the sources of the lines with a pattern.
///
/// A line that means what it meant before is listed only where a changed line writes to its repository, to see
/// whether both want one destination.
pub(super) async fn expand(changes: &Changes<'_>, has_base: bool, surveyor: &Surveyor) -> Selected {
    let asked = changes.selected.iter().chain(&changes.beside.selections).copied();
    let found: Vec<_> = stream::iter(asked).map(|it| select(it, surveyor)).buffered(LISTS_AT_ONCE).collect().await;
    let (found, beside) = found.split_at(changes.selected.len());

    let mut selected = Selected::default();
    for (selection, found) in changes.selected.iter().zip(found) {
        match found {
            Ok(entries) => selected.entries.extend(entries.iter().cloned()),
            Err(action) => selected.steps.push(answered(&selection.stand_in(), has_base, action.clone(), surveyor)),
        }
    }
    let others = changes.beside.entries.iter().copied().chain(beside.iter().flatten().flatten());
    let changed = changes.changed.iter().map(|change| change.entry);
    let rivals = rivals(selected.entries.iter().chain(changed.clone()).chain(others));
    if rivals.is_empty() {
        return selected;
    }
    let is_rival = |entry: &Entry| rivals.contains_key(entry.destination.name());
    let blocked: Vec<_> = selected.entries.iter().chain(changed).filter(|entry| is_rival(entry)).cloned().collect();
    selected.entries.retain(|entry| !is_rival(entry));
    for entry in blocked {
        let by = rivals[entry.destination.name()].iter().copied().find(|&line| line != entry.line);
        let action = Action::Block(Reason::Taken { by: by.unwrap_or(entry.line) });
        selected.steps.push(answered(&entry, has_base, action, surveyor));
    }
    selected
}

async fn select(selection: &Selection, surveyor: &Surveyor) -> Result<Vec<Entry>, Action> {
    let mirror = surveyor.mirrors.of(&selection.source).map_err(Action::Unchecked)?;
    let source = mirror.as_ref().unwrap_or(&selection.source);
    // One more than is taken tells a list that was cut.
    let tags = surveyor.registries.tags(&source.host(), source.repository(), MOST_LISTED + 1).await;
    let tags = tags.map_err(|error| Action::Unchecked(error.problem(Side::Source)))?;
    if tags.len() > MOST_LISTED {
        let what = format!("`{source}` has more than {MOST_LISTED} tags, too many to select from");
        return Err(Action::Unchecked(
            Problem::new(Side::Source, what).hint("Name the tags, each on a line of its own."),
        ));
    }
    let entries = selection.entries(&tags);
    match entries.len() {
        0 => Err(Action::Block(Reason::NothingSelected { among: tags.len() })),
        count if count > MOST_SELECTED => Err(Action::Block(Reason::TooManySelected { count })),
        _ => Ok(entries),
    }
}

/// Returns the destinations that more than one line wants, with those lines.
fn rivals<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<String, Vec<LineNumber>> {
    let mut lines: BTreeMap<&str, Vec<LineNumber>> = BTreeMap::new();
    for entry in entries {
        lines.entry(entry.destination.name()).or_default().push(entry.line);
    }
    let several = lines.into_iter().filter(|(_, lines)| lines.iter().collect::<HashSet<_>>().len() > 1);
    several.map(|(name, lines)| (name.to_owned(), lines)).collect()
}

/// A step about which nobody needs to be asked.
pub(super) fn answered(entry: &Entry, has_base: bool, action: Action, surveyor: &Surveyor) -> Step {
    Step {
        line: entry.line,
        source: entry.source.clone(),
        mirror: surveyor.mirrors.of(&entry.source).ok().flatten(),
        destination: entry.destination.clone(),
        options: entry.options.clone(),
        change: if has_base { Change::Added } else { Change::Listed },
        digest: None,
        subset: None,
        image: None,
        companions: Vec::new(),
        action,
        route: Route::ServerSide,
        notes: Vec::new(),
    }
}
