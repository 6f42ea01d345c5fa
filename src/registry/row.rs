//! Rows: tags and manifests, each with its time and locks, as an ACR writes them (ACR wire facts, 7.2).

use crate::reference::Digest;
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A tag, as an ACR lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub digest: Digest,
    /// When it began to, in seconds since 1970.
    pub updated: Option<i64>,
    /// Whether it may be moved: `writeEnabled`, without which it cannot be deleted either.
    pub may_write: bool,
    /// `deleteEnabled`.
    pub may_delete: bool,
}

impl TagRow {
    /// Returns whether it cannot be deleted.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        !(self.may_write && self.may_delete)
    }
}

/// A manifest, as an ACR lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRow {
    /// Its digest.
    pub digest: Digest,
    /// When it was written, in seconds since 1970.
    pub updated: Option<i64>,
    /// The size that the registry states, in bytes.
    pub bytes: u64,
    /// Its media type; empty where the registry does not say.
    pub media_type: String,
    /// The media type of its configuration; empty where there is none, or the registry does not say.
    pub config_media_type: String,
    /// The tags that stand for it.
    pub tags: Vec<String>,
    /// Whether it cannot be deleted.
    pub is_locked: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Attributes {
    write_enabled: Option<bool>,
    delete_enabled: Option<bool>,
}

impl Attributes {
    /// What cannot be written cannot be deleted either (ACR wire facts, 9).
    pub(super) fn is_locked(&self) -> bool {
        self.write_enabled == Some(false) || self.delete_enabled == Some(false)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTag {
    name: String,
    digest: Digest,
    last_update_time: Option<String>,
    #[serde(default)]
    changeable_attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireManifest {
    digest: Digest,
    last_update_time: Option<String>,
    image_size: Option<u64>,
    media_type: Option<String>,
    config_media_type: Option<String>,
    tags: Option<Vec<String>>,
    #[serde(default)]
    changeable_attributes: Attributes,
}

impl From<WireTag> for TagRow {
    fn from(wire: WireTag) -> Self {
        let Attributes { write_enabled, delete_enabled } = wire.changeable_attributes;
        Self {
            name: wire.name,
            digest: wire.digest,
            updated: moment(wire.last_update_time.as_deref()),
            may_write: write_enabled.unwrap_or(true),
            may_delete: delete_enabled.unwrap_or(true),
        }
    }
}

impl From<WireManifest> for ManifestRow {
    fn from(wire: WireManifest) -> Self {
        Self {
            digest: wire.digest,
            updated: moment(wire.last_update_time.as_deref()),
            bytes: wire.image_size.unwrap_or_default(),
            media_type: wire.media_type.unwrap_or_default(),
            config_media_type: wire.config_media_type.unwrap_or_default(),
            tags: wire.tags.unwrap_or_default(),
            is_locked: wire.changeable_attributes.is_locked(),
        }
    }
}

fn moment(text: Option<&str>) -> Option<i64> {
    let time = OffsetDateTime::parse(text?, &Rfc3339).ok()?;
    Some(time.unix_timestamp())
}
