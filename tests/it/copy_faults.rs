//! The thirteen fault rows of design §10, for direct copies: each survived, or an outcome that says what is wrong.

use crate::{
    copying::{SOURCE, copied, private},
    scenario::{Run, Scenario, image},
};
use acr_sync::{
    emulator::{Fault, Image},
    import::Outcome,
    plan::Action,
    problem::Side,
    report::Verdict,
};
use std::time::Duration;

const ACR: &str = "contosoacr.azurecr.io";

/// Layers that are too large to be held in memory, so that they stream.
fn large() -> Image {
    image().layers(2, 400_000)
}

fn scenario() -> Scenario {
    private(Scenario::apply(&format!("{SOURCE}/app:1 => app"))).source(&format!("{SOURCE}/app:1"), &large())
}

async fn with(faults: impl IntoIterator<Item = Fault>) -> Run {
    let scenario = scenario();
    for fault in faults {
        scenario.world.fault(fault);
    }
    scenario.run().await
}

fn survived(run: &Run) {
    copied(run);
    assert_eq!(run.tag("app:1"), Some(large().digest()));
    assert!(run.world.azure_registry("contosoacr").is_whole("app", &large().digest()));
    assert_eq!(run.world.faults_left(), 0, "every fault has struck");
}

fn failed(run: &Run, side: Side, text: &str) {
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert_eq!(problem.side, side, "{problem}");
    assert!(problem.what.contains(text), "{problem}");
    assert_eq!(run.report.verdict(), Verdict::Failed);
    assert_eq!(run.tag("app:1"), None, "what is not complete is not tagged");
}

fn blob_of_source(fault: Fault) -> Fault {
    fault.on(SOURCE).method("GET").path("/blobs/sha256:")
}

fn upload(fault: Fault) -> Fault {
    fault.on(ACR).method("PUT").path("/blobs/uploads/")
}

#[tokio::test]
async fn a_manifest_is_answered_503() {
    survived(&with([Fault::status(503).on(ACR).method("PUT").path("/manifests/")]).await);
}

#[tokio::test]
async fn everything_is_throttled_for_twelve_seconds() {
    survived(&throttled(12).await);
}

#[tokio::test]
async fn everything_is_throttled_for_thirty_seconds() {
    survived(&throttled(30).await);
}

/// Throttles from the first upload on: the plan is made by then.
async fn throttled(seconds: u64) -> Run {
    let scenario = scenario();
    scenario.world.fault(Fault::throttle(Duration::from_secs(seconds)).on(ACR).path("app"));
    let run = scenario.run().await;
    let seen = run.world.requests();
    let refused: Vec<_> = seen.iter().filter(|seen| seen.status == Some(429)).collect();
    assert!(
        (1..60).contains(&refused.len()),
        "the host is not asked while it wants to be left alone: {}",
        refused.len()
    );
    run.world.clear_faults();
    run
}

#[tokio::test]
async fn a_manifest_is_throttled_three_times_without_a_time() {
    survived(&with([Fault::status(429).on(ACR).method("PUT").path("/manifests/").times(3)]).await);
}

#[tokio::test]
async fn a_download_is_closed_half_way_twice_and_goes_on_from_there() {
    let run = with([blob_of_source(Fault::close_in_body()).times(2)]).await;
    survived(&run);
    let seen = run.world.requests();
    let parts = seen.iter().filter(|seen| seen.host == SOURCE && seen.status == Some(206)).count();
    assert!(parts > 0, "what has come is not fetched again");
}

#[tokio::test]
async fn a_download_is_reset_half_way_twice() {
    survived(&with([blob_of_source(Fault::reset_in_body()).times(2)]).await);
}

#[tokio::test]
async fn a_download_breaks_at_a_registry_without_ranges() {
    let scenario = scenario();
    drop(scenario.world.source(SOURCE).without_ranges());
    scenario.world.fault(blob_of_source(Fault::close_in_body()).times(2));
    survived(&scenario.run().await);
}

#[tokio::test]
async fn an_upload_is_reset_twice() {
    survived(&with([upload(Fault::reset()).times(2)]).await);
}

#[tokio::test]
async fn an_upload_is_done_and_its_answer_lost() {
    survived(&with([upload(Fault::status_after(502)).times(2)]).await);
}

#[tokio::test]
async fn a_blob_is_corrupted_once() {
    survived(&with([blob_of_source(Fault::corrupt())]).await);
}

#[tokio::test]
async fn a_blob_is_corrupted_always() {
    let run = with([blob_of_source(Fault::corrupt()).always()]).await;
    failed(&run, Side::Source, "whose digest is");
    let seen = run.world.requests();
    assert!(
        !seen.iter().any(|seen| seen.path.contains("/uploads/") && seen.method == "PUT" && seen.status == Some(201))
    );
}

#[tokio::test]
async fn asking_for_a_blob_is_answered_500_twice() {
    let run = private(Scenario::apply(&format!("{SOURCE}/app:1 => app:1")))
        .input("INPUT_CHECK", "all")
        .source(&format!("{SOURCE}/app:1"), &large())
        .present("app:1", &large())
        .world(|world| world.fault(Fault::status(500).on(ACR).method("HEAD").path("/blobs/").times(2)))
        .run()
        .await;
    assert!(matches!(run.outcome(), Outcome::Kept(_)), "{:?}", run.outcome());
    assert_eq!(run.world.faults_left(), 0);
}

#[tokio::test]
async fn beginning_an_upload_is_answered_502_twice() {
    survived(&with([Fault::status(502).on(ACR).method("POST").path("/blobs/uploads/").times(2)]).await);
}

/// A tag with the right digest over an image with a part missing, on both routes.
async fn repaired(break_it: impl Fn(&acr_sync::emulator::AzureRegistry)) {
    let line = format!("{SOURCE}/app:1 => app:1");
    for scenario in [Scenario::apply(&line), private(Scenario::apply(&line))] {
        let scenario = scenario
            .input("INPUT_CHECK", "all")
            .source(&format!("{SOURCE}/app:1"), &large())
            .present("app:1", &large())
            .world(|world| {
                world.poll_retry_after(0);
                break_it(&world.azure_registry("contosoacr"));
            });
        let run = Box::pin(scenario.run()).await;
        assert!(matches!(run.action(), Action::Repair(_)), "{:?}", run.action());
        assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{:?}", run.outcome());
        assert_eq!(run.report.totals().repair, 1);
        assert!(run.world.azure_registry("contosoacr").is_whole("app", &large().digest()));
    }
}

#[tokio::test]
async fn a_child_is_missing_under_a_matching_tag() {
    repaired(|registry| registry.break_tag("app", "1")).await;
}

#[tokio::test]
async fn a_layer_is_missing_under_a_matching_tag() {
    repaired(|registry| registry.break_layer("app", "1")).await;
}

#[tokio::test]
async fn a_changed_line_over_a_broken_image_is_planned_as_a_repair() {
    let run = private(Scenario::plan(&format!("{SOURCE}/app:1 => app:1")))
        .base("")
        .source(&format!("{SOURCE}/app:1"), &large())
        .present("app:1", &large())
        .world(|world| world.azure_registry("contosoacr").break_layer("app", "1"))
        .run()
        .await;
    assert!(matches!(run.action(), Action::Repair(_)), "{:?}", run.action());
    assert_eq!(run.report.verdict(), Verdict::Pending);
}

/// Content of several chunks.
async fn in_chunks(faults: impl IntoIterator<Item = Fault>) -> Vec<(Option<u16>, usize)> {
    let image = Image::artifact("application/x-model").content(&"x".repeat(20 << 20));
    // The configuration, which all artifacts share, is there: every other request is about the content.
    let other = Image::artifact("application/x-model").content("another");
    let scenario = private(Scenario::apply(&format!("{SOURCE}/app:1 => app")))
        .source(&format!("{SOURCE}/app:1"), &image)
        .present("app:0", &other);
    for fault in faults {
        scenario.world.fault(fault.on(ACR).path("/blobs/uploads/"));
    }
    let run = Box::pin(scenario.run()).await;
    copied(&run);
    assert!(run.world.azure_registry("contosoacr").is_whole("app", &image.digest()));
    assert_eq!(run.world.faults_left(), 0, "every fault has struck");
    let seen = run.world.requests();
    seen.iter().filter(|seen| seen.method == "PATCH").map(|seen| (seen.status, seen.body_bytes >> 20)).collect()
}

#[tokio::test]
async fn a_registry_that_takes_less_at_once_gets_chunks() {
    let chunks = in_chunks([Fault::status(413).method("PUT")]).await;
    assert_eq!(chunks, [(Some(202), 8), (Some(202), 8), (Some(202), 4)]);
}

#[tokio::test]
async fn a_large_upload_that_breaks_goes_on_in_chunks_and_takes_up_what_has_arrived() {
    let taken_unsaid = Fault::status_after(502).method("PATCH");
    let lost = Fault::reset().method("PATCH");
    let chunks = in_chunks([Fault::reset().method("PUT"), taken_unsaid, lost]).await;
    // The first was taken and the answer lost, the second never arrived; then the rest.
    assert_eq!(chunks, [(Some(502), 8), (None, 0), (Some(202), 8), (Some(202), 4)]);
}
