//! The whole file: which lines there are, what each of them says, and which of them want the same.

use super::{
    Entry, ImageList, LineError, LineErrorKind, LineNumber, LineWarning, LineWarningKind, MAX_BYTES, Selection, line,
    taken,
};
use crate::reference::Registry;
use memchr::{memchr, memchr_iter};
use std::{mem, ops::Range, str};

/// The most errors, and the most warnings, that are kept; further ones are only counted.
///
/// A file of 16 MiB can hold millions of faulty lines, and nobody reads so many.
pub const MAX_FINDINGS: usize = 10_000;
/// The shortest line with an entry, `a=>b`, and its end.
const SHORTEST_LINE: usize = 5;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Everything that could be read of a file, and what could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The entries that could be read.
    pub list: ImageList,
    /// One error for each line that could not, in the order of the file; at most [`MAX_FINDINGS`].
    pub errors: Vec<LineError>,
    /// What deserves a look, in the order of the file; at most [`MAX_FINDINGS`].
    pub warnings: Vec<LineWarning>,
    /// How many errors there are beyond those.
    pub more_errors: usize,
    /// How many warnings there are beyond those.
    pub more_warnings: usize,
}

impl Parsed {
    /// Returns how many lines have an error.
    pub fn error_count(&self) -> usize {
        self.errors.len() + self.more_errors
    }

    /// Returns how many lines have a warning.
    pub fn warning_count(&self) -> usize {
        self.warnings.len() + self.more_warnings
    }

    fn refused(kind: LineErrorKind, line: LineNumber) -> Self {
        let error = LineError { line, column: 1, place: 0..0, text: "".into(), kind, corrected: None };
        Self { errors: vec![error], ..Self::default() }
    }

    fn add_error(&mut self, error: LineError) {
        if self.errors.len() < MAX_FINDINGS { self.errors.push(error) } else { self.more_errors += 1 }
    }

    fn add_warning(&mut self, warning: LineWarning) {
        if self.warnings.len() < MAX_FINDINGS { self.warnings.push(warning) } else { self.more_warnings += 1 }
    }
}

/// Reads every line that can be read, and keeps one error for every line that cannot (design §3).
///
/// `target` is the registry that destinations are in. Where it is not known, the login server of any registry of
/// Azure may stand in front of a destination. A file that is no text or larger than [`MAX_BYTES`] is one error.
pub fn parse(text: &[u8], target: Option<&Registry>) -> Parsed {
    if text.len() > MAX_BYTES {
        return Parsed::refused(LineErrorKind::TooLarge, LineNumber::FIRST);
    }
    if let Some(at) = memchr(0, text) {
        return Parsed::refused(LineErrorKind::Binary, LineNumber::from_index(count_lines(&text[..at])));
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);

    let mut parsed = Parsed::default();
    let mut selections = Vec::new();
    let mut entries = Vec::with_capacity((count_lines(text) + 1).min(text.len() / SHORTEST_LINE + 1));
    for (number, bytes) in lines(text) {
        match read_line(number, bytes, target) {
            Ok(None) => {}
            Ok(Some(Read::Entry(entry, warning))) => {
                entries.push(entry);
                warning.into_iter().for_each(|warning| parsed.add_warning(warning));
            }
            Ok(Some(Read::Selection(selection))) => selections.push(selection),
            Err(error) => parsed.add_error(*error),
        }
    }
    let taken = taken::take_out(&mut entries);
    if !taken.is_empty() {
        taken::errors(&taken, text, target).for_each(|error| parsed.add_error(error));
        parsed.errors.sort_by_key(|error| error.line);
    }
    parsed.list = ImageList { entries, selections };
    parsed
}

/// Reads a list and the one that it is compared with, each on a core of its own: a run waits for one of them.
pub fn parse_both(head: &[u8], base: Option<&[u8]>, target: Option<&Registry>) -> (Parsed, Option<ImageList>) {
    std::thread::scope(|scope| {
        let base = base.map(|text| scope.spawn(move || parse(text, target).list));
        let head = parse(head, target);
        // A panic over there is one here.
        let base = base.map(|base| base.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (head, base)
    })
}

fn count_lines(text: &[u8]) -> usize {
    memchr_iter(b'\n', text).count()
}

/// Splits into lines, whose ends may be those of Windows; behind the last end there may be nothing.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (LineNumber, &[u8])> {
    let mut start = 0;
    memchr_iter(b'\n', text)
        .chain([text.len()])
        .map(move |end| &text[mem::replace(&mut start, end + 1)..end])
        .enumerate()
        .map(|(index, line)| (LineNumber::from_index(index), line.strip_suffix(b"\r").unwrap_or(line)))
}

enum Read {
    Entry(Entry, Option<LineWarning>),
    Selection(Selection),
}

fn read_line(line: LineNumber, bytes: &[u8], target: Option<&Registry>) -> Result<Option<Read>, Box<LineError>> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let text = String::from_utf8_lossy(bytes);
        let place = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
        let kind = LineErrorKind::NotUtf8(bytes[at]);
        Box::new(LineError { line, column: column(&text, &place), place, text: text.into(), kind, corrected: None })
    })?;
    let read = line::read(text, target).map_err(|broken| {
        let column = column(text, &broken.place);
        let corrected = broken.fix.and_then(|fix| line::correct(text, fix, target));
        Box::new(LineError { line, column, place: broken.place, text: text.into(), kind: broken.kind, corrected })
    })?;
    Ok(read.map(|read| {
        if let Some(selector) = read.selector {
            return Read::Selection(Selection::new(line, read.source, selector, read.destination, read.options));
        }
        let warning = (read.source.tag().is_none() && !read.source.has_digest()).then(|| LineWarning {
            line,
            column: column(text, &read.source_place),
            place: read.source_place,
            text: text.into(),
            kind: LineWarningKind::NoTag,
        });
        let entry = Entry { line, source: read.source, destination: read.destination, options: read.options };
        Read::Entry(entry, warning)
    }))
}

pub(super) fn column(text: &str, place: &Range<usize>) -> u32 {
    u32::try_from(text[..place.start].chars().count()).map_or(u32::MAX, |count| count.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Fault;

    fn read(text: &[u8]) -> Parsed {
        parse(text, Some(&Registry::parse("contoso.azurecr.io").unwrap()))
    }

    fn entries(text: &[u8]) -> Vec<String> {
        let parsed = read(text);
        assert_eq!(parsed.errors, []);
        parsed.list.entries.iter().map(|entry| format!("{}: {entry}", entry.line)).collect()
    }

    fn errors(text: &str) -> Vec<(u32, u32, LineErrorKind)> {
        let errors = read(text.as_bytes()).errors;
        errors.into_iter().map(|error| (error.line.get(), error.column, error.kind)).collect()
    }

    #[test]
    fn the_example_of_the_design_is_read() {
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "# ingress\n\
             registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller\n\
             quay.io/jetstack/cert-manager-controller:v1.15.2@{digest} => jetstack/cert-manager-controller\n\
             docker.io/library/nginx:1.27 => mirror/nginx:stable          # another tag at the destination\n\
             localhost:5000/team/app => team/app\n"
        );
        assert_eq!(
            entries(text.as_bytes()),
            [
                "2: registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller:v1.11.1".to_owned(),
                format!(
                    "3: quay.io/jetstack/cert-manager-controller:v1.15.2@{digest} => jetstack/cert-manager-controller:v1.15.2"
                ),
                "4: docker.io/library/nginx:1.27 => mirror/nginx:stable".to_owned(),
                "5: localhost:5000/team/app => team/app:latest".to_owned(),
            ]
        );
    }

    #[test]
    fn editors_may_end_lines_and_files_as_they_like() {
        let expected = ["1: docker.io/library/a:1 => x:1", "3: docker.io/library/b:1 => y:1"];
        for text in ["a:1 => x\n\nb:1 => y\n", "a:1 => x\r\n\r\nb:1 => y\r\n", "\u{feff}a:1=>x\n \t\n\tb:1\t=>  y \t"] {
            assert_eq!(entries(text.as_bytes()), expected, "{text:?}");
        }
        for text in ["", "\u{feff}", "\n\n", "# a => b", " \t# \u{200d}"] {
            assert_eq!(read(text.as_bytes()), Parsed::default(), "{text:?}");
        }
    }

    #[test]
    fn each_faulty_line_has_its_error_and_the_others_are_read() {
        let text = "\
            a:1\n\
            => a\n\
            a:1 =>\n\
            a:1 => b => c\n\
            a:1 -> b\n\
            good:1 => good\n\
            a:1 => quay.io/b\n\
            a:1 => b@sha256:00\n\
            a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 => b\n\
            a:1 => B\n\
            ü/a:1 => b\n\
            oci://charts/a:1 => b\n\
            a:1 => b c\n\
            a\u{7}:1 => b\n";
        let target = Some(Registry::parse("contoso.azurecr.io").unwrap());
        assert_eq!(
            errors(text),
            [
                (1, 1, LineErrorKind::NoArrow),
                (2, 1, LineErrorKind::NoSource),
                (3, 5, LineErrorKind::NoDestination),
                (4, 10, LineErrorKind::SecondArrow),
                (5, 5, LineErrorKind::OtherArrow("->".into())),
                (7, 8, LineErrorKind::DestinationHost { target }),
                (8, 9, LineErrorKind::DestinationDigest),
                (9, 78, LineErrorKind::NoTag),
                (10, 8, LineErrorKind::Destination(Fault::RepositoryUpperCase)),
                (11, 1, LineErrorKind::Source(Fault::RepositoryCharacter)),
                (12, 7, LineErrorKind::ChartHost),
                (13, 10, LineErrorKind::BehindDestination),
                (14, 2, LineErrorKind::Hidden('\u{7}')),
            ]
        );
        assert_eq!(read(text.as_bytes()).list.len(), 1);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_with_their_place() {
        let parsed = read(b"a:1 => b\n\xc3\xbc\xff => c\n");
        let error = &parsed.errors[0];
        assert_eq!((error.line.get(), error.column, &error.kind), (2, 2, &LineErrorKind::NotUtf8(0xff)));
        assert_eq!(&*error.text, "ü\u{fffd} => c");
        assert_eq!(parsed.list.len(), 1);
    }

    #[test]
    fn a_file_that_is_no_list_is_one_error() {
        let binary = read(b"a:1 => b\n!\n\x7fELF\0\0");
        assert_eq!((binary.errors.len(), binary.list.len()), (1, 0));
        assert_eq!((binary.errors[0].line.get(), &binary.errors[0].kind), (3, &LineErrorKind::Binary));
        let large = read(&vec![b'\n'; MAX_BYTES + 1]);
        assert_eq!((large.errors.len(), &large.errors[0].kind), (1, &LineErrorKind::TooLarge));
        assert_eq!(read(&vec![b'\n'; MAX_BYTES]), Parsed::default());
    }

    #[test]
    fn a_source_that_means_latest_is_warned_about() {
        let parsed = read(b"a:1 => a\n  b => b\nc:latest => c");
        let warning = &parsed.warnings[0];
        assert_eq!((parsed.warnings.len(), warning.line.get(), warning.column), (1, 2, 3));
        assert_eq!(&warning.text[warning.place.clone()], "b");
    }

    #[test]
    fn errors_beyond_the_most_that_are_kept_are_counted() {
        let parsed = read("!\n".repeat(MAX_FINDINGS + 5).as_bytes());
        assert_eq!((parsed.errors.len(), parsed.error_count()), (MAX_FINDINGS, MAX_FINDINGS + 5));
    }
}
