//! Thread: the form that a post has on Azure DevOps.
//!
//! A branch policy may ask that all threads are resolved, so ours is closed as long as nobody has to act.

use super::api::{Api, Listing};
use crate::host::{
    post::{Attention, Board, Ours, Post},
    refusal::ApiError,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most characters of a comment ("A discussion comment cannot be longer than 150000 characters").
pub(super) const LONGEST: usize = 150_000;
/// The property of a thread that says whose it is.
const PROPERTY: &str = "acr-sync";

/// The threads of one pull request.
#[derive(Debug)]
pub(super) struct Threads<'a> {
    pub api: &'a Api,
    pub number: u64,
    /// What the run is about, which tells its threads from those of another list.
    pub key: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: u64,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    is_deleted: bool,
    #[serde(default)]
    comments: Vec<Comment>,
    #[serde(default)]
    properties: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    is_deleted: bool,
    #[serde(default)]
    author: Option<Author>,
}

#[derive(Debug, Deserialize)]
struct Author {
    id: String,
}

impl Thread {
    /// Returns the text and its author where the thread has our property; anybody can set one.
    fn claimed(&self, key: &str, opening: &str) -> Option<(&str, &str)> {
        let is_ours = self.properties.as_ref()?[PROPERTY]["$value"].as_str() == Some(key);
        let first = self.comments.first().filter(|comment| is_ours && !self.is_deleted && !comment.is_deleted)?;
        let content = first.content.as_deref().filter(|content| content.starts_with(opening))?;
        Some((content, &first.author.as_ref()?.id))
    }
}

/// The numbers of the statuses that are set here.
fn status(attention: Attention) -> u8 {
    match attention {
        Attention::Wanted => 1,
        Attention::Free => 4,
    }
}

impl Board for Threads<'_> {
    async fn own(&self, opening: &str) -> Result<Vec<Post>, ApiError> {
        let all: Listing<Thread> = self.api.get_git(&format!("/pullRequests/{}/threads", self.number)).await?;
        let claimed = |thread: &Thread| thread.claimed(self.key, opening).is_some();
        let threads: Vec<_> = all.value.into_iter().filter(claimed).collect();
        if threads.is_empty() {
            return Ok(Vec::new());
        }
        let me = &self.api.identity().await?.id;
        let post = |thread: &Thread| {
            let (content, author) = thread.claimed(self.key, opening)?;
            let is_open = matches!(thread.status.as_deref(), Some("active" | "pending"));
            let attention = if is_open { Attention::Wanted } else { Attention::Free };
            (author == me).then(|| Post { id: thread.id, body: content.to_owned(), attention })
        };
        let mut own: Vec<_> = threads.iter().filter_map(post).collect();
        own.sort_by_key(|post| post.id);
        Ok(own)
    }

    async fn make(&self, ours: &Ours<'_>) -> Result<u64, ApiError> {
        let body = json!({
            "comments": [{"parentCommentId": 0, "content": ours.body, "commentType": 1}],
            "status": status(ours.attention),
            "properties": {PROPERTY: self.key, "Microsoft.TeamFoundation.Discussion.SupportsMarkdown": 1},
        });
        let path = format!("/pullRequests/{}/threads", self.number);
        self.api.post::<Thread>(&path, &body).await.map(|made| made.id)
    }

    async fn change(&self, post: &Post, ours: &Ours<'_>) -> Result<(), ApiError> {
        let path = format!("/pullRequests/{}/threads/{}", self.number, post.id);
        if post.body != ours.body {
            self.api.patch(&format!("{path}/comments/1"), &json!({ "content": ours.body })).await?;
        }
        if post.attention != ours.attention {
            self.api.patch(&path, &json!({ "status": status(ours.attention) })).await?;
        }
        Ok(())
    }

    async fn remove(&self, id: u64) -> Result<(), ApiError> {
        self.api.delete(&format!("/pullRequests/{}/threads/{id}/comments/1", self.number)).await
    }
}
