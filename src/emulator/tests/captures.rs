//! The requests that the Azure CLI was seen to send, sent again: status and shape of the answers must be the same.

use super::client::{Client, quick};
use crate::emulator::{CLIENT, Image, MANAGED_IDENTITY, SECRET};
use reqwest::Method;
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

#[tokio::test]
async fn what_the_azure_cli_asks_is_answered_in_the_shape_it_was_seen_to_accept() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/az-cli-captures");
    let mut names = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "json") {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let capture: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            replay(&name, &capture).await;
            names.push(name);
        }
    }
    assert!(names.len() >= 15, "{names:?}");
}

async fn replay(name: &str, capture: &Value) {
    let client = Client::of(quick()).await;
    seed(&client, name);
    let mut last: Option<String> = None;
    for exchange in capture["exchanges"].as_array().unwrap() {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let path = request["path"].as_str().unwrap();
        let is_poll = path.contains("/operationResults/");
        let answer =
            if is_poll { finished(&client, &last.clone().unwrap()).await } else { send(&client, request).await };
        if let Some(location) = answer.headers().get("location") {
            last = Some(location.to_str().unwrap().to_owned());
        }
        let (status, wanted) = (answer.status().as_u16(), response["status"].as_u64().unwrap());
        let challenge = answer.headers().get("www-authenticate").map(|it| it.to_str().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        assert_eq!(u64::from(status), wanted, "{name}: {path}: {text}");
        if path == "/v2/" {
            assert_eq!(challenge.as_deref(), response["headers"]["WWW-Authenticate"].as_str(), "{name}");
        }
        // The captures end an import with no body, the recordings of Azure with `Succeeded`.
        let (given, wanted) = (serde_json::from_str(&text).unwrap_or_default(), &response["body"]);
        if !(is_poll && wanted.is_null()) {
            let missing: Vec<_> = fields(wanted).difference(&fields(&given)).cloned().collect();
            assert!(missing.is_empty(), "{name}: {path} lacks {missing:?}: {given}");
        }
    }
}

/// Puts into the world what the capture's server had.
fn seed(client: &Client, name: &str) {
    let world = client.world();
    let registry = world.azure_registry("contosoacr");
    for tag in ["3.20", "3.21", "latest"] {
        let is_import = name.starts_with("import-") && !name.contains("409");
        if !is_import {
            registry.put(&format!("hub/library/alpine:{tag}"), &Image::single("linux/amd64").content(tag));
        }
    }
    world.source("quay.io").put("prometheus/prometheus:v3.5.0", &Image::index(["linux/amd64", "linux/arm64"]));
    if name.contains("403-on-post") {
        world.identity(CLIENT, SECRET, crate::emulator::Rights::reader());
    }
}

async fn send(client: &Client, request: &Value) -> reqwest::Response {
    let text = |name: &str| request[name].as_str().unwrap();
    let (host, path) = (text("host"), text("path"));
    let scheme = if host == "169.254.169.254" { "http" } else { "https" };
    let method: Method = text("method").parse().unwrap();
    let mut asked = client.http.request(method, format!("{scheme}://{host}{path}"));
    let mut query = request["query"].clone();
    if query.get("client_id").is_some() {
        query["client_id"] = Value::from(MANAGED_IDENTITY);
    }
    asked = asked.query(&query);
    for (name, value) in request["headers"].as_object().unwrap() {
        let (name, value) = (name.to_ascii_lowercase(), value.as_str().unwrap());
        match name.as_str() {
            "authorization" if host.starts_with("management") => asked = asked.bearer_auth(client.arm_token().await),
            "authorization" => {
                let scopes = [
                    "registry:catalog:*",
                    "repository:hub/library/alpine:metadata_read",
                    "repository:missing:metadata_read",
                ];
                asked = asked.bearer_auth(client.access_token(&scopes).await);
            }
            "accept" | "metadata" => asked = asked.header(name, value),
            _ => {}
        }
    }
    let body = &request["body"];
    let is_form = request["headers"]["Content-Type"].as_str().is_some_and(|it| it.contains("form"));
    match body {
        Value::Null => asked.send().await.unwrap(),
        body if is_form => asked.form(&with_secrets(client, body).await).send().await.unwrap(),
        body => asked.json(body).send().await.unwrap(),
    }
}

/// Puts this world's secrets where the capture has its own or a mark.
async fn with_secrets(client: &Client, form: &Value) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in form.as_object().unwrap() {
        let value = match (name.as_str(), value.as_str().unwrap()) {
            ("client_secret", "secret-value") => SECRET.to_owned(),
            ("access_token", _) => client.arm_token().await,
            ("refresh_token", _) => client.refresh_token().await,
            (_, value) => value.to_owned(),
        };
        pairs.push((name.clone(), value));
    }
    pairs
}

async fn finished(client: &Client, location: &str) -> reqwest::Response {
    let token = client.arm_token().await;
    for _ in 0..100 {
        let answer = client.get(location).bearer_auth(&token).send().await.unwrap();
        if answer.status() != 202 {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the import does not end");
}

/// Returns every path to a value, with the kind of the value.
fn fields(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    walk(value, &format!("{path}.{name}"), found);
                }
            }
            Value::Array(list) => {
                for value in list {
                    walk(value, &format!("{path}[]"), found);
                }
            }
            Value::String(_) => found.extend([format!("{path} text")]),
            Value::Number(_) => found.extend([format!("{path} number")]),
            Value::Bool(_) => found.extend([format!("{path} bool")]),
            Value::Null => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(value, "", &mut found);
    found
}
