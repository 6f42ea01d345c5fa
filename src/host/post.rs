//! Post: one on the pull request, kept current in place: a comment on GitHub, a thread on Azure DevOps.

use super::{kept, refusal::ApiError};
use crate::plan::Reviewed;

/// How often it is looked for when somebody deletes it, or the host breaks, in the middle.
const TRIES: usize = 3;

/// The place on a pull request where people are told something.
pub(super) trait Board {
    /// Returns our posts, the oldest first: those that begin with the marker and that we wrote.
    async fn own(&self, marker: &str) -> Result<Vec<Post>, ApiError>;
    /// Makes a post and returns its id; never sent twice.
    async fn make(&self, ours: &Ours<'_>) -> Result<u64, ApiError>;
    /// Replaces a post.
    async fn change(&self, post: &Post, ours: &Ours<'_>) -> Result<(), ApiError>;
    /// Takes a post of ours away.
    async fn remove(&self, id: u64) -> Result<(), ApiError>;
}

/// A post, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub id: u64,
    pub body: String,
    /// Whether it stands in the way of the merge now.
    pub attention: Attention,
}

/// Whether a person must act before the pull request can be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attention {
    /// It informs.
    Free,
    /// It waits for somebody.
    Wanted,
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
    /// Always [`Attention::Free`] where a post cannot ask for any.
    pub attention: Attention,
}

/// What to do where there is no post yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// One is made.
    Create,
    /// There is no news for anybody.
    Leave,
}

/// Returns the hidden text by which our post is found again; two lists of one pull request have two.
pub(super) fn marker(key: &str) -> String {
    format!("<!-- acr-sync {} -->", unlike_others(key.trim()))
}

/// Writes a text so that nothing in it ends a comment, and no other text is written the same.
fn unlike_others(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        // Two hyphens could end the comment (HTML, 13.6), and so could `>` behind one.
        if c.is_alphanumeric() || "./_ ".contains(c) || (c == '-' && !written.ends_with('-')) {
            written.push(c);
        } else {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| written.push_str(&format!("%{byte:02X}")));
        }
    }
    written
}

/// Returns what the reviewers of pull requests were shown, if anything: of two plans for one line, the later.
pub(super) async fn reviewed<B: Board>(
    boards: impl Iterator<Item = B>,
    marker: &str,
) -> Result<Option<Reviewed>, ApiError> {
    let mut reviewed: Option<Reviewed> = None;
    for board in boards {
        let post = board.own(marker).await?.into_iter().next();
        if let Some(plan) = post.and_then(|post| kept::read(&post.body, marker)) {
            reviewed.get_or_insert_default().extend(plan);
        }
    }
    Ok(reviewed)
}

/// Returns the hidden text by which a post is known to be of a run; ids of runs grow.
pub(super) fn stamp(run: u64) -> String {
    format!("<!-- run {run} -->")
}

/// Returns whether a post is of a later run than ours: an old run that is started again must not undo it, nor the
/// plan of a pull request the result of its merge.
fn is_later(body: &str, marker: &str, run: u64) -> bool {
    let stamp = body.strip_prefix(marker).and_then(|rest| rest.trim_start().strip_prefix("<!-- run "));
    let theirs = stamp.and_then(|stamp| stamp.split_once(' ')?.0.parse::<u64>().ok());
    theirs.is_some_and(|theirs| theirs > run)
}

/// Replaces the text of our post, or makes one; a post that people deleted is made again.
///
/// A request to make one that nobody knows the fate of is followed by a look for the post, never by a second request.
pub(super) async fn put(board: &impl Board, ours: &Ours<'_>, absent: Absent) -> Result<(), ApiError> {
    let Ours { marker, body, run, attention } = *ours;
    let mut failure = None;
    for _ in 0..TRIES {
        let found = board.own(marker).await?.into_iter().next();
        let result = match found {
            // What a person has closed may remain closed.
            Some(post) if post.body == body && (post.attention == Attention::Free || attention == post.attention) => {
                return Ok(());
            }
            Some(post) if is_later(&post.body, marker, run) => {
                return Err(ApiError::Refused("a later run has written there already".to_owned()));
            }
            Some(post) => board.change(&post, ours).await,
            None if absent == Absent::Leave => return Ok(()),
            None => match board.make(ours).await {
                Ok(made) => return settle(board, ours, made).await,
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

/// Two runs at once may both have found no post: the first one stays.
async fn settle(board: &impl Board, ours: &Ours<'_>, made: u64) -> Result<(), ApiError> {
    match board.own(ours.marker).await?.first() {
        Some(first) if first.id != made => {
            if !is_later(&first.body, ours.marker, ours.run) {
                board.change(first, ours).await?;
            }
            board.remove(made).await
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_end_its_comment_early() {
        assert_eq!(marker("a-->b.txt "), "<!-- acr-sync a-%2D%3Eb.txt -->");
        for key in ["--", "---", "a--!>b", "<!--", "-->\n", "a\u{200b}-", "%2D%2D"] {
            let marker = marker(key);
            let inner = marker.strip_prefix("<!-- ").unwrap().strip_suffix(" -->").unwrap();
            assert!(!inner.contains("--") && !inner.contains(['<', '>', '\n', '\u{200b}']), "{marker}");
        }
    }

    #[test]
    fn no_two_lists_have_one_marker() {
        let keys = ["images-prod.txt", "images_prod.txt", "a+b", "a-b", "a--b", "a-%2Db", "a%2D-b", "ä", "%C3%A4"];
        let markers: std::collections::BTreeSet<_> = keys.map(marker).into();
        assert_eq!(markers.len(), keys.len(), "{markers:?}");
    }

    #[test]
    fn only_a_later_run_of_the_same_list_is_later() {
        let later = |body: &str| is_later(body, "<!-- m -->", 7);
        assert!(later(&format!("<!-- m --> {} <!-- more -->", stamp(8))));
        for body in
            ["<!-- m --> <!-- run 7 -->", "<!-- m -->\ntext <!-- run 9 -->", "<!-- n --> <!-- run 9 -->", "<!-- m -->"]
        {
            assert!(!later(body), "{body}");
        }
    }
}
