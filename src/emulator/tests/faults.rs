//! Misbehaviour on the way of any request.

use super::client::{Client, MANAGEMENT, header};
use crate::{
    emulator::{Fault, Image},
    reference::Digest,
};
use std::time::{Duration, Instant};

const PING: &str = "https://plain.example/v2/";

async fn plain() -> Client {
    let client = Client::demo().await;
    client.world().source("plain.example").put("a:1", &Image::single("linux/amd64").layers(1, 300_000));
    client
}

fn blob() -> (String, Vec<u8>) {
    let bytes = Image::single("linux/amd64").layers(1, 300_000).build().blobs[0].to_vec();
    (format!("https://plain.example/v2/a/blobs/{}", Digest::of(&bytes)), bytes)
}

#[tokio::test]
async fn a_fault_strikes_where_and_as_often_as_it_says() {
    let client = plain().await;
    let world = client.world();
    world.fault(Fault::status_retry_after(503, 7).on("plain.example").method("get").path("/v2/").times(2));
    assert_eq!(client.get(&format!("{MANAGEMENT}/subscriptions")).send().await.unwrap().status(), 401);
    assert_eq!(client.http.head(PING).send().await.unwrap().status(), 200);
    for _ in 0..2 {
        let answer = client.get(PING).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (503, "7"));
    }
    assert_eq!(client.get(PING).send().await.unwrap().status(), 200);
    let statuses: Vec<_> = world.requests().iter().filter_map(|seen| seen.status).collect();
    assert_eq!(statuses, [401, 200, 503, 503, 200]);
}

#[tokio::test]
async fn a_throttle_counts_down_and_ends() {
    let client = plain().await;
    client.world().fault(Fault::throttle(Duration::from_millis(1200)).on("plain.example"));
    let wait = async || {
        let answer = client.get(PING).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned()))
    };
    assert_eq!(wait().await, (429, Some("2".to_owned())));
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(wait().await, (429, Some("1".to_owned())));
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(wait().await, (200, None));
}

#[tokio::test]
async fn connections_break_before_and_inside_the_answer() {
    let client = plain().await;
    let (url, bytes) = blob();
    for fault in [Fault::close(), Fault::reset()] {
        client.world().fault(fault.on("plain.example"));
        client.get(PING).send().await.unwrap_err();
    }
    for fault in [Fault::close_in_body(), Fault::reset_in_body()] {
        client.world().fault(fault.on("plain.example"));
        let answer = client.get(&url).send().await.unwrap();
        assert_eq!(header(&answer, "content-length"), bytes.len().to_string());
        answer.bytes().await.unwrap_err();
    }
    assert_eq!(client.get(&url).send().await.unwrap().bytes().await.unwrap(), bytes);
    assert_eq!(client.world().requests().iter().filter(|seen| seen.status.is_none()).count(), 2);
}

#[tokio::test]
async fn an_upload_breaks_before_its_body_is_read() {
    let client = plain().await;
    client.world().fault(Fault::reset().method("PATCH"));
    let asked = client.http.patch("https://plain.example/v2/a/blobs/uploads/1").body(vec![0; 8 << 20]);
    asked.send().await.unwrap_err();
    assert_eq!(client.world().requests()[0].body_bytes, 0);
}

#[tokio::test]
async fn bodies_are_cut_changed_or_replaced() {
    let client = plain().await;
    let (url, bytes) = blob();
    client.world().fault(Fault::truncate().on("plain.example"));
    assert_eq!(client.get(PING).send().await.unwrap().text().await.unwrap(), "{");
    client.world().fault(Fault::corrupt().on("plain.example"));
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(header(&answer, "docker-content-digest"), Digest::of(&bytes).to_string());
    let changed = answer.bytes().await.unwrap();
    assert!(changed.len() == bytes.len() && changed != bytes);
    client.world().fault(Fault::html().on("plain.example"));
    assert!(client.get(PING).send().await.unwrap().text().await.unwrap().starts_with("<!DOCTYPE html>"));
    client.world().fault(Fault::delay(Duration::from_millis(120)).on("plain.example"));
    let begin = Instant::now();
    assert_eq!(client.get(PING).send().await.unwrap().status(), 200);
    assert!(begin.elapsed() >= Duration::from_millis(120));
    client.world().fault(Fault::delay(Duration::from_millis(50)).always());
    client.world().fault(Fault::status(502));
    let begin = Instant::now();
    assert_eq!(client.get(PING).send().await.unwrap().status(), 502);
    assert!(begin.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn secrets_are_not_kept_in_what_was_seen() {
    let client = plain().await;
    let answer =
        client.get("https://plain.example/v2/?sig=secret&n=1").basic_auth("u", Some("secret")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen = client.world().requests().remove(0);
    assert_eq!((seen.path.as_str(), seen.authorization.as_deref()), ("/v2/?sig=***&n=1", Some("Basic")));
    assert!(!format!("{seen:?}").contains("secret"));
}
