//! GitHub's rules, asked through its API as a job of a workflow would.

mod access;
mod identity;
mod reading;
mod writing;

use super::client::Client;
use crate::emulator::{GitHubRepository, World};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

const API: &str = "https://api.github.com/repos/contoso/images";
const ALL: [&str; 4] = ["contents: read", "pull-requests: write", "checks: write", "actions: read"];

/// A repository with a list on its main branch and a pull request that adds a line to it.
struct Scene {
    client: Client,
    repository: GitHubRepository,
    base: String,
    head: String,
    merge: String,
}

async fn scene() -> Scene {
    let world = World::new();
    let repository = world.github("contoso/images");
    let base = repository.commit(&[], [("images.txt", "a\nb\n"), ("docs/a b.md", "text")]);
    repository.branch("main", &base);
    let head = repository.commit(&[&base], [("images.txt", "a\nb\nc\n"), ("docs/a b.md", "text")]);
    let merge = repository.commit(&[&base, &head], [("images.txt", "a\nb\nc\n"), ("docs/a b.md", "text")]);
    repository.branch("change-7", &head);
    repository.pull_request(7, &head, Some(&merge));
    repository.token("t", &ALL);
    Scene { client: Client::of(world).await, repository, base, head, merge }
}

impl Scene {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("https://") { path.to_owned() } else { format!("{API}{path}") };
        self.client.http.request(method, url).header("user-agent", "test").bearer_auth("t")
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask(method, path).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    async fn raw(&self, path: &str) -> (u16, Vec<u8>) {
        let asked = self.ask(Method::GET, path).header("accept", "application/vnd.github.v3.raw");
        let answer = asked.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }
}
