//! What stopped a copy, and whose fault it is.

use crate::{
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{RegistryError, Why},
};

/// A copy that did not end. The tag is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source could not be read, or lies.
    #[error(transparent)]
    Source(RegistryError),
    /// The target could not be written.
    #[error(transparent)]
    Target(RegistryError),
    /// The source names a manifest that it does not have.
    #[error("`{registry}/{repository}` does not have the manifest {digest}, which the image needs")]
    NoManifest {
        /// The source's registry.
        registry: Registry,
        /// Its repository.
        repository: String,
        /// The manifest.
        digest: Digest,
    },
    /// Indexes in indexes without an end.
    #[error("the image is nested deeper than {0} levels")]
    TooDeep(usize),
    /// More manifests than any image has.
    #[error("the image has more than {0} manifests")]
    TooMany(usize),
    /// Larger manifests than any image has.
    #[error("the manifests of the image have more than {0} bytes together")]
    TooLarge(usize),
    /// The tag holds another image by now, and is not to be moved.
    #[error("`{reference}` has appeared since the plan and holds {}", holds.short())]
    Taken {
        /// The tag.
        reference: String,
        /// What it holds.
        holds: Digest,
    },
    /// The target took a manifest and names another digest for it.
    #[error("the registry took `{reference}` and serves {} instead of {digest}", confirmed.map_or("nothing".to_owned(), |digest| digest.to_string()))]
    Unconfirmed {
        /// What was written.
        reference: String,
        /// What it must be.
        digest: Digest,
        /// What the registry says that it is.
        confirmed: Option<Digest>,
    },
}

impl CopyError {
    /// Returns the failure for a report.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Source(error) => error.problem(Side::Source),
            Self::Target(error) => {
                let problem = error.problem(Side::Target);
                match error.why() {
                    Why::Unauthorized { .. } | Why::Denied(_) => problem.hint(
                        "A direct copy pushes: grant the right to push (`AcrPush`, in ABAC mode `Container Registry Repository Writer`; elsewhere a credential that may write).",
                    ),
                    Why::Status(405 | 423, _) => problem.hint("The registry or this tag is read-only: unlock it, or copy to another tag."),
                    Why::Status(413 | 507, _) => problem.hint("The registry has no room for this: raise its limit or quota."),
                    _ => problem,
                }
            }
            Self::NoManifest { .. } | Self::TooDeep(_) | Self::TooMany(_) | Self::TooLarge(_) => {
                Problem::new(Side::Source, self.to_string())
                    .hint("The image is broken where it comes from: ask its owner, or take another tag.")
            }
            Self::Taken { .. } => Problem::new(Side::Target, self.to_string())
                .hint("Nothing was overwritten. Run again: the plan tells what the tag holds."),
            Self::Unconfirmed { .. } => Problem::new(Side::Target, self.to_string())
                .hint("Do not deploy this tag; run again, and ask the registry's operator if it stays so."),
        }
    }
}
