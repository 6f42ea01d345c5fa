//! GitHub's rules, asked through its API as a job of a workflow would.

use super::client::{Client, header};
use crate::emulator::{Fault, GitHubRepository, OidcRequest, Rights, TENANT, TreeEntry, World, token::claims};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

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

#[tokio::test]
async fn a_file_is_read_at_a_commit_a_branch_and_the_merge_of_a_pull_request() {
    let scene = scene().await;
    let at = async |revision: &str| scene.raw(&format!("/contents/images.txt?ref={revision}")).await;
    assert_eq!(at(&scene.base).await, (200, b"a\nb\n".to_vec()));
    assert_eq!(at("refs/pull/7/merge").await, (200, b"a\nb\nc\n".to_vec()));
    assert_eq!(at("heads/change-7").await.1, b"a\nb\nc\n");
    assert_eq!(scene.raw("/contents/images.txt").await.1, b"a\nb\n");
    assert_eq!(scene.raw("/contents/docs%2Fa%20b.md").await, (200, b"text".to_vec()));
    assert_eq!(at("0000000").await.0, 404);
    assert_eq!(scene.raw("/contents/none.txt").await.0, 404);
    assert_eq!(scene.raw("/contents/images.txt/more").await.0, 404);
    let file = scene.json("/contents/images.txt").await;
    assert_eq!((&file["encoding"], &file["content"]), (&json!("base64"), &json!("YQpiCg==\n")));
}

#[tokio::test]
async fn a_file_over_a_megabyte_comes_raw_only() {
    let scene = scene().await;
    let bytes = vec![b'x'; (1 << 20) + 1];
    let large = scene.repository.commit(&[], [("images.txt", bytes.clone()), ("exact", vec![0; 1 << 20])]);
    let path = format!("/contents/images.txt?ref={large}");
    assert!(scene.raw(&path).await == (200, bytes));
    for accept in ["application/vnd.github.object+json", "application/vnd.github+json"] {
        let answer = scene.ask(Method::GET, &path).header("accept", accept).send().await.unwrap();
        let file: Value = answer.json().await.unwrap();
        assert_eq!((&file["encoding"], &file["content"]), (&json!("none"), &json!("")));
        assert_eq!(file["size"], (1 << 20) + 1);
    }
    assert_eq!(scene.json(&format!("/contents/exact?ref={large}")).await["encoding"], "base64");
}

#[tokio::test]
async fn links_submodules_and_folders_say_what_they_are() {
    let scene = scene().await;
    let files = [
        ("lists/images.txt", TreeEntry::from("a")),
        ("to-file", TreeEntry::Symlink("lists/images.txt".to_owned())),
        ("to-nowhere", TreeEntry::Symlink("/proc/self/environ".to_owned())),
        ("sub", TreeEntry::Submodule { url: "https://github.com/o/r.git".to_owned(), sha: "1".repeat(40) }),
    ];
    let sha = scene.repository.commit(&[], files);
    let at = |path: &str| format!("/contents/{path}?ref={sha}");
    assert_eq!(scene.raw(&at("to-file")).await.1, b"a");
    let link = scene.json(&at("to-nowhere")).await;
    assert_eq!((&link["type"], &link["target"]), (&json!("symlink"), &json!("/proc/self/environ")));
    assert_eq!(scene.json(&at("sub")).await["submodule_git_url"], "https://github.com/o/r.git");
    let list = scene.json(&at("")).await;
    let kinds: Vec<_> = list.as_array().unwrap().iter().map(|it| (it["name"].clone(), it["type"].clone())).collect();
    let wanted = [("lists", "dir"), ("sub", "file"), ("to-file", "symlink"), ("to-nowhere", "symlink")];
    assert_eq!(kinds, wanted.map(|(name, kind)| (json!(name), json!(kind))));
    let object = scene.ask(Method::GET, &at("lists")).header("accept", "application/vnd.github.object");
    let object: Value = object.send().await.unwrap().json().await.unwrap();
    assert_eq!((&object["type"], &object["entries"][0]["path"]), (&json!("dir"), &json!("lists/images.txt")));
}

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
async fn comments_are_paged_changed_and_limited() {
    let scene = scene().await;
    for number in 0..205 {
        scene.repository.comment(7, "someone", false, &number.to_string());
    }
    let (mut url, mut bodies, mut pages) = ("/issues/7/comments?per_page=100".to_owned(), Vec::new(), 0);
    loop {
        let answer = scene.get(&url).await;
        let link = answer.headers().get("link").map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default();
        let page: Vec<Value> = answer.json().await.unwrap();
        bodies.extend(page.iter().map(|it| it["body"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = link.split(", ").find(|it| it.ends_with("rel=\"next\"")) else { break };
        assert!(next.starts_with("<https://api.github.com/repositories/700001/issues/7/comments?per_page=100&page="));
        url = next[1..next.find('>').unwrap()].to_owned();
    }
    assert_eq!((pages, bodies.len(), bodies[204].as_str()), (3, 205, "204"));
    assert_eq!(scene.json("/issues/7/comments?per_page=500").await.as_array().unwrap().len(), 100);

    let (status, made) = scene.post("/issues/7/comments", &json!({"body": "é".repeat(65_536)})).await;
    assert_eq!(
        (status, &made["user"]["login"], &made["user"]["type"]),
        (201, &json!("github-actions[bot]"), &json!("Bot"))
    );
    let (status, refused) = scene.post("/issues/7/comments", &json!({"body": "é".repeat(65_537)})).await;
    let error = json!({"resource": "IssueComment", "code": "unprocessable", "field": "data",
        "message": "Body is too long (maximum is 65536 characters)"});
    assert_eq!((status, &refused["message"], &refused["errors"]), (422, &json!("Validation Failed"), &json!([error])));
    let own = format!("/issues/comments/{}", made["id"]);
    assert_eq!(scene.send(Method::PATCH, &own, &json!({"body": "new"})).await.1["body"], "new");
    // The library's own way of changing a comment is none of GitHub's.
    assert_eq!(scene.post(&own, &json!({"body": "new"})).await.0, 404);
    assert_eq!(scene.send(Method::DELETE, &own, &json!({})).await.0, 204);
    assert_eq!(scene.send(Method::PATCH, &own, &json!({"body": "x"})).await.0, 404);
    assert_eq!(scene.post("/issues/8/comments", &json!({"body": "x"})).await.0, 404);
    for (body, status) in [(json!({}), 422), (json!({"body": 1}), 422), (json!([]), 400), (json!({"body": " "}), 422)] {
        assert_eq!(scene.post("/issues/7/comments", &body).await.0, status, "{body}");
    }
}

fn annotations(number: u64) -> Value {
    (1..=number)
        .map(|line| {
            json!({"path": "images.txt", "start_line": line, "end_line": line,
        "annotation_level": "warning", "message": "m"})
        })
        .collect()
}

#[tokio::test]
async fn a_check_run_takes_fifty_annotations_a_request_and_adds_them_up() {
    let scene = scene().await;
    let output = |number| json!({"title": "t", "summary": "s", "annotations": annotations(number)});
    let mut body = json!({"name": "plan", "head_sha": scene.head, "conclusion": "neutral", "output": output(51)});
    let (status, refused) = scene.post("/check-runs", &body).await;
    assert_eq!(status, 422);
    assert_eq!(refused["message"], "Invalid request.\n\nNo more than 50 items are allowed; 51 were supplied.");
    assert!(scene.repository.check_runs().is_empty());
    body["output"] = output(50);
    let (status, made) = scene.post("/check-runs", &body).await;
    assert_eq!((status, &made["status"], &made["conclusion"]), (201, &json!("completed"), &json!("neutral")));
    assert_eq!(made["pull_requests"][0]["number"], 7);
    let own = format!("/check-runs/{}", made["id"]);
    let (_, changed) = scene.send(Method::PATCH, &own, &json!({"output": output(20)})).await;
    assert_eq!(changed["output"]["annotations_count"], 70);
    let page = scene.json(&format!("{own}/annotations?per_page=50&page=2")).await;
    assert_eq!((page.as_array().unwrap().len(), &page[19]["start_line"]), (20, &json!(20)));
    assert_eq!(scene.json(&format!("/commits/{}/check-runs", scene.head)).await["total_count"], 1);

    let mut wide = annotations(1);
    wide[0]["end_line"] = json!(2);
    wide[0]["start_column"] = json!(1);
    let long = json!({"title": "t", "summary": "x".repeat(65_536)});
    for output in [json!({"summary": "s"}), json!({"title": "t", "summary": "s", "annotations": wide}), long] {
        body["output"] = output;
        assert_eq!(scene.post("/check-runs", &body).await.0, 422);
    }
    let nowhere = json!({"name": "plan", "head_sha": "1".repeat(40)});
    assert!(scene.post("/check-runs", &nowhere).await.1["message"].as_str().unwrap().starts_with("No commit found"));
    assert_eq!(
        scene.post("/check-runs", &json!({"name": "p", "head_sha": scene.head, "status": "completed"})).await.0,
        422
    );
    scene.repository.token_of("person", "octavia", &["checks: write"]);
    let person = scene.client.http.post(format!("{API}/check-runs")).header("user-agent", "test").bearer_auth("person");
    assert_eq!(person.json(&nowhere).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_merged_pull_request_is_found_from_the_commit_that_was_pushed() {
    let scene = scene().await;
    let numbers = async |sha: &str| {
        let list = scene.json(&format!("/commits/{sha}/pulls")).await;
        list.as_array().unwrap().iter().map(|pull| pull["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let parents = scene.json(&format!("/commits/{}", scene.merge)).await["parents"].clone();
    assert_eq!((&parents[0]["sha"], &parents[1]["sha"]), (&json!(scene.base), &json!(scene.head)));
    assert_eq!(numbers(&scene.head).await, [7]);
    assert_eq!(numbers(&scene.base).await, Vec::<u64>::new());
    let squash = scene.repository.commit(&[&scene.base], [("images.txt", "a\nb\nc\n")]);
    scene.repository.merge(7, &squash);
    assert_eq!(numbers(&squash).await, [7]);
    let pull = scene.json("/pulls/7").await;
    assert_eq!((&pull["merged"], &pull["merge_commit_sha"]), (&json!(true), &json!(squash)));
    assert_eq!(pull["base"]["sha"], json!(scene.base), "it stays behind");
    let newer = scene.ask(Method::GET, "/pulls/7").header("x-github-api-version", "2026-03-10").send().await.unwrap();
    assert!(newer.json::<Value>().await.unwrap().get("merge_commit_sha").is_none());
    assert_eq!(scene.get("/commits/1234567").await.status(), 422);
}

#[tokio::test]
async fn a_pull_request_can_go_to_another_branch_come_from_a_fork_and_be_closed() {
    let scene = scene().await;
    scene.repository.branch("release", &scene.base);
    scene.repository.onto(7, "release");
    scene.repository.from_fork(7, "stranger/images");
    let pull = scene.json("/pulls/7").await;
    assert_eq!((&pull["base"]["ref"], &pull["base"]["repo"]["fork"]), (&json!("release"), &json!(false)));
    assert_eq!((&pull["head"]["label"], &pull["head"]["repo"]["fork"]), (&json!("stranger:change-7"), &json!(true)));
    assert_ne!(pull["head"]["repo"]["id"], pull["base"]["repo"]["id"]);
    scene.repository.close(7);
    let pull = scene.json("/pulls/7").await;
    assert_eq!((&pull["state"], &pull["merged"]), (&json!("closed"), &json!(false)));
    assert_eq!(scene.json(&format!("/commits/{}/pulls", scene.head)).await, json!([]));
    assert_eq!(scene.raw("/contents/images.txt?ref=refs/pull/7/merge").await.0, 404);
}

#[tokio::test]
async fn revisions_are_compared_from_where_they_parted() {
    let scene = scene().await;
    let later = scene.repository.commit(&[&scene.base], [("images.txt", "b\n")]);
    scene.repository.branch("main", &later);
    let both = scene.json("/compare/main...change-7").await;
    assert_eq!((&both["status"], &both["merge_base_commit"]["sha"]), (&json!("diverged"), &json!(scene.base)));
    assert_eq!(
        (&both["files"][0]["filename"], &both["files"][0]["status"]),
        (&json!("images.txt"), &json!("modified"))
    );
    assert_eq!(scene.get("/compare/main...none").await.status(), 404);
}

#[tokio::test]
async fn a_suggestion_lands_on_lines_that_the_diff_shows() {
    let scene = scene().await;
    let on = |line: u64, path: &str| {
        json!({"body": "```suggestion\nc@sha256:1\n```", "commit_id": scene.head,
        "path": path, "line": line, "side": "RIGHT"})
    };
    let (status, made) = scene.post("/pulls/7/comments", &on(3, "images.txt")).await;
    assert_eq!((status, &made["line"]), (201, &json!(3)));
    assert_eq!(scene.post("/pulls/7/comments", &on(9, "images.txt")).await.0, 422);
    assert_eq!(scene.post("/pulls/7/comments", &on(1, "docs/a b.md")).await.0, 422);
    let review = json!({"event": "COMMENT", "comments": [on(2, "images.txt"), on(3, "images.txt")]});
    assert_eq!(scene.post("/pulls/7/reviews", &review).await.1["state"], "COMMENTED");
    let broken = json!({"event": "COMMENT", "comments": [on(2, "images.txt"), on(9, "images.txt")]});
    assert_eq!(scene.post("/pulls/7/reviews", &broken).await.0, 422);
    assert_eq!(scene.repository.review_comments().len(), 3);
    assert_eq!(scene.json("/pulls/7/comments").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_last_successful_run_of_a_branch_comes_first() {
    let scene = scene().await;
    let add = |branch: &str, event: &str, conclusion| {
        scene.repository.workflow_run("sync.yml", branch, event, &scene.base, conclusion)
    };
    let ids = [
        add("main", "push", Some("success")),
        add("main", "schedule", Some("success")),
        add("main", "push", Some("success")),
        add("other", "push", Some("success")),
        add("main", "push", Some("failure")),
        add("main", "push", None),
    ];
    let list = async |query: &str| scene.json(&format!("/actions/workflows/sync.yml/runs?{query}")).await;
    let found = list("branch=main&status=success&event=push&per_page=1").await;
    assert_eq!((&found["total_count"], &found["workflow_runs"][0]["id"]), (&json!(2), &json!(ids[2])));
    assert_eq!(found["workflow_runs"].as_array().unwrap().len(), 1);
    assert_eq!(list("status=completed").await["total_count"], 5);
    assert_eq!(list("status=in_progress").await["total_count"], 1);
    assert_eq!(scene.json(&format!("/actions/runs/{}", ids[0])).await["path"], ".github/workflows/sync.yml");
    assert_eq!(scene.get("/actions/workflows/none.yml/runs").await.status(), 404);
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

async fn identity_token(client: &Client, request: &OidcRequest, token: &str) -> (u16, String) {
    let url = format!("{}&audience=api%3A%2F%2FAzureADTokenExchange", request.url);
    let answer = client.get(&url).header("authorization", format!("bearer {token}")).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json::<Value>().await.unwrap()["value"].as_str().unwrap_or_default().to_owned())
}

async fn sign_in(client: &Client, assertion: &str) -> Value {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "99999999-0000-0000-0000-000000000000"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        ("scope", "https://management.azure.com/.default"),
    ];
    let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    client.http.post(url).form(&form).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn entra_takes_the_jobs_token_for_the_subject_it_was_told_in_either_form() {
    let world = World::new();
    let trust = |repository: &GitHubRepository, context: &str| {
        let (issuer, subject) = (repository.issuer(), repository.subject(context));
        world.federated_identity("99999999-0000-0000-0000-000000000000", &issuer, &subject, Rights::importer());
    };
    let older = world.github("contoso/images");
    let newer = world.github("contoso/newer");
    newer.immutable_subjects();
    let enterprise = world.github_at("github.contoso.example", "contoso/images");
    let contexts = ["pull_request", "ref:refs/heads/main", "environment:prod:eu"];
    let client = Client::of(world.clone()).await;
    assert_eq!(older.subject(contexts[2]), "repo:contoso/images:environment:prod%3Aeu");
    let ids = newer.subject(contexts[0]);
    assert!(ids.starts_with("repo:contoso@") && ids.ends_with(&format!("/newer@{}:pull_request", newer.id())), "{ids}");

    trust(&older, "environment:other");
    for repository in [&older, &newer, &enterprise] {
        for context in contexts {
            let request = repository.oidc(context);
            let (status, token) = identity_token(&client, &request, &request.token).await;
            assert_eq!(status, 200);
            let read = claims(&token).unwrap();
            assert_eq!(
                (&read["sub"], &read["iss"]),
                (&json!(repository.subject(context)), &json!(repository.issuer()))
            );
            let refused = sign_in(&client, &token).await;
            let text = refused["error_description"].as_str().unwrap();
            let names_it = text.contains(&format!("'{}'", repository.subject(context)));
            assert!(text.starts_with("AADSTS700213") && names_it, "{text}");
            trust(repository, context);
            assert!(sign_in(&client, &token).await["access_token"].is_string());
        }
    }
    let request = older.oidc("pull_request");
    assert_eq!(identity_token(&client, &request, "other").await.0, 401);
    trust(&older, "environment:Prod");
    let request = older.oidc("environment:PROD");
    let (_, token) = identity_token(&client, &request, &request.token).await;
    let text = sign_in(&client, &token).await["error_description"].to_string();
    assert!(text.contains("AADSTS7002138"), "{text}");
}
