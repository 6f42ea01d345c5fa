//! Manifest and index: what an image is made of (OCI image specification; Docker's schema 2).

use crate::reference::{Digest, Platform};
use bytes::Bytes;
use serde::Deserialize;

/// What a manifest says of some content.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The content's digest.
    pub digest: Digest,
    /// The content's size in bytes.
    #[serde(default)]
    pub size: u64,
    /// The content's media type.
    #[serde(default)]
    pub media_type: String,
    /// The platform of an index's child.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// What kind of artifact it is, in a list of referrers.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// Where the content can be had too.
    #[serde(default)]
    pub urls: Vec<String>,
}

impl Descriptor {
    /// Returns whether the content is for others to serve, so that no registry need hold it (image specification,
    /// "Non-distributable layers"; Docker's foreign layers). An address alone says no such thing: every content may have
    /// one.
    pub fn is_foreign(&self) -> bool {
        let is_kind = |kind| self.media_type.contains(kind);
        !self.urls.is_empty() && (is_kind(".nondistributable.") || is_kind(".foreign."))
    }
}

/// A manifest of one image, or an index of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The media type, as the manifest says, else as the registry said.
    pub media_type: String,
    /// The configuration, for an image.
    pub config: Option<Descriptor>,
    /// The layers, for an image.
    pub layers: Vec<Descriptor>,
    /// The children, for an index.
    pub children: Vec<Descriptor>,
    /// What it refers to, for a signature and the like.
    pub subject: Option<Digest>,
    /// The bytes, as they came: a copy is made of them and of nothing else.
    pub bytes: Bytes,
}

impl Manifest {
    /// Reads the bytes of a manifest of any kind.
    pub(super) fn read(bytes: &Bytes, content_type: Option<&str>) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            media_type: Option<String>,
            schema_version: Option<u32>,
            config: Option<Descriptor>,
            layers: Option<Vec<Descriptor>>,
            // The artifact manifest of 2022 names its content so.
            blobs: Option<Vec<Descriptor>>,
            manifests: Option<Vec<Descriptor>>,
            subject: Option<Descriptor>,
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if wire.schema_version == Some(1) {
            return Err("it is of Docker's schema 1, which ACR does not take".to_owned());
        }
        if wire.layers.is_none() && wire.blobs.is_none() && wire.manifests.is_none() && wire.config.is_none() {
            return Err("it has neither layers nor manifests".to_owned());
        }
        Ok(Self {
            media_type: wire.media_type.or_else(|| content_type.map(str::to_owned)).unwrap_or_default(),
            config: wire.config,
            layers: wire.layers.or(wire.blobs).unwrap_or_default(),
            children: wire.manifests.unwrap_or_default(),
            subject: wire.subject.map(|subject| subject.digest),
            bytes: bytes.clone(),
        })
    }

    /// Returns whether this is a Helm chart (Helm, "Use OCI-based registries").
    pub fn is_chart(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.media_type == "application/vnd.cncf.helm.config.v1+json")
    }

    /// Returns the blobs that a registry must hold for this manifest.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(self.layers.iter().filter(|layer| !layer.is_foreign()))
    }

    /// Returns the bytes of configuration and layers, as stored.
    pub fn size(&self) -> u64 {
        self.blobs().fold(0, |sum, blob| sum.saturating_add(blob.size))
    }
}

/// Returns whether a media type is an index's.
pub fn is_index(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type == "application/vnd.oci.image.index.v1+json"
        || media_type == "application/vnd.docker.distribution.manifest.list.v2+json"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_manifest_is_refused_with_the_reason() {
        for body in
            ["", "<html>", "{}", "[1]", r#"{"schemaVersion":1,"fsLayers":[]}"#, r#"{"layers":[{"digest":"x"}]}"#]
        {
            assert!(Manifest::read(&Bytes::from(body), None).is_err(), "{body}");
        }
    }

    #[test]
    fn foreign_layers_are_not_expected_in_the_registry() {
        let digest = Digest::of(b"");
        for (kind, urls, size) in [
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", r#""https://x""#, 4),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", r#""https://x""#, 4),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "", 7),
            ("application/vnd.oci.image.layer.v1.tar+gzip", r#""https://x""#, 7),
        ] {
            let body = format!(
                r#"{{"layers":[{{"mediaType":"{kind}","digest":"{digest}","size":3,"urls":[{urls}]}},
                    {{"digest":"{digest}","size":4}}]}}"#
            );
            assert_eq!(Manifest::read(&Bytes::from(body), None).unwrap().size(), size, "{kind} {urls}");
        }
    }
}
