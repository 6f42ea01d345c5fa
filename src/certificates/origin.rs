//! Origin: what stands under the tag of a variant, and what that says it was made of.

use super::{
    edit::{self, Said},
    read::Place,
};
use crate::{
    problem::{Problem, Side},
    reference::Digest,
    registry::RegistryError,
};

/// What stands under the tag of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct There {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    /// The size of its manifest, in bytes.
    pub(super) size: usize,
    pub(super) is_writable: bool,
    /// The image that it was made of, and the authorities that it was given.
    pub(super) origin: Said,
}

impl There {
    /// Returns whether it is of this image, with these authorities.
    pub(super) fn is_of(&self, base: Digest, authorities: &str) -> bool {
        self.origin == (Some(base.to_string()), Some(authorities.to_owned()))
    }

    /// Returns whether this section made it.
    pub(super) fn is_ours(&self) -> bool {
        matches!(&self.origin, (Some(_), Some(_)))
    }
}

/// Looks at a tag; an ACR tells of locks.
pub(super) async fn there(place: &Place<'_>, tag: &str, is_acr: bool) -> Result<Option<There>, RegistryError> {
    let Place { registries, registry, repository } = *place;
    let state = match is_acr {
        true => registries.acr_tag(registry, repository, tag).await?,
        false => registries.tag(registry, repository, tag).await?,
    };
    let Some(state) = state else { return Ok(None) };
    let mut there = There {
        digest: state.digest,
        media_type: String::new(),
        size: 0,
        is_writable: state.is_writable,
        origin: (None, None),
    };
    let Some(manifest) = registries.manifest(registry, repository, state.digest).await? else { return Ok(Some(there)) };
    there.origin = edit::origin(&manifest.bytes);
    if let (false, Some(config)) = (there.is_ours(), &manifest.config)
        && edit::is_config(&config.media_type)
    {
        let configuration = registries.document(registry, repository, config.digest).await?;
        there.origin = edit::label(&configuration.unwrap_or_default());
    }
    (there.media_type, there.size) = (manifest.media_type, manifest.bytes.len());
    Ok(Some(there))
}

/// Names a tag that holds what nobody here has made.
pub(super) fn foreign(name: &str) -> Problem {
    let what = format!("`{name}` holds an image that was not made by this section");
    Problem::new(Side::Target, what).hint("State another `suffix` or `tag`, or take that tag away.")
}
