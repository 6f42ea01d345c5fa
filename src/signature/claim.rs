//! Claim: what a signature says it is about. Only the digest is believed, and only once the signature holds.

use crate::reference::Digest;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What cosign's bundles of an image say they are; other statements, such as lists of parts, are no signatures.
const SIGNS: &str = "https://sigstore.dev/cosign/sign/v1";

/// Checks the payload under a tag (cosign, "Signature Specification"): its `docker-reference` is anybody's word.
pub(super) fn is_simple(payload: &[u8], digest: Digest) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Payload {
        critical: Critical,
    }
    #[derive(Deserialize)]
    struct Critical {
        image: Image,
        #[serde(rename = "type")]
        kind: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Image {
        docker_manifest_digest: String,
    }
    let read: Payload =
        serde_json::from_slice(payload).map_err(|error| format!("its payload cannot be read: {error}"))?;
    if read.critical.kind != "cosign container image signature" {
        return Err("its payload is none of a container image".to_owned());
    }
    is_about(&read.critical.image.docker_manifest_digest, digest)
}

/// Checks the in-toto statement of a bundle.
pub(super) fn is_statement(payload_type: &str, payload: &[u8], digest: Digest) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Statement {
        predicate_type: String,
        subject: Vec<Subject>,
    }
    #[derive(Deserialize)]
    struct Subject {
        digest: BTreeMap<String, String>,
    }
    if payload_type != "application/vnd.in-toto+json" {
        return Err("its payload is no statement".to_owned());
    }
    let read: Statement =
        serde_json::from_slice(payload).map_err(|error| format!("its statement cannot be read: {error}"))?;
    if read.predicate_type != SIGNS {
        return Err("it is a statement about the image and not its signature".to_owned());
    }
    let named = read.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
    let named: Vec<_> = named.map(|hex| format!("sha256:{hex}")).collect();
    if named.iter().any(|named| *named == digest.to_string()) {
        return Ok(());
    }
    is_about(named.first().map(String::as_str).unwrap_or_default(), digest)
}

fn is_about(named: &str, digest: Digest) -> Result<(), String> {
    if named == digest.to_string() { Ok(()) } else { Err("it is about another image".to_owned()) }
}
