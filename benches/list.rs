//! Reading and comparing two lists of 100,000 lines, as ratios to the goals of design §10.
//!
//! A time alone says little about a shared machine, so the same run also measures a yardstick: splitting the same
//! two texts into lines and finding the arrow in each.

use acr_sync::{change, images, reference::Registry};
use std::{
    fmt::Write as _,
    fs,
    hint::black_box,
    io::{self, Write as _},
    time::{Duration, Instant},
};

const LINES: usize = 100_000;
const CHANGED: usize = 1_000;
const ROUNDS: usize = 15;
const LIMIT: Duration = Duration::from_millis(100);
const MEMORY_LIMIT_KIB: u64 = 64 * 1024;

fn main() -> io::Result<()> {
    let base = text(|_| false);
    let head = text(|line| line % (LINES / CHANGED) == 0);
    let target = Registry::parse("contoso.azurecr.io").map_err(io::Error::other)?;

    let before = peak_memory_kib();
    let (mut walk, mut yardstick) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        yardstick.push(time(|| split(&base) + split(&head)));
        walk.push(time(|| {
            let (head, base) = images::parse_both(head.as_bytes(), Some(base.as_bytes()), Some(&target));
            let base = base.unwrap_or_default();
            let changes = change::between(&base, &head.list);
            assert_eq!((changes.changed.len(), changes.unchanged), (CHANGED, LINES - CHANGED));
            assert_eq!((base.len(), head.error_count()), (LINES, 0));
            changes.changed.len()
        }));
    }
    let first = walk.first().copied().unwrap_or_default();
    let (walk, yardstick) = (middle(&mut walk), middle(&mut yardstick));
    let memory = peak_memory_kib();

    let mut out = io::stdout().lock();
    let of = |time: Duration| time.as_secs_f64() / LIMIT.as_secs_f64();
    writeln!(out, "parse and compare {LINES} lines, {CHANGED} changed, {ROUNDS} rounds")?;
    writeln!(out, "  time, median     {walk:>10.1?}  {:.2} of the limit of {LIMIT:?}", of(walk))?;
    writeln!(out, "  time, first      {first:>10.1?}  {:.2} of the limit", of(first))?;
    writeln!(
        out,
        "  only splitting   {yardstick:>10.1?}  {:.2} of the limit; parse and compare take {:.1} times that",
        of(yardstick),
        walk.as_secs_f64() / yardstick.as_secs_f64()
    )?;
    match (before, memory) {
        (Some(before), Some(memory)) => writeln!(
            out,
            "  peak memory      {memory:>6} KiB  {:.2} of the limit of {MEMORY_LIMIT_KIB} KiB; {:.2} were the two texts and the program",
            memory as f64 / MEMORY_LIMIT_KIB as f64,
            before as f64 / MEMORY_LIMIT_KIB as f64
        )?,
        _ => writeln!(out, "  peak memory is not told by this system")?,
    }
    match memory.filter(|memory| *memory > MEMORY_LIMIT_KIB) {
        Some(memory) => Err(io::Error::other(format!("{memory} KiB of memory, at most {MEMORY_LIMIT_KIB}"))),
        None => Ok(()),
    }
}

/// Makes a list as platform teams keep them: a few registries, tags, some digests, some comments.
fn text(is_changed: impl Fn(usize) -> bool) -> String {
    let registries = ["registry.k8s.io/", "quay.io/jetstack/", "docker.io/library/", "ghcr.io/example/", ""];
    let mut text = String::new();
    for line in 0..LINES {
        let registry = registries[line % registries.len()];
        let tag = if is_changed(line) { "v1.2.4" } else { "v1.2.3" };
        let digest = if line % 10 == 3 { format!("@sha256:{line:064x}") } else { String::new() };
        let comment = if line % 20 == 7 { "  # reviewed by the platform team" } else { "" };
        // Writing to a text does not fail.
        writeln!(text, "{registry}team-{}/app-{line}:{tag}{digest} => mirror/app-{line}:stable{comment}", line % 97)
            .unwrap_or_default();
    }
    text
}

fn split(text: &str) -> usize {
    black_box(text).lines().filter_map(|line| line.split_once("=>")).map(|(source, _)| source.len()).sum()
}

fn time(work: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The most memory this process ever had (Linux, `VmHWM`).
fn peak_memory_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
