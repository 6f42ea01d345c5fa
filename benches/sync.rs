//! Whole runs of the program against the stand-in, each beside its limit or its peer of the same run:
//! nothing changed, 200 changed lines, 20,000 lines; and the real `az acr import` in a loop (its path in `AZ`).
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on says where, and prints")]

mod peak;
mod program;

use acr_sync::emulator::{CLIENT, Emulator, Image, SECRET, TENANT, World};
use program::program;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

const SOURCES: [&str; 4] = ["docker.io", "quay.io", "ghcr.io", "registry.k8s.io"];
const LATENCY: Duration = Duration::from_secs(2);
const CONCURRENCY: usize = 16;

struct Stage {
    folder: tempfile::TempDir,
    emulator: Emulator,
}

impl Stage {
    fn new(runtime: &tokio::runtime::Runtime, world: World) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let emulator = runtime.block_on(Emulator::start(world)).unwrap();
        fs::write(folder.path().join("ca.pem"), emulator.ca_pem()).unwrap();
        Self { folder, emulator }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn surroundings(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        self.surround(command)
    }

    fn surround(&self, mut command: Command) -> Command {
        let ca = self.path("ca.pem");
        command
            .current_dir(self.folder.path())
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HTTPS_PROXY", self.emulator.proxy_url().as_str())])
            .envs([("HOME", self.folder.path()), ("SSL_CERT_FILE", &ca), ("REQUESTS_CA_BUNDLE", &ca)])
            .envs([("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)]);
        command
    }

    fn run(&self, arguments: &[&str], expected: i32) -> Duration {
        finish(self.surroundings(&program()).args(arguments), expected)
    }

    /// Runs the program and returns its memory at its peak, in MB.
    fn memory(&self, arguments: &[&str], expected: i32) -> f64 {
        let file = self.path("peak");
        finish(self.surround(peak::command(&program(), &file)).args(arguments), expected);
        peak::read(&file)
    }
}

fn finish(command: &mut Command, expected: i32) -> Duration {
    let began = Instant::now();
    let output = command.output().unwrap();
    let took = began.elapsed();
    assert_eq!(output.status.code(), Some(expected), "{}", text(&output));
    took
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn line(index: usize) -> String {
    let host = SOURCES[index % SOURCES.len()];
    format!("{host}/team/app-{index}:1 => mirror/app-{index}\n")
}

fn world(lines: usize) -> World {
    let world = World::new();
    drop(world.azure_registry("contosoacr"));
    world.identity(CLIENT, SECRET, acr_sync::emulator::Rights::contributor());
    let image = Image::index(["linux/amd64", "linux/arm64"]).layers(2, 500);
    for index in 0..lines {
        world.source(SOURCES[index % SOURCES.len()]).put(&format!("team/app-{index}:1"), &image);
    }
    world
}

fn row(what: &str, measured: f64, limit: f64, unit: &str) {
    println!("| {what} | {measured:.2} {unit} | {limit:.2} {unit} | {:.2} |", measured / limit);
}

/// A row whose limit no machine changes: above it the bench fails.
fn bar(what: &str, measured: f64, limit: f64, unit: &str) {
    row(what, measured, limit, unit);
    assert!(measured <= limit, "{what}: {measured:.2} {unit}, at most {limit:.2} {unit}");
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("| what | measured | limit | ratio |\n| --- | --- | --- | --- |");
    nothing_changed(&runtime);
    first_request(&runtime);
    many_changed(&runtime);
    many_lines(&runtime);
}

fn nothing_changed(runtime: &tokio::runtime::Runtime) {
    let stage = Stage::new(runtime, world(0));
    let list: String = (0..500).map(line).collect();
    fs::write(stage.path("images.txt"), list).unwrap();
    for arguments in [&["init", "-q"][..], &["add", "images.txt"], &["commit", "-qm", "list"]] {
        let git = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
        let output = stage.surroundings(Path::new("git")).args(git).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    let plan = ["plan", "--registry", "contosoacr", "--base", "HEAD"];
    let mut times: Vec<_> = (0..21).map(|_| stage.run(&plan, 0)).collect();
    times.sort();
    row("nothing changed, 500 lines: start to exit, median of 21", times[10].as_secs_f64() * 1e3, 50.0, "ms");
    bar("nothing changed, 500 lines: requests", stage.emulator.world().requests().len() as f64, 5.0, "");
    bar("nothing changed, 500 lines: memory", stage.memory(&plan, 0), 20.0, "MB");
}

fn first_request(runtime: &tokio::runtime::Runtime) {
    // What the stand-in sees is counted from here.
    let born = Instant::now();
    let stage = Stage::new(runtime, world(1));
    fs::write(stage.path("images.txt"), line(0)).unwrap();
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            stage.emulator.world().clear_requests();
            let started = born.elapsed();
            stage.run(&["plan", "--registry", "contosoacr", "--all"], 2);
            stage.emulator.world().requests()[0].at.saturating_sub(started)
        })
        .collect();
    times.sort();
    row("start to the first request, median of 21", times[10].as_secs_f64() * 1e3, 20.0, "ms");
}

fn many_changed(runtime: &tokio::runtime::Runtime) {
    const LINES: usize = 200;
    let world = world(LINES);
    world.import_latency(LATENCY);
    world.poll_retry_after(10);
    let stage = Stage::new(runtime, world);
    let list: String = (0..LINES).map(line).collect();
    fs::write(stage.path("images.txt"), list).unwrap();
    let concurrency = CONCURRENCY.to_string();
    let took = stage.run(&["apply", "--registry", "contosoacr", "--all", "--concurrency", &concurrency], 0);
    let floor = LINES.div_ceil(CONCURRENCY) as f64 * LATENCY.as_secs_f64();
    let ours = took.as_secs_f64();
    row("200 changed lines, imports of 2 s, 16 at once (limit: 15 % over the floor)", ours, floor * 1.15, "s");
    let requests = stage.emulator.world().requests().len();
    println!(
        "| 200 changed lines: requests an image, plan and proof included | {:.1} | | |",
        requests as f64 / LINES as f64
    );
    let az = az_loop(&stage) * LINES as f64;
    println!(
        "| 200 changed lines: times as fast as a loop of `az acr import` (goal: 20) | {ours:.1} s | {az:.0} s | {:.1} |",
        az / ours
    );
}

/// Returns the seconds of one import in a loop of the real Azure CLI, the mean of three.
fn az_loop(stage: &Stage) -> f64 {
    const IMPORTS: usize = 3;
    let az = PathBuf::from(std::env::vars_os().find(|(name, _)| name == "AZ").expect("AZ names the Azure CLI").1);
    let run = |arguments: &[&str]| {
        let output = stage
            .surroundings(&az)
            .env("AZURE_CONFIG_DIR", stage.path("azure"))
            .env("AZURE_CORE_COLLECT_TELEMETRY", "false")
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    run(&["login", "--service-principal", "-u", CLIENT, "-p", SECRET, "--tenant", TENANT]);
    let began = Instant::now();
    for index in 0..IMPORTS {
        let source = format!("{}/team/app-{index}:1", SOURCES[index % SOURCES.len()]);
        run(&[
            "acr",
            "import",
            "-n",
            "contosoacr",
            "--source",
            &source,
            "--image",
            &format!("az/app-{index}:1"),
            "--force",
        ]);
    }
    began.elapsed().as_secs_f64() / IMPORTS as f64
}

fn many_lines(runtime: &tokio::runtime::Runtime) {
    const LINES: usize = 20_000;
    let stage = Stage::new(runtime, world(LINES));
    let list: String = (0..LINES).map(line).collect();
    fs::write(stage.path("images.txt"), list).unwrap();
    let plan = ["plan", "--registry", "contosoacr", "--all", "--plan-file", "plan.json"];
    bar("plan of 20,000 lines: memory", stage.memory(&plan, 2), 200.0, "MB");
    stage.emulator.world().clear_requests();
    let took = stage.run(&plan, 2);
    let requests = stage.emulator.world().requests().len() as f64;
    println!(
        "| plan of 20,000 lines: requests a line, and a second on one machine with the stand-in | {:.1} | {:.0} | |",
        requests / LINES as f64,
        requests / took.as_secs_f64()
    );
}
