//! Filter: which tags a rule means.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// The longest pattern.
const LONGEST: usize = 512;
/// The most memory of a compiled pattern: one that repeats itself a thousand times is refused, not run.
const MOST_COMPILED: usize = 1 << 20;
/// What stands for every tag.
const ALL: &str = "all";
/// Tags as people make them: a pattern that means all of these means everything.
const USUAL: [&str; 8] = ["latest", "10", "v1.2.3", "2026.11.26-7", "main-a1b2c3d", "PR-7", "_x", "ci-17"];

/// The tags that a rule means: those that a pattern means, or, said so, all.
#[derive(Clone)]
pub struct TagFilter {
    written: Box<str>,
    /// None for all.
    regex: Option<Regex>,
}

impl TagFilter {
    /// Reads a pattern, or `all`.
    ///
    /// A pattern means whole tags. With `^` at its beginning and no `$` at its end it means what a tag begins with; with
    /// `$` at its end and no `^`, what a tag ends with. `1.0` never means `11.0.3`.
    ///
    /// # Errors
    /// What is wrong with it, a fragment: one that means every tag is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == ALL {
            return Ok(Self { written: text.into(), regex: None });
        }
        if text.is_empty() {
            return Err("the pattern of `tags` is empty".to_owned());
        }
        if text.len() > LONGEST {
            return Err(format!("the pattern of `tags` has {} bytes, at most {LONGEST} are read", text.len()));
        }
        let wrong = |error: &regex::Error| match error {
            regex::Error::CompiledTooBig(_) => format!("`{text}` is too large a pattern"),
            error => format!("`{text}` is no pattern of tags: {}", last_line(&error.to_string())),
        };
        // By itself first: `a)(b` would be whole within the anchors.
        RegexBuilder::new(text).size_limit(MOST_COMPILED).build().map_err(|error| wrong(&error))?;
        let (inner, begins) = text.strip_prefix('^').map_or((text, false), |inner| (inner, true));
        let (inner, ends) = match inner.strip_suffix('$') {
            Some(rest) if !is_escaped(rest) => (rest, true),
            Some(_) | None => (inner, false),
        };
        let before = if begins || !ends { "^" } else { "" };
        let behind = if ends || !begins { "$" } else { "" };
        let anchored = format!("{before}(?:{inner}){behind}");
        let regex = RegexBuilder::new(&anchored).size_limit(MOST_COMPILED).build().map_err(|error| wrong(&error))?;
        if USUAL.iter().all(|tag| regex.is_match(tag)) {
            return Err(format!("`{text}` means every tag; if that is meant, write `tags: all`"));
        }
        Ok(Self { written: text.into(), regex: Some(regex) })
    }

    /// Returns whether a tag is meant.
    pub fn matches(&self, tag: &str) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(tag))
    }

    /// Returns whether every tag is meant.
    pub fn is_all(&self) -> bool {
        self.regex.is_none()
    }
}

/// Returns whether the character behind a text has a backslash of its own before it.
fn is_escaped(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ")
}

impl fmt::Debug for TagFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TagFilter").field(&self.written).finish()
    }
}

impl fmt::Display for TagFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for TagFilter {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for TagFilter {}

impl<'de> Deserialize<'de> for TagFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_whole_tags_unless_it_says_where_they_begin_or_end() {
        for (pattern, tag, expected) in [
            ("1.0", "1.0", true),
            ("1.0", "11.0.3", false),
            ("1.0", "1.0.3", false),
            ("^ci-", "ci-17", true),
            ("^ci-", "my-ci-17", false),
            ("-rc$", "1.0-rc", true),
            ("-rc$", "1.0-rc2", false),
            ("^1$", "1", true),
            ("^1$", "11", false),
            ("ci-.*|pr-.*", "pr-7", true),
            ("ci-.*|pr-.*", "my-pr-7", false),
            ("^ci-|pr-", "my-pr-7", false),
            ("^ci-|pr-", "pr-7", true),
            ("[0-9]+", "123", true),
            ("[0-9]+", "v123", false),
            ("all", "anything", true),
            ("^all$", "anything", false),
            ("(?i)ci-.*", "CI-1", true),
        ] {
            let filter = TagFilter::parse(pattern).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(filter.matches(tag), expected, "{pattern} {tag}");
        }
    }

    #[test]
    fn what_means_everything_or_nothing_is_refused() {
        for (pattern, why) in [
            ("", "is empty"),
            (".*", "means every tag; if that is meant, write `tags: all`"),
            ("^", "means every tag"),
            ("$", "means every tag"),
            (".+", "means every tag"),
            ("^.", "means every tag"),
            ("[^/]*", "means every tag"),
            ("(", "is no pattern of tags"),
            ("a)(b", "is no pattern of tags"),
            ("[a-z", "is no pattern of tags"),
            ("((a{1000}){1000}){1000}", "too large"),
            (&"a".repeat(600), "600 bytes"),
        ] {
            let error = TagFilter::parse(pattern).unwrap_err();
            assert!(error.contains(why), "{pattern}: {error}");
        }
    }
}
