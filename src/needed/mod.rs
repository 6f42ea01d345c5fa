//! Needed: the images that manifests name, beside those that a list brings in.
//!
//! Texts in, needs out. Finding the files is for the command line, and nobody is asked: whether an image exists shows
//! when its line is planned.

mod append;
mod compare;
mod document;
mod form;
mod index;
mod manifests;
mod naming;
mod node;
#[cfg(test)]
mod properties;
mod propose;
mod show;
mod targets;
mod workload;

use crate::{
    images::LineNumber,
    reference::{Digest, Reference},
};
use std::sync::Arc;

pub use append::append;
pub use compare::compare;
pub use form::json;
pub use manifests::Manifests;
pub use show::{open, text};
pub use targets::Targets;

/// The most bytes of one file: 16 MiB, as of a list.
pub const MAX_BYTES: usize = crate::images::MAX_BYTES;

/// Every image that was found, in the order of their names, and what could not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Needs {
    /// One for each image.
    pub needs: Vec<Need>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// How many files were read.
    pub files: usize,
    /// How many objects of a cluster they hold.
    pub objects: usize,
}

/// One image, wherever it is named.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// Its full name; a tag that was left out is `latest`.
    pub image: Reference,
    /// Where it is named, in the order in which the files were read.
    pub places: Vec<Place>,
    /// What the list says to it.
    pub verdict: Verdict,
    /// What deserves a look.
    pub notes: Vec<Note>,
}

/// What the list says to an image.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the target registry's, and a line brings it there.
    Served {
        /// The line.
        line: LineNumber,
    },
    /// A line brings it in, but the manifest names the source: the cluster would go on pulling it from outside.
    Rename {
        /// The line.
        line: LineNumber,
        /// What the manifest should name; without a host where the registry is not known.
        to: String,
    },
    /// It is the target registry's, and no line brings it there.
    Unlisted(Gap),
    /// It comes from outside and no line brings it in.
    Missing(Proposal),
}

/// Why nothing brings in what the target registry is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// No line has this destination. A line that may be meant, after one with the same repository.
    NoLine(Option<String>),
    /// The line pins another digest than the manifest.
    OtherDigest {
        /// The line.
        line: LineNumber,
        /// Its digest.
        digest: Digest,
    },
}

/// The line that would bring an image in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// It can be added as it is.
    Add(String),
    /// Its destination is wanted by something else.
    Collision {
        /// The line as it would be.
        line: String,
        /// Who wants the destination.
        with: Rival,
    },
    /// No line that can be read says it.
    Impossible(String),
}

/// Who wants the same destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rival {
    /// A line of the list.
    Line(LineNumber),
    /// Another image that is missing.
    Image(Reference),
}

/// What deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A manifest names neither tag nor digest.
    ImpliedLatest,
    /// A manifest names a digest and the list only a tag.
    DigestUnknown,
}

/// Where an image is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: Arc<str>,
    /// The number of the document in the file, from 1, of those that hold anything.
    pub document: usize,
    /// The line where the document's content begins.
    pub line: Option<usize>,
    /// The kind of the object.
    pub kind: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// `container web`, `init container setup`, `volume model`.
    pub container: String,
}

/// A file, a document or an image that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file as it was named.
    pub file: Arc<str>,
    /// The number of the document; none where the whole file is left out.
    pub document: Option<usize>,
    /// The line.
    pub line: Option<usize>,
    /// Why, a fragment. Holds foreign text.
    pub why: String,
}

/// How many images are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Brought in and named as they should be.
    pub served: usize,
    /// Brought in, but named by their source.
    pub rename: usize,
    /// Asked of the target registry, without a line.
    pub unlisted: usize,
    /// From outside, without a line.
    pub missing: usize,
}

impl Needs {
    /// Counts the images.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for need in &self.needs {
            *match need.verdict {
                Verdict::Served { .. } => &mut totals.served,
                Verdict::Rename { .. } => &mut totals.rename,
                Verdict::Unlisted(_) => &mut totals.unlisted,
                Verdict::Missing(_) => &mut totals.missing,
            } += 1;
        }
        totals
    }

    /// Returns the lines that can be added, sorted, each once.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self
            .needs
            .iter()
            .filter_map(|need| match &need.verdict {
                Verdict::Missing(Proposal::Add(line)) => Some(line.clone()),
                Verdict::Missing(Proposal::Collision { .. } | Proposal::Impossible(_))
                | Verdict::Served { .. }
                | Verdict::Rename { .. }
                | Verdict::Unlisted(_) => None,
            })
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}
