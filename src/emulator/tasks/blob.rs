//! Storage of sources and logs: block blobs that clients write, and logs that grow (Blob service REST API: "Put Blob",
//! "Put Block", "Put Block List", "Get Blob", "Get Blob Properties").

use super::super::{
    World,
    call::{Call, Reply, empty, text, with},
    distribution::serve,
};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The largest block of this stand-in, in bytes.
const LARGEST: usize = 100 << 20;

/// A blob.
#[derive(Default)]
pub(super) struct Blob {
    pub(super) bytes: Vec<u8>,
    is_there: bool,
    /// Blocks that no list has put into it yet.
    blocks: BTreeMap<String, Bytes>,
    /// The value of the log's metadata `Complete`.
    complete: Option<&'static str>,
}

impl Blob {
    /// Appends a line as the service writes it.
    pub(super) fn line(&mut self, line: &str) {
        self.is_there = true;
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
    }

    pub(super) fn end(&mut self, how: &'static str) {
        self.is_there = true;
        self.complete = Some(how);
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Returns whether a path is one of these.
pub(in super::super) fn is_here(path: &str) -> bool {
    path.starts_with("/acrtasks/")
}

/// Serves whoever holds the signed address.
pub(in super::super) fn answer(world: &World, call: &Call, registry: &str) -> Reply {
    let path = call.path.trim_start_matches('/');
    let rights = if path.starts_with("acrtasks/source/") { "rw" } else { "r" };
    if call.query("sig") != Some(&world.mint().sign(&format!("{rights} {path}"))) || call.query("sp") != Some(rights) {
        return refused(StatusCode::FORBIDDEN, "AuthenticationFailed");
    }
    match call.method {
        Method::PUT if rights == "rw" => put(world, call, registry, path),
        Method::PUT => refused(StatusCode::FORBIDDEN, "AuthorizationPermissionMismatch"),
        Method::GET | Method::HEAD => get(world, call, registry, path),
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHttpVerb"),
    }
}

/// Makes the query that opens a path.
pub(in super::super) fn signature(world: &World, path: &str, rights: &str) -> String {
    let signature = world.mint().sign(&format!("{rights} {path}"));
    format!("sv=2015-04-05&se=2036-04-30T02%3A23%3A26Z&sr=b&sp={rights}&spr=https&sig={signature}")
}

fn put(world: &World, call: &Call, registry: &str, path: &str) -> Reply {
    if call.body.len() > LARGEST {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge");
    }
    let mut state = world.state();
    let blob = state.yards.entry(registry.to_owned()).or_default().blobs.entry(path.to_owned()).or_default();
    match call.query("comp") {
        None => {
            match call.header("x-ms-blob-type") {
                Some("BlockBlob") => {}
                None => return refused(StatusCode::BAD_REQUEST, "MissingRequiredHeader"),
                Some(_) => return refused(StatusCode::CONFLICT, "InvalidBlobType"),
            }
            *blob = Blob { bytes: call.body.to_vec(), is_there: true, ..Blob::default() };
        }
        Some("block") => {
            let id = call.query("blockid").unwrap_or_default();
            let is_odd = id.is_empty() || blob.blocks.keys().any(|other| other.len() != id.len());
            if is_odd || call.body.is_empty() {
                return refused(StatusCode::BAD_REQUEST, "InvalidBlobOrBlock");
            }
            blob.blocks.insert(id.to_owned(), call.body.clone());
        }
        Some("blocklist") => {
            let list = String::from_utf8_lossy(&call.body).into_owned();
            let ids = list.split("<Latest>").skip(1).filter_map(|rest| rest.split_once("</Latest>"));
            let blocks: Option<Vec<_>> = ids.map(|(id, _)| blob.blocks.get(id).cloned()).collect();
            let Some(blocks) = blocks else { return refused(StatusCode::BAD_REQUEST, "InvalidBlockList") };
            *blob = Blob { bytes: blocks.concat(), is_there: true, ..Blob::default() };
        }
        Some(_) => return refused(StatusCode::BAD_REQUEST, "InvalidQueryParameterValue"),
    }
    empty(StatusCode::CREATED)
}

fn get(world: &World, call: &Call, registry: &str, path: &str) -> Reply {
    let mut state = world.state();
    let found = state.yards.get_mut(registry).and_then(|yard| yard.blobs.get(path)).filter(|blob| blob.is_there);
    let Some(blob) = found else { return refused(StatusCode::NOT_FOUND, "BlobNotFound") };
    let (bytes, complete) = (Bytes::from(blob.bytes.clone()), blob.complete);
    drop(state);
    // The libraries of Azure ask for ranges by a header of their own.
    let reply = match call.header("x-ms-range").filter(|_| call.header("range").is_none()) {
        Some(range) => serve(&ranged(call, range), &bytes, true),
        None => serve(call, &bytes, true),
    };
    let reply = with(reply, "x-ms-blob-type", if path.ends_with(".log") { "AppendBlob" } else { "BlockBlob" });
    let reply = with(reply, "last-modified", "Fri, 24 Apr 2026 10:00:00 GMT");
    let reply = with(reply, "etag", format!("\"0x{:X}\"", bytes.len()));
    match complete {
        Some(how) => with(reply, "x-ms-meta-complete", how),
        None => reply,
    }
}

fn ranged(call: &Call, range: &str) -> Call {
    let mut headers = call.headers.clone();
    if let Ok(range) = range.parse() {
        headers.insert("range", range);
    }
    Call {
        method: call.method.clone(),
        host: call.host.clone(),
        origin: call.origin.clone(),
        is_direct: call.is_direct,
        path: call.path.clone(),
        target: call.target.clone(),
        query: call.query.clone(),
        headers,
        body: Bytes::new(),
        upload: std::sync::Mutex::default(),
    }
}

fn refused(status: StatusCode, code: &str) -> Reply {
    let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
    with(with(text(status, &body), "content-type", "application/xml"), "x-ms-error-code", code)
}
