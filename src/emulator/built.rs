//! Built: a sample image as bytes, which grows blob by blob and manifest by manifest.

use crate::reference::Digest;
use bytes::Bytes;
use serde_json::{Value, json};

/// An image as bytes.
pub(super) struct Built {
    /// Media types and bytes, children before the index that names them; the last is the image itself.
    pub(super) manifests: Vec<(&'static str, Bytes)>,
    pub(super) blobs: Vec<Bytes>,
}

impl Built {
    pub(super) fn root(&self) -> Digest {
        self.manifests.last().map_or_else(|| Digest::of(b""), |(_, bytes)| Digest::of(bytes))
    }

    pub(super) fn add_blob(&mut self, media_type: &str, bytes: Bytes) -> Value {
        let descriptor = descriptor(media_type, &bytes);
        self.blobs.push(bytes);
        descriptor
    }

    pub(super) fn add_manifest(&mut self, media_type: &'static str, manifest: &Value) -> Value {
        let bytes = Bytes::from(manifest.to_string());
        let descriptor = descriptor(media_type, &bytes);
        self.manifests.push((media_type, bytes));
        descriptor
    }
}

pub(super) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len()})
}
