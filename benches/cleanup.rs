//! A plan of a clean-up against a large registry, by the program in a process of its own: requests, memory, seconds.
//! Some of the pages are answered with 429. `MANIFESTS` names sizes in the place of 14,000 and 140,000, `ACR_SYNC` a
//! program to measure.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on says where, and prints")]

use acr_sync::emulator::{CLIENT, Emulator, Fault, Image, Rights, SECRET, TENANT, World};
use nix::sys::resource::{UsageWho, getrusage};
use std::{env, fs, process::Command, time::Instant};
use time::Duration;

/// How many answers to a page are 429 in its place; each asks for a second.
const THROTTLED: u32 = 10;
/// More than this for the larger registry is a defect.
const MOST_MEMORY: f64 = 300.0;
const RULES: &str =
    "cleanup: [{ repositories: app/web, tags: \"^ci-\", older-than: 30d, keep: 100, untagged: true, confirm: true }]\n";

fn main() {
    let variable = |name: &str| env::vars().find(|(known, _)| known == name).map(|(_, value)| value);
    let sizes = variable("MANIFESTS").unwrap_or_else(|| "14000,140000".to_owned());
    let program = variable("ACR_SYNC").unwrap_or_else(|| env!("CARGO_BIN_EXE_acr-sync").to_owned());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "| manifests | requests | of them lists | manifests read | answered 429 | removals planned | peak memory | seconds |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    // The largest comes last: memory is the largest of all children so far.
    for size in sizes.split(',') {
        let size: usize = size.trim().parse().unwrap();
        let memory = measure(&runtime, &program, size);
        assert!(memory < MOST_MEMORY, "{memory:.1} MB for {size} manifests");
    }
}

/// Half of the manifests belong to images for two platforms with attestations, half are images for one; both are old
/// and new to one half.
fn world(size: usize) -> World {
    let world = World::new();
    let registry = world.azure_registry("contosoacr");
    world.identity(CLIENT, SECRET, Rights::importer());
    let index = Image::index(["linux/amd64", "linux/arm64"]).with_attestations();
    let image = |content: &str| Image::single("linux/amd64").content(content);
    let (indexes, images) = (size / 10, size - size / 10 * 5);
    registry.put_many("app/web", &index, indexes / 2, |number| format!("ci-{number}"));
    registry.put_many("app/web", &image("single"), images / 2, |number| format!("ci-single-{number}"));
    registry.age("app/web", Duration::days(40));
    registry.put_many("app/web", &index.content("new"), indexes - indexes / 2, |number| format!("v{number}"));
    registry.put_many("app/web", &image("new single"), images - images / 2, |number| format!("v-single-{number}"));
    assert_eq!(registry.manifests("app/web").len(), size);
    world.fault(Fault::status_retry_after(429, 1).method("GET").path("/_manifests").times(THROTTLED / 2));
    world.fault(Fault::status_retry_after(429, 1).method("GET").path("/_tags").times(THROTTLED / 2));
    world
}

/// Returns the program's peak memory in MB.
fn measure(runtime: &tokio::runtime::Runtime, program: &str, size: usize) -> f64 {
    let emulator = runtime.block_on(Emulator::start(world(size))).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, emulator.ca_pem()).unwrap();
    fs::write(folder.path().join("images.txt"), "").unwrap();
    fs::write(folder.path().join("acr-sync.yaml"), RULES).unwrap();
    let began = Instant::now();
    let output = Command::new(program)
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HTTPS_PROXY", emulator.proxy_url().as_str())])
        .envs([("HOME", folder.path()), ("SSL_CERT_FILE", &ca)])
        .envs([("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)])
        .args(["plan", "images.txt", "--registry", "contosoacr", "--all", "--plan-file", "plan.json"])
        .output()
        .unwrap();
    let took = began.elapsed().as_secs_f64();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{text}");
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as f64 * 1024.0 / 1e6;
    let plan: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("plan.json")).unwrap()).unwrap();
    let planned = plan["totals"]["chores"].as_u64().unwrap();
    let seen = emulator.world().requests();
    let count = |part: &str| seen.iter().filter(|seen| seen.path.contains(part)).count();
    let throttled = seen.iter().filter(|seen| seen.status == Some(429)).count();
    let lists = count("/_manifests") + count("/_tags");
    println!(
        "| {size} | {} | {lists} | {} | {throttled} | {planned} | {memory:.1} MB | {took:.0} |",
        seen.len(),
        count("/manifests/sha256:")
    );
    memory
}
