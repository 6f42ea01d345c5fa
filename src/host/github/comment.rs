//! Comment: one on the pull request, kept current in place.

use crate::reference::Registry;
use octocrab::{Octocrab, models::issues::Comment};

/// The most characters of a comment (GitHub REST API, issue comments).
pub(super) const LONGEST: usize = 65_536;

/// The comments of one repository.
pub(super) struct Comments {
    client: Octocrab,
    owner: String,
    repository: String,
}

/// Returns the hidden text by which our comment is found again; two lists of one pull request have two.
pub(super) fn marker(file: &str, target: Option<&Registry>) -> String {
    let key = format!("{file} {}", target.map(Registry::as_str).unwrap_or_default());
    let key: String = key.chars().map(|c| if c.is_alphanumeric() || "./_ ".contains(c) { c } else { '_' }).collect();
    format!("<!-- acr-sync {} -->", key.trim())
}

impl Comments {
    /// Makes the client over the program's one HTTP client: proxies, time-outs and authorities come from it.
    ///
    /// The library is built without its feature `retry`, which would repeat a POST after a 5xx: two comments.
    pub(super) fn new(http: reqwest::Client, api: &str, token: &str, repository: &str) -> Result<Self, String> {
        let (owner, repository) =
            repository.split_once('/').ok_or("GITHUB_REPOSITORY is not of the form `owner/name`")?;
        let is_secure = api.starts_with("https://") || api.starts_with("http://127.0.0.1:");
        if !is_secure {
            return Err("GITHUB_API_URL does not begin with https: the token is not sent there".to_owned());
        }
        let client = Octocrab::builder()
            .base_uri(api.trim_end_matches('/'))
            .map_err(|error| explain(&error))?
            .personal_token(token.to_owned())
            .build_with_reqwest(http)
            .map_err(|error| explain(&error))?;
        Ok(Self { client, owner: owner.to_owned(), repository: repository.to_owned() })
    }

    /// Creates our comment, or replaces its text.
    pub(super) async fn put(&self, number: u64, marker: &str, body: &str) -> Result<(), String> {
        match self.find(number, marker).await? {
            Some(id) => {
                // The library's own update sends POST; PATCH is the documented verb.
                let path = format!("/repos/{}/{}/issues/comments/{id}", self.owner, self.repository);
                let text = serde_json::json!({ "body": body });
                self.client.patch::<Comment, _, _>(path, Some(&text)).await.map(drop).map_err(|error| explain(&error))
            }
            None => {
                let issues = self.client.issues(&self.owner, &self.repository);
                issues.create_comment(number, body).await.map(drop).map_err(|error| explain(&error))
            }
        }
    }

    /// Anybody can paste a marker: ours is also written by a bot.
    async fn find(&self, number: u64, marker: &str) -> Result<Option<u64>, String> {
        let issues = self.client.issues(&self.owner, &self.repository);
        let mut page = issues.list_comments(number).per_page(100).send().await.map_err(|error| explain(&error))?;
        loop {
            let own = page.items.iter().find(|comment| {
                comment.user.r#type == "Bot" && comment.body.as_deref().is_some_and(|body| body.starts_with(marker))
            });
            if let Some(comment) = own {
                return Ok(Some(comment.id.into_inner()));
            }
            match self.client.get_page::<Comment>(&page.next).await.map_err(|error| explain(&error))? {
                Some(next) => page = next,
                None => return Ok(None),
            }
        }
    }
}

/// The library's display of a refusal says nothing; what GitHub said is in its source.
fn explain(error: &octocrab::Error) -> String {
    match error {
        octocrab::Error::GitHub { source, .. } if matches!(source.status_code.as_u16(), 403 | 404) => {
            format!(
                "the plan was not posted: GitHub answered {} ({}); the job needs `permissions: pull-requests: write`",
                source.status_code, source.message
            )
        }
        octocrab::Error::GitHub { source, .. } => {
            format!("the plan was not posted: GitHub answered {}: {}", source.status_code, source.message)
        }
        other => {
            let mut text = format!("the plan was not posted: {other}");
            let mut cause = std::error::Error::source(other);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_end_its_comment_early() {
        assert_eq!(marker("a-->b.txt", None), "<!-- acr-sync a___b.txt -->");
    }

    #[test]
    fn a_token_is_not_sent_in_the_clear() {
        let client = crate::http::Http::new(&crate::http::Way::default()).unwrap().client().clone();
        assert!(Comments::new(client, "http://github.example.com", "t", "o/r").is_err());
    }
}
