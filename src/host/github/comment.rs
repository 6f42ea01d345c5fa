//! Comment: one on the pull request, kept current in place.

use super::{
    api::{Again, Api},
    refusal::ApiError,
};
use serde::Deserialize;
use serde_json::json;

/// The most characters of a comment (GitHub REST API, issue comments).
pub(super) const LONGEST: usize = 65_536;
/// How often it is looked for when somebody deletes it, or GitHub breaks, in the middle.
const TRIES: usize = 3;

/// A comment, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Comment {
    pub id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Debug, Clone, Deserialize)]
struct User {
    r#type: String,
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'a> {
    /// By which it is found again; the text begins with it.
    pub marker: &'a str,
    /// The whole text.
    pub body: &'a str,
    /// The id of this run.
    pub run: u64,
}

/// What to do where there is no comment yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// One is made.
    Create,
    /// There is no news for anybody.
    Leave,
}

impl Comment {
    /// Returns the text where a bot wrote it: anybody can paste a marker.
    pub(super) fn of_bot(&self) -> Option<&str> {
        let is_bot = self.user.as_ref().is_some_and(|user| user.r#type == "Bot");
        self.body.as_deref().filter(|_| is_bot)
    }
}

/// Returns the hidden text by which our comment is found again; two lists of one pull request have two.
pub(super) fn marker(file: &str, registry: &str) -> String {
    let key = format!("{file} {registry}");
    let key: String = key.chars().map(|c| if c.is_alphanumeric() || "./_ ".contains(c) { c } else { '_' }).collect();
    format!("<!-- acr-sync {} -->", key.trim())
}

/// Returns the text of our comment, if there is one.
pub(super) async fn text(api: &Api, number: u64, marker: &str) -> Result<Option<String>, ApiError> {
    Ok(own(api, number, marker).await?.into_iter().next().and_then(|comment| comment.body))
}

/// Returns the hidden text by which a comment is known to be of a run; ids of runs grow.
pub(super) fn stamp(run: u64) -> String {
    format!("<!-- run {run} -->")
}

/// Returns whether a comment is of a later run than ours: an old run that is started again must not undo it, nor the
/// plan of a pull request the result of its merge.
fn is_later(comment: &Comment, marker: &str, run: u64) -> bool {
    let stamp =
        comment.body.as_deref().and_then(|body| body.strip_prefix(marker)?.trim_start().strip_prefix("<!-- run "));
    let theirs = stamp.and_then(|stamp| stamp.split_once(' ')?.0.parse::<u64>().ok());
    theirs.is_some_and(|theirs| theirs > run)
}

/// Replaces the text of our comment, or makes one; a comment that people deleted is made again.
///
/// A request to make one that nobody knows the fate of is followed by a look for the comment, never by a second request.
pub(super) async fn put(api: &Api, number: u64, ours: &Ours<'_>, absent: Absent) -> Result<(), ApiError> {
    let Ours { marker, body, run } = *ours;
    let mut failure = None;
    for _ in 0..TRIES {
        let found = own(api, number, marker).await?.into_iter().next();
        let result = match found {
            Some(comment) if comment.body.as_deref() == Some(body) => return Ok(()),
            Some(comment) if is_later(&comment, marker, run) => {
                return Err(ApiError::Refused("a later run has written there already".to_owned()));
            }
            Some(comment) => change(api, comment.id, body).await,
            None if absent == Absent::Leave => return Ok(()),
            None => match api.post::<Comment>(&format!("/issues/{number}/comments"), &json!({ "body": body })).await {
                Ok(made) => return settle(api, number, marker, body, made.id).await,
                Err(error) => Err(error),
            },
        };
        match result {
            // Deleted between the look and the change, or posted without anybody knowing.
            Err(error @ (ApiError::NotFound(_) | ApiError::Unclear(_))) => failure = Some(error),
            result => return result,
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Two runs at once may both have found no comment: the first one stays.
async fn settle(api: &Api, number: u64, marker: &str, body: &str, made: u64) -> Result<(), ApiError> {
    match own(api, number, marker).await?.first() {
        Some(first) if first.id != made => {
            change(api, first.id, body).await?;
            api.delete(&format!("/issues/comments/{made}")).await
        }
        _ => Ok(()),
    }
}

/// The library's own update sends POST; PATCH is the documented verb.
async fn change(api: &Api, id: u64, body: &str) -> Result<(), ApiError> {
    let path = format!("/issues/comments/{id}");
    api.patch::<Comment>(&path, &json!({ "body": body }), Again::Yes).await.map(drop)
}

/// Returns our comments, the oldest first.
async fn own(api: &Api, number: u64, marker: &str) -> Result<Vec<Comment>, ApiError> {
    let all: Vec<Comment> = api.list(&format!("/issues/{number}/comments")).await?;
    let is_own = |comment: &Comment| comment.of_bot().is_some_and(|body| body.starts_with(marker));
    Ok(all.into_iter().filter(is_own).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_end_its_comment_early() {
        assert_eq!(marker("a-->b.txt", ""), "<!-- acr-sync a___b.txt -->");
    }

    #[test]
    fn only_a_later_run_of_the_same_list_is_later() {
        let later = |body: &str| is_later(&Comment { id: 1, body: Some(body.to_owned()), user: None }, "<!-- m -->", 7);
        assert!(later(&format!("<!-- m --> {} <!-- more -->", stamp(8))));
        for body in
            ["<!-- m --> <!-- run 7 -->", "<!-- m -->\ntext <!-- run 9 -->", "<!-- n --> <!-- run 9 -->", "<!-- m -->"]
        {
            assert!(!later(body), "{body}");
        }
    }
}
