//! Signs images as cosign does, with keys and with certificates and logs of its own: what public services would say.

use acr_sync::{emulator::Image, reference::Digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    PublicKeyData, SanType, date_time_ymd,
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

pub(crate) const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
pub(crate) const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
pub(crate) const IDENTITY: &str = "https://github.com/contoso/app/.github/workflows/release.yml@refs/heads/main";
pub(crate) const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// Five minutes into the ten that certificates are valid for.
const SIGNED_AT: i64 = 1_735_689_900;
/// What Fulcio writes the issuer into (sigstore/fulcio, `docs/oid-info.md`).
const ISSUER_OID: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 8];

/// A key of somebody's.
pub(crate) struct Key(KeyPair);

/// An authority that certifies identities, and a log that keeps signatures.
pub(crate) struct Services {
    authority: CertifiedIssuer<'static, KeyPair>,
    log: Key,
}

/// What a signature says and how it is made; a test changes what should be wrong.
pub(crate) struct Signing {
    pub(crate) identity: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) at: i64,
    pub(crate) predicate: &'static str,
    pub(crate) digest: Digest,
}

impl Signing {
    pub(crate) fn of(image: &Image) -> Self {
        let predicate = "https://sigstore.dev/cosign/sign/v1";
        Self { identity: IDENTITY, issuer: ISSUER, at: SIGNED_AT, predicate, digest: image.digest() }
    }

    fn statement(&self) -> String {
        let hex = self.digest.to_string().replace("sha256:", "");
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "", "digest": { "sha256": hex } }],
            "predicateType": self.predicate,
            "predicate": {},
        })
        .to_string()
    }

    /// The payload under a tag; the reference in it is somebody else's.
    pub(crate) fn payload(&self) -> String {
        json!({
            "critical": {
                "identity": { "docker-reference": "quay.io/other/name" },
                "image": { "docker-manifest-digest": self.digest },
                "type": "cosign container image signature",
            },
            "optional": null,
        })
        .to_string()
    }
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// What a statement's signature is over (DSSE, "Protocol").
fn envelope_text(statement: &str) -> String {
    let kind = "application/vnd.in-toto+json";
    format!("DSSEv1 {} {kind} {} {statement}", kind.len(), statement.len())
}

impl Key {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate().unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.public_key_pem()
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, self.0.serialized_der(), &random).unwrap();
        key.sign(&random, text).unwrap().as_ref().to_vec()
    }

    /// Returns the signature as cosign keeps it under a tag.
    pub(crate) fn tagged(&self, signing: &Signing) -> Image {
        let payload = signing.payload();
        let signature = base64(self.sign(payload.as_bytes()));
        Image::artifact(SIMPLE).content(&payload).annotated("dev.cosignproject.cosign/signature", &signature)
    }

    /// Returns the signature as a bundle.
    pub(crate) fn bundle(&self, signing: &Signing) -> Value {
        let statement = signing.statement();
        json!({
            "mediaType": BUNDLE,
            "verificationMaterial": { "publicKey": { "hint": "" } },
            "dsseEnvelope": {
                "payload": base64(&statement),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{ "sig": base64(self.sign(envelope_text(&statement).as_bytes())) }],
            },
        })
    }

    /// Returns what a log does with an entry: its promise and its proof.
    fn log_entry(&self, kind: &str, at: i64, body: &Value) -> Value {
        let body = body.to_string();
        let name = hash(&self.0.subject_public_key_info());
        let promised = json!({
            "body": base64(&body), "integratedTime": at, "logID": hex(&name), "logIndex": 0,
        });
        let root = hash(&[&[0], body.as_bytes()].concat());
        let note = format!("log.example.com - 1\n1\n{}\n", base64(&root));
        let signed = base64([&name[..4], &self.sign(note.as_bytes())].concat());
        json!({
            "logIndex": "0",
            "logId": { "keyId": base64(&name) },
            "kindVersion": { "kind": kind, "version": "0.0.1" },
            "integratedTime": at.to_string(),
            "inclusionPromise": { "signedEntryTimestamp": base64(self.sign(promised.to_string().as_bytes())) },
            "inclusionProof": {
                "logIndex": "0", "rootHash": base64(&root), "treeSize": "1", "hashes": [],
                "checkpoint": { "envelope": format!("{note}\n\u{2014} log.example.com {signed}\n") },
            },
            "canonicalizedBody": base64(&body),
        })
    }
}

impl Services {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { authority, log: Key::new() }
    }

    /// Returns the file that makes others believe these services.
    pub(crate) fn root(&self) -> String {
        let since = json!({ "start": "2020-01-01T00:00:00Z" });
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example.com",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(self.log.0.subject_public_key_info()), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": since,
                },
                "logId": { "keyId": base64(hash(&self.log.0.subject_public_key_info())) },
            }],
            "certificateAuthorities": [{
                "subject": { "organization": "example", "commonName": "example" },
                "uri": "https://ca.example.com",
                "certChain": { "certificates": [{ "rawBytes": base64(self.authority.der()) }] },
                "validFor": since,
            }],
        })
        .to_string()
    }

    /// Certifies a key that is used once.
    fn certify(&self, signing: &Signing) -> (Key, rcgen::Certificate) {
        let key = Key::new();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(signing.identity.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2025, 1, 1) + std::time::Duration::from_secs(600);
        let length = u8::try_from(signing.issuer.len()).unwrap();
        let issuer = [&[0x0c, length], signing.issuer.as_bytes()].concat();
        params.custom_extensions = vec![CustomExtension::from_oid_content(&ISSUER_OID, issuer)];
        let certificate = params.signed_by(&key.0, &self.authority).unwrap();
        (key, certificate)
    }

    /// Returns a signature without a key of one's own, as a bundle.
    pub(crate) fn bundle(&self, signing: &Signing) -> Value {
        let (key, certificate) = self.certify(signing);
        let mut bundle = key.bundle(signing);
        let envelope = &bundle["dsseEnvelope"];
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": { "algorithm": "sha256", "value": hex(&hash(envelope.to_string().as_bytes())) },
                "payloadHash": { "algorithm": "sha256", "value": hex(&hash(signing.statement().as_bytes())) },
                "signatures": [{
                    "signature": envelope["signatures"][0]["sig"], "verifier": base64(certificate.pem()),
                }],
            },
        });
        bundle["verificationMaterial"] = json!({
            "certificate": { "rawBytes": base64(certificate.der()) },
            "tlogEntries": [self.log.log_entry("dsse", signing.at, &body)],
        });
        bundle
    }

    /// Returns the same as cosign keeps it under a tag.
    pub(crate) fn tagged(&self, signing: &Signing) -> Image {
        let (key, certificate) = self.certify(signing);
        let payload = signing.payload();
        let signature = base64(key.sign(payload.as_bytes()));
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": { "hash": { "algorithm": "sha256", "value": hex(&hash(payload.as_bytes())) } },
                "signature": { "content": signature, "publicKey": { "content": base64(certificate.pem()) } },
            },
        });
        let entry = self.log.log_entry("hashedrekord", signing.at, &body);
        let promise = json!({
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"], "integratedTime": signing.at, "logIndex": 0,
                "logID": hex(&hash(&self.log.0.subject_public_key_info())),
            },
        });
        Image::artifact(SIMPLE)
            .content(&payload)
            .annotated("dev.cosignproject.cosign/signature", &signature)
            .annotated("dev.sigstore.cosign/certificate", &certificate.pem())
            .annotated("dev.sigstore.cosign/bundle", &promise.to_string())
    }
}
