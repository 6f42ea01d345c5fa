//! Faults: misbehaviour on request.
//!
//! A fault says where it strikes, how often or how long, and what happens there. Those of the first kind strike a
//! request on its way; those of the second strike an import that was accepted.

use super::Image;
use std::time::Duration;
use tokio::time::Instant;

/// What goes wrong.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Status { status: u16, retry_after: Option<u64> },
    StatusAfter(u16),
    Delayed(u64),
    Throttle,
    Close,
    Reset,
    CloseInBody,
    ResetInBody,
    Delay(Duration),
    Truncate,
    Html,
    Corrupt,
    ImportFails { code: String, status: u16, reason: String },
    ImportSaysFailed { code: String, reason: String },
    ImportHangs,
    ImportAtOnce,
    ImportBreaks(Part),
    SourceMoves { host: String, name: String, image: Box<Image> },
}

impl Effect {
    pub(super) fn strikes_imports(&self) -> bool {
        match self {
            Self::ImportFails { .. }
            | Self::ImportSaysFailed { .. }
            | Self::ImportHangs
            | Self::ImportAtOnce
            | Self::ImportBreaks(_)
            | Self::SourceMoves { .. } => true,
            Self::Status { .. }
            | Self::StatusAfter(_)
            | Self::Delayed(_)
            | Self::Throttle
            | Self::Close
            | Self::Reset
            | Self::CloseInBody
            | Self::ResetInBody
            | Self::Delay(_)
            | Self::Truncate
            | Self::Html
            | Self::Corrupt => false,
        }
    }
}

/// What a `Succeeded` import leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The tag names a manifest that does not exist (azure-cli#29974).
    Manifest,
    /// The first child of an index is missing (azure-cli#9557).
    Child,
    /// A layer is missing.
    Layer,
    /// The image is whole and the tag is as it was.
    Tag,
}

/// A fault to be queued with [`World::fault`](super::World::fault).
///
/// ```
/// use acr_sync::emulator::Fault;
/// Fault::status(503).method("PUT").path("/manifests/").on("contosoacr.azurecr.io").times(2);
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    pub(super) effect: Effect,
    host: Option<String>,
    path: Option<String>,
    method: Option<String>,
    /// How many requests that it meets are let through first.
    skips: u32,
    pub(super) left: Option<u32>,
    pub(super) lasts: Option<Duration>,
    pub(super) until: Option<Instant>,
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { effect, host: None, path: None, method: None, skips: 0, left: Some(1), lasts: None, until: None }
    }

    /// Answers with a status.
    pub fn status(status: u16) -> Self {
        Self::new(Effect::Status { status, retry_after: None })
    }

    /// Answers with a status and a `Retry-After` in seconds.
    pub fn status_retry_after(status: u16, seconds: u64) -> Self {
        Self::new(Effect::Status { status, retry_after: Some(seconds) })
    }

    /// Does what is asked and answers with a status all the same, as a gateway that lost patience.
    pub fn status_after(status: u16) -> Self {
        Self::new(Effect::StatusAfter(status))
    }

    /// Does what is asked and says how long to wait before the next request, as Azure DevOps does when it delays somebody.
    pub fn delayed(seconds: u64) -> Self {
        Self::new(Effect::Delayed(seconds))
    }

    /// Answers 429 to everything for a time that begins with the first request; `Retry-After` counts down.
    pub fn throttle(lasts: Duration) -> Self {
        Self { left: None, lasts: Some(lasts), ..Self::new(Effect::Throttle) }
    }

    /// Closes the connection instead of answering; the body of the request may not have been read.
    pub fn close() -> Self {
        Self::new(Effect::Close)
    }

    /// Resets the connection instead of answering; the body of the request may not have been read.
    pub fn reset() -> Self {
        Self::new(Effect::Reset)
    }

    /// Closes the connection half-way through the body of the answer.
    pub fn close_in_body() -> Self {
        Self::new(Effect::CloseInBody)
    }

    /// Resets the connection half-way through the body of the answer.
    pub fn reset_in_body() -> Self {
        Self::new(Effect::ResetInBody)
    }

    /// Waits before answering; other faults may strike behind the wait.
    pub fn delay(time: Duration) -> Self {
        Self::new(Effect::Delay(time))
    }

    /// Answers half of the body as if it were the whole.
    pub fn truncate() -> Self {
        Self::new(Effect::Truncate)
    }

    /// Answers 200 and a page of HTML, as a proxy with a sign-in page does.
    pub fn html() -> Self {
        Self::new(Effect::Html)
    }

    /// Changes a byte of the body; the headers stay, the digest among them.
    pub fn corrupt() -> Self {
        Self::new(Effect::Corrupt)
    }

    /// Lets an import end with this code and text (behind the service's usual prefix), told by a poll with 400.
    pub fn import_fails(code: &str, reason: &str) -> Self {
        Self::new(Effect::ImportFails { code: code.to_owned(), status: 400, reason: reason.to_owned() })
    }

    /// Lets an import fail because the source throttles Azure: a 429 inside a 400 (dotnet/docker-tools#1062).
    pub fn import_source_throttled() -> Self {
        Self::import_fails("InvalidParameters", "Invalid message 429 Too Many Requests Too Many Requests (HAP429).")
    }

    /// Lets an import fail with `Error copying blobs`, which often passes on retry (acr#632).
    pub fn import_copy_error() -> Self {
        Self::import_fails("InvalidParameters", "Error copying blobs")
    }

    /// Lets an import fail, told by a poll with 200 and `"status":"Failed"`.
    pub fn import_says_failed(code: &str, reason: &str) -> Self {
        Self::new(Effect::ImportSaysFailed { code: code.to_owned(), reason: reason.to_owned() })
    }

    /// Leaves an import at 202 for ever (azure-cli#23142); nothing is copied.
    pub fn import_hangs() -> Self {
        Self::new(Effect::ImportHangs)
    }

    /// Lets an import be finished when the POST is answered, with 200 and no `Location` (acr#636). Only for sources
    /// of the world.
    pub fn import_at_once() -> Self {
        Self::new(Effect::ImportAtOnce)
    }

    /// Lets an import end as `Succeeded` with a part missing.
    pub fn import_breaks(part: Part) -> Self {
        Self::new(Effect::ImportBreaks(part))
    }

    /// Moves a source's tag to another image when an import is accepted, before anything is copied.
    pub fn source_moves(host: &str, name: &str, image: &Image) -> Self {
        let host = super::world::canonical(host);
        Self::new(Effect::SourceMoves { host, name: name.to_owned(), image: image.clone().into() })
    }

    /// Strikes at this host only; for an import, at its target's.
    #[must_use]
    pub fn on(self, host: &str) -> Self {
        Self { host: Some(host.to_ascii_lowercase()), ..self }
    }

    /// Strikes where the path contains this; for an import, where its first target (`repository:tag`) does.
    #[must_use]
    pub fn path(self, part: &str) -> Self {
        Self { path: Some(part.to_owned()), ..self }
    }

    /// Strikes at this method only.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: Some(method.to_ascii_uppercase()), ..self }
    }

    /// Lets this many requests pass that it would strike.
    #[must_use]
    pub fn after(self, requests: u32) -> Self {
        Self { skips: requests, ..self }
    }

    /// Strikes this many times; once is the default.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { left: Some(times), ..self }
    }

    /// Strikes until the faults are cleared.
    #[must_use]
    pub fn always(self) -> Self {
        Self { left: None, ..self }
    }

    /// Counts one request that it meets, and returns whether it strikes there.
    pub(super) fn is_ready(&mut self) -> bool {
        let is_ready = self.skips == 0;
        self.skips = self.skips.saturating_sub(1);
        is_ready
    }

    pub(super) fn meets(&self, method: &str, host: &str, path: &str) -> bool {
        self.left != Some(0)
            && self.until.is_none_or(|until| Instant::now() < until)
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.host.as_deref().is_none_or(|wanted| wanted == host)
            && self.path.as_deref().is_none_or(|wanted| path.contains(wanted))
    }
}
