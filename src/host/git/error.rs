//! Why local git objects could not be read.

use std::{fmt, path::PathBuf};

/// Something that could not be read from a repository.
#[derive(Debug)]
pub enum GitError {
    /// The directory is in no repository. The author of the workflow mends it.
    NotARepository(PathBuf),
    /// Nothing in the repository has this name. The author of the command mends it.
    UnknownRevision(String),
    /// An object is named but not there: a shallow or partial clone. The author of the workflow mends it.
    MissingObject {
        /// Its id, or the name that leads to it.
        object: String,
        /// Whether the clone is known to be shallow.
        is_shallow: bool,
    },
    /// The file is not inside the repository. The author of the command mends it.
    Outside(PathBuf),
    /// The file is larger than a list may be ([`crate::images::MAX_BYTES`]).
    TooLarge,
    /// The repository is damaged, of an unknown format, or refused by the operating system.
    Unreadable(gix::Error),
}

impl GitError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotARepository(_) => "start in a git working copy, or check the repository out first",
            Self::UnknownRevision(_) => "name a commit, branch or tag that this clone holds; `git fetch` brings others",
            Self::MissingObject { .. } => {
                "the clone does not hold enough history; check out with a larger `fetch-depth` (0 for all), or `git fetch --unshallow`"
            }
            Self::Outside(_) => "name a file of the repository",
            Self::TooLarge => "a list has at most 16 MiB; split it into several files",
            Self::Unreadable(_) => "check the repository with `git fsck`, and the permissions of its `.git` directory",
        }
    }

    pub(super) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unreadable(gix::Error::from_error(error))
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARepository(path) => write!(f, "find a git repository at `{}`", path.display()),
            Self::UnknownRevision(revision) => write!(f, "find the revision `{}`", revision.escape_debug()),
            Self::MissingObject { object, is_shallow: true } => {
                write!(f, "read `{}`: this shallow clone does not hold it", object.escape_debug())
            }
            Self::MissingObject { object, is_shallow: false } => {
                write!(f, "read `{}`: this clone does not hold it", object.escape_debug())
            }
            Self::Outside(path) => write!(f, "find `{}` in the repository: it is outside", path.display()),
            Self::TooLarge => f.write_str("read the file from git: it is larger than 16 MiB"),
            Self::Unreadable(_) => f.write_str("read the git repository"),
        }
    }
}

impl std::error::Error for GitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}
