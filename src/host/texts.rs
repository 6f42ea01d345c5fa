//! Texts: the list at a commit, from the checkout's objects where they are there, else through the API.

use super::git::{self, GitError};
use crate::{
    images::{self, ListFileErrorKind},
    problem::{Problem, Side},
    report::Base,
};
use std::path::{Component, Path};

/// A host's API, as far as texts are read through it. Errors say what was asked and what it takes.
pub(super) trait Remote {
    /// The host's name.
    const NAME: &'static str;
    /// What lets a run read texts that it could not.
    const HINT: &'static str;

    /// Returns a file of a commit, or nothing if the commit has no such file.
    async fn file(&self, path: &str, commit: &str) -> Result<Option<Vec<u8>>, String>;
    /// Returns the parents of a commit in their order.
    async fn parents(&self, commit: &str) -> Result<Vec<String>, String>;
}

/// Where the list is looked for.
pub(super) struct Texts<'a, R> {
    pub workspace: &'a Path,
    /// As the input names it, from the workspace.
    pub file: &'a Path,
    /// Or why there is none.
    pub api: &'a Result<R, String>,
}

/// A text that is not there may be no text at all, or out of reach.
pub(super) type Found = Result<Option<Vec<u8>>, Problem>;

/// The list that is compared with, none for the whole list; and what the report says of it.
pub(super) type Chosen = (Option<Vec<u8>>, Base);

impl<'a, R: Remote> Texts<'a, R> {
    /// Returns where another file of the repository is looked for.
    pub(super) fn of(&self, file: &'a Path) -> Self {
        Self { workspace: self.workspace, file, api: self.api }
    }

    /// Returns the commit that is checked out where it is another than this one: a folder that an earlier job left, where
    /// this one checks nothing out. One without git objects holds what a step of this job has made.
    pub(super) fn checked_out_instead(&self, of: &str) -> Option<String> {
        git::commit_id(self.workspace, "HEAD").ok().filter(|here| here != of)
    }

    /// Returns the list of the checkout; without a checkout, and where the file is not in it, that of the commit.
    pub(super) async fn head(&self, commit: Option<&str>) -> Found {
        let path = self.workspace.join(self.file);
        match images::read_file(&path) {
            Ok(text) => self.is_plain(&path).map(|()| Some(text)),
            Err(error) if matches!(error.kind, ListFileErrorKind::NotFound) => match commit {
                Some(commit) => self.at(commit).await,
                None => Ok(None),
            },
            Err(error) => Err(Problem::new(Side::Settings, error.to_string()).hint("Check that it is a file of text.")),
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
        Err(Problem::new(Side::Settings, what)
            .hint("Put the file itself there, or name it by the input `images-file`."))
    }

    /// Returns the list at a commit, or nothing if the commit has none.
    pub(super) async fn at(&self, commit: &str) -> Found {
        let error = match git::text_at(self.workspace, commit, &self.workspace.join(self.file)) {
            Ok(text) => return Ok(text),
            Err(error @ (GitError::TooLarge | GitError::Outside(_))) => {
                return Err(unread::<R>(commit, &error.to_string()));
            }
            // No checkout, a shallow one, or one that cannot be read: the API knows.
            Err(error) => error,
        };
        match self.api {
            Ok(api) => self.through(api, commit).await,
            Err(why) => Err(unread::<R>(commit, &format!("{error}, and {} cannot be asked: {why}", R::NAME))),
        }
    }

    /// Returns the list at a commit as one to compare with; a commit without the file has an empty one.
    pub(super) async fn base(&self, id: &str, because: &str) -> Result<Chosen, Problem> {
        Ok(chosen(self.at(id).await?, id, because, self.file))
    }

    /// Returns the list at a commit as the host has it, whatever is checked out.
    pub(super) async fn remote(&self, commit: &str) -> Found {
        match self.api {
            Ok(api) => self.through(api, commit).await,
            Err(why) => Err(unread::<R>(commit, why)),
        }
    }

    async fn through(&self, api: &R, commit: &str) -> Found {
        let path = in_repository(self.file)
            .ok_or_else(|| unread::<R>(commit, &format!("`{}` is no path in the repository", self.file.display())))?;
        api.file(&path, commit).await.map_err(|why| unread::<R>(commit, &why))
    }

    /// Returns the parents of a commit: of a pull request's merge commit, what it is merged onto and its own head.
    pub(super) async fn parents(&self, commit: Option<&str>) -> Result<Vec<String>, Problem> {
        // The commit names its parents even where a shallow clone does not hold them.
        let here = git::parents(self.workspace, commit.unwrap_or("HEAD"));
        let why = match (here, self.api, commit) {
            (Ok(parents), _, _) => return Ok(parents),
            (Err(_), Ok(api), Some(commit)) => match api.parents(commit).await {
                Ok(parents) => return Ok(parents),
                Err(why) => why,
            },
            (Err(error), Err(why), _) => format!("{error}, and {} cannot be asked: {why}", R::NAME),
            (Err(error), _, None) => error.to_string(),
        };
        Err(unread::<R>("the merge commit", &why))
    }
}

/// Returns the list as it is meant to be, when there is one.
///
/// # Errors
/// A [`Problem`] where there is none and there was none before.
pub(super) fn present(head: Option<Vec<u8>>, base: Option<&[u8]>, file: &str) -> Result<Vec<u8>, Problem> {
    match (head, base) {
        (Some(head), _) => Ok(head),
        // Taken away with all its lines: that removes nothing from the registry.
        (None, Some(base)) if !base.is_empty() => Ok(Vec::new()),
        (None, _) => Err(Problem::new(Side::Settings, format!("there is no `{file}`"))
            .hint("Check the input `images-file`; it begins at the root of the repository.")),
    }
}

/// Returns a list that is compared with, as a commit has it or has it not.
pub(super) fn chosen(text: Option<Vec<u8>>, id: &str, because: &str, file: &Path) -> Chosen {
    let Some(text) = text else {
        // A list that is renamed reads as new with all its lines: the report says why.
        let because = format!("{because}; it has no `{}`, so that every line is new", file.display());
        return (Some(Vec::new()), commit(id, &because));
    };
    (Some(text), commit(id, because))
}

/// Names a commit that is compared with, and why.
fn commit(id: &str, because: &str) -> Base {
    Base::Commit { id: id.to_owned(), because: because.to_owned() }
}

/// Says which list could not be read, and why.
pub(super) fn unread<R: Remote>(commit: &str, why: &str) -> Problem {
    Problem::new(Side::Settings, format!("the list at `{commit}` cannot be read: {why}")).hint(R::HINT)
}

/// A link holds one path without an end of line, which no list of images looks like.
pub(super) fn may_be_link(text: &[u8]) -> bool {
    (1..4096).contains(&text.len()) && !text.contains(&b'\n') && !text.windows(2).any(|pair| pair == b"=>")
}

/// Returns the path as hosts name it; none for one that leads out of the workspace.
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

    struct Nobody;

    impl Remote for Nobody {
        const NAME: &'static str = "nobody";
        const HINT: &'static str = "";

        async fn file(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, String> {
            Err(String::new())
        }

        async fn parents(&self, _: &str) -> Result<Vec<String>, String> {
            Err(String::new())
        }
    }

    #[tokio::test]
    async fn a_link_in_the_checkout_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "token").unwrap();
        std::os::unix::fs::symlink("secret", folder.path().join("images.txt")).unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        fs::write(folder.path().join("real/list.txt"), "a").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("folder")).unwrap();
        let api: Result<Nobody, _> = Err("none".to_owned());
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
