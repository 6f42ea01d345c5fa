//! Threads: conversations on a pull request.

use super::{
    ask::{Ask, invalid, list},
    organization::{Identity, Repository, Right},
    pull_request,
    refusal::{Fault, error},
};
use crate::emulator::call::{Refusal, Reply, empty, json_reply};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// The most characters of a comment ("A discussion comment cannot be longer than 150000 characters",
/// runatlantis/atlantis#1585).
const LONGEST: usize = 150_000;
/// The names of the numbers of a thread's status.
const STATUSES: [&str; 7] = ["unknown", "active", "fixed", "wontFix", "closed", "byDesign", "pending"];

/// A thread, as it is looked at from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its number in the pull request.
    pub id: u64,
    /// `active`, `closed` and the like.
    pub status: String,
    /// The text of its first comment.
    pub content: String,
    /// Who wrote that.
    pub author: String,
    /// Whether all its comments are deleted.
    pub is_deleted: bool,
}

/// A thread, as the host keeps it.
pub(super) struct Conversation {
    pub(super) id: u64,
    pub(super) status: String,
    pub(super) comments: Vec<Comment>,
    pub(super) properties: Map<String, Value>,
}

pub(super) struct Comment {
    pub(super) author: Identity,
    pub(super) content: String,
    pub(super) is_deleted: bool,
}

impl Conversation {
    pub(super) fn is_deleted(&self) -> bool {
        self.comments.iter().all(|comment| comment.is_deleted)
    }

    pub(super) fn seen(&self) -> Thread {
        let first = self.comments.first();
        Thread {
            id: self.id,
            status: self.status.clone(),
            content: first.map(|comment| comment.content.clone()).unwrap_or_default(),
            author: first.map(|comment| comment.author.name.clone()).unwrap_or_default(),
            is_deleted: self.is_deleted(),
        }
    }

    fn shape(&self) -> Value {
        let at = "2026-01-01T00:00:00Z";
        let comments = self.comments.iter().enumerate().map(|(index, comment)| {
            let mut shape = json!({
                "id": index + 1, "parentCommentId": u64::from(index > 0), "commentType": "text", "usersLiked": [],
                "author": {"id": comment.author.id, "displayName": comment.author.name}, "publishedDate": at,
                "lastUpdatedDate": at, "lastContentUpdatedDate": at,
            });
            // A comment that was deleted has no text any more.
            if comment.is_deleted {
                shape["isDeleted"] = true.into();
            } else {
                shape["content"] = comment.content.as_str().into();
            }
            shape
        });
        json!({
            "id": self.id, "status": self.status, "comments": comments.collect::<Vec<_>>(), "threadContext": null,
            "pullRequestThreadContext": null, "properties": self.properties, "isDeleted": self.is_deleted(),
            "publishedDate": at, "lastUpdatedDate": at, "identities": null,
        })
    }
}

/// `GET …/threads`: all of them, on one page.
pub(super) fn all(it: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    Ok(list(pull_request::find(it, number)?.threads.iter().map(Conversation::shape).collect()))
}

/// `POST …/threads`
pub(super) fn create(ask: &Ask<'_>, it: &mut Repository, number: &str) -> Result<Reply, Refusal> {
    ask.need(Right::Contribute)?;
    let body = ask.body()?;
    let mut comments = Vec::new();
    for comment in body["comments"].as_array().into_iter().flatten() {
        let content = content(comment)?;
        comments.push(Comment { author: ask.token.identity.clone(), content, is_deleted: false });
    }
    if comments.is_empty() {
        return Err(invalid("Value cannot be null. Parameter name: comments"));
    }
    let status = status(&body["status"])?.unwrap_or("unknown").to_owned();
    let properties = properties(&body["properties"])?;
    let id = it.next_id() + 140;
    let pull = pull_request::find(it, number)?;
    pull.threads.push(Conversation { id, status, comments, properties });
    Ok(json_reply(StatusCode::OK, &pull.threads.last().map(Conversation::shape).unwrap_or_default()))
}

/// `PATCH …/threads/{threadId}`
pub(super) fn update(ask: &Ask<'_>, it: &mut Repository, number: &str, id: &str) -> Result<Reply, Refusal> {
    ask.need(Right::Contribute)?;
    let body = ask.body()?;
    let status = status(&body["status"])?;
    let thread = find(it, number, id)?;
    if let Some(status) = status {
        status.clone_into(&mut thread.status);
    }
    Ok(json_reply(StatusCode::OK, &thread.shape()))
}

/// `PATCH` and `DELETE` of `…/threads/{threadId}/comments/{commentId}`
pub(super) fn comment(
    ask: &Ask<'_>,
    it: &mut Repository,
    (number, thread, comment): (&str, &str, &str),
) -> Result<Reply, Refusal> {
    ask.need(Right::Contribute)?;
    let thread = find(it, number, thread)?;
    let at = comment.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
    let found = at.and_then(|at| thread.comments.get_mut(at)).filter(|comment| !comment.is_deleted);
    let Some(found) = found else {
        let why = "TF401026: The comment does not exist.";
        return Err(Box::new(error(StatusCode::NOT_FOUND, Fault::NO_THREAD, why)));
    };
    if found.author != ask.token.identity {
        let why = "TF400813: Only the author of a comment may change or delete it.";
        return Err(Box::new(error(StatusCode::FORBIDDEN, Fault::NEEDS_PERMISSION, why)));
    }
    if ask.call.method == "DELETE" {
        found.is_deleted = true;
        return Ok(empty(StatusCode::OK));
    }
    found.content = content(&ask.body()?)?;
    Ok(json_reply(StatusCode::OK, &thread.shape()["comments"][at.unwrap_or_default()]))
}

fn find<'a>(it: &'a mut Repository, number: &str, id: &str) -> Result<&'a mut Conversation, Refusal> {
    let pull = pull_request::find(it, number)?;
    pull.threads.iter_mut().find(|thread| thread.id.to_string() == id).ok_or_else(|| {
        Box::new(error(StatusCode::NOT_FOUND, Fault::NO_THREAD, "TF401026: The discussion thread does not exist."))
    })
}

fn content(comment: &Value) -> Result<String, Refusal> {
    let content = comment["content"].as_str().filter(|text| !text.trim().is_empty());
    let content = content.ok_or_else(|| invalid("Value cannot be null. Parameter name: content"))?;
    if content.chars().count() > LONGEST {
        return Err(invalid(&format!("A discussion comment cannot be longer than {LONGEST} characters")));
    }
    Ok(content.to_owned())
}

/// Numbers and names are taken, names are answered.
fn status(value: &Value) -> Result<Option<&'static str>, Refusal> {
    let found = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_u64().and_then(|at| STATUSES.get(usize::try_from(at).ok()?)),
        Value::String(name) => STATUSES.iter().find(|status| status.eq_ignore_ascii_case(name)),
        _ => None,
    };
    found.map(|status| Some(*status)).ok_or_else(|| invalid("The thread status is not valid."))
}

/// What is written as a plain value is read as one with its type.
fn properties(value: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut properties = Map::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let kind = match value {
            Value::String(_) => "System.String",
            Value::Number(_) => "System.Int32",
            _ => return Err(invalid("The property's type is not supported.")),
        };
        properties.insert(name.clone(), json!({"$type": kind, "$value": value}));
    }
    Ok(properties)
}
