//! The commit that a command line compares with when none is named (design §4).

use super::{GitError, find, is_shallow, open};
use gix::{ObjectId, Repository, remote::Direction};
use std::{fmt, path::Path};

/// The branches that stand in for an upstream branch that is not set, in this order.
const USUAL: [&str; 3] = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"];

/// Where the current branch left its upstream branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeBase {
    /// The commit, and the branch it is shared with.
    Found {
        /// Its id, in hexadecimal digits.
        commit: String,
        /// The branch in full, such as `refs/remotes/origin/main`.
        branch: String,
    },
    /// There is none, and why.
    None(NoMergeBase),
}

/// Why there is no commit to compare with. `--base` names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMergeBase {
    /// The current branch has no commit yet.
    NoCommit,
    /// The branch has no upstream branch, and none of the usual ones is there.
    NoUpstream,
    /// The branch and this one have no commit in common.
    Unrelated(String),
}

impl fmt::Display for NoMergeBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommit => f.write_str("the current branch has no commit yet"),
            Self::NoUpstream => f.write_str(
                "the current branch has no upstream branch, and there is no `origin/HEAD`, `origin/main` or `origin/master`",
            ),
            Self::Unrelated(branch) => {
                write!(f, "the current branch and `{}` have no commit in common", branch.escape_debug())
            }
        }
    }
}

/// Returns the merge base of `HEAD` and its upstream branch.
///
/// The upstream branch is the one of `branch.NAME.remote` and `branch.NAME.merge`; where that is not set or not
/// there, `origin/HEAD`, `origin/main` or `origin/master`.
///
/// # Errors
/// [`GitError`]; [`GitError::MissingObject`] where a shallow clone ends before the histories meet.
pub fn merge_base_with_upstream(directory: &Path) -> Result<MergeBase, GitError> {
    let repository = open(directory)?;
    let head = repository.head().map_err(GitError::Unreadable)?;
    if head.is_unborn() {
        return Ok(MergeBase::None(NoMergeBase::NoCommit));
    }
    let head = repository.head_id().map_err(GitError::Unreadable)?.detach();
    let Some((branch, tip)) = upstream(&repository)? else {
        return Ok(MergeBase::None(NoMergeBase::NoUpstream));
    };
    for id in [head, tip] {
        find(&repository, id)?;
    }
    match repository.merge_base(head, tip) {
        Ok(Some(commit)) => Ok(MergeBase::Found { commit: commit.to_string(), branch }),
        // Histories that seem unrelated may meet beyond the edge of the clone.
        _ if is_shallow(&repository) => {
            Err(GitError::MissingObject { object: format!("the merge base with {branch}"), is_shallow: true })
        }
        Ok(None) => Ok(MergeBase::None(NoMergeBase::Unrelated(branch))),
        Err(error) => Err(GitError::Unreadable(error)),
    }
}

/// Returns the upstream branch that is there, with the commit it points to.
fn upstream(repository: &Repository) -> Result<Option<(String, ObjectId)>, GitError> {
    let configured = repository.head_name().map_err(GitError::Unreadable)?.and_then(|name| {
        if repository.branch_remote_name(name.shorten(), Direction::Fetch).is_some_and(|remote| remote.as_bstr() == ".")
        {
            // A branch may follow another branch of the same repository.
            return repository.branch_remote_ref_name(name.as_ref(), Direction::Fetch);
        }
        repository.branch_remote_tracking_ref_name(name.as_ref(), Direction::Fetch)
    });
    // What is set wrongly counts as not set: the usual branches are still there.
    let configured = configured.and_then(Result::ok).map(|name| name.to_string());
    for name in configured.into_iter().chain(USUAL.map(str::to_owned)) {
        let Some(mut reference) = repository.try_find_reference(name.as_str()).map_err(GitError::Unreadable)? else {
            continue;
        };
        // `origin/HEAD` may point to a branch that is gone.
        if let Ok(tip) = reference.peel_to_id() {
            return Ok(Some((name, tip.detach())));
        }
    }
    Ok(None)
}
