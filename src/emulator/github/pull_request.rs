//! Pull requests: from a head to a base, open or merged.

use super::{
    ask::Ask,
    hub::Repository,
    refusal::{error, not_found},
    shape::{self, author, user},
};
use crate::emulator::call::{Refusal, Reply, json_reply};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Who opens the pull requests of the world.
const OPENER: &str = "octavia";

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The tip of its branch.
    pub head_sha: String,
    /// The name of its branch.
    pub head_ref: String,
    /// The branch it goes to.
    pub base_ref: String,
    /// The tip of that branch when the pull request was opened; it stays behind when the branch moves on.
    pub base_sha: String,
    /// The test merge while it is open, what the merge made of it afterwards.
    pub merge_commit_sha: Option<String>,
    /// Whether it is open no more.
    pub is_closed: bool,
    /// Whether it was merged.
    pub is_merged: bool,
    /// The fork it comes from, as `owner/name`.
    pub fork: Option<String>,
    /// When it was opened.
    pub created_at: String,
    /// When it was merged.
    pub merged_at: Option<String>,
    pub(super) closed_at: Option<String>,
}

/// `GET /repos/{owner}/{repo}/pulls/{pull_number}`
pub(super) fn get(ask: &Ask<'_>, repository: &Repository, number: &str) -> Result<Reply, Refusal> {
    ask.reads(&["pull-requests"])?;
    let pull = find(repository, number)?;
    let mut shape = simple(ask, repository, pull);
    let comments = repository.comments.iter().filter(|comment| comment.number == pull.number).count();
    let reviews = repository.review_comments.iter().filter(|comment| comment.number == pull.number).count();
    let own = repository.history(&pull.head_sha);
    let own = own.iter().filter(|commit| !repository.has_behind(&pull.base_sha, &commit.sha)).count();
    let more = json!({
        "merged": pull.is_merged, "mergeable": if pull.is_closed { Value::Null } else { true.into() },
        "rebaseable": null, "mergeable_state": if pull.is_closed { "unknown" } else { "clean" },
        "merged_by": pull.is_merged.then(|| author(&ask.site, OPENER)), "comments": comments,
        "review_comments": reviews, "maintainer_can_modify": false, "commits": own, "additions": 1, "deletions": 0,
        "changed_files": 1,
    });
    shape::extend(&mut shape, more);
    Ok(json_reply(StatusCode::OK, &shape))
}

/// `PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge`: the test merge becomes the merge.
pub(super) fn merge(ask: &Ask<'_>, repository: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    ask.writes(&["contents"])?;
    let pull = find(repository, number)?;
    let (number, sha) = (pull.number, pull.merge_commit_sha.clone());
    let Some(sha) = sha.filter(|_| !pull.is_closed) else {
        return Err(Box::new(error(StatusCode::METHOD_NOT_ALLOWED, "Pull Request is not mergeable")));
    };
    close_merged(repository, number, &sha);
    let done = json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"});
    Ok(json_reply(StatusCode::OK, &done))
}

/// Closes a pull request as merged: the base branch points to its merge from now on.
pub(super) fn close_merged(repository: &mut Repository, number: u64, sha: &str) {
    let Some(pull) = repository.pull_requests.get_mut(&number) else { return };
    (pull.is_closed, pull.is_merged) = (true, true);
    pull.closed_at = Some(super::now());
    pull.merge_commit_sha = Some(sha.to_owned());
    pull.merged_at = Some(super::now());
    repository.branches.insert(pull.base_ref.clone(), sha.to_owned());
}

pub(super) fn find<'a>(repository: &'a Repository, number: &str) -> Result<&'a PullRequest, Refusal> {
    let found = number.parse().ok().and_then(|number: u64| repository.pull_requests.get(&number));
    found.ok_or_else(|| Box::new(not_found()))
}

/// `pull-request-simple`.
pub(super) fn simple(ask: &Ask<'_>, repository: &Repository, pull: &PullRequest) -> Value {
    let (site, number) = (&ask.site, pull.number);
    let api = super::commit::repository_api(site, repository);
    let (own, issue) = (format!("{api}/pulls/{number}"), format!("{api}/issues/{number}"));
    let page = format!("{}/{}/pull/{number}", site.html, repository.full_name);
    let link = |href: &str| json!({"href": href});
    let statuses = format!("{api}/statuses/{}", pull.head_sha);
    let id = repository.id * 1000 + number;
    let mut shape = json!({
        "id": id, "node_id": shape::node_id("PR", id), "number": number, "url": own, "html_url": page,
        "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "issue_url": issue,
        "commits_url": format!("{own}/commits"), "review_comments_url": format!("{own}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"), "comments_url": format!("{issue}/comments"),
        "statuses_url": statuses, "state": if pull.is_closed { "closed" } else { "open" }, "locked": false,
        "title": format!("Pull request {number}"), "user": author(site, OPENER), "body": null, "labels": [],
        "milestone": null, "created_at": pull.created_at, "draft": false, "active_lock_reason": null,
        "updated_at": pull.closed_at.as_ref().unwrap_or(&pull.created_at), "closed_at": pull.closed_at,
        "merged_at": pull.merged_at, "merge_commit_sha": pull.merge_commit_sha, "assignee": null, "assignees": [],
        "requested_reviewers": [], "requested_teams": [], "author_association": "MEMBER", "auto_merge": null,
    });
    let more = json!({
        "head": end(ask, repository, pull, true), "base": end(ask, repository, pull, false),
        "_links": {
            "self": link(&own), "html": link(&page), "issue": link(&issue), "statuses": link(&statuses),
            "comments": link(&format!("{issue}/comments")), "review_comments": link(&format!("{own}/comments")),
            "review_comment": link(&format!("{api}/pulls/comments{{/number}}")),
            "commits": link(&format!("{own}/commits")),
        },
    });
    shape::extend(&mut shape, more);
    // The version of March 2026 has the field no more (docs, "Breaking changes").
    if let (true, Some(shape)) = (ask.is_of_2026(), shape.as_object_mut()) {
        shape.remove("merge_commit_sha");
    }
    shape
}

fn end(ask: &Ask<'_>, repository: &Repository, pull: &PullRequest, is_head: bool) -> Value {
    let (sha, name) = if is_head { (&pull.head_sha, &pull.head_ref) } else { (&pull.base_sha, &pull.base_ref) };
    let (fork, site) = (pull.fork.as_ref().filter(|_| is_head), &ask.site);
    let full_name = fork.unwrap_or(&repository.full_name);
    let id = if fork.is_some() { repository.id + 500_000 } else { repository.id };
    let owner = full_name.split('/').next().unwrap_or_default();
    json!({
        "label": format!("{owner}:{name}"), "ref": name, "sha": sha, "user": user(site, owner, "Organization"),
        "repo": shape::repository(site, full_name, id, fork.is_some(), &repository.default_branch),
    })
}

/// `pull-request-minimal`.
pub(super) fn minimal(ask: &Ask<'_>, repository: &Repository, pull: &PullRequest) -> Value {
    let api = super::commit::repository_api(&ask.site, repository);
    let repo = json!({"id": repository.id, "url": api, "name": repository.name()});
    json!({
        "id": repository.id * 1000 + pull.number, "number": pull.number, "url": format!("{api}/pulls/{}", pull.number),
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": repo},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": repo},
    })
}
