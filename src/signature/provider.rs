//! The arithmetic of signatures for sigstore-verify, by ring: the program has no second library for it.

use ring::{digest, signature};
use sigstore_verify::{
    crypto::{CryptoProvider, Error, HashContext, SigningScheme, install_default_provider},
    types::HashAlgorithm,
};
use std::cell::RefCell;

/// Texts that were hashed and are remembered: those of one signature.
const MOST_TEXTS: usize = 8;
/// The longest that is remembered; payloads of signatures are below a thousand bytes.
const LONGEST: usize = 1 << 20;

thread_local! {
    /// ring verifies texts and no hashes. What a hash is of is known, for it was computed here.
    static HASHED: RefCell<Vec<(Vec<u8>, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// Lets sigstore-verify use ring. Before anything is verified; again does nothing.
pub(super) fn install() {
    // Refused where one is installed, which is this one.
    _ = install_default_provider(&Ring);
}

#[derive(Debug)]
struct Ring;

struct Hash {
    algorithm: &'static digest::Algorithm,
    text: Vec<u8>,
}

impl HashContext for Hash {
    fn update(&mut self, data: &[u8]) {
        self.text.extend_from_slice(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        let hash = digest::digest(self.algorithm, &self.text).as_ref().to_vec();
        if self.text.len() <= LONGEST {
            HASHED.with_borrow_mut(|hashed| {
                if hashed.len() == MOST_TEXTS {
                    hashed.remove(0);
                }
                hashed.push((hash.clone(), self.text));
            });
        }
        hash
    }
}

impl CryptoProvider for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        let algorithm = match algorithm {
            HashAlgorithm::Sha2256 => &digest::SHA256,
            HashAlgorithm::Sha2384 => &digest::SHA384,
            HashAlgorithm::Sha2512 => &digest::SHA512,
            _ => return Err(Error::UnsupportedAlgorithm(format!("{algorithm} is not computed here"))),
        };
        Ok(Box::new(Hash { algorithm, text: Vec::new() }))
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<(), Error> {
        let algorithm = algorithm(scheme)?;
        signature::UnparsedPublicKey::new(algorithm, key)
            .verify(data, signature)
            .map_err(|_| Error::Verification("the signature does not hold".to_owned()))
    }

    fn verify_prehashed(&self, scheme: SigningScheme, key: &[u8], hash: &[u8], signature: &[u8]) -> Result<(), Error> {
        let text =
            HASHED.with_borrow(|hashed| hashed.iter().rev().find(|(of, _)| of == hash).map(|(_, text)| text.clone()));
        let text = text.ok_or_else(|| Error::UnsupportedAlgorithm("the text of a hash is not known".to_owned()))?;
        self.verify_raw(scheme, key, &text, signature)
    }
}

fn algorithm(scheme: SigningScheme) -> Result<&'static dyn signature::VerificationAlgorithm, Error> {
    Ok(match scheme {
        SigningScheme::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &signature::ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &signature::ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &signature::ED25519,
        SigningScheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        SigningScheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return Err(Error::UnsupportedAlgorithm(format!("{} is not known here", scheme.name()))),
    })
}
