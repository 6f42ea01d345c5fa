//! Who is at fault, and what to do: for every way in which a run cannot do what it should.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    emulator::{CLIENT, Fault, Rights, SECRET},
    import::Outcome,
    plan::Action,
    problem::{Problem, Side},
    report::{Body, Verdict},
};

fn one() -> Scenario {
    Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image())
}

fn failed(run: &Run) -> &Problem {
    assert_eq!(run.report.verdict(), Verdict::Failed);
    match (&run.report.parts[0].body, run.report.steps().next()) {
        (Body::Stopped(problem), _) => problem,
        (_, Some((_, Some(Outcome::Failed(problem))))) => problem,
        other => panic!("{other:#?}"),
    }
}

fn says(problem: &Problem, side: Side, what: &str, hint: &str) {
    assert_eq!(problem.side, side, "{problem}");
    assert!(problem.what.contains(what), "{problem}");
    assert!(problem.hint.as_deref().is_some_and(|text| text.contains(hint)), "{problem}");
}

#[tokio::test]
async fn an_unknown_registry() {
    let run = one().input("INPUT_REGISTRY", "nosuchregistry").run().await;
    says(failed(&run), Side::Settings, "there is no registry `nosuchregistry`", "Data Importer");
}

#[tokio::test]
async fn no_registry_at_all() {
    let run = one().input("INPUT_REGISTRY", "").run().await;
    says(failed(&run), Side::Settings, "no registry is given", "--registry");
}

#[tokio::test]
async fn a_wrong_secret() {
    let run = one().input("AZURE_CLIENT_SECRET", "wrong-secret").run().await;
    says(failed(&run), Side::Azure, "AADSTS7000215", "secret");
    assert!(!failed(&run).to_string().contains("wrong-secret"));
}

#[tokio::test]
async fn a_wrong_tenant() {
    let run = one().input("AZURE_TENANT_ID", "99999999-9999-9999-9999-999999999999").run().await;
    says(failed(&run), Side::Azure, "AADSTS90002", "tenant");
}

#[tokio::test]
async fn a_missing_import_role() {
    let run = one().world(|world| world.identity(CLIENT, SECRET, Rights::reader())).run().await;
    says(failed(&run), Side::Azure, "importImage/action", "Data Importer and Data Reader");
    run.wrote_nothing();
}

#[tokio::test]
async fn no_role_at_all() {
    let run = one().world(|world| world.identity(CLIENT, SECRET, Rights::none())).run().await;
    assert!(matches!(failed(&run).side, Side::Settings | Side::Azure), "{}", failed(&run));
    assert!(failed(&run).to_string().contains("Data Importer"), "{}", failed(&run));
}

#[tokio::test]
async fn a_source_that_does_not_exist() {
    let run = Scenario::apply("nowhere.example.com/a/b:1 => b").run().await;
    let problem = failed(&run);
    assert_eq!(problem.side, Side::Network, "{problem}");
    assert!(problem.what.contains("nowhere.example.com"), "{problem}");
}

#[tokio::test]
async fn a_source_that_wants_a_password() {
    let run = Scenario::apply("private.example.com/team/app:1 => app")
        .world(|world| {
            world.source("private.example.com").private_bearer("ci", "hunter2hunter2").put("team/app:1", &image());
        })
        .run()
        .await;
    says(failed(&run), Side::Source, "private.example.com", "credential");
    run.wrote_nothing();
}

#[tokio::test]
async fn a_source_with_a_wrong_password_never_shows_it() {
    let run = Scenario::apply("private.example.com/team/app:1 => app")
        .world(|world| {
            world.source("private.example.com").private_basic("ci", "hunter2hunter2").put("team/app:1", &image());
        })
        .input("ACR_SYNC_CREDENTIALS", "private.example.com ci not-the-password")
        .run()
        .await;
    says(failed(&run), Side::Source, "refuses the credential", "Check the credential");
    assert!(!format!("{:?}", run.report).contains("not-the-password"));
}

#[tokio::test]
async fn a_page_in_the_place_of_a_registrys_answer() {
    let run = Scenario::plan("web.example.com/a/b:1 => b")
        .world(|world| {
            world.source("web.example.com").html().put("a/b:1", &image());
        })
        .run()
        .await;
    let Action::Unchecked(problem) = run.action() else { panic!("{:?}", run.action()) };
    says(problem, Side::Source, "text/html", "proxy");
}

#[tokio::test]
async fn a_page_in_the_place_of_azures_answer() {
    let run = one().world(|world| world.fault(Fault::html().on("management.azure.com").always())).run().await;
    says(failed(&run), Side::Network, "cannot be read", "proxy");
}

#[tokio::test]
async fn a_truncated_answer() {
    let run = one()
        .world(|world| world.fault(Fault::truncate().on("management.azure.com").path("registries").times(1)))
        .run()
        .await;
    assert_eq!(failed(&run).side, Side::Network);
}

#[tokio::test]
async fn a_manifest_that_is_not_what_its_digest_names() {
    let lies = Fault::corrupt().on("registry-1.docker.io").method("GET").path("/manifests/").always();
    let run = one().world(|world| world.fault(lies)).run().await;
    says(failed(&run), Side::Source, "whose digest is", "Do not use this image");
    run.wrote_nothing();
}

#[tokio::test]
async fn a_list_that_is_binary() {
    let run = Scenario::apply("\u{0}\u{1}ELF").run().await;
    assert_eq!(run.report.verdict(), Verdict::Failed);
    assert_eq!(run.world.requests().len(), 0);
}
