//! Signer: one who may sign, and whether a signature is theirs.

use super::{claim, material::Material, provider, tagged};
use crate::{
    policy::{Cosign, Identity, RepositoryFile},
    reference::Digest,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sigstore_verify::{
    IdentityMatcher, VerificationPolicy, Verifier,
    crypto::{SigningScheme, VerificationKey},
    trust_root::TrustedRoot,
    types::{Artifact, Bundle, DerPublicKey, Sha256Hash, SignatureBytes, SignatureContent},
};
use std::{collections::BTreeMap, fmt};

/// One who may sign.
pub(super) enum Signer {
    /// The holder of a key.
    Key {
        /// The key's file.
        file: String,
        /// The key, once for each way in which cosign signs with its kind.
        keys: Vec<VerificationKey>,
    },
    /// Whoever is certified to be somebody.
    Keyless(Box<Keyless>),
}

/// Somebody, certified by an authority and seen by a log.
pub(super) struct Keyless {
    identity: Identity,
    issuer: String,
    verifier: Verifier,
    /// Whether the root names logs of certificates; where it does, a certificate must be in one.
    has_certificate_logs: bool,
    /// Whether the root names logs of signatures; where it does not, an authority must say the time.
    has_logs: bool,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { file, .. } => write!(f, "the key {file}"),
            Self::Keyless(keyless) => write!(f, "{:?} by {}", keyless.identity, keyless.issuer),
        }
    }
}

impl Signer {
    /// Reads what the rule names.
    pub(super) fn read(cosign: &Cosign, files: &BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        provider::install();
        match cosign {
            Cosign::Key(file) => {
                let unusable = |why: &dyn fmt::Display| format!("`{}` is no public key: {why}", file.as_str());
                let der = DerPublicKey::from_pem(text(file, files)?).map_err(|error| unusable(&error))?;
                let key = VerificationKey::from_spki(&der).map_err(|error| unusable(&error))?;
                let mut keys = vec![key];
                if keys[0].scheme() == SigningScheme::EcdsaP384Sha384 {
                    // cosign hashes with SHA-256, whatever the curve.
                    keys.extend(VerificationKey::from_spki_with_scheme(&der, SigningScheme::EcdsaP384Sha256));
                }
                Ok(Self::Key { file: file.as_str().to_owned(), keys })
            }
            Cosign::Keyless { identity, issuer, trust_root } => {
                let unusable = |why: &dyn fmt::Display| format!("`{}` is no root of trust: {why}", trust_root.as_str());
                let root = TrustedRoot::from_json(text(trust_root, files)?).map_err(|error| unusable(&error))?;
                if root.certificate_authorities.is_empty() {
                    return Err(unusable(&"it names no certificate authority"));
                }
                if root.tlogs.is_empty() && root.timestamp_authorities.is_empty() {
                    return Err(unusable(&"it names neither a log nor an authority that says the time"));
                }
                Ok(Self::Keyless(Box::new(Keyless {
                    identity: identity.clone(),
                    issuer: issuer.clone(),
                    verifier: Verifier::new(&root).map_err(|error| unusable(&error))?,
                    has_certificate_logs: !root.ctlogs.is_empty(),
                    has_logs: !root.tlogs.is_empty(),
                })))
            }
        }
    }

    /// Returns who has signed, or what is wrong with the signature.
    pub(super) fn verify(&self, material: &Material, digest: Digest) -> Result<String, String> {
        match (self, material) {
            (Self::Key { file, keys }, Material::Tagged { payload, annotations }) => {
                let signature = annotations.get(tagged::SIGNATURE).ok_or("it has no signature")?;
                let signature = STANDARD.decode(signature).map_err(|_| "its signature is no base64")?;
                holds(keys, payload, &SignatureBytes::new(signature), file)?;
                claim::is_simple(payload, digest)?;
                Ok(format!("the key `{file}`"))
            }
            (Self::Key { file, keys }, Material::Bundle(bytes)) => {
                let bundle = bundle(bytes)?;
                let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
                    return Err("its bundle holds no statement".to_owned());
                };
                holds(keys, &envelope.pae(), &envelope.signature.sig, file)?;
                claim::is_statement(&envelope.payload_type, envelope.payload.as_bytes(), digest)?;
                Ok(format!("the key `{file}`"))
            }
            (Self::Keyless(keyless), Material::Tagged { payload, annotations }) => {
                claim::is_simple(payload, digest)?;
                let bundle = bundle(&tagged::bundle(payload, annotations)?)?;
                // Under a tag there is the log's signed promise and no proof of inclusion. The promise is always checked:
                // without it there is no time at which the certificate must have been valid.
                keyless.verify(Artifact::from_blob(payload), &bundle, Inclusion::Promised)
            }
            (Self::Keyless(keyless), Material::Bundle(bytes)) => {
                let bundle = bundle(bytes)?;
                let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
                    return Err("its bundle holds no statement".to_owned());
                };
                claim::is_statement(&envelope.payload_type, envelope.payload.as_bytes(), digest)?;
                let hex = digest.to_string();
                let hash =
                    Sha256Hash::from_hex(hex.trim_start_matches("sha256:")).map_err(|error| error.to_string())?;
                keyless.verify(Artifact::from(hash), &bundle, Inclusion::Proved)
            }
        }
    }
}

/// What a log says of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inclusion {
    /// It is proved to be in the log.
    Proved,
    /// The log has signed that it will be.
    Promised,
}

impl Keyless {
    fn verify(&self, artifact: Artifact<'_>, bundle: &Bundle, inclusion: Inclusion) -> Result<String, String> {
        let mut policy = VerificationPolicy::any_identity().require_issuer(&self.issuer);
        if let Identity::Exact(identity) = &self.identity {
            policy = policy.require_identity(IdentityMatcher::Exact(identity.clone()));
        }
        if !self.has_certificate_logs {
            policy = policy.skip_sct();
        }
        if !self.has_logs || inclusion == Inclusion::Promised {
            policy = policy.skip_tlog_unsafe();
        }
        let verified = self.verifier.verify(artifact, bundle, &policy).map_err(|error| error.to_string())?;
        let subject = verified.identity().map(|identity| identity.as_str()).unwrap_or_default();
        if !self.identity.matches(subject) {
            return Err(format!("it is signed by `{subject}`"));
        }
        Ok(format!("`{subject}`, vouched for by `{}`", self.issuer))
    }
}

fn text<'a>(file: &RepositoryFile, files: &'a BTreeMap<String, Vec<u8>>) -> Result<&'a str, String> {
    let bytes = files.get(file.as_str()).ok_or_else(|| format!("there is no `{}`", file.as_str()))?;
    std::str::from_utf8(bytes).map_err(|_| format!("`{}` is no text", file.as_str()))
}

fn bundle(bytes: &[u8]) -> Result<Bundle, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its bundle is no text")?;
    Bundle::from_json(text).map_err(|error| format!("its bundle cannot be read: {error}"))
}

fn holds(keys: &[VerificationKey], text: &[u8], signature: &SignatureBytes, file: &str) -> Result<(), String> {
    let is_theirs = keys.iter().any(|key| key.verify(text, signature).is_ok());
    if is_theirs { Ok(()) } else { Err(format!("it is not by the key `{file}`")) }
}
