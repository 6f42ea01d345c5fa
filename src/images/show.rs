//! Errors and warnings as a compiler shows them: the place underlined, what is expected, and the corrected line.

use super::{LineError, LineNumber, LineWarning, Parsed, character::escape};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use std::{fmt::Write as _, ops::Range};

/// The most errors and warnings that are shown.
const MOST_SHOWN: usize = 100;
/// The most bytes of a line that are shown before the offending part, and behind it.
const MOST_AROUND: usize = 400;
const CUT: &str = "…";

/// Whether the text is meant for a terminal with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Letters and nothing else.
    Plain,
    /// ANSI colours.
    Coloured,
}

/// Shows what is wrong with a file, the errors before the warnings; at most a hundred, "and N more".
///
/// Returns an empty text where nothing is wrong. Foreign text is escaped: it cannot steer a terminal.
pub fn show(path: &str, parsed: &Parsed, colour: Colour) -> String {
    let renderer = match colour {
        Colour::Plain => Renderer::plain(),
        Colour::Coloured => Renderer::styled(),
    };
    let path = escape(path);
    let errors = parsed.errors.iter().map(|error| error_groups(&path, error));
    let warnings = parsed.warnings.iter().map(|warning| vec![warning_group(&path, warning)]);

    let mut page = String::new();
    for groups in errors.chain(warnings).take(MOST_SHOWN) {
        page.push_str(&renderer.render(&groups));
        page.push_str("\n\n");
    }
    let errors_shown = parsed.errors.len().min(MOST_SHOWN);
    let warnings_shown = parsed.warnings.len().min(MOST_SHOWN - errors_shown);
    for (more, noun) in
        [(parsed.error_count() - errors_shown, "error"), (parsed.warning_count() - warnings_shown, "warning")]
    {
        if more > 0 {
            let plural = if more == 1 { "" } else { "s" };
            // Writing to a text does not fail.
            writeln!(page, "and {more} more {noun}{plural}").unwrap_or_default();
        }
    }
    page
}

fn error_groups<'a>(path: &'a str, error: &LineError) -> Vec<Group<'a>> {
    let title = Level::ERROR.primary_title(error.kind.to_string());
    let note = Level::NOTE.message(error.expected().into_owned());
    if error.text.is_empty() {
        let origin = Origin::path(path).line(line_start(error.line)).char_column(1);
        return vec![title.element(origin).element(note)];
    }
    let first = title.element(snippet(path, error.line, &error.text, &error.place)).element(note);
    let help = error.corrected.as_deref().map(|corrected| corrected_line(error, corrected));
    std::iter::once(first).chain(help).collect()
}

fn warning_group<'a>(path: &'a str, warning: &LineWarning) -> Group<'a> {
    Level::WARNING
        .primary_title(warning.kind.to_string())
        .element(snippet(path, warning.line, &warning.text, &warning.place))
        .element(Level::NOTE.message(warning.kind.expected()))
}

fn snippet<'a>(
    path: &'a str,
    line: LineNumber,
    text: &str,
    place: &Range<usize>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (text, place) = visible(text, place);
    Snippet::source(text).line_start(line_start(line)).path(path).annotation(AnnotationKind::Primary.span(place))
}

fn corrected_line<'a>(error: &LineError, corrected: &str) -> Group<'a> {
    let (before, corrected) = (escape(&error.text), escape(corrected));
    let whole = 0..before.len();
    Level::HELP
        .secondary_title("write")
        .element(Snippet::source(before).line_start(line_start(error.line)).patch(Patch::new(whole, corrected)))
}

fn line_start(line: LineNumber) -> usize {
    usize::try_from(line.get()).unwrap_or(usize::MAX)
}

/// Returns the line as it can be shown, cut around the offending part, and where that part is in it.
fn visible(text: &str, place: &Range<usize>) -> (String, Range<usize>) {
    let from = text.floor_char_boundary(place.start.saturating_sub(MOST_AROUND));
    let marked_end = text.floor_char_boundary(place.end.min(place.start + MOST_AROUND)).max(place.start);
    let to = text.ceil_char_boundary((marked_end + MOST_AROUND).min(text.len()));

    let mut shown = if from > 0 { CUT.to_owned() } else { String::new() };
    shown.push_str(&escape(&text[from..place.start]));
    let start = shown.len();
    shown.push_str(&escape(&text[place.start..marked_end]));
    let end = shown.len();
    shown.push_str(&escape(&text[marked_end..to]));
    if to < text.len() {
        shown.push_str(CUT);
    }
    (shown, start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::parse;

    fn shown(text: &[u8]) -> String {
        show("images.txt", &parse(text, None), Colour::Plain)
    }

    #[test]
    fn what_a_search_passes_over_is_seen() {
        // The agent of Azure Pipelines finds its commands by a search that passes over variation selectors.
        let shown = shown("a#\u{fe0f}#\u{fe0f}vso[task.setvariable variable=x]y -> a".as_bytes());
        assert!(!shown.contains('\u{fe0f}') && shown.contains(r"#\u{fe0f}#\u{fe0f}vso["), "{shown}");
    }

    #[test]
    fn an_error_shows_place_expectation_and_correction() {
        insta::assert_snapshot!(shown(b"nginx:1 => a\nquay.io/Team/App:V1 -> mirror/app  # ours\n"), @r"
        error: `->` in the place of `=>`
         --> images.txt:2:21
          |
        2 | quay.io/Team/App:V1 -> mirror/app  # ours
          |                     ^^
          |
          = note: expected `=>` between source and destination
        help: write
          |
        2 - quay.io/Team/App:V1 -> mirror/app  # ours
        2 + quay.io/team/app:V1 => mirror/app  # ours
          |
        ");
    }

    #[test]
    fn a_warning_shows_its_place() {
        insta::assert_snapshot!(shown(b"  nginx => a"), @r"
        warning: source has neither tag nor digest
         --> images.txt:1:3
          |
        1 |   nginx => a
          |   ^^^^^
          |
          = note: this means `latest`, which moves; name a tag or a digest
        ");
    }

    #[test]
    fn a_fault_of_the_file_has_no_line_to_show() {
        insta::assert_snapshot!(shown(b"nginx:1 => a\n\0"), @r"
        error: binary file
        --> images.txt:2:1
         = note: a list is a text in UTF-8; save the file with this encoding
        ");
    }

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        let page = shown("nginx\u{1b}[2J => a\u{202e}\n::error::x\r\r\n".as_bytes());
        assert!(page.contains("nginx\\u{1b}[2J => a\\u{202e}"), "{page}");
        assert!(!page.contains(['\u{1b}', '\u{202e}', '\r']), "{page}");
    }

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        let parsed = parse(b"nginx", None);
        assert!(show("images.txt", &parsed, Colour::Coloured).contains("\u{1b}["));
        assert!(!show("images.txt", &parsed, Colour::Plain).contains('\u{1b}'));
    }

    #[test]
    fn at_most_a_hundred_are_shown() {
        let page = shown("!\n".repeat(103).as_bytes());
        assert_eq!(page.matches("error: ").count(), 100);
        assert!(page.ends_with("and 3 more errors\n"), "{page}");
        let page = shown(("!\n".repeat(99) + "nginx => a\nnginx => b").as_bytes());
        assert!(page.ends_with("and 1 more warning\n"), "{page}");
    }

    #[test]
    fn a_file_without_faults_shows_nothing() {
        assert_eq!(shown(b"nginx:1 => a"), "");
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let page = shown(format!("{} => ü", "a".repeat(1 << 20)).as_bytes());
        assert!(page.len() < 4000, "{}", page.len());
    }
}
