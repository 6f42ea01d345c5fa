//! The faults of design §10, for imports: each survived, or an outcome that names the side.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    emulator::{Fault, Image, Part},
    import::{Outcome, Proof},
    problem::Side,
    report::Verdict,
};
use std::time::Duration;

const ARM: &str = "management.azure.com";
const ACR: &str = "contosoacr.azurecr.io";

async fn with(fault: Fault) -> Run {
    Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).world(|world| world.fault(fault)).run().await
}

fn survived(run: &Run) {
    assert!(matches!(run.outcome(), Outcome::Imported { proof: Proof::Verified, .. }), "{:?}", run.outcome());
    assert_eq!(run.tag("a:1.27"), Some(image().digest()));
}

fn failed_at(run: &Run, side: Side) {
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert_eq!(problem.side, side, "{problem}");
    assert_eq!(run.report.verdict(), Verdict::Failed);
}

#[tokio::test]
async fn the_import_is_throttled_and_waits_as_long_as_it_is_told() {
    let run = with(Fault::status_retry_after(429, 1).on(ARM).path("importImage").times(2)).await;
    survived(&run);
    let seen = run.world.requests();
    let posts: Vec<_> = seen.iter().filter(|seen| seen.path.contains("importImage")).map(|seen| seen.at).collect();
    assert_eq!(posts.len(), 3);
    let is_obeyed = posts.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(1));
    assert!(is_obeyed, "Retry-After is obeyed in full: {posts:?}");
}

#[tokio::test]
async fn the_import_is_answered_503_once() {
    survived(&with(Fault::status(503).on(ARM).path("importImage").times(1)).await);
}

#[tokio::test]
async fn the_import_is_accepted_and_the_answer_lost() {
    survived(&with(Fault::close().on(ARM).path("importImage").times(1)).await);
}

#[tokio::test]
async fn everything_at_the_registry_is_throttled_for_a_while() {
    survived(&with(Fault::throttle(Duration::from_secs(2)).on(ACR)).await);
}

#[tokio::test]
async fn polling_breaks_while_the_registry_can_be_asked() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.import_latency(Duration::from_millis(600));
            world.fault(Fault::status(500).on(ARM).path("operationResults").times(3));
            world.fault(Fault::close().on(ARM).path("operationResults").times(2));
        })
        .run()
        .await;
    survived(&run);
}

#[tokio::test]
async fn polling_breaks_while_the_registry_is_closed() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.azure_registry("contosoacr").public_access(false);
            world.poll_retry_after(0);
            world.fault(Fault::status(500).on(ARM).path("operationResults").times(3));
        })
        .run()
        .await;
    assert!(matches!(run.outcome(), Outcome::Imported { proof: Proof::Accepted(_), .. }), "{:?}", run.outcome());
}

#[tokio::test]
async fn an_operation_that_never_ends_is_given_up_at_the_deadline() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| world.fault(Fault::import_hangs()))
        .deadline(Duration::from_millis(700))
        .run()
        .await;
    failed_at(&run, Side::Azure);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_to_be_asked_at_once_is_not_asked_all_the_time() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.fault(Fault::import_hangs());
        })
        .deadline(Duration::from_secs(20 * 60))
        .run()
        .await;
    failed_at(&run, Side::Azure);
    let polls = run.requests(ARM, "operationResults");
    assert!((100..250).contains(&polls), "{polls} polls in twenty minutes");
}

#[tokio::test]
async fn an_operation_that_says_succeeded_over_a_broken_tag_is_found_out() {
    for part in [Part::Manifest, Part::Child, Part::Layer, Part::Tag] {
        let run = Scenario::apply(&format!("{NGINX} => a"))
            .source(NGINX, &image())
            .world(|world| {
                world.poll_retry_after(0);
                world.fault(Fault::import_breaks(part));
            })
            .deadline(Duration::from_secs(3))
            .run()
            .await;
        failed_at(&run, Side::Target);
    }
}

#[tokio::test]
async fn an_operation_that_ends_with_200_and_failed_is_a_failure() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.fault(
                Fault::import_says_failed(
                    "InvalidParameters",
                    "Unable to find manifest digest Repo: a Tag: b Manifest:",
                )
                .always(),
            );
        })
        .run()
        .await;
    failed_at(&run, Side::Source);
}

#[tokio::test]
async fn copying_breaks_once_and_passes_on_another_try() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.fault(Fault::import_copy_error());
        })
        .run()
        .await;
    survived(&run);
    assert_eq!(run.world.imports().len(), 2);
}

#[tokio::test]
async fn a_failure_of_the_sources_own_that_azure_meets_is_waited_out() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.fault(Fault::import_fails("InvalidParameters", "Invalid message BadGateway BadGateway"));
        })
        .run()
        .await;
    survived(&run);
    assert_eq!(run.world.imports().len(), 2);
}

#[tokio::test]
async fn the_sources_429_hidden_in_a_400_is_waited_out_or_named() {
    let scenario = |fault: Fault| {
        Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).world(|world| {
            world.poll_retry_after(0);
            world.fault(fault);
        })
    };
    survived(&scenario(Fault::import_source_throttled()).run().await);
    failed_at(&scenario(Fault::import_source_throttled().always()).run().await, Side::Source);
}

#[tokio::test]
async fn a_tag_that_somebody_else_creates_meanwhile_is_a_conflict_unless_it_is_ours() {
    let scenario = |other: &Image| {
        let scenario = Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image());
        let world = scenario.world.clone();
        world.poll_retry_after(0);
        // The plan finds no tag: it appears behind its back.
        world.fault(Fault::status(404).on(ACR).path("_tags").times(1));
        world.azure_registry("contosoacr").put("a:1.27", other);
        scenario
    };
    let run = scenario(&Image::single("linux/amd64").content("theirs")).run().await;
    failed_at(&run, Side::Target);
    survived(&scenario(&image()).run().await);
}

#[tokio::test]
async fn a_token_that_ends_while_waiting_is_renewed() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.import_latency(Duration::from_secs(3));
            world.token_lifetime(Duration::from_secs(2));
        })
        .run()
        .await;
    survived(&run);
}

#[tokio::test]
async fn a_service_that_stays_broken_is_left_after_a_while() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| world.fault(Fault::status(503).on(ARM).path("importImage").always()))
        .patience(Duration::from_secs(2))
        .run()
        .await;
    failed_at(&run, Side::Azure);
}

#[tokio::test]
async fn a_firewall_that_closes_during_the_run_leaves_the_import_unproved() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.poll_retry_after(0);
            world.fault(Fault::status(403).on(ACR).path("/manifests/").always());
        })
        .run()
        .await;
    assert!(matches!(run.outcome(), Outcome::Imported { proof: Proof::Accepted(_), .. }), "{:?}", run.outcome());
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_registry_that_throttles() {
    let began = tokio::time::Instant::now();
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.import_latency(Duration::from_secs(3600));
            world.fault(Fault::status_retry_after(429, 60).on(ACR).path("/manifests/").always());
        })
        .stop_at_throttle()
        .run()
        .await;
    assert_eq!(run.outcome(), &Outcome::StillRunning);
    // By the clock of the runtime.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
