//! The identity tokens of a job before Entra.

use super::super::client::Client;
use crate::emulator::{GitHubRepository, OidcRequest, Rights, TENANT, World, token::claims};
use serde_json::{Value, json};

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
    trust(&enterprise, "environment:other");
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
