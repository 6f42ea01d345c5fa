//! Comment: the form that a post has on GitHub.

use super::api::Api;
use crate::host::{
    patience::Again,
    post::{Attention, Board, Ours, Post},
    refusal::ApiError,
};
use serde::Deserialize;
use serde_json::json;

/// The most characters of a comment (GitHub REST API, issue comments).
pub(super) const LONGEST: usize = 65_536;

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
    id: u64,
    r#type: String,
}

impl Comment {
    /// Returns the text.
    pub(super) fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    fn is_by(&self, me: Option<u64>) -> bool {
        self.user.as_ref().is_some_and(|user| user.r#type == "Bot" || Some(user.id) == me)
    }
}

/// Returns the comments that begin so and are ours, a bot's or those of the user whose token this is: anybody can paste a
/// marker.
pub(super) async fn ours(api: &Api, mut all: Vec<Comment>, opening: &str) -> Result<Vec<Comment>, ApiError> {
    all.retain(|comment| comment.body().starts_with(opening));
    // Who wrote what a bot wrote need not be asked.
    let me = if all.iter().all(|comment| comment.is_by(None)) { None } else { api.user().await? };
    all.retain(|comment| comment.is_by(me));
    Ok(all)
}

/// The comments of one pull request, which is an issue to this part of the API.
#[derive(Debug)]
pub(super) struct Comments<'a> {
    pub api: &'a Api,
    pub number: u64,
}

impl Board for Comments<'_> {
    async fn own(&self, marker: &str) -> Result<Vec<Post>, ApiError> {
        let all: Vec<Comment> = self.api.list(&format!("/issues/{}/comments", self.number)).await?;
        let own = ours(self.api, all, marker).await?.into_iter();
        let post = |comment: Comment| Post {
            id: comment.id,
            body: comment.body.unwrap_or_default(),
            attention: Attention::Free,
        };
        Ok(own.map(post).collect())
    }

    async fn make(&self, ours: &Ours<'_>) -> Result<u64, ApiError> {
        let path = format!("/issues/{}/comments", self.number);
        self.api.post::<Comment>(&path, &json!({ "body": ours.body })).await.map(|made| made.id)
    }

    /// The library's own update sends POST; PATCH is the documented verb.
    async fn change(&self, post: &Post, ours: &Ours<'_>) -> Result<(), ApiError> {
        let path = format!("/issues/comments/{}", post.id);
        self.api.patch::<Comment>(&path, &json!({ "body": ours.body }), Again::Yes).await.map(drop)
    }

    async fn remove(&self, id: u64) -> Result<(), ApiError> {
        self.api.delete(&format!("/issues/comments/{id}")).await
    }
}
