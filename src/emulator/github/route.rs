//! Routes: from a request to the part of the API that answers it.

use super::{
    ask::Ask,
    check_run, comment, commit, comparison, contents,
    hub::{Hub, Repository},
    permission::authenticate,
    pull_request,
    refusal::{error, not_found},
    review,
    shape::full_repository,
    site::Site,
    workflow_run,
};
use crate::emulator::{
    World,
    call::{Call, Refusal, Reply, json_reply, text, with},
    token::seconds,
};
use axum::http::StatusCode;

/// What `GITHUB_TOKEN` may ask of a repository in an hour (docs, "Rate limits for the REST API").
const LIMIT: u32 = 1000;
/// The versions of the API (docs, "API Versions"); Enterprise Server has the first only.
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];

/// Answers a request to the API of a server.
pub(in crate::emulator) fn answer(world: &World, call: &Call, server: &str) -> Reply {
    let site = Site::new(server, call);
    if site.is_enterprise() && call.path.starts_with("/_services/pipelines/") {
        return super::answer_oidc(world, call);
    }
    let reply = respond(&mut world.state().github, call, site).unwrap_or_else(|refusal| *refusal);
    let reply = with(reply, "x-github-media-type", "github.v3; format=json");
    with(reply, "x-github-request-id", uuid::Uuid::new_v4().simple().to_string())
}

fn respond(hub: &mut Hub, call: &Call, site: Site) -> Result<Reply, Refusal> {
    // Docs, "User agent required".
    if call.header("user-agent").is_none_or(str::is_empty) {
        let why = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.\n";
        return Err(Box::new(text(StatusCode::FORBIDDEN, why)));
    }
    let versions = if site.is_enterprise() { &VERSIONS[..1] } else { &VERSIONS };
    if let Some(version) = call.header("x-github-api-version").filter(|version| !versions.contains(version)) {
        let why = format!("The API version \"{version}\" is not supported.");
        return Err(Box::new(error(StatusCode::BAD_REQUEST, &why)));
    }
    let prefix = if site.is_enterprise() { "/api/v3/" } else { "/" };
    let path = call.path.strip_prefix(prefix).ok_or_else(|| Box::new(not_found()))?;
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let token = authenticate(hub, &site, call)?;
    if let ("GET", ["user"]) = (call.method.as_str(), segments.as_slice()) {
        return token.user(&site);
    }
    let (found, rest) = match segments.as_slice() {
        ["repos", owner, name, rest @ ..] => (hub.repository(&site.server, &format!("{owner}/{name}")), rest),
        ["repositories", id, rest @ ..] => {
            (hub.repositories.iter().find(|it| it.server == site.server && it.id.to_string() == **id), rest)
        }
        _ => (None, &[][..]),
    };
    // The token of a job acts on its own repository only; others do not exist for it.
    let full_name = found.filter(|it| it.id == token.repository).map(|it| it.full_name.clone());
    let full_name = full_name.ok_or_else(|| Box::new(not_found()))?;
    let ask = Ask { call, site, token };
    let Some(repository) = hub.repository_mut(&ask.site.server, &full_name) else {
        return Err(Box::new(not_found()));
    };
    let has_request = spend(repository);
    let reply = if has_request { enter(&ask, repository, rest) } else { Err(Box::new(exceeded())) };
    Ok(limited(reply.unwrap_or_else(|refusal| *refusal), repository))
}

fn enter(ask: &Ask<'_>, it: &mut Repository, rest: &[&str]) -> Result<Reply, Refusal> {
    match (ask.call.method.as_str(), rest) {
        ("GET", []) => Ok(json_reply(StatusCode::OK, &full_repository(&ask.site, it))),
        ("GET", ["contents", path @ ..]) => contents::get(ask, it, &path.join("/")),
        ("GET", ["commits", revision @ .., "pulls"]) if !revision.is_empty() => {
            commit::pulls(ask, it, &revision.join("/"))
        }
        ("GET", ["commits", revision @ .., "check-runs"]) if !revision.is_empty() => {
            check_run::of_commit(ask, it, &revision.join("/"))
        }
        ("GET", ["commits", revision @ ..]) if !revision.is_empty() => commit::get(ask, it, &revision.join("/")),
        ("GET", ["compare", basehead @ ..]) => comparison::get(ask, it, &basehead.join("/")),
        ("GET" | "PATCH" | "DELETE", ["issues", "comments", id]) => comment::one(ask, it, id),
        ("GET", ["issues", number, "comments"]) => comment::list(ask, it, number),
        ("POST", ["issues", number, "comments"]) => comment::create(ask, it, number),
        ("DELETE", ["pulls", "comments", id]) => review::remove(ask, it, id),
        ("GET", ["pulls", number]) => pull_request::get(ask, it, number),
        ("PUT", ["pulls", number, "merge"]) => pull_request::merge(ask, it, number),
        ("GET", ["pulls", number, "comments"]) => review::list(ask, it, number),
        ("POST", ["pulls", number, "comments"]) => review::comment(ask, it, number),
        ("POST", ["pulls", number, "reviews"]) => review::review(ask, it, number),
        ("POST", ["check-runs"]) => check_run::create(ask, it),
        ("GET" | "PATCH", ["check-runs", id]) => check_run::one(ask, it, id),
        ("GET", ["check-runs", id, "annotations"]) => check_run::annotations(ask, it, id),
        ("GET", ["actions", "workflows", workflow, "runs"]) => workflow_run::list(ask, it, workflow),
        ("GET", ["actions", "runs", id]) => workflow_run::get(ask, it, id),
        _ => Err(Box::new(not_found())),
    }
}

/// Takes one request from what is left of the hour.
fn spend(repository: &mut Repository) -> bool {
    match &mut repository.requests_left {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

fn exceeded() -> Reply {
    let text = "API rate limit exceeded for installation ID 1. If you reach out to GitHub Support for help, please \
                include the request ID.";
    error(StatusCode::FORBIDDEN, text)
}

fn limited(reply: Reply, repository: &Repository) -> Reply {
    let Some(left) = repository.requests_left else { return reply };
    let used = LIMIT.saturating_sub(left);
    let reply = with(reply, "x-ratelimit-limit", LIMIT.to_string());
    let reply = with(reply, "x-ratelimit-remaining", left.to_string());
    let reply = with(reply, "x-ratelimit-used", used.to_string());
    let reply = with(reply, "x-ratelimit-reset", (seconds() + 60).to_string());
    with(reply, "x-ratelimit-resource", "core")
}
