//! Digest: a hash that cannot move. Read, computed and compared here.

use super::{Fault, ReferenceError};
use ring::digest::{Context, SHA256};
use std::{fmt, str::FromStr};

const PREFIX: &str = "sha256:";

/// A SHA-256 digest of content, `sha256:` and 64 hexadecimal digits.
///
/// `sha256` is the only algorithm that ACR stores manifests under.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Computes the digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Returns the first eight bytes as a number.
    pub fn prefix(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Returns the first twelve hexadecimal digits, for reading.
    pub fn short(&self) -> String {
        self.to_string()[PREFIX.len()..PREFIX.len() + 12].to_owned()
    }
}

/// Computes a digest from bytes as they pass, with the CPU's own instructions where it has them, on ARM too.
#[derive(Clone)]
pub struct Hasher(Context);

impl Default for Hasher {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of everything that was taken in.
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Digest(bytes)
    }
}

impl FromStr for Digest {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check(text)?;
        let hash = &text.as_bytes()[PREFIX.len()..];
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hash.chunks_exact(2)) {
            *byte = nibble(pair[0]) << 4 | nibble(pair[1]);
        }
        Ok(Self(bytes))
    }
}

/// Checks the form without keeping the value.
pub(super) fn check(text: &str) -> Result<(), ReferenceError> {
    let Some(hash) = text.strip_prefix(PREFIX) else {
        let algorithm = text.find(':').unwrap_or(text.len());
        return Err(ReferenceError::new(Fault::DigestAlgorithm, 0..algorithm));
    };
    if let Some((at, c)) = hash.char_indices().find(|(_, c)| !matches!(c, '0'..='9' | 'a'..='f')) {
        let place = PREFIX.len() + at..PREFIX.len() + at + c.len_utf8();
        let error = ReferenceError::new(Fault::DigestCharacter, place);
        if !c.is_ascii_uppercase() {
            return Err(error);
        }
        let lower = text.to_ascii_lowercase();
        return Err(if check(&lower).is_ok() { error.instead(&lower).replacing(0..text.len()) } else { error });
    }
    if hash.len() != 64 {
        return Err(ReferenceError::new(Fault::DigestLength, PREFIX.len()..text.len()));
    }
    Ok(())
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(PREFIX)?;
        text.iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        let nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), nothing);
        assert_eq!(Hasher::default().finish(), nothing.parse().unwrap());
    }

    #[test]
    fn upper_case_is_refused_and_the_lower_case_proposed() {
        let upper = format!("sha256:{}", "AB".repeat(32));
        assert_eq!(upper.parse::<Digest>().unwrap_err().instead.unwrap(), upper.to_lowercase());
    }

    #[test]
    fn a_character_that_no_digest_has_is_refused() {
        for hash in ["zz", "G0", "é", " "] {
            let error = format!("sha256:{hash}").parse::<Digest>().unwrap_err();
            assert_eq!((error.fault, error.place.start, error.instead), (Fault::DigestCharacter, 7, None), "{hash}");
        }
    }
}
