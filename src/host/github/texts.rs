//! Texts: the list at a commit, from the checkout's objects where they are there, else through the API.

use super::{api::Api, refusal::ApiError};
use crate::{
    host::git::{self, GitError},
    images::{self, ListFileErrorKind},
    problem::{Problem, Side},
};
use std::path::{Component, Path};

/// Where the list is looked for.
pub(super) struct Texts<'a> {
    pub workspace: &'a Path,
    /// As the input names it, from the workspace.
    pub file: &'a Path,
    /// Or why there is none.
    pub api: &'a Result<Api, String>,
}

/// A text that is not there may be no text at all, or out of reach.
pub(super) type Found = Result<Option<Vec<u8>>, Problem>;

impl Texts<'_> {
    /// Returns the list of the checkout; without a checkout, and where the file is not in it, that of the commit.
    pub(super) async fn head(&self, commit: Option<&str>) -> Found {
        let path = self.workspace.join(self.file);
        match images::read_file(&path) {
            Ok(text) => self.is_plain(&path).map(|()| Some(text)),
            Err(error) if matches!(error.kind, ListFileErrorKind::NotFound) => match commit {
                Some(commit) => self.at(commit).await,
                None => Ok(None),
            },
            Err(error) => Err(Problem::new(Side::Settings, error.to_string()).hint("Check the input `images-file`.")),
        }
    }

    /// A change under review could make the list a link to a file of the runner's, such as the token in `.git/config`,
    /// and a line that cannot be read is shown.
    fn is_plain(&self, path: &Path) -> Result<(), Problem> {
        let real = path.canonicalize().ok();
        let own = self.workspace.canonicalize().ok().map(|root| root.join(self.file).components().collect());
        if real.is_some() && real == own {
            return Ok(());
        }
        let what = format!("`{}` is, or lies behind, a symbolic link, which is not followed here", self.file.display());
        Err(Problem::new(Side::Settings, what).hint("Name the file itself by the input `images-file`."))
    }

    /// Returns the list at a commit, or nothing if the commit has none.
    pub(super) async fn at(&self, commit: &str) -> Found {
        let error = match git::text_at(self.workspace, commit, &self.workspace.join(self.file)) {
            Ok(text) => return Ok(text),
            Err(error @ (GitError::TooLarge | GitError::Outside(_))) => return Err(unread(commit, &error.to_string())),
            // No checkout, a shallow one, or one that cannot be read: the API knows.
            Err(error) => error,
        };
        match self.api {
            Ok(api) => self.through(api, commit).await,
            Err(why) => Err(unread(commit, &format!("{error}, and GitHub cannot be asked: {why}"))),
        }
    }

    /// Returns the list at a commit as GitHub has it, whatever is checked out.
    pub(super) async fn remote(&self, commit: &str) -> Found {
        match self.api {
            Ok(api) => self.through(api, commit).await,
            Err(why) => Err(unread(commit, why)),
        }
    }

    async fn through(&self, api: &Api, commit: &str) -> Found {
        let path = in_repository(self.file)
            .ok_or_else(|| unread(commit, &format!("`{}` is no path in the repository", self.file.display())))?;
        let found = api.file(&path, commit).await;
        found.map_err(|error| unread(commit, &error.told("the file was not read", "contents: read")))
    }

    /// Returns the first parent of a commit: what a pull request's merge commit is merged onto.
    pub(super) async fn parent(&self, commit: Option<&str>) -> Result<Option<String>, Problem> {
        let here = git::first_parent(self.workspace, commit.unwrap_or("HEAD"));
        let error = match (here, self.api, commit) {
            (Ok(parent), _, _) => return Ok(parent),
            (Err(_), Ok(api), Some(commit)) => match api.commit(commit).await {
                Ok(found) => return Ok(found.parents.into_iter().next().map(|parent| parent.sha)),
                Err(error) => error.told("the merge commit was not read", "contents: read"),
            },
            (Err(error), Err(why), _) => format!("{error}, and GitHub cannot be asked: {why}"),
            (Err(error), _, None) => error.to_string(),
        };
        Err(unread("the merge commit", &error))
    }

    /// Returns the commit at the tip of a branch.
    pub(super) async fn tip(&self, branch: &str) -> Result<String, Problem> {
        match self.api {
            Ok(api) => {
                let found = api.commit(&format!("heads/{branch}")).await;
                found
                    .map(|commit| commit.sha)
                    .map_err(|error: ApiError| unread(branch, &error.told("the branch was not read", "contents: read")))
            }
            Err(why) => Err(unread(branch, why)),
        }
    }
}

fn unread(commit: &str, why: &str) -> Problem {
    Problem::new(Side::Settings, format!("the list at `{commit}` cannot be read: {why}"))
        .hint("Give the job `permissions: contents: read`, or `actions/checkout` the setting `fetch-depth: 0`.")
}

/// Returns the path as GitHub names it; none for one that leads out of the workspace.
pub(super) fn in_repository(file: &Path) -> Option<String> {
    let mut names = Vec::new();
    for component in file.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => names.push(name.to_str()?),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!names.is_empty()).then(|| names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[tokio::test]
    async fn a_link_in_the_checkout_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "token").unwrap();
        std::os::unix::fs::symlink("secret", folder.path().join("images.txt")).unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        fs::write(folder.path().join("real/list.txt"), "a").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("folder")).unwrap();
        let api = Err("none".to_owned());
        let read =
            async |file: &str| Texts { workspace: folder.path(), file: Path::new(file), api: &api }.head(None).await;
        for file in ["images.txt", "folder/list.txt"] {
            assert!(read(file).await.unwrap_err().what.contains("symbolic link"), "{file}");
        }
        assert_eq!(read("./real/list.txt").await.unwrap().as_deref(), Some(&b"a"[..]));
        assert_eq!(read("none.txt").await.unwrap(), None);
    }

    #[test]
    fn a_path_is_one_of_the_repository() {
        assert_eq!(in_repository(Path::new("./a//b.txt")).as_deref(), Some("a/b.txt"));
        for outside in ["../a", "/a", "."] {
            assert_eq!(in_repository(Path::new(outside)), None, "{outside}");
        }
    }
}
