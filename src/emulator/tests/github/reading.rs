//! What a job reads: files, commits, pull requests and runs.

use super::scene;
use crate::emulator::TreeEntry;
use reqwest::Method;
use serde_json::{Value, json};

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

/// octocrab knows nothing of the emulator: what it can read is like GitHub's enough.
#[tokio::test]
async fn octocrab_reads_the_answers_and_follows_the_links() {
    let scene = scene().await;
    for number in 0..130 {
        scene.repository.comment(7, "github-actions[bot]", true, &number.to_string());
    }
    scene.repository.workflow_run("sync.yml", "main", "push", &scene.base, Some("success"));
    let crab = octocrab::Octocrab::builder().base_uri("https://api.github.com").unwrap();
    let crab = crab.personal_token("t".to_owned()).build_with_reqwest(scene.client.http.clone()).unwrap();
    let issues = crab.issues("contoso", "images");
    let comments = crab.all_pages(issues.list_comments(7).per_page(50).send().await.unwrap()).await.unwrap();
    assert_eq!((comments.len(), comments[129].user.r#type.as_str()), (130, "Bot"));
    assert_eq!(issues.create_comment(7, "x").await.unwrap().body.as_deref(), Some("x"));
    assert_eq!(crab.pulls("contoso", "images").get(7).await.unwrap().head.sha, scene.head);
    let commits = crab.commits("contoso", "images");
    assert_eq!(commits.get(&scene.merge).await.unwrap().parents.len(), 2);
    let pulls: Vec<octocrab::models::pulls::PullRequest> =
        crab.get(format!("/repos/contoso/images/commits/{}/pulls", scene.head), None::<&()>).await.unwrap();
    assert_eq!(pulls[0].number, 7);
    let runs = crab.workflows("contoso", "images").list_runs("sync.yml").branch("main").send().await.unwrap();
    assert_eq!(runs.items[0].head_sha, scene.base);
    let file = crab.repos("contoso", "images").get_content().path("images.txt").r#ref("main").send().await.unwrap();
    assert_eq!(file.items[0].decoded_content().as_deref(), Some("a\nb\n"));
    let check = crab.checks("contoso", "images").create_check_run("plan", &scene.head).send().await.unwrap();
    assert_eq!(check.head_sha, scene.head);
    let refused = crab.get::<Value, _, ()>("/repos/contoso/none", None).await.unwrap_err();
    assert!(matches!(refused, octocrab::Error::GitHub { source, .. } if source.message == "Not Found"));
}
