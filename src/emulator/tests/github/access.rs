//! Who may do what, how often, and on which server.

use super::{super::client::header, ALL, API, scene};
use crate::emulator::Fault;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn who_is_not_known_or_not_allowed_is_told_so() {
    let scene = scene().await;
    let ask = |token: &str, path: &str| scene.client.get(path).header("user-agent", "test").bearer_auth(token).send();
    let refused = ask("wrong", API).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "Bad credentials");
    scene.repository.token("none", &[]);
    let refused = ask("none", &format!("{API}/issues/7/comments")).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(header(&refused, "x-accepted-github-permissions"), "issues=read; pull_requests=read");
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "Resource not accessible by integration");
    scene.repository.token("reader", &["pull-requests: read", "contents: write"]);
    assert_eq!(ask("reader", &format!("{API}/issues/7/comments")).await.unwrap().status(), 200);
    assert_eq!(ask("reader", &format!("{API}/contents/images.txt")).await.unwrap().status(), 200);
    let post = scene.client.http.post(format!("{API}/issues/7/comments")).header("user-agent", "test");
    assert_eq!(
        post.try_clone().unwrap().bearer_auth("reader").json(&json!({"body": "x"})).send().await.unwrap().status(),
        403
    );
    assert_eq!(post.json(&json!({"body": "x"})).send().await.unwrap().status(), 401);
    // Another repository does not exist for this token, and a private one for nobody.
    drop(scene.client.world().github("contoso/other"));
    assert_eq!(scene.get("https://api.github.com/repos/contoso/other").await.status(), 404);
    assert_eq!(scene.client.get(API).header("user-agent", "test").send().await.unwrap().status(), 404);
    // Who does not say what it is, is not served.
    assert_eq!(scene.client.get(API).bearer_auth("t").send().await.unwrap().status(), 403);
    let old = scene.ask(Method::GET, "").header("x-github-api-version", "2020-01-01").send().await.unwrap();
    assert_eq!(old.status(), 400);
}

#[tokio::test]
async fn a_users_token_says_who_it_is_and_a_jobs_may_not() {
    let scene = scene().await;
    scene.repository.token_of("of-a-user", "machine", &ALL);
    let ask = |token: &str| {
        scene.client.get("https://api.github.com/user").header("user-agent", "test").bearer_auth(token).send()
    };
    assert_eq!(ask("t").await.unwrap().status(), 403);
    let user: Value = ask("of-a-user").await.unwrap().json().await.unwrap();
    assert_eq!((&user["login"], &user["type"]), (&json!("machine"), &json!("User")));
}

#[tokio::test]
async fn limits_of_rate_are_told_as_github_tells_them() {
    let scene = scene().await;
    scene.client.world().fault(Fault::status_retry_after(403, 2).on("api.github.com").method("POST"));
    let answer = scene.ask(Method::POST, "/issues/7/comments").json(&json!({"body": "x"})).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (403, "2"));
    assert!(answer.text().await.unwrap().contains("secondary rate limit"));
    assert!(scene.repository.comments(7).is_empty());
    // A gateway may lose patience when the thing is done.
    scene.client.world().fault(Fault::status_after(502).on("api.github.com"));
    assert_eq!(scene.post("/issues/7/comments", &json!({"body": "x"})).await.0, 502);
    assert_eq!(scene.repository.comments(7).len(), 1);
    scene.repository.requests_left(1);
    assert_eq!(header(&scene.get("").await, "x-ratelimit-remaining"), "0");
    let answer = scene.get("").await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-ratelimit-remaining").as_str()), (403, "0"));
    assert!(answer.text().await.unwrap().contains("API rate limit exceeded"));
}

#[tokio::test]
async fn an_enterprise_server_has_its_api_below_a_path_and_no_limits() {
    let scene = scene().await;
    let other = scene.client.world().github_at("github.contoso.example", "team/images");
    let sha = other.commit(&[], [("images.txt", "x")]);
    other.branch("main", &sha);
    other.token("enterprise", &ALL);
    let ask = async |path: &str, token: &str| {
        let url = format!("https://github.contoso.example{path}");
        scene.client.get(&url).header("user-agent", "test").bearer_auth(token).send().await.unwrap()
    };
    let answer = ask("/api/v3/repos/team/images/commits/main", "enterprise").await;
    assert!(answer.status() == 200 && answer.headers().get("x-ratelimit-limit").is_none());
    let commit: Value = answer.json().await.unwrap();
    assert!(commit["url"].as_str().unwrap().starts_with("https://github.contoso.example/api/v3/repos/team/images/"));
    assert_eq!(ask("/repos/team/images/commits/main", "enterprise").await.status(), 404);
    assert_eq!(ask("/api/v3/repos/team/images", "t").await.status(), 401);
    assert_eq!(other.api_url(), "https://github.contoso.example/api/v3");
}
