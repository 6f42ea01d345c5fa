//! What is stated beside the list: tags of removed lines, whose review counts, and several registries.

use crate::scenario::{NGINX, Scenario, image};
use acr_sync::{
    emulator::{CLIENT, Fault, Rights},
    plan::Action,
    problem::Side,
    report::{Body, Verdict},
    upkeep::{Gravity, Outcome, State},
};
use std::collections::HashSet;

const UNTAG: &str = "removed: untag\n";

fn one_line_less(scenario: Scenario) -> Scenario {
    scenario
        .base(&format!("{NGINX} => a\nquay.io/team/app:1 => b\n"))
        .settings(UNTAG)
        .source(NGINX, &image())
        .present("a:1.27", &image())
        .present("b:1", &image())
        .world(|world| world.identity(CLIENT, acr_sync::emulator::SECRET, Rights::contributor()))
}

fn head() -> String {
    format!("{NGINX} => a\n")
}

#[tokio::test]
async fn a_tag_goes_with_its_line_only_as_reviewed() {
    let plan = one_line_less(Scenario::plan(&head())).run().await;
    let [chore] = &plan.report.parts[0].upkeep.chores[..] else { unreachable!("one line is gone") };
    assert_eq!((chore.subject.as_str(), &chore.state), ("b:1", &State::Due));
    assert_eq!(plan.report.verdict(), Verdict::Pending);
    assert!(plan.tag("b:1").is_some(), "a plan takes nothing away");

    let unseen = one_line_less(Scenario::apply(&head())).run().await;
    assert_eq!(unseen.report.parts[0].done, [Outcome::Unreviewed]);
    assert!(unseen.tag("b:1").is_some());
    assert_eq!(unseen.report.verdict(), Verdict::Clean);

    let merged = one_line_less(Scenario::apply(&head())).reviewed(&plan).run().await;
    assert_eq!(merged.report.parts[0].done, [Outcome::Done]);
    assert!(merged.tag("b:1").is_none() && merged.tag("a:1.27").is_some());

    let again = Scenario::apply(&head())
        .base(&format!("{}quay.io/team/app:1 => b\n", head()))
        .settings(UNTAG)
        .after(&merged)
        .reviewed(&plan)
        .run()
        .await;
    assert!(again.report.parts[0].upkeep.is_empty(), "a second run finds nothing to do");
}

#[tokio::test]
async fn a_tag_that_was_pushed_since_the_review_stays() {
    let plan = one_line_less(Scenario::plan(&head())).run().await;
    let other = acr_sync::emulator::Image::index(["linux/s390x"]);
    let merged = one_line_less(Scenario::apply(&head())).present("b:1", &other).reviewed(&plan).run().await;
    assert_eq!(merged.report.parts[0].done, [Outcome::Unreviewed]);
    assert!(merged.tag("b:1").is_some());
}

#[tokio::test]
async fn a_locked_tag_blocks_and_a_missing_right_is_named() {
    let lock = |scenario: Scenario| scenario.world(|world| world.azure_registry("contosoacr").lock_tag("b", "1"));
    let run = lock(one_line_less(Scenario::plan(&head()))).run().await;
    assert!(matches!(run.report.parts[0].upkeep.chores[0].state, State::Block(_)));
    assert_eq!(run.report.verdict(), Verdict::Failed);

    let plan = one_line_less(Scenario::plan(&head())).run().await;
    let importer = |scenario: Scenario| {
        scenario.world(|world| world.identity(CLIENT, acr_sync::emulator::SECRET, Rights::importer()))
    };
    let run = importer(one_line_less(Scenario::apply(&head()))).reviewed(&plan).run().await;
    let Outcome::Failed(problem) = &run.report.parts[0].done[0] else { unreachable!("{:?}", run.report.parts[0].done) };
    assert!(problem.side == Side::Target && problem.hint.as_deref().unwrap().contains("AcrDelete"), "{problem}");
    assert!(run.tag("b:1").is_some());
}

#[tokio::test]
async fn nobody_is_asked_where_neither_file_says_anything_new() {
    let run = Scenario::apply(&head()).base(&head()).settings(UNTAG).run().await;
    assert_eq!((run.report.verdict(), run.world.requests().len()), (Verdict::Clean, 0));
}

#[tokio::test]
async fn another_policy_judges_the_whole_list_anew() {
    let run = Scenario::plan(&head())
        .base(&head())
        .settings("policy: { allow: [quay.io/**] }\n")
        .settings_base("policy: {}\n")
        .source(NGINX, &image())
        .run()
        .await;
    assert_eq!((run.report.totals().block, run.report.verdict()), (1, Verdict::Failed));
}

#[tokio::test]
async fn a_plan_without_credentials_says_that_the_rest_was_not_asked() {
    let run = one_line_less(Scenario::plan(&head())).without_identity().run().await;
    let [finding] = &run.report.parts[0].upkeep.findings[..] else { unreachable!("nothing could be asked") };
    assert_eq!(finding.gravity, Gravity::Unchecked);
    assert_eq!(run.report.verdict(), Verdict::Clean);
}

const STAGES: &str = "registries:\n  contosoacr: {}\n  stagingacr: { images: [\"team/**\"] }\n";

fn both(scenario: Scenario) -> Scenario {
    scenario.input("INPUT_REGISTRY", "stagingacr, contosoacr").settings(STAGES).source(NGINX, &image())
}

const LIST: &str = "docker.io/library/nginx:1.27 => a\ndocker.io/library/nginx:1.27 => team/nginx\n";

#[tokio::test]
async fn each_registry_gets_the_lines_that_are_meant_for_it() {
    let run = both(Scenario::apply(LIST)).world(|world| drop(world.azure_registry("stagingacr"))).run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.report.parts);
    let names: Vec<_> = run.report.parts.iter().map(|part| part.target.as_ref().unwrap().to_string()).collect();
    assert_eq!(names, ["stagingacr.azurecr.io", "contosoacr.azurecr.io"]);
    let has = |registry: &str, repository: &str| run.world.azure_registry(registry).tag(repository, "1.27").is_some();
    assert!(has("contosoacr", "a") && has("contosoacr", "team/nginx"));
    assert!(!has("stagingacr", "a") && has("stagingacr", "team/nginx"));
    assert!(run.report.headline().contains("3 imported, all verified"), "{}", run.report.headline());
}

#[tokio::test]
async fn a_section_is_for_the_registries_that_get_it() {
    let stages =
        "retention: { untagged-after: 7d }\nregistries:\n  contosoacr: {}\n  stagingacr: { sections: [removed] }\n";
    let run = both(Scenario::plan(LIST)).settings(stages).world(|world| drop(world.azure_registry("stagingacr")));
    let run = run.run().await;
    let sections = |part: usize| run.report.parts[part].upkeep.chores.len();
    assert_eq!((sections(0), sections(1)), (0, 1), "{:#?}", run.report.parts);
}

#[tokio::test]
async fn a_registry_that_is_not_there_does_not_stop_the_others() {
    let run = both(Scenario::apply(LIST)).run().await;
    assert!(matches!(run.report.parts[0].body, Body::Stopped(_)), "there is no such registry");
    assert!(run.tag("a:1.27").is_some() && run.tag("team/nginx:1.27").is_some());
    assert_eq!((run.report.verdict(), run.report.totals().stopped), (Verdict::Failed, 1));
}

#[tokio::test]
async fn a_name_that_the_settings_do_not_know_gets_nothing() {
    let run = both(Scenario::apply(LIST)).input("INPUT_REGISTRY", "contosoacr, stagingcar").run().await;
    let Body::Stopped(problem) = &run.report.parts[1].body else { unreachable!("it is mistyped") };
    assert!(problem.what.contains("does not name `stagingcar`"), "{problem}");
}

#[tokio::test]
async fn a_registry_is_signed_in_to_with_the_identity_that_it_names() {
    let settings = "registries:\n  contosoacr: { client-id: other, client-secret: $OTHER_SECRET }\n";
    let scenario = |secret: &str| {
        Scenario::apply(&head())
            .settings(settings)
            .source(NGINX, &image())
            .input("OTHER_SECRET", secret)
            .world(|world| world.identity("other", "hunter2-of-the-other", Rights::importer()))
    };
    let run = scenario("hunter2-of-the-other").run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:?}", run.report.parts[0].body);
    let run = scenario("wrong-and-secret").run().await;
    let Body::Stopped(problem) = &run.report.parts[0].body else { unreachable!("the secret is wrong") };
    assert!(!problem.to_string().contains("wrong-and-secret"), "{problem}");
    let run = scenario("").run().await;
    let Body::Stopped(problem) = &run.report.parts[0].body else { unreachable!("there is no secret") };
    assert!(problem.what.contains("the variable `OTHER_SECRET`"), "{problem}");
}

/// A line makes way for another one of its repository, by an identity that may take tags away.
fn newer(scenario: Scenario, base: &str) -> Scenario {
    scenario
        .base(base)
        .settings(UNTAG)
        .source(NGINX, &image())
        .source("docker.io/library/nginx:1.28", &image().content("newer"))
        .present("mirror/nginx:1.27", &image())
        .world(|world| world.identity(CLIENT, acr_sync::emulator::SECRET, Rights::contributor()))
        .world(|world| world.poll_retry_after(0))
}

#[tokio::test]
async fn a_tag_that_a_pattern_still_brings_stays_and_the_plan_says_so() {
    let line = format!("{NGINX} => mirror/nginx\n");
    let pattern = "docker.io/library/nginx:1.* => mirror/nginx\n";
    // The pattern takes the line's place; or it was there before, and one of the two had to go.
    for base in [line.clone(), format!("{line}{pattern}")] {
        let plan = newer(Scenario::plan(pattern), &base).run().await;
        let upkeep = &plan.report.parts[0].upkeep;
        assert!(upkeep.chores.is_empty(), "{base}: {:#?}", upkeep.chores);
        let [finding] = &upkeep.findings[..] else { unreachable!("{upkeep:#?}") };
        assert_eq!((finding.subject.as_str(), finding.gravity), ("mirror/nginx:1.27", Gravity::Note));
        let merged = newer(Scenario::apply(pattern), &base).reviewed(&plan).run().await;
        assert_eq!(merged.report.verdict(), Verdict::Clean);
        assert!(merged.tag("mirror/nginx:1.27").is_some(), "{base}");
    }
}

#[tokio::test]
async fn nothing_is_taken_away_while_a_line_failed() {
    let (base, head) = (format!("{NGINX} => mirror/nginx\n"), "docker.io/library/nginx:1.28 => mirror/nginx\n");
    let plan = newer(Scenario::plan(head), &base).run().await;
    let conflict = Fault::import_fails("InvalidParameters", "Invalid message Forbidden DENIED").always();
    let run = newer(Scenario::apply(head), &base).world(|world| world.fault(conflict)).reviewed(&plan).run().await;
    assert!(run.tag("mirror/nginx:1.27").is_some(), "neither would be there: {:?}", run.report.parts[0].done);
    assert_eq!(run.report.parts[0].done, [Outcome::HeldBack]);
    run.world.clear_faults();
    let again = newer(Scenario::apply(head), &base).after(&run).reviewed(&plan).run().await;
    assert_eq!(again.report.parts[0].done, [Outcome::Done]);
    assert!(again.tag("mirror/nginx:1.27").is_none() && again.tag("mirror/nginx:1.28").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_registry_that_throttles_a_removal() {
    let began = tokio::time::Instant::now();
    let plan = one_line_less(Scenario::plan(&head())).run().await;
    let run = one_line_less(Scenario::apply(&head()))
        .world(|world| {
            world.fault(Fault::status_retry_after(429, 60).method("DELETE").on("contosoacr.azurecr.io").always());
        })
        .stop_at_throttle()
        .reviewed(&plan)
        .run()
        .await;
    let Outcome::Failed(problem) = &run.report.parts[0].done[0] else { unreachable!("{:?}", run.report.parts[0].done) };
    assert!(problem.what.contains("the run was stopped"), "{problem}");
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_plan_signs_in_only_as_the_branch_says_too() {
    let merged = "registries:\n  contosoacr: { client-id: other, client-secret: $OTHER_SECRET }\n";
    let plan = |settings: &str, base: &str| {
        Scenario::plan(&head())
            .base("")
            .settings(settings)
            .settings_base(base)
            .source(NGINX, &image())
            .input("OTHER_SECRET", "hunter2-of-the-other")
            .input("DOCKER_PASSWORD_OF_ALL", "hunter2-of-all")
            .world(|world| world.identity("other", "hunter2-of-the-other", Rights::importer()))
    };
    let run = plan(merged, merged).run().await;
    assert_eq!(*run.action(), Action::Import, "{:?}", run.report.parts[0].body);

    let theirs = "registries:\n  contosoacr: { tenant-id: 11111111-2222-3333-4444-555555555555, client-id: theirs, \
                  cloud: china, client-secret: $DOCKER_PASSWORD_OF_ALL }\n";
    let turned = merged.replace("OTHER_SECRET", "DOCKER_PASSWORD_OF_ALL");
    for (proposed, base) in
        [(theirs, merged), (theirs, ""), (theirs, "registries: { contosoacr: {} }"), (&*turned, merged)]
    {
        let run = plan(proposed, base).run().await;
        let Action::Unchecked(problem) = run.action() else { unreachable!("{:?}", run.action()) };
        assert!(problem.what.contains("the branch that is merged onto does not sign in so"), "{problem}");
        let asked: Vec<_> = run.world.requests().iter().map(|seen| seen.host.clone()).collect();
        assert!(!asked.iter().any(|host| host.starts_with("login.")), "nobody is told a secret: {asked:?}");
    }
    // Of the run itself is who signs in where the section does not say.
    let run = plan("registries: { contosoacr: {} }", "").run().await;
    assert_eq!(*run.action(), Action::Import);
}

#[tokio::test]
async fn a_plan_for_a_fork_leaves_a_registry_unchecked_whose_secret_it_has_not() {
    let settings = "registries:\n  contosoacr: { client-id: other, client-secret: $OTHER_SECRET }\n";
    let run = Scenario::plan(&head()).base("").settings(settings).source(NGINX, &image()).run().await;
    assert!(matches!(run.action(), Action::Unchecked(_)), "{:?}", run.report.parts[0].body);
}

#[tokio::test]
async fn registries_of_one_run_share_what_a_source_said() {
    let run = both(Scenario::plan(LIST))
        .world(|world| {
            drop(world.azure_registry("stagingacr"));
            world.fault(Fault::status_retry_after(429, 1).on("registry-1.docker.io").method("GET").path("/manifests/"));
        })
        .run()
        .await;
    assert_eq!(run.report.totals().import, 3, "{:?}", run.report.parts);
    let seen = run.world.requests();
    let read: Vec<_> = seen
        .iter()
        .filter(|seen| seen.host == "registry-1.docker.io" && seen.method == "GET" && seen.path.contains("/manifests/"))
        .map(|seen| (seen.status, seen.path.clone()))
        .collect();
    let well: HashSet<_> = read.iter().filter(|(status, _)| *status == Some(200)).collect();
    assert_eq!(well.len() + 1, read.len(), "each manifest once, and the one that was throttled again: {read:?}");
}
