//! Edit: configuration, manifest and index of an image, as they are with one layer more. What is not about the layer
//! stays as it is written, but for the order of keys; the form is OCI's, whatever it was before, for only that has
//! annotations (OCI image specification, "Image Manifest", "Image Index", "Pre-Defined Annotation Keys").

use super::layer::Layer;
use crate::{
    reference::{Digest, Platform},
    registry::Descriptor,
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// What Docker's media types are in OCI's.
const ALIKE: [(&str, &str); 3] = [
    ("application/vnd.docker.container.image.v1+json", OCI_CONFIG),
    ("application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_LAYER),
    ("application/vnd.docker.image.rootfs.diff.tar", "application/vnd.oci.image.layer.v1.tar"),
];

/// The image that this one is made of.
pub(super) const BASE: &str = "org.opencontainers.image.base.digest";
/// The authorities that were given, by the digests of their certificates.
pub(super) const AUTHORITIES: &str = "acr-sync.certificates";

/// Where the layer comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) base: Digest,
    pub(super) authorities: &'a str,
}

/// Returns whether a media type is that of an image's configuration.
pub(super) fn is_config(media_type: &str) -> bool {
    alike(media_type) == OCI_CONFIG
}

fn alike(media_type: &str) -> &str {
    ALIKE.iter().find(|(docker, _)| *docker == media_type).map_or(media_type, |(_, oci)| oci)
}

/// Returns the configuration with the layer.
///
/// # Errors
/// What is wrong with it, a fragment.
pub(super) fn configuration(bytes: &[u8], layer: &Layer) -> Result<Bytes, String> {
    let mut whole = read(bytes)?;
    let created = whole.get("created").and_then(Value::as_str).unwrap_or("1970-01-01T00:00:00Z").to_owned();
    let diffs = whole.get_mut("rootfs").and_then(|rootfs| rootfs.get_mut("diff_ids")).and_then(Value::as_array_mut);
    diffs.ok_or("the configuration names no layers")?.push(json!(layer.diff));
    // A history that is kept for some layers and not for others would be read as that of others.
    if let Some(history) = whole.get_mut("history").and_then(Value::as_array_mut) {
        history.push(json!({ "created": created, "created_by": "acr-sync: certificates" }));
    }
    Ok(write(&whole))
}

/// Returns the manifest with the layer.
///
/// # Errors
/// What is wrong with it, a fragment.
pub(super) fn manifest(
    bytes: &[u8],
    configuration: &Bytes,
    layer: &Layer,
    origin: Origin<'_>,
) -> Result<Bytes, String> {
    let mut whole = read(bytes)?;
    let layers = whole.get_mut("layers").and_then(Value::as_array_mut).ok_or("the manifest names no layers")?;
    for layer in layers.iter_mut() {
        if let Some(media_type) = layer.get("mediaType").and_then(Value::as_str).map(alike).map(str::to_owned) {
            layer["mediaType"] = json!(media_type);
        }
    }
    layers.push(descriptor(OCI_LAYER, &layer.bytes));
    whole.insert("config".to_owned(), descriptor(OCI_CONFIG, configuration));
    // What the image referred to, it does not any more.
    whole.remove("subject");
    Ok(signed(whole, OCI_MANIFEST, origin))
}

/// A manifest that takes the place of another in an index.
#[derive(Debug, Clone)]
pub(super) struct Replaced {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: usize,
}

/// Returns the index with the manifests that take the place of others; those in whose place none is are gone.
///
/// # Errors
/// What is wrong with it, a fragment.
pub(super) fn index(bytes: &[u8], replaced: &BTreeMap<Digest, Replaced>, origin: Origin<'_>) -> Result<Bytes, String> {
    let mut whole = read(bytes)?;
    let children = whole.get_mut("manifests").and_then(Value::as_array_mut).ok_or("the index names no manifests")?;
    children.retain_mut(|child| {
        let digest = child.get("digest").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let Some(new) = digest.and_then(|digest: Digest| replaced.get(&digest)) else { return false };
        child["mediaType"] = json!(new.media_type);
        child["digest"] = json!(new.digest);
        child["size"] = json!(new.size);
        true
    });
    whole.remove("subject");
    Ok(signed(whole, OCI_INDEX, origin))
}

/// Returns the children of an index that are images, each with its platform; attestations and what has no platform
/// are none.
pub(super) fn images(children: &[Descriptor]) -> impl Iterator<Item = (&Descriptor, &Platform)> {
    let platform = |child: &'_ Descriptor| child.platform.as_ref().is_some_and(|it| !it.is_unknown());
    children.iter().filter(move |child| platform(child)).filter_map(|child| Some((child, child.platform.as_ref()?)))
}

fn read(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

fn write(whole: &Map<String, Value>) -> Bytes {
    // A map sorts its keys, and none of its values can fail to be written.
    serde_json::to_vec(whole).map(Bytes::from).unwrap_or_default()
}

fn signed(mut whole: Map<String, Value>, media_type: &str, origin: Origin<'_>) -> Bytes {
    whole.insert("mediaType".to_owned(), json!(media_type));
    whole.insert("schemaVersion".to_owned(), json!(2));
    let annotations = whole.entry("annotations").or_insert_with(|| json!({}));
    if !annotations.is_object() {
        *annotations = json!({});
    }
    annotations[BASE] = json!(origin.base);
    annotations[AUTHORITIES] = json!(origin.authorities);
    write(&whole)
}

fn descriptor(media_type: &str, bytes: &Bytes) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
}

/// What an image says it was made of: the digest of another, and the authorities.
pub(super) type Said = (Option<String>, Option<String>);

/// Returns what a manifest says, by its annotations.
pub(super) fn origin(manifest: &[u8]) -> Said {
    said(read(manifest).unwrap_or_default().get("annotations"))
}

/// Returns what a configuration says, by its labels: a build leaves no annotations.
pub(super) fn label(configuration: &[u8]) -> Said {
    said(read(configuration).unwrap_or_default().get("config").and_then(|config| config.get("Labels")))
}

fn said(words: Option<&Value>) -> Said {
    let text = |key: &str| words?.get(key)?.as_str().map(str::to_owned);
    (text(BASE), text(AUTHORITIES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> Layer {
        Layer { bytes: Bytes::from_static(b"layer"), diff: Digest::of(b"diff") }
    }

    fn value(bytes: &Bytes) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn a_configuration_gets_the_layer_and_keeps_the_rest() {
        let text = r#"{"os":"linux","created":"2026-01-02T03:04:05Z","config":{"User":"1000","Env":["A=b"]},
            "rootfs":{"type":"layers","diff_ids":["sha256:a"]},"history":[{"created_by":"x"}]}"#;
        let new = value(&configuration(text.as_bytes(), &layer()).unwrap());
        assert_eq!(new["rootfs"]["diff_ids"], json!(["sha256:a", Digest::of(b"diff")]));
        assert_eq!(new["config"], json!({"User": "1000", "Env": ["A=b"]}));
        let history =
            json!([{"created_by": "x"}, {"created": "2026-01-02T03:04:05Z", "created_by": "acr-sync: certificates"}]);
        assert_eq!(new["history"], history);
        let without = value(&configuration(br#"{"rootfs":{"diff_ids":[]}}"#, &layer()).unwrap());
        assert_eq!(without.get("history"), None);
        for broken in ["", "[]", "{}", r#"{"rootfs":{"diff_ids":7}}"#] {
            assert!(configuration(broken.as_bytes(), &layer()).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_manifest_becomes_one_of_oci_s_and_says_what_it_is_made_of() {
        let text = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},
            "layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"sha256:a","size":1}],
            "subject":{},"annotations":{"a":"b","org.opencontainers.image.base.digest":"older"}}"#;
        let base = Digest::of(b"base");
        let bytes = manifest(text.as_bytes(), &Bytes::from_static(b"{}"), &layer(), Origin { base, authorities: "c" });
        let bytes = bytes.unwrap();
        assert_eq!(origin(&bytes), (Some(base.to_string()), Some("c".to_owned())));
        let new = value(&bytes);
        assert_eq!((&new["annotations"]["a"], new.get("subject")), (&json!("b"), None));
        assert_eq!(new["mediaType"], OCI_MANIFEST);
        let layers = new["layers"].as_array().unwrap();
        assert!(layers.len() == 2 && layers.iter().all(|layer| layer["mediaType"] == OCI_LAYER));
        assert_eq!(new["config"]["mediaType"], OCI_CONFIG);
        assert!(manifest(b"{}", &Bytes::new(), &layer(), Origin { base, authorities: "" }).is_err());
        assert_eq!((origin(b"no manifest"), label(b"{}")), ((None, None), (None, None)));
        let labels =
            br#"{"config":{"Labels":{"org.opencontainers.image.base.digest":"a","acr-sync.certificates":"b"}}}"#;
        assert_eq!(label(labels), (Some("a".to_owned()), Some("b".to_owned())));
    }

    #[test]
    fn an_index_has_what_was_replaced_and_no_attestations() {
        let (one, gone, new) = (Digest::of(b"one"), Digest::of(b"gone"), Digest::of(b"new"));
        let text = json!({"manifests": [
            {"digest": one, "size": 1, "mediaType": "x", "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": gone, "size": 2, "platform": {"os": "unknown", "architecture": "unknown"}}]});
        let replaced = [(one, Replaced { media_type: OCI_MANIFEST.to_owned(), digest: new, size: 7 })].into();
        let origin = Origin { base: Digest::of(b"base"), authorities: "c" };
        let index = value(&index(text.to_string().as_bytes(), &replaced, origin).unwrap());
        let expected = json!([{"digest": new, "size": 7, "mediaType": OCI_MANIFEST,
            "platform": {"os": "linux", "architecture": "arm64"}}]);
        assert_eq!(index["manifests"], expected);
    }
}
