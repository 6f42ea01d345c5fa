//! Selection: a line whose source means many tags, each of which keeps its name.

use super::{
    Entry, LineNumber, Options, chart,
    destination::{self, Destination},
    error::LineErrorKind,
    line::Broken,
    pattern::{PatternFault, TagPattern},
};
use crate::reference::{Reference, Registry, scheme_end};
use memchr::{memchr, memchr3, memrchr};
use std::{fmt, ops::Range};

/// The most tags that one line may select; `newest` may not ask for more.
pub const MOST_SELECTED: usize = 1_000;

const NEWEST: &str = "newest";

/// A line with a tag pattern: `[newest N of ]source:PATTERN => repository`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Where it stands in the file.
    pub line: LineNumber,
    /// The repository the tags are in; it has neither tag nor digest.
    pub source: Reference,
    /// What is selected.
    pub selector: Selector,
    /// The repository in the target registry. The tag is nobody's.
    destination: Destination,
    /// What stands behind it.
    pub options: Options,
}

/// Which tags are selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// What a tag must look like.
    pub pattern: TagPattern,
    /// How many of the highest versions; all when absent.
    pub newest: Option<u16>,
}

impl Selection {
    pub(super) fn new(
        line: LineNumber,
        source: Reference,
        selector: Selector,
        destination: Destination,
        options: Options,
    ) -> Self {
        Self { line, source, selector, destination, options }
    }

    /// Returns the path inside the target registry.
    pub fn repository(&self) -> &str {
        self.destination.repository()
    }

    /// Returns an entry for each tag that is selected, the lowest version first.
    pub fn entries(&self, tags: &[String]) -> Vec<Entry> {
        let selected = self.selector.pattern.select(tags, self.selector.newest);
        let entry = |tag: &str| {
            let source = Reference::new(self.source.registry(), self.source.repository(), Some(tag), None).ok()?;
            let options = self.options.clone();
            Some(Entry { line: self.line, source, destination: self.destination.tagged(tag), options })
        };
        selected.into_iter().filter_map(entry).collect()
    }

    /// Returns what stands for the line where there is no tag to show: an entry whose destination has the selector in
    /// the place of a tag. Nothing can be imported by it.
    pub fn stand_in(&self) -> Entry {
        let destination = self.destination.tagged(&self.selector.to_string());
        Entry { line: self.line, source: self.source.clone(), destination, options: self.options.clone() }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.selector.newest {
            write!(f, "{NEWEST} {number} of ")?;
        }
        let destination = self.destination.untagged();
        write!(f, "{}:{} => {destination}{}", self.source, self.selector.pattern, self.options)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.newest {
            Some(number) => write!(f, "{NEWEST} {number} of {}", self.pattern),
            None => self.pattern.fmt(f),
        }
    }
}

/// What a source with a pattern says: the place of its name, and what is selected.
pub(super) struct Selected {
    pub(super) name: Range<usize>,
    pub(super) selector: Selector,
}

/// Looks whether a source means many tags; one that names a single image is none.
pub(super) fn look(text: &str) -> Result<Option<Selected>, Broken> {
    // Nearly every line names one image, and that is seen at once.
    let bytes = text.as_bytes();
    if memchr3(b'*', b'^', b'~', bytes).is_none() && !text.ends_with('/') && !text.starts_with(NEWEST) {
        return Ok(None);
    }
    let (newest, start) = newest(text)?;
    let start = start + chart::start(&text[start..]);
    let broken = |fault, place: Range<usize>| Broken::new(LineErrorKind::Pattern(fault), place);
    let Some(colon) = colon(text, start) else {
        let is_one = memchr(b'@', &bytes[start..]).is_some();
        return match newest {
            Some(_) if is_one => Err(broken(PatternFault::NewestOfOne, start..text.len())),
            Some(_) => {
                let selector = Selector { pattern: TagPattern::any(), newest };
                Ok(Some(Selected { name: start..text.len(), selector }))
            }
            None => Ok(None),
        };
    };
    let written = &text[colon + 1..];
    if !TagPattern::is_one(written) {
        return if newest.is_some() { Err(broken(PatternFault::NewestOfOne, colon + 1..text.len())) } else { Ok(None) };
    }
    if let Some(at) = memchr(b'@', written.as_bytes()).filter(|_| !written.ends_with('/')) {
        return Err(broken(PatternFault::Digest, colon + 1 + at..text.len()));
    }
    let pattern = TagPattern::read(written)
        .map_err(|(fault, place)| broken(fault, place.start + colon + 1..place.end + colon + 1))?;
    Ok(Some(Selected { name: start..colon, selector: Selector { pattern, newest } }))
}

/// Reads `newest N of `, and returns the number and where the source begins.
fn newest(text: &str) -> Result<(Option<u16>, usize), Broken> {
    let is_space = |c: char| matches!(c, ' ' | '\t');
    let Some(rest) = text.strip_prefix(NEWEST).filter(|rest| rest.starts_with(is_space)) else { return Ok((None, 0)) };
    let (number, rest) = word(rest);
    let (of, rest) = word(rest);
    let source = rest.trim_start_matches(is_space);
    let start = text.len() - source.len();
    let number = number.parse().ok().filter(|number| (1..=MOST_SELECTED).contains(&usize::from(*number)));
    match number {
        Some(number) if of == "of" && !source.is_empty() => Ok((Some(number), start)),
        _ => Err(Broken::new(LineErrorKind::Pattern(PatternFault::Newest), 0..start.max(NEWEST.len()))),
    }
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    text.split_at(text.find([' ', '\t']).unwrap_or(text.len()))
}

/// Finds the colon before a tag or a pattern. A regular expression may hold slashes and colons of its own.
fn colon(text: &str, start: usize) -> Option<usize> {
    if scheme_end(&text[start..]).is_some() {
        return None;
    }
    if text.ends_with('/')
        && let Some(at) = text[start..].find(":/")
    {
        return Some(start + at);
    }
    let last_part = memrchr(b'/', &text.as_bytes()[start..]).map_or(start, |at| start + at + 1);
    memchr(b':', &text.as_bytes()[last_part..]).map(|at| last_part + at)
}

/// Reads the destination of a selection, which is a repository.
pub(super) fn destination(text: &str, source: &Reference, target: Option<&Registry>) -> Result<Destination, Broken> {
    let destination = destination::read(text, source, target)?;
    let last_part = memrchr(b'/', text.as_bytes()).map_or(0, |at| at + 1);
    match memchr(b':', &text.as_bytes()[last_part..]) {
        Some(at) => {
            let place = last_part + at..text.len();
            Err(Broken::new(LineErrorKind::Pattern(PatternFault::DestinationTag), place.clone())
                .fixed(super::line::Fix { place, text: String::new() }))
        }
        None => Ok(destination),
    }
}

#[cfg(test)]
mod tests {
    use crate::images::{LineErrorKind, PatternFault, parse};

    fn read(line: &str) -> String {
        let parsed = parse(line.as_bytes(), None);
        assert_eq!(parsed.errors, [], "{line}");
        parsed.list.selections()[0].to_string()
    }

    #[test]
    fn a_pattern_stands_where_a_tag_does() {
        for (line, expected) in [
            ("quay.io/a/b:v1.11.* => c", "quay.io/a/b:v1.11.* => c"),
            ("nginx:^1.15 => mirror/nginx # why", "docker.io/library/nginx:^1.15 => mirror/nginx"),
            ("localhost:5000/a/b:~1.15=>c", "localhost:5000/a/b:~1.15 => c"),
            ("quay.io/a/b:/v1:?[0-9]/ => contoso.azurecr.io/c", "quay.io/a/b:/v1:?[0-9]/ => c"),
            ("newest 3 of quay.io/a/b:^1.15 => c", "newest 3 of quay.io/a/b:^1.15 => c"),
            ("newest\t1  of b => c", "newest 1 of docker.io/library/b:* => c"),
            ("newest 2 of localhost:5000/b => c", "newest 2 of localhost:5000/b:* => c"),
        ] {
            assert_eq!(read(line), expected);
        }
    }

    #[test]
    fn what_is_wrong_has_its_column() {
        for (line, fault, column) in [
            ("quay.io/a/b:^x => c", PatternFault::Version, 14),
            ("quay.io/a/b:/(/ => c", PatternFault::Regex, 13),
            ("quay.io/a/b:v1*ü => c", PatternFault::Character, 16),
            ("newest 0 of b => c", PatternFault::Newest, 1),
            ("newest 1001 of b => c", PatternFault::Newest, 1),
            ("newest of b => c", PatternFault::Newest, 1),
            ("newest 3 of => c", PatternFault::Newest, 1),
            ("newest 3 of b:1 => c", PatternFault::NewestOfOne, 15),
            ("b:^1@sha256:00 => c", PatternFault::Digest, 5),
            ("b:^1 => c:1", PatternFault::DestinationTag, 10),
        ] {
            let errors = parse(line.as_bytes(), None).errors;
            assert_eq!((&errors[0].kind, errors[0].column), (&LineErrorKind::Pattern(fault), column), "{line}");
        }
    }

    #[test]
    fn an_image_that_is_called_newest_is_one() {
        let parsed = parse(b"newest:1 => a\nnewest => b\nnewest/of:3 => c", None);
        assert_eq!((parsed.errors.len(), parsed.list.entries().len(), parsed.list.len()), (0, 3, 3));
    }

    #[test]
    fn selected_tags_keep_their_names() {
        let parsed = parse(b"\nnewest 2 of quay.io/a/b => contoso.azurecr.io/quay.io/c", None);
        let tags = ["1.0", "1.2", "1.1", "latest"].map(str::to_owned);
        let entries: Vec<_> = parsed.list.selections()[0].entries(&tags).iter().map(ToString::to_string).collect();
        let host = "contoso.azurecr.io/quay.io/c";
        assert_eq!(entries, [format!("quay.io/a/b:1.1 => {host}:1.1"), format!("quay.io/a/b:1.2 => {host}:1.2")]);
    }
}
