//! Site: github.com or an Enterprise Server, and the addresses it is known by.

use crate::emulator::call::Call;

/// The server that everybody shares.
pub(in crate::emulator) const DOT_COM: &str = "github.com";
/// The host of its API.
const API: &str = "api.github.com";

/// Returns the server whose API a host serves; an Enterprise Server serves its own.
pub(in crate::emulator) fn server_of(host: &str) -> Option<&str> {
    match host {
        API => Some(DOT_COM),
        DOT_COM => None,
        _ => Some(host),
    }
}

/// Where one server is, as its client reached it.
#[derive(Clone)]
pub(super) struct Site {
    /// The name of the server: `github.com`, or the host of an Enterprise Server.
    pub(super) server: String,
    /// The root of the API: `https://api.github.com`, or `https://HOST/api/v3` (docs, "Getting started with the REST
    /// API" of Enterprise Server).
    pub(super) api: String,
    /// The root of the pages.
    pub(super) html: String,
}

impl Site {
    pub(super) fn new(server: &str, call: &Call) -> Self {
        let prefix = if server == DOT_COM { "" } else { "/api/v3" };
        Self { server: server.to_owned(), api: format!("{}{prefix}", call.origin), html: format!("https://{server}") }
    }

    pub(super) fn is_enterprise(&self) -> bool {
        self.server != DOT_COM
    }
}
