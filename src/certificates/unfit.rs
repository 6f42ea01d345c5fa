//! Unfit: why an image cannot be made anew by one layer more.

use crate::{
    problem::{Problem, Side},
    reference::Digest,
};
use std::fmt;

/// Why no layer can be laid over an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It has no bundle where one is looked for.
    NoStore {
        /// Where it was looked for.
        looked: Vec<&'static str>,
        /// What the image says it is.
        release: Option<String>,
    },
    /// The bundle, or the way to it, is a link.
    Linked {
        /// What is a link.
        path: &'static str,
        /// To where.
        to: String,
    },
    /// A layer is not packed as this program reads it.
    Packed {
        /// The layer.
        layer: Digest,
        /// Its media type.
        media_type: String,
    },
    /// There is more to read than is read.
    TooLarge {
        /// How many bytes there are.
        bytes: u64,
        /// How many are read.
        most: u64,
    },
    /// Its layers unpack to more than is read.
    Unpacked {
        /// How many bytes are read.
        most: u64,
    },
    /// A layer cannot be unpacked.
    Broken {
        /// The layer.
        layer: Digest,
        /// What is wrong with it.
        why: String,
    },
    /// It is no image: a chart, a signature.
    NoImage(String),
    /// It is for no platform that has such a store, such as Windows.
    NoPlatform(String),
}

impl Unfit {
    /// Returns whether a build could do what a layer cannot.
    pub fn may_be_built(&self) -> bool {
        match self {
            Self::Linked { .. } | Self::Packed { .. } | Self::TooLarge { .. } | Self::Unpacked { .. } => true,
            Self::NoStore { .. } | Self::Broken { .. } | Self::NoImage(_) | Self::NoPlatform(_) => false,
        }
    }

    /// Returns it as what keeps an image from being made.
    pub fn problem(&self) -> Problem {
        let hint = match self {
            Self::NoStore { .. } => {
                "Take an image with the package `ca-certificates`, name its `base`, or take it out of `images`."
            }
            Self::Linked { .. } | Self::Packed { .. } | Self::TooLarge { .. } | Self::Unpacked { .. } => {
                "ACR Tasks can build it: `way: tasks`, or `auto`."
            }
            Self::Broken { .. } => "Run again; if it stays so, ask who made the image.",
            Self::NoImage(_) | Self::NoPlatform(_) => "Take it out of `images` in acr-sync.yaml.",
        };
        Problem::new(Side::Source, self.to_string()).hint(hint)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore { looked, release } => {
                let looked: Vec<_> = looked.iter().map(|path| format!("`/{path}`")).collect();
                write!(f, "the image has no trust store at {}", looked.join(" or "))?;
                match release {
                    Some(release) => write!(f, "; it says it is `{release}`"),
                    None => f.write_str("; it does not say what it is made of"),
                }
            }
            Self::Linked { path, to } => write!(f, "`/{path}` is a link to `{to}`, which a layer would replace"),
            Self::Packed { layer, media_type } => {
                write!(f, "the layer {} is packed as `{media_type}`, which is not read here", layer.short())
            }
            Self::TooLarge { bytes, most } => {
                write!(f, "its layers have {} MiB, and {} MiB are read at most", bytes >> 20, most >> 20)
            }
            Self::Unpacked { most } => {
                write!(f, "its layers unpack to more than {} MiB, which is all that is read", most >> 20)
            }
            Self::Broken { layer, why } => write!(f, "the layer {} cannot be unpacked: {why}", layer.short()),
            Self::NoImage(what) => write!(f, "it is no image but `{what}`"),
            Self::NoPlatform(what) => write!(f, "it is for {what}, where no such trust store is"),
        }
    }
}
