//! What a job writes: comments, check runs and suggestions.

use super::{API, scene};
use reqwest::Method;
use serde_json::{Value, json};

fn annotations(number: u64) -> Value {
    (1..=number)
        .map(|line| {
            json!({"path": "images.txt", "start_line": line, "end_line": line,
        "annotation_level": "warning", "message": "m"})
        })
        .collect()
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

#[tokio::test]
async fn a_pull_request_is_merged_once_and_by_who_may() {
    let scene = scene().await;
    assert_eq!(scene.send(Method::PUT, "/pulls/7/merge", &json!({})).await.0, 403);
    scene.repository.token_of("m", "octavia", &["contents: write"]);
    let merge = async |number: u64| {
        let url = format!("{API}/pulls/{number}/merge");
        let asked = scene.client.http.put(url).header("user-agent", "test").bearer_auth("m");
        let answer = asked.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(merge(8).await.0, 404);
    let (status, merged) = merge(7).await;
    assert_eq!((status, &merged["sha"], &merged["merged"]), (200, &json!(scene.merge), &json!(true)));
    assert!(scene.repository.pull(7).unwrap().is_merged);
    assert_eq!(scene.json("/commits/heads/main").await["sha"], scene.merge);
    assert_eq!(merge(7).await.0, 405);
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
