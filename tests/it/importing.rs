//! What applying a plan does, and what it says afterwards.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    emulator::{Fault, HUB_ACCOUNT, Image, Rights, World},
    import::{Outcome, Proof},
    plan::{Action, Change, Reason},
    problem::Side,
    report::Verdict,
};
use std::time::Duration;

fn verified(run: &Run) -> bool {
    matches!(run.outcome(), Outcome::Imported { proof: Proof::Verified, .. })
}

#[tokio::test]
async fn an_image_is_imported_by_digest_and_proved() {
    let run = Scenario::apply(&format!("{NGINX} => mirror/nginx:stable")).source(NGINX, &image()).run().await;

    assert!(verified(&run), "{:?}", run.outcome());
    assert_eq!(run.report.verdict(), Verdict::Clean);
    assert_eq!(run.tag("mirror/nginx:stable"), Some(image().digest()));
    let imports = run.world.imports();
    assert_eq!(imports.len(), 1);
    let import = &imports[0];
    assert!(import.by_digest && !import.forced);
    assert_eq!((import.source.as_str(), &import.targets[..]), ("docker.io", &["mirror/nginx:stable".to_owned()][..]));
}

#[tokio::test]
async fn an_import_ends_when_the_registry_serves_it_and_not_at_the_next_poll() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| world.poll_retry_after(3600))
        .run()
        .await;
    assert!(verified(&run));
    assert_eq!(run.requests("management.azure.com", "operationResults"), 0);
}

#[tokio::test]
async fn only_a_move_may_overwrite() {
    let old = Image::single("linux/amd64").content("old");
    let run = Scenario::apply(&format!("{NGINX} => a")).source(NGINX, &image()).present("a:1.27", &old).run().await;
    assert!(verified(&run));
    assert!(run.world.imports()[0].forced);
    assert_eq!(run.tag("a:1.27"), Some(image().digest()));
}

#[tokio::test]
async fn only_changed_lines_are_imported() {
    let list = format!("{NGINX} => a\nquay.io/a/b:1 => b\n");
    let run = Scenario::apply(&list)
        .base(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .source("quay.io/a/b:1", &image())
        .run()
        .await;
    assert_eq!(run.step().change, Change::Added);
    assert_eq!((run.tag("a:1.27"), run.tag("b:1")), (None, Some(image().digest())));
}

#[tokio::test]
async fn a_second_run_does_nothing_twice() {
    let list = format!("{NGINX} => a");
    let first = Scenario::apply(&list).source(NGINX, &image()).run().await;
    let mut second = Scenario::apply(&list);
    second.world = first.world.clone();
    let second = second.run().await;
    assert_eq!(second.outcome(), &Outcome::Kept(Proof::Verified));
    assert_eq!(second.world.imports().len(), 1);
}

#[tokio::test]
async fn nothing_is_written_while_the_list_has_an_error() {
    let run = Scenario::apply(&format!("{NGINX} => a\nnot a line\n")).source(NGINX, &image()).run().await;
    assert_eq!(run.outcome(), &Outcome::Withheld);
    assert_eq!(run.report.verdict(), Verdict::Failed);
    run.wrote_nothing();
}

#[tokio::test]
async fn every_import_has_an_identifier_of_its_own() {
    let list: String = (0..20).map(|n| format!("{NGINX} => mirror/n{n}\n")).collect();
    let run = Scenario::apply(&list).source(NGINX, &image()).run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.outcomes());
    let ids: std::collections::HashSet<_> =
        run.world.imports().iter().map(|import| import.client_request_id.clone()).collect();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn docker_hubs_credential_goes_to_docker_hub_only() {
    let list = "docker.io/library/nginx:1.27 => a\ndocker.io.example.com/library/nginx:1.27 => b";
    let run = Scenario::apply(list)
        .world(|world| drop(world.source("docker.io").account(HUB_ACCOUNT.0, HUB_ACCOUNT.1)))
        .source(NGINX, &image())
        .source("docker.io.example.com/library/nginx:1.27", &image())
        .input("DOCKER_USERNAME", HUB_ACCOUNT.0)
        .input("DOCKER_PASSWORD", HUB_ACCOUNT.1)
        .run()
        .await;

    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.outcomes());
    let mut users: Vec<_> = run.world.imports().into_iter().map(|import| (import.source, import.username)).collect();
    users.sort();
    assert_eq!(
        users,
        [("docker.io".to_owned(), Some(HUB_ACCOUNT.0.to_owned())), ("docker.io.example.com".to_owned(), None)]
    );
    let seen = run.world.requests();
    let basic: Vec<_> =
        seen.iter().filter(|seen| seen.authorization.as_deref() == Some("Basic")).map(|seen| &seen.host).collect();
    assert!(!basic.is_empty() && basic.iter().all(|host| *host == "auth.docker.io"), "{basic:?}");
}

#[tokio::test]
async fn a_private_source_is_imported_with_its_credential() {
    let run = Scenario::apply("private.example.com/team/app:1 => app")
        .world(|world| {
            world.source("private.example.com").private_basic("ci", "hunter2hunter2").put("team/app:1", &image());
        })
        .input("EXAMPLE_TOKEN", "hunter2hunter2")
        .input("ACR_SYNC_CREDENTIALS", "private.example.com ci $EXAMPLE_TOKEN")
        .run()
        .await;
    assert!(verified(&run), "{:?}", run.outcome());
    assert_eq!(run.world.imports()[0].username.as_deref(), Some("ci"));
}

#[tokio::test]
async fn an_acr_of_the_same_subscription_is_named_by_its_resource() {
    let run = Scenario::apply("fabrikamacr.azurecr.io/team/app:1 => app")
        .world(|world| {
            world.azure_registry("fabrikamacr").put("team/app:1", &image());
        })
        .run()
        .await;
    assert!(verified(&run), "{:?}", run.outcome());
    assert!(run.world.imports()[0].source.ends_with("/registries/fabrikamacr"));
}

#[tokio::test]
async fn a_registry_whose_data_plane_is_closed_is_imported_into_and_said_to_be_unproved() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| {
            world.azure_registry("contosoacr").public_access(false);
            world.poll_retry_after(0);
        })
        .run()
        .await;
    assert!(matches!(run.outcome(), Outcome::Imported { proof: Proof::Accepted(_), .. }), "{:?}", run.outcome());
    assert!(!run.world.imports()[0].forced, "locks cannot be read, so nothing is overwritten");
    assert_eq!(run.tag("a:1.27"), Some(image().digest()));
}

#[tokio::test]
async fn a_tag_that_is_there_behind_a_closed_door_is_left_alone_unless_its_line_has_changed() {
    let scenario = |base: Option<&str>| {
        let scenario = Scenario::apply(&format!("{NGINX} => a:1")).source(NGINX, &image()).present("a:1", &image());
        scenario.world.azure_registry("contosoacr").public_access(false);
        scenario.world.poll_retry_after(0);
        base.into_iter().fold(scenario, Scenario::base)
    };
    let run = scenario(None).run().await;
    assert!(matches!(run.outcome(), Outcome::Kept(Proof::Accepted(_))), "{:?}", run.outcome());
    assert_eq!(run.report.verdict(), Verdict::Clean);

    let run = scenario(Some("quay.io/other/app:1 => a:1")).run().await;
    assert!(matches!(run.outcome(), Outcome::Failed(_)), "the line wants something else there: {:?}", run.outcome());
}

#[tokio::test]
async fn a_source_that_moves_between_plan_and_import_is_imported_as_planned() {
    let moved = Image::single("linux/amd64").content("moved");
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| world.fault(Fault::source_moves("docker.io", "library/nginx:1.27", &moved)))
        .run()
        .await;
    assert!(verified(&run), "{:?}", run.outcome());
    assert_eq!(run.tag("a:1.27"), Some(image().digest()));
}

#[tokio::test]
async fn a_stopped_run_starts_nothing_new_and_tells_what_still_runs() {
    let list: String = (0..40).map(|n| format!("{NGINX} => mirror/n{n}\n")).collect();
    let run = Scenario::apply(&list)
        .source(NGINX, &image())
        .world(|world| world.import_latency(Duration::from_secs(30)))
        .input("INPUT_CONCURRENCY", "4")
        .stop_at_import()
        .run()
        .await;
    let outcomes = run.outcomes();
    let running = outcomes.iter().filter(|outcome| ***outcome == Outcome::StillRunning).count();
    let waiting = outcomes.iter().filter(|outcome| ***outcome == Outcome::NotStarted).count();
    assert_eq!((running, waiting), (run.world.imports().len(), 40 - running), "{outcomes:#?}");
    assert!((1..=4).contains(&running));
    assert_eq!(run.report.verdict(), Verdict::Failed);
}

#[tokio::test]
async fn the_data_importers_role_is_enough() {
    let run = Scenario::apply(&format!("{NGINX} => a"))
        .source(NGINX, &image())
        .world(|world| world.identity(acr_sync::emulator::CLIENT, acr_sync::emulator::SECRET, Rights::importer()))
        .run()
        .await;
    assert!(verified(&run));
}

#[tokio::test]
async fn a_repository_that_begins_like_a_host_is_imported_into_by_its_own_name() {
    let line = format!("{NGINX} => contosoacr.azurecr.io/quay.io/a");
    let run = Scenario::apply(&line).source(NGINX, &image()).run().await;
    assert_eq!(run.world.imports()[0].targets, ["quay.io/a:1.27"], "the service adds the login server by itself");
    assert!(verified(&run), "{:?}", run.outcome());
}

/// Two lines, one import at a time, so that the second, a move, begins when the first has ended.
fn a_move_that_waits() -> Scenario {
    let old = Image::single("linux/amd64").content("old");
    Scenario::apply(&format!("{NGINX} => first\n{NGINX} => a"))
        .source(NGINX, &image())
        .present("a:1.27", &old)
        .world(|world| world.import_latency(Duration::from_millis(300)))
        .input("INPUT_CONCURRENCY", "1")
}

#[tokio::test]
async fn a_tag_that_is_locked_behind_the_plan_does_not_move() {
    let run =
        a_move_that_waits().at_import(|world| world.azure_registry("contosoacr").lock_tag("a", "1.27")).run().await;
    assert!(matches!(run.outcomes()[1], Outcome::Blocked(Reason::Locked { .. })), "{:?}", run.outcomes());
    assert_eq!(run.tag("a:1.27"), Some(Image::single("linux/amd64").content("old").digest()));
    assert_eq!(run.report.verdict(), Verdict::Failed);
}

#[tokio::test]
async fn a_tag_that_somebody_has_pushed_behind_the_plan_does_not_move_and_one_that_moved_as_planned_is_done() {
    let theirs = Image::single("linux/amd64").content("theirs");
    let pushed = theirs.clone();
    let push = |world: &World, image: &Image| {
        world.azure_registry("contosoacr").put("a:1.27", image);
    };
    let run = a_move_that_waits().at_import(move |world| push(world, &pushed)).run().await;
    let Outcome::Failed(problem) = run.outcomes()[1] else { panic!("{:?}", run.outcomes()) };
    assert!(problem.side == Side::Target && problem.what.contains("by now"), "{problem}");
    assert_eq!(run.tag("a:1.27"), Some(theirs.digest()));

    let run = a_move_that_waits().at_import(move |world| push(world, &image())).run().await;
    assert!(matches!(run.outcomes()[1], Outcome::Imported { proof: Proof::Verified, .. }), "{:?}", run.outcomes());
    assert_eq!(run.world.imports().len(), 1, "somebody else was faster");
}

/// A pinned line whose source lets Azure in and not this runner.
fn only_for_azure() -> Scenario {
    let line = format!("quay.io/team/app:1@{} => a", image().digest());
    Scenario::apply(&line)
        .source("quay.io/team/app:1", &image())
        .world(|world| world.fault(Fault::status(403).on("quay.io").always()))
        .world(|world| world.poll_retry_after(0))
}

#[tokio::test]
async fn a_pinned_line_moves_its_tag_though_only_azure_can_read_the_source() {
    let old = Image::single("linux/amd64").content("old");
    let run = only_for_azure().present("a:1", &old).run().await;
    assert_eq!(run.action(), &Action::Move { from: old.digest() });
    assert!(verified(&run), "{:?}", run.outcome());
    let notes: String = run.step().notes.iter().map(ToString::to_string).collect();
    assert!(notes.contains("the source was not read"), "{notes}");

    let locked =
        only_for_azure().present("a:1", &old).world(|world| world.azure_registry("contosoacr").lock_tag("a", "1"));
    assert!(matches!(locked.run().await.outcome(), Outcome::Blocked(Reason::Locked { .. })));
}

#[tokio::test]
async fn what_azure_has_against_a_source_is_told_where_the_runner_could_not_look_either() {
    let refused = "Invalid message Unauthorized Unauthorized {\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}";
    let run =
        only_for_azure().world(|world| world.fault(Fault::import_fails("InvalidParameters", refused))).run().await;
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert!(problem.side == Side::Source && problem.what.contains("UNAUTHORIZED"), "{problem}");
    assert!(problem.hint.as_deref().unwrap().contains("credential"), "{problem}");
}
