//! Streams: answers whose body comes piece by piece, and requests whose body passes only once.

use super::{
    Http, HttpError, Load, Reply, error,
    ledger::{Note, Shown},
    patience::{Pause, Setback},
    retry,
};
use bytes::Bytes;

/// An answer that has begun.
#[derive(Debug)]
pub struct Opened {
    /// The answer; with a body where the status is no success.
    pub reply: Reply,
    /// The body of a success.
    pub body: Option<Incoming>,
}

/// A body that is still on its way. Dropped, it is not read any further.
#[derive(Debug)]
pub struct Incoming {
    response: reqwest::Response,
    place: error::Place,
    /// Noted when the body is read, or is wanted no more.
    _note: Note,
}

impl Incoming {
    pub(super) fn new(response: reqwest::Response, place: error::Place, note: Note) -> Self {
        Self { response, place, _note: note }
    }

    /// Names an end that came too early.
    pub(crate) fn ended(&self, at: u64, size: u64) -> HttpError {
        self.place.ended(at, size)
    }

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    /// [`HttpError`] when the connection breaks or stalls.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        self.response.chunk().await.map_err(|error| self.place.failed(&error))
    }
}

impl Http {
    /// Sends one time what cannot be sent twice, such as a body that streams; whoever made it makes it anew.
    ///
    /// A body in memory is bounded by the host's limit. A stream only waits at the gate and then passes: it holds no
    /// place, because what feeds it may need one of the same host.
    pub(crate) async fn attempt(
        &self,
        make: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Reply, Setback> {
        let request = make(self.client()).build().map_err(|error| Setback::last(HttpError::unsent(&error)))?;
        let gate = self.gate(request.url());
        let permit = gate.enter().await;
        if let Some(error) = gate.is_unreached() {
            return Err(Setback::last(error));
        }
        let is_stream = request.body().is_some_and(|body| body.as_bytes().is_none());
        let permit = (!is_stream).then_some(permit);
        let place = error::Place::of(&request);
        let answered = async {
            let load = if is_stream { Load::Upload } else { Load::Little };
            let client = self.client_at(request.url(), load);
            let mut note = self.ledger.begin(request.method().as_str(), request.url(), 1, Shown::Yes);
            let response = client.execute(request).await.map_err(|error| place.failed(&error))?;
            note.answered(response.status().as_u16());
            super::reply::read(response, place.clone(), limit).await
        };
        let answered = answered.await;
        if answered.is_ok() {
            gate.answered();
        }
        let setback = match answered {
            Ok(reply) => match retry::verdict(&reply) {
                retry::Verdict::Final => {
                    permit.into_iter().for_each(super::Permit::went_well);
                    return Ok(reply);
                }
                retry::Verdict::Throttled(asked) => Setback::new(HttpError::status(&reply), Pause::Throttled(asked)),
                retry::Verdict::Broken => Setback::new(HttpError::status(&reply), Pause::Broken),
            },
            Err(error) if error.is_temporary() => Setback::new(error, Pause::Broken),
            Err(error) => Setback::last(error),
        };
        Err(setback.at(gate))
    }
}
