//! What a run tells of itself: requests, identifiers, times; and the log as JSON.

use crate::{
    binary::{code, online, stdout},
    scenario::{NGINX, Run, Scenario, image},
    workflow::Workflow,
};
use acr_sync::{
    emulator::{AZURE_DEVOPS_TOKEN, CLIENT, Emulator, Fault, Rights, SECRET, World},
    import::{Outcome, Proof},
    problem::{Problem, RequestIds},
    report::{
        Body, json,
        markdown::{self, Limits},
        terminal,
    },
};
use serde_json::Value;
use std::{fs, time::Duration};
use tempfile::TempDir;

const ARM: &str = "management.azure.com";
const ACR: &str = "contosoacr.azurecr.io";

fn noted() -> Scenario {
    let list = format!("# a comment\n{NGINX} => a\n");
    Scenario::apply(&list).input("INPUT_RESULT-FILE", "result.json").source(NGINX, &image())
}

fn result(run: &Run) -> Value {
    serde_json::from_str(&json::result_json(&run.report)).unwrap()
}

fn listed(result: &Value) -> &Vec<Value> {
    result["requests"]["listed"].as_array().unwrap()
}

fn failure(run: &Run) -> &Problem {
    match (&run.report.parts[0].body, run.report.steps().next()) {
        (Body::Stopped(problem), _) | (_, Some((_, Some(Outcome::Failed(problem))))) => problem,
        (_, Some((_, Some(Outcome::Imported { proof: Proof::Accepted(problem), .. })))) => problem,
        (body, _) => panic!("{body:?}"),
    }
}

/// Returns the identifiers of a failure, which every form of the report must show.
fn told(run: &Run) -> RequestIds {
    let ids = failure(run).ids.clone();
    assert!(!ids.is_empty(), "{}", failure(run));
    let result = json::result_json(&run.report);
    let page = markdown::page(&run.report, Limits::comment());
    let text = terminal::text(&run.report, acr_sync::images::Colour::Plain);
    for id in [ids.correlation(), ids.request(), ids.client()].into_iter().flatten() {
        for form in [&result, &page, &text] {
            assert!(form.contains(id), "{id}: {form}");
        }
    }
    let parsed: Value = serde_json::from_str(&result).unwrap();
    let problem = if parsed["problem"].is_null() { &parsed["lines"][0]["problem"] } else { &parsed["problem"] };
    assert_eq!(problem["ids"]["correlation"].as_str(), ids.correlation(), "{problem}");
    assert_eq!(problem["ids"]["client"].as_str(), ids.client(), "{problem}");
    ids
}

#[tokio::test]
async fn a_result_lists_every_request_with_what_it_was_for() {
    let fault = Fault::status_retry_after(429, 0).on(ARM).path("importImage").times(1);
    let run = noted().world(|world| world.fault(fault)).run().await;
    let result = result(&run);
    let sent = |host: &str| run.world.requests().iter().filter(|seen| seen.host == host).count();
    for host in [ARM, ACR, "registry-1.docker.io", "auth.docker.io", "login.microsoftonline.com"] {
        let noted = listed(&result).iter().filter(|request| request["host"] == host).count();
        assert_eq!(noted, sent(host), "{host}");
        assert!(noted > 0, "{host}");
    }
    let imports: Vec<_> =
        listed(&result).iter().filter(|it| it["path"].as_str().unwrap_or_default().ends_with("/importImage")).collect();
    let told: Vec<_> = imports
        .iter()
        .map(|it| format!("{} {} {} {} {}", it["method"], it["status"], it["attempt"], it["purpose"], it["line"]))
        .collect();
    assert_eq!(told, [r#""POST" 429 1 "import" 2"#, r#""POST" 202 2 "import" 2"#]);
    assert!(imports[0]["name"].as_str().unwrap().ends_with("/registries/{name}/importImage"), "{}", imports[0]);
    assert!(imports[0]["milliseconds"].as_f64().unwrap() > 0.0);
    let started = result["lines"][0]["started"].as_str().unwrap();
    assert!(started.ends_with('Z') && imports[0]["start"].as_str().unwrap() >= started, "{started}");
    let classes = result["requests"]["classes"].as_array().unwrap();
    let count: u64 = classes.iter().map(|class| class["count"].as_u64().unwrap()).sum();
    assert_eq!((count, result["requests"]["more"].as_u64()), (result["requests"]["sent"].as_u64().unwrap(), Some(0)));
    let purposes: Vec<_> = classes.iter().map(|class| class["purpose"].as_str().unwrap()).collect();
    for purpose in ["sign-in", "plan", "import"] {
        assert!(purposes.contains(&purpose), "{purposes:?}");
    }
}

#[tokio::test]
async fn no_request_is_listed_with_a_query_or_a_secret_or_the_place_of_a_redirect() {
    let scenario = Scenario::apply(&format!("{NGINX} => a\nregistry.k8s.io/pause:3.10 => b"));
    let scenario = scenario.source(NGINX, &image()).source("registry.k8s.io/pause:3.10", &image());
    let result = result(&scenario.input("INPUT_RESULT-FILE", "result.json").run().await);
    assert!(listed(&result).len() > 8);
    for request in listed(&result) {
        let text = request.to_string();
        for secret in ["?", SECRET, "Bearer", "api-version", "scope="] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    // `registry.k8s.io` redirects; what an address of storage has in its path is as good as a password.
    let redirected: Vec<_> =
        listed(&result).iter().filter(|it| it["host"].as_str().unwrap().ends_with("pkg.dev")).collect();
    assert!(!redirected.is_empty());
    assert!(redirected.iter().all(|it| it["path"].is_null() && it["name"] == it["method"]), "{redirected:?}");
}

#[tokio::test]
async fn without_a_result_file_nothing_is_noted() {
    let run = Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).run().await;
    assert!(run.report.requests.is_none());
    assert!(result(&run)["requests"].is_null());
}

#[tokio::test]
async fn a_refusal_of_azure_names_the_request_by_all_its_names() {
    let run = noted().world(|world| world.identity(CLIENT, SECRET, Rights::reader())).run().await;
    let ids = told(&run);
    assert!(ids.correlation().is_some() && ids.request().is_some(), "{ids:?}");
    let seen = run.world.requests();
    let import = seen.iter().rfind(|seen| seen.path.contains("importImage")).unwrap();
    assert_eq!(ids.client(), import.client_request_id.as_deref());
}

#[tokio::test]
async fn a_failure_that_stays_names_its_last_request() {
    let run = noted()
        .patience(Duration::from_millis(50))
        .world(|world| world.fault(Fault::status(503).on(ARM).always()))
        .run();
    let run = run.await;
    let ids = told(&run);
    assert!(ids.correlation().is_some() && ids.client().is_some(), "{ids:?}");
    let silent =
        noted().patience(Duration::from_millis(50)).world(|world| world.fault(Fault::close().on(ARM).always()));
    let ids = told(&silent.run().await);
    assert!(
        ids.correlation().is_none() && ids.client().is_some(),
        "what we called it is known without an answer: {ids:?}"
    );
}

#[tokio::test]
async fn sign_in_and_data_plane_name_their_requests_too() {
    let refused = told(&noted().input("AZURE_CLIENT_SECRET", "another-secret").run().await);
    assert!(refused.correlation().is_some() && refused.request().is_some(), "{refused:?}");
    let run = noted()
        .world(|world| world.poll_retry_after(0))
        .world(|world| world.fault(Fault::status(403).on(ACR).path("/manifests/").always()))
        .run()
        .await;
    assert!(told(&run).correlation().is_some());
}

#[tokio::test]
async fn an_identifier_that_is_foreign_text_stays_text() {
    let ids = RequestIds::new(Some("`<b>@me\n::error::x".to_owned()), None, None);
    let run = noted().world(|world| world.identity(CLIENT, SECRET, Rights::reader())).run().await;
    let mut report = run.report.clone();
    let hostile = Problem::new(acr_sync::problem::Side::Azure, format!("refused{ids}")).ids(&ids);
    report.parts[0].body = Body::Stopped(hostile);
    let page = markdown::page(&report, Limits::comment());
    assert!(page.contains("(correlation id `` `<b>@me\\u{a}::error::x ``)"), "{page}");
}

#[tokio::test]
async fn the_summary_of_a_merge_draws_its_imports() {
    let workflow = Workflow::new().await;
    assert!(!workflow.pull_request().await.summary.contains("gantt"));
    let step = workflow.push().await;
    assert!(step.summary.contains("```mermaid\ngantt\n"), "{}", step.summary);
    assert!(step.summary.contains("\n    line 2 mirror/nginx 1.27 :done, 1"), "{}", step.summary);
}

/// Returns the objects of a log that is nothing but objects.
fn objects(log: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(log).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_the_command_line_can_be_json() {
    let folder = TempDir::new().unwrap();
    let emulator = Emulator::start(World::demo()).await.unwrap();
    fs::write(folder.path().join("images.txt"), "docker.io/library/nginx:1.27 => mirror/nginx\n").unwrap();
    let run = |words: &'static [&str]| {
        let mut command = online(folder.path(), &emulator);
        command.args(words);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let output = run(&["apply", "--registry", "contosoacr", "--all", "--log", "json"]).await.unwrap();
    assert_eq!((code(&output), output.stderr.len()), (0, 0), "{}", stdout(&output));
    let log = objects(&output.stdout);
    let told: Vec<_> = log.iter().map(|it| format!("{} {} {}", it["level"], it["phase"], it["line"])).collect();
    let row = r#""info" "apply" 1"#;
    assert_eq!(told, [row, row, row, r#""info" "verdict" null"#], "begun, ended, told: {}", stdout(&output));
    assert_eq!(log[0]["destination"], "mirror/nginx:1.27");
    assert_eq!(log[2]["registry"], "contosoacr.azurecr.io");
    let output = run(&["plan", "--all", "--log", "json", "--registry", "no such"]).await.unwrap();
    let log = objects(&output.stdout);
    assert_eq!(
        (code(&output), log[0]["level"].as_str(), log[0]["phase"].as_str()),
        (1, Some("error"), Some("settings"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_job_can_be_json_and_its_host_still_hears_its_orders() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("images.txt"), "docker.io/library/nginx:1.27 => mirror/nginx\nbroken line\n").unwrap();
    fs::write(at("event.json"), r#"{"ref":"refs/heads/main","before":"0000000000000000000000000000000000000000"}"#)
        .unwrap();
    fs::write(at("output"), "").unwrap();
    let emulator = Emulator::start(World::demo()).await.unwrap();
    let run = |variables: &[(&str, &str)]| {
        let mut command = online(folder.path(), &emulator);
        command.env("INPUT_REGISTRY", "contosoacr").env("ACR_SYNC_LOG", "json").envs(variables.iter().copied());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let (event, output_file) = (at("event.json"), at("output"));
    let github = run(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("GITHUB_WORKSPACE", folder.path().to_str().unwrap()),
        ("GITHUB_OUTPUT", output_file.to_str().unwrap()),
    ]);
    let output = github.await.unwrap();
    let log = objects(&output.stdout);
    assert!(log.iter().any(|it| it["phase"] == "list" && it["line"] == 2), "{}", stdout(&output));
    assert!(log.iter().any(|it| it["phase"] == "host" && it["level"] == "warn"), "no summary: {}", stdout(&output));
    assert!(!String::from_utf8_lossy(&output.stdout).contains(SECRET));
    let orders = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(orders.contains(&format!("::add-mask::{SECRET}")), "{orders}");
    assert!(orders.lines().all(|line| line.starts_with("::add-mask::")), "{orders}");
    assert!(fs::read_to_string(at("output")).unwrap().contains("imported<<"));

    let azure = run(&[
        ("TF_BUILD", "True"),
        ("AGENT_TEMPDIRECTORY", folder.path().to_str().unwrap()),
        ("BUILD_SOURCESDIRECTORY", folder.path().to_str().unwrap()),
        ("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", AZURE_DEVOPS_TOKEN),
    ]);
    let output = azure.await.unwrap();
    assert!(!objects(&output.stdout).is_empty());
    let orders = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("##"));
    for order in ["##vso[task.setsecret]", "##vso[task.uploadsummary]", "##vso[task.setvariable variable=failed;"] {
        assert!(orders.contains(order), "{orders}");
    }
}
