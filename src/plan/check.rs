//! Check: how closely the plan looks at an image that is there already.

use super::Action;
use crate::{
    reference::Digest,
    verify::{Unproved, Verifier},
};

/// Which images that are there already are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Those of changed lines, which are few; of a whole list none.
    Changed,
    /// All of them: some requests for each image, where the digest of its tag takes one.
    All,
    /// None: a tag with the right digest is taken for its image.
    None,
}

impl Check {
    pub(super) fn applies(self, has_base: bool) -> bool {
        match self {
            Self::Changed => has_base,
            Self::All => true,
            Self::None => false,
        }
    }
}

/// Decides about an image whose tag has the right digest: it is kept, or repaired where parts of it are missing.
///
/// A registry that cannot be asked says nothing against the image.
pub(super) async fn kept(repository: &str, digest: Digest, verifier: &Verifier) -> Action {
    match verifier.whole(repository, digest).await {
        Err(Unproved::Wrong(problem)) => Action::Repair(problem),
        Ok(()) | Err(Unproved::NotAsked(_)) => Action::Keep,
    }
}
