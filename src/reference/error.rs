//! What is wrong with a reference, where, and what was probably meant.

use std::{fmt, ops::Range};

/// A rule of a reference that a text breaks. Its author mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written.
    Empty,
    /// The text begins like an address (`https://`, `docker://`, `oci://`).
    Scheme,
    /// The host holds a character that no host name has.
    HostCharacter,
    /// The port is no number from 1 to 65535.
    Port,
    /// The repository has an upper-case letter.
    RepositoryUpperCase,
    /// The repository has a character outside `a-z`, `0-9`, `.`, `_`, `-`, `/`.
    RepositoryCharacter,
    /// A part of the repository is empty, or begins or ends with a separator, or has two that do not go together.
    RepositoryPart,
    /// Registry and repository together have more than 255 characters.
    RepositoryTooLong,
    /// A colon with nothing behind it.
    TagEmpty,
    /// The tag has a character outside `A-Z`, `a-z`, `0-9`, `_`, `.`, `-`, or begins with `.` or `-`.
    TagCharacter,
    /// The tag has more than 128 characters.
    TagTooLong,
    /// The digest is not of the form `sha256:…`.
    DigestAlgorithm,
    /// The digest's hash has not 64 characters.
    DigestLength,
    /// The digest's hash has a character outside `0-9` and `a-f`.
    DigestCharacter,
}

impl Fault {
    /// Returns what is expected instead, as a fragment.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Empty => "expected `[host[:port]/]repository[:tag][@sha256:…]`",
            Self::Scheme => "an image is named without a scheme",
            Self::HostCharacter => "a host has letters, digits, `.` and `-` only",
            Self::Port => "a port is a number from 1 to 65535",
            Self::RepositoryUpperCase => "a repository is written in lower case",
            Self::RepositoryCharacter => "a repository has `a-z`, `0-9`, `.`, `_`, `-` and `/` only",
            Self::RepositoryPart => {
                "each part of a repository begins and ends with a letter or digit; between them stand `.`, `_`, `__` or dashes"
            }
            Self::RepositoryTooLong => "registry and repository have at most 255 characters together",
            Self::TagEmpty => "expected a tag behind the `:`",
            Self::TagCharacter => {
                "a tag has letters, digits, `_`, `.` and `-` only, and begins with a letter, a digit or `_`"
            }
            Self::TagTooLong => "a tag has at most 128 characters",
            Self::DigestAlgorithm => "expected `sha256:` and 64 hexadecimal digits behind the `@`",
            Self::DigestLength => "a sha256 digest has 64 hexadecimal digits",
            Self::DigestCharacter => "a digest has `0-9` and `a-f` only",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no image",
            Self::Scheme => "unexpected scheme",
            Self::HostCharacter => "unexpected character in the host",
            Self::Port => "unexpected port",
            Self::RepositoryUpperCase => "upper-case letter in the repository",
            Self::RepositoryCharacter => "unexpected character in the repository",
            Self::RepositoryPart => "malformed part of the repository",
            Self::RepositoryTooLong => "repository is too long",
            Self::TagEmpty => "empty tag",
            Self::TagCharacter => "unexpected character in the tag",
            Self::TagTooLong => "tag is too long",
            Self::DigestAlgorithm => "digest is no `sha256` digest",
            Self::DigestLength => "digest has the wrong length",
            Self::DigestCharacter => "unexpected character in the digest",
        })
    }
}

/// A broken rule and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError {
    /// The broken rule.
    pub fault: Fault,
    /// The offending part, in bytes of the text that was read.
    pub place: Range<usize>,
    /// What could stand in the place of the whole part that is wrong, when that can be guessed.
    pub instead: Option<String>,
    /// The part that `instead` replaces, in bytes of the text that was read.
    pub replaces: Range<usize>,
}

impl ReferenceError {
    pub(crate) fn new(fault: Fault, place: Range<usize>) -> Self {
        Self { fault, replaces: place.clone(), place, instead: None }
    }

    /// Proposes a text for everything from the start of the part that was read to its end.
    pub(super) fn instead(mut self, text: &str) -> Self {
        self.instead = Some(text.to_owned());
        self
    }

    pub(super) fn replacing(mut self, part: Range<usize>) -> Self {
        self.replaces = part;
        self
    }

    /// Moves the places from a part to the text that the part stands in.
    pub(super) fn moved(mut self, by: usize) -> Self {
        self.place = self.place.start + by..self.place.end + by;
        self.replaces = self.replaces.start + by..self.replaces.end + by;
        self
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fault, self.fault.expected())
    }
}

impl std::error::Error for ReferenceError {}
