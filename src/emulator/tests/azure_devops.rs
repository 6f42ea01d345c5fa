//! Azure DevOps' rules, asked through its API as a job of a pipeline would.

use super::client::Client;
use crate::emulator::{AzureRepository, World};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const ROOT: &str = "https://dev.azure.com/contoso";

struct Scene {
    client: Client,
    repository: AzureRepository,
    base: String,
    head: String,
    merge: String,
}

async fn scene() -> Scene {
    let world = World::new();
    let repository = world.azure_devops("contoso", "Container Images", "images");
    let base = repository.commit(&[], [("images.txt", "a\n")]);
    repository.branch("main", &base);
    let head = repository.commit(&[&base], [("images.txt", "a\nb\n")]);
    let merge = repository.commit(&[&base, &head], [("images.txt", "a\nb\n")]);
    repository.pull_request(7, &head, Some(&merge));
    repository.token("t", &["read", "contribute", "builds"]);
    repository.token("reader", &["read"]);
    Scene { client: Client::of(world).await, repository, base, head, merge }
}

impl Scene {
    fn ask(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{ROOT}/Container%20Images/_apis{path}");
        self.client.http.request(method, url).bearer_auth(token).header("x-tfs-fedauthredirect", "Suppress")
    }

    fn git(&self, path: &str) -> String {
        format!("/git/repositories/{}{path}", self.repository.id())
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask(method, &self.git(path), "t").json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.ask(Method::GET, path, "t").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn who_is_not_known_gets_a_page_unless_that_is_declined() {
    let scene = scene().await;
    let url = format!("{ROOT}/_apis/connectionData");
    let page = scene.client.get(&url).bearer_auth("wrong").send().await.unwrap();
    assert_eq!(page.status(), 203);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let declined = scene.client.get(&url).bearer_auth("wrong").header("x-tfs-fedauthredirect", "Suppress");
    assert_eq!(declined.send().await.unwrap().status(), 401);
    let known: Value = scene.client.get(&url).bearer_auth("t").send().await.unwrap().json().await.unwrap();
    assert_eq!(known["authenticatedUser"]["providerDisplayName"], "Container Images Build Service (contoso)");
}

#[tokio::test]
async fn versions_are_minded() {
    let scene = scene().await;
    let threads = scene.git("/pullRequests/7/threads");
    let builds = "/build/builds?api-version=";
    for (path, status, kind) in [
        (format!("{threads}?api-version=7.1"), 200, Value::Null),
        (threads.clone(), 200, Value::Null),
        (format!("{threads}?api-version=9.0"), 400, "VssVersionOutOfRangeException".into()),
        (format!("{builds}7.1"), 200, Value::Null),
        (
            "/build/changes?fromBuildId=1&toBuildId=1&api-version=7.1".to_owned(),
            400,
            "VssInvalidPreviewVersionException".into(),
        ),
    ] {
        let (found, body) = scene.get(&path).await;
        assert_eq!((found, &body["typeKey"]), (status, &kind), "{path}");
    }
    let (status, body) = scene.send(Method::POST, "/pullRequests/7/threads", &json!({})).await;
    assert_eq!((status, &body["typeKey"]), (400, &json!("VssVersionNotSpecifiedException")));
}

#[tokio::test]
async fn a_thread_is_read_as_it_was_written_with_typed_properties() {
    let scene = scene().await;
    let path = "/pullRequests/7/threads?api-version=7.1";
    let text = "<!-- a --> `ü` | <b>";
    let body =
        json!({"comments": [{"content": text, "commentType": 1}], "status": 4, "properties": {"p": "x", "n": 1}});
    let (status, made) = scene.send(Method::POST, path, &body).await;
    assert_eq!((status, made["status"].as_str()), (200, Some("closed")));
    let (_, all) = scene.get(&scene.git(path)).await;
    assert_eq!(all["count"], 1);
    let thread = &all["value"][0];
    assert_eq!(thread["comments"][0]["content"], text);
    assert_eq!(thread["properties"]["p"], json!({"$type": "System.String", "$value": "x"}));
    assert_eq!(thread["properties"]["n"]["$type"], "System.Int32");

    let one = format!("/pullRequests/7/threads/{}", made["id"]);
    let (_, open) = scene.send(Method::PATCH, &format!("{one}?api-version=7.1"), &json!({"status": "active"})).await;
    assert_eq!(open["status"], "active");
    let comment = format!("{one}/comments/1?api-version=7.1");
    let (status, _) = scene.send(Method::PATCH, &comment, &json!({"content": "new"})).await;
    assert_eq!((status, scene.repository.threads(7)[0].content.as_str()), (200, "new"));
    assert_eq!(scene.send(Method::DELETE, &comment, &json!({})).await.0, 200);
    let (_, all) = scene.get(&scene.git(path)).await;
    let thread = &all["value"][0];
    assert!(thread["isDeleted"] == true && thread["comments"][0]["content"].is_null(), "{thread}");
    assert_eq!(scene.send(Method::PATCH, &comment, &json!({"content": "again"})).await.0, 404);
}

#[tokio::test]
async fn what_breaks_a_rule_of_threads_is_refused() {
    let scene = scene().await;
    let path = "/pullRequests/7/threads?api-version=7.1";
    let of = |content: &str| json!({"comments": [{"content": content}], "status": "closed"});
    for (body, status) in [
        (of(&"ü".repeat(150_000)), 200),
        (of(&"ü".repeat(150_001)), 400),
        (of(" "), 400),
        (json!({"comments": []}), 400),
        (json!({"comments": [{"content": "a"}], "status": 9}), 400),
    ] {
        assert_eq!(scene.send(Method::POST, path, &body).await.0, status);
    }
    assert_eq!(scene.send(Method::POST, "/pullRequests/9/threads?api-version=7.1", &of("a")).await.0, 404);
    let plain = scene.ask(Method::POST, &scene.git(path), "t").body(of("a").to_string()).send().await.unwrap();
    assert_eq!(plain.status(), 415, "a body has a media type");
    let denied = scene.ask(Method::POST, &scene.git(path), "reader").json(&of("a")).send().await.unwrap();
    let (status, body) = (denied.status().as_u16(), denied.json::<Value>().await.unwrap());
    assert!(status == 403 && body["message"].as_str().unwrap().starts_with("TF401027"), "{body}");

    scene.repository.thread(7, "theirs", "x");
    let theirs = scene.repository.threads(7).last().unwrap().id;
    let path = format!("/pullRequests/7/threads/{theirs}/comments/1?api-version=7.1");
    assert_eq!(scene.send(Method::PATCH, &path, &json!({"content": "ours"})).await.0, 403);
}

#[tokio::test]
async fn files_and_commits_are_those_of_a_commit() {
    let scene = scene().await;
    let item = |path: &str, commit: &str| {
        scene.git(&format!(
            "/items?path={path}&versionDescriptor.version={commit}&versionDescriptor.versionType=commit&api-version=7.1"
        ))
    };
    let text = async |path: String| {
        let answer = scene.ask(Method::GET, &path, "t").header("accept", "text/plain").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(text(item("/images.txt", &scene.base)).await, (200, "a\n".to_owned()));
    assert_eq!(text(item("images.txt", &scene.merge)).await, (200, "a\nb\n".to_owned()));
    for (path, kind) in [
        (item("/none.txt", &scene.base), "GitItemNotFoundException"),
        (item("/images.txt", &"0".repeat(40)), "GitUnresolvableToCommitException"),
    ] {
        let (status, body) = text(path).await;
        assert!(status == 404 && body.contains(kind), "{body}");
    }
    let (_, commit) = scene.get(&scene.git(&format!("/commits/{}?api-version=7.1", scene.merge))).await;
    assert_eq!(commit["parents"], json!([scene.base, scene.head]));
    let (_, iterations) = scene.get(&scene.git("/pullRequests/7/iterations?api-version=7.1")).await;
    assert_eq!(iterations["value"][0]["commonRefCommit"]["commitId"], json!(scene.base));
}

#[tokio::test]
async fn builds_and_pull_requests_are_found_by_commit() {
    let scene = scene().await;
    let first = scene.repository.build("refs/heads/main", "IndividualCI", &scene.base, Some("succeeded"));
    scene.repository.build("refs/heads/main", "IndividualCI", &scene.base, Some("failed"));
    let path = "/build/builds?definitions=12&branchName=refs/heads/main&resultFilter=succeeded&api-version=7.1";
    let (_, builds) = scene.get(path).await;
    assert_eq!((builds["count"].as_u64(), builds["value"][0]["id"].as_u64()), (Some(1), Some(first)));
    assert_eq!(scene.get("/build/builds?repositoryId=1&api-version=7.1").await.0, 400, "the id's type is missing");
    assert_eq!(scene.ask(Method::GET, path, "reader").send().await.unwrap().status(), 403);

    let own = scene.repository.build("refs/heads/main", "IndividualCI", &scene.merge, None);
    let (_, changes) =
        scene.get(&format!("/build/changes?fromBuildId={first}&toBuildId={own}&api-version=7.1-preview.2")).await;
    let ids: Vec<_> =
        changes["value"].as_array().unwrap().iter().map(|change| change["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [scene.merge.as_str(), scene.head.as_str()]);

    let path = "/pullRequests/7?api-version=7.1";
    let done = |head: &str| json!({"status": "completed", "lastMergeSourceCommit": {"commitId": head}});
    assert_eq!(scene.send(Method::PATCH, path, &done(&scene.base)).await.0, 400, "that is not its head");
    let (_, pull) = scene.send(Method::PATCH, path, &done(&scene.head)).await;
    assert_eq!(pull["status"], "completed");
    let query = json!({"queries": [{"type": "lastMergeCommit", "items": [scene.merge]}, {"type": "commit", "items": [scene.head, scene.base]}]});
    let (_, found) = scene.send(Method::POST, "/pullrequestquery?api-version=7.1", &query).await;
    assert_eq!(found["results"][0][&scene.merge][0]["pullRequestId"], 7);
    assert_eq!(found["results"][1][&scene.head][0]["status"], "completed");
    assert!(found["results"][1][&scene.base].is_null());
}

#[tokio::test]
async fn another_project_does_not_exist_for_a_job() {
    let scene = scene().await;
    let url = format!("{ROOT}/Other/_apis/build/builds");
    let answer = scene.client.get(&url).bearer_auth("t").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("TF200016"));
}
