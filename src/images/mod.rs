//! `images.txt`: which image comes from where and is called what in the target registry (design §3).
//!
//! Reads text into data and says what is wrong with it. Whether an image exists is for others.

mod arrow;
mod character;
mod chart;
mod destination;
mod error;
mod file;
mod line;
mod options;
mod parse;
mod pattern;
#[cfg(test)]
mod properties;
mod selection;
mod show;
mod taken;
mod version;

use crate::reference::Reference;
use std::{borrow::Cow, fmt};

pub(crate) use character::is_ignorable;
pub use destination::{Destination, is_login_server};
pub use error::{LineError, LineErrorKind, LineWarning, LineWarningKind};
pub use file::{ListFileError, ListFileErrorKind, read_file};
pub use options::{OptionFault, Options, Referrers};
pub use parse::{MAX_FINDINGS, Parsed, parse, parse_both};
pub use pattern::{PatternFault, TagPattern};
pub use selection::{MOST_SELECTED, Selection, Selector};
pub use show::{Colour, show};

/// The most bytes a list may have: 16 MiB (design §3).
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The entries of a list, in the order of the file, of which no two have the same destination; and the lines that
/// select tags by a pattern, which are known only when the source is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageList {
    entries: Vec<Entry>,
    selections: Vec<Selection>,
}

impl ImageList {
    /// Returns the entries in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the lines with a tag pattern, in the order of the file.
    pub fn selections(&self) -> &[Selection] {
        &self.selections
    }

    /// Returns how many lines were read.
    pub fn len(&self) -> usize {
        self.entries.len() + self.selections.len()
    }

    /// Returns whether no line was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the lines whose destination's repository is wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.entries.retain(|entry| is_wanted(entry.destination.repository()));
        self.selections.retain(|selection| is_wanted(selection.repository()));
    }

    /// Returns one entry for each line: those with a pattern by their stand-in.
    pub fn one_each(&self) -> Cow<'_, [Entry]> {
        if self.selections.is_empty() {
            return Cow::Borrowed(&self.entries);
        }
        Cow::Owned(self.entries.iter().cloned().chain(self.selections.iter().map(Selection::stand_in)).collect())
    }
}

/// One line that was read: an image and what it is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands in the file.
    pub line: LineNumber,
    /// The image to import.
    pub source: Reference,
    /// Its name in the target registry.
    pub destination: Destination,
    /// What stands behind it.
    pub options: Options,
}

impl fmt::Display for Entry {
    /// Writes the line as `source => destination options` with nothing left implied but the source's `latest`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {}{}", self.source, self.destination, self.options)
    }
}

/// The number of a line, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineNumber(u32);

impl LineNumber {
    /// The first line of a file.
    pub const FIRST: Self = Self(1);

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// Counts from an index that begins at 0. A list of [`MAX_BYTES`] has far fewer lines than fit.
    fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1)))
    }
}

impl fmt::Display for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
