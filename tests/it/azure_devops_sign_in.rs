//! Sign-in through a service connection: each scheme, and what is said when it does not work.

use crate::pipeline::{HOST, Pipeline};
use acr_sync::{
    emulator::{CLIENT, Fault, MANAGED_IDENTITY, Rights, SECRET},
    import::{Outcome, Proof},
    report::{Body, Verdict},
};

const CERTIFICATE: &str = include_str!("../fixtures/azure-devops/certificate.pem");

/// Applies the line of the pull request and returns whether it arrived, and what is wrong where nothing began.
async fn applied(pipeline: &Pipeline) -> Result<(), String> {
    let step = pipeline.push().await;
    match &step.report().parts[0].body {
        Body::Stopped(problem) => Err(problem.to_string()),
        _ => {
            let outcomes: Vec<_> = step.report().steps().filter_map(|(_, outcome)| outcome).collect();
            let is_good = matches!(outcomes[..], [Outcome::Imported { proof: Proof::Verified, .. }]);
            assert!(is_good, "{outcomes:?}");
            assert!(!step.printed.contains(SECRET) && !step.printed.contains("BEGIN"), "{}", step.printed);
            Ok(())
        }
    }
}

#[tokio::test]
async fn workload_identity_federation() {
    let pipeline = Pipeline::new().await;
    applied(&pipeline).await.unwrap();
    // One for each of Entra's audiences: an identity token is good for minutes and never kept.
    assert_eq!(pipeline.asked("POST", "/oidctoken"), 2);
    let hidden = pipeline.hidden.lock().unwrap().len();
    assert!(hidden >= 4, "the identity tokens and Entra's are hidden: {hidden}");
}

#[tokio::test]
async fn the_address_of_identity_tokens_is_put_together_where_the_agent_names_none() {
    let pipeline = Pipeline::new().await.set("SYSTEM_OIDCREQUESTURI", "").set("SYSTEM_HOSTTYPE", "build");
    let pipeline = pipeline.set("SYSTEM_PLANID", "p").set("SYSTEM_JOBID", "j");
    applied(&pipeline).await.unwrap();
}

#[tokio::test]
async fn a_service_principal_with_a_secret() {
    let pipeline = Pipeline::new().await.scheme("ServicePrincipal").endpoint("SERVICEPRINCIPALKEY", SECRET);
    pipeline.world.identity(CLIENT, SECRET, Rights::importer());
    applied(&pipeline).await.unwrap();

    let pipeline = pipeline.endpoint("SERVICEPRINCIPALKEY", "wrong");
    let why = applied(&pipeline).await.unwrap_err();
    assert!(why.contains("AADSTS7000215") && why.contains("/_settings/adminservices?resourceId="), "{why}");
}

#[tokio::test]
async fn a_service_principal_with_a_certificate() {
    let pipeline = Pipeline::new().await.scheme("ServicePrincipal").endpoint("AUTHENTICATIONTYPE", "spnCertificate");
    let pipeline = pipeline.endpoint("SERVICEPRINCIPALCERTIFICATE", CERTIFICATE);
    let why = applied(&pipeline).await.unwrap_err();
    assert!(why.contains("AADSTS700027"), "not registered yet: {why}");
    pipeline.world.certificate_identity(CLIENT, CERTIFICATE, Rights::importer());
    applied(&pipeline).await.unwrap();

    let pipeline = pipeline.endpoint("SERVICEPRINCIPALCERTIFICATE", "no certificate");
    assert!(applied(&pipeline).await.unwrap_err().contains("BEGIN CERTIFICATE"));
}

#[tokio::test]
async fn a_managed_identity_is_that_of_the_machine() {
    let pipeline = Pipeline::new().await.scheme("ManagedServiceIdentity");
    let name = format!("ENDPOINT_DATA_{}_MSICLIENTID", pipeline.connection.id);
    let pipeline = pipeline.set(&name, MANAGED_IDENTITY);
    pipeline.world.managed_identity(MANAGED_IDENTITY, Rights::importer());
    applied(&pipeline).await.unwrap();
}

#[tokio::test]
async fn a_machine_without_an_identity_is_found_out_by_one_question() {
    let pipeline = Pipeline::new().await.scheme("ManagedServiceIdentity");
    pipeline.world.fault(Fault::status(404).on("169.254.169.254").always());
    let why = applied(&pipeline).await.unwrap_err();
    assert!(why.contains("has no managed identity"), "{why}");
    let asked = pipeline.world.requests().iter().filter(|seen| seen.host == "169.254.169.254").count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_connection_of_an_unknown_scheme_is_named_before_anything_is_asked() {
    let pipeline = Pipeline::new().await.scheme("PublishProfile");
    let why = pipeline.try_run("PullRequest", "refs/pull/7/merge", &pipeline.merge).await.err().unwrap().to_string();
    assert!(why.contains("`azure-subscription`") && why.contains("`PublishProfile`"), "{why}");
    assert!(why.contains("`WorkloadIdentityFederation`") && pipeline.world.requests().is_empty(), "{why}");
}

#[tokio::test]
async fn a_connection_that_is_not_trusted_shows_what_was_compared() {
    let pipeline = Pipeline::new().await;
    let other = pipeline.repository.service_connection("other");
    let scheme = format!("ENDPOINT_AUTH_SCHEME_{}", other.id);
    let mut pipeline = pipeline.set("INPUT_AZURESUBSCRIPTION", &other.id).set(&scheme, "WorkloadIdentityFederation");
    pipeline.connection = other.clone();
    let tenant = acr_sync::emulator::TENANT;
    let pipeline = pipeline.endpoint("TENANTID", tenant).endpoint("SERVICEPRINCIPALID", CLIENT);
    let why = applied(&pipeline).await.unwrap_err();
    for part in ["AADSTS700213", other.subject.as_str(), other.issuer.as_str(), "2027", "adminservices"] {
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[tokio::test]
async fn a_host_that_gives_no_identity_token_costs_a_few_questions() {
    for (fault, most, said) in [
        (Fault::status(500), 6, "500"),
        (Fault::status(401), 1, "401"),
        (Fault::html(), 1, "cannot be read"),
        (Fault::reset(), 6, "broke"),
    ] {
        let pipeline = Pipeline::new().await;
        pipeline.world.fault(fault.on(HOST).path("/oidctoken").always());
        let why = applied(&pipeline).await.unwrap_err();
        assert!(why.contains("Azure DevOps gave no identity token") && why.contains(said), "{said}: {why}");
        let asked = pipeline.asked("POST", "/oidctoken");
        assert!((1..=most).contains(&asked), "{said}: {asked}");
    }
}

#[tokio::test]
async fn a_plan_with_a_connection_that_does_not_work_ends_with_the_reason() {
    let pipeline = Pipeline::new().await;
    pipeline.world.fault(Fault::status(401).on(HOST).path("/oidctoken").always());
    let step = pipeline.pull_request().await;
    assert_eq!(step.report().verdict(), Verdict::Failed, "nobody meant this plan to be unchecked");
}
