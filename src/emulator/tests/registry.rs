//! The distribution API and `/acr/v1` of an Azure registry.

use super::client::{CONTOSO, Client, header};
use crate::{
    emulator::{Image, World},
    reference::Digest,
};
use reqwest::Method;
use serde_json::{Value, json};

const ALL: &str = "repository:a:pull,push,delete,metadata_read,metadata_write";

#[tokio::test]
async fn an_image_is_pushed_blob_by_blob_and_refused_while_a_part_is_missing() {
    let client = Client::demo().await;
    let token = client.access_token(&[ALL]).await;
    let built = Image::single("linux/amd64").content("pushed").build();
    let (media_type, bytes) = built.manifests.last().unwrap().clone();
    let put = async |reference: &str| {
        let asked = client.http.put(format!("https://{CONTOSO}/v2/a/manifests/{reference}")).bearer_auth(&token);
        asked.header("content-type", media_type).body(bytes.clone()).send().await.unwrap()
    };
    let upload = async |blob: &bytes::Bytes, digest: &Digest| {
        let begun = client.http.post(format!("https://{CONTOSO}/v2/a/blobs/uploads/")).bearer_auth(&token);
        let location = format!("https://{CONTOSO}{}", header(&begun.send().await.unwrap(), "location"));
        let half = blob.len() / 2;
        let first = client.http.patch(&location).bearer_auth(&token).body(blob.slice(..half)).send().await.unwrap();
        assert_eq!((first.status().as_u16(), header(&first, "range")), (202, format!("0-{}", half - 1)));
        let location = format!("https://{CONTOSO}{}", header(&first, "location"));
        let last = client.http.put(format!("{location}&digest={digest}")).bearer_auth(&token).body(blob.slice(half..));
        last.send().await.unwrap().status().as_u16()
    };
    assert_eq!(upload(&built.blobs[0], &Digest::of(&built.blobs[0])).await, 201);
    assert_eq!(put("1").await.status(), 400);
    assert_eq!(upload(&built.blobs[1], &Digest::of(b"other")).await, 400);
    assert_eq!(upload(&built.blobs[1], &Digest::of(&built.blobs[1])).await, 201);
    assert_eq!(put(&Digest::of(b"other").to_string()).await.status(), 400);
    let done = put("1").await;
    assert_eq!((done.status().as_u16(), header(&done, "docker-content-digest")), (201, Digest::of(&bytes).to_string()));
    assert_eq!(client.world().azure_registry("contosoacr").tag("a", "1"), Some(Digest::of(&bytes)));
}

#[tokio::test]
async fn a_manifest_is_answered_by_tag_and_digest_but_only_to_who_accepts_its_type() {
    let client = Client::demo().await;
    let image = Image::index(["linux/amd64", "linux/arm64"]);
    let digest = client.world().azure_registry("contosoacr").put("a:1", &image);
    let token = client.access_token(&[ALL]).await;
    for reference in ["1".to_owned(), digest.to_string()] {
        let head = client.manifest(Method::HEAD, CONTOSO, &format!("a/manifests/{reference}"), &token).await;
        assert_eq!(header(&head, "docker-content-digest"), digest.to_string());
        let got = client.manifest(Method::GET, CONTOSO, &format!("a/manifests/{reference}"), &token).await;
        assert_eq!(header(&got, "content-length"), header(&head, "content-length"));
        assert_eq!(Digest::of(&got.bytes().await.unwrap()), digest);
    }
    let blind = client.get(&format!("https://{CONTOSO}/v2/a/manifests/1")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(blind.status(), 404);
    assert_eq!(blind.json::<Value>().await.unwrap()["errors"][0]["code"], "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn a_blob_is_redirected_to_storage_that_refuses_the_registrys_token() {
    let client = Client::demo().await;
    let image = Image::single("linux/amd64");
    client.world().azure_registry("contosoacr").put("a:1", &image);
    let blob = image.build().blobs[0].clone();
    let token = client.access_token(&[ALL]).await;
    let url = format!("https://{CONTOSO}/v2/a/blobs/{}", Digest::of(&blob));
    let head = client.http.head(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, blob.len().to_string()));
    let redirect = client.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(redirect.status(), 307);
    let storage = header(&redirect, "location");
    assert!(storage.starts_with("https://contosoacr.blob.core.windows.net/"));
    assert_eq!(client.get(&storage).bearer_auth(&token).send().await.unwrap().status(), 400);
    assert_eq!(client.get(&storage).send().await.unwrap().bytes().await.unwrap(), blob);
    let part = client.get(&storage).header("range", "bytes=10-19").send().await.unwrap();
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, format!("bytes 10-19/{}", blob.len())));
    assert_eq!(part.bytes().await.unwrap(), blob.slice(10..20));
    let beyond = client.get(&storage).header("range", "bytes=999999-").send().await.unwrap();
    assert_eq!(beyond.status(), 416);
    assert_eq!(client.get(&storage.replace("sig=", "sig=x")).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_blob_is_deleted_from_one_repository_and_stays_in_the_other() {
    let client = Client::demo().await;
    let image = Image::single("linux/amd64");
    for name in ["a:1", "b:1"] {
        client.world().azure_registry("contosoacr").put(name, &image);
    }
    let token = client.access_token(&[ALL, "repository:b:pull"]).await;
    let ask = async |method: Method, repository: &str| {
        let url = format!("https://{CONTOSO}/v2/{repository}/blobs/{}", Digest::of(&image.build().blobs[0]));
        client.http.request(method, url).bearer_auth(&token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(Method::DELETE, "b").await, 401, "without the right to delete nothing goes");
    assert_eq!(ask(Method::DELETE, "a").await, 202);
    assert_eq!(ask(Method::HEAD, "a").await, 404);
    assert_eq!(ask(Method::DELETE, "a").await, 404);
    assert_eq!(ask(Method::HEAD, "b").await, 200);
}

#[tokio::test]
async fn a_blob_is_mounted_from_a_repository_that_may_be_read() {
    let client = Client::demo().await;
    let image = Image::single("linux/amd64");
    client.world().azure_registry("contosoacr").put("from:1", &image);
    let digest = Digest::of(&image.build().blobs[0]);
    let mount = async |scopes: &[&str]| {
        let token = client.access_token(scopes).await;
        let url = format!("https://{CONTOSO}/v2/a/blobs/uploads/?mount={digest}&from=from");
        client.http.post(url).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(mount(&[ALL]).await, 202, "without the right to read the other an upload begins");
    assert_eq!(mount(&[ALL, "repository:from:pull"]).await, 201);
}

#[tokio::test]
async fn a_long_list_of_tags_comes_in_pages_with_a_relative_link() {
    let client = Client::demo().await;
    for number in 0..5 {
        client.world().azure_registry("contosoacr").put(&format!("a:{number}"), &Image::single("linux/amd64"));
    }
    let token = client.access_token(&[ALL]).await;
    for path in ["v2/a/tags/list", "acr/v1/a/_tags"] {
        let mut next = Some(format!("/{path}?n=2"));
        let mut found = Vec::new();
        while let Some(path) = next {
            let answer = client.get(&format!("https://{CONTOSO}{path}")).bearer_auth(&token).send().await.unwrap();
            let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            next = link.map(|link| link[1..link.find('>').unwrap()].to_owned());
            let body: Value = answer.json().await.unwrap();
            found.extend(body["tags"].as_array().unwrap().iter().map(|tag| tag.get("name").unwrap_or(tag).clone()));
        }
        assert_eq!(found, ["0", "1", "2", "3", "4"]);
    }
}

#[tokio::test]
async fn tags_and_manifests_are_described_with_times_of_seven_decimals_and_locks() {
    let client = Client::demo().await;
    let digest = client.world().azure_registry("contosoacr").put("a:1", &Image::single("linux/arm64").docker());
    let token = client.access_token(&[ALL, "repository:missing:metadata_read"]).await;
    let get = async |path: &str| -> Value {
        client
            .get(&format!("https://{CONTOSO}/acr/v1/{path}"))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let tag = get("a/_tags/1").await;
    let time = tag["tag"]["createdTime"].as_str().unwrap();
    assert_eq!((time.len(), time.ends_with('Z')), ("2026-01-02T03:04:05.0000000Z".len(), true));
    assert_eq!(tag["tag"]["digest"], json!(digest));
    let manifest = get(&format!("a/_manifests/{digest}")).await["manifest"].clone();
    assert_eq!((&manifest["architecture"], &manifest["tags"]), (&json!("arm64"), &json!(["1"])));
    assert_eq!(get("a").await["manifestCount"], 1);
    assert_eq!(get("missing/_tags").await["errors"][0]["message"], "repository \"missing\" is not found");
    assert_eq!(get("a/_tags/missing").await["errors"][0]["code"], "TAG_UNKNOWN");
}

#[tokio::test]
async fn a_lock_stops_pushing_and_untagging_until_it_is_taken_off() {
    let client = Client::demo().await;
    let registry = client.world().azure_registry("contosoacr");
    let old = Image::single("linux/amd64").content("old");
    let new = Image::single("linux/amd64").content("new");
    registry.put("a:1", &old);
    registry.put("a:2", &new);
    let token = client.access_token(&[ALL]).await;
    let lock = async |body: Value| {
        let asked = client.http.patch(format!("https://{CONTOSO}/acr/v1/a/_tags/1")).bearer_auth(&token).json(&body);
        assert_eq!(asked.send().await.unwrap().status(), 200);
    };
    let (media_type, bytes) = new.build().manifests[0].clone();
    let push = async || {
        let asked = client.http.put(format!("https://{CONTOSO}/v2/a/manifests/1")).bearer_auth(&token);
        asked.header("content-type", media_type).body(bytes.clone()).send().await.unwrap()
    };
    let untag = async || {
        client.http.delete(format!("https://{CONTOSO}/acr/v1/a/_tags/1")).bearer_auth(&token).send().await.unwrap()
    };
    lock(json!({"writeEnabled": false})).await;
    let refused = push().await.json::<Value>().await.unwrap();
    assert_eq!(refused["errors"][0]["code"], "REGISTRY_DISALLOWED_OPERATION");
    assert_eq!(untag().await.status(), 405);
    assert_eq!(registry.tag("a", "1"), Some(old.digest()));
    lock(json!({"writeEnabled": true})).await;
    assert_eq!(push().await.status(), 201);
    assert_eq!(untag().await.status(), 202);
    assert_eq!(registry.tags("a"), ["2"], "untagging leaves the manifest");
    let by_digest = client.manifest(Method::HEAD, CONTOSO, &format!("a/manifests/{}", old.digest()), &token).await;
    assert_eq!(by_digest.status(), 200);
}

#[tokio::test]
async fn deleting_a_manifest_takes_its_tags_and_leaves_its_children() {
    let client = Client::demo().await;
    let registry = client.world().azure_registry("contosoacr");
    let image = Image::index(["linux/amd64", "linux/arm64"]);
    let digest = registry.put("a:1", &image);
    let token = client.access_token(&[ALL]).await;
    let gone = client.manifest(Method::DELETE, CONTOSO, &format!("a/manifests/{digest}"), &token).await;
    assert_eq!(gone.status(), 202);
    assert!(registry.tags("a").is_empty());
    let child = Digest::of(&image.build().manifests[0].1);
    let child = client.manifest(Method::HEAD, CONTOSO, &format!("a/manifests/{child}"), &token).await;
    assert_eq!(child.status(), 200);
}

#[tokio::test]
async fn referrers_are_listed_and_filtered() {
    let client = Client::demo().await;
    let registry = client.world().azure_registry("contosoacr");
    let image = Image::single("linux/amd64");
    let digest = registry.put("a:1", &image);
    let signature = registry.put_untagged("a", &Image::artifact("application/example.signature").attached_to(&image));
    registry.put_untagged("a", &Image::artifact("application/spdx+json").attached_to(&image));
    let token = client.access_token(&[ALL]).await;
    let path = format!("a/referrers/{digest}");
    let all: Value = client.manifest(Method::GET, CONTOSO, &path, &token).await.json().await.unwrap();
    assert_eq!(all["manifests"].as_array().unwrap().len(), 2);
    let path = format!("{path}?artifactType=application/example.signature");
    let some = client.manifest(Method::GET, CONTOSO, &path, &token).await;
    assert_eq!(header(&some, "oci-filters-applied"), "artifactType");
    let some: Value = some.json().await.unwrap();
    assert_eq!((&some["manifests"][0]["digest"], some["manifests"].as_array().unwrap().len()), (&json!(signature), 1));
}

#[tokio::test]
async fn registries_are_kept_on_disk_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let image = Image::index(["linux/amd64", "linux/arm64"]);
    let world = World::with_data(dir.path()).unwrap();
    world.azure_registry("contosoacr").put("a:1", &image);
    world.azure_registry("contosoacr").lock_tag("a", "1");
    world.save().unwrap();
    drop(world);
    let world = World::with_data(dir.path()).unwrap();
    let registry = world.azure_registry("contosoacr");
    assert!(registry.is_whole("a", &image.digest()));
    assert_eq!(registry.tag("a", "1"), Some(image.digest()));
    assert_eq!(world.content().get(&image.digest()).map(|bytes| Digest::of(&bytes)), Some(image.digest()));
    assert!(
        world.state().registries[CONTOSO].repositories["a"].tags["1"].locks
            != crate::emulator::repository::Locks::default()
    );
}

#[tokio::test]
async fn the_emulators_own_address_is_its_first_registry() {
    let client = Client::demo().await;
    client.world().azure_registry("contosoacr").put("a:1", &Image::single("linux/amd64"));
    let direct = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let address = client.emulator.address();
    let ping = direct.get(format!("http://{address}/v2/")).send().await.unwrap();
    let realm = format!("http://{address}/oauth2/token");
    assert!(header(&ping, "www-authenticate").contains(&realm), "the token service must be reachable there too");
    let asked = direct.get(format!("{realm}?service={CONTOSO}&scope=repository:a:pull"));
    let asked = asked.basic_auth(crate::emulator::CLIENT, Some(crate::emulator::SECRET));
    let token: Value = asked.send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let blob = Digest::of(&Image::single("linux/amd64").build().blobs[0]);
    let blob = direct.get(format!("http://{address}/v2/a/blobs/{blob}")).bearer_auth(token).send().await.unwrap();
    assert_eq!(blob.status(), 200, "storage cannot be reached there, so that blobs are served at once");
}
