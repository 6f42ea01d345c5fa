//! Call and reply: one request with its body, and the forms that answers take.

use super::spool::Spool;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// An answer, whole; it becomes a stream only behind the faults.
pub(super) type Reply = Response<Bytes>;

/// An answer that ends the matter early.
pub(super) type Refusal = Box<Reply>;

/// One request, read whole.
pub(super) struct Call {
    pub(super) method: Method,
    /// The host it is for, without the scheme's own port.
    pub(super) host: String,
    /// Scheme and authority by which the client reached it: the beginning of addresses that it is given.
    pub(super) origin: String,
    /// Whether the client came to the emulator's own address, where other hosts do not lead here.
    pub(super) is_direct: bool,
    /// The path with `%2F` and the like decoded.
    pub(super) path: String,
    /// Path and query as they were sent.
    pub(super) target: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body of an upload, which may be large, in the place of `body`.
    pub(super) upload: Mutex<Spool>,
}

impl Call {
    /// Takes out the body of an upload.
    pub(super) fn take_upload(&self) -> Spool {
        std::mem::take(&mut *self.upload.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns whether the body is that of an upload.
    pub(super) fn is_upload(&self) -> bool {
        self.path.starts_with("/v2/") && self.path.contains("/blobs/uploads") && !self.is_get()
    }

    pub(super) fn is_get(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    pub(super) fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        scheme.eq_ignore_ascii_case("basic").then(|| (user.to_owned(), password.to_owned()))
    }
}

/// Decodes the pairs of a query or a form.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Returns the first value of a form's field.
pub(super) fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Decodes the `%XX` of a path; what is no such thing stays as it is.
pub(super) fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = path.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Answers a status with no body.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply
}

/// Answers JSON.
pub(super) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Response::new(Bytes::from(body.to_string()));
    *reply.status_mut() = status;
    with(reply, "content-type", "application/json; charset=utf-8")
}

/// Answers plain text.
pub(super) fn text(status: StatusCode, body: &str) -> Reply {
    let mut reply = Response::new(Bytes::from(body.to_owned()));
    *reply.status_mut() = status;
    with(reply, "content-type", "text/plain; charset=utf-8")
}

/// Answers a page of HTML, as something that is no registry does.
pub(super) fn html(status: StatusCode) -> Reply {
    let page =
        "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n";
    with(text(status, page), "content-type", "text/html; charset=utf-8")
}

/// Answers an error of the distribution API: `{"errors":[{"code","message","detail"}]}` (section 7.4).
pub(super) fn registry_error(status: StatusCode, code: &str, message: &str, detail: &Value) -> Reply {
    json_reply(status, &json!({"errors": [{"code": code, "message": message, "detail": detail}]}))
}

/// Answers an error of Resource Manager: `{"error":{"code","message"}}`.
pub(super) fn arm_error(status: StatusCode, code: &str, message: &str) -> Reply {
    json_reply(status, &json!({"error": {"code": code, "message": message}}))
}

/// Adds a header; a value that no header can hold is left out.
pub(super) fn with(mut reply: Reply, name: &'static str, value: impl AsRef<str>) -> Reply {
    if let Ok(value) = header::HeaderValue::from_str(value.as_ref()) {
        reply.headers_mut().insert(header::HeaderName::from_static(name), value);
    }
    reply
}

/// Answers a redirect that keeps the method.
pub(super) fn redirect(location: &str) -> Reply {
    with(empty(StatusCode::TEMPORARY_REDIRECT), "location", location)
}
