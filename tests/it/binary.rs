//! A few runs of the real program in a scrubbed environment, through the proxy as any other client.

use acr_sync::emulator::{
    AZURE_DEVOPS_CONNECTION, AZURE_DEVOPS_TOKEN, CLIENT, Emulator, Fault, Image, Rights, SECRET, TENANT, World,
};
use assert_cmd::Command;
use std::{fs, path::Path};
use tempfile::TempDir;

const LIST: &str = "docker.io/library/nginx:1.27 => mirror/nginx\n";

fn program(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("acr-sync").unwrap();
    command.env_clear().env("HOME", folder).env("PATH", "/usr/bin:/bin").current_dir(folder);
    command
}

/// A program that reaches the stand-in as it would reach Azure: true names, a proxy, an authority in a file.
pub(crate) fn online(folder: &Path, emulator: &Emulator) -> Command {
    let authority = folder.join("ca.pem");
    fs::write(&authority, emulator.ca_pem()).unwrap();
    let mut command = program(folder);
    command
        .env("HTTPS_PROXY", emulator.proxy_url())
        .env("HTTP_PROXY", emulator.proxy_url())
        .env("SSL_CERT_FILE", authority)
        .env("AZURE_TENANT_ID", TENANT)
        .env("AZURE_CLIENT_ID", CLIENT)
        .env("AZURE_CLIENT_SECRET", SECRET);
    command
}

/// The same as a process that goes on while the test does.
fn spawned(folder: &Path, emulator: &Emulator) -> std::process::Command {
    let command = online(folder, emulator);
    let mut process = std::process::Command::new(command.get_program());
    process.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(folder);
    process
}

pub(crate) fn stdout(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn code(output: &std::process::Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{}", stdout(output)))
}

/// Makes a repository with one commit, as git would and without it.
pub(crate) fn commit(folder: &Path, list: &str) -> String {
    let repository = gix::init(folder).unwrap();
    let entry = gix::objs::tree::Entry {
        mode: gix::objs::tree::EntryKind::Blob.into(),
        filename: "images.txt".into(),
        oid: repository.write_blob(list).unwrap().detach(),
    };
    let tree = repository.write_object(&gix::objs::Tree { entries: vec![entry] }).unwrap().detach();
    let author = gix::actor::SignatureRef { name: "a".into(), email: "a@example.com".into(), time: "0 +0000" };
    repository.commit_as(author, author, "HEAD", "list", tree, gix::commit::NO_PARENT_IDS).unwrap().to_string()
}

#[test]
fn check_finds_ten_faults_in_a_file_with_ten() {
    let folder = TempDir::new().unwrap();
    let faults = "\
nginx:1.27 -> a
nginx:1.27 => b => c
=> d
nginx:1.27 =>
https://quay.io/a/b:1 => e
quay.io/Team/App:1 => f
quay.io/a/b:-1 => g
quay.io/a/b@sha256:12 => h
quay.io:99999/a/b:1 => i
quay.io/a/b:1 => J
";
    fs::write(folder.path().join("images.txt"), faults).unwrap();
    let output = program(folder.path()).args(["check", "images.txt"]).output().unwrap();
    let text = stdout(&output);
    assert_eq!(code(&output), 1, "{text}");
    assert!(text.contains("0 lines read, 10 errors"), "{text}");
    for line in 1..=10 {
        assert!(text.contains(&format!("images.txt:{line}:")), "line {line} is not named:\n{text}");
    }
}

#[test]
fn a_list_that_is_none_is_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let large = fs::File::create(folder.path().join("large.txt")).unwrap();
    large.set_len(1 << 30).unwrap();
    for (file, reason) in [("folder", "directory"), ("missing.txt", "no such file"), ("large.txt", "16 MiB")] {
        let output = program(folder.path()).args(["check", file]).output().unwrap();
        assert_eq!(code(&output), 1);
        assert!(stdout(&output).contains(reason), "{}", stdout(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_and_apply_speak_by_exit_codes_and_files() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("images.txt"), LIST).unwrap();
    let emulator = Emulator::start(World::demo()).await.unwrap();
    let run = |arguments: &'static [&str]| {
        let mut command = online(folder.path(), &emulator);
        tokio::task::spawn_blocking(move || command.args(arguments).output().unwrap())
    };

    let output = run(&["plan", "--registry", "contosoacr", "--all", "--plan-file", "plan.json"]).await.unwrap();
    assert_eq!(code(&output), 2, "changes are pending: {}", stdout(&output));
    let plan: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("plan.json")).unwrap()).unwrap();
    assert_eq!(
        (plan["schema"].as_str(), plan["lines"][0]["action"].as_str()),
        (Some("acr-sync.plan/1"), Some("import"))
    );

    let output =
        run(&["apply", "--registry", "contosoacr.azurecr.io", "--all", "--result-file", "result.json"]).await.unwrap();
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let result: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("result.json")).unwrap()).unwrap();
    assert_eq!(result["lines"][0]["verified"].as_bool(), Some(true));

    let output = run(&["plan", "--registry", "contosoacr", "--all"]).await.unwrap();
    assert_eq!(code(&output), 0, "nothing is left to do: {}", stdout(&output));
    assert!(!stdout(&output).contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_signs_in_at_sources_with_what_docker_keeps() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let list =
        "quay.io/team/app:1 => app\nghcr.io/team/app:1 => other\nfabrikamacr.azurecr.io/team/app:1.4.2 => ours\n";
    fs::write(at("images.txt"), list).unwrap();
    let world = World::demo();
    let image = Image::single("linux/amd64");
    world.source("quay.io").private_bearer("me", "hunter2").put("team/app:1", &image);
    world.source("ghcr.io").private_basic("you", "hunter3").put("team/app:1", &image);
    let emulator = Emulator::start(world).await.unwrap();
    // What `az acr login` left behind is no match for our own identity.
    let config = r#"{
        "auths": {
            "quay.io": {"auth": "bWU6aHVudGVyMg=="},
            "ghcr.io": {},
            "fabrikamacr.azurecr.io": {"username": "00000000-0000-0000-0000-000000000000", "password": "hunter1"}
        },
        "credHelpers": {"ghcr.io": "kept"}
    }"#;
    fs::create_dir(at(".docker")).unwrap();
    fs::write(at(".docker/config.json"), config).unwrap();
    let helper = "#!/bin/sh\ncat >>\"$HOME/asked\"; echo '{\"Username\":\"you\",\"Secret\":\"hunter3\"}'\n";
    fs::write(at("docker-credential-kept"), helper).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(at("docker-credential-kept"), executable).unwrap();
    let run = |arguments: &'static [&str], credentials: &str| {
        let mut command = online(folder.path(), &emulator);
        command.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
        command.env("ACR_SYNC_CREDENTIALS", credentials).args(arguments).args(["--registry", "contosoacr", "--all"]);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };

    let output = run(&["plan"], "ghcr.io you wrong").await.unwrap();
    assert!(stdout(&output).contains("`ghcr.io` refuses the credential"), "what is given wins: {}", stdout(&output));
    assert!(!at("asked").exists());

    let output = run(&["apply"], "").await.unwrap();
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains("3 imported, all verified"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("hunter"));
    assert_eq!(fs::read_to_string(at("asked")).unwrap(), "ghcr.io");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_renamed_says_why_every_line_is_new() {
    let folder = TempDir::new().unwrap();
    commit(folder.path(), LIST);
    fs::write(folder.path().join("new.txt"), LIST).unwrap();
    let emulator = Emulator::start(World::demo()).await.unwrap();
    let mut command = online(folder.path(), &emulator);
    command.args(["plan", "new.txt", "--registry", "contosoacr", "--base", "HEAD"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(stdout(&output).contains("it has no `new.txt`, so that every line is new"), "{}", stdout(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_lines_are_found_in_local_git_objects_without_a_git_program() {
    let folder = TempDir::new().unwrap();
    commit(folder.path(), LIST);
    fs::write(
        folder.path().join("images.txt"),
        format!("{LIST}quay.io/jetstack/cert-manager-webhook:v1.15.2 => webhook\n"),
    )
    .unwrap();
    let emulator = Emulator::start(World::demo()).await.unwrap();
    let mut command = online(folder.path(), &emulator);
    command.env("PATH", "/nonexistent").args(["apply", "--registry", "contosoacr", "--base", "HEAD"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let targets: Vec<_> = emulator.world().imports().into_iter().flat_map(|import| import.targets).collect();
    assert_eq!(targets, ["webhook:v1.15.2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_apply_ends_with_its_report() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("images.txt"), LIST).unwrap();
    let world = World::demo();
    world.import_latency(std::time::Duration::from_secs(60));
    let emulator = Emulator::start(world).await.unwrap();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("acr-sync"));
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, emulator.ca_pem()).unwrap();
    let child = command
        .env_clear()
        .envs([
            ("HTTPS_PROXY", emulator.proxy_url().as_str()),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", CLIENT),
            ("AZURE_CLIENT_SECRET", SECRET),
        ])
        .env("SSL_CERT_FILE", &authority)
        .args(["apply", "--registry", "contosoacr", "--all", "--result-file", "result.json"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let world = emulator.world().clone();
    while world.imports().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stdout(&output).contains("still running"), "{}", stdout(&output));
    assert!(folder.path().join("result.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_interrupts_a_second_time_does_not_wait_for_what_has_begun() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").unwrap();
    let world = World::demo();
    world.identity(CLIENT, SECRET, Rights::importer().contributing_tasks());
    world.run_latency(std::time::Duration::from_secs(3600));
    // The run is called off, and the answer to that does not come.
    world.fault(Fault::delay(std::time::Duration::from_secs(3600)).method("POST").path("/cancel"));
    let emulator = Emulator::start(world.clone()).await.unwrap();
    let mut command = spawned(folder.path(), &emulator);
    command.args(["build", ".", "-t", "app/web:1", "--registry", "contosoacr"]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while world.azure_registry("contosoacr").runs().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    let interrupt = || nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGINT).unwrap();
    // Twice at once is one wish, and the host's SIGTERM is none: what has begun is waited for.
    interrupt();
    while world.faults_left() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    interrupt();
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    interrupt();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(code(&output), 130, "{}", stdout(&output));
    assert!(stdout(&output).contains("asked to stop a second time"), "{}", stdout(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_github_is_planned_and_a_push_applied() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("images.txt"), LIST).unwrap();
    fs::write(at("event.json"), r#"{"ref":"refs/heads/main","before":"0000000000000000000000000000000000000000"}"#)
        .unwrap();
    fs::write(at("summary.md"), "").unwrap();
    fs::write(at("output"), "").unwrap();
    let world = World::demo();
    let image = Image::single("linux/amd64");
    world.source("quay.io").put("x/y:1", &image);
    let emulator = Emulator::start(world).await.unwrap();
    let mut command = step("push", folder.path(), &emulator);
    command.env("INPUT_REGISTRY", "contosoacr");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains(&format!("::add-mask::{SECRET}")));
    // Entra's two audiences, the registry's refresh token and its access token.
    assert!(stdout(&output).matches("::add-mask::ey").count() >= 4, "{}", stdout(&output));
    assert!(fs::read_to_string(at("summary.md")).unwrap().contains("mirror/nginx"));
    assert!(fs::read_to_string(at("output")).unwrap().contains("imported<<"));
    assert_eq!(emulator.world().imports().len(), 1);
}

/// The program as a step of a job on GitHub, in a folder that has its files.
fn step(event: &str, folder: &Path, emulator: &Emulator) -> Command {
    let mut command = online(folder, emulator);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_EVENT_NAME", event)
        .env("GITHUB_EVENT_PATH", folder.join("event.json"))
        .env("GITHUB_WORKSPACE", folder)
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .env("GITHUB_OUTPUT", folder.join("output"));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewed_plan_that_cannot_be_read_stands_in_the_report() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("images.txt"), LIST).unwrap();
    fs::write(at("event.json"), r#"{"schedule":"0 0 * * *"}"#).unwrap();
    // The runner makes both.
    ["summary.md", "output"].iter().for_each(|name| fs::write(at(name), "").unwrap());
    let emulator = Emulator::start(World::demo()).await.unwrap();
    let mut command = step("schedule", folder.path(), &emulator);
    command
        .env("INPUT_RESULT-FILE", "result.json")
        .env("INPUT_REVIEWED-PLAN", "no-plan.json")
        .env("INPUT_REGISTRY", "contosoacr");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!((code(&output), emulator.world().imports().len()), (1, 0), "{}", stdout(&output));
    let summary = fs::read_to_string(at("summary.md")).unwrap();
    assert!(summary.contains("no-plan.json"), "{summary}");
    assert!(fs::read_to_string(at("output")).unwrap().contains("clean<<"));
    assert!(fs::read_to_string(at("result.json")).unwrap().contains("no-plan.json"));
}

/// The variables of a build on the main branch, as the agent names them.
fn build(folder: &Path, emulator: &Emulator) -> Vec<(String, String)> {
    let repository = emulator.world().azure_devops("contoso", "images", "images");
    let merge = "3".repeat(40);
    let id = repository.build("refs/heads/main", "IndividualCI", &merge, None).to_string();
    repository.complete(7, &merge);
    let (project, connection) = (repository.project_id(), AZURE_DEVOPS_CONNECTION);
    let root = "https://dev.azure.com/contoso/";
    let temporary = folder.display().to_string();
    let jobs = format!("{root}{project}/_apis/distributedtask/hubs/build/plans/p/jobs/j/oidctoken");
    [
        ("TF_BUILD", "True"),
        ("SYSTEM_COLLECTIONURI", root),
        ("SYSTEM_TEAMPROJECTID", &project),
        ("SYSTEM_DEFINITIONID", "12"),
        ("SYSTEM_OIDCREQUESTURI", &jobs),
        ("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", AZURE_DEVOPS_TOKEN),
        (&format!("ENDPOINT_AUTH_SCHEME_{connection}"), "WorkloadIdentityFederation"),
        (&format!("ENDPOINT_AUTH_PARAMETER_{connection}_TENANTID"), TENANT),
        (&format!("ENDPOINT_AUTH_PARAMETER_{connection}_SERVICEPRINCIPALID"), CLIENT),
        ("BUILD_BUILDID", &id),
        ("BUILD_REASON", "IndividualCI"),
        ("BUILD_SOURCEBRANCH", "refs/heads/main"),
        ("BUILD_SOURCEVERSION", &merge),
        ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
        ("BUILD_REPOSITORY_ID", repository.id()),
        ("BUILD_SOURCESDIRECTORY", &temporary),
        ("AGENT_TEMPDIRECTORY", &temporary),
        ("INPUT_REGISTRY", "contosoacr"),
        ("INPUT_AZURESUBSCRIPTION", connection),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A world with the project of the examples.
fn azure_devops() -> World {
    let world = World::demo();
    world.seed_azure_devops();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_of_azure_pipelines_is_applied() {
    let folder = TempDir::new().unwrap();
    let emulator = Emulator::start(azure_devops()).await.unwrap();
    let mut command = online(folder.path(), &emulator);
    command.env_remove("AZURE_CLIENT_SECRET").envs(build(folder.path(), &emulator));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("##vso[task.setsecret]{AZURE_DEVOPS_TOKEN}"), "before anything else");
    assert!(lines.contains(&"##vso[task.setvariable variable=imported;isOutput=true]1"), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("##vso[task.setprogress value=100]")), "{text}");
    assert!(!text.contains("task.complete"), "the task ends with it: {text}");
    let summary = lines.iter().find_map(|line| line.strip_prefix("##vso[task.uploadsummary]")).unwrap();
    assert!(fs::read_to_string(summary).unwrap().contains("ingress-nginx/controller"));
    assert_eq!(emulator.world().imports().len(), 1, "only the line of the pull request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_build_publishes_its_report_before_it_is_killed() {
    let folder = TempDir::new().unwrap();
    let world = azure_devops();
    world.import_latency(std::time::Duration::from_secs(60));
    let emulator = Emulator::start(world).await.unwrap();
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, emulator.ca_pem()).unwrap();
    let repository = emulator.world().azure_devops("contoso", "images", "images");
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("acr-sync"))
        .env_clear()
        .envs(build(folder.path(), &emulator))
        .env("HTTPS_PROXY", emulator.proxy_url())
        .env("SSL_CERT_FILE", &authority)
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while emulator.world().imports().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    // The agent's order; the second comes while the report is on its way.
    for signal in [nix::sys::signal::Signal::SIGINT, nix::sys::signal::Signal::SIGTERM] {
        nix::sys::signal::kill(process, signal).unwrap();
    }
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let text = stdout(&output);
    assert_eq!(code(&output), 1, "{text}");
    assert!(text.contains("still running") && text.contains("##vso[task.uploadsummary]"), "{text}");
    assert!(repository.threads(7)[0].content.contains("still running"), "{:?}", repository.threads(7));
}

#[test]
fn settings_that_cannot_be_used_are_errors_of_the_step() {
    let folder = TempDir::new().unwrap();
    let mut command = program(folder.path());
    command.env("TF_BUILD", "True").env("INPUT_MODE", "dry]run");
    let output = command.output().unwrap();
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.starts_with("##vso[task.logissue type=error;]a setting: input `mode` is \"dry]run\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_looks_at_clusters_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let world = World::demo();
    world.seed_cluster();
    let (prod, test) = (world.cluster("prod").id(), world.cluster("test").id());
    fs::write(folder.path().join("acr-sync.yaml"), format!("pull-check: [{{ cluster: {prod} }}]\n")).unwrap();
    let emulator = Emulator::start(world.clone()).await.unwrap();
    let run = |words: &[&str]| {
        let mut command = online(folder.path(), &emulator);
        command.arg("doctor").args(words);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };

    let output = run(&["--registry", "contosoacr"]).await.unwrap();
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).starts_with("prod => contosoacr.azurecr.io\n"), "{}", stdout(&output));
    assert!(stdout(&output).ends_with("\ndoctor: pulls work\n"), "{}", stdout(&output));

    fs::write(folder.path().join("images.txt"), LIST).unwrap();
    let output = run(&["--registry", "contosoacr", "--cluster", &test, "--cluster", &prod]).await.unwrap();
    let text = stdout(&output);
    assert_eq!(code(&output), 1, "{text}");
    assert!(text.contains("unauthorized: ") && text.contains("not found: `mirror/nginx:1.27`"), "{text}");
    assert!(text.ends_with("\ndoctor: pulls fail: 2 to mend\n"), "{text}");

    for (words, why) in [
        (&["--registry", "contosoacr", "--cluster", "prod"][..], "no AKS cluster"),
        (&["missing.txt"][..], "no such file"),
        (&[][..], "no registry is given"),
    ] {
        let output = run(words).await.unwrap();
        assert_eq!(code(&output), 1);
        assert!(stdout(&output).contains(why), "{}", stdout(&output));
    }
    // Who may not look at the cluster knows nothing of it, whatever the registry has.
    fs::write(folder.path().join("images.txt"), "").unwrap();
    world.identity(CLIENT, SECRET, Rights::importer());
    let output = run(&["--registry", "contosoacr", "--cluster", &prod]).await.unwrap();
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stdout(&output).contains("\ndoctor: nothing could be asked of prod: "), "{}", stdout(&output));
    assert!(world.requests().iter().all(|seen| seen.method == "GET" || !seen.host.starts_with("management.")));
}
