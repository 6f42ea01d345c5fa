//! Repositories made by git itself, read without it.

use acr_sync::host::git::{GitError, MergeBase, NoMergeBase, merge_base_with_upstream, parents, text_at};
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        copy.git(&["init", "--quiet", "--initial-branch=main"]);
        copy
    }

    fn clone_of(origin: &Self, options: &[&str]) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        let address = format!("file://{}", origin.path().display());
        copy.git(&[&["clone", "--quiet"], options, &[&address, "."]].concat());
        copy
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, file: &str, text: &str) -> String {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn text(&self, revision: &str, file: &str) -> Result<Option<String>, GitError> {
        let text = text_at(self.path(), revision, Path::new(file))?;
        Ok(text.map(|text| String::from_utf8(text).unwrap()))
    }
}

fn found(commit: &str, branch: &str) -> MergeBase {
    MergeBase::Found { commit: commit.to_owned(), branch: branch.to_owned() }
}

#[test]
#[ignore = "needs the git program"]
fn a_file_is_read_as_it_was() {
    let copy = Copy::new();
    let first = copy.commit("images.txt", "a\r\n");
    copy.commit("images.txt", "b\n");
    fs::write(copy.path().join("images.txt"), "not committed").unwrap();
    for (revision, text) in
        [(&*first, "a\r\n"), (&first[..10], "a\r\n"), ("HEAD", "b\n"), ("HEAD^", "a\r\n"), ("main", "b\n")]
    {
        assert_eq!(copy.text(revision, "images.txt").unwrap().as_deref(), Some(text), "{revision}");
    }
    assert_eq!(copy.text("HEAD", "other.txt").unwrap(), None);
    assert_eq!(copy.text("HEAD", "no/such.txt").unwrap(), None);
}

#[test]
#[ignore = "needs the git program"]
fn a_path_begins_where_the_command_stands() {
    let copy = Copy::new();
    copy.commit("deploy/lists/images.txt", "a");
    let below = copy.path().join("deploy");
    let read = |directory: &Path, file: &str| text_at(directory, "HEAD", Path::new(file));
    assert_eq!(read(&below, "lists/images.txt").unwrap().unwrap(), b"a");
    assert_eq!(read(&below, "../deploy/./lists/images.txt").unwrap().unwrap(), b"a");
    let absolute = below.join("lists/images.txt");
    assert_eq!(text_at(copy.path(), "HEAD", &absolute).unwrap().unwrap(), b"a");
    assert_eq!(read(&below, "lists").unwrap(), None);
    assert!(matches!(read(copy.path(), "../images.txt"), Err(GitError::Outside(_))));
    assert!(matches!(read(copy.path(), "/images.txt"), Err(GitError::Outside(_))));
}

#[test]
#[ignore = "needs the git program"]
fn a_file_that_is_gone_with_its_directory_is_still_found() {
    let copy = Copy::new();
    copy.commit("deploy/images.txt", "a");
    fs::remove_dir_all(copy.path().join("deploy")).unwrap();
    assert_eq!(copy.text("HEAD", "deploy/images.txt").unwrap().as_deref(), Some("a"));
}

#[cfg(unix)]
#[test]
#[ignore = "needs the git program"]
fn symbolic_links_are_followed_inside_the_repository() {
    use std::os::unix::fs::symlink;
    let copy = Copy::new();
    symlink("lists/images.txt", copy.path().join("images.txt")).unwrap();
    symlink("../../outside", copy.path().join("outside.txt")).unwrap();
    symlink("circle.txt", copy.path().join("circle.txt")).unwrap();
    copy.commit("lists/images.txt", "a");
    assert_eq!(copy.text("HEAD", "images.txt").unwrap().as_deref(), Some("a"));
    assert_eq!(copy.text("HEAD", "outside.txt").unwrap(), None);
    assert_eq!(copy.text("HEAD", "circle.txt").unwrap(), None);
}

#[test]
#[ignore = "needs the git program"]
fn what_is_no_repository_and_what_is_no_revision_are_told_apart() {
    let nowhere = tempfile::tempdir().unwrap();
    let error = text_at(nowhere.path(), "HEAD", Path::new("images.txt")).unwrap_err();
    assert!(matches!(error, GitError::NotARepository(_)), "{error:?}");
    let copy = Copy::new();
    for revision in ["HEAD", "none", "", "--all", "0123456789012345678901234567890123456789"] {
        let error = copy.text(revision, "images.txt").unwrap_err();
        assert!(matches!(error, GitError::UnknownRevision(_)), "{revision}: {error:?}");
    }
}

#[test]
#[ignore = "needs the git program"]
fn a_shallow_clone_says_what_it_does_not_hold() {
    let origin = Copy::new();
    let first = origin.commit("images.txt", "a");
    let second = origin.commit("images.txt", "b");
    let copy = Copy::clone_of(&origin, &["--depth=1"]);
    assert_eq!(copy.text("HEAD", "images.txt").unwrap().as_deref(), Some("b"));
    for error in [copy.text(&first, "images.txt").unwrap_err(), copy.text("HEAD^", "images.txt").unwrap_err()] {
        assert!(matches!(error, GitError::MissingObject { is_shallow: true, .. }), "{error:?}");
    }
    assert_eq!(parents(copy.path(), "HEAD").unwrap(), [first.as_str()], "named by the commit all the same");
    assert_eq!(parents(origin.path(), &second).unwrap(), [first.as_str()]);
    assert_eq!(parents(origin.path(), &first).unwrap(), [""; 0]);
}

#[test]
#[ignore = "needs the git program"]
fn the_first_parent_of_a_merge_is_what_was_merged_onto_and_the_second_what_was_merged() {
    let copy = Copy::new();
    copy.commit("images.txt", "a");
    copy.git(&["checkout", "--quiet", "-b", "topic"]);
    let head = copy.commit("images.txt", "b");
    copy.git(&["checkout", "--quiet", "main"]);
    let onto = copy.commit("other.txt", "c");
    copy.git(&["merge", "--quiet", "--no-edit", "topic"]);
    assert_eq!(parents(copy.path(), "HEAD").unwrap(), [onto, head]);
}

#[test]
#[ignore = "needs the git program"]
fn the_merge_base_is_where_the_branch_left_its_upstream() {
    let origin = Copy::new();
    let shared = origin.commit("images.txt", "a");
    let copy = Copy::clone_of(&origin, &[]);
    copy.git(&["checkout", "--quiet", "-b", "topic", "--track", "origin/main"]);
    copy.commit("images.txt", "b");
    origin.commit("images.txt", "c");
    copy.git(&["fetch", "--quiet"]);
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), found(&shared, "refs/remotes/origin/main"));

    // Without an upstream branch, and with one that is gone, the usual branches are taken.
    copy.git(&["config", "branch.topic.merge", "refs/heads/gone"]);
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), found(&shared, "refs/remotes/origin/HEAD"));
    copy.git(&["branch", "--unset-upstream"]);
    copy.git(&["remote", "set-head", "origin", "--delete"]);
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), found(&shared, "refs/remotes/origin/main"));
    copy.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), found(&shared, "refs/remotes/origin/main"));
    copy.git(&["checkout", "--quiet", "-b", "local", "--track", "topic"]);
    let tip = copy.git(&["rev-parse", "topic"]);
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), found(&tip, "refs/heads/topic"));
}

#[test]
#[ignore = "needs the git program"]
fn without_a_merge_base_the_reason_is_told() {
    let copy = Copy::new();
    let none = |reason| MergeBase::None(reason);
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), none(NoMergeBase::NoCommit));
    copy.commit("images.txt", "a");
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), none(NoMergeBase::NoUpstream));
    copy.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    copy.git(&["checkout", "--quiet", "--orphan", "unrelated"]);
    copy.commit("images.txt", "b");
    let branch = "refs/remotes/origin/main".to_owned();
    assert_eq!(merge_base_with_upstream(copy.path()).unwrap(), none(NoMergeBase::Unrelated(branch)));
}

#[test]
#[ignore = "needs the git program"]
fn histories_that_meet_beyond_a_shallow_clone_are_not_unrelated() {
    let origin = Copy::new();
    origin.commit("images.txt", "a");
    origin.git(&["checkout", "--quiet", "-b", "topic"]);
    origin.commit("images.txt", "b");
    origin.git(&["checkout", "--quiet", "main"]);
    origin.commit("images.txt", "c");
    let copy = Copy::clone_of(&origin, &["--depth=1", "--no-single-branch", "--branch=topic"]);
    copy.git(&["config", "branch.topic.merge", "refs/heads/main"]);
    let error = merge_base_with_upstream(copy.path()).unwrap_err();
    assert!(matches!(error, GitError::MissingObject { is_shallow: true, .. }), "{error:?}");
}

#[test]
#[ignore = "needs the git program"]
fn a_linked_working_copy_and_a_bare_repository_are_repositories() {
    let copy = Copy::new();
    copy.commit("images.txt", "a");
    copy.git(&["worktree", "add", "--quiet", "linked"]);
    assert_eq!(text_at(&copy.path().join("linked"), "HEAD", Path::new("images.txt")).unwrap().unwrap(), b"a");
    let bare = Copy::clone_of(&copy, &["--bare"]);
    assert_eq!(bare.text("HEAD", "images.txt").unwrap().as_deref(), Some("a"));
}

#[cfg(unix)]
#[test]
#[ignore = "needs the git program"]
fn the_owner_of_the_working_copy_does_not_matter() {
    let copy = Copy::new();
    copy.commit("images.txt", "a");
    // Only the superuser can give files away; elsewhere this shows no more than the tests above.
    let given = [".git", "."].map(|path| std::os::unix::fs::chown(copy.path().join(path), Some(54321), None));
    assert_eq!(copy.text("HEAD", "images.txt").unwrap().as_deref(), Some("a"), "{given:?}");
}
