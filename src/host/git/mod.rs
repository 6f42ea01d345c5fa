//! What the local git objects hold: the file as it was, and which commit it is compared with.
//!
//! Reads objects and never starts the git program, which need not be installed. Nothing is fetched: where a clone
//! is shallow, the caller is told so and may ask the host's API.

mod error;
mod upstream;

use crate::images::MAX_BYTES;
use gix::{
    Commit, ObjectId, Repository, ThreadSafeRepository,
    discover::upwards::{Options, TrustPolicy},
    objs::tree::EntryKind,
    sec::{Trust, trust::Mapping},
};
use std::path::{Component, Path, PathBuf};

pub use error::GitError;
pub use upstream::{MergeBase, NoMergeBase, merge_base_with_upstream};

/// How many symbolic links are followed from one to the next, as on Linux.
const MOST_LINKS: usize = 40;

/// Returns a file as a revision holds it, or nothing if that revision has no such file.
///
/// `directory` is any directory of the working copy; a relative `file` begins there.
///
/// # Errors
/// [`GitError`]; [`GitError::MissingObject`] where the clone is too shallow.
pub fn text_at(directory: &Path, revision: &str, file: &Path) -> Result<Option<Vec<u8>>, GitError> {
    let repository = open(directory)?;
    let mut path = path_in_repository(&repository, directory, file)?;
    let commit = commit(&repository, revision)?;
    let tree = commit.tree_id().map_err(GitError::Unreadable)?.detach();
    for _ in 0..MOST_LINKS {
        let tree = find(&repository, tree)?.try_into_tree().map_err(GitError::unreadable)?;
        // Trees below may be missing too, in a clone without all trees.
        let entry = tree.lookup_entry_by_path(&path).map_err(|error| missing_or_unreadable(&repository, error))?;
        let Some(entry) = entry else { return Ok(None) };
        match entry.mode().kind() {
            EntryKind::Tree | EntryKind::Commit => return Ok(None),
            EntryKind::Blob | EntryKind::BlobExecutable => return blob(&repository, entry.object_id()).map(Some),
            EntryKind::Link => {
                let link = blob(&repository, entry.object_id())?;
                let link = String::from_utf8_lossy(&link);
                let Some(next) = below_root(&path.with_file_name("").join(&*link)) else { return Ok(None) };
                path = next;
            }
        }
    }
    Ok(None)
}

/// Returns the parents of a commit in their order. A shallow clone need not hold them.
///
/// # Errors
/// [`GitError`] for a commit that is not there.
pub fn parents(directory: &Path, revision: &str) -> Result<Vec<String>, GitError> {
    let repository = open(directory)?;
    Ok(commit(&repository, revision)?.parent_ids().map(|parent| parent.to_string()).collect())
}

/// Returns the id of the commit that a revision names.
///
/// # Errors
/// [`GitError`] for a commit that is not there.
pub fn commit_id(directory: &Path, revision: &str) -> Result<String, GitError> {
    Ok(commit(&open(directory)?, revision)?.id().to_string())
}

/// Opens the repository that a directory is in; a linked working copy and a bare repository are repositories too.
///
/// In containers the working copy often belongs to another user, which git calls dubious ownership. What could be
/// dubious are programs named in its settings, and none is run here; so the owner does not matter. Settings of the
/// user and of the machine are not read.
fn open(directory: &Path) -> Result<Repository, GitError> {
    let options = Options { trust: TrustPolicy::Assume(Trust::Full), cross_fs: true, ..Options::default() };
    let isolated = || gix::open::Options::isolated().with(Trust::Full);
    let trust = Mapping { full: isolated(), reduced: isolated() };
    let repository = ThreadSafeRepository::discover_opts(directory, options, trust).map_err(|error| {
        let is_none = error.is_not_found();
        if is_none { GitError::NotARepository(directory.to_owned()) } else { GitError::Unreadable(error) }
    })?;
    Ok(repository.to_thread_local())
}

fn commit<'repo>(repository: &'repo Repository, revision: &str) -> Result<Commit<'repo>, GitError> {
    let unknown = || GitError::UnknownRevision(revision.to_owned());
    let id = match ObjectId::from_hex(revision.as_bytes()) {
        Ok(id) => id,
        Err(_) => match repository.rev_parse_single(revision) {
            Ok(id) => id.detach(),
            // A name such as `HEAD~3` leads beyond the edge of a shallow clone.
            Err(_) if is_shallow(repository) && revision.contains(['~', '^']) => {
                return Err(GitError::MissingObject { object: revision.to_owned(), is_shallow: true });
            }
            Err(_) => return Err(unknown()),
        },
    };
    match find(repository, id) {
        Err(GitError::MissingObject { is_shallow: false, .. }) => Err(unknown()),
        found => found?.peel_to_commit().map_err(|error| missing_or_unreadable(repository, error)),
    }
}

fn find(repository: &Repository, id: ObjectId) -> Result<gix::Object<'_>, GitError> {
    match repository.try_find_object(id) {
        Ok(Some(object)) => Ok(object),
        Ok(None) => Err(GitError::MissingObject { object: id.to_string(), is_shallow: is_shallow(repository) }),
        Err(error) => Err(GitError::Unreadable(error)),
    }
}

fn blob(repository: &Repository, id: ObjectId) -> Result<Vec<u8>, GitError> {
    let header = repository.try_find_header(id).map_err(GitError::Unreadable)?;
    if header.is_some_and(|header| header.size() > MAX_BYTES as u64) {
        return Err(GitError::TooLarge);
    }
    Ok(find(repository, id)?.detach().data)
}

fn missing_or_unreadable(repository: &Repository, error: gix::Error) -> GitError {
    if error.is_not_found() {
        GitError::MissingObject { object: "a tree or commit".to_owned(), is_shallow: is_shallow(repository) }
    } else {
        GitError::Unreadable(error)
    }
}

fn is_shallow(repository: &Repository) -> bool {
    repository.is_shallow().unwrap_or(false)
}

/// Returns the path as the trees name it, from the root of the repository.
fn path_in_repository(repository: &Repository, directory: &Path, file: &Path) -> Result<PathBuf, GitError> {
    let outside = || GitError::Outside(file.to_owned());
    let Some(root) = repository.workdir() else {
        return below_root(file).ok_or_else(outside);
    };
    // Both ends by their real names, because a working copy may be reached by a symbolic link. The file itself may
    // be gone from it, so only a directory is looked up.
    let root = root.canonicalize().map_err(GitError::unreadable)?;
    let directory = directory.canonicalize().map_err(GitError::unreadable)?;
    let absolute = directory.join(file);
    let real = match (absolute.parent().and_then(|parent| parent.canonicalize().ok()), absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => absolute,
    };
    let inside = real.strip_prefix(&root).map_err(|_| outside())?;
    below_root(inside).ok_or_else(outside)
}

/// Resolves `.` and `..`; nothing if that leads out of the repository or to its root.
fn below_root(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => resolved.push(name),
            Component::ParentDir if resolved.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!resolved.as_os_str().is_empty()).then_some(resolved)
}
