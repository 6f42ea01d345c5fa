//! Api: GitHub's REST API for one repository, with what may be repeated and how long it is waited.

use super::refusal::{self, needs, unclear};
use crate::{
    host::{
        patience::{Again, patiently},
        refusal::ApiError,
        texts::{self, Remote},
    },
    http::{Cause, Http, Retry},
    images::MAX_BYTES,
    inputs::Env,
};
use octocrab::Octocrab;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::OnceCell;

/// Pages of a hundred that are read of any list.
const MOST_PAGES: usize = 50;

/// One repository on one server, as one token.
#[derive(Clone)]
pub(super) struct Api {
    client: Octocrab,
    http: Http,
    server: String,
    root: String,
    token: String,
    retry: Retry,
    user: Arc<OnceCell<Option<u64>>>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("root", &self.root).finish_non_exhaustive()
    }
}

/// A commit, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub sha: String,
    #[serde(default)]
    pub parents: Vec<Parent>,
}

/// A commit before another.
#[derive(Debug, Deserialize)]
pub(super) struct Parent {
    pub sha: String,
}

impl Api {
    /// Makes the client over the program's one HTTP client: proxies, time-outs and authorities come from it.
    ///
    /// The library is built without its feature `retry`, which would repeat a POST after a 5xx: two comments.
    pub(super) fn new(env: &Env, http: &Http) -> Result<Self, String> {
        let token = env.input("github-token").or_else(|| env.get("GITHUB_TOKEN"));
        let token = token.ok_or("the input `github-token` is empty")?;
        let server = env.get("GITHUB_API_URL").unwrap_or("https://api.github.com").trim_end_matches('/');
        let is_secure = server.starts_with("https://") || server.starts_with("http://127.0.0.1:");
        if !is_secure {
            return Err("GITHUB_API_URL does not begin with https: the token is not sent there".to_owned());
        }
        let repository = env.get("GITHUB_REPOSITORY").unwrap_or_default();
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if !repository.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name)) {
            return Err("GITHUB_REPOSITORY is not of the form `owner/name`".to_owned());
        }
        let client = Octocrab::builder()
            .base_uri(server)
            .map_err(|error| error.to_string())?
            .personal_token(token.to_owned())
            .build_with_reqwest(http.client().clone())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            http: http.clone(),
            server: server.to_owned(),
            root: format!("{server}/repos/{repository}"),
            token: token.to_owned(),
            retry: http.retry().clone(),
            user: Arc::default(),
        })
    }

    /// Gets one thing; the path begins behind the repository.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.get_from(&self.root, path).await
    }

    async fn get_from<T: DeserializeOwned>(&self, root: &str, path: &str) -> Result<T, ApiError> {
        let route = format!("{root}{path}");
        let send = async || {
            let answer = self.http.noted("GET", &route, self.client.get(&route, None::<&()>), refusal::of).await;
            answered(answer)
        };
        patiently(&self.retry, Again::Yes, send).await
    }

    /// Returns the id of the user whose token this is; none for an app's, such as the job's own, which may not ask.
    pub(super) async fn user(&self) -> Result<Option<u64>, ApiError> {
        #[derive(Deserialize)]
        struct User {
            id: u64,
        }
        let ask = async || match self.get_from::<User>(&self.server, "/user").await {
            Ok(user) => Ok(Some(user.id)),
            Err(ApiError::NotAllowed(_) | ApiError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        };
        self.user.get_or_try_init(ask).await.copied()
    }

    /// Gets every entry of a list, page by page.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let sign = if path.contains('?') { '&' } else { '?' };
        for page in 1..=MOST_PAGES {
            let entries: Vec<T> = self.get(&format!("{path}{sign}per_page=100&page={page}")).await?;
            let is_last = entries.len() < 100;
            all.extend(entries);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Creates something: never sent again but after a rate limit, which is answered before anything is done.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        let route = format!("{}{path}", self.root);
        patiently(&self.retry, Again::No, async || answered(self.client.post(&route, Some(body)).await)).await
    }

    /// Changes something.
    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        again: Again,
    ) -> Result<T, ApiError> {
        let route = format!("{}{path}", self.root);
        patiently(&self.retry, again, async || answered(self.client.patch(&route, Some(body)).await)).await
    }

    /// Deletes something.
    pub(super) async fn delete(&self, path: &str) -> Result<(), ApiError> {
        let uri = format!("{}{path}", self.root);
        let send = async || {
            let reply = answered(self.client._delete(uri.as_str(), None::<&()>).await)?;
            answered(octocrab::map_github_error(reply).await.map(drop))
        };
        patiently(&self.retry, Again::Yes, send).await
    }

    /// Gets the commit that a SHA or a branch names.
    pub(super) async fn commit(&self, revision: &str) -> Result<Commit, ApiError> {
        self.get(&format!("/commits/{}", encoded(revision).replace('/', "%2F"))).await
    }

    /// Gets a file at a commit, or nothing if the commit has no such file.
    ///
    /// The raw form has every file up to 100 MB, where the usual one has an empty text for more than 1 MB (REST
    /// reference, "Get repository content"). A 404 is also what a commit that is not there is answered with, and a
    /// folder or a submodule comes as JSON.
    pub(super) async fn file(&self, path: &str, at: &str) -> Result<Option<Vec<u8>>, ApiError> {
        let url = format!("{}/contents/{}?ref={}", self.root, encoded(path), encoded(at).replace('/', "%2F"));
        let make = |client: &reqwest::Client| {
            client
                .get(&url)
                .bearer_auth(&self.token)
                .header("accept", "application/vnd.github.raw+json")
                .header("x-github-api-version", "2022-11-28")
        };
        let send = async || {
            let reply = self.http.send(make, MAX_BYTES).await.map_err(|error| match error.cause() {
                Cause::TooLong(_) => {
                    ApiError::Unfit(format!("`{path}` is larger than 16 MiB, the most that a list may have"))
                }
                _ => unclear(&error.to_string()),
            })?;
            match reply.status.as_u16() {
                200 | 404 => Ok(reply),
                status => Err(refusal::status(status, &reply.headers, &crate::http::excerpt(&reply.body))),
            }
        };
        let reply = patiently(&self.retry, Again::No, send).await?;
        if reply.status.as_u16() == 404 {
            return self.commit(at).await.map(|_| None);
        }
        let is_raw = reply.header("content-type").is_some_and(|kind| kind.contains("raw"));
        if !is_raw || (texts::may_be_link(&reply.body) && self.is_link(path, at).await?) {
            return Err(ApiError::Unfit(format!("`{path}` is a folder, a submodule or a symbolic link, not a file")));
        }
        Ok(Some(reply.body.to_vec()))
    }

    /// The raw form of a link that leads nowhere in the repository is the path in it.
    async fn is_link(&self, path: &str, at: &str) -> Result<bool, ApiError> {
        #[derive(Deserialize)]
        struct Entry {
            r#type: String,
        }
        let at = encoded(at).replace('/', "%2F");
        let entry: Entry = self.get(&format!("/contents/{}?ref={at}", encoded(path))).await?;
        Ok(entry.r#type != "file")
    }
}

impl Remote for Api {
    const NAME: &'static str = "GitHub";
    const HINT: &'static str =
        "Give the job `permissions: contents: read`, or `actions/checkout` the setting `fetch-depth: 0`.";

    async fn file(&self, path: &str, commit: &str) -> Result<Option<Vec<u8>>, String> {
        let found = Self::file(self, path, commit).await;
        found.map_err(|error| error.told("the file was not read", &needs("contents: read")))
    }

    async fn parents(&self, commit: &str) -> Result<Vec<String>, String> {
        let found = self.commit(commit).await;
        let error = match found {
            Ok(found) => return Ok(found.parents.into_iter().map(|parent| parent.sha).collect()),
            Err(error) => error,
        };
        Err(error.told("the merge commit was not read", &needs("contents: read")))
    }
}

fn answered<T>(answer: octocrab::Result<T>) -> Result<T, ApiError> {
    answer.map_err(|error| refusal::read(&error))
}

/// Returns how long until a time in seconds since 1970, as `x-ratelimit-reset` tells it.
pub(super) fn until(seconds: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_secs(seconds).saturating_sub(now)
}

/// Writes a path or a ref into an address; the library does not.
pub(super) fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Way;

    #[test]
    fn a_token_is_not_sent_in_the_clear_nor_to_a_path_of_others() {
        let http = Http::new(&Way::default()).unwrap();
        for (server, repository) in [
            ("http://github.example.com", "o/r"),
            ("https://api.github.com", "o"),
            ("https://api.github.com", "o/r/../x"),
        ] {
            let env =
                Env::of([("INPUT_GITHUB-TOKEN", "t"), ("GITHUB_API_URL", server), ("GITHUB_REPOSITORY", repository)]);
            assert!(Api::new(&env, &http).is_err(), "{server} {repository}");
        }
    }

    #[test]
    fn what_has_a_meaning_in_an_address_is_written_by_number() {
        assert_eq!(encoded("a b/ü?#%.txt"), "a%20b/%C3%BC%3F%23%25.txt");
    }
}
