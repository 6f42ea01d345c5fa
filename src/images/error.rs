//! What is wrong with a line, where, what was expected, and the line as it was probably meant.

use super::{LineNumber, OptionFault, PatternFault};
use crate::reference::{Fault, Registry};
use std::{borrow::Cow, fmt, ops::Range};

/// A line that could not be read. The author of the change mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Which line.
    pub line: LineNumber,
    /// Where the offending part begins, in characters counted from 1.
    pub column: u32,
    /// The offending part, in bytes of `text`.
    pub place: Range<usize>,
    /// The line as it stands in the file, without its end; bytes that are no UTF-8 are replaced. It is foreign text.
    /// Empty where the fault is the file's and no line's.
    pub text: Box<str>,
    /// What was found.
    pub kind: LineErrorKind,
    /// The whole line as it was probably meant. It can be read.
    pub corrected: Option<String>,
}

impl LineError {
    /// Returns what is expected, as a sentence's fragment.
    pub fn expected(&self) -> Cow<'static, str> {
        self.kind.expected()
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.line, self.column, self.kind, self.expected())
    }
}

impl std::error::Error for LineError {}

/// The rule of design §3 that a line breaks. `Display` says what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineErrorKind {
    /// The file is larger than [`super::MAX_BYTES`].
    TooLarge,
    /// The file holds a NUL byte: it is no text, or text in UTF-16.
    Binary,
    /// This byte belongs to no UTF-8 character.
    NotUtf8(u8),
    /// A control character, or one that is not seen.
    Hidden(char),
    /// Nothing separates source and destination but perhaps spaces.
    NoArrow,
    /// Something else stands where `=>` belongs.
    OtherArrow(Box<str>),
    /// There is more than one `=>`.
    SecondArrow,
    /// Nothing stands before `=>`.
    NoSource,
    /// Nothing stands behind `=>`, or only the registry.
    NoDestination,
    /// The source is malformed.
    Source(Fault),
    /// A Helm chart, `oci://…`, has no registry.
    ChartHost,
    /// A Helm chart has no version.
    ChartVersion,
    /// The destination is malformed.
    Destination(Fault),
    /// The destination names a registry that is not the target.
    DestinationHost {
        /// The target's login server, where it is known.
        target: Option<Registry>,
    },
    /// The destination has a digest.
    DestinationDigest,
    /// Neither the destination nor the source has a tag, and the source's digest is none.
    NoTag,
    /// The tag pattern, or what goes with it, is malformed.
    Pattern(PatternFault),
    /// What stands behind the destination is no option.
    BehindDestination,
    /// An option is none, or its value is malformed.
    Option(OptionFault),
    /// Another line wants the same destination.
    Taken {
        /// The first other line that does.
        by: LineNumber,
    },
}

impl LineErrorKind {
    /// Returns what is expected instead.
    pub fn expected(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::TooLarge => "a list has at most 16 MiB; split it into several files",
            Self::Binary | Self::NotUtf8(_) => "a list is a text in UTF-8; save the file with this encoding",
            Self::Hidden(_) => "only visible characters, spaces and tabs may stand here",
            Self::NoArrow | Self::OtherArrow(_) => "expected `=>` between source and destination",
            Self::SecondArrow => "expected one `source => destination` on a line",
            Self::NoSource => "expected the image to import, `[host[:port]/]repository[:tag][@sha256:…]`",
            Self::NoDestination => "expected `repository[:tag]` behind the `=>`",
            Self::Source(fault) | Self::Destination(fault) => return Cow::Borrowed(fault.expected()),
            Self::Pattern(fault) => fault.expected(),
            Self::ChartHost => "a chart is named with its registry, `oci://host[:port]/repository:version`",
            Self::ChartVersion => "expected a version, `oci://host/repository:version`: charts have no `latest`",
            Self::Option(fault) => fault.expected(),
            Self::DestinationHost { target: Some(target) } => {
                return Cow::Owned(format!("destinations are in the target registry `{target}`; expected no host"));
            }
            Self::DestinationHost { target: None } => "destinations are in the target registry; expected no host",
            Self::DestinationDigest => "expected `repository[:tag]`; the digest belongs to the source",
            Self::NoTag => "expected a tag, `repository:tag`: a source with a digest and no tag gives none",
            Self::BehindDestination => {
                "expected the end of the line, an option such as `platforms=linux/amd64`, or a comment behind ` #`"
            }
            Self::Taken { .. } => "each destination stands on one line only",
        })
    }
}

impl fmt::Display for LineErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "file is too large",
            Self::Binary => "binary file",
            Self::NotUtf8(byte) => return write!(f, "byte 0x{byte:02x} is no UTF-8"),
            Self::Hidden(c) => return write!(f, "hidden character U+{:04X}", u32::from(*c)),
            Self::NoArrow => "there is no `=>`",
            Self::OtherArrow(sign) => return write!(f, "`{sign}` in the place of `=>`"),
            Self::SecondArrow => "there is a second `=>`",
            Self::NoSource => "there is no source",
            Self::NoDestination => "there is no destination",
            Self::Source(fault) => return write!(f, "malformed source: {fault}"),
            Self::Pattern(fault) => return fault.fmt(f),
            Self::ChartHost => "chart without a registry",
            Self::ChartVersion => "chart without a version",
            Self::Option(fault) => return fault.fmt(f),
            Self::Destination(fault) => return write!(f, "malformed destination: {fault}"),
            Self::DestinationHost { .. } => "destination has a host",
            Self::DestinationDigest => "destination has a digest",
            Self::NoTag => "destination has no tag and the source has only a digest",
            Self::BehindDestination => "unexpected text behind the destination",
            Self::Taken { by } => return write!(f, "line {by} has the same destination"),
        })
    }
}

/// A line that was read and deserves a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWarning {
    /// Which line.
    pub line: LineNumber,
    /// Where the part begins, in characters counted from 1.
    pub column: u32,
    /// The part, in bytes of `text`.
    pub place: Range<usize>,
    /// The line as it stands in the file, without its end.
    pub text: Box<str>,
    /// What was found.
    pub kind: LineWarningKind,
}

/// What deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineWarningKind {
    /// The source has neither tag nor digest, which means `latest`.
    NoTag,
}

impl LineWarningKind {
    /// Returns what would be better.
    pub fn expected(self) -> &'static str {
        match self {
            Self::NoTag => "this means `latest`, which moves; name a tag or a digest",
        }
    }
}

impl fmt::Display for LineWarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTag => f.write_str("source has neither tag nor digest"),
        }
    }
}
