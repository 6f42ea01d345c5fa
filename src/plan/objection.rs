//! Objection: what a policy has against a line.

use super::platforms;
use crate::reference::Platform;
use std::fmt;

/// What a policy has against a line, one rule each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// The source is none of those that are allowed.
    Source(String),
    /// The destination is none of those that are allowed.
    Destination(String),
    /// The line names no digest.
    NoDigest,
    /// The line's source or destination is the tag `latest`.
    Latest,
    /// The tag would move.
    Moves,
    /// The image lacks platforms.
    Platforms(Vec<Platform>),
    /// The image has more bytes than are allowed.
    Size {
        /// What it has.
        is: u64,
        /// What is allowed.
        most: u64,
    },
    /// The image is older than is allowed.
    Age {
        /// The day on which it was made.
        made: String,
        /// How many days are allowed.
        most_days: i64,
    },
    /// The image does not say when it was made.
    Undated,
    /// Scanners found in the image what is not allowed.
    Vulnerable {
        /// How many of each severity, the gravest first.
        counts: Vec<(String, usize)>,
        /// The worst, each with its package and what mends it.
        worst: Vec<String>,
        /// How many are not named.
        more: usize,
    },
    /// No scanner's report is about the image; with the reports that might have been.
    NoReport(Vec<String>),
    /// Nobody who is meant has signed the image; with what is wrong with the signatures that it has.
    Unsigned(Vec<String>),
    /// A rule is about something that could not be asked.
    Unknown(&'static str),
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(name) => write!(f, "the policy does not allow the source `{name}`"),
            Self::Destination(name) => write!(f, "the policy does not allow the destination `{name}`"),
            Self::NoDigest => f.write_str("the policy wants the digest in the line"),
            Self::Latest => f.write_str("the policy refuses the tag `latest`"),
            Self::Moves => f.write_str("the policy refuses to move a tag"),
            Self::Platforms(missing) => write!(f, "the policy wants {}, which the image lacks", platforms(missing)),
            Self::Size { is, most } => {
                write!(f, "the image has {}, the policy allows {}", megabytes(*is), megabytes(*most))
            }
            Self::Age { made, most_days: 0 } => write!(f, "the image was made on {made}, the policy allows hours"),
            Self::Age { made, most_days } => {
                write!(f, "the image was made on {made}, the policy allows {most_days} days")
            }
            Self::Undated => {
                f.write_str("the policy has a rule about the image's age, and when it was made is not known")
            }
            Self::Vulnerable { counts, worst, more } => {
                let counts: Vec<_> = counts.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
                write!(
                    f,
                    "the policy refuses the image's vulnerabilities ({}): {}",
                    counts.join(", "),
                    worst.join("; ")
                )?;
                if *more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
            }
            Self::NoReport(why) => {
                f.write_str("the policy wants a scanner's report of the image, and there is none")?;
                if why.is_empty() { Ok(()) } else { write!(f, ": {}", why.join("; ")) }
            }
            Self::Unsigned(why) if why.is_empty() => {
                f.write_str("the policy wants a signature, and the image has none")
            }
            Self::Unsigned(why) => {
                write!(f, "the policy wants another signature than those of the image: {}", why.join("; "))
            }
            Self::Unknown(what) => write!(f, "the policy has a rule about the image, and {what} could not be asked"),
        }
    }
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// Writes objections as one sentence.
pub(super) fn told(objections: &[Objection]) -> String {
    objections.iter().map(Objection::to_string).collect::<Vec<_>>().join("; ")
}
