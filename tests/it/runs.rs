//! ACR Tasks' client against the emulator: sources, runs, logs, deadlines, refusals.

use crate::stub::Stub;
use acr_sync::{
    azure::Arm,
    credential,
    emulator::{CLIENT, Emulator, Fault, Image, Rights, RunSeen, SECRET, TENANT, World},
    http::{Http, Retry, Way},
    inputs::{Env, Inputs},
    problem::{Problem, Side},
    tasks::{Archived, Build, Ended, Login, Order, Pace, Run, Service, Status, Watch, Work, archive},
};
use std::time::Duration;
use tokio::sync::watch;

/// The registry of these tests and somebody who may use its tasks.
pub(crate) struct Yard {
    pub(crate) emulator: Emulator,
    pub(crate) arm: Arm,
    id: String,
}

const MOMENT: Duration = Duration::from_millis(10);

impl Yard {
    async fn new(change: impl FnOnce(&World)) -> Self {
        let world = World::new();
        let id = world.azure_registry("contosoacr").id();
        world.azure_registry("contosoacr").put("base/debian:12", &Image::index(["linux/amd64", "linux/arm64"]));
        world.identity(CLIENT, SECRET, Rights::importer().contributing_tasks());
        world.run_latency(Duration::from_millis(1));
        change(&world);
        let emulator = Emulator::start(world).await.unwrap();
        let mut env = Env::default();
        for (name, value) in [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)]
        {
            env.set_variable(name, value);
        }
        let inputs = Inputs::read(&env).unwrap();
        let retry = Retry { first: MOMENT, longest: MOMENT, ..Retry::default() };
        let (https_proxy, roots) = (Some(emulator.proxy_url()), Some(emulator.ca_pem().to_owned()));
        let http = Http::new(&Way { https_proxy, roots, retry, ..Way::default() }).unwrap();
        let credential = credential::azure(&inputs.identity, &http, &inputs.cloud).await.unwrap();
        Self { emulator, arm: Arm::new(http, credential, inputs.cloud), id }
    }

    fn service(&self) -> Service<'_> {
        Service { arm: &self.arm, registry: &self.id }
    }

    fn world(&self) -> &World {
        self.emulator.world()
    }

    fn runs(&self) -> Vec<RunSeen> {
        self.world().azure_registry("contosoacr").runs()
    }

    /// Sends files, builds from them, and follows the build to its end.
    async fn build(
        &self,
        files: &[(&str, &str)],
        change: impl FnOnce(&mut Order),
    ) -> Result<(Ended, Vec<String>), Problem> {
        let order = self.order(files, change).await?;
        let run = self.service().schedule(&order).await?;
        let (_go_on, stop) = watch::channel(false);
        self.follow(&run, &order, pace(), &stop).await
    }

    async fn order(&self, files: &[(&str, &str)], change: impl FnOnce(&mut Order)) -> Result<Order, Problem> {
        let files: Vec<_> = files.iter().map(|(path, text)| Archived { path, content: text.as_bytes() }).collect();
        let source = self.service().send_bytes(archive(&files).unwrap()).await?;
        let mut order = Order::of(Work::Build(Build {
            images: vec!["app/web:1".to_owned()],
            source,
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            arguments: Vec::new(),
            is_pushed: true,
            no_cache: false,
        }));
        change(&mut order);
        Ok(order)
    }

    async fn follow(
        &self,
        run: &Run,
        order: &Order,
        pace: Pace,
        stop: &watch::Receiver<bool>,
    ) -> Result<(Ended, Vec<String>), Problem> {
        let watch = Watch { pace, stop, secrets: order.secrets().cloned().collect() };
        let mut lines = Vec::new();
        let ended = self.service().follow(&run.id, &watch, &mut |line| lines.push(line.to_owned())).await?;
        Ok((ended, lines))
    }
}

fn pace() -> Pace {
    Pace { first: MOMENT, longest: MOMENT * 2, status: MOMENT, deadline: Duration::from_secs(20) }
}

const DOCKERFILE: (&str, &str) = (
    "Dockerfile",
    "FROM contosoacr.azurecr.io/base/debian:12\nCOPY www /srv/www/\nLABEL org.opencontainers.image.title=web\n",
);
const PAGE: (&str, &str) = ("www/index.html", "<h1>hello</h1>");

fn said(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[tokio::test]
async fn a_source_is_sent_and_built_and_its_log_read_to_the_end() {
    let yard = Yard::new(|_| {}).await;
    let (ended, lines) = yard.build(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    assert_eq!((ended.run.status, ended.problem()), (Status::Succeeded, None));
    let digest = yard.world().azure_registry("contosoacr").tag("app/web", "1").unwrap();
    assert_eq!(ended.run.images[0].digest, digest.to_string());
    assert!(yard.world().azure_registry("contosoacr").is_whole("app/web", &digest));
    let log: Vec<_> = yard.runs()[0].log.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, log, "every line, once, in its order");
    assert!(said(&lines, "Step 2/3 : COPY www /srv/www/") && said(&lines, "was successful"));
    // The address that opens the storage needs no token, and gets none.
    let storage: Vec<_> = yard.world().requests().into_iter().filter(|seen| seen.host.contains(".blob.")).collect();
    assert!(!storage.is_empty() && storage.iter().all(|seen| seen.authorization.is_none()));
    assert!(storage.iter().all(|seen| seen.path.contains("sig=***")));
}

#[tokio::test]
async fn a_large_source_goes_in_blocks_that_are_sent_again_where_the_line_breaks() {
    let yard = Yard::new(|world| {
        world.fault(Fault::status(503).method("PUT").path("comp=block").times(2));
        world.fault(Fault::reset().method("PUT").path("comp=block"));
    })
    .await;
    // Ten megabytes that cannot be compressed.
    let mut word = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        word.to_le_bytes()[0]
    })
    .take(10 << 20)
    .collect();
    let files = [
        Archived { path: "Dockerfile", content: b"FROM scratch\nCOPY noise /\n" },
        Archived { path: "noise", content: &noise },
    ];
    let source = yard.service().send_bytes(archive(&files).unwrap()).await.unwrap();
    let sent = yard.world().azure_registry("contosoacr").sent_source(&source).unwrap();
    assert_eq!(sent, ["Dockerfile", "noise"]);
    let puts: Vec<_> = yard.world().requests().into_iter().filter(|seen| seen.method == "PUT").collect();
    let good = puts.iter().filter(|seen| seen.status == Some(201)).count();
    assert_eq!((good, puts.iter().all(|seen| seen.body_bytes <= 4 << 20)), (4, true), "three blocks and their list");
}

#[tokio::test]
async fn a_build_that_fails_says_why_and_pushes_nothing() {
    let yard = Yard::new(|_| {}).await;
    for (dockerfile, expected, hint) in [
        (
            "FROM contosoacr.azurecr.io/base/debian:12\nCOPY nowhere /\n",
            "COPY failed: file not found",
            "az acr task logs",
        ),
        ("FROM quay.io/none/such:1\n", "no such host", "az acr task logs"),
        ("FROM scratch\nRUN --mount=type=cache true\n", "requires BuildKit", "classic builder"),
        ("FROM scratch\nRUN true\n", "failed during run, err: exit status 1", "az acr task logs"),
    ] {
        let (ended, lines) = yard.build(&[("Dockerfile", dockerfile)], |_| {}).await.unwrap();
        let problem = ended.problem().unwrap();
        assert_eq!((ended.run.status, problem.side), (Status::Failed, Side::Azure));
        assert!(said(&lines, expected), "{lines:#?}");
        assert!(problem.what.starts_with("the run `ca"), "{problem}");
        assert!(problem.hint.as_ref().unwrap().contains(hint), "{problem}");
    }
    assert_eq!(yard.world().azure_registry("contosoacr").tags("app/web"), [""; 0]);
}

#[tokio::test]
async fn a_base_that_is_private_needs_a_login_which_no_log_shows() {
    let yard = Yard::new(|world| {
        drop(world.source("ghcr.io").private_bearer("ci", "a-long-token"));
        world.source("ghcr.io").put("contoso/app:1", &Image::single("linux/amd64"));
    })
    .await;
    let files =
        [("Dockerfile", "ARG TOKEN\nFROM ghcr.io/contoso/app:1\nLABEL token=$TOKEN\nLABEL also=a-long-token\n")];
    let (ended, _) = yard.build(&files, |_| {}).await.unwrap();
    assert!(ended.problem().unwrap().hint.unwrap().contains("Give the run a login"));
    let login =
        || Login { host: "ghcr.io".to_owned(), user: "ci".to_owned(), password: "a-long-token".to_owned().into() };
    let (ended, lines) = yard.build(&files, |order| order.logins = vec![login()]).await.unwrap();
    assert_eq!(ended.problem(), None);
    assert!(said(&lines, "LABEL also=***") && !said(&lines, "a-long-token"), "{lines:#?}");
}

#[tokio::test]
async fn a_run_that_never_ends_is_called_off_at_its_deadline_and_when_nobody_waits() {
    let yard = Yard::new(|world| world.run_latency(Duration::from_secs(3600))).await;
    let order = yard.order(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    let (stop_it, stop) = watch::channel(false);
    let short = Pace { deadline: MOMENT * 10, ..pace() };
    let run = yard.service().schedule(&order).await.unwrap();
    let (ended, _) = yard.follow(&run, &order, short, &stop).await.unwrap();
    assert_eq!(ended.run.status, Status::Canceled);
    assert_eq!(ended.problem().unwrap().what, "it has not ended in time, and `ca1` was called off at Azure");
    let run = yard.service().schedule(&order).await.unwrap();
    stop_it.send_replace(true);
    let (ended, _) = yard.follow(&run, &order, pace(), &stop).await.unwrap();
    assert_eq!(ended.problem().unwrap().what, "the run was stopped, and `ca2` was called off at Azure");
    let left: Vec<_> = yard.runs().into_iter().map(|run| run.status).collect();
    assert_eq!(left, ["Canceled", "Canceled"]);
}

#[tokio::test]
async fn a_log_that_is_late_endless_or_out_of_reach_does_not_keep_the_run() {
    let late = Yard::new(|world| world.fault(Fault::status(404).method("HEAD").path("/logs/").times(3))).await;
    let (ended, lines) = late.build(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    assert!(ended.problem().is_none() && said(&lines, "was successful"));

    let endless = Yard::new(World::logs_never_end).await;
    let (ended, lines) = endless.build(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    assert!(ended.problem().is_none() && said(&lines, "was successful"));

    let unread = Yard::new(|world| world.fault(Fault::status(403).method("HEAD").path("/logs/").times(9))).await;
    let (ended, lines) = unread.build(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    assert_eq!((ended.problem(), lines.len()), (None, 0));
    assert!(ended.unread.unwrap().what.contains("`contosoacr.blob.core.windows.net`"));

    // A signature that runs out in the middle is asked for anew.
    let renewed = Yard::new(|world| world.run_latency(Duration::from_millis(30))).await;
    let order = renewed.order(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    let run = renewed.service().schedule(&order).await.unwrap();
    let (_go_on, stop) = watch::channel(false);
    let watch = Watch { pace: pace(), stop: &stop, secrets: Vec::new() };
    let (mut lines, world) = (Vec::new(), renewed.world().clone());
    let mut see = |line: &str| {
        if lines.is_empty() {
            world.fault(Fault::status(403).method("HEAD").path("/logs/"));
        }
        lines.push(line.to_owned());
    };
    let ended = renewed.service().follow(&run.id, &watch, &mut see).await.unwrap();
    assert!(ended.problem().is_none() && ended.unread.is_none() && said(&lines, "was successful"));
    let links = renewed.world().requests().iter().filter(|seen| seen.path.contains("listLogSasUrl")).count();
    assert_eq!(links, 2);
}

#[tokio::test]
async fn who_may_not_schedule_is_told_the_role() {
    let yard = Yard::new(|world| world.identity(CLIENT, SECRET, Rights::importer())).await;
    let problem = yard.order(&[DOCKERFILE], |_| {}).await.unwrap_err();
    assert!(problem.hint.unwrap().contains("*Container Registry Tasks Contributor*"));
}

#[tokio::test]
async fn a_registry_in_abac_mode_lets_a_run_in_as_its_caller_alone() {
    let yard = Yard::new(|world| {
        world.azure_registry("contosoacr").abac();
        let rights = Rights { repository_contributor: true, ..Rights::importer().contributing_tasks() };
        world.identity(CLIENT, SECRET, rights);
    })
    .await;
    let (ended, _) = yard.build(&[DOCKERFILE, PAGE], |_| {}).await.unwrap();
    assert!(ended.problem().unwrap().what.contains("unauthorized: authentication required"));
    let caller = |order: &mut Order| order.identity = Some("[caller]".to_owned());
    let (ended, _) = yard.build(&[DOCKERFILE, PAGE], caller).await.unwrap();
    assert_eq!(ended.problem(), None);
}

#[tokio::test]
async fn a_host_that_sends_on_to_one_which_is_not_there_is_asked_again_all_the_same() {
    // Port 1 is reserved and serves nothing.
    let registry = Stub::start(|asked| match asked.path.as_str() {
        "/away" => (307, vec![("location", "http://127.0.0.1:1/".to_owned())], Vec::new()),
        _ => (200, Vec::new(), Vec::new()),
    })
    .await;
    let retry = Retry { first: Duration::from_millis(1), ..Retry::default() };
    let http = Http::new(&Way { retry, ..Way::default() }).unwrap();
    let ask = async |path: &str| {
        let url = format!("http://{}{path}", registry.host());
        http.send(|client| client.get(&url), 10).await
    };
    assert_eq!(ask("/away").await.unwrap_err().host(), "127.0.0.1:1");
    assert!(ask("/here").await.is_ok());
}
