//! Configuration: what an image says of itself, for which platform it is and when it was made.

use super::Surveyor;
use crate::{
    reference::{Platform, Registry},
    registry::Manifest,
};
use serde::Deserialize;
use std::collections::HashMap;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Whether images are asked when they were made: a request more for each platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ages {
    /// No rule wants to know.
    Leave,
    /// A rule does.
    Ask,
}

/// What a configuration says of its image.
#[derive(Default, Deserialize)]
pub(super) struct Configuration {
    #[serde(flatten)]
    platform: Option<Platform>,
    created: Option<String>,
}

impl Configuration {
    /// Returns the platform, where one is named.
    pub(super) fn platform(&self) -> Option<Platform> {
        self.platform.clone().filter(|platform| !platform.os.is_empty())
    }

    /// Returns when the image was made, where that is said and can be read.
    pub(super) fn created(&self) -> Option<OffsetDateTime> {
        self.created.as_ref().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
    }
}

/// Reads the platform of a single image; other artifacts have none.
pub(super) async fn platform(
    registry: &Registry,
    repository: &str,
    manifest: &Manifest,
    surveyor: &Surveyor,
) -> Option<Platform> {
    read(registry, repository, manifest, surveyor).await.platform()
}

/// Reads the configuration of an image; other artifacts have none, but may say when they were made.
pub(super) async fn read(
    registry: &Registry,
    repository: &str,
    manifest: &Manifest,
    surveyor: &Surveyor,
) -> Configuration {
    let annotated = || Configuration { created: annotated(manifest), ..Configuration::default() };
    let is_image = |kind: &str| kind.contains("container.image") || kind.contains("image.config");
    let Some(config) = manifest.config.as_ref().filter(|config| is_image(&config.media_type)) else {
        return annotated();
    };
    let bytes = surveyor.registries.document(registry, repository, config.digest).await;
    let read = bytes.ok().flatten().and_then(|bytes| serde_json::from_slice::<Configuration>(&bytes).ok());
    read.unwrap_or_else(annotated)
}

/// Returns when an artifact says that it was made (OCI image specification, "Pre-Defined Annotation Keys").
fn annotated(manifest: &Manifest) -> Option<String> {
    #[derive(Deserialize)]
    struct Wire {
        annotations: Option<HashMap<String, String>>,
    }
    let wire: Wire = serde_json::from_slice(&manifest.bytes).ok()?;
    wire.annotations?.remove("org.opencontainers.image.created")
}
