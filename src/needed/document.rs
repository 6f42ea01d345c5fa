//! Document: the manifests of one text, each read by itself, so that one that cannot be read hides no other.

use super::node::{Node, Reader};
use serde::de::DeserializeSeed;
use std::{cell::Cell, ops::Range};

/// What a document may grow to through its aliases, for each of its bytes and beyond them.
const GROWTH: usize = 16;
const GROWTH_BEYOND: usize = 16 * 1024;
/// Brackets that are open at once, and dashes at the start of one line: each makes the parser slower for all that
/// follows, and no manifest has so many.
const DEEPEST: usize = 1_000;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One document of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// Its number among those that hold anything, from 1.
    pub(super) number: usize,
    /// The line where its content begins, from 1; not known for one JSON value behind another.
    pub(super) line: Option<usize>,
    pub(super) read: Result<Node, Unreadable>,
}

/// Why a document could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The line of the text.
    pub(super) line: Option<usize>,
    /// A fragment that holds foreign text.
    pub(super) why: String,
}

/// Hands out every document of a text: JSON values one behind the other, or YAML.
pub(super) fn each(text: &str, mut take: impl FnMut(Document)) {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // Most of JSON is YAML too, but not all of it: tabs, pairs of surrogates.
    if text.trim_start().starts_with(['{', '['])
        && let Some(values) = json(text)
    {
        for (index, node) in values.into_iter().enumerate() {
            take(Document { number: index + 1, line: (index == 0).then_some(1), read: Ok(node) });
        }
        return;
    }
    let mut number = 0;
    for Segment { line, place } in segments(text) {
        let text = &text[place];
        let Some(skipped) = content_begins(text) else { continue };
        number += 1;
        let read = if is_tower(text) {
            Err(Unreadable { line: Some(line + skipped), why: "it is nested too deeply".to_owned() })
        } else {
            yaml(text.trim_start_matches(BYTE_ORDER_MARK)).map_err(|error| {
                let place = error.location().map(|location| line + location.line().saturating_sub(1));
                Unreadable { line: place, why: why(text, &error) }
            })
        };
        take(Document { number, line: Some(line + skipped), read });
    }
}

fn json(text: &str) -> Option<Vec<Node>> {
    let left = budget(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut values = Vec::new();
    while reader.end().is_err() {
        values.push(Reader { left: &left }.deserialize(&mut reader).ok()?);
    }
    Some(values)
}

fn yaml(text: &str) -> Result<Node, serde_yaml::Error> {
    Reader { left: &budget(text) }.deserialize(serde_yaml::Deserializer::from_str(text))
}

fn budget(text: &str) -> Cell<usize> {
    Cell::new(GROWTH * text.len() + GROWTH_BEYOND)
}

/// Returns whether a text is nested so deeply that reading it would take for ever. Brackets in texts count as well,
/// but those come in pairs.
fn is_tower(text: &str) -> bool {
    let (mut open, mut dashes, mut is_start) = (0_usize, 0_usize, true);
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'\n' => (dashes, is_start) = (0, true),
            b'-' | b'?' | b':' if is_start => dashes += 1,
            b' ' | b'\t' => {}
            _ => is_start = false,
        }
        open > DEEPEST || dashes > DEEPEST
    })
}

/// Says why, without the places: they count from where the document begins.
fn why(text: &str, error: &serde_yaml::Error) -> String {
    if text.contains("{{") {
        return "a template that is not rendered".to_owned();
    }
    let text = error.to_string();
    let mut pieces = text.split(" at line ");
    let mut why = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        why.push_str(rest.strip_prefix(" column ").unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    why
}

/// A part of a text that is one document.
struct Segment {
    /// The line where it begins, from 1.
    line: usize,
    place: Range<usize>,
}

/// Splits at the lines that end a document. Neither `---` nor `...` can stand at the start of a line inside one
/// (YAML 1.2.2, 9.1.2).
fn segments(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let (mut line, mut start, mut at) = (1, 0, 0);
    for (index, content) in text.split_inclusive('\n').enumerate() {
        let (is_start, is_end) = (is_marker(content, "---"), is_marker(content, "..."));
        if is_start || is_end {
            segments.push(Segment { line, place: start..at });
            (line, start) = if is_start { (index + 1, at) } else { (index + 2, at + content.len()) };
        }
        at += content.len();
    }
    segments.push(Segment { line, place: start..text.len() });
    segments
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Returns how many lines stand before the first that is neither empty nor a comment, a directive or a marker.
fn content_begins(text: &str) -> Option<usize> {
    text.lines().position(|line| {
        let line = if is_marker(line, "---") { &line[3..] } else { line };
        let line = line.trim_matches([' ', '\t', '\r', BYTE_ORDER_MARK]);
        !line.is_empty() && !line.starts_with(['#', '%'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Document> {
        let mut documents = Vec::new();
        each(text, |document| documents.push(document));
        documents
    }

    /// Returns what stands under `a` in each document, or why it cannot be read.
    fn told(text: &str) -> Vec<String> {
        let tell = |document: Document| match document.read {
            Ok(node) => node.get("a").and_then(Node::text).unwrap_or("-").to_owned(),
            Err(error) => format!("line {:?}: {}", error.line, error.why),
        };
        read(text).into_iter().map(tell).collect()
    }

    #[test]
    fn each_document_is_read_by_itself() {
        for (text, expected) in [
            ("a: x\n---\na: y\n", vec!["x", "y"]),
            ("---\r\na: x\r\n---\r\n# nothing\r\n---\r\na: y", vec!["x", "y"]),
            ("\u{feff}a: x\n---\n\u{feff}a: y\n", vec!["x", "y"]),
            ("%YAML 1.1\n---\na: x\n...\n# end\n---\na: y\n...\n", vec!["x", "y"]),
            ("--- {a: x}\n--- # note\na: y\n", vec!["x", "y"]),
            ("a: |-\n  ---\n  x\n", vec!["---\nx"]),
            ("a: ---x\n---x: y\n", vec!["---x"]),
            ("", vec![]),
            ("---\n---\n# x\n", vec![]),
            ("{\"a\": \"x\"}\n{\"a\": \"\\ud83d\\ude00\"}\n", vec!["x", "\u{1f600}"]),
            ("{a: x}\n---\na: y\n", vec!["x", "y"]),
            ("{\n\t\"a\": \"x\"\n}\n", vec!["x"]),
        ] {
            assert_eq!(told(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_document_knows_where_it_begins() {
        let lines: Vec<_> = read("# head\n\n---\n# Source: x\na: x\n---\n\n- b\n...\n\nc: d\n")
            .into_iter()
            .map(|document| (document.number, document.line))
            .collect();
        assert_eq!(lines, [(1, Some(5)), (2, Some(8)), (3, Some(11))]);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line_and_hides_nothing() {
        let twice = "the key `a` stands twice";
        let found = told("a: x\n---\nb: 1\na: x\nc:\n  a: y\na: y\n---\na: z\n");
        assert_eq!(found, ["x".to_owned(), format!("line Some(7): {twice}"), "z".to_owned()]);
        assert_eq!(told("{\"b\": 1,\n\"a\": 1,\n\"a\": 2}"), [format!("line Some(3): {twice}")]);
        let template = "---\n{{- if .Values.on }}\na: {{ .Values.x }}\n{{- end }}\n---\na: x\n";
        assert_eq!(told(template)[0].split_once(": ").unwrap().1, "a template that is not rendered");
        assert_eq!(told(template)[1], "x");
        assert!(told("a: {{ .Values.x }}\n")[0].ends_with("a template that is not rendered"));
        assert!(told("{a: b}: c\n")[0].ends_with("a key that is a map"));
        let broken = told("a: x\n---\n\na: [x\nb: \"\n");
        assert!(broken[1].starts_with("line Some(") && !broken[1].contains(" at line "), "{broken:?}");
        for text in ["\u{0}", "a: *b", "a: \"\\x\"", "\ta: b", "}", "? [a, {b: c}]\n: x\na: \"y"] {
            assert!(told(text)[0].starts_with("line "), "{text:?}: {:?}", told(text));
        }
    }

    #[test]
    fn anchors_tags_and_merged_maps_are_followed() {
        for text in [
            "b: &b x\na: *b\n",
            "b: &b {a: x, c: z}\n<<: *b\nc: y\n",
            "b: &b {a: x}\nc: &c {a: y}\n<<: [*b, *c]\n",
            "b: &b {a: y}\n<<: *b\na: x\n",
            "a: !mine x\n",
            "!mine {a: x}\n",
            "1: x\ntrue: x\n1.5: x\n~: x\n[1, 2]: x\na: x\n",
        ] {
            assert_eq!(told(text), ["x"], "{text:?}");
        }
    }

    #[test]
    fn bombs_and_towers_end() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..40 {
            let before = format!("*a{}", level - 1);
            laughs.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", ")));
        }
        let long = format!("b: &b \"{}\"\nc: [{}]\n", "x".repeat(1 << 16), "*b, ".repeat(1 << 14));
        let (brackets, braces) = ("[".repeat(1 << 20), "{\"a\":".repeat(1 << 18));
        let steps = "- ".repeat(DEEPEST) + "x";
        let tower = "- ".repeat(1 << 20);
        for text in [laughs, long, brackets, braces, steps, tower, "b: &b [*b]\na: *b".to_owned()] {
            assert!(told(&text)[0].starts_with("line "), "{}", &text[..40.min(text.len())]);
        }
    }
}
