//! Certificate: an application proves who it is by what only the holder of its key can sign.
//!
//! The identity library's own credential links OpenSSL and wants another form of file than a service connection has.

use azure_core::{Error, error::ErrorKind, http::ClientMethodOptions};
use azure_identity::ClientAssertion;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{digest, rand::SystemRandom, rsa::KeyPair, signature::RSA_PSS_SHA256};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::{Value, json};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// How long a signed text is good for; each request gets a fresh one.
const LIFETIME: u64 = 600;

/// A certificate with its key, and whom it speaks for.
pub(super) struct Certificate {
    key: KeyPair,
    thumbprint: String,
    client_id: String,
    audience: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a certificate and its key out of one text; which comes first is free.
    pub(super) fn read(pem: &str, client_id: &str, audience: String) -> Result<Self, String> {
        let missing = |what: &str| format!("the certificate of the service connection holds no {what} in PEM form");
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| missing("`BEGIN CERTIFICATE` block"))?;
        let key =
            PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| missing("private key without a password"))?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            _ => {
                return Err(
                    "the key of the service connection's certificate is no RSA key, which Entra wants".to_owned()
                );
            }
        };
        let key =
            key.map_err(|why| format!("the key of the service connection's certificate cannot be used: {why}"))?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &certificate));
        Ok(Self { key, thumbprint, client_id: client_id.to_owned(), audience })
    }

    /// Makes the text that Entra asks for ("Microsoft identity platform application authentication certificate
    /// credentials").
    fn sign(&self, now: u64) -> Result<String, &'static str> {
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": self.audience, "iss": self.client_id, "sub": self.client_id, "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now, "iat": now, "exp": now + LIFETIME,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| "nothing can be signed with the key of the service connection's certificate")?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.sign(now).map_err(|why| Error::with_message(ErrorKind::Credential, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_with_a_key_is_named() {
        let pem = include_str!("../../tests/fixtures/azure-devops/certificate.pem");
        let read = |pem: &str| Certificate::read(pem, "app", "aud".to_owned());
        assert!(read(pem).is_ok());
        let (key, certificate) = pem.split_at(pem.find("-----BEGIN CERTIFICATE").unwrap());
        assert!(read(&format!("{certificate}{key}")).is_ok(), "in whichever order");
        for (pem, expected) in [
            ("", "`BEGIN CERTIFICATE`"),
            (certificate, "private key"),
            (&pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "without a password"),
        ] {
            assert!(read(pem).unwrap_err().contains(expected), "{pem}");
        }
        assert!(!format!("{:?}", read(pem).unwrap()).contains("BEGIN"));
    }
}
