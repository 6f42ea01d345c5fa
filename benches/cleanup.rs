//! A plan of a clean-up against a large registry, by the program in a process of its own: requests, memory, seconds.
//! Some of the pages are answered with 429. `MANIFESTS` names other sizes, as `140000` for one repository, `140000/100`
//! for a hundred, and `140000/1/untagged` where what is old has no tags.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on says where, and prints")]

mod peak;
mod program;

use acr_sync::emulator::{AzureRegistry, CLIENT, Emulator, Fault, Image, Rights, SECRET, TENANT, World};
use program::program;
use std::{env, fs, path::Path, time::Instant};
use time::Duration;

/// How many answers to a page are 429 in its place; each asks for a second.
const THROTTLED: u32 = 10;
/// More than this for the larger registry is a defect.
const MOST_MEMORY: f64 = 50.0;
const RULES: &str = "cleanup: [{ repositories: \"app/*\", tags: \"^ci-\", older-than: 30d, keep: 100, untagged: true, confirm: true }]\n";

fn main() {
    let sizes = env::vars().find(|(name, _)| name == "MANIFESTS").map(|(_, sizes)| sizes);
    let sizes = sizes.unwrap_or_else(|| "14000,140000,140000/100,14000/1/untagged,140000/1/untagged".to_owned());
    let program = program();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "| manifests | repositories | what is old is | requests | of them lists | manifests read | answered 429 | removals planned | peak memory | seconds |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for size in sizes.split(',') {
        let mut parts = size.trim().split('/');
        let mut number = |usual: &str| parts.next().unwrap_or(usual).parse().unwrap();
        let shape = Shape { size: number(""), repositories: number("1"), is_tagged: parts.next().is_none() };
        let memory = measure(&runtime, &program, shape);
        assert!(memory < MOST_MEMORY, "{memory:.1} MB for {shape:?}");
    }
}

/// What a registry holds.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Its manifests, in all of its repositories.
    size: usize,
    repositories: usize,
    /// Whether what is old has tags.
    is_tagged: bool,
}

/// Half of the manifests belong to images for two platforms with attestations, half are images for one; both are old
/// and new to one half.
fn world(shape: Shape) -> World {
    let world = World::new();
    let registry = world.azure_registry("contosoacr");
    world.identity(CLIENT, SECRET, Rights::importer());
    for number in 0..shape.repositories {
        let repository = format!("app/web-{number}");
        fill(&registry, &repository, shape.size / shape.repositories);
        let tags = if shape.is_tagged { Vec::new() } else { registry.tags(&repository) };
        tags.iter().filter(|tag| tag.starts_with("ci-")).for_each(|tag| registry.untag(&repository, tag));
    }
    world.fault(Fault::status_retry_after(429, 1).method("GET").path("/_manifests").times(THROTTLED / 2));
    world.fault(Fault::status_retry_after(429, 1).method("GET").path("/_tags").times(THROTTLED / 2));
    world
}

fn fill(registry: &AzureRegistry, repository: &str, size: usize) {
    let index = Image::index(["linux/amd64", "linux/arm64"]).with_attestations();
    let image = |content: &str| Image::single("linux/amd64").content(content);
    let (indexes, images) = (size / 10, size - size / 10 * 5);
    registry.put_many(repository, &index, indexes / 2, |number| format!("ci-{number}"));
    registry.put_many(repository, &image("single"), images / 2, |number| format!("ci-single-{number}"));
    registry.age(repository, Duration::days(40));
    registry.put_many(repository, &index.content("new"), indexes - indexes / 2, |number| format!("v{number}"));
    registry.put_many(repository, &image("new single"), images - images / 2, |number| format!("v-single-{number}"));
    assert_eq!(registry.manifests(repository).len(), size);
}

/// Returns the program's peak memory in MB.
fn measure(runtime: &tokio::runtime::Runtime, program: &Path, shape: Shape) -> f64 {
    let emulator = runtime.block_on(Emulator::start(world(shape))).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, emulator.ca_pem()).unwrap();
    fs::write(folder.path().join("images.txt"), "").unwrap();
    fs::write(folder.path().join("acr-sync.yaml"), RULES).unwrap();
    let peak = folder.path().join("peak");
    let began = Instant::now();
    let output = peak::command(program, &peak)
        .current_dir(folder.path())
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HTTPS_PROXY", emulator.proxy_url().as_str())])
        .envs([("HOME", folder.path()), ("SSL_CERT_FILE", &ca)])
        .envs([("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)])
        .args(["plan", "images.txt", "--registry", "contosoacr", "--all", "--plan-file", "plan.json"])
        .output()
        .unwrap();
    let took = began.elapsed().as_secs_f64();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{text}");
    let memory = peak::read(&peak);
    let plan: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("plan.json")).unwrap()).unwrap();
    let planned = plan["totals"]["chores"].as_u64().unwrap();
    let seen = emulator.world().requests();
    let count = |part: &str| seen.iter().filter(|seen| seen.path.contains(part)).count();
    let throttled = seen.iter().filter(|seen| seen.status == Some(429)).count();
    let lists = count("/_manifests") + count("/_tags");
    let Shape { size, repositories, is_tagged } = shape;
    let old = if is_tagged { "tagged" } else { "untagged" };
    println!(
        "| {size} | {repositories} | {old} | {} | {lists} | {} | {throttled} | {planned} | {memory:.1} MB | {took:.0} |",
        seen.len(),
        count("/manifests/sha256:")
    );
    memory
}
