//! Pattern: which of a repository's tags a line means.

use super::version::Version;
use crate::reference::tag;
use regex::{Regex, RegexBuilder};
use std::{fmt, ops::Range};

/// A pattern as it is written behind the `:` of a source. It can be read: nothing else is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPattern(Box<str>);

/// What is wrong with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternFault {
    /// Behind `^` or `~` stands no version.
    Version,
    /// A character that no tag has, beside `*`.
    Character,
    /// The regular expression cannot be read, or is too large.
    Regex,
    /// More characters than a pattern may have.
    TooLong,
    /// `newest` is not followed by a number from 1 to 1,000 and `of`.
    Newest,
    /// `newest` stands before a source with a single tag.
    NewestOfOne,
    /// A digest stands behind the pattern.
    Digest,
    /// The destination has a tag of its own, though there may be many.
    DestinationTag,
}

/// The most characters of a pattern: twice what a tag may have.
const LONGEST: usize = 256;
/// Bytes that a compiled regular expression may take.
const LARGEST_REGEX: usize = 1 << 20;

/// A pattern, ready to be compared.
pub(super) enum Matcher<'a> {
    Glob(Vec<&'a str>),
    Compatible(Version<'a>),
    Close(Version<'a>),
    Regex(Regex),
}

impl TagPattern {
    /// The pattern for every tag.
    pub(super) fn any() -> Self {
        Self("*".into())
    }

    /// Returns whether a text behind the `:` is a pattern and no tag.
    pub(super) fn is_one(text: &str) -> bool {
        text.starts_with(['^', '~', '/']) || text.contains('*')
    }

    /// Reads a pattern; an error has its place in the text.
    pub(super) fn read(text: &str) -> Result<Self, (PatternFault, Range<usize>)> {
        if text.len() > LONGEST {
            return Err((PatternFault::TooLong, 0..text.len()));
        }
        matcher(text).map(|_| Self(text.into()))
    }

    /// Returns the tags of a list that the pattern means, the lowest version first and what is no version before it.
    ///
    /// With a number, that many of the highest versions: tags with a suffix are left out there, unless the pattern has
    /// a `-` itself.
    pub(super) fn select<'t>(&self, tags: &'t [String], newest: Option<u16>) -> Vec<&'t str> {
        // What was read once can be read again.
        let Ok(matcher) = matcher(&self.0) else { return Vec::new() };
        let is_tag = |text: &&String| tag::check(text).is_ok();
        let mut found: Vec<_> = tags
            .iter()
            .filter(is_tag)
            .map(|tag| (Version::read(tag), tag.as_str()))
            .filter(|(version, tag)| matcher.matches(version.as_ref(), tag))
            .collect();
        if newest.is_some() {
            let has_suffix = self.0.contains('-');
            found.retain(|(version, _)| version.as_ref().is_some_and(|it| has_suffix || it.suffix.is_empty()));
        }
        found.sort_by(|(a, a_text), (b, b_text)| {
            let by_version = match (a, b) {
                (Some(a), Some(b)) => a.compare_numbers(b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            by_version.then_with(|| a_text.cmp(b_text))
        });
        found.dedup_by_key(|(_, tag)| *tag);
        let from = newest.map_or(0, |newest| found.len().saturating_sub(usize::from(newest)));
        found.split_off(from).into_iter().map(|(_, tag)| tag).collect()
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn matcher(text: &str) -> Result<Matcher<'_>, (PatternFault, Range<usize>)> {
    let version = |behind: &'static str| {
        let text = &text[behind.len()..];
        let read = Version::read(text).filter(|_| tag::check(text).is_ok());
        read.ok_or((PatternFault::Version, behind.len()..behind.len() + text.len()))
    };
    match text.as_bytes().first() {
        Some(b'^') => version("^").map(Matcher::Compatible),
        Some(b'~') => version("~").map(Matcher::Close),
        Some(b'/') => regex(text).map(Matcher::Regex),
        _ => {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '*');
            match text.char_indices().find(|&(_, c)| !is_allowed(c)) {
                Some((at, c)) => Err((PatternFault::Character, at..at + c.len_utf8())),
                None => Ok(Matcher::Glob(text.split('*').collect())),
            }
        }
    }
}

/// `/…/` means the whole tag.
fn regex(text: &str) -> Result<Regex, (PatternFault, Range<usize>)> {
    let fault = || (PatternFault::Regex, 0..text.len());
    let inner = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')).filter(|inner| !inner.is_empty());
    let inner = inner.ok_or_else(fault)?;
    // By itself first, so that a bracket too many does not find its partner in ours.
    let build = |text: &str| RegexBuilder::new(text).size_limit(LARGEST_REGEX).build();
    build(inner).and_then(|_| build(&format!("^(?:{inner})$"))).map_err(|_| fault())
}

impl Matcher<'_> {
    fn matches(&self, version: Option<&Version<'_>>, tag: &str) -> bool {
        match self {
            Self::Glob(pieces) => is_like(pieces, tag),
            Self::Compatible(wanted) => version.is_some_and(|version| wanted.is_compatible_with(version)),
            Self::Close(wanted) => version.is_some_and(|version| wanted.is_close_to(version)),
            Self::Regex(regex) => regex.is_match(tag),
        }
    }
}

/// Compares with the pieces between asterisks, each at the first place where it fits.
fn is_like(pieces: &[&str], tag: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return pieces == [tag] };
    let Some(rest) = tag.strip_prefix(first) else { return false };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    middle.iter().all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

impl PatternFault {
    /// Returns what is expected instead.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Version => "expected a version such as `1.15`, `v1.15.2` or `1.27-alpine`",
            Self::Character => {
                "a pattern has letters, digits, `_`, `.`, `-` and `*`, or is `^1.15`, `~1.15` or `/regex/`"
            }
            Self::Regex => "expected a regular expression for the whole tag between two `/`, such as `/v1\\.[0-9]+/`",
            Self::TooLong => "a pattern has at most 256 characters",
            Self::Newest => "expected `newest NUMBER of SOURCE`, with a number from 1 to 1000",
            Self::NewestOfOne => "expected a pattern, or no tag at all, which stands for every version",
            Self::Digest => "expected no digest: a pattern means many images",
            Self::DestinationTag => "expected a repository: the images keep the tags of the source",
        }
    }
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "malformed tag pattern: no version behind `^` or `~`",
            Self::Character => "malformed tag pattern: a character that no tag has",
            Self::Regex => "malformed tag pattern: the regular expression cannot be read",
            Self::TooLong => "malformed tag pattern: too long",
            Self::Newest => "malformed `newest`",
            Self::NewestOfOne => "`newest` of a single tag",
            Self::Digest => "tag pattern and digest",
            Self::DestinationTag => "tag pattern and destination tag",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(pattern: &str, newest: Option<u16>, tags: &[&str]) -> Vec<String> {
        let tags: Vec<_> = tags.iter().map(|&tag| tag.to_owned()).collect();
        TagPattern::read(pattern).unwrap().select(&tags, newest).into_iter().map(str::to_owned).collect()
    }

    const TAGS: [&str; 9] =
        ["latest", "v1.11.10", "v1.11.2", "v1.11.1", "v1.12.0", "v1.12.0-rc.1", "v1.10.0", "v2.0.0", "v1.11.2-alpine"];

    #[test]
    fn each_kind_of_pattern_selects_whole_tags_lowest_first() {
        for (pattern, expected) in [
            ("v1.11.*", vec!["v1.11.1", "v1.11.2", "v1.11.2-alpine", "v1.11.10"]),
            ("*-alpine", vec!["v1.11.2-alpine"]),
            ("v*.1*.*2", vec!["v1.11.2"]),
            ("lat*", vec!["latest"]),
            ("^1.11.2", vec!["v1.11.2", "v1.11.10", "v1.12.0"]),
            ("~v1.11.2", vec!["v1.11.2", "v1.11.10"]),
            ("^1.11-alpine", vec!["v1.11.2-alpine"]),
            (r"/v1\.1[12]\.\d/", vec!["v1.11.1", "v1.11.2", "v1.12.0"]),
            ("/latest|v2.*/", vec!["latest", "v2.0.0"]),
            ("nothing*", vec![]),
        ] {
            assert_eq!(selected(pattern, None, &TAGS), expected, "{pattern}");
        }
    }

    #[test]
    fn the_newest_are_the_highest_versions_without_suffix() {
        assert_eq!(selected("*", Some(2), &TAGS), ["v1.12.0", "v2.0.0"]);
        assert_eq!(selected("v1.*", Some(3), &TAGS), ["v1.11.2", "v1.11.10", "v1.12.0"]);
        assert_eq!(selected("v1.*-rc*", Some(3), &TAGS), ["v1.12.0-rc.1"]);
        assert_eq!(selected("^1", Some(100), &TAGS).len(), 5);
    }

    #[test]
    fn what_cannot_be_read_has_its_place() {
        for (text, fault, place) in [
            ("^", PatternFault::Version, 1..1),
            ("^latest", PatternFault::Version, 1..7),
            ("~1.x", PatternFault::Version, 1..4),
            ("v1.ü*", PatternFault::Character, 3..5),
            ("v1.*!", PatternFault::Character, 4..5),
            ("/", PatternFault::Regex, 0..1),
            ("//", PatternFault::Regex, 0..2),
            ("/(/", PatternFault::Regex, 0..3),
            ("/)(/", PatternFault::Regex, 0..4),
            ("/a", PatternFault::Regex, 0..2),
            ("/(((a{99}){99}){99}){99}/", PatternFault::Regex, 0..25),
        ] {
            assert_eq!(TagPattern::read(text), Err((fault, place)), "{text}");
        }
        assert_eq!(TagPattern::read(&"*".repeat(257)), Err((PatternFault::TooLong, 0..257)));
    }

    #[test]
    fn what_no_registry_may_call_a_tag_is_not_selected() {
        assert_eq!(selected("*", None, &["a b", "", "ok", "../x", "-"]), ["ok"]);
    }
}
