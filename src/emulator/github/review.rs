//! Reviews: comments on lines of a pull request, with the suggestions in them.

use super::{
    ask::Ask,
    commit::{TreeEntry, repository_api},
    hub::Repository,
    listing::Listing,
    pull_request::{PullRequest, find},
    refusal::{done, invalid, malformed, not_found, object, optional, required},
    shape::{node_id, user},
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The lines that a hunk shows around a change.
const CONTEXT: usize = 3;

/// A comment on lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewComment {
    /// Its id.
    pub id: u64,
    /// The review it belongs to.
    pub review: u64,
    /// The number of the pull request.
    pub number: u64,
    /// Who wrote it.
    pub login: String,
    /// The commit it was written for.
    pub commit: String,
    /// The file.
    pub path: String,
    /// The first line, of a comment on more than one.
    pub start_line: Option<u64>,
    /// The last line.
    pub line: u64,
    /// Its text.
    pub body: String,
    at: String,
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}/comments`
pub(super) fn list(ask: &Ask<'_>, repository: &Repository, number: &str) -> Result<Reply, Refusal> {
    ask.reads(&["pull-requests"])?;
    let pull = find(repository, number)?;
    let found = repository.review_comments.iter().filter(|comment| comment.number == pull.number);
    let found = found.map(|comment| shape(ask, repository, comment)).collect();
    Ok(Listing::new(ask, repository, &format!("pulls/{number}/comments"), found).array())
}

/// `POST /repos/{owner}/{repo}/pulls/{pull_number}/comments`
pub(super) fn comment(ask: &Ask<'_>, repository: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    ask.writes(&["pull-requests"])?;
    let pull = find(repository, number)?.clone();
    let body = object(&ask.call.body)?;
    let commit = required(&body, "commit_id")?;
    let mut comment = read(ask, repository, &pull, commit, &body)?;
    comment.id = repository.next_id();
    comment.review = repository.next_id();
    let reply = json_reply(StatusCode::CREATED, &shape(ask, repository, &comment));
    repository.review_comments.push(comment);
    Ok(reply)
}

/// `DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}`
pub(super) fn remove(ask: &Ask<'_>, repository: &mut Repository, id: &str) -> Result<Reply, Refusal> {
    ask.writes(&["pull-requests"])?;
    let at = repository.review_comments.iter().position(|comment| comment.id.to_string() == id);
    repository.review_comments.remove(at.ok_or_else(|| Box::new(not_found()))?);
    Ok(done())
}

/// `POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews`
///
/// All comments of a review are taken, or none.
pub(super) fn review(ask: &Ask<'_>, repository: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    ask.writes(&["pull-requests"])?;
    let pull = find(repository, number)?.clone();
    let body = object(&ask.call.body)?;
    let commit = optional(&body, "commit_id")?.unwrap_or(&pull.head_sha);
    let (event, text) = (optional(&body, "event")?.unwrap_or("PENDING"), optional(&body, "body")?.unwrap_or_default());
    let given = body["comments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut comments = Vec::new();
    for comment in given {
        comments.push(read(ask, repository, &pull, commit, comment)?);
    }
    let state = match event {
        "APPROVE" => "APPROVED",
        "REQUEST_CHANGES" => "CHANGES_REQUESTED",
        "COMMENT" => "COMMENTED",
        "PENDING" => "PENDING",
        _ => {
            return Err(malformed(&format!(
                "Variable $event of type PullRequestReviewEvent was provided invalid value {event}"
            )));
        }
    };
    if comments.is_empty() && text.is_empty() && ["COMMENT", "REQUEST_CHANGES"].contains(&event) {
        return Err(malformed("Review body can't be blank"));
    }
    let id = repository.next_id();
    for mut comment in comments {
        comment.id = repository.next_id();
        comment.review = id;
        repository.review_comments.push(comment);
    }
    let (site, own) = (&ask.site, format!("{}/pulls/{}", repository_api(&ask.site, repository), pull.number));
    let page = format!("{}/{}/pull/{}#pullrequestreview-{id}", site.html, repository.full_name, pull.number);
    let body = json!({
        "id": id, "node_id": node_id("PRR", id), "user": author(ask, &ask.token.login), "body": text, "state": state,
        "html_url": page, "pull_request_url": own, "submitted_at": super::now(), "commit_id": commit,
        "author_association": "NONE", "_links": {"html": {"href": page}, "pull_request": {"href": own}},
    });
    Ok(json_reply(StatusCode::OK, &body))
}

fn read(
    ask: &Ask<'_>,
    repository: &Repository,
    pull: &PullRequest,
    commit: &str,
    body: &Value,
) -> Result<ReviewComment, Refusal> {
    let refuse = |field: &str, message: &str| {
        let field = format!("pull_request_review_thread.{field}");
        invalid("PullRequestReviewComment", &field, "custom", &format!("{field} {message}"))
    };
    let (path, text) = (required(body, "path")?, required(body, "body")?);
    let (start_line, line) = (body["start_line"].as_u64(), body["line"].as_u64());
    if !repository.commits.contains_key(commit) {
        return Err(no_part(commit));
    }
    let Some(shown) = shown_lines(repository, pull, commit, path) else {
        return Err(refuse("path", "is invalid"));
    };
    let Some(line) = line.filter(|line| shown.contains(line)) else {
        return Err(refuse("line", "must be part of the diff"));
    };
    if start_line.is_some_and(|start| !shown.contains(&start) || start >= line) {
        return Err(refuse("start_line", "must be part of the same hunk as the line."));
    }
    Ok(ReviewComment {
        id: 0,
        review: 0,
        number: pull.number,
        login: ask.token.login.clone(),
        commit: commit.to_owned(),
        path: path.to_owned(),
        start_line,
        line,
        body: text.to_owned(),
        at: super::now(),
    })
}

fn no_part(commit: &str) -> Refusal {
    let message = format!("commit_id {commit} is not part of the pull request");
    invalid("PullRequestReviewComment", "commit_id", "custom", &message)
}

/// Returns the lines of a changed file that its diff shows: those that the base has not, and some around them.
fn shown_lines(repository: &Repository, pull: &PullRequest, commit: &str, path: &str) -> Option<BTreeSet<u64>> {
    let lines = |sha: &str| match repository.commits.get(sha)?.tree.get(path)? {
        TreeEntry::File(bytes) => Some(String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>()),
        TreeEntry::Symlink(_) | TreeEntry::Submodule { .. } => None,
    };
    let (before, after) = (lines(&pull.base_sha).unwrap_or_default(), lines(commit)?);
    if before == after {
        return None;
    }
    let known: BTreeSet<_> = before.iter().collect();
    let changed = after.iter().enumerate().filter(|(_, line)| !known.contains(line)).map(|(at, _)| at);
    let near = changed.flat_map(|at| at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(after.len()));
    Some(near.filter_map(|at| u64::try_from(at + 1).ok()).collect())
}

fn author(ask: &Ask<'_>, login: &str) -> Value {
    user(&ask.site, login, if login.ends_with("[bot]") { "Bot" } else { "User" })
}

/// `pull-request-review-comment`.
fn shape(ask: &Ask<'_>, repository: &Repository, comment: &ReviewComment) -> Value {
    let (site, api) = (&ask.site, repository_api(&ask.site, repository));
    let url = format!("{api}/pulls/comments/{}", comment.id);
    let pull = format!("{api}/pulls/{}", comment.number);
    let page = format!("{}/{}/pull/{}#discussion_r{}", site.html, repository.full_name, comment.number, comment.id);
    json!({
        "id": comment.id, "node_id": node_id("PRRC", comment.id), "pull_request_review_id": comment.review,
        "url": url, "html_url": page, "pull_request_url": pull, "user": author(ask, &comment.login),
        "body": comment.body, "path": comment.path, "diff_hunk": "@@", "commit_id": comment.commit,
        "original_commit_id": comment.commit, "line": comment.line, "original_line": comment.line,
        "start_line": comment.start_line, "original_start_line": comment.start_line, "side": "RIGHT",
        "start_side": comment.start_line.map(|_| "RIGHT"), "subject_type": "line", "created_at": comment.at,
        "updated_at": comment.at, "author_association": "NONE", "position": 1, "original_position": 1,
        "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": pull}},
    })
}
