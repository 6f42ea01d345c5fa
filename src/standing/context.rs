//! Context: the git repository that a task builds from, made such that the service takes it.

use reqwest::Url;
use serde::Deserialize;
use std::fmt;

/// `https://HOST/PATH.git#BRANCH[:FOLDER]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Context {
    repository: String,
    branch: String,
    folder: String,
}

impl Context {
    /// Returns the branch.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Returns what keeps the repository: the service knows these two words.
    pub fn kind(&self) -> &'static str {
        if self.repository.starts_with("https://github.com/") { "Github" } else { "VisualStudioTeamService" }
    }
}

impl TryFrom<String> for Context {
    type Error = String;

    /// Reads an address as it is copied from where people find it.
    ///
    /// What the service makes of them silently is written out or put right: without a branch it takes `master`; the clone
    /// address of Azure DevOps has a name before its host, which it answers with 404, as it does there to the `.git` that
    /// GitHub needs.
    fn try_from(text: String) -> Result<Self, String> {
        // What stands in an address may be a secret: nothing of it is repeated.
        let wrong =
            |what: &str| Err(format!("the context {what}, such as `https://github.com/org/repo.git#main:folder`"));
        let (address, place) = text.split_once('#').unwrap_or((&text, "main"));
        let Some(mut url) = address.parse::<Url>().ok().filter(|url| url.scheme() == "https") else {
            return wrong("is no address of a git repository by https");
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_azure = host == "dev.azure.com" || host.ends_with(".visualstudio.com");
        if url.password().is_some() || (!is_azure && !url.username().is_empty()) || url.query().is_some() {
            return wrong("holds a name, a password or a query: a token goes by `git-token`, and the address is plain");
        }
        // It has a host, so this cannot fail.
        let _ = url.set_username("");
        let mut repository = url.as_str().trim_end_matches('/').to_owned();
        if is_azure && let Some(bare) = repository.strip_suffix(".git") {
            repository = bare.to_owned();
        } else if host == "github.com" && !repository.ends_with(".git") {
            repository.push_str(".git");
        }
        let (branch, folder) = place.split_once(':').unwrap_or((place, ""));
        let is_plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-_./ ".contains(c));
        if url.path().len() < 2 || !is_plain(branch) || !is_plain(folder) || folder.starts_with('/') {
            return wrong("has no repository, branch or folder");
        }
        let branch = if branch.is_empty() { "main" } else { branch }.to_owned();
        Ok(Self { repository, branch, folder: folder.trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.branch)?;
        if self.folder.is_empty() { Ok(()) } else { write!(f, ":{}", self.folder) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_put_right_as_the_service_wants_it() {
        for (written, meant) in [
            ("https://github.com/o/r.git#main", "https://github.com/o/r.git#main"),
            ("https://github.com/o/r", "https://github.com/o/r.git#main"),
            ("https://github.com/o/r.git#dev/x:app/", "https://github.com/o/r.git#dev/x:app"),
            ("https://github.com/o/r.git#:app", "https://github.com/o/r.git#main:app"),
            ("https://ORG@dev.azure.com/ORG/P/_git/R", "https://dev.azure.com/ORG/P/_git/R#main"),
            ("https://dev.azure.com/ORG/P/_git/R.git#v1", "https://dev.azure.com/ORG/P/_git/R#v1"),
            ("https://gitlab.example.com/a/b.git#main", "https://gitlab.example.com/a/b.git#main"),
        ] {
            assert_eq!(Context::try_from(written.to_owned()).unwrap().to_string(), meant);
        }
    }

    #[test]
    fn an_address_with_a_secret_is_refused_and_not_repeated() {
        for written in [
            "https://me:hunter2@github.com/o/r.git",
            "https://hunter2@github.com/o/r.git",
            "https://o:hunter2@dev.azure.com/o/p/_git/r",
            "https://x.blob.core.windows.net/c/x.tar.gz?sig=hunter2",
            "http://github.com/o/hunter2.git",
            "/dev/hunter2",
            "https://github.com#hunter2",
            "https://github.com/o/r.git#main;hunter2",
        ] {
            let error = Context::try_from(written.to_owned()).unwrap_err();
            assert!(error.starts_with("the context ") && !error.contains("hunter2"), "{error}");
        }
    }
}
