//! The fault campaign: whole runs with faults drawn from a seed, and laws that hold after every one.
//!
//! `ACR_SYNC_SEEDS=10000 cargo test --test campaign` runs that many; `ACR_SYNC_SEED=17 cargo test --test campaign` plays
//! one again.

mod case;
mod dice;
mod laws;
mod load;
mod play;
mod stranger;
mod tally;
mod trouble;

use acr_sync::{emulator::Emulator, inputs::Mode};
use case::Case;
use dice::Dice;
use laws::Around;
use std::{
    collections::BTreeSet,
    env,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use stranger::Stranger;
use tally::Tally;
use trouble::Trouble;

/// A campaign that has found so many seeds which break a law ends.
const ENOUGH: usize = 10;
/// How many seeds `cargo test` runs.
const FEW: u64 = 60;

/// Plays one seed from the plan to the run that puts everything right.
async fn play(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let case = Case::draw(&mut dice);
    let emulator = Emulator::start(case.world.clone()).await.map_err(|error| error.to_string())?;
    let quiet = dice.once_in(2);
    let mut trouble = Trouble::draw(&case, &mut dice);
    let told = |run: &str, why: String| format!("{run}: {why}");

    if !quiet && !trouble.is_mild {
        // The plan has its share.
        let share = trouble.faults.len() / 2;
        trouble.faults.drain(..share).for_each(|fault| case.world.fault(fault));
    }
    let before = laws::all_tags(&case);
    let plan = play::run(&case, &emulator, Mode::Plan, None, None).await;
    laws::of_plan(&before, &laws::all_tags(&case), &plan).map_err(|why| told("plan", why))?;
    case.world.clear_faults();

    trouble::meanwhile(&case, &mut dice);
    let before = laws::all_tags(&case);
    for fault in trouble.faults.drain(..) {
        case.world.fault(fault);
    }
    let reviewed = plan.report.shown();
    let stranger = Stranger::after(trouble.stranger.as_ref(), &case);
    let applied = play::run(&case, &emulator, Mode::Apply, reviewed.clone(), trouble.stop).await;
    let after = laws::all_tags(&case);
    tally.count(&applied);
    let around = Around { case: &case, breaks: &trouble.breaks, stranger: Some(&stranger), plan: &plan };
    laws::of_apply(&around, &applied, &before, &after).map_err(|why| told("apply", why))?;
    if trouble.is_mild {
        laws::of_reached(&case, &applied, &after).map_err(|why| told("apply, with one passing fault", why))?;
    }
    drop(stranger);

    // What Azure had begun when the run ended, it ends before the next.
    tokio::time::sleep(Duration::from_secs(60)).await;
    case.world.clear_faults();
    let before = laws::all_tags(&case);
    let again = play::run(&case, &emulator, Mode::Apply, reviewed, None).await;
    let after = laws::all_tags(&case);
    tally.count_world(&case, &[&plan, &applied, &again]);
    let around = Around { case: &case, breaks: &BTreeSet::new(), stranger: None, plan: &plan };
    laws::of_apply(&around, &again, &before, &after).map_err(|why| told("second apply", why))?;
    laws::of_reached(&case, &again, &after).map_err(|why| told("second apply", why))
}

/// Plays a seed on a runtime of its own.
fn play_alone(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let played = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(play(seed, tally))));
    played.unwrap_or_else(|_| Err("a panic".to_owned()))
}

#[expect(clippy::disallowed_methods, reason = "which seeds are played is no setting of the program")]
fn number(name: &str) -> Option<u64> {
    env::var_os(name).map(|text| text.to_str().and_then(|text| text.parse().ok()).expect("a number"))
}

/// The most memory that this process has had, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

#[test]
#[expect(clippy::print_stdout, reason = "what a campaign has found is printed")]
fn the_laws_hold_whatever_goes_wrong() {
    let (first, end) = match number("ACR_SYNC_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, number("ACR_SYNC_SEEDS").unwrap_or(FEW)),
    };
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let played = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    let slowest = Mutex::new((Duration::ZERO, 0));
    let all = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut tally = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let began = Instant::now();
                    let result = play_alone(seed, &mut tally);
                    played.fetch_add(1, Ordering::Relaxed);
                    let mut slowest = slowest.lock().unwrap_or_else(PoisonError::into_inner);
                    *slowest = (*slowest).max((began.elapsed(), seed));
                    drop(slowest);
                    if let Err(why) = result {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push((seed, why));
                        if failures.len() >= ENOUGH {
                            next.store(end, Ordering::Relaxed);
                        }
                    }
                }
                all.lock().unwrap_or_else(PoisonError::into_inner).extend(tally);
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_unstable();
    let slowest = slowest.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{} seeds in {:.1} s, the slowest ({}) {:.2} s, at most {} MiB",
        played.into_inner(),
        began.elapsed().as_secs_f64(),
        slowest.1,
        slowest.0.as_secs_f64(),
        peak_memory() / 1024,
    );
    println!("{}", all.into_inner().unwrap_or_else(PoisonError::into_inner));
    for (seed, why) in &failures {
        println!("\nACR_SYNC_SEED={seed} cargo test --test campaign\n{why}");
    }
    assert!(failures.is_empty(), "{} seeds break a law", failures.len());
}
