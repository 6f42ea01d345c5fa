//! Reply: an answer that was read to its end, within a limit.

use super::{HttpError, error::Place};
use crate::problem::RequestIds;
use bytes::{Bytes, BytesMut};
use reqwest::{StatusCode, Url, header::HeaderMap};

/// A whole answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The status line's code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most as long as the caller allowed.
    pub body: Bytes,
    /// The address that answered, behind redirects.
    pub url: Url,
    /// By what the service's own people find the request.
    pub ids: RequestIds,
}

impl Reply {
    /// Returns a header's text, if there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Returns the head of an answer.
pub(super) fn head(response: &reqwest::Response, place: &Place) -> Reply {
    let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
    let ids = place.ids(&headers);
    Reply { status, headers, body: Bytes::new(), url, ids }
}

/// Reads an answer to its end, unless that lies behind the limit.
pub(super) async fn read(mut response: reqwest::Response, place: Place, limit: usize) -> Result<Reply, HttpError> {
    let head = head(&response, &place);
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| place.failed(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(place.too_long(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { body: body.freeze(), ..head })
}
