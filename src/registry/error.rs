//! What a registry refused or answered wrongly, and what that means.

use crate::{
    credential,
    http::{Cause, HttpError, Reply},
    problem::{Problem, RequestIds, Side},
    reference::{Digest, Registry},
};
use serde::Deserialize;
use std::fmt;

/// A registry could not be asked, or its answer cannot be used.
#[derive(Debug, Clone)]
pub struct RegistryError {
    registry: Registry,
    why: Why,
    ids: RequestIds,
}

/// The reason.
#[derive(Debug, Clone)]
pub enum Why {
    /// No answer, or none that is final.
    Http(HttpError),
    /// 401: credential missing, wrong or without right. Some registries say so of a repository that does not exist.
    Unauthorized {
        /// Whether we had a credential for this registry.
        had_login: bool,
        /// What the registry said.
        said: String,
    },
    /// 403 of a registry's firewall: this runner's address is not let in.
    Firewall(String),
    /// 403: the credential is known and may not do this.
    Denied(String),
    /// Another failure, with its status.
    Status(u16, String),
    /// The body is not what it must be: HTML of a proxy's sign-in page, truncated JSON.
    Unreadable {
        /// What was expected.
        expected: &'static str,
        /// The content type that came.
        content_type: String,
        /// What is wrong.
        why: String,
    },
    /// The bytes are not the ones that the digest names.
    WrongDigest {
        /// The digest that was asked for.
        asked: Digest,
        /// The digest of what came.
        got: Digest,
    },
    /// A blob has more or fewer bytes than its descriptor says.
    WrongSize {
        /// The blob.
        digest: Digest,
        /// The size that was named.
        named: u64,
    },
    /// The manifest names a blob that the registry does not have.
    NoBlob(Digest),
    /// An upload would lead to plain HTTP or into this machine.
    ForeignUpload(String),
    /// The token service is on another host, or not on https: the credential was kept back.
    ForeignRealm(String),
    /// Azure sign-in failed.
    SignIn(String),
}

impl RegistryError {
    pub(super) fn new(registry: &Registry, why: Why) -> Self {
        Self { registry: registry.clone(), why, ids: RequestIds::default() }
    }

    pub(crate) fn http(registry: &Registry, error: HttpError) -> Self {
        let ids = error.ids().clone();
        Self { ids, ..Self::new(registry, Why::Http(error)) }
    }

    pub(super) fn unreadable(registry: &Registry, expected: &'static str, reply: &Reply, why: String) -> Self {
        let content_type = reply.header("content-type").unwrap_or("no content type").to_owned();
        Self { ids: reply.ids.clone(), ..Self::new(registry, Why::Unreadable { expected, content_type, why }) }
    }

    /// A list whose further page is not there: what was read of it is a part.
    pub(super) fn cut_off(registry: &Registry, what: &str) -> Self {
        Self::new(registry, Why::Status(404, format!("a further page of {what} is not there")))
    }

    /// Reads a refusal by its status and the specification's error codes.
    pub(super) fn refused(registry: &Registry, reply: &Reply, had_login: bool) -> Self {
        let said = said(reply);
        let why = match reply.status.as_u16() {
            401 => Why::Unauthorized { had_login, said },
            // ACR wire facts, 15.3; the text is the only mark.
            403 if said.contains("aka.ms/acr/firewall") || said.contains("client with IP") => Why::Firewall(said),
            403 => Why::Denied(said),
            status => Why::Status(status, said),
        };
        Self { ids: reply.ids.clone(), ..Self::new(registry, why) }
    }

    /// Says that no login was sent: who the host is rests on an authority that nobody has approved.
    pub(super) fn kept_back(mut self) -> Self {
        if let Why::Unauthorized { said, .. } | Why::Denied(said) = &mut self.why {
            said.push_str("; no credential goes there before its `ca` in acr-sync.yaml is merged");
        }
        self
    }

    /// Returns whether the registry takes less at once (413).
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self.why, Why::Status(413, _))
    }

    /// Returns whether the registry knows the credential and does not let it do this.
    pub fn is_denied(&self) -> bool {
        matches!(self.why, Why::Denied(_) | Why::Unauthorized { had_login: true, .. })
    }

    /// Returns whether the registry refuses because of a lock (405; ACR wire facts, 7.4).
    pub fn is_locked(&self) -> bool {
        matches!(self.why, Why::Status(405, _))
    }

    /// Returns the reason.
    pub fn why(&self) -> &Why {
        &self.why
    }

    /// Returns the failure for a report; `side` is the registry's place in the line.
    pub fn problem(&self, side: Side) -> Problem {
        let registry = &self.registry;
        let side = match &self.why {
            Why::Http(error) if !matches!(error.cause(), Cause::Status(..)) => Side::Network,
            Why::SignIn(_) => Side::Azure,
            _ => side,
        };
        let hint = match &self.why {
            Why::Http(error) if matches!(error.cause(), Cause::Certificate(_)) => Some(format!(
                "If the certificates of `{host}` are the company's own, name their authority in acr-sync.yaml: `sources: {{ {host}: {{ ca: certs/root-ca.pem }} }}`. Behind an inspecting proxy, by SSL_CERT_FILE.",
                host = error.host(),
            )),
            Why::Http(error) => error.hint(),
            Why::Unauthorized { had_login: false, .. } => Some(format!(
                "Check that the image exists; if it is private, give a credential for `{registry}` (input `credentials`)."
            )),
            Why::Unauthorized { had_login: true, .. } if side == Side::Target => Some(format!(
                "Grant this identity `Container Registry Data Importer and Data Reader` on `{registry}`; a new grant takes minutes to apply."
            )),
            Why::Unauthorized { had_login: true, .. } => {
                Some(format!("Check the credential for `{registry}` and its right to read this repository."))
            }
            Why::Firewall(_) => Some(format!(
                "The firewall of `{registry}` does not let this runner in: run on a runner inside the network, or allow its address."
            )),
            Why::Denied(_) => Some(format!(
                "The credential may not read this repository of `{registry}`: grant it the right to pull."
            )),
            Why::Status(..) => None,
            Why::Unreadable { content_type, .. } if content_type.contains("html") => {
                Some(format!("A page in the place of `{registry}`'s answer comes from a proxy or a wrong host name."))
            }
            Why::Unreadable { .. } => Some("Run again; if it stays so, ask the registry's operator.".to_owned()),
            Why::WrongDigest { .. } => {
                Some("Do not use this image: what the registry serves is not what it names.".to_owned())
            }
            Why::WrongSize { .. } | Why::NoBlob(_) => {
                Some("The image is broken where it comes from: ask its owner, or take another tag.".to_owned())
            }
            Why::ForeignUpload(_) => Some(format!(
                "Check the address that `{registry}` believes to have: its configuration, or the proxy before it."
            )),
            Why::ForeignRealm(_) => Some(format!(
                "The credential for `{registry}` was not sent to another host. Check the registry's configuration of its token service."
            )),
            Why::SignIn(_) => Some("Check tenant, client and secret or federated credential of this run.".to_owned()),
        };
        let ids = if let Why::SignIn(why) = &self.why { &credential::ids(why) } else { &self.ids };
        let problem = Problem::new(side, self.to_string()).ids(ids);
        Problem { hint, ..problem }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registry = &self.registry;
        match &self.why {
            Why::Http(error) => write!(f, "{error}"),
            Why::Unauthorized { had_login: true, said } => {
                write!(f, "`{registry}` refuses the credential (401{})", quoted(said))
            }
            Why::Unauthorized { had_login: false, said } => {
                write!(f, "`{registry}` refuses without a credential, or does not have the image (401{})", quoted(said))
            }
            Why::Firewall(said) | Why::Denied(said) => write!(f, "`{registry}` denies access (403{})", quoted(said)),
            Why::Status(status, said) => write!(f, "`{registry}` answered {status}{}", quoted(said)),
            Why::Unreadable { expected, content_type, why } => {
                write!(f, "`{registry}` answered something that is not {expected} ({content_type}; {why})")
            }
            Why::WrongDigest { asked, got } => {
                write!(f, "`{registry}` was asked for {asked} and sent content whose digest is {got}")
            }
            Why::WrongSize { digest, named } => {
                write!(f, "`{registry}` names {named} bytes for {digest} and sends another number")
            }
            Why::NoBlob(digest) => write!(f, "`{registry}` names {digest} in a manifest and does not have it"),
            Why::ForeignUpload(to) => write!(f, "`{registry}` wants the bytes sent to {to}, which is not followed"),
            Why::ForeignRealm(realm) => {
                write!(f, "`{registry}` sends to the token service `{realm}`, which is not its own")
            }
            Why::SignIn(why) => write!(f, "sign-in at Azure failed: {why}"),
        }?;
        // Its own text ends with them already.
        if matches!(self.why, Why::Http(_)) { Ok(()) } else { write!(f, "{}", self.ids) }
    }
}

impl std::error::Error for RegistryError {}

/// A 404 means that there is no such manifest, blob or repository, unless a page says it that is no registry's.
pub(super) fn not_found(registry: &Registry, reply: &Reply) -> Result<(), RegistryError> {
    match reply.header("content-type") {
        Some(content_type) if content_type.starts_with("text/html") => {
            Err(RegistryError::unreadable(registry, "an answer of a registry", reply, "404 with a page".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Returns codes and messages of `{"errors":[…]}`, else the beginning of the body.
fn said(reply: &Reply) -> String {
    #[derive(Deserialize)]
    struct Body {
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    match serde_json::from_slice::<Body>(&reply.body) {
        Ok(body) => {
            let texts: Vec<_> = body.errors.iter().map(|entry| format!("{}: {}", entry.code, entry.message)).collect();
            texts.join("; ")
        }
        Err(_) => crate::http::excerpt(&reply.body),
    }
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(", {said}") }
}
