//! Signed: whose signature an image must have, and what became of asking for it.

use super::Missing;
use crate::reference::SourceGlob;
use regex::Regex;
use serde::{Deserialize, de};
use std::path::{Component, Path};

/// Images that must be signed, and by whom. An image that several entries mean needs a signature that one of them takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signed {
    /// Which images: patterns over `host/repository` of the source.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub images: Vec<SourceGlob>,
    /// Who signs them with cosign.
    #[cfg_attr(test, schemars(with = "CosignFields"))]
    pub cosign: Cosign,
}

/// Who signs with cosign.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "CosignFields")]
pub enum Cosign {
    /// Whoever has the private half of this public key, a PEM file of the repository.
    Key(RepositoryFile),
    /// Whoever an authority certifies to be somebody.
    Keyless {
        /// The subject of the certificate.
        identity: Identity,
        /// Who vouches for it: the `iss` of its token.
        issuer: String,
        /// Authorities and logs that are believed: a `trusted_root.json` in the repository.
        trust_root: RepositoryFile,
    },
}

/// The fields of `cosign`, as they are written.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CosignFields {
    /// A public key, a PEM file of the repository: ECDSA P-256 or P-384, Ed25519, RSA. Alone.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    key: Option<RepositoryFile>,
    /// The subject of the signer's certificate, to the letter.
    identity: Option<String>,
    /// A regular expression over the whole subject, instead of `identity`.
    identity_regexp: Option<String>,
    /// Who vouches for the subject, to the letter, such as `https://token.actions.githubusercontent.com`.
    issuer: Option<String>,
    /// A `trusted_root.json` of the repository: the authorities and logs that are believed.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    trust_root: Option<RepositoryFile>,
}

/// Who a certificate must be for.
#[derive(Debug, Clone)]
pub enum Identity {
    /// This subject, to the letter.
    Exact(String),
    /// A subject that this expression matches as a whole.
    Pattern(Regex),
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(two)) => one == two,
            (Self::Pattern(one), Self::Pattern(two)) => one.as_str() == two.as_str(),
            (Self::Exact(_), Self::Pattern(_)) | (Self::Pattern(_), Self::Exact(_)) => false,
        }
    }
}

impl Eq for Identity {}

impl Identity {
    /// Returns whether a subject is meant.
    pub fn matches(&self, subject: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == subject,
            Self::Pattern(pattern) => pattern.is_match(subject),
        }
    }
}

impl TryFrom<CosignFields> for Cosign {
    type Error = String;

    fn try_from(fields: CosignFields) -> Result<Self, String> {
        let CosignFields { key, identity, identity_regexp, issuer, trust_root } = fields;
        let identity = match (identity, identity_regexp) {
            (Some(identity), None) => Some(Identity::Exact(identity)),
            (None, Some(text)) => {
                let pattern = Regex::new(&format!("^(?:{text})$"));
                Some(Identity::Pattern(pattern.map_err(|_| format!("`{text}` is no regular expression"))?))
            }
            (None, None) => None,
            (Some(_), Some(_)) => return Err("`identity` and `identity-regexp` exclude each other".to_owned()),
        };
        match (key, identity, issuer, trust_root) {
            (Some(key), None, None, None) => Ok(Self::Key(key)),
            (None, Some(identity), Some(issuer), Some(trust_root)) => {
                Ok(Self::Keyless { identity, issuer, trust_root })
            }
            (Some(_), ..) => Err("`key` stands alone".to_owned()),
            (None, ..) => {
                Err("either `key`, or `identity` (or `identity-regexp`), `issuer` and `trust-root`".to_owned())
            }
        }
    }
}

/// The path of a file of the repository, from its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile(String);

impl RepositoryFile {
    /// Returns the path, as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RepositoryFile {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_plain = Path::new(&text).components().all(|part| matches!(part, Component::Normal(_)));
        if text.is_empty() || !is_plain || text.contains(['\\', '\0']) {
            return Err(de::Error::custom(format!("`{text}` is no file of the repository, such as `keys/cosign.pub`")));
        }
        Ok(Self(text))
    }
}

/// What became of asking for the signatures of a line's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// It is signed by one who is meant.
    Of(String),
    /// It has no signature.
    None,
    /// It has signatures, and none is one that is meant; with what is wrong with each.
    Others(Vec<String>),
    /// The source could not be asked.
    Unknown(String),
}

impl Signed {
    /// Returns whether an image of this source must be signed as this entry says.
    pub fn is_about(&self, source: &str) -> bool {
        self.images.iter().any(|images| images.matches(source))
    }
}

/// What holds for an image without the signature that it must have.
pub(super) fn is_blocked(unsigned: Missing) -> bool {
    match unsigned {
        Missing::Block => true,
        Missing::Note => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cosign: &str) -> Result<Cosign, String> {
        let text = format!("{{ images: [\"registry.k8s.io/**\"], cosign: {cosign} }}");
        serde_yaml::from_str::<Signed>(&text).map(|signed| signed.cosign).map_err(|error| error.to_string())
    }

    #[test]
    fn an_image_is_meant_by_each_name_of_its_host() {
        for images in ["docker.io/library/*", "index.docker.io/library/*", "docker.io/nginx", "Docker.IO/**"] {
            let text = format!("{{ images: [\"{images}\"], cosign: {{ key: a.pub }} }}");
            let signed: Signed = serde_yaml::from_str(&text).unwrap();
            assert!(signed.is_about("docker.io/library/nginx"), "{images}");
        }
    }

    #[test]
    fn a_signer_is_a_key_or_an_identity_with_its_issuer_and_roots() {
        assert!(matches!(read("{ key: keys/cosign.pub }"), Ok(Cosign::Key(_))));
        let keyless = read("{ identity: a@b, issuer: https://i, trust-root: trust/root.json }").unwrap();
        assert!(
            matches!(&keyless, Cosign::Keyless { identity, .. } if identity.matches("a@b") && !identity.matches("a@bc"))
        );
        let pattern = read(r#"{ identity-regexp: "https://github.com/o/.*", issuer: i, trust-root: r }"#).unwrap();
        let Cosign::Keyless { identity, .. } = pattern else { unreachable!("an expression is an identity") };
        assert!(identity.matches("https://github.com/o/r") && !identity.matches("x https://github.com/o/r"));
        for (text, why) in [
            ("{}", "either `key`"),
            ("{ key: a, issuer: b }", "`key` stands alone"),
            ("{ identity: a, issuer: b }", "either `key`"),
            ("{ identity: a, identity-regexp: a, issuer: b, trust-root: c }", "exclude each other"),
            ("{ identity-regexp: \"(\", issuer: b, trust-root: c }", "no regular expression"),
            ("{ key: ../cosign.pub }", "no file of the repository"),
            ("{ key: /etc/cosign.pub }", "no file of the repository"),
            ("{ key: \"\" }", "no file of the repository"),
            ("{ keys: a }", "unknown field"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
