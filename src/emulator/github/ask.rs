//! Ask: one request of somebody who is known, with the place it came to.

use super::{
    permission::{Level, Token},
    site::Site,
};
use crate::emulator::call::{Call, Refusal};

pub(super) struct Ask<'a> {
    pub(super) call: &'a Call,
    pub(super) site: Site,
    pub(super) token: Token,
}

impl Ask<'_> {
    pub(super) fn reads(&self, permissions: &[&str]) -> Result<(), Refusal> {
        self.token.need(permissions, Level::Read)
    }

    pub(super) fn writes(&self, permissions: &[&str]) -> Result<(), Refusal> {
        self.token.need(permissions, Level::Write)
    }

    /// Returns whether an answer of the version of March 2026 is wanted.
    pub(super) fn is_of_2026(&self) -> bool {
        self.call.header("x-github-api-version") == Some("2026-03-10")
    }

    /// Returns the media type asked for: `raw`, `object`, or nothing special (docs, "Media types": the version
    /// `v3` may stand before it, and `+json` behind it).
    pub(super) fn media(&self) -> &str {
        let accept = self.call.header("accept").unwrap_or_default();
        let types = accept.split(',').filter_map(|part| part.trim().strip_prefix("application/vnd.github."));
        let mut names = types.map(|name| {
            let name = name.split(';').next().unwrap_or_default().trim();
            let name = name.strip_prefix("v3.").unwrap_or(name);
            name.strip_suffix("+json").unwrap_or(name)
        });
        names.find(|name| ["raw", "object"].contains(name)).unwrap_or_default()
    }
}
