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
    r#type: String,
}

impl Comment {
    /// Returns the text where a bot wrote it: anybody can paste a marker.
    pub(super) fn of_bot(&self) -> Option<&str> {
        let is_bot = self.user.as_ref().is_some_and(|user| user.r#type == "Bot");
        self.body.as_deref().filter(|_| is_bot)
    }
}

/// The comments of one pull request, which is an issue to this part of the API.
#[derive(Debug)]
pub(super) struct Comments<'a> {
    pub api: &'a Api,
    pub number: u64,
}

impl Board for Comments<'_> {
    async fn own(&self, opening: &str) -> Result<Vec<Post>, ApiError> {
        let all: Vec<Comment> = self.api.list(&format!("/issues/{}/comments", self.number)).await?;
        let own = all.iter().filter_map(|comment| {
            let body = comment.of_bot().filter(|body| body.starts_with(opening))?.to_owned();
            Some(Post { id: comment.id, body, attention: Attention::Free })
        });
        Ok(own.collect())
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
