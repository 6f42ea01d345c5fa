//! One line: what it holds, or what is wrong with it and how it could be mended.

use super::{
    arrow, character, chart,
    destination::{self, Destination},
    error::LineErrorKind,
    options::{self, Options},
    selection::{self, Selector},
};
use crate::reference::{Reference, ReferenceError, Registry};
use memchr::{memchr_iter, memchr2};
use std::{borrow::Cow, ops::Range};

/// More than any line with one entry needs; beyond it no correction is worked out.
const LONGEST_CORRECTED: usize = 4096;
/// How many faults of one line are mended one after the other.
const MOST_FIXES: usize = 16;

/// What a line says, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) source: Reference,
    pub(super) source_place: Range<usize>,
    /// Which tags of the source are meant, where it is not the one that is named.
    pub(super) selector: Option<Selector>,
    pub(super) destination: Destination,
    pub(super) destination_place: Range<usize>,
    pub(super) options: Options,
}

/// What is wrong with a line, in bytes of the text that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) kind: LineErrorKind,
    pub(super) place: Range<usize>,
    pub(super) fix: Option<Fix>,
}

/// A text to put in the place of another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fix {
    pub(super) place: Range<usize>,
    pub(super) text: String,
}

impl Broken {
    pub(super) fn new(kind: LineErrorKind, place: Range<usize>) -> Self {
        Self { kind, place, fix: None }
    }

    pub(super) fn by_reference(kind: LineErrorKind, error: ReferenceError) -> Self {
        let fix = error.instead.map(|text| Fix { place: error.replaces, text });
        Self { kind, place: error.place, fix }
    }

    pub(super) fn fixed(self, fix: Fix) -> Self {
        Self { fix: Some(fix), ..self }
    }

    /// Moves the places from a part to the text that the part stands in.
    pub(super) fn moved(mut self, by: usize) -> Self {
        let moved = |place: Range<usize>| place.start + by..place.end + by;
        self.place = moved(self.place);
        self.fix = self.fix.map(|fix| Fix { place: moved(fix.place), ..fix });
        self
    }
}

/// Reads a line; an empty line and a comment hold nothing.
pub(super) fn read(text: &str, target: Option<&Registry>) -> Result<Option<Line>, Broken> {
    let content = content(text);
    check_characters(text, &content)?;
    if content.is_empty() {
        return Ok(None);
    }
    entry(&text[content.clone()], target).map_err(|broken| broken.moved(content.start)).map(|mut line| {
        for place in [&mut line.source_place, &mut line.destination_place] {
            *place = place.start + content.start..place.end + content.start;
        }
        Some(line)
    })
}

/// Returns the whole line as it was probably meant: a line that can be read, or nothing.
pub(super) fn correct(text: &str, fix: Fix, target: Option<&Registry>) -> Option<String> {
    if text.len() > LONGEST_CORRECTED {
        return None;
    }
    let mut corrected = text.to_owned();
    let mut fix = fix;
    for _ in 0..MOST_FIXES {
        corrected.replace_range(fix.place, &fix.text);
        match read(&corrected, target) {
            Ok(Some(_)) => return Some(corrected),
            // A comment with a fault holds nothing once it is mended, and nothing is what it is to hold.
            Ok(None) => return (!corrected.trim().is_empty()).then_some(corrected),
            Err(broken) => fix = broken.fix?,
        }
    }
    None
}

/// Returns the name an image would have in the target registry if it kept its own.
pub(super) fn namesake(source: &str) -> Option<String> {
    let source = source.trim_matches([' ', '\t']);
    let source: Reference = match source.strip_prefix(chart::SCHEME) {
        Some(chart) => chart::as_tagged(chart).parse().ok()?,
        None => source.parse().ok()?,
    };
    let repository = source.repository();
    let name = if source.registry() == Registry::docker_hub().as_str() {
        repository.strip_prefix("library/").unwrap_or(repository)
    } else {
        repository
    };
    Some(name.to_owned())
}

/// Finds what stands before a comment, without the spaces around it.
fn content(text: &str) -> Range<usize> {
    let bytes = text.as_bytes();
    let mut signs = memchr_iter(b'#', bytes);
    let end = signs.find(|&at| at == 0 || matches!(bytes[at - 1], b' ' | b'\t')).unwrap_or(text.len());
    let trimmed = character::trimmed_end(&text[..end]);
    let start = trimmed.len() - character::trimmed_start(trimmed).len();
    start..trimmed.len()
}

/// Refuses what readers of the file cannot see. A comment may have joiners and marks: scripts and emoji need them.
fn check_characters(text: &str, content: &Range<usize>) -> Result<(), Broken> {
    if character::is_plain(text) {
        return Ok(());
    }
    let hidden = text
        .char_indices()
        .find(|&(at, c)| character::is_control(c) || (content.contains(&at) && character::is_invisible(c)));
    match hidden {
        None => Ok(()),
        Some((at, c)) => {
            let place = at..at + c.len_utf8();
            let fix = Fix { place: place.clone(), text: character::meant(c).to_owned() };
            Err(Broken::new(LineErrorKind::Hidden(c), place).fixed(fix))
        }
    }
}

fn entry(content: &str, target: Option<&Registry>) -> Result<Line, Broken> {
    let arrow = arrow::find(content)?;
    let source_place = 0..character::trimmed_end(&content[..arrow.start]).len();
    let rest = character::trimmed_start(&content[arrow.end..]);
    let destination_start = content.len() - rest.len();
    let (rest, options) = match memchr2(b' ', b'\t', rest.as_bytes()) {
        Some(end) => (&rest[..end], Some(end)),
        None => (rest, None),
    };
    let destination_place = destination_start..destination_start + rest.len();

    let text = &content[source_place.clone()];
    if text.is_empty() {
        return Err(Broken::new(LineErrorKind::NoSource, arrow));
    }
    let (name, selector) = match selection::look(text)? {
        Some(selected) => (selected.name, Some(selected.selector)),
        None => (chart::start(text)..text.len(), None),
    };
    let is_chart = text[..name.start].ends_with(chart::SCHEME);
    let written = |text| if is_chart { chart::as_tagged(text) } else { Cow::Borrowed(text) };
    if is_chart {
        chart::check_host(text, &name)?;
    }
    let source: Reference = written(&text[name.clone()]).parse().map_err(|error: ReferenceError| {
        Broken::by_reference(LineErrorKind::Source(error.fault), error).moved(name.start)
    })?;
    if is_chart && selector.is_none() {
        chart::check_version(&source, &name)?;
    }
    if rest.is_empty() {
        let broken = Broken::new(LineErrorKind::NoDestination, arrow.clone());
        return Err(match namesake(&written(&text[name])) {
            Some(name) => broken.fixed(Fix { place: arrow.end..content.len(), text: format!(" {name}") }),
            None => broken,
        });
    }
    let destination = match selector {
        Some(_) => selection::destination(rest, &source, target),
        None => destination::read(&written(rest), &source, target),
    };
    let destination = destination.map_err(|broken| broken.moved(destination_place.start))?;
    let options = match options {
        Some(end) => options::read(&content[destination_start..], end).map_err(|it| it.moved(destination_start))?,
        None => Options::default(),
    };
    Ok(Line { source, source_place, selector, destination, destination_place, options })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a faulty line for a registry that all of these tests know.
    fn meant(text: &str) -> Option<String> {
        let target = Registry::parse("contoso.azurecr.io").unwrap();
        correct(text, read(text, Some(&target)).unwrap_err().fix?, Some(&target))
    }

    #[test]
    fn a_comment_begins_at_a_number_sign_behind_a_space() {
        for (text, expected) in [
            ("a => b # c", "a => b"),
            ("a => b\t#c", "a => b"),
            ("a => b#c", "a => b#c"),
            ("  # a => b", ""),
            ("#", ""),
            (" \t ", ""),
            ("\ta => b ", "a => b"),
        ] {
            assert_eq!(&text[content(text)], expected, "{text:?}");
        }
    }

    #[test]
    fn several_faults_of_a_line_are_mended_together() {
        let text = "  https://quay.io/Team/App:V1 -> Quay.io/Mirror/App@sha256:00  # why";
        assert_eq!(meant(text).unwrap(), "  quay.io/team/app:V1 => mirror/app  # why");
    }

    #[test]
    fn a_proposal_that_could_not_be_read_is_none() {
        let text = "quay.io/A/b => c d => e";
        assert!(read(text, None).unwrap_err().fix.is_none());
        assert!(read("quay.io/A/b => !", None).unwrap_err().fix.is_some());
        assert_eq!(meant("quay.io/A/b => !"), None);
    }

    #[test]
    fn a_correction_is_the_whole_line() {
        for (text, corrected) in [
            ("a:1 -> b  # why", Some("a:1 => b  # why")),
            ("a:1 ==> b", Some("a:1 => b")),
            ("a:1→b", Some("a:1 => b")),
            ("a:1 = b", Some("a:1 => b")),
            ("  a:1  b", Some("  a:1 => b")),
            ("quay.io/x/a:1", Some("quay.io/x/a:1 => x/a")),
            ("a:1 => # later", Some("a:1 => a # later")),
            ("docker://a:1 => b", Some("a:1 => b")),
            ("https://quay.io/a:1 => https://contoso.azurecr.io/a", Some("quay.io/a:1 => contoso.azurecr.io/a")),
            ("a:1 => fabrikam.azurecr.io/b:2", Some("a:1 => b:2")),
            ("a:1 => b:2@sha256:00", Some("a:1 => b:2")),
            ("a:1 => Mirror/B:X", Some("a:1 => mirror/b:X")),
            ("a:1 => b#another tag", Some("a:1 => b #another tag")),
            ("a:1 => b another tag", Some("a:1 => b # another tag")),
            ("a:1\u{a0}=>\u{200b} b", Some("a:1 => b")),
            ("oci://quay.io/a => b", None),
            ("a:1 => b => c", None),
            ("=> b", None),
            ("a b c d", None),
        ] {
            assert_eq!(meant(text).as_deref(), corrected, "{text}");
        }
    }
}
