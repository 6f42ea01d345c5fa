//! Load: a long list, a registry that throttles, and people who pull meanwhile, by the clock of the runtime, which stands
//! still while anybody works: what is measured is how well a run uses what the throttle permits.

use crate::{number, peak_memory, play};
use acr_sync::{
    emulator::{CLIENT, Emulator, Image, Rights, SECRET, Seen, World},
    inputs::Mode,
    reference::Digest,
    report::{Body, Report, Verdict},
};
use std::{fmt::Write as _, time::Duration};
use tokio::time::Instant;

const SOURCES: [&str; 4] = ["docker.io", "quay.io", "ghcr.io", "registry.k8s.io"];
/// How long an import takes.
const LATENCY: Duration = Duration::from_secs(2);
/// How many imports run together.
const TOGETHER: usize = 64;
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
const PASSWORD: &str = "admin-password-4Tq9";

fn line(index: usize) -> String {
    format!("{}/team/app-{index}:1 => mirror/app-{index}\n", SOURCES[index % SOURCES.len()])
}

/// A registry that throttles as one of the Basic tier does, and a list that is longer than what it throttles by.
struct Load {
    world: World,
    emulator: Emulator,
    image: Image,
    lines: usize,
    /// The first of them, a tenth.
    changed: usize,
}

impl Load {
    /// A list of 3,000 lines, or of as many as `ACR_SYNC_LINES` says.
    async fn new() -> Self {
        let lines = usize::try_from(number("ACR_SYNC_LINES").unwrap_or(3_000)).expect("it fits");
        let changed = lines / 10;
        let image = Image::index(["linux/amd64", "linux/arm64"]).layers(2, 500);
        let world = World::new();
        world.identity(CLIENT, SECRET, Rights::contributor());
        world.import_latency(LATENCY);
        let registry = world.azure_registry("contosoacr").sku("Basic");
        registry.admin(PASSWORD);
        registry.put("app/pulled:1", &image);
        for index in 0..changed {
            world.source(SOURCES[index % SOURCES.len()]).put(&format!("team/app-{index}:1"), &image);
        }
        world.throttle();
        let emulator = Emulator::start(world.clone()).await.expect("the stand-in starts");
        Self { world, emulator, image, lines, changed }
    }

    /// Applies the list, or a shard of it.
    async fn apply(&self, shard: &str) -> Report {
        let text = |from| {
            (from..self.lines).fold(String::new(), |mut text, index| {
                write!(text, "{}", line(index)).expect("a text takes all");
                text
            })
        };
        let inputs = [("registry", "contosoacr"), ("concurrency", &TOGETHER.to_string()), ("shard", shard)];
        play::walk(&inputs, &self.emulator, Mode::Apply, text(0), Some(text(self.changed))).await
    }

    fn every_changed_line_is_there(&self) {
        for index in 0..self.changed {
            let tag = self.world.azure_registry("contosoacr").tag(&format!("mirror/app-{index}"), "1");
            assert_eq!(tag, Some(self.image.digest()), "{index}");
        }
    }

    /// Returns the seconds that the throttle permits at least, and how many requests were ours and how many refused.
    fn floor(&self, sent: usize, together: usize) -> (f64, usize, usize) {
        // Who pulls has a password, and is sent on to storage without it.
        let is_ours =
            |host: &str, scheme: Option<&str>| scheme != Some("Basic") && !host.ends_with(".blob.core.windows.net");
        let seen = self.world.requests().into_iter().skip(sent);
        let ours: Vec<_> = seen.filter(|it| is_ours(&it.host, it.authorization.as_deref())).collect();
        let (refused, answered): (Vec<_>, Vec<_>) = ours.iter().partition(|it| it.status == Some(429));
        let is_read = |it: &&&Seen| matches!(it.method.as_str(), "GET" | "HEAD") && !it.path.contains("/oauth2/");
        let reads = answered.iter().filter(|it| it.host == "contosoacr.azurecr.io").filter(is_read).count();
        // Each bucket with what is in it at first, and the imports themselves.
        let past = |count: usize, most: f64, rate: f64| (count as f64 - most).max(0.0) / rate;
        let imports = self.changed.div_ceil(together) as f64 * LATENCY.as_secs_f64();
        let floor = past(self.changed, 200.0, 10.0).max(past(reads, 5_000.0, 5_000.0 / 60.0)).max(imports);
        (floor, ours.len(), refused.len())
    }
}

#[tokio::test(start_paused = true)]
#[expect(clippy::print_stdout, reason = "what was measured is printed")]
async fn a_long_list_is_as_fast_as_the_throttle_permits_and_nobody_who_pulls_is_kept_out() {
    let load = Load::new().await;
    let Load { world, emulator, image, lines, changed } = &load;
    let sent = world.requests().len();
    let began = Instant::now();
    let pulls = tokio::spawn(pulls(emulator.proxy_url(), emulator.ca_pem().to_owned(), image.digest()));
    let report = load.apply("").await;
    let took = began.elapsed().as_secs_f64();
    pulls.await.expect("every pull succeeds");

    assert_eq!(report.verdict(), Verdict::Clean, "{}", report.headline());
    let Body::Applied(plan, _) = &report.parts[0].body else { panic!("it is applied") };
    assert_eq!((plan.steps.len(), plan.unchanged), (*changed, lines - changed));
    load.every_changed_line_is_there();
    let (floor, requests, refused) = load.floor(sent, TOGETHER);
    println!(
        "{lines} lines, {changed} changed: {took:.0} s where the throttle permits {floor:.0} s ({:.2}); {requests} requests, \
         {refused} of them throttled; at most {} MiB with the stand-in",
        took / floor,
        peak_memory() / 1024,
    );
    assert!(took <= floor * 1.1 + 5.0, "{took} s where {floor} s are possible");
}

/// Four shards, or as many as `ACR_SYNC_SHARDS` says, which know nothing of each other and share one throttle.
#[tokio::test(start_paused = true)]
#[expect(clippy::print_stdout, reason = "what was measured is printed")]
async fn shards_side_by_side_do_every_line_once() {
    let load = Load::new().await;
    let Load { world, lines, changed, .. } = &load;
    let count = number("ACR_SYNC_SHARDS").unwrap_or(4);
    let sent = world.requests().len();
    let began = Instant::now();
    let shards: Vec<_> = (1..=count).map(|shard| format!("{shard}/{count}")).collect();
    let reports = futures_util::future::join_all(shards.iter().map(|shard| load.apply(shard))).await;
    let took = began.elapsed().as_secs_f64();

    let (mut done, mut unchanged) = (vec![0; *changed], 0);
    for report in &reports {
        assert_eq!(report.verdict(), Verdict::Clean, "{}", report.headline());
        let Body::Applied(plan, _) = &report.parts[0].body else { panic!("it is applied") };
        unchanged += plan.unchanged;
        for step in &plan.steps {
            done[usize::try_from(step.line.get()).expect("it fits") - 1] += 1;
        }
    }
    assert!(done.iter().all(|&times| times == 1), "every changed line is one shard's: {done:?}");
    assert_eq!(unchanged, lines - changed);
    let mut imported: Vec<_> = world.imports().into_iter().flat_map(|import| import.targets).collect();
    imported.sort();
    let mut expected: Vec<_> = (0..*changed).map(|index| format!("mirror/app-{index}:1")).collect();
    expected.sort();
    assert!(imported == expected, "{} imports of {changed} lines", imported.len());
    load.every_changed_line_is_there();
    let shares: Vec<_> = reports.iter().map(|report| report.steps().count()).collect();
    let (floor, requests, refused) = load.floor(sent, TOGETHER * shards.len());
    println!(
        "{count} shards of {lines} lines, {changed} changed, {} to {} each: {took:.0} s where the throttle permits \
         {floor:.0} s ({:.2}); {requests} requests, {refused} of them throttled; {} imports",
        shares.iter().min().unwrap_or(&0),
        shares.iter().max().unwrap_or(&0),
        took / floor,
        imported.len(),
    );
    assert!(took <= floor * 1.1 + 5.0, "{took} s where {floor} s are possible");
}

/// A hundred at once, each again and again for two minutes.
async fn pulls(proxy: String, ca: String, digest: Digest) {
    let certificate = reqwest::Certificate::from_pem(ca.as_bytes()).expect("it is a certificate");
    let client = reqwest::Client::builder()
        .proxy(reqwest::Proxy::all(proxy).expect("it is an address"))
        .tls_certs_only([certificate])
        .build()
        .expect("it is a client");
    let get = async |path: String| {
        let url = format!("https://contosoacr.azurecr.io/v2/app/pulled/{path}");
        let request = client.get(url).basic_auth("contosoacr", Some(PASSWORD)).header("accept", ACCEPT);
        let reply = request.send().await.expect("an answer");
        assert!(reply.status().is_success(), "{path}: {}", reply.status());
        reply.bytes().await.expect("a whole answer")
    };
    let pull = async || {
        let index = get("manifests/1".to_owned()).await;
        assert_eq!(Digest::of(&index), digest);
        let mut level = vec![("manifests".to_owned(), digest.to_string())];
        while let Some((kind, name)) = level.pop() {
            let bytes = get(format!("{kind}/{name}")).await;
            assert_eq!(Digest::of(&bytes).to_string(), name);
            if kind == "manifests" {
                let manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("it is a manifest");
                for (list, kind) in [("manifests", "manifests"), ("layers", "blobs")] {
                    let listed = manifest[list].as_array().into_iter().flatten();
                    level.extend(listed.filter_map(|it| Some((kind.to_owned(), it["digest"].as_str()?.to_owned()))));
                }
            }
        }
    };
    for _ in 0..4 {
        futures_util::future::join_all((0..100).map(|_| pull())).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
}
