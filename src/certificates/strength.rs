//! Strength: which keys and signatures clients of today take (NIST SP 800-57 part 1; the defaults of OpenSSL 3).

use x509_cert::{
    der::{
        Decode, Reader, SliceReader,
        asn1::{ObjectIdentifier, UintRef},
    },
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};

/// Whether it is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Strength {
    Enough,
    /// What is weak about it, a fragment.
    Weak(String),
}

/// The fewest bits of an RSA key.
const RSA_BITS: u32 = 2048;
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
/// Ed25519 and Ed448 (RFC 8410).
const EDWARDS: [&str; 2] = ["1.3.101.112", "1.3.101.113"];
/// P-256, P-384 and P-521 (RFC 5480), and the curves of Brainpool of as many bits (RFC 5639).
const CURVES: [&str; 6] = [
    "1.2.840.10045.3.1.7",
    "1.3.132.0.34",
    "1.3.132.0.35",
    "1.3.36.3.3.2.8.1.1.7",
    "1.3.36.3.3.2.8.1.1.11",
    "1.3.36.3.3.2.8.1.1.13",
];
/// Signatures over hashes for which collisions are found (RFC 3279; RFC 6194 for SHA-1).
const BROKEN: [(&str, &str); 6] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.3", "MD4"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
];

/// Judges a key.
pub(super) fn of_key(key: &SubjectPublicKeyInfoOwned) -> Strength {
    let weak = |what: String| Strength::Weak(what);
    match key.algorithm.oid.to_string().as_str() {
        RSA | RSA_PSS => match bits(key.subject_public_key.raw_bytes()) {
            Some(bits) if bits < RSA_BITS => weak(format!("RSA of {bits} bits, and {RSA_BITS} are the fewest")),
            Some(_) => Strength::Enough,
            None => weak("RSA that cannot be read".to_owned()),
        },
        EC => {
            let curve = key.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
            match curve.map(|curve| curve.to_string()) {
                Some(curve) if CURVES.contains(&curve.as_str()) => Strength::Enough,
                Some(curve) => weak(format!("the curve {curve}; P-256, P-384 and P-521 are what clients take")),
                None => weak("a curve without a name".to_owned()),
            }
        }
        other if EDWARDS.contains(&other) => Strength::Enough,
        other => weak(format!("the algorithm {other}, which clients do not know")),
    }
}

/// Judges how a certificate is signed.
pub(super) fn of_signature(algorithm: &AlgorithmIdentifierOwned) -> Strength {
    let oid = algorithm.oid.to_string();
    let broken = BROKEN.iter().find(|(broken, _)| *broken == oid);
    broken.map_or(Strength::Enough, |(_, name)| Strength::Weak((*name).to_owned()))
}

/// Returns the bits of the modulus (RFC 8017, A.1.1: a sequence of modulus and exponent).
fn bits(key: &[u8]) -> Option<u32> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus = reader
        .sequence(|reader| {
            let modulus = UintRef::decode(reader)?;
            UintRef::decode(reader).map(|_| modulus)
        })
        .ok()?;
    let bytes = modulus.as_bytes();
    let first = bytes.first()?;
    Some(u32::try_from(bytes.len()).ok()? * 8 - first.leading_zeros())
}
