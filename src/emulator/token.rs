//! Tokens: made and read back, for every authority of the world.

use super::content::write_atomically;
use crate::reference::Digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a token is for; a token is refused everywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Entra's, for Resource Manager or for the registries.
    Entra,
    /// An ACR refresh token (section 6.2).
    Refresh,
    /// An ACR access token, or the bearer token of a source registry.
    Access,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Refresh => "refresh_token",
            Self::Access => "access_token",
        }
    }
}

/// Returns the header of a token, or nothing of one that is none.
pub(super) fn header(token: &str) -> Value {
    let header = token.split('.').next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    header.and_then(|header| serde_json::from_slice(&header).ok()).unwrap_or_default()
}

/// Returns a hash in the form that a header has it.
pub(super) fn thumbprint(hex: &str) -> String {
    let byte = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    URL_SAFE_NO_PAD.encode((0..hex.len()).step_by(2).filter_map(byte).collect::<Vec<_>>())
}

/// Returns whether the key of a certificate signed a token, by RSASSA-PSS.
pub(super) fn is_signed_by(token: &str, certificate: &[u8]) -> bool {
    let Some((text, signature)) = token.rsplit_once('.') else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let certificate = rustls::pki_types::CertificateDer::from(certificate);
    webpki::EndEntityCert::try_from(&certificate).is_ok_and(|certificate| {
        let algorithm = webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
        certificate.verify_signature(algorithm, text.as_bytes(), &signature).is_ok()
    })
}

/// Makes tokens that only it accepts. They have the form of a JWT, because clients read their claims.
pub(super) struct Mint {
    key: String,
}

impl Mint {
    pub(super) fn new() -> Self {
        Self { key: uuid::Uuid::new_v4().to_string() }
    }

    /// Keeps the key in a file, so that who signed in before a restart still is.
    pub(super) fn kept_in(file: &Path) -> io::Result<Self> {
        match fs::read_to_string(file) {
            Ok(key) => Ok(Self { key }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mint = Self::new();
                write_atomically(file, mint.key.as_bytes())?;
                Ok(mint)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a token of these claims, valid from now on.
    pub(super) fn issue(&self, kind: Kind, lifetime: Duration, mut claims: Value) -> String {
        let now = seconds();
        claims["grant_type"] = json!(kind.name());
        claims["iat"] = json!(now);
        claims["nbf"] = json!(now);
        claims["exp"] = json!(now + lifetime.as_secs());
        claims["jti"] = json!(uuid::Uuid::new_v4().to_string());
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "EMULATOR"});
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.sign(&signed);
        format!("{signed}.{signature}")
    }

    /// Returns the claims of a token of this world, expired or not.
    pub(super) fn read(&self, kind: Kind, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = claims(token)?;
        (self.sign(signed) == signature && claims["grant_type"] == kind.name()).then_some(claims)
    }

    /// Returns the claims of a token that is still valid.
    pub(super) fn read_valid(&self, kind: Kind, token: &str) -> Option<Value> {
        self.read(kind, token).filter(|claims| !has_expired(claims))
    }

    /// Returns a keyed hash of text, for tokens and for the addresses of operations.
    pub(super) fn sign(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(Digest::of(format!("{}{text}", self.key).as_bytes()).to_string())
    }
}

/// Returns the claims of anybody's token, unproved.
pub(super) fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

pub(super) fn has_expired(claims: &Value) -> bool {
    claims["exp"].as_u64().is_none_or(|exp| exp <= seconds())
}

pub(super) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_accepted_only_for_what_it_is_for() {
        let mint = Mint::new();
        let token = mint.issue(Kind::Refresh, Duration::from_secs(60), json!({"appid": "a"}));
        assert_eq!(mint.read_valid(Kind::Refresh, &token).unwrap()["appid"], "a");
        assert!(mint.read(Kind::Access, &token).is_none());
        assert!(Mint::new().read(Kind::Refresh, &token).is_none());
        assert!(mint.read(Kind::Refresh, &format!("{token}x")).is_none());
    }

    #[test]
    fn an_expired_token_can_be_read_but_is_not_valid() {
        let mint = Mint::new();
        let token = mint.issue(Kind::Entra, Duration::ZERO, json!({}));
        assert!(mint.read(Kind::Entra, &token).is_some() && mint.read_valid(Kind::Entra, &token).is_none());
    }
}
