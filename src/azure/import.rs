//! importImage: the request, and the operation that it starts (ACR wire facts, section 3).

use super::{
    Arm, ArmError,
    arm::{VERSION, read},
    error::Refusal,
};
use crate::{http, reference::Digest};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where an image is imported from.
#[derive(Debug, Clone)]
pub enum ImportSource {
    /// An ACR that our identity may read.
    Resource {
        /// Its resource id.
        id: String,
    },
    /// Any other registry.
    Registry {
        /// Its host, `docker.io` for Docker Hub.
        host: String,
        /// Name and password, if it wants them.
        credential: Option<(String, SecretString)>,
    },
}

/// Whether an existing tag may be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An existing tag fails the call before anything is copied.
    NoForce,
    /// An existing tag is moved, locked or not: locks are ours to respect.
    Force,
}

/// What an import is called at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// `repository:tag`.
    Tag(String),
    /// A repository: only its digest leads to it, as to a signature.
    Repository(String),
}

/// One import: always by digest, always with the tag written out.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// Where from.
    pub source: ImportSource,
    /// The repository at the source.
    pub repository: String,
    /// What to copy.
    pub digest: Digest,
    /// What it is called at the target.
    pub to: To,
    /// Whether the tag may be moved.
    pub mode: Mode,
}

/// An import that Azure has accepted.
#[derive(Debug)]
pub struct Operation {
    location: String,
    /// When Azure wants to be asked again.
    pub retry_after: Duration,
}

/// How far an import is.
#[derive(Debug)]
pub enum Progress {
    /// Azure still copies.
    Running(Operation),
    /// Azure says that it is done; only the registry can prove it.
    Succeeded,
}

/// How often an operation is asked when Azure names no time.
const POLL: Duration = Duration::from_secs(5);

impl ImportRequest {
    /// Starts the import into the registry with this resource id.
    ///
    /// # Errors
    /// [`ArmError::Refused`] with the service's text, which [`super::Failure`] reads.
    pub async fn start(&self, arm: &Arm, registry: &str) -> Result<Progress, ArmError> {
        let url = format!("{}{registry}/importImage?api-version={VERSION}", arm.cloud().resource_manager);
        let reply = arm.send(Method::POST, &url, Some(&self.body())).await?;
        progress(arm, &reply, None)
    }

    fn body(&self) -> Body<'_> {
        let (resource_id, registry_uri, credentials) = match &self.source {
            ImportSource::Resource { id } => (Some(id.as_str()), None, None),
            ImportSource::Registry { host, credential } => {
                let credentials = credential
                    .as_ref()
                    .map(|(username, password)| Credentials { username, password: password.expose_secret() });
                (None, Some(host.as_str()), credentials)
            }
        };
        let (target_tags, untagged_target_repositories) = match &self.to {
            To::Tag(tag) => (vec![tag.as_str()], Vec::new()),
            To::Repository(repository) => (Vec::new(), vec![repository.as_str()]),
        };
        let source_image = format!("{}@{}", self.repository, self.digest);
        Body {
            source: Source { resource_id, registry_uri, credentials, source_image },
            target_tags,
            untagged_target_repositories,
            mode: match self.mode {
                Mode::NoForce => "NoForce",
                Mode::Force => "Force",
            },
        }
    }
}

impl Operation {
    /// Asks how far the import is.
    ///
    /// # Errors
    /// As [`ImportRequest::start`].
    pub async fn poll(&self, arm: &Arm) -> Result<Progress, ArmError> {
        let reply = arm.send(Method::GET, &self.location, None::<&()>).await?;
        progress(arm, &reply, Some(&self.location))
    }
}

/// Reads an answer. Unlike the official clients, a 200 that says `Failed` is a failure.
fn progress(arm: &Arm, reply: &http::Reply, before: Option<&str>) -> Result<Progress, ArmError> {
    #[derive(Deserialize)]
    struct Status {
        status: Option<String>,
    }
    match reply.status.as_u16() {
        202 => {
            // Each answer brings a new signed address; it is used byte for byte and never shown.
            let location = reply.header("location").or(before).unwrap_or_default().to_owned();
            if !arm.is_own(&location) {
                return Err(ArmError::Unreadable("the operation's address is not Resource Manager's".to_owned()));
            }
            let retry_after = http::retry_after(reply).unwrap_or(POLL).max(Duration::from_millis(100));
            Ok(Progress::Running(Operation { location, retry_after }))
        }
        200 | 204 => {
            let is_empty = matches!(&reply.body[..], b"" | b"null");
            let status = if is_empty { None } else { read::<Status>(reply)?.status };
            match status.as_deref() {
                None | Some("Succeeded") => Ok(Progress::Succeeded),
                Some(_) => Err(ArmError::Refused(Refusal::read(reply))),
            }
        }
        _ => Err(ArmError::Refused(Refusal::read(reply))),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    source: Source<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    target_tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    untagged_target_repositories: Vec<&'a str>,
    mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials<'a>>,
    source_image: String,
}

#[derive(Serialize)]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
}
