//! Imports: what is copied, what is refused, and in which words.

use super::client::{Client, MANAGEMENT, body, header, quick, registry_id};
use crate::{
    emulator::{CLIENT, Fault, HUB_ACCOUNT, Image, Part, Rights, SECRET, World},
    reference::Digest,
};
use serde_json::{Value, json};
use std::time::Duration;

const NGINX: &str = "library/nginx:1.27";

fn message(ending: &(u16, Value)) -> &str {
    ending.1["error"]["message"].as_str().unwrap()
}

#[tokio::test]
async fn an_import_is_accepted_polled_and_then_there_with_all_its_parts() {
    let world = quick();
    world.import_latency(Duration::from_millis(200));
    let client = Client::of(world).await;
    let registry = client.world().azure_registry("contosoacr");
    let begun = client.import(&body("docker.io", NGINX, "mirror/nginx:stable")).await;
    assert_eq!((begun.status().as_u16(), header(&begun, "retry-after").as_str()), (202, "10"));
    let first = header(&begun, "location");
    assert!(
        first.contains("/locations/WESTEUROPE/operationResults/registries-") && first.len() > 4500,
        "{}",
        first.len()
    );
    let token = client.arm_token().await;
    let poll = client.get(&first).bearer_auth(&token).send().await.unwrap();
    assert_eq!(poll.status(), 202);
    let second = header(&poll, "location");
    assert_ne!(first, second, "every poll has a new address");
    let pending: Value = poll.json().await.unwrap();
    assert_eq!(pending, json!({"mirror/nginx:stable": "Pending", "status": "Accepted"}));
    assert_eq!(registry.tag("mirror/nginx", "stable"), None);
    let broken = second.replace("&s=", "&s=x");
    assert_eq!(client.get(&broken).bearer_auth(&token).send().await.unwrap().status(), 400);
    tokio::time::sleep(Duration::from_millis(250)).await;
    let digest = client.world().source("docker.io").tag("library/nginx", "1.27").unwrap();
    assert_eq!(registry.tag("mirror/nginx", "stable"), Some(digest), "the image is there before anybody polls");
    assert!(registry.is_whole("mirror/nginx", &digest));
    let done = client.get(&second).bearer_auth(&token).send().await.unwrap();
    assert_eq!((done.status().as_u16(), done.json::<Value>().await.unwrap()), (200, json!({"status": "Succeeded"})));
    let import = &client.world().imports()[0];
    assert_eq!((import.image.as_str(), import.by_digest, import.forced), (NGINX, false, false));
}

#[tokio::test]
async fn an_import_by_digest_serves_several_targets_and_untagged_ones() {
    let client = Client::of(quick()).await;
    let digest = client.world().source("docker.io").tag("library/nginx", "1.27").unwrap();
    let image = format!("library/nginx@{digest}");
    let request = json!({"source": {"registryUri": "registry.hub.docker.com", "sourceImage": image},
        "targetTags": ["a:1", "b/c:2"], "untaggedTargetRepositories": ["bare"], "mode": "NoForce"});
    assert_eq!(client.import_to_end(&request).await.0, 200);
    let registry = client.world().azure_registry("contosoacr");
    assert_eq!((registry.tag("a", "1"), registry.tag("b/c", "2")), (Some(digest), Some(digest)));
    assert!(registry.tags("bare").is_empty() && registry.is_whole("bare", &digest));
}

#[tokio::test]
async fn a_taken_tag_is_a_conflict_unless_forced_and_a_lock_does_not_stop_force() {
    let client = Client::of(quick()).await;
    let registry = client.world().azure_registry("contosoacr");
    let old = registry.put("a:1", &Image::single("linux/amd64").content("old"));
    registry.lock_tag("a", "1");
    let mut request = body("docker.io", NGINX, "a:1");
    let refused = client.import_to_end(&request).await;
    assert_eq!((refused.0, &refused.1["error"]["code"]), (409, &json!("Conflict")));
    let prefix = message(&refused).split(" failed. Resource ").next().unwrap();
    assert!(prefix.starts_with("Operation registries-"));
    assert!(message(&refused).ends_with(&format!("{} Tag a:1 already exists in target registry.", registry.id())));
    assert_eq!(registry.tag("a", "1"), Some(old));
    request["mode"] = json!("Force");
    assert_eq!(client.import_to_end(&request).await.0, 200);
    assert_ne!(registry.tag("a", "1"), Some(old));
    let state = client.world().state();
    assert!(!state.registries["contosoacr.azurecr.io"].repositories["a"].tags["1"].locks.write_enabled);
}

#[tokio::test]
async fn a_malformed_request_is_refused_at_once() {
    let client = Client::of(quick()).await;
    let digest = Digest::of(b"");
    let answer = client.import(&body("docker.io", &format!("{NGINX}@{digest}"), "a:1")).await;
    assert_eq!(answer.status(), 400);
    let text = answer.json::<Value>().await.unwrap()["error"]["message"].as_str().unwrap().to_owned();
    assert!(text.starts_with("Invalid value library/nginx:1.27@sha256:"), "{text}");
    assert!(client.world().imports().is_empty());
}

#[tokio::test]
async fn failures_of_the_source_are_told_in_the_observed_words() {
    let client = Client::of(quick()).await;
    let world = client.world();
    let image = Image::single("linux/amd64");
    world.source("nexus.example").without_digest_header().put("a:1", &image);
    world.source("slow.example").without_ranges().put("a:1", &image);
    world.source("big.example").put("a:1", &Image::index([]).manifests(50));
    world.source("locked.example").private_basic("u", "p").put("a:1", &image);
    drop(world.source("page.example").html());
    for (host, image, words) in [
        (
            "docker.io",
            "nginx:1.27",
            "Invalid message Unauthorized Unauthorized {\"errors\":[{\"code\":\"UNAUTHORIZED\"",
        ),
        ("quay.io", "jetstack/cert-manager-webhook:none", "Invalid message NotFound NotFound {"),
        ("nexus.example", "a:1", "Unable to find manifest digest Repo: a Tag: 1 Manifest:"),
        ("slow.example", "a:1", "The remote server may not be RFC 7233 compliant"),
        ("page.example", "a:1", "Unexpected response status code"),
        ("locked.example", "a:1", "Invalid message Unauthorized Unauthorized"),
        ("big.example", "a:1", "51 manifests"),
        ("nowhere.example", "a:1", "No such host is known."),
    ] {
        let ending = client.import_to_end(&body(host, image, "a:1")).await;
        assert_eq!((ending.0, &ending.1["error"]["code"]), (400, &json!("InvalidParameters")), "{host}");
        assert!(message(&ending).contains(words), "{host}: {}", message(&ending));
    }
    world.fault(Fault::status(429).on("registry-1.docker.io").path("/manifests/"));
    let ending = client.import_to_end(&body("docker.io", NGINX, "a:1")).await;
    assert!(message(&ending).contains("StatusCode: 429, Reason: Too Many Requests"));
    assert!(world.azure_registry("contosoacr").repositories().is_empty(), "what failed left nothing behind");
}

#[tokio::test]
async fn credentials_open_a_private_source_and_wrong_ones_close_a_public_one() {
    let client = Client::of(quick()).await;
    client.world().source("locked.example").private_basic("u", "p").put("a:1", &Image::single("linux/amd64"));
    let with = |host: &str, image: &str, user: &str, password: &str, target: &str| {
        let mut request = body(host, image, target);
        request["source"]["credentials"] = json!({"username": user, "password": password});
        request
    };
    assert_eq!(client.import_to_end(&with("locked.example", "a:1", "u", "p", "a:1")).await.0, 200);
    assert_eq!(client.import_to_end(&with("docker.io", NGINX, HUB_ACCOUNT.0, HUB_ACCOUNT.1, "b:1")).await.0, 200);
    assert_eq!(client.import_to_end(&with("docker.io", NGINX, HUB_ACCOUNT.0, "x", "c:1")).await.0, 400);
    let names: Vec<_> = client.world().imports().into_iter().map(|import| import.username.unwrap()).collect();
    assert_eq!(names, ["u", HUB_ACCOUNT.0, HUB_ACCOUNT.0]);
}

#[tokio::test]
async fn a_source_registry_in_azure_is_read_by_right_or_by_credentials() {
    let client = Client::of(quick()).await;
    let world = client.world();
    let source = world.azure_registry("fabrikamacr");
    let by_id = |target: &str| json!({"source": {"resourceId": registry_id("fabrikamacr"), "sourceImage": "team/app:1.4.2"}, "targetTags": [target]});
    assert_eq!(client.import_to_end(&by_id("a:1")).await.0, 200);
    world.identity("narrow", "s", Rights::importer().only_on(["contosoacr"]));
    let token = client.token_of("narrow", "s", MANAGEMENT).await;
    let refused = client.import_as(&token, "1", &by_id("b:1")).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "LinkedAuthorizationFailed");

    let by_name = body("fabrikamacr.azurecr.io", "team/app:1.4.2", "c:1");
    assert!(message(&client.import_to_end(&by_name).await).contains("Unauthorized"));
    let mut with_token = by_name.clone();
    let token = client.token_of(CLIENT, SECRET, "https://containerregistry.azure.net").await;
    with_token["source"]["credentials"] = json!({"password": token});
    assert_eq!(client.import_to_end(&with_token).await.0, 200);
    // Closed to networks, it is open to the other registry by id only (section 5.2).
    source.public_access(false);
    assert_eq!(client.import_to_end(&by_id("d:1")).await.0, 200);
    with_token["targetTags"] = json!(["e:1"]);
    assert!(message(&client.import_to_end(&with_token).await).contains("Invalid message Forbidden Forbidden"));
    source.without_bypass();
    assert!(message(&client.import_to_end(&by_id("f:1")).await).contains("Access to fabrikamacr.azurecr.io denied."));
}

#[tokio::test]
async fn who_may_not_import_is_told_which_right_is_missing() {
    let client = Client::of(quick()).await;
    client.world().identity("reader", "s", Rights::reader());
    let token = client.token_of("reader", "s", MANAGEMENT).await;
    let answer = client.import_as(&token, "1", &body("docker.io", NGINX, "a:1")).await;
    assert_eq!(answer.status(), 403);
    let error = answer.json::<Value>().await.unwrap()["error"].clone();
    assert_eq!(error["code"], "AuthorizationFailed");
    assert!(error["message"].as_str().unwrap().contains("registries/importImage/action' over scope"));
}

#[tokio::test]
async fn one_request_id_for_two_imports_makes_the_second_hang() {
    let client = Client::of(quick()).await;
    let token = client.arm_token().await;
    let first = client.import_as(&token, "same", &body("docker.io", NGINX, "a:1")).await;
    assert_eq!(client.ending(first).await.0, 200);
    let second = client.import_as(&token, "same", &body("docker.io", NGINX, "a:2")).await;
    let location = header(&second, "location");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(client.get(&location).bearer_auth(&token).send().await.unwrap().status(), 202);
    assert_eq!(client.world().azure_registry("contosoacr").tag("a", "2"), None);
}

#[tokio::test]
async fn imports_misbehave_on_request() {
    let client = Client::of(quick()).await;
    let world = client.world();
    let registry = world.azure_registry("contosoacr");
    let run = async |target: &str| client.import_to_end(&body("docker.io", NGINX, target)).await;

    world.fault(Fault::import_copy_error().path("a:1"));
    assert!(message(&run("a:1").await).ends_with(" Error copying blobs"));
    assert_eq!(run("a:1").await.0, 200, "once is the default");
    world.fault(Fault::import_source_throttled());
    assert!(message(&run("a:2").await).contains("429 Too Many Requests Too Many Requests (HAP429)."));
    world.fault(Fault::import_says_failed("InvalidParameters", "Error copying blobs"));
    let lying = run("a:3").await;
    assert_eq!((lying.0, &lying.1["status"]), (200, &json!("Failed")));
    for (part, target) in [(Part::Manifest, "m"), (Part::Child, "c"), (Part::Layer, "l")] {
        world.fault(Fault::import_breaks(part));
        assert_eq!(run(&format!("{target}:1")).await, (200, json!({"status": "Succeeded"})));
        let digest = registry.tag(target, "1").unwrap();
        assert!(!registry.is_whole(target, &digest), "{part:?}");
    }
    let moved = Image::single("linux/amd64").content("moved");
    world.fault(Fault::source_moves("docker.io", NGINX, &moved));
    assert_eq!(run("s:1").await.0, 200);
    assert_eq!(registry.tag("s", "1"), Some(moved.digest()));
    world.fault(Fault::status(500).on("management.azure.com").path("/operationResults/"));
    assert_eq!(run("p:1").await.0, 500);
    world.fault(Fault::import_at_once().times(2));
    let done = client.import(&body("docker.io", NGINX, "o:1")).await;
    assert_eq!((done.status().as_u16(), registry.tag("o", "1").is_some()), (200, true));
    let taken = client.import(&body("docker.io", NGINX, "o:1")).await;
    assert_eq!((taken.status().as_u16(), taken.headers().get("location")), (409, None));
    world.fault(Fault::import_hangs());
    let hanging = client.import(&body("docker.io", NGINX, "h:1")).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let token = client.arm_token().await;
    let poll = client.get(&header(&hanging, "location")).bearer_auth(token).send().await.unwrap();
    assert_eq!(poll.status(), 202);
    assert_eq!(world.faults_left(), 0);
}

#[tokio::test]
async fn an_image_of_another_server_on_this_machine_is_fetched_and_imported() {
    let neighbour = World::new();
    let registry = neighbour.azure_registry("local");
    registry.anonymous_pull();
    registry.token_user("u", "p", ["repositories/team/app/content/read"]);
    let digest = registry.put("team/app:1", &Image::index(["linux/amd64", "linux/arm64"]).content("local"));
    let neighbour = crate::emulator::Emulator::start(neighbour).await.unwrap();
    let client = Client::of(quick()).await;
    let mut request = body(&neighbour.address().to_string(), "team/app:1", "team/app:1");
    request["source"]["credentials"] = json!({"username": "u", "password": "p"});
    assert_eq!(client.import_to_end(&request).await, (200, json!({"status": "Succeeded"})));
    let registry = client.world().azure_registry("contosoacr");
    assert_eq!(registry.tag("team/app", "1"), Some(digest));
    assert!(registry.is_whole("team/app", &digest));
    request["source"]["sourceImage"] = json!("team/app:none");
    request["targetTags"] = json!(["team/app:2"]);
    assert!(message(&client.import_to_end(&request).await).contains("NotFound"));
}

#[tokio::test]
async fn many_imports_run_at_the_same_time() {
    let world = World::demo();
    world.import_latency(Duration::from_millis(300));
    let client = Client::of(world).await;
    let token = client.arm_token().await;
    let requests: Vec<_> = (0..100).map(|at| (at.to_string(), body("docker.io", NGINX, &format!("a:{at}")))).collect();
    let begin = std::time::Instant::now();
    let begun = requests.iter().map(|(id, request)| client.import_as(&token, id, request));
    let begun = futures_util::future::join_all(begun).await;
    assert!(begun.iter().all(|answer| answer.status() == 202));
    tokio::time::sleep(Duration::from_millis(400)).await;
    let tags = client.world().azure_registry("contosoacr").tags("a").len();
    assert_eq!((tags, client.world().imports().len()), (100, 100), "after {:?}", begin.elapsed());
}
