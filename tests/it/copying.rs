//! What the runner copies itself, and what it costs.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    emulator::{CLIENT, Fault, Image, Part, Rights, SECRET, World},
    import::{Outcome, Proof},
    plan::{Route, Why},
    problem::Side,
    report::Verdict,
};
use std::time::Duration;

pub(crate) const SOURCE: &str = "registry.corp.example";
const ACR: &str = "contosoacr.azurecr.io";
const OTHER: &str = "harbor.corp.example";

/// A line from a source that ACR cannot reach, and an identity that may push.
pub(crate) fn private(mut scenario: Scenario) -> Scenario {
    scenario = scenario.input("INPUT_DIRECT-SOURCES", SOURCE);
    scenario.world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
}

/// A destination that is no ACR, with a password.
fn to_other(scenario: Scenario) -> Scenario {
    scenario
        .without_identity()
        .world(|world| world.azure_registry(OTHER).admin("hunter2hunter2"))
        .input("INPUT_REGISTRY", OTHER)
        .input("ACR_SYNC_CREDENTIALS", &format!("{OTHER} harbor hunter2hunter2"))
}

pub(crate) fn copied(run: &Run) {
    assert!(matches!(run.outcome(), Outcome::Imported { proof: Proof::Verified, .. }), "{:?}", run.outcome());
    run.wrote_nothing();
}

/// What the distribution API of a host was asked, signing in left out: method, and what it was about.
fn asked(world: &World, host: &str) -> Vec<(String, &'static str)> {
    let seen = world.requests();
    let asked =
        seen.iter().filter(|seen| seen.host == host && seen.path.starts_with("/v2/") && seen.status != Some(401));
    asked
        .map(|seen| {
            let is = |part| seen.path.contains(part);
            let about = if is("/uploads/") {
                "upload"
            } else if is("/manifests/") {
                "manifest"
            } else if is("/blobs/") {
                "blob"
            } else {
                "else"
            };
            (seen.method.clone(), about)
        })
        .collect()
}

fn count(asked: &[(String, &'static str)], method: &str, about: &str) -> usize {
    asked.iter().filter(|(its, it)| its == method && *it == about).count()
}

#[tokio::test]
async fn an_image_that_acr_cannot_reach_is_copied_by_the_runner() {
    let run = private(Scenario::apply(&format!("{SOURCE}/team/app:1 => app")))
        .source(&format!("{SOURCE}/team/app:1"), &image())
        .run()
        .await;
    copied(&run);
    assert_eq!(run.step().route, Route::Direct(Why::Declared));
    assert_eq!(run.tag("app:1"), Some(image().digest()));
    assert!(run.world.azure_registry("contosoacr").is_whole("app", &image().digest()));
}

#[tokio::test]
async fn every_kind_of_image_and_artifact_is_copied_byte_for_byte() {
    let platforms = ["linux/amd64", "linux/arm64"];
    let kinds = [
        Image::single("linux/amd64"),
        Image::single("linux/amd64").docker(),
        Image::index(platforms).docker(),
        Image::index(platforms).with_attestations(),
        Image::index(platforms).layers(2, 300_000),
        Image::index(platforms).manifests(60),
        Image::artifact("application/vnd.cncf.helm.config.v1+json").content("chart"),
        Image::artifact("application/spdx+json").content(""),
    ];
    let list: String = (0..kinds.len()).map(|at| format!("{SOURCE}/kinds:{at} => kinds/k{at}\n")).collect();
    let mut scenario = private(Scenario::apply(&list));
    for (at, kind) in kinds.iter().enumerate() {
        scenario = scenario.source(&format!("{SOURCE}/kinds:{at}"), kind);
    }
    let run = scenario.run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.outcomes());
    for (at, kind) in kinds.iter().enumerate() {
        assert_eq!(run.tag(&format!("kinds/k{at}:{at}")), Some(kind.digest()), "{kind:?}");
        let acr = run.world.azure_registry("contosoacr");
        assert!(acr.is_whole(&format!("kinds/k{at}"), &kind.digest()), "{kind:?}");
    }
}

#[tokio::test]
async fn any_registry_can_be_the_destination() {
    let run = to_other(Scenario::apply(&format!("{NGINX} => mirror/nginx"))).source(NGINX, &image()).run().await;
    copied(&run);
    assert_eq!(run.step().route, Route::Direct(Why::NoAcr));
    assert_eq!(run.world.azure_registry(OTHER).tag("mirror/nginx", "1.27"), Some(image().digest()));
    assert_eq!(run.requests("management.azure.com", "") + run.requests("login.microsoftonline.com", ""), 0);
}

#[tokio::test]
async fn images_that_share_layers_cost_what_is_different_in_them() {
    let list: String = (0..12).map(|n| format!("{SOURCE}/team/app{n}:1 => app{n}\n")).collect();
    let mut scenario = to_other(Scenario::apply(&list));
    for n in 0..12 {
        let image = image().base("debian").content(&format!("app {n}")).layers(2, 200_000);
        scenario = scenario.source(&format!("{SOURCE}/team/app{n}:1"), &image);
    }
    let run = scenario.run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.outcomes());

    // In each repository a base, two layers and a configuration for each of two platforms; the two bases are shared.
    let (blobs, different, manifests) = (12 * 8, 12 * 6 + 2, 12 * 3);
    let asked = asked(&run.world, OTHER);
    assert_eq!(count(&asked, "HEAD", "manifest"), 12);
    assert_eq!(count(&asked, "POST", "upload"), blobs);
    assert_eq!(count(&asked, "PUT", "upload"), different);
    assert_eq!(count(&asked, "PUT", "manifest"), manifests);
    assert_eq!(asked.len(), 12 + blobs + different + manifests, "and nothing besides");
}

#[tokio::test]
async fn what_is_there_costs_one_question_on_each_side() {
    let list = format!("{SOURCE}/app:1 => app\n{SOURCE}/app:2 => app\n");
    let scenario = || to_other(Scenario::apply(&list));
    let first = scenario()
        .source(&format!("{SOURCE}/app:1"), &image())
        .source(&format!("{SOURCE}/app:2"), &image().content("2"))
        .run()
        .await;
    assert_eq!(first.report.verdict(), Verdict::Clean, "{:#?}", first.outcomes());
    let mut second = scenario();
    second.world = first.world.clone();
    second.world.clear_requests();
    let second = second.run().await;
    assert!(second.outcomes().iter().all(|outcome| matches!(outcome, Outcome::Kept(_))));
    for host in [SOURCE, OTHER] {
        assert_eq!(asked(&second.world, host), vec![("HEAD".to_owned(), "manifest"); 2], "{host}");
    }
}

#[tokio::test]
async fn a_new_version_in_the_same_repository_brings_only_what_is_new() {
    let old = image().base("debian").content("1").layers(1, 200_000);
    let new = image().base("debian").content("2").layers(1, 200_000);
    let run = private(Scenario::apply(&format!("{SOURCE}/app:1 => app:stable")))
        .source(&format!("{SOURCE}/app:1"), &new)
        .present("app:stable", &old)
        .run()
        .await;
    copied(&run);
    let asked = asked(&run.world, ACR);
    assert_eq!((count(&asked, "POST", "upload"), count(&asked, "PUT", "upload")), (6, 4), "two bases are there");
}

#[tokio::test]
async fn one_image_under_two_tags_is_moved_once() {
    let run = private(Scenario::apply(&format!("{SOURCE}/app:1 => app:1\n{SOURCE}/app:1 => app:stable")))
        .source(&format!("{SOURCE}/app:1"), &image().layers(2, 200_000))
        .run()
        .await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.outcomes());
    let asked = asked(&run.world, ACR);
    assert_eq!((count(&asked, "PUT", "upload"), count(&asked, "PUT", "manifest")), (6, 2 + 2));
}

#[tokio::test]
async fn within_one_registry_nothing_is_moved() {
    let run = to_other(Scenario::apply(&format!("{OTHER}/team/app:1 => mirror/app")))
        .world(|world| {
            world.azure_registry(OTHER).put("team/app:1", &image());
        })
        .run()
        .await;
    copied(&run);
    let asked = asked(&run.world, OTHER);
    assert_eq!(count(&asked, "PUT", "upload"), 0);
    assert_eq!(run.world.azure_registry(OTHER).tag("mirror/app", "1"), Some(image().digest()));
}

#[tokio::test]
async fn an_identity_that_may_not_push_is_told_which_right_it_lacks() {
    let run = Scenario::apply(&format!("{SOURCE}/app:1 => app"))
        .input("INPUT_DIRECT-SOURCES", SOURCE)
        .source(&format!("{SOURCE}/app:1"), &image())
        .run()
        .await;
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert_eq!(problem.side, Side::Target);
    assert!(problem.hint.as_deref().unwrap_or_default().contains("AcrPush"), "{problem}");
    assert_eq!(run.tag("app:1"), None);
}

#[tokio::test]
async fn what_the_service_refuses_is_copied_by_the_runner_and_the_report_says_why() {
    let run = Scenario::apply(&format!("{SOURCE}/app:1 => app"))
        .world(|world| {
            world.identity(CLIENT, SECRET, Rights::contributor());
            world.poll_retry_after(0);
            drop(world.source(SOURCE).without_ranges());
        })
        .source(&format!("{SOURCE}/app:1"), &image())
        .run()
        .await;
    let Outcome::Imported { ended, proof: Proof::Verified } = run.outcome() else { panic!("{:?}", run.outcome()) };
    let why = ended.instead.as_ref().expect("a detour has a reason");
    assert!(why.what.contains("RFC 7233"), "{why}");
    let json = acr_sync::report::json::result_json(&run.report);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["lines"][0]["route"], "direct");
    assert!(json["lines"][0]["route_reason"].as_str().unwrap().contains("RFC 7233"));
    assert_eq!(run.tag("app:1"), Some(image().digest()));
}

#[tokio::test]
async fn an_import_that_hangs_is_copied_by_the_runner_at_its_deadline() {
    let run = Scenario::apply(&format!("{SOURCE}/app:1 => app"))
        .world(|world| {
            world.identity(CLIENT, SECRET, Rights::contributor());
            world.fault(Fault::import_hangs());
        })
        .source(&format!("{SOURCE}/app:1"), &image())
        .deadline(std::time::Duration::from_millis(700))
        .run()
        .await;
    let Outcome::Imported { ended, .. } = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert!(ended.instead.is_some());
    assert_eq!(run.tag("app:1"), Some(image().digest()));
}

#[tokio::test]
async fn the_plan_shows_the_way_and_the_reason() {
    let run = private(Scenario::plan(&format!("{SOURCE}/app:1 => app")))
        .source(&format!("{SOURCE}/app:1"), &image())
        .run()
        .await;
    let page = acr_sync::report::terminal::text(&run.report, acr_sync::images::Colour::Plain);
    assert!(page.contains("direct copy: the settings say that ACR cannot reach the source"), "{page}");
}

/// A signature that names the image, a signature that names a child, and an old one under cosign's tag.
fn signed(scenario: Scenario) -> (Scenario, Vec<Image>) {
    let signature = Image::artifact("application/vnd.dev.sigstore.bundle.v0.3+json").attached_to(&image());
    let old = Image::artifact("application/vnd.dev.cosign.simplesigning.v1+json").content("old");
    let tag = format!("{}.sig", image().digest().to_string().replace(':', "-"));
    let scenario = scenario
        .source(&format!("{SOURCE}/team/app:1"), &image())
        .source(&format!("{SOURCE}/team/app:{tag}"), &old)
        .input("INPUT_REFERRERS", "take")
        .world(|world| {
            world.poll_retry_after(0);
            world.source(SOURCE).put_untagged("team/app", &signature);
        });
    (scenario, vec![signature, old])
}

#[tokio::test]
async fn what_refers_to_an_image_travels_along_on_both_ways() {
    let line = format!("{SOURCE}/team/app:1 => app:1");
    for scenario in [Scenario::apply(&line), private(Scenario::apply(&line))] {
        let (scenario, companions) = signed(scenario);
        let run = scenario.run().await;
        assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{:?}", run.outcome());
        let acr = run.world.azure_registry("contosoacr");
        for companion in &companions {
            assert!(acr.is_whole("app", &companion.digest()), "{companion:?}");
        }
        let tag = format!("{}.sig", image().digest().to_string().replace(':', "-"));
        assert_eq!(acr.tag("app", &tag), Some(companions[1].digest()));
        let shown = &run.step().notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(shown.contains("travels along: application/vnd.dev.sigstore.bundle"), "{shown}");
    }
}

#[tokio::test]
async fn a_signature_that_came_later_is_brought_when_the_image_is_looked_into() {
    let (scenario, companions) = signed(private(Scenario::apply(&format!("{SOURCE}/team/app:1 => app:1"))));
    let run = scenario.present("app:1", &image()).input("INPUT_CHECK", "all").run().await;
    assert!(matches!(run.action(), acr_sync::plan::Action::Repair(_)), "{:?}", run.action());
    assert!(run.world.azure_registry("contosoacr").is_whole("app", &companions[0].digest()));
}

/// An image of three platforms, each with its attestation.
fn three() -> Image {
    Image::index(["linux/amd64", "linux/arm64", "windows/amd64"]).with_attestations()
}

#[tokio::test]
async fn the_platforms_of_a_line_make_a_new_index_that_is_planned_copied_and_kept() {
    let line = "quay.io/team/app:1 => app platforms=linux/arm64,linux/amd64";
    let scenario = |mode: fn(&str) -> Scenario| {
        mode(line)
            .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
            .source("quay.io/team/app:1", &three())
    };
    let planned = scenario(Scenario::plan).run().await;
    let digest = planned.step().digest.unwrap();
    assert_ne!(digest, three().digest());
    assert_eq!(planned.step().source_digest(), Some(three().digest()));
    assert_eq!(planned.step().route, Route::Direct(Why::Platforms));
    assert_eq!(planned.step().image.as_ref().unwrap().manifests, 1 + 2 + 2);
    let page = acr_sync::report::terminal::text(&planned.report, acr_sync::images::Colour::Plain);
    assert!(page.contains("direct copy: the line wants some platforms, ACR imports all"), "{page}");
    assert!(page.contains("left out: windows/amd64"), "{page}");

    let applied = scenario(Scenario::apply).run().await;
    copied(&applied);
    assert_eq!(applied.tag("app:1"), Some(digest), "what was planned is what is there");
    assert!(applied.world.azure_registry("contosoacr").is_whole("app", &digest));

    let mut again = Scenario::apply(line);
    again.world = applied.world.clone();
    let again = again.run().await;
    assert!(matches!(again.outcome(), Outcome::Kept(_)), "{:?}", again.outcome());
}

#[tokio::test]
async fn a_platform_that_the_image_lacks_blocks_its_line_and_all_platforms_are_no_subset() {
    let run = Scenario::apply("quay.io/a:1 => a platforms=linux/s390x\nquay.io/a:1 => b platforms=linux/amd64,linux/arm64\nquay.io/one:1 => one platforms=linux/amd64\nquay.io/one:1 => two platforms=linux/arm64\n")
        .world(|world| world.poll_retry_after(0))
        .source("quay.io/a:1", &image())
        .source("quay.io/one:1", &Image::single("linux/amd64"))
        .run()
        .await;
    let steps: Vec<_> = run.report.steps().map(|(step, _)| step).collect();
    let blocked = |at: usize| match &steps[at].action {
        acr_sync::plan::Action::Block(reason) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(blocked(0), "the image lacks linux/s390x; it has linux/amd64, linux/arm64");
    assert_eq!(blocked(3), "the image lacks linux/arm64; it has linux/amd64");
    for (at, image) in [(1, image()), (2, Image::single("linux/amd64"))] {
        assert_eq!((steps[at].route, steps[at].digest), (Route::ServerSide, Some(image.digest())));
    }
    assert_eq!(run.tag("b:1"), Some(image().digest()));
    assert_eq!(run.tag("one:1"), Some(Image::single("linux/amd64").digest()));
    assert_eq!(run.tag("a:1"), None);
}

#[tokio::test]
async fn a_line_says_for_itself_whether_what_refers_to_the_image_travels_along() {
    for (input, option, expected) in [("take", "leave", false), ("leave", "take", true)] {
        let line = format!("{SOURCE}/team/app:1 => app:1 referrers={option}");
        let (scenario, companions) = signed(private(Scenario::apply(&line)));
        let run = scenario.input("INPUT_REFERRERS", input).run().await;
        copied(&run);
        let acr = run.world.azure_registry("contosoacr");
        assert_eq!(acr.is_whole("app", &companions[0].digest()), expected, "{line}");
    }
}

#[tokio::test]
async fn what_refers_to_an_image_that_somebody_else_has_moved_there_goes_the_way_that_was_planned() {
    let list = format!("{SOURCE}/slow:1 => slow\n{SOURCE}/team/app:1 => app:1 referrers=take");
    let (scenario, companions) = signed(to_other(Scenario::apply(&list)));
    let run = scenario
        .input("INPUT_OVERWRITE", "allow")
        .input("INPUT_CONCURRENCY", "1")
        .source(&format!("{SOURCE}/slow:1"), &image().content("slow"))
        .world(|world| {
            world.azure_registry(OTHER).put("app:1", &image().content("old"));
            world.fault(Fault::delay(Duration::from_millis(300)).on(OTHER).path("/uploads/"));
        })
        .at_upload(OTHER, |world| {
            world.azure_registry(OTHER).put("app:1", &image());
        })
        .run()
        .await;
    assert!(matches!(run.outcomes()[1], Outcome::Imported { .. }), "{:?}", run.outcomes());
    assert!(run.world.azure_registry(OTHER).is_whole("app", &companions[0].digest()));
}

#[tokio::test]
async fn at_a_registry_without_lists_a_tag_stands_in_for_them_and_keeps_what_others_wrote() {
    let theirs = Image::artifact("application/spdx+json").content("theirs").attached_to(&image());
    let tag = image().digest().to_string().replace(':', "-");
    let list = Image::list_of(&[&theirs]);
    let (scenario, companions) = signed(to_other(Scenario::apply(&format!("{SOURCE}/team/app:1 => app:1"))));
    let run = scenario
        .world(|world| {
            let other = world.azure_registry(OTHER);
            other.without_lists();
            other.put_untagged("app", &theirs);
            other.put(&format!("app:{tag}"), &list);
        })
        .run()
        .await;
    copied(&run);
    let other = run.world.azure_registry(OTHER);
    let listed = other.children("app", &tag);
    assert_eq!(listed, [theirs.digest(), companions[0].digest()]);

    // Nothing is missing: a second look finds all of it there and listed.
    let (mut again, _) = signed(to_other(Scenario::apply(&format!("{SOURCE}/team/app:1 => app:1"))));
    again.world = run.world.clone();
    let again = again.input("INPUT_CHECK", "all").run().await;
    assert!(matches!(again.outcome(), Outcome::Kept(_)), "{:?}", again.outcome());
}

#[tokio::test]
async fn a_chart_has_one_tag_on_both_sides_and_is_called_a_chart() {
    for private_source in [false, true] {
        let line = format!("oci://{SOURCE}/charts/app:1.2.3+build5 => charts/app");
        let scenario = if private_source { private(Scenario::apply(&line)) } else { Scenario::apply(&line) };
        let run = scenario
            .world(|world| world.poll_retry_after(0))
            .source(&format!("{SOURCE}/charts/app:1.2.3_build5"), &Image::chart("app"))
            .run()
            .await;
        assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{:?}", run.outcome());
        assert_eq!(run.tag("charts/app:1.2.3_build5"), Some(Image::chart("app").digest()));
        let page = acr_sync::report::terminal::text(&run.report, acr_sync::images::Colour::Plain);
        assert!(page.contains("a Helm chart, version 1.2.3+build5"), "{page}");
    }
}

#[tokio::test]
async fn a_tag_that_has_appeared_since_the_plan_is_not_overwritten_where_moving_is_refused() {
    for (overwrite, is_kept) in [("refuse", true), ("allow", false)] {
        let appeared = image().content("appeared");
        let run = to_other(Scenario::apply(&format!("{SOURCE}/app:1 => app")))
            .input("INPUT_OVERWRITE", overwrite)
            .source(&format!("{SOURCE}/app:1"), &image())
            // Slow enough for somebody else to be faster.
            .world(|world| world.fault(Fault::delay(Duration::from_millis(300)).on(OTHER).path("/uploads/")))
            .at_upload(OTHER, {
                let appeared = appeared.clone();
                move |world| {
                    world.azure_registry(OTHER).put("app:1", &appeared);
                }
            })
            .run()
            .await;
        let holds = run.world.azure_registry(OTHER).tag("app", "1");
        if is_kept {
            let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
            assert!(problem.what.contains("`app:1` has appeared since the plan and holds"), "{problem}");
            assert_eq!(holds, Some(appeared.digest()));
        } else {
            assert_eq!(holds, Some(image().digest()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_has_appeared_long_since_the_plan_is_not_overwritten_by_what_is_no_move() {
    for (seconds, is_kept) in [(5, false), (11, true)] {
        let appeared = image().content("appeared");
        let run = private(Scenario::apply(&format!("{SOURCE}/app:1 => app")))
            .source(&format!("{SOURCE}/app:1"), &image())
            .world(|world| world.fault(Fault::delay(Duration::from_secs(seconds)).on(ACR).path("/uploads/")))
            .at_upload(ACR, {
                let appeared = appeared.clone();
                move |world| {
                    world.azure_registry("contosoacr").put("app:1", &appeared);
                }
            })
            .run()
            .await;
        assert_eq!(matches!(run.outcome(), Outcome::Failed(_)), is_kept, "{:?}", run.outcome());
        assert_eq!(run.tag("app:1"), Some(if is_kept { appeared } else { image() }.digest()));
    }
}

#[tokio::test]
async fn a_copy_that_is_stopped_says_what_is_there() {
    let run = to_other(Scenario::apply(&format!("{SOURCE}/app:1 => app")))
        .source(&format!("{SOURCE}/app:1"), &image())
        // Waits for longer than the run does.
        .world(|world| world.fault(Fault::delay(Duration::from_secs(60)).on(OTHER).path("/uploads/")))
        .stop_at_upload(OTHER)
        .run()
        .await;
    assert_eq!(run.outcome(), &Outcome::CopyStopped);
    assert_eq!(run.world.azure_registry(OTHER).tag("app", "1"), None);
    assert_eq!(run.report.verdict(), Verdict::Failed);
    let page = acr_sync::report::terminal::text(&run.report, acr_sync::images::Colour::Plain);
    assert!(page.contains("the tag is set last"), "{page}");
}

/// The tag under which cosign keeps its signatures of the image.
fn signature_tag() -> String {
    format!("{}.sig", image().digest().to_string().replace(':', "-"))
}

#[tokio::test]
async fn a_signature_of_ones_own_stays_where_the_sources_would_take_its_tag() {
    let line = format!("{SOURCE}/team/app:1 => app:1");
    let ours = Image::artifact("application/vnd.dev.cosign.simplesigning.v1+json").content("ours");
    let there = format!("app:{}", signature_tag());
    let lock = |world: &World| world.azure_registry("contosoacr").lock_tag("app", &signature_tag());
    for is_private in [false, true] {
        for is_kept in [false, true] {
            for is_locked in [false, true] {
                let scenario = Scenario::apply(&line);
                let (scenario, companions) = signed(if is_private { private(scenario) } else { scenario });
                let mut scenario = scenario.present(&there, &ours).input("INPUT_CHECK", "all");
                if is_kept {
                    scenario = scenario.present("app:1", &image());
                }
                if is_locked {
                    scenario = scenario.world(lock);
                }
                let run = scenario.run().await;
                let what = format!("private {is_private}, kept {is_kept}, locked {is_locked}");
                assert!(run.outcome().is_good(), "{what}: {:?}", run.outcome());
                assert_eq!(run.tag(&there), Some(ours.digest()), "{what}");
                let acr = run.world.azure_registry("contosoacr");
                assert!(acr.is_whole("app", &companions[0].digest()), "{what}: the other one comes");
                assert!(run.world.imports().iter().all(|import| !import.targets.contains(&there)), "{what}");
                let notes = run.step().notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                assert!(notes.contains(&format!("`{}` holds", signature_tag())), "{what}: {notes}");
            }
        }
    }
}

#[tokio::test]
async fn behind_a_closed_door_companions_come_and_take_nobodys_tag() {
    let line = format!("{SOURCE}/team/app:1 => app:1");
    let ours = Image::artifact("application/vnd.dev.cosign.simplesigning.v1+json").content("ours");
    let there = format!("app:{}", signature_tag());
    for is_there in [false, true] {
        let (scenario, companions) = signed(Scenario::apply(&line));
        let mut scenario = scenario.world(|world| world.azure_registry("contosoacr").public_access(false));
        if is_there {
            scenario = scenario.present(&there, &ours);
        }
        let run = scenario.run().await;
        assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{:?}", run.outcome());
        let expected = if is_there { ours.digest() } else { companions[1].digest() };
        assert_eq!(run.tag(&there), Some(expected));
        assert!(run.world.azure_registry("contosoacr").is_whole("app", &companions[0].digest()));
        assert!(run.world.imports().iter().all(|import| !import.forced));
    }
}

#[tokio::test]
async fn what_passes_is_waited_out_for_what_travels_along_as_for_its_image() {
    for fault in [
        Fault::import_copy_error().path(".sig"),
        Fault::import_source_throttled().path(".sig"),
        Fault::status(500).on("management.azure.com").path("operationResults").times(3),
    ] {
        let told = format!("{fault:?}");
        let (scenario, companions) = signed(Scenario::apply(&format!("{SOURCE}/team/app:1 => app:1")));
        let run = scenario.world(|world| world.fault(fault)).run().await;
        assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{told}: {:?}", run.outcome());
        let tag = run.world.azure_registry("contosoacr").tag("app", &signature_tag());
        assert_eq!(tag, Some(companions[1].digest()), "{told}");
    }
}

#[tokio::test]
async fn azures_word_for_what_travels_along_is_not_believed() {
    let (scenario, _) = signed(Scenario::apply(&format!("{SOURCE}/team/app:1 => app:1")));
    let run = scenario.world(|world| world.fault(Fault::import_breaks(Part::Tag).path(".sig"))).run().await;
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert!(problem.what.contains("the image is there, but") && problem.what.contains("does not serve"), "{problem}");
}

#[tokio::test]
async fn a_copy_leaves_a_tag_alone_that_somebody_has_pushed_behind_the_plan() {
    let (old, theirs) = (Image::single("linux/amd64").content("old"), Image::single("linux/amd64").content("theirs"));
    let pushed = theirs.clone();
    let run = private(Scenario::apply(&format!("{SOURCE}/first:1 => first\n{SOURCE}/app:1 => app")))
        .source(&format!("{SOURCE}/first:1"), &image().content("first"))
        .source(&format!("{SOURCE}/app:1"), &image())
        .present("app:1", &old)
        .input("INPUT_CONCURRENCY", "1")
        .world(|world| world.fault(Fault::delay(Duration::from_millis(100)).path("/uploads/").always()))
        .at_upload(ACR, move |world| _ = world.azure_registry("contosoacr").put("app:1", &pushed))
        .run()
        .await;
    let Outcome::Failed(problem) = run.outcomes()[1] else { panic!("{:?}", run.outcomes()) };
    assert!(problem.side == Side::Target && problem.what.contains("by now"), "{problem}");
    assert_eq!(run.tag("app:1"), Some(theirs.digest()));
}
