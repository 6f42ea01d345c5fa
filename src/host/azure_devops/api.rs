//! Api: the REST API of Azure DevOps for one project and its repository, as the job's own identity.

use super::refusal::{self, unclear};
use crate::{
    host::{
        patience::{Again, LONGEST_WAIT, patiently},
        refusal::ApiError,
        texts::{self, Remote},
    },
    http::{Cause, Http, Reply},
    images::MAX_BYTES,
    inputs::{Env, access_token},
};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep_until},
};

/// The version of the API; a server of 2022.2 has it too.
const VERSION: &str = "api-version=7.1";
/// How often a run waits a minute for an answer that does not come.
const MOST_TIMEOUTS: u32 = 2;
/// The most bytes of an answer that is no file: a pull request may have hundreds of threads.
const LIMIT: usize = 32 << 20;

/// One project on one server, as one token.
#[derive(Clone)]
pub(super) struct Api {
    http: Http,
    /// The organization's or collection's address, without a slash at the end.
    collection: String,
    project: String,
    repository: String,
    token: SecretString,
    /// Until when the server wants to be left alone, as it said with its last answer.
    pause: Arc<Mutex<Option<Instant>>>,
    identity: Arc<OnceCell<Identity>>,
    timeouts: Arc<AtomicU32>,
}

/// Who the job is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Identity {
    pub id: String,
    #[serde(default, rename = "providerDisplayName")]
    pub name: String,
}

/// A list of things.
#[derive(Debug, Deserialize)]
pub(super) struct Listing<T> {
    pub value: Vec<T>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("collection", &self.collection).finish_non_exhaustive()
    }
}

impl Api {
    pub(super) fn new(env: &Env, http: &Http) -> Result<Self, String> {
        let token = access_token(env).ok_or("the job's access token did not reach the program")?;
        let variable = |name: &str| env.get(name).ok_or_else(|| format!("{name} is not set"));
        let collection = variable("SYSTEM_COLLECTIONURI")?.trim_end_matches('/');
        let is_secure = collection.starts_with("https://") || collection.starts_with("http://127.0.0.1:");
        if !is_secure {
            return Err("SYSTEM_COLLECTIONURI does not begin with https: the token is not sent there".to_owned());
        }
        Ok(Self {
            http: http.clone(),
            collection: collection.to_owned(),
            project: encoded(variable("SYSTEM_TEAMPROJECTID").or_else(|_| variable("SYSTEM_TEAMPROJECT"))?),
            repository: encoded(env.get("BUILD_REPOSITORY_ID").unwrap_or_default()),
            token: token.into(),
            pause: Arc::default(),
            identity: Arc::default(),
            timeouts: Arc::default(),
        })
    }

    /// Gets one thing of the project.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Again::Yes, || (Method::GET, self.in_project(path)), None).await
    }

    /// Gets one thing of the project that only a preview of the API has.
    pub(super) async fn get_preview<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let url = self.in_project(path).replace(VERSION, "api-version=7.1-preview.2");
        self.ask(Again::Yes, || (Method::GET, url.clone()), None).await
    }

    /// Gets one thing of the repository.
    pub(super) async fn get_git<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Again::Yes, || (Method::GET, self.in_repository(path)), None).await
    }

    /// Asks the repository a question that is too long for an address.
    pub(super) async fn query<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ApiError> {
        self.ask(Again::Yes, || (Method::POST, self.in_repository(path)), Some(body)).await
    }

    /// Creates something: never sent again but after a rate limit, which is answered before anything is done.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ApiError> {
        self.ask(Again::No, || (Method::POST, self.in_repository(path)), Some(body)).await
    }

    /// Changes something; twice is as good as once.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<(), ApiError> {
        self.ask::<Value>(Again::Yes, || (Method::PATCH, self.in_repository(path)), Some(body)).await.map(drop)
    }

    /// Deletes something.
    pub(super) async fn delete(&self, path: &str) -> Result<(), ApiError> {
        let send = async || {
            let reply = self.send(&Method::DELETE, &self.in_repository(path), None, "application/json", LIMIT).await?;
            refusal::checked(reply).map(drop)
        };
        patiently(self.http.retry(), Again::Yes, send).await
    }

    /// Returns who the job is.
    pub(super) async fn identity(&self) -> Result<&Identity, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ConnectionData {
            authenticated_user: Identity,
        }
        let url = format!("{}/_apis/connectionData", self.collection);
        let ask = async || {
            let data: ConnectionData = self.ask(Again::Yes, || (Method::GET, url.clone()), None).await?;
            Ok(data.authenticated_user)
        };
        self.identity.get_or_try_init(ask).await
    }

    fn in_project(&self, path: &str) -> String {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{}/{}/_apis{path}{sign}{VERSION}", self.collection, self.project)
    }

    fn in_repository(&self, path: &str) -> String {
        self.in_project(&format!("/git/repositories/{}{path}", self.repository))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        again: Again,
        to: impl Fn() -> (Method, String),
        body: Option<&Value>,
    ) -> Result<T, ApiError> {
        let send = async || {
            let (method, url) = to();
            let reply = refusal::checked(self.send(&method, &url, body, "application/json", LIMIT).await?)?;
            serde_json::from_slice(&reply.body).map_err(|error| unclear(&format!("its answer cannot be read: {error}")))
        };
        patiently(self.http.retry(), again, send).await
    }

    async fn send(
        &self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
        accept: &str,
        limit: usize,
    ) -> Result<Reply, ApiError> {
        if self.timeouts.load(Ordering::Relaxed) >= MOST_TIMEOUTS {
            return Err(ApiError::Refused("Azure DevOps did not answer in time, several times".to_owned()));
        }
        let until = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            let wait = until.saturating_duration_since(Instant::now());
            if wait > LONGEST_WAIT {
                return Err(ApiError::Limited(Some(wait)));
            }
            sleep_until(until).await;
        }
        let make = |client: &reqwest::Client| -> RequestBuilder {
            let request = client.request(method.clone(), url).bearer_auth(self.token.expose_secret());
            // Without the second header a token that is no longer good leads to a page for people.
            let request = request.header("accept", accept).header("x-tfs-fedauthredirect", "Suppress");
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        let reply = self.http.send_once(make, limit).await.map_err(|error| match error.cause() {
            Cause::TooLong(_) if limit == MAX_BYTES => {
                ApiError::Unfit("the list is larger than 16 MiB, the most that a list may have".to_owned())
            }
            Cause::Timeout => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
                unclear(&error.to_string())
            }
            _ if error.is_temporary() && !error.is_unconnected() => unclear(&error.to_string()),
            _ => ApiError::Refused(match error.hint() {
                Some(hint) => format!("{error}. {hint}"),
                None => error.to_string(),
            }),
        })?;
        // A delayed request is answered as usual, and the next one is to wait (docs, "Rate and usage limits").
        if let (true, Some(wait)) = (reply.status.is_success(), crate::http::retry_after(&reply)) {
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + wait);
        }
        Ok(reply)
    }

    /// Gets a file at a commit, or nothing if the commit has no such file.
    async fn read(&self, path: &str, commit: &str) -> Result<Option<Vec<u8>>, ApiError> {
        let item = format!(
            "/items?path=%2F{}&versionDescriptor.version={}&versionDescriptor.versionType=commit",
            encoded(path),
            encoded(commit)
        );
        let send = async || {
            let reply = self.send(&Method::GET, &self.in_repository(&item), None, "text/plain", MAX_BYTES).await?;
            if reply.status.as_u16() == 404 && refusal::is_missing_item(&reply) {
                return Ok(None);
            }
            refusal::checked_file(reply, path).map(Some)
        };
        let Some(text) = patiently(self.http.retry(), Again::Yes, send).await? else { return Ok(None) };
        if texts::may_be_link(&text) && self.is_link(&item).await? {
            return Err(refusal::no_file(path));
        }
        Ok(Some(text))
    }

    /// The text of a link is the path in it.
    async fn is_link(&self, item: &str) -> Result<bool, ApiError> {
        #[derive(Deserialize)]
        struct Entry {
            #[serde(default, rename = "isSymLink")]
            is_link: bool,
        }
        let entry: Entry = self.get_git(&format!("{item}&$format=json")).await?;
        Ok(entry.is_link)
    }
}

/// What a build needs to read its repository.
pub(super) const READ: &str = "the job must be allowed to read the repository (Project settings, Settings: `Limit job \
                               authorization scope`, `Protect access to repositories in YAML pipelines`)";

impl Remote for Api {
    const NAME: &'static str = "Azure DevOps";
    const HINT: &'static str =
        "Let the build's identity read the repository, or check it out with `fetchDepth: 2` (0 for all).";

    async fn file(&self, path: &str, commit: &str) -> Result<Option<Vec<u8>>, String> {
        self.read(path, commit).await.map_err(|error| error.told("the file was not read", READ))
    }

    async fn parents(&self, commit: &str) -> Result<Vec<String>, String> {
        #[derive(Deserialize)]
        struct Commit {
            #[serde(default)]
            parents: Vec<String>,
        }
        let found: Result<Commit, _> = self.get_git(&format!("/commits/{}", encoded(commit))).await;
        found.map(|commit| commit.parents).map_err(|error| error.told("the merge commit was not read", READ))
    }
}

/// Writes a text into an address, in whatever part of it.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Way;

    #[test]
    fn a_token_is_not_sent_in_the_clear_and_never_shown() {
        let http = Http::new(&Way::default()).unwrap();
        let api = |server| {
            let project = ("SYSTEM_TEAMPROJECT", "Container Images");
            Api::new(&Env::of([("SYSTEM_ACCESSTOKEN", "hunter2"), ("SYSTEM_COLLECTIONURI", server), project]), &http)
        };
        assert!(api("http://tfs.example.com/").is_err());
        let api = api("https://dev.azure.com/contoso/").unwrap();
        assert_eq!(
            api.in_project("/build/builds?x=1"),
            "https://dev.azure.com/contoso/Container%20Images/_apis/build/builds?x=1&api-version=7.1"
        );
        assert!(!format!("{api:?}").contains("hunter2"));
    }
}
