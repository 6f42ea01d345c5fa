//! The habits of the source registries.

use super::client::{Client, header};
use crate::emulator::{HUB_ACCOUNT, Image, SourceAuth};
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn docker_hub_gives_tokens_on_another_host_and_hides_what_does_not_exist() {
    let client = Client::demo().await;
    let ping = client.get("https://registry-1.docker.io/v2/").send().await.unwrap();
    let challenge = header(&ping, "www-authenticate");
    assert_eq!(challenge, "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"");
    let token = async |name: &str| {
        let url = format!("https://auth.docker.io/token?service=registry.docker.io&scope=repository:{name}:pull");
        let answer: Value = client.get(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!((&answer["token"], &answer["expires_in"]), (&answer["access_token"], &Value::from(300)));
        answer["token"].as_str().unwrap().to_owned()
    };
    let nginx = token("library/nginx").await;
    let head = client.manifest(Method::HEAD, "registry-1.docker.io", "library/nginx/manifests/1.27", &nginx).await;
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "ratelimit-limit"), "100;w=21600");
    let other = client.manifest(Method::HEAD, "registry-1.docker.io", "library/alpine/manifests/3.20", &nginx).await;
    assert_eq!(other.status(), 401, "a token holds for its repository");
    let short = token("nginx").await;
    let hidden = client.manifest(Method::GET, "registry-1.docker.io", "nginx/manifests/1.27", &short).await;
    assert_eq!(hidden.status(), 401, "`library/` is not added, and nothing is 401 rather than 404");
    let wrong =
        client.get("https://auth.docker.io/token?service=registry.docker.io").basic_auth(HUB_ACCOUNT.0, Some("x"));
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    assert_eq!(client.get("https://docker.io/v2/").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn docker_hub_counts_manifests_but_no_heads() {
    let client = Client::demo().await;
    drop(client.world().source("docker.io").pulls_left(1));
    let url = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull";
    let token =
        client.get(url).send().await.unwrap().json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let ask =
        async |method| client.manifest(method, "registry-1.docker.io", "library/nginx/manifests/1.27", &token).await;
    assert_eq!(ask(Method::HEAD).await.status(), 200);
    assert_eq!(header(&ask(Method::GET).await, "ratelimit-remaining"), "0;w=21600");
    assert_eq!(ask(Method::HEAD).await.status(), 200);
    assert_eq!(ask(Method::GET).await.status(), 429);
}

#[tokio::test]
async fn kubernetes_redirects_manifests_and_needs_no_token() {
    let client = Client::demo().await;
    assert_eq!(client.get("https://registry.k8s.io/v2/").send().await.unwrap().status(), 200);
    let url = "https://registry.k8s.io/v2/ingress-nginx/controller/manifests/v1.11.1";
    let redirect = client.get(url).send().await.unwrap();
    assert_eq!(redirect.status(), 307);
    let mirror = header(&redirect, "location");
    assert!(mirror.starts_with("https://europe-west4-docker.pkg.dev/v2/"), "{mirror}");
    let head = client.http.head(&mirror).send().await.unwrap();
    let digest = client.world().source("registry.k8s.io").tag("ingress-nginx/controller", "v1.11.1").unwrap();
    assert_eq!(header(&head, "docker-content-digest"), digest.to_string());
    assert_eq!(client.get("https://registry.k8s.io/v2/_catalog").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn github_names_a_placeholder_that_it_then_denies() {
    let client = Client::demo().await;
    let ping = client.get("https://ghcr.io/v2/").send().await.unwrap();
    assert!(header(&ping, "www-authenticate").contains("scope=\"repository:user/image:pull\""));
    let denied =
        client.get("https://ghcr.io/token?service=ghcr.io&scope=repository:user/image:pull").send().await.unwrap();
    assert_eq!(denied.status(), 403);
}

#[tokio::test]
async fn private_registries_want_their_accounts() {
    let client = Client::demo().await;
    let image = Image::single("linux/amd64");
    client.world().source("basic.example").private_basic("u", "p").put("a:1", &image);
    client.world().source("bearer.example").private_bearer("u", "p").put("a:1", &image);
    let url = "https://basic.example/v2/a/manifests/1";
    let without = client.get(url).send().await.unwrap();
    assert_eq!(header(&without, "www-authenticate"), "Basic realm=\"Registry Realm\"");
    assert_eq!(client.get(url).basic_auth("u", Some("p")).send().await.unwrap().status(), 200);
    assert_eq!(client.get(url).basic_auth("u", Some("x")).send().await.unwrap().status(), 401);

    let url = "https://bearer.example/token?service=bearer.example&scope=repository:a:pull";
    assert_eq!(client.get(url).send().await.unwrap().status(), 401);
    let answer: Value = client.get(url).basic_auth("u", Some("p")).send().await.unwrap().json().await.unwrap();
    let token = answer["token"].as_str().unwrap();
    let got = client.manifest(Method::GET, "bearer.example", "a/manifests/1", token).await;
    assert_eq!(got.status(), 200);
}

#[tokio::test]
async fn a_realm_may_lie_on_another_host_and_a_source_may_misbehave() {
    let client = Client::demo().await;
    let image = Image::single("linux/amd64");
    let realm = SourceAuth::Bearer { realm: "https://elsewhere.example/token".into(), service: "s".into() };
    client.world().source("odd.example").auth(realm).put("a:1", &image);
    let ping = client.get("https://odd.example/v2/").send().await.unwrap();
    assert!(header(&ping, "www-authenticate").contains("https://elsewhere.example/token"));
    client.world().source("plain.example").without_digest_header().without_ranges().put("a:1", &image);
    let got = client.manifest(Method::GET, "plain.example", "a/manifests/1", "x").await;
    assert!(got.headers().get("docker-content-digest").is_none());
    drop(client.world().source("page.example").html());
    let page = client.get("https://page.example/v2/").send().await.unwrap();
    assert!(header(&page, "content-type").starts_with("text/html"));
}

#[tokio::test]
async fn hosts_of_nobody_are_refused_and_hosts_of_this_machine_passed_through() {
    let client = Client::demo().await;
    assert!(client.get("https://example.com/").send().await.is_err());
    let plain = client.get("http://example.com/").send().await.unwrap();
    assert_eq!(plain.status(), 502);
    assert!(plain.text().await.unwrap().contains("`example.com` is no host of this emulator"));

    let neighbour = Client::demo().await;
    let url = format!("http://{}/v2/", neighbour.emulator.address());
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(neighbour.world().requests().len(), 1);
    assert!(client.world().requests().is_empty());
}

#[tokio::test]
async fn a_dropped_emulator_answers_nobody_on_connections_that_were_open_either() {
    let Client { http, emulator } = Client::demo().await;
    let url = "https://registry.k8s.io/v2/";
    assert_eq!(http.get(url).send().await.unwrap().status(), 200);
    drop(emulator);
    http.get(url).send().await.unwrap_err();
}
