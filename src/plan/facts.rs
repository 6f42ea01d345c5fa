//! Facts: what registries said, for the decision.

use crate::{
    problem::Problem,
    reference::{Digest, Platform},
    registry::TagState,
};
use time::OffsetDateTime;

/// An answer, or that there is none: asked, never guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is there.
    Known(T),
    /// It is not there.
    Absent,
    /// Nobody could say.
    Unknown(Problem),
}

/// What the source says of a line's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceFact {
    pub digest: Digest,
    pub pulls_left: Option<u32>,
}

/// What the destination tag holds.
pub(super) type DestinationFact = TagState;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageFacts {
    /// The media type of the manifest or index.
    pub media_type: String,
    /// The platforms it runs on; none for other artifacts.
    pub platforms: Vec<Platform>,
    /// Bytes of configurations and layers as stored, each blob once; `None` where they were not asked.
    pub size: Option<u64>,
    /// Index and manifests together.
    pub manifests: usize,
    /// The digests by which others may name the image: of its manifests and their configurations.
    pub digests: Vec<Digest>,
    /// When each of its platforms says that it was made, or that it does not say; `None` where they were not asked.
    pub created: Option<Vec<Option<OffsetDateTime>>>,
}
