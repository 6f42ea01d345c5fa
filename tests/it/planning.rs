//! What a plan says of a line.

use crate::{
    scenario::{NGINX, Scenario, image},
    stub::Stub,
};
use acr_sync::{
    emulator::{Image, World},
    plan::{Action, Change, Note, Reason, Route, Why},
    problem::Side,
    report::Verdict,
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

#[tokio::test]
async fn a_new_tag_is_imported_server_side() {
    let run = Scenario::plan(&format!("{NGINX} => mirror/nginx")).base("").source(NGINX, &image()).run().await;

    assert_eq!(run.report.verdict(), Verdict::Pending);
    let step = run.step();
    assert_eq!((&step.action, step.route, &step.change), (&Action::Import, Route::ServerSide, &Change::Added));
    assert_eq!(step.digest, Some(image().digest()));
    let facts = step.image.as_ref().unwrap();
    let platforms: Vec<_> = facts.platforms.iter().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(facts.manifests, 3);
    assert!(facts.size.is_some_and(|size| size > 0));
    run.wrote_nothing();
}

#[tokio::test]
async fn what_is_there_already_is_kept_and_its_parts_are_not_asked() {
    let run = Scenario::plan(&format!("{NGINX} => mirror/nginx"))
        .source(NGINX, &image())
        .present("mirror/nginx:1.27", &image())
        .run()
        .await;

    assert_eq!((run.report.verdict(), run.action()), (Verdict::Clean, &Action::Keep));
    let seen = run.world.requests();
    let pulls = seen.iter().filter(|seen| seen.method == "GET" && seen.path.contains("/manifests/")).count();
    assert_eq!(pulls, 0, "a HEAD is no pull: {seen:#?}");
}

#[tokio::test]
async fn a_tag_that_holds_something_else_moves_unless_that_is_refused() {
    let old = Image::single("linux/amd64").content("old");
    let scenario = || {
        Scenario::plan(&format!("{NGINX} => mirror/nginx")).source(NGINX, &image()).present("mirror/nginx:1.27", &old)
    };

    let run = scenario().run().await;
    assert_eq!(run.action(), &Action::Move { from: old.digest() });

    let run = scenario().input("INPUT_OVERWRITE", "refuse").run().await;
    assert_eq!(run.action(), &Action::Block(Reason::MoveRefused { from: old.digest() }));
    assert_eq!(run.report.verdict(), Verdict::Failed);
}

#[tokio::test]
async fn a_locked_tag_is_never_moved() {
    let old = Image::single("linux/amd64").content("old");
    let run = Scenario::apply(&format!("{NGINX} => mirror/nginx"))
        .source(NGINX, &image())
        .present("mirror/nginx:1.27", &old)
        .world(|world| world.azure_registry("contosoacr").lock_tag("mirror/nginx", "1.27"))
        .run()
        .await;

    assert_eq!(run.action(), &Action::Block(Reason::Locked { from: old.digest() }));
    run.wrote_nothing();
}

#[tokio::test]
async fn a_missing_tag_names_its_neighbours_and_stops_no_other_line() {
    let list = format!("docker.io/library/nginx:1.72 => mirror/nginx\n{NGINX} => mirror/other");
    let run = Scenario::plan(&list).source(NGINX, &image()).run().await;

    let steps = &run.report.plan().unwrap().steps;
    assert_eq!(steps[0].action, Action::Block(Reason::NoSource { nearest: vec!["1.27".to_owned()] }));
    assert_eq!(steps[1].action, Action::Import);
}

#[tokio::test]
async fn a_digest_whose_tag_has_moved_on_is_imported_with_a_note() {
    let (pinned, now) = (Image::single("linux/amd64").content("pinned"), image());
    let list = format!("{NGINX}@{} => mirror/nginx", pinned.digest());
    let run = Scenario::plan(&list).source(NGINX, &pinned).source(NGINX, &now).run().await;

    assert_eq!((run.action(), run.step().digest), (&Action::Import, Some(pinned.digest())));
    assert_eq!(run.step().notes, [Note::TagMoved { now: Some(now.digest()) }]);
}

#[tokio::test]
async fn an_image_without_a_tag_is_latest_and_says_so() {
    let run = Scenario::plan("nginx => mirror/nginx").source("docker.io/library/nginx:latest", &image()).run().await;
    assert_eq!(run.action(), &Action::Import);
    assert_eq!(run.step().destination.to_string(), "mirror/nginx:latest");
    assert_eq!(run.step().notes, [Note::ImpliedLatest]);
}

#[tokio::test]
async fn more_than_fifty_manifests_are_copied_by_the_runner_with_the_reason() {
    let run = Scenario::plan("quay.io/a/b:1 => b")
        .source("quay.io/a/b:1", &Image::index(["linux/amd64"]).manifests(51))
        .run()
        .await;
    assert_eq!((run.step().route, run.action()), (Route::Direct(Why::Manifests(52)), &Action::Import));
}

#[tokio::test]
async fn without_a_credential_the_plan_goes_on_unchecked() {
    let run = Scenario::plan(&format!("{NGINX} => mirror/nginx"))
        .source(NGINX, &image())
        .without_identity()
        .world(|world| world.fault(acr_sync::emulator::Fault::status(400).on("169.254.169.254").path("token").always()))
        .run()
        .await;

    assert_eq!(run.report.verdict(), Verdict::Pending);
    let Action::Unchecked(problem) = run.action() else { panic!("{:?}", run.action()) };
    assert_eq!(problem.side, Side::Azure);
    assert_eq!(run.step().digest, Some(image().digest()), "the source needs no credential");
}

#[tokio::test]
async fn a_closed_registry_is_asked_once_and_not_by_every_line() {
    let list =
        "docker.io/library/nginx:1.27 => a\ndocker.io/library/nginx:1.27 => b\ndocker.io/library/nginx:1.27 => c";
    let run = Scenario::plan(list)
        .source(NGINX, &image())
        .world(|world| world.azure_registry("contosoacr").public_access(false))
        .run()
        .await;

    let steps = &run.report.plan().unwrap().steps;
    assert!(
        steps.iter().all(|step| matches!(&step.action, Action::Unchecked(problem) if problem.side == Side::Target)),
        "{steps:#?}"
    );
    assert_eq!(run.requests("contosoacr.azurecr.io", "/"), 1);
}

#[tokio::test]
async fn nothing_changed_asks_nobody() {
    let list = format!("{NGINX} => mirror/nginx\n");
    let run = Scenario::apply(&list).base(&format!("# moved\n{list}")).run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean);
    assert_eq!(run.world.requests().len(), 0);
}

#[tokio::test]
async fn sizes_are_left_out_when_docker_hub_grants_few_more_pulls() {
    let run = Scenario::plan(&format!("{NGINX} => mirror/nginx"))
        .source(NGINX, &image())
        .world(|world| drop(world.source("docker.io").pulls_left(7)))
        .run()
        .await;
    assert!(run.step().notes.contains(&Note::FewPullsLeft(7)), "{:?}", run.step().notes);
    assert_eq!((run.action(), &run.step().image), (&Action::Import, &None));
}

#[tokio::test]
async fn a_removed_line_is_shown_and_removes_nothing() {
    let run = Scenario::apply("")
        .base(&format!("{NGINX} => mirror/nginx"))
        .present("mirror/nginx:1.27", &image())
        .run()
        .await;
    assert_eq!(run.report.totals().removed, 1);
    assert_eq!(run.report.verdict(), Verdict::Clean);
    assert!(run.tag("mirror/nginx:1.27").is_some());
}

#[tokio::test]
async fn a_registry_that_sends_no_digest_is_read_by_its_bytes() {
    let run = Scenario::plan("nexus.example.com/a/b:1 => b")
        .world(|world| {
            world.source("nexus.example.com").without_digest_header().put("a/b:1", &image());
        })
        .run()
        .await;
    assert_eq!(run.step().digest, Some(image().digest()));
}

#[tokio::test]
async fn a_destination_may_name_the_target_and_no_other_registry() {
    let list = format!("{NGINX} => contosoacr.azurecr.io/mirror/nginx\n{NGINX} => fabrikamacr.azurecr.io/mirror/other");
    let run = Scenario::plan(&list).source(NGINX, &image()).run().await;
    assert_eq!(run.step().destination.to_string(), "mirror/nginx:1.27");
    assert_eq!(run.report.errors.len(), 1);
    assert_eq!(run.report.verdict(), Verdict::Failed);
}

#[tokio::test]
async fn a_registry_is_found_by_name_login_server_and_id_and_behind_pages_of_others() {
    let id = "/subscriptions/22222222-2222-2222-2222-222222222222/resourcegroups/rg-images/providers/Microsoft.ContainerRegistry/registries/contosoacr";
    for name in ["contosoacr", "ContosoACR", "contosoacr.azurecr.io", id] {
        let run = Scenario::plan(&format!("{NGINX} => mirror/nginx"))
            .source(NGINX, &image())
            .world(|world| {
                (0..7).for_each(|index| drop(world.azure_registry(&format!("otheracr{index}"))));
                world.registry_page(2);
            })
            .input("INPUT_REGISTRY", name)
            .run()
            .await;
        assert_eq!(run.action(), &Action::Import, "{name}");
        assert_eq!(run.report.target().map(ToString::to_string).as_deref(), Some("contosoacr.azurecr.io"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_takes_long_keeps_no_other_from_being_asked() {
    let world = Arc::new(OnceLock::<World>::new());
    let others = Arc::clone(&world);
    // Answers only when the last line has been asked about, or never will be.
    let slow = Stub::start(move |_| {
        let is_asked = || {
            let seen = others.get().map(World::requests).unwrap_or_default();
            seen.iter().any(|seen| seen.path.contains("/team/app39/"))
        };
        for _ in 0..400 {
            if is_asked() {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        (if is_asked() { 404 } else { 403 }, Vec::new(), Vec::new())
    })
    .await;
    let lines = (0..40).map(|n| format!("quay.io/team/app{n}:1 => app{n}\n")).collect::<String>();
    let scenario = Scenario::plan(&format!("{}/slow:1 => slow\n{lines}", slow.host()));
    let scenario = scenario.source("quay.io/team/app:1", &image());
    assert!(world.set(scenario.world.clone()).is_ok());
    let run = scenario.run().await;
    let plan = run.report.plan().unwrap();
    let names: Vec<_> = plan.steps.iter().map(|step| step.destination.name().to_owned()).collect();
    assert_eq!(names.len(), 41);
    assert!(names.windows(2).skip(1).all(|pair| pair[0].len() <= pair[1].len()), "in the order of the file: {names:?}");
    let Action::Block(Reason::NoSource { .. }) = &plan.steps[0].action else { panic!("{:?}", plan.steps[0].action) };
}
