//! Options: what a line says behind its destination, `platforms=linux/amd64,linux/arm64 referrers=take`.

use super::{
    error::LineErrorKind,
    line::{Broken, Fix},
};
use crate::reference::Platform;
use std::{fmt, ops::Range};

const PLATFORMS: &str = "platforms";
const REFERRERS: &str = "referrers";
const NAMES: [&str; 2] = [PLATFORMS, REFERRERS];
/// So many letters may differ where a name is guessed.
const MOST_DIFFERENT: usize = 3;

/// The options of a line; nearly every line has none, and then this is one word large.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Option<Box<Written>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Written {
    platforms: Vec<Platform>,
    referrers: Option<Referrers>,
}

/// Whether what refers to an image travels along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referrers {
    /// Only the image itself is imported.
    Leave,
    /// Signatures, attestations and other artifacts are imported too.
    Take,
}

/// What is wrong with an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionFault {
    /// There is no such option.
    Unknown(Box<str>),
    /// The option stands there a second time.
    Twice(&'static str),
    /// Nothing stands behind its `=`, or there is no `=`.
    NoValue(&'static str),
    /// A platform is none.
    Platform,
    /// Neither `take` nor `leave`.
    Referrers,
}

impl Options {
    /// Returns the platforms of an index that are meant (`platforms=`), sorted; all of them where none is named.
    pub fn platforms(&self) -> &[Platform] {
        self.0.as_deref().map_or(&[], |written| &written.platforms)
    }

    /// Returns whether what refers to the image travels along (`referrers=`), where the line says so.
    pub fn referrers(&self) -> Option<Referrers> {
        self.0.as_deref()?.referrers
    }

    /// Returns whether the line has no option.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for Options {
    /// Writes a space before each option, so that it can follow a destination.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [first, others @ ..] = self.platforms() {
            write!(f, " {PLATFORMS}={first}")?;
            others.iter().try_for_each(|platform| write!(f, ",{platform}"))?;
        }
        match self.referrers() {
            Some(Referrers::Take) => write!(f, " {REFERRERS}=take"),
            Some(Referrers::Leave) => write!(f, " {REFERRERS}=leave"),
            None => Ok(()),
        }
    }
}

/// Returns whether an option's name stands right before a place: its `=` is no arrow.
pub(super) fn is_named_before(text: &str, at: usize) -> bool {
    NAMES.iter().any(|name| {
        text[..at].strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
    })
}

/// Reads what stands behind a destination, from `start` on.
pub(super) fn read(text: &str, start: usize) -> Result<Options, Broken> {
    let mut written = Written::default();
    let mut seen: Vec<&str> = Vec::new();
    for word in words(text, start) {
        let Some((name, value)) = text[word.clone()].split_once('=') else { return Err(no_option(text, word)) };
        let name_place = word.start..word.start + name.len();
        let value_place = name_place.end + 1..word.end;
        let broken = |fault, place: &Range<usize>| Broken::new(LineErrorKind::Option(fault), place.clone());
        let Some(&name) = NAMES.iter().find(|known| **known == name) else {
            let unknown = broken(OptionFault::Unknown(name.into()), &name_place);
            return Err(match meant(name) {
                Some(known) => unknown.fixed(Fix { place: name_place, text: known.to_owned() }),
                None => unknown,
            });
        };
        if seen.contains(&name) {
            return Err(broken(OptionFault::Twice(name), &word));
        }
        seen.push(name);
        if value.is_empty() {
            return Err(broken(OptionFault::NoValue(name), &word));
        }
        if name == PLATFORMS {
            written.platforms = platforms(value, value_place.start)?;
        } else {
            written.referrers = Some(match value {
                "take" => Referrers::Take,
                "leave" => Referrers::Leave,
                _ => return Err(broken(OptionFault::Referrers, &value_place)),
            });
        }
    }
    Ok(Options(Some(Box::new(written)).filter(|written| **written != Written::default())))
}

fn words(text: &str, start: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = start;
    std::iter::from_fn(move || {
        let begin = text.len() - text[at..].trim_start_matches([' ', '\t']).len();
        let end = text[begin..].find([' ', '\t']).map_or(text.len(), |end| begin + end);
        at = end;
        (begin < end).then_some(begin..end)
    })
}

fn platforms(value: &str, start: usize) -> Result<Vec<Platform>, Broken> {
    let mut found = Vec::new();
    let mut at = start;
    for part in value.split(',') {
        let place = at..at + part.len();
        at = place.end + 1;
        let kind = LineErrorKind::Option(OptionFault::Platform);
        found.push(Platform::parse(part).map_err(|_| Broken::new(kind, place))?);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// A word that is no option: most likely a comment; a sign is more likely a slip in the name.
fn no_option(text: &str, word: Range<usize>) -> Broken {
    if let Some(&name) = NAMES.iter().find(|name| **name == &text[word.clone()]) {
        return Broken::new(LineErrorKind::Option(OptionFault::NoValue(name)), word);
    }
    let broken = Broken::new(LineErrorKind::BehindDestination, word.start..text.len());
    let is_remark = text[word.start..].starts_with(char::is_alphanumeric);
    if is_remark { broken.fixed(Fix { place: word.start..word.start, text: "# ".to_owned() }) } else { broken }
}

/// Returns the option that a name was probably meant to be.
fn meant(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let distance = |known: &str| strsim::levenshtein(known, &lower);
    NAMES.into_iter().min_by_key(|known| distance(known)).filter(|known| distance(known) <= MOST_DIFFERENT)
}

impl OptionFault {
    /// Returns what is expected instead.
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "the options are `platforms=…` and `referrers=take|leave`",
            Self::Twice(_) => "an option stands on a line once; several platforms have a comma between them",
            Self::NoValue(_) => "expected a value right behind the `=`, such as `platforms=linux/amd64`",
            Self::Platform => {
                "expected `os/architecture[/variant]`, with a comma between two: `linux/amd64,linux/arm64`"
            }
            Self::Referrers => "expected `take` or `leave`",
        }
    }
}

impl fmt::Display for OptionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "there is no option `{name}`"),
            Self::Twice(name) => write!(f, "`{name}` stands there twice"),
            Self::NoValue(name) => write!(f, "`{name}` has no value"),
            Self::Platform => f.write_str("malformed platform"),
            Self::Referrers => write!(f, "unexpected value of `{REFERRERS}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::parse;

    #[test]
    fn options_stand_behind_the_destination() {
        for (line, expected) in [
            ("a:1 => b platforms=linux/arm64,linux/amd64", "b:1 platforms=linux/amd64,linux/arm64"),
            ("a:1=>b\treferrers=take  platforms=linux/arm/v7 # why", "b:1 platforms=linux/arm/v7 referrers=take"),
            ("a:1 => b:2 referrers=leave", "b:2 referrers=leave"),
            ("a:1 => b", "b:1"),
        ] {
            let parsed = parse(line.as_bytes(), None);
            assert_eq!(parsed.errors, [], "{line}");
            assert_eq!(parsed.list.entries()[0].to_string(), format!("docker.io/library/a:1 => {expected}"));
        }
        let parsed = parse(b"newest 2 of a => b platforms=linux/amd64", None);
        let selection = &parsed.list.selections()[0];
        assert_eq!(selection.to_string(), "newest 2 of docker.io/library/a:* => b platforms=linux/amd64");
        let entries = selection.entries(&["1.0".to_owned()]);
        assert_eq!(entries[0].to_string(), "docker.io/library/a:1.0 => b:1.0 platforms=linux/amd64");
    }

    #[test]
    fn what_is_wrong_has_its_column_and_a_correction_where_one_can_be_guessed() {
        let option = LineErrorKind::Option;
        for (line, column, kind, corrected) in [
            (
                "a:1 => b platform=linux/amd64",
                10,
                option(OptionFault::Unknown("platform".into())),
                Some("a:1 => b platforms=linux/amd64"),
            ),
            ("a:1 => b color=red", 10, option(OptionFault::Unknown("color".into())), None),
            (
                "a:1 => b referers=take # why",
                10,
                option(OptionFault::Unknown("referers".into())),
                Some("a:1 => b referrers=take # why"),
            ),
            ("a:1 => b platforms=", 10, option(OptionFault::NoValue(PLATFORMS)), None),
            ("a:1 => b platforms = linux/amd64", 10, option(OptionFault::NoValue(PLATFORMS)), None),
            ("a:1 => b platforms=linux/amd64,arm64", 32, option(OptionFault::Platform), None),
            ("a:1 => b referrers=take referrers=take", 25, option(OptionFault::Twice(REFERRERS)), None),
            ("a:1 => b referrers=yes", 20, option(OptionFault::Referrers), None),
            (
                "a:1 => b referrers=take or not",
                25,
                LineErrorKind::BehindDestination,
                Some("a:1 => b referrers=take # or not"),
            ),
            ("a:1 b platforms=linux/amd64", 4, LineErrorKind::NoArrow, None),
        ] {
            let error = &parse(line.as_bytes(), None).errors[0];
            assert_eq!((error.column, &error.kind, error.corrected.as_deref()), (column, &kind, corrected), "{line}");
        }
    }
}
