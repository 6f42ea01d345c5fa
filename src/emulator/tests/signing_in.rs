//! Entra, managed identity, Resource Manager's check of tokens, and the registry's exchanges.

use super::client::{CONTOSO, Client, MANAGEMENT, header, registry_id};
use crate::emulator::{CLIENT, MANAGED_IDENTITY, Rights, SECRET, TENANT, World, token::claims};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_wrong_secret_is_refused_with_entras_number() {
    let client = Client::demo().await;
    let answer = client.sign_in_as(CLIENT, "wrong", MANAGEMENT).await;
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error_codes"], json!([7_000_215]));
    assert!(body["error_description"].as_str().unwrap().starts_with("AADSTS7000215: Invalid client secret provided."));
}

#[tokio::test]
async fn a_federated_token_is_taken_for_its_subject_only() {
    let client = Client::demo().await;
    let sign_in = async |subject: &str| {
        let assertion = client.world().federated_token("https://token.actions.githubusercontent.com", subject);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
            ("scope", "https://management.core.windows.net//.default"),
        ];
        let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
        client.http.post(url).form(&form).send().await.unwrap().json::<Value>().await.unwrap()
    };
    let token = sign_in("repo:contoso/images:pull_request").await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token).unwrap()["aud"], "https://management.core.windows.net/");
    let url = format!("{MANAGEMENT}/subscriptions?api-version=2022-12-01");
    assert_eq!(client.get(&url).bearer_auth(token).send().await.unwrap().status(), 200);

    let refused = sign_in("repo:contoso/images:environment:other").await;
    let text = refused["error_description"].as_str().unwrap();
    assert!(text.starts_with("AADSTS700213") && text.contains("'repo:contoso/images:environment:other'"), "{text}");
}

#[tokio::test]
async fn the_metadata_service_gives_tokens_only_with_its_header() {
    let client = Client::demo().await;
    let url = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";
    assert_eq!(client.get(url).send().await.unwrap().status(), 400);
    let answer: Value = client.get(url).header("Metadata", "true").send().await.unwrap().json().await.unwrap();
    assert_eq!((&answer["client_id"], &answer["token_type"]), (&json!(MANAGED_IDENTITY), &json!("Bearer")));
    assert!(answer["expires_in"].is_string() && answer["expires_on"].is_string());
    let other = client.get(&format!("{url}&client_id={CLIENT}")).header("Metadata", "true").send().await.unwrap();
    assert_eq!(other.status(), 400);
}

#[tokio::test]
async fn resource_manager_refuses_no_token_an_expired_one_and_one_for_another_audience() {
    let client = Client::demo().await;
    let url = format!("{MANAGEMENT}{}?api-version=2025-11-01", registry_id("contosoacr"));
    let code = async |token: Option<&str>| {
        let asked = client.get(&url);
        let answer = match token {
            Some(token) => asked.bearer_auth(token),
            None => asked,
        };
        let answer = answer.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["error"]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(code(None).await, (401, "AuthenticationFailed".to_owned()));
    assert_eq!(code(Some("x.y.z")).await, (401, "InvalidAuthenticationToken".to_owned()));
    let other = client.token_of(CLIENT, SECRET, "https://containerregistry.azure.net").await;
    assert_eq!(code(Some(&other)).await, (401, "InvalidAuthenticationTokenAudience".to_owned()));
    client.world().token_lifetime(Duration::ZERO);
    let old = client.arm_token().await;
    assert_eq!(code(Some(&old)).await, (401, "ExpiredAuthenticationToken".to_owned()));
}

#[tokio::test]
async fn every_request_names_an_api_version_and_the_case_of_an_id_does_not_matter() {
    let client = Client::demo().await;
    let token = client.arm_token().await;
    let id = registry_id("contosoacr");
    let without = client.get(&format!("{MANAGEMENT}{id}")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(without.status(), 400);
    assert_eq!(without.json::<Value>().await.unwrap()["error"]["code"], "MissingApiVersionParameter");
    for id in [id.to_lowercase(), id.to_uppercase()] {
        let url = format!("{MANAGEMENT}{id}?api-version=2025-11-01");
        let answer = client.get(&url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap()["properties"]["loginServer"], CONTOSO);
    }
}

#[tokio::test]
async fn a_long_list_of_registries_comes_in_pages() {
    let client = Client::demo().await;
    client.world().registry_page(1);
    let token = client.arm_token().await;
    let mut next = Some(format!(
        "{MANAGEMENT}/subscriptions/{}/providers/Microsoft.ContainerRegistry/registries?api-version=2025-11-01",
        crate::emulator::SUBSCRIPTION
    ));
    let mut names = Vec::new();
    while let Some(url) = next {
        let page: Value = client.get(&url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        names.extend(page["value"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()));
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(names, ["contosoacr", "fabrikamacr"]);
}

#[tokio::test]
async fn the_registry_challenges_and_exchanges_as_recorded() {
    let client = Client::demo().await;
    let ping = client.get(&format!("https://{CONTOSO}/v2/")).send().await.unwrap();
    assert_eq!(ping.status(), 401);
    let challenge = header(&ping, "www-authenticate");
    assert_eq!(challenge, format!("Bearer realm=\"https://{CONTOSO}/oauth2/token\",service=\"{CONTOSO}\""));
    assert!(!header(&ping, "x-ms-correlation-request-id").is_empty());

    let tags = client.get(&format!("https://{CONTOSO}/acr/v1/library%2Fhello-world/_tags")).send().await.unwrap();
    assert!(
        header(&tags, "www-authenticate")
            .ends_with(",scope=\"repository:library/hello-world:metadata_read\",error=\"invalid_token\"")
    );
    let body: Value = tags.json().await.unwrap();
    assert_eq!(body["errors"][0]["detail"][0]["Action"], "metadata_read");

    let token = client.access_token(&["repository:a/b:pull", "repository:c:pull,push", "registry:catalog:*"]).await;
    let granted = &claims(&token).unwrap()["access"];
    assert_eq!(granted[1], json!({"type": "repository", "name": "c", "actions": ["pull", "push"]}));
    let catalog = client.get(&format!("https://{CONTOSO}/acr/v1/_catalog")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(catalog.status(), 200);
}

#[tokio::test]
async fn an_identity_without_a_role_fails_at_the_exchange_and_a_reader_gets_less_than_it_asks() {
    let world = World::demo();
    world.identity("77777777-0000-0000-0000-000000000000", "s", Rights::none());
    world.identity("88888888-0000-0000-0000-000000000000", "s", Rights::reader());
    let client = Client::of(world).await;
    let audience = "https://containerregistry.azure.net";
    let nobody = client.token_of("77777777-0000-0000-0000-000000000000", "s", audience).await;
    assert_eq!(client.exchange(&nobody).await.status(), 401);

    let basic = |id: &str| {
        client
            .get(&format!("https://{CONTOSO}/oauth2/token?service={CONTOSO}&scope=repository:a:pull,push"))
            .basic_auth(id, Some("s"))
    };
    let answer: Value = basic("88888888-0000-0000-0000-000000000000").send().await.unwrap().json().await.unwrap();
    let granted = claims(answer["access_token"].as_str().unwrap()).unwrap()["access"][0]["actions"].clone();
    assert_eq!(granted, json!(["pull"]));
    // In ABAC mode AcrPull gives nothing at all.
    client.world().azure_registry("contosoacr").abac();
    let reader = client.token_of("88888888-0000-0000-0000-000000000000", "s", audience).await;
    assert_eq!(client.exchange(&reader).await.status(), 401);
}

#[tokio::test]
async fn a_token_for_one_repository_opens_no_other() {
    let client = Client::demo().await;
    let image = crate::emulator::Image::single("linux/amd64");
    let registry = client.world().azure_registry("contosoacr");
    registry.put("a:1", &image);
    registry.put("b:1", &image);
    let token = client.access_token(&["repository:a:pull"]).await;
    let status = async |path: &str, method| client.manifest(method, CONTOSO, path, &token).await.status().as_u16();
    assert_eq!(status("a/manifests/1", reqwest::Method::GET).await, 200);
    assert_eq!(status("b/manifests/1", reqwest::Method::GET).await, 401);
    assert_eq!(status("a/manifests/1", reqwest::Method::PUT).await, 401);
    // Basic credentials with the refresh token do without an access token.
    let refresh = client.refresh_token().await;
    let asked = client.get(&format!("https://{CONTOSO}/v2/b/tags/list"));
    let answer = asked.basic_auth("00000000-0000-0000-0000-000000000000", Some(refresh)).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"name": "b", "tags": ["1"]}));
}

#[tokio::test]
async fn a_registry_token_may_do_what_its_scope_map_says() {
    let client = Client::demo().await;
    let registry = client.world().azure_registry("contosoacr");
    registry.put("a:1", &crate::emulator::Image::single("linux/amd64"));
    registry.token_user("puller", "p", ["repositories/a/content/read"]);
    let ask = async |path: &str, password: &str| {
        client
            .get(&format!("https://{CONTOSO}/{path}"))
            .basic_auth("puller", Some(password))
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(ask("v2/a/tags/list", "p").await, 200);
    assert_eq!(ask("v2/a/tags/list", "x").await, 401);
    assert_eq!(ask("acr/v1/a/_tags", "p").await, 401);
    assert_eq!(ask("v2/_catalog", "p").await, 401);
}

#[tokio::test]
async fn a_closed_registry_answers_before_it_asks_who_it_is() {
    let client = Client::demo().await;
    client.world().azure_registry("contosoacr").public_access(false);
    let answer = client.get(&format!("https://{CONTOSO}/v2/")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], "DENIED");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("is not allowed access"));
}
