//! `ca` in `sources`: a registry behind the company's own authority, trusted at its host alone.

use crate::{
    pipeline::Pipeline,
    scenario::{Run, Scenario, image},
    workflow::Workflow,
};
use acr_sync::{
    emulator::{CLIENT, Rights, SECRET, World},
    plan::{Action, Route, Why},
    problem::Problem,
    report::{Body, Verdict},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

const HOST: &str = "harbor.corp.example";
const LINE: &str = "harbor.corp.example/team/app:1 => app\n";
const FILE: &str = "certs/corp-root.pem";
const STATED: &str = "sources: { harbor.corp.example: { ca: certs/corp-root.pem } }\n";
const PASSWORD: &str = "hunter2hunter2";

fn corporate(world: &World, host: &str) {
    world.source(host).company_certificates().put("team/app:1", &image());
    world.identity(CLIENT, SECRET, Rights { push: true, ..Rights::importer() });
}

fn behind(scenario: Scenario) -> Scenario {
    let scenario = scenario.world(|world| corporate(world, HOST)).settings(STATED);
    let pem = scenario.world.company_ca_pem();
    scenario.certificate(FILE, &pem)
}

fn unchecked(action: &Action) -> &Problem {
    match action {
        Action::Unchecked(problem) => problem,
        action => panic!("{action:?}"),
    }
}

fn authorized(run: &Run, host: &str) -> bool {
    run.world.requests().iter().any(|seen| seen.host == host && seen.authorization.is_some())
}

#[tokio::test]
async fn a_registry_behind_the_companys_authority_is_copied_from() {
    let run = behind(Scenario::apply(LINE)).run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:?}", run.outcome());
    assert_eq!(run.step().route, Route::Direct(Why::Authority));
    assert_eq!((run.tag("app:1"), run.world.imports().len()), (Some(image().digest()), 0));
    let page = acr_sync::report::terminal::text(&run.report, acr_sync::images::Colour::Plain);
    let reason = "direct copy: its certificates are the company's own, which ACR does not trust";
    assert!(page.contains(reason), "{page}");
}

#[tokio::test]
async fn without_it_the_error_names_the_key_to_set() {
    let run = behind(Scenario::plan(LINE)).settings("").run().await;
    let problem = unchecked(run.action());
    assert!(problem.what.contains("`harbor.corp.example` shows a certificate that is not trusted"), "{problem}");
    let hint = problem.hint.as_deref().unwrap_or_default();
    assert!(hint.contains("`sources: { harbor.corp.example: { ca: certs/root-ca.pem } }`"), "{hint}");
}

#[tokio::test]
async fn another_host_with_a_certificate_of_the_same_authority_is_refused() {
    for other in ["other.corp.example", "sub.harbor.corp.example", "harbor.corp.example:8443"] {
        let run = behind(Scenario::plan(&format!("{LINE}{other}/team/app:1 => other\n")))
            .world(|world| corporate(world, other))
            .run()
            .await;
        let actions: Vec<_> = run.report.steps().map(|(step, _)| &step.action).collect();
        assert_eq!(actions[0], &Action::Import, "{other}");
        assert!(unchecked(actions[1]).what.contains("not trusted"), "{other}: {:?}", actions[1]);
    }
}

#[tokio::test]
async fn where_a_redirect_leads_has_to_be_stated_for_itself() {
    let stored = |stated: &str| {
        let scenario = behind(Scenario::apply(LINE)).settings(stated);
        scenario.world(|world| drop(world.source(HOST).storage("blobs.corp.example")))
    };
    let refused = stored(STATED).run().await;
    let problem = format!("{:?}", refused.outcome());
    assert!(problem.contains("blobs.corp.example: { ca: ") && refused.tag("app:1").is_none(), "{problem}");
    let both = format!("sources: {{ {HOST}: {{ ca: {FILE} }}, blobs.corp.example: {{ ca: {FILE} }} }}");
    let taken = stored(&both).run().await;
    assert_eq!(taken.tag("app:1"), Some(image().digest()), "{:?}", taken.outcome());
}

#[tokio::test]
async fn the_authority_of_a_mirrored_source_is_the_mirrors() {
    let stated = format!("sources: {{ docker.io: {{ mirror: {HOST}/hub, ca: {FILE} }} }}");
    let run = behind(Scenario::apply("nginx:1 => nginx\n"))
        .settings(&stated)
        .source(&format!("{HOST}/hub/library/nginx:1"), &image())
        .run()
        .await;
    assert_eq!(run.step().route, Route::Direct(Why::Authority));
    assert_eq!(run.tag("nginx:1"), Some(image().digest()), "{:?}", run.outcome());

    let origin = Scenario::plan("team/app:1 => app\nharbor.corp.example/team/app:1 => own\n")
        .settings("sources: { docker.io/library: { mirror: harbor.corp.example, ca: certs/corp-root.pem } }")
        .world(|world| {
            corporate(world, HOST);
            corporate(world, "docker.io");
        });
    let pem = origin.world.company_ca_pem();
    let origin = origin.certificate(FILE, &pem).run().await;
    let actions: Vec<_> = origin.report.steps().map(|(step, _)| &step.action).collect();
    assert!(unchecked(actions[0]).what.contains("not trusted"), "the origin is no host that it is stated for");
    assert_eq!(actions[1], &Action::Import, "the mirror's host is");
}

fn stopped(run: &Run) -> &Problem {
    match &run.report.parts[0].body {
        Body::Stopped(problem) => problem,
        body => panic!("{body:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_authoritys_is_named_with_the_key_and_what_to_do() {
    let certificate = |change: fn(&mut CertificateParams)| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Contoso Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    };
    let expired = certificate(|it| it.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let key = KeyPair::generate().unwrap().serialize_pem();
    let with_key = format!("{}{key}", certificate(|_| {}));
    for (text, expected, hint) in [
        (None, "ca: certs/corp-root.pem: there is no `certs/corp-root.pem`", "Commit the file"),
        (Some(expired), "ca: certs/corp-root.pem:1: `Contoso Root` has expired on 2020-01-01", "Replace it"),
        (Some(certificate(|it| it.is_ca = IsCa::NoCa)), "`Contoso Root` is no authority", "that signs"),
        (Some(with_key), "holds a private key; nothing of this file is used", "Take the key out"),
        (Some("hello\n".to_owned()), "ca: certs/corp-root.pem: holds no certificate", "as PEM"),
        (Some("a".repeat((1 << 20) + 1)), "has 1048577 bytes, and at most 1048576 are read", "alone"),
    ] {
        for scenario in [Scenario::plan(LINE), Scenario::apply(LINE)] {
            let scenario = scenario.settings(STATED);
            let scenario = text.iter().fold(scenario, |scenario, text| scenario.certificate(FILE, text));
            let run = scenario.run().await;
            let problem = stopped(&run);
            let place = "acr-sync.yaml: sources: harbor.corp.example: ";
            assert!(problem.what.starts_with(place) && problem.what.contains(expected), "{problem}");
            assert!(problem.hint.as_deref().unwrap_or_default().contains(hint), "{problem:?}");
            let secret = key.lines().nth(1).unwrap();
            assert!(!format!("{problem:?}").contains(secret) && run.world.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn an_authority_that_only_the_change_states_brings_no_credential_to_its_host() {
    let with_credential = |stated: &str| {
        let credential = "credential: { username: ci, password: $EXAMPLE_TOKEN }";
        stated.replace("{ ca:", &format!("{{ {credential}, ca:"))
    };
    let base = "sources: { harbor.corp.example: { credential: { username: ci, password: $EXAMPLE_TOKEN } } }\n";
    let private = || {
        let scenario = behind(Scenario::plan(LINE)).base("").settings(&with_credential(STATED));
        let scenario = scenario.input("EXAMPLE_TOKEN", PASSWORD);
        scenario.world(|world| drop(world.source(HOST).private_basic("ci", PASSWORD)))
    };
    let pem = |scenario: &Scenario| scenario.world.company_ca_pem();

    let proposed = private().settings_base(base).certificate_base(FILE, "").run().await;
    let said = unchecked(proposed.action()).to_string();
    assert!(said.contains("no credential goes there before its `ca` in acr-sync.yaml is merged"), "{said}");
    assert!(!authorized(&proposed, HOST), "whoever shows a certificate of a proposed authority is told nothing");

    let other_file = private().settings_base(&with_credential(STATED)).certificate_base(FILE, "another").run().await;
    assert!(!authorized(&other_file, HOST), "nor where the file under the same name is another");

    let given = private().settings_base("").certificate_base(FILE, "");
    let given = given.input("ACR_SYNC_CREDENTIALS", &format!("{HOST} ci {PASSWORD}")).run().await;
    assert!(!authorized(&given, HOST), "nor what the workflow gives");

    let whole = behind(Scenario::plan(LINE)).settings(&with_credential(STATED)).input("EXAMPLE_TOKEN", PASSWORD);
    let whole = whole.world(|world| drop(world.source(HOST).private_basic("ci", PASSWORD))).run().await;
    assert!(!authorized(&whole, HOST), "without a base nobody knows what the branch states");

    let merged = private().settings_base(&with_credential(STATED));
    let text = pem(&merged);
    let merged = merged.certificate_base(FILE, &text).run().await;
    assert_eq!(merged.action(), &Action::Import);
    assert!(authorized(&merged, HOST));

    let open = behind(Scenario::plan(LINE)).base("").settings_base("").certificate_base(FILE, "").run().await;
    assert_eq!(open.action(), &Action::Import, "what everybody may read is planned by the proposed authority");
}

#[tokio::test]
async fn a_proposed_authority_for_a_token_service_or_the_target_brings_it_no_credential() {
    let stated = format!("sources: {{ auth.docker.io: {{ ca: {FILE} }}, contosoacr.azurecr.io: {{ ca: {FILE} }} }}");
    for (before, is_told) in [("", false), (stated.as_str(), true)] {
        let scenario = behind(Scenario::plan("nginx:1 => nginx\n")).settings(&stated).base("").settings_base(before);
        let pem = scenario.world.company_ca_pem();
        let run = scenario
            .certificate_base(FILE, &pem)
            .input("DOCKER_USERNAME", "robot")
            .input("DOCKER_PASSWORD", PASSWORD)
            .world(|world| drop(world.source("docker.io").account("robot", PASSWORD)))
            .source("docker.io/library/nginx:1", &image())
            .run()
            .await;
        assert_eq!(authorized(&run, "auth.docker.io"), is_told, "{:#?}", run.world.requests());
        assert_eq!(run.requests("contosoacr.azurecr.io", "/oauth2/exchange") > 0, is_told);
        assert!(run.requests("auth.docker.io", "/token") > 0, "it is asked, for what everybody may read");
    }
}

/// Azure, and the CI host, are asked by those who trust the usual authorities alone.
#[tokio::test]
async fn an_authority_is_for_registries_and_not_for_azure() {
    let stated = format!("sources: {{ management.azure.com: {{ ca: {FILE} }} }}");
    let run = behind(Scenario::apply("nginx:1 => nginx\n"))
        .settings(&stated)
        .source("docker.io/library/nginx:1", &image())
        .world(|world| corporate(world, "management.azure.com"))
        .run()
        .await;
    assert!(stopped(&run).what.contains("`management.azure.com` shows a certificate"), "{}", stopped(&run));
}

#[tokio::test]
async fn the_file_is_read_at_the_commit_of_the_settings_through_the_hosts_api() {
    let mut workflow = Workflow::new().await;
    corporate(&workflow.world, HOST);
    let pem = workflow.world.company_ca_pem();
    let files = [("images.txt", LINE), ("acr-sync.yaml", STATED), (FILE, pem.as_str())];
    workflow.base = workflow.repository.commit(&[], [("images.txt", "")]);
    workflow.head = workflow.repository.commit(&[&workflow.base], files);
    workflow.merge = workflow.repository.commit(&[&workflow.base, &workflow.head], files);
    let step = workflow.pull_request().await;
    let planned = step.report().plan().unwrap_or_else(|| panic!("{}", step.printed));
    assert_eq!((&planned.steps[0].action, planned.steps[0].route), (&Action::Import, Route::Direct(Why::Authority)));
    let step = workflow.push().await;
    assert_eq!(step.report().verdict(), Verdict::Clean, "{}", step.printed);

    let mut pipeline = Pipeline::new().await;
    corporate(&pipeline.world, HOST);
    let pem = pipeline.world.company_ca_pem();
    let files = [("images.txt", LINE), ("acr-sync.yaml", STATED), (FILE, pem.as_str())];
    pipeline.base = pipeline.repository.commit(&[], [("images.txt", "")]);
    pipeline.head = pipeline.repository.commit(&[&pipeline.base], files);
    pipeline.merge = pipeline.repository.commit(&[&pipeline.base, &pipeline.head], files);
    let step = pipeline.pull_request().await;
    let planned = step.report().plan().unwrap_or_else(|| panic!("{}", step.printed));
    assert_eq!(planned.steps[0].action, Action::Import, "{}", step.printed);
}

#[tokio::test]
async fn another_authority_of_a_source_is_no_change_of_a_line() {
    let run = behind(Scenario::apply(LINE)).base(LINE).settings_base(STATED).certificate_base(FILE, "old").run().await;
    assert_eq!((run.report.verdict(), run.report.plan().unwrap().steps.len()), (Verdict::Clean, 0));
}
