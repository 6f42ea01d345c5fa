//! Post: one on the pull request, kept current in place: a comment on GitHub, a thread on Azure DevOps.

use super::{kept, marker::Marker, refusal::ApiError};
use crate::{
    plan::{Mark, Reviewed, Shard},
    report::Report,
};

/// How often it is looked for when somebody deletes it, or the host breaks, in the middle.
const TRIES: usize = 3;

/// The place on a pull request where people are told something.
pub(super) trait Board {
    /// Returns our posts, the oldest first: those that begin so and that we wrote.
    async fn own(&self, opening: &str) -> Result<Vec<Post>, ApiError>;
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
    pub marker: &'a Marker,
    /// The whole text.
    pub body: &'a str,
    /// The id of this run.
    pub run: u64,
    /// Always [`Attention::Free`] where a post cannot ask for any.
    pub attention: Attention,
    /// What becomes of posts about other parts of the list.
    pub others: Others,
}

/// What becomes of the posts of runs that divided the list into another number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// They stay.
    Leave,
    /// They are taken away: nobody brings them up to date any more.
    Remove,
}

impl Others {
    /// Returns what a report does to them. What reviewers were shown is needed until the merge is applied, so that only
    /// another plan takes its place; the first shard does it for all.
    pub(super) fn after(report: &Report) -> Self {
        let is_planned = report.plan().is_some() && !report.is_applied();
        if is_planned && report.shard.is_none_or(Shard::is_first) { Self::Remove } else { Self::Leave }
    }
}

/// What to do where there is no post yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// One is made.
    Create,
    /// There is no news for anybody.
    Leave,
}

/// What was found of the plans that reviewers saw.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    pub reviewed: Option<Reviewed>,
    /// What people should know of it.
    pub notes: Vec<String>,
}

/// Returns what the reviewers of pull requests were shown, if anything: of two plans for one line, the later.
///
/// The plans of all shards count, for a line is another shard's where their number is another than at the review.
pub(super) async fn reviewed<B: Board>(boards: impl Iterator<Item = B>, marker: &Marker) -> Result<Recalled, ApiError> {
    let mut recalled = Recalled::default();
    for board in boards {
        let (mut plans, mut seen) = (Vec::new(), Vec::new());
        for post in board.own(marker.opening()).await? {
            // Of two posts of one shard the first is the one that is kept current.
            let Some(of) = marker.of(&post.body).filter(|of| !seen.contains(of)) else { continue };
            seen.push(of.clone());
            if let Some(plan) = kept::read(&post.body, &of.to_string()) {
                plans.push((run(&post.body, &of), of, plan));
            }
        }
        plans.sort_by_key(|(run, ..)| *run);
        if let Some((_, of, _)) = plans.iter().find(|(_, of, _)| !of.divides_like(marker)) {
            let note = format!(
                "the list was planned {}, and this run has it {}: what any of its plans showed counts as reviewed",
                of.division(),
                marker.division()
            );
            if !recalled.notes.contains(&note) {
                recalled.notes.push(note);
            }
        }
        // What is taken away was planned by the first shard, and only the last plan of it counts.
        let first = plans.iter().rfind(|(_, of, _)| of.shard().is_none_or(Shard::is_first));
        let removals: Vec<Mark> = first.map(|(.., plan)| plan.removals().collect()).unwrap_or_default();
        let digests = plans.into_iter().map(|(.., plan)| plan).reduce(|mut all, later| {
            all.extend(later);
            all
        });
        if let Some(digests) = digests {
            recalled.reviewed.get_or_insert_default().extend(digests.with_removals(removals));
        }
    }
    Ok(recalled)
}

/// Returns the hidden text by which a post is known to be of a run; ids of runs grow.
pub(super) fn stamp(run: u64) -> String {
    format!("<!-- run {run} -->")
}

/// Returns the run that a post is of.
fn run(body: &str, marker: &Marker) -> Option<u64> {
    let stamp = body.strip_prefix(&marker.to_string())?.trim_start().strip_prefix("<!-- run ")?;
    stamp.split_once(' ')?.0.parse().ok()
}

/// Returns whether a post is of a later run than ours: an old run that is started again must not undo it, nor the
/// plan of a pull request the result of its merge.
fn is_later(body: &str, marker: &Marker, ours: u64) -> bool {
    run(body, marker).is_some_and(|theirs| theirs > ours)
}

/// Replaces the text of our post, or makes one; a post that people deleted is made again.
///
/// A request to make one that nobody knows the fate of is followed by a look for the post, never by a second request.
pub(super) async fn put(board: &impl Board, ours: &Ours<'_>, absent: Absent) -> Result<(), ApiError> {
    let Ours { marker, body, run, attention, .. } = *ours;
    let mut failure = None;
    for _ in 0..TRIES {
        let (own, others): (Vec<_>, Vec<_>) = board
            .own(marker.opening())
            .await?
            .into_iter()
            .partition(|post| marker.of(&post.body).as_ref() == Some(marker));
        let result = match own.into_iter().next() {
            // What a person has closed may remain closed.
            Some(post) if post.body == body && (post.attention == Attention::Free || attention == post.attention) => {
                Ok(())
            }
            Some(post) if is_later(&post.body, marker, run) => {
                return Err(ApiError::Refused("a later run has written there already".to_owned()));
            }
            Some(post) => board.change(&post, ours).await,
            None if absent == Absent::Leave => Ok(()),
            None => match board.make(ours).await {
                Ok(made) => return settle(board, ours, made, &others).await,
                Err(error) => Err(error),
            },
        };
        match result {
            // Deleted between the look and the change, or posted without anybody knowing.
            Err(error @ (ApiError::NotFound(_) | ApiError::Unclear(_))) => failure = Some(error),
            Err(error) => return Err(error),
            Ok(()) => {
                clear(board, ours, &others).await;
                return Ok(());
            }
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Takes away what another number of shards has posted. What remains now is found by the next run.
async fn clear(board: &impl Board, ours: &Ours<'_>, posts: &[Post]) {
    for post in posts.iter().filter(|_| ours.others == Others::Remove) {
        let of = ours.marker.of(&post.body).filter(|of| !of.divides_like(ours.marker));
        if of.is_some_and(|of| !is_later(&post.body, &of, ours.run)) {
            drop(board.remove(post.id).await);
        }
    }
}

/// Two runs at once may both have found no post: the first one stays.
async fn settle(board: &impl Board, ours: &Ours<'_>, made: u64, others: &[Post]) -> Result<(), ApiError> {
    clear(board, ours, others).await;
    match board.own(&ours.marker.to_string()).await?.first() {
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
    fn only_a_later_run_of_the_same_list_is_later() {
        let marker = Marker::new("m", None);
        let later = |body: &str| is_later(body, &marker, 7);
        assert!(later(&format!("{marker} {} <!-- more -->", stamp(8))));
        let other = Marker::new("n", None);
        for body in [" <!-- run 7 -->", "\ntext <!-- run 9 -->", ""] {
            assert!(!later(&format!("{marker}{body}")), "{body}");
        }
        assert!(!later(&format!("{other} <!-- run 9 -->")));
    }

    /// The posts of one pull request.
    struct Wall(Vec<String>);

    impl Board for Wall {
        async fn own(&self, opening: &str) -> Result<Vec<Post>, ApiError> {
            let post = |(id, body): (u64, &String)| Post { id, body: body.clone(), attention: Attention::Free };
            Ok((0..).zip(&self.0).filter(|(_, body)| body.starts_with(opening)).map(post).collect())
        }

        async fn make(&self, _: &Ours<'_>) -> Result<u64, ApiError> {
            Err(ApiError::Unfit(String::new()))
        }

        async fn change(&self, _: &Post, _: &Ours<'_>) -> Result<(), ApiError> {
            Err(ApiError::Unfit(String::new()))
        }

        async fn remove(&self, _: u64) -> Result<(), ApiError> {
            Err(ApiError::Unfit(String::new()))
        }
    }

    #[tokio::test]
    async fn what_goes_must_stand_in_the_last_plan_of_the_first_shard_and_what_comes_in_any() {
        let marks = |names: &[&str]| names.iter().map(|name| Mark::of(name)).collect::<Vec<_>>();
        let post = |shard: &str, run: u64, line: &str, digest: &str, removals: &[&str]| {
            let digest = crate::reference::Digest::of(digest.as_bytes());
            let kept = Reviewed::of([(line.to_owned(), digest)]).with_removals(marks(removals));
            let marker = Marker::new("images.txt", shard.parse().ok());
            format!("{marker} {} {}\n###", stamp(run), kept::block(&kept, 9_000).unwrap())
        };
        let wall = Wall(vec![
            post("1/2", 7, "a:1", "now", &["new"]),
            post("", 3, "a:1", "then", &["old"]),
            post("2/2", 7, "b:1", "now", &[]),
            post("1/3", 5, "c:1", "then", &["older"]),
        ]);
        let ours = Marker::new("images.txt", "2/2".parse().ok());
        let recalled = reviewed([wall].into_iter(), &ours).await.unwrap();
        let shown = recalled.reviewed.unwrap();
        assert_eq!(shown.removals().collect::<Vec<_>>(), marks(&["new"]));
        let digest = |text: &str| crate::reference::Digest::of(text.as_bytes());
        let expected = [("a:1", digest("now")), ("b:1", digest("now")), ("c:1", digest("then"))];
        assert_eq!(shown.iter().collect::<Vec<_>>(), expected);
        assert_eq!(
            recalled.notes,
            [
                "the list was planned as a whole, and this run has it in 2 shards: what any of its plans showed counts as reviewed"
            ]
        );
    }
}
