//! Manifests: what their bytes say of other content.

use crate::reference::Digest;
use serde::Deserialize;
use serde_json::Value;

/// Media types (OCI image specification, "Media Types"; distribution project, "Image Manifest V 2, Schema 2").
pub(super) mod media_type {
    pub(in super::super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub(in super::super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub(in super::super) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub(in super::super) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    pub(in super::super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub(in super::super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    pub(in super::super) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    pub(in super::super) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
}

/// What a manifest or an index names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Links {
    pub(super) media_type: Option<String>,
    pub(super) artifact_type: Option<String>,
    pub(super) config: Option<Descriptor>,
    #[serde(default)]
    pub(super) layers: Vec<Descriptor>,
    #[serde(default)]
    pub(super) manifests: Vec<Descriptor>,
    pub(super) subject: Option<Descriptor>,
    pub(super) annotations: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    #[serde(default)]
    pub(super) size: u64,
    #[serde(default)]
    pub(super) urls: Vec<String>,
}

impl Descriptor {
    /// Returns whether it is of a kind that registries leave where it is; what else has addresses must be there
    /// (distribution 3.0, `registry/storage/ocimanifesthandler.go` and `schema2manifesthandler.go`).
    fn lives_elsewhere(&self) -> bool {
        let is_kind = |kind| self.media_type.contains(kind);
        !self.urls.is_empty() && (is_kind(".nondistributable.") || is_kind(".foreign."))
    }
}

impl Links {
    /// Reads a manifest; `None` for bytes that are none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Returns the blobs that must be there: configuration and layers, but no layer that lives elsewhere.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers).filter(|blob| !blob.lives_elsewhere())
    }
}
