//! Permissions: what a token may do, and who it speaks for.

use super::{hub::Hub, refusal::error, shape::author, site::Site};
use crate::emulator::call::{Call, Refusal, Reply, json_reply, with};
use axum::http::{Method, StatusCode};

/// The author of what a job's own token makes.
pub(super) const ACTIONS_BOT: &str = "github-actions[bot]";

/// How far a permission reaches; writing holds reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Read,
    Write,
}

/// A token for one repository, as `GITHUB_TOKEN` is (docs, "GITHUB_TOKEN").
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) repository: u64,
    pub(super) login: String,
    pub(super) is_bot: bool,
    pub(super) permissions: Vec<(String, Level)>,
}

impl Token {
    pub(super) fn new(name: &str, repository: u64, login: &str, permissions: &[&str]) -> Self {
        let permissions = permissions.iter().filter_map(|text| {
            let (name, level) = text.split_once(':')?;
            let level = match level.trim() {
                "read" => Level::Read,
                "write" => Level::Write,
                _ => return None,
            };
            Some((name.trim().to_owned(), level))
        });
        Self {
            name: name.to_owned(),
            repository,
            login: login.to_owned(),
            is_bot: login.ends_with("[bot]"),
            permissions: permissions.collect(),
        }
    }

    /// `GET /user`: an installation's token, as that of a job is, speaks for no user.
    pub(super) fn user(&self, site: &Site) -> Result<Reply, Refusal> {
        if self.is_bot {
            return Err(Box::new(error(StatusCode::FORBIDDEN, "Resource not accessible by integration")));
        }
        Ok(json_reply(StatusCode::OK, &author(site, &self.login)))
    }

    fn may(&self, permission: &str, level: Level) -> bool {
        self.permissions.iter().any(|(name, given)| name == permission && *given >= level)
    }

    /// Refuses unless the token has one of some permissions.
    ///
    /// The header that names them is that of docs, "Troubleshooting the REST API": alternatives stand behind `;`.
    pub(super) fn need(&self, permissions: &[&str], level: Level) -> Result<(), Refusal> {
        if permissions.iter().any(|name| self.may(name, level)) {
            return Ok(());
        }
        let message = if self.is_bot {
            "Resource not accessible by integration"
        } else {
            "Resource not accessible by personal access token"
        };
        let level = if level == Level::Read { "read" } else { "write" };
        let accepted: Vec<_> = permissions.iter().map(|name| format!("{}={level}", name.replace('-', "_"))).collect();
        let reply = error(StatusCode::FORBIDDEN, message);
        Err(Box::new(with(reply, "x-accepted-github-permissions", accepted.join("; "))))
    }
}

/// Returns the token of a request; to who brings none, private repositories do not exist.
pub(super) fn authenticate(hub: &Hub, site: &Site, call: &Call) -> Result<Token, Refusal> {
    let Some(authorization) = call.header("authorization") else {
        let (status, text) = if call.method == Method::GET {
            (StatusCode::NOT_FOUND, "Not Found")
        } else {
            (StatusCode::UNAUTHORIZED, "Requires authentication")
        };
        return Err(Box::new(error(status, text)));
    };
    // "In most cases, you can use `Authorization: Bearer` or `Authorization: token`" (docs, "Authenticating").
    let given = authorization.split_once(' ').and_then(|(scheme, token)| {
        let is_known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
        is_known.then(|| token.trim())
    });
    let on_server = |token: &&Token| {
        hub.repositories.iter().any(|repository| repository.id == token.repository && repository.server == site.server)
    };
    let found = hub.tokens.iter().find(|token| given == Some(token.name.as_str()) && on_server(token));
    found.cloned().ok_or_else(|| Box::new(error(StatusCode::UNAUTHORIZED, "Bad credentials")))
}
