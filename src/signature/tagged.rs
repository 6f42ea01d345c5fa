//! Tagged: a signature under a tag as a bundle of sigstore, so that both are verified by the same rules.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;
use sigstore_verify::types::DerCertificate;
use std::collections::BTreeMap;

/// The annotation that holds the signature (cosign, "Signature Specification").
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG: &str = "dev.sigstore.cosign/bundle";

/// The promise of the log (Rekor 1), as cosign keeps it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Promise {
    signed_entry_timestamp: String,
    payload: Entry,
}

#[derive(Deserialize)]
struct Entry {
    body: String,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// Makes a bundle of what cosign writes into the annotations of a layer.
pub(super) fn bundle(payload: &[u8], annotations: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let said = |name: &str| annotations.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let signature = said(SIGNATURE).ok_or("it has no signature")?;
    let certificate = said(CERTIFICATE).ok_or("it has no certificate")?;
    let promise = said(LOG).ok_or("no log has promised to keep it")?;
    let promise: Promise =
        serde_json::from_str(promise).map_err(|error| format!("the log's promise cannot be read: {error}"))?;
    let certificates = [certificate].into_iter().chain(said(CHAIN).into_iter().flat_map(blocks));
    let certificates = certificates.map(|pem| {
        let certificate =
            DerCertificate::from_pem(pem).map_err(|error| format!("its certificate cannot be read: {error}"))?;
        Ok(json!({ "rawBytes": certificate.to_base64() }))
    });
    let certificates = certificates.collect::<Result<Vec<_>, String>>()?;
    let log = hex(&promise.payload.log_id).ok_or("the log's name cannot be read")?;
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "verificationMaterial": {
            "x509CertificateChain": { "certificates": certificates },
            "tlogEntries": [{
                "logIndex": promise.payload.log_index.to_string(),
                "logId": { "keyId": STANDARD.encode(log) },
                "kindVersion": { "kind": "hashedrekord", "version": "0.0.1" },
                "integratedTime": promise.payload.integrated_time.to_string(),
                "inclusionPromise": { "signedEntryTimestamp": promise.signed_entry_timestamp },
                "canonicalizedBody": promise.payload.body,
            }],
        },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(digest(&SHA256, payload)) },
            "signature": signature,
        },
    });
    Ok(bundle.to_string().into_bytes())
}

/// Returns each certificate of a chain.
fn blocks(chain: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END CERTIFICATE-----";
    chain.split_inclusive(END).filter(|block| block.contains(END))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
