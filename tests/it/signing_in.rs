//! Who we are: each way of signing in, through the identity library and the stand-in's own Entra.

use crate::scenario::{NGINX, Scenario, image};
use acr_sync::{
    emulator::{CLIENT, MANAGED_IDENTITY, Rights},
    import::{Outcome, Proof},
};
use std::io::Write;

fn is_imported(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Imported { proof: Proof::Verified, .. })
}

#[tokio::test]
async fn a_client_secret() {
    let run = Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).run().await;
    assert!(is_imported(run.outcome()));
    assert_eq!(
        run.requests("login.microsoftonline.com", "/oauth2/v2.0/token"),
        2,
        "one token for each audience, however many requests"
    );
}

#[tokio::test]
async fn the_token_of_a_cluster() {
    let (issuer, subject) = ("https://cluster.example.com/", "system:serviceaccount:ci:acr-sync");
    let scenario = Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).without_identity();
    scenario.world.federated_identity(CLIENT, issuer, subject, Rights::importer());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(scenario.world.federated_token(issuer, subject).as_bytes()).unwrap();
    let path = file.path().display().to_string();

    let run = scenario.input("AZURE_FEDERATED_TOKEN_FILE", &path).run().await;
    assert!(is_imported(run.outcome()), "{:?}", run.outcome());
}

#[tokio::test]
async fn a_managed_identity() {
    let scenario = Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).without_identity();
    scenario.world.managed_identity(MANAGED_IDENTITY, Rights::importer());

    let run = scenario.input("AZURE_CLIENT_ID", MANAGED_IDENTITY).run().await;
    assert!(is_imported(run.outcome()), "{:?}", run.outcome());
    assert!(run.requests("169.254.169.254", "/metadata/identity") > 0);
}
