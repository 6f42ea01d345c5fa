//! `acr-sync build`: the real program, a folder, and the run that comes of it.
#![cfg(unix)]

use crate::binary::{code, online, stdout};
use acr_sync::emulator::{CLIENT, Emulator, Fault, Image, Node, Rights, SECRET, TENANT, World};
use std::{fs, process::Output, time::Duration};
use tempfile::TempDir;

/// A folder with an application, and a registry with its base.
pub(crate) struct Bench {
    emulator: Emulator,
    folder: TempDir,
}

const DOCKERFILE: &str = "FROM contosoacr.azurecr.io/base/debian:12\nCOPY . /srv/\nLABEL title=web\n";

impl Bench {
    pub(crate) async fn new(change: impl FnOnce(&World)) -> Self {
        let world = World::new();
        world.azure_registry("contosoacr").put("base/debian:12", &Image::index(["linux/amd64", "linux/arm64"]));
        world.identity(CLIENT, SECRET, Rights::importer().contributing_tasks());
        world.run_latency(Duration::from_millis(1));
        change(&world);
        let bench = Self { emulator: Emulator::start(world).await.unwrap(), folder: TempDir::new().unwrap() };
        bench.put("app/Dockerfile", DOCKERFILE);
        bench.put("app/index.html", "<h1>hello</h1>");
        bench
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the program beside the stand-in, which lives in this runtime.
    pub(crate) async fn build(&self, arguments: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let mut command = online(self.folder.path(), &self.emulator);
        command.envs(variables.iter().copied()).args(["build", "--registry", "contosoacr"]);
        command.args(arguments.split_whitespace());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (code(&output), stdout(&output))
    }

    fn world(&self) -> &World {
        self.emulator.world()
    }

    /// Returns the files that the last run had.
    fn sent(&self) -> Vec<String> {
        let registry = self.world().azure_registry("contosoacr");
        let request = registry.runs().pop().unwrap().request;
        registry.sent_source(request["sourceLocation"].as_str().unwrap()).unwrap()
    }

    fn ordered(&self) -> usize {
        self.world().azure_registry("contosoacr").runs().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_job_secrets_that_were_given_are_hidden_before_anything_is_said() {
    let bench = Bench::new(|_| {}).await;
    let variables = [("GITHUB_ACTIONS", "true"), ("NPM_TOKEN", "hunter22")];
    let (code, said) = bench.build("app -t app/web:1 --secret-build-arg NPM_TOKEN", &variables).await;
    assert_eq!(code, 0, "{said}");
    let lines: Vec<_> = said.lines().take(3).collect();
    assert!(lines.contains(&format!("::add-mask::{SECRET}").as_str()), "{said}");
    assert!(lines.contains(&"::add-mask::hunter22"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_becomes_an_image_and_its_log_is_shown() {
    let bench = Bench::new(|_| {}).await;
    bench.put("app/.dockerignore", "node_modules\n*.log\n");
    bench.put("app/node_modules/left-pad/index.js", "x");
    bench.put("app/build.log", "x");
    bench.put("app/.git/config", "x");
    let (code, said) = bench.build("app -t app/web:1 -t app/web:latest", &[]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(bench.sent(), [".dockerignore", "Dockerfile", "index.html"]);
    let registry = bench.world().azure_registry("contosoacr");
    let digest = registry.tag("app/web", "1").unwrap();
    assert_eq!(registry.tag("app/web", "latest"), Some(digest));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "context app: 3 files, 104 B; Dockerfile Dockerfile");
    assert_eq!(lines[1], "run ca1 for linux/amd64 at contosoacr.azurecr.io");
    assert!(said.contains("Step 2/3 : COPY . /srv/") && said.contains("was successful"), "{said}");
    assert_eq!(lines[lines.len() - 1], format!("pushed contosoacr.azurecr.io/app/web:latest@{digest}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_is_followed() {
    let readme = fs::read_to_string("README.md").unwrap();
    let line = readme.lines().find(|line| line.starts_with("acr-sync build ")).unwrap();
    let words = line.strip_prefix("acr-sync build ").unwrap().replace(" --registry contoso", "");
    let bench = Bench::new(|_| {}).await;
    let (code, said) = bench.build(&words, &[]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(bench.world().azure_registry("contosoacr").tags("team/app"), ["1.4"]);
    let (_, help) = bench.build("--help", &[]).await;
    let section = readme.split_once("\n### Builds in Azure\n").unwrap().1.split_once("\n## ").unwrap().0;
    let page = fs::read_to_string("docs/builds.md").unwrap();
    let page = page.split_once("\n## Flags of `acr-sync build`\n").unwrap().1;
    let flags: Vec<_> = section.split('`').chain(page.split('`')).filter(|word| word.starts_with("--")).collect();
    for flag in &flags {
        let name = flag.split(' ').next().unwrap();
        assert!(help.contains(&format!("{name} ")) || help.contains(&format!("{name}\n")), "{name} is none of\n{help}");
    }
    assert_eq!(flags.len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_stage_arguments_and_a_dockerfile_elsewhere_are_passed_on() {
    let bench = Bench::new(|_| {}).await;
    bench.put(
        "web.Dockerfile",
        "ARG BASE\nARG TOKEN\nFROM contosoacr.azurecr.io/$BASE\nLABEL token=$TOKEN also=a-long-secret\n",
    );
    let line = "app -f web.Dockerfile -t app/web:1 --platform linux/arm64 --build-arg BASE=base/debian:12 \
                --secret-build-arg TOKEN --timeout 90m --no-cache";
    let (code, said) = bench.build(line, &[("TOKEN", "a-long-secret")]).await;
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("a-long-secret") && said.contains("also=***"), "{said}");
    let request = bench.world().azure_registry("contosoacr").runs()[0].request.clone();
    assert_eq!(request["platform"]["architecture"], "arm64");
    assert_eq!((&request["timeout"], &request["noCache"]), (&5400.into(), &true.into()));
    assert_eq!(request["arguments"][1]["isSecret"], true);
    assert_eq!(bench.sent(), [".acr-sync.Dockerfile", ".dockerignore", "Dockerfile", "index.html"]);
    let (code, said) = bench.build("app -t app/web:2 --secret-build-arg NONE", &[]).await;
    assert!(code == 1 && said.contains("the variable `NONE` of `--secret-build-arg` is not set"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_is_too_large_is_refused_before_any_of_it_is_read() {
    let bench = Bench::new(|_| {}).await;
    let sparse = fs::File::create(bench.folder.path().join("app/disk.img")).unwrap();
    sparse.set_len(5_000_000_000).unwrap();
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert_eq!(code, 1);
    assert!(said.contains("the context has 5.0 GB, and 1.0 GB is the most that is sent"), "{said}");
    assert!(said.contains("The largest in it: `disk.img` (5.0 GB)") && said.contains(".dockerignore"), "{said}");
    assert_eq!(bench.world().requests().len(), 0, "nobody was asked");
    bench.put("app/.dockerignore", "*.img");
    let (code, said) = bench.build("app -t app/web:1 --max-context 1KB", &[]).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_says_why_and_commands_in_its_log_do_nothing() {
    let bench = Bench::new(|_| {}).await;
    bench.put("app/Dockerfile", "FROM scratch\nLABEL a=##vso[task.complete] b=::error::\nCOPY nothing /\n");
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the run `ca1` failed") && said.contains("COPY failed: file not found"), "{said}");
    assert!(said.contains("LABEL a=# #vso[task.complete]"), "{said}");
    let (code, said) = bench.build("app -t app/web:1 --agent-pool nowhere", &[]).await;
    assert!(code == 1 && said.contains("agent pool"), "{said}");
    bench.put("app/.dockerignore", "[");
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert!(code == 1 && said.contains(".dockerignore, line 1"), "{said}");
}

/// As people write it who add a company's authorities by hand.
const BY_HAND: &str = "FROM contosoacr.azurecr.io/base/trusting:12
COPY issuing-ca.crt /usr/local/share/ca-certificates/issuing-ca.crt
COPY root-ca.crt /usr/local/share/ca-certificates/root-ca.crt
RUN chmod 644 /usr/local/share/ca-certificates/issuing-ca.crt \\
&& chmod 644 /usr/local/share/ca-certificates/root-ca.crt \\
&& update-ca-certificates
";

#[tokio::test(flavor = "multi_thread")]
async fn a_dockerfile_that_adds_authorities_by_hand_does_so() {
    const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
    let base = || {
        let files = [("usr/sbin/update-ca-certificates", "#!"), (BUNDLE, "public\n")];
        Image::single("linux/amd64").files(files)
    };
    let bench = Bench::new(|world| {
        world.azure_registry("contosoacr").put("base/trusting:12", &base());
        world.azure_registry("contosoacr").put("base/nobody:12", &base().user("nobody"));
    })
    .await;
    bench.put("app/issuing-ca.crt", "issuing\n");
    bench.put("app/root-ca.crt", "root\n");
    bench.put("app/Dockerfile", BY_HAND);
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert!(code == 0 && said.contains("2 added, 0 removed; done."), "{said}");
    let bundle = |tag: &str| {
        let files = bench.world().azure_registry("contosoacr").filesystem("app/web", tag, "linux/amd64");
        let Some(Node::File { content, .. }) = files.get(BUNDLE).cloned() else { panic!("{files:?}") };
        String::from_utf8(content).unwrap()
    };
    assert_eq!(bundle("1"), "public\nissuing\nroot\n");
    // Stages by name and number, and images, are copied from.
    let stages = "FROM contosoacr.azurecr.io/app/web:1 AS made\nFROM scratch\nCOPY --from=made /etc/ssl/ /etc/ssl/\n\
                  COPY --from=0 /root-ca.crt /\n";
    for (text, expected) in [
        (stages.replace("COPY --from=0 /root-ca.crt /\n", ""), Ok("public\nissuing\nroot\n")),
        (stages.to_owned(), Err("COPY failed: file not found")),
        (
            format!("FROM scratch\nCOPY --from=contosoacr.azurecr.io/base/trusting:12 /{BUNDLE} /{BUNDLE}\n"),
            Ok("public\n"),
        ),
        (BY_HAND.replace("trusting", "nobody"), Err("Permission denied")),
        (BY_HAND.replace("trusting", "debian"), Err("update-ca-certificates: not found")),
    ] {
        bench.put("app/Dockerfile", &text);
        let (code, said) = bench.build("app -t app/web:2", &[]).await;
        match expected {
            Ok(expected) => assert_eq!((code, bundle("2").as_str()), (0, expected), "{said}"),
            Err(expected) => assert!(code == 1 && said.contains(expected), "{said}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_base_is_pulled_with_the_login_of_this_program() {
    let bench = Bench::new(|world| {
        drop(world.source("ghcr.io").private_bearer("ci", "a-long-token"));
        world.source("ghcr.io").put("contoso/app:1", &Image::single("linux/amd64"));
    })
    .await;
    bench.put("app/Dockerfile", "FROM ghcr.io/contoso/app:1\n");
    let login = [("INPUT_CREDENTIALS", "ghcr.io ci $GHCR"), ("GHCR", "a-long-token")];
    let (code, said) = bench.build("app -t app/web:1", &login).await;
    assert!(code == 1 && said.contains("Give the run a login"), "no login goes where it was not named: {said}");
    let (code, said) = bench.build("app -t app/web:1 --login ghcr.io", &login).await;
    assert_eq!((code, said.contains("a-long-token")), (0, false), "{said}");
    let (code, said) = bench.build("app -t app/web:1 --login quay.io", &login).await;
    assert!(code == 1 && said.contains("there is no login for `quay.io`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_in_abac_mode_is_pushed_to_as_the_caller() {
    let bench = Bench::new(|world| {
        world.azure_registry("contosoacr").abac();
        let rights = Rights { repository_contributor: true, ..Rights::importer().contributing_tasks() };
        world.identity(CLIENT, SECRET, rights);
    })
    .await;
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_answer_is_lost_is_not_given_twice() {
    let bench = Bench::new(|world| world.fault(Fault::status_after(500).method("POST").path("/scheduleRun"))).await;
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert_eq!((code, bench.ordered()), (1, 1), "{said}");
    assert!(
        said.contains("whether the run was taken is not known") && said.contains("az acr task list-runs"),
        "{said}"
    );
    // Too busy to take it is another thing.
    bench.world().fault(Fault::status_retry_after(429, 1).method("POST").path("/scheduleRun"));
    let (code, said) = bench.build("app -t app/web:1", &[]).await;
    assert_eq!((code, bench.ordered()), (0, 2), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_stopped_is_called_off_in_azure() {
    let bench = Bench::new(|world| world.run_latency(Duration::from_secs(3600))).await;
    let authority = bench.folder.path().join("ca.pem");
    fs::write(&authority, bench.emulator.ca_pem()).unwrap();
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("acr-sync"))
        .env_clear()
        .envs([
            ("HTTPS_PROXY", bench.emulator.proxy_url().as_str()),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", CLIENT),
            ("AZURE_CLIENT_SECRET", SECRET),
        ])
        .env("SSL_CERT_FILE", &authority)
        .args(["build", "app", "-t", "app/web:1", "--registry", "contosoacr"])
        .current_dir(bench.folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while bench.ordered() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    let output: Output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stdout(&output).contains("the run was stopped, and `ca1` was called off at Azure"), "{}", stdout(&output));
    assert_eq!(bench.world().azure_registry("contosoacr").runs()[0].status, "Canceled");
}
