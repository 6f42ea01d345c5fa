//! Comments: on a pull request, which is an issue to this part of the API.

use super::{
    ask::Ask,
    commit::repository_api,
    hub::Repository,
    listing::Listing,
    refusal::{done, invalid, not_found, object, required},
    shape::{node_id, user},
    site::Site,
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The most characters of a comment.
const LONGEST: usize = 65_536;
/// Either permission will do (docs, "Permissions required for GitHub Apps").
const PERMISSIONS: [&str; 2] = ["issues", "pull-requests"];

/// A comment of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: u64,
    /// The number of the pull request.
    pub number: u64,
    /// Who wrote it, such as `github-actions[bot]`.
    pub login: String,
    /// Whether an app wrote it.
    pub is_bot: bool,
    /// Its text.
    pub body: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`, "ordered by ascending ID".
pub(super) fn list(ask: &Ask<'_>, repository: &Repository, number: &str) -> Result<Reply, Refusal> {
    ask.reads(&PERMISSIONS)?;
    let number = known(repository, number)?;
    let since = ask.call.query("since").unwrap_or_default();
    let found = repository.comments.iter().filter(|it| it.number == number && it.updated_at.as_str() >= since);
    let found = found.map(|comment| shape(&ask.site, repository, comment)).collect();
    Ok(Listing::new(ask, repository, &format!("issues/{number}/comments"), found).array())
}

/// `POST /repos/{owner}/{repo}/issues/{issue_number}/comments`
pub(super) fn create(ask: &Ask<'_>, repository: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    ask.writes(&PERMISSIONS)?;
    let number = known(repository, number)?;
    let body = body(&ask.call.body)?;
    let comment = add(repository, number, &ask.token.login, ask.token.is_bot, body);
    Ok(json_reply(StatusCode::CREATED, &shape(&ask.site, repository, &comment)))
}

/// `GET`, `PATCH` and `DELETE` of `/repos/{owner}/{repo}/issues/comments/{comment_id}`
pub(super) fn one(ask: &Ask<'_>, repository: &mut Repository, id: &str) -> Result<Reply, Refusal> {
    match ask.call.method.as_str() {
        "GET" => ask.reads(&PERMISSIONS)?,
        _ => ask.writes(&PERMISSIONS)?,
    }
    let at = repository.comments.iter().position(|comment| comment.id.to_string() == id);
    let at = at.ok_or_else(|| Box::new(not_found()))?;
    match ask.call.method.as_str() {
        "GET" => {}
        "PATCH" => {
            repository.comments[at].body = body(&ask.call.body)?;
            repository.comments[at].updated_at = super::now();
        }
        "DELETE" => {
            repository.comments.remove(at);
            return Ok(done());
        }
        _ => return Err(Box::new(not_found())),
    }
    Ok(json_reply(StatusCode::OK, &shape(&ask.site, repository, &repository.comments[at])))
}

/// Adds a comment whoever it is by.
pub(super) fn add(repository: &mut Repository, number: u64, login: &str, is_bot: bool, body: String) -> Comment {
    let (id, now) = (repository.next_id(), super::now());
    let login = login.to_owned();
    let comment = Comment { id, number, login, is_bot, body, created_at: now.clone(), updated_at: now };
    repository.comments.push(comment.clone());
    comment
}

fn known(repository: &Repository, number: &str) -> Result<u64, Refusal> {
    let number = number.parse().ok().filter(|number| repository.pull_requests.contains_key(number));
    number.ok_or_else(|| Box::new(not_found()))
}

fn body(request: &[u8]) -> Result<String, Refusal> {
    let request = object(request)?;
    let body = required(&request, "body")?;
    if body.trim().is_empty() {
        return Err(invalid("IssueComment", "data", "unprocessable", "Body cannot be blank"));
    }
    if body.chars().count() > LONGEST {
        let text = format!("Body is too long (maximum is {LONGEST} characters)");
        return Err(invalid("IssueComment", "data", "unprocessable", &text));
    }
    Ok(body.to_owned())
}

/// `issue-comment`.
fn shape(site: &Site, repository: &Repository, comment: &Comment) -> Value {
    let api = repository_api(site, repository);
    let Comment { id, number, login, is_bot, body, .. } = comment;
    let url = format!("{api}/issues/comments/{id}");
    json!({
        "id": id, "node_id": node_id("IC", *id), "url": url, "issue_url": format!("{api}/issues/{number}"),
        "html_url": format!("{}/{}/pull/{number}#issuecomment-{id}", site.html, repository.full_name),
        "user": user(site, login, if *is_bot { "Bot" } else { "User" }), "created_at": comment.created_at,
        "updated_at": comment.updated_at, "author_association": if *is_bot { "NONE" } else { "MEMBER" },
        "body": body, "performed_via_github_app": null,
        "reactions": {"url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0,
            "confused": 0, "heart": 0, "rocket": 0, "eyes": 0},
    })
}
