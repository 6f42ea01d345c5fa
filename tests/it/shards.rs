//! Shards: several runs that share the lines of one list and know nothing of each other.

use crate::{
    pipeline::Pipeline,
    scenario::{NGINX, Run, Scenario, image},
    workflow::{OLD, Step, Workflow},
};
use acr_sync::{
    emulator::{CLIENT, Image, Rights, SECRET},
    images::Colour,
    import::Outcome,
    plan::{Action, Reason, Shard},
    report::{Report, Verdict, annotations, json, markdown, sarif, terminal},
    upkeep::State,
};
use std::collections::BTreeSet;

/// Nine lines, of which each of two and each of three shards has some.
fn nine() -> String {
    (0..9).map(|index| format!("{NGINX} => team/app-{index}\n")).collect()
}

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

/// The destinations of a report's lines.
fn names(report: &Report) -> BTreeSet<String> {
    report.steps().map(|(step, _)| step.destination.name().to_owned()).collect()
}

/// Those of the nine that a shard has.
fn share(of: &str) -> BTreeSet<String> {
    let names = (0..9).map(|index| format!("team/app-{index}:1.27"));
    names.filter(|name| shard(of).takes(name)).collect()
}

async fn workflow() -> Workflow {
    Workflow::of(&format!("{OLD}{}", nine())).await
}

/// Runs all shards of a pull request, one after the other as jobs of one run do.
async fn plan(mut workflow: Workflow, run: &str, shards: &[&str]) -> (Workflow, Vec<Step>) {
    let mut steps = Vec::new();
    for shard in shards {
        workflow = workflow.set("GITHUB_RUN_ID", run).set("INPUT_SHARD", shard);
        steps.push(workflow.pull_request().await);
    }
    (workflow, steps)
}

/// The same for the push of the merge.
async fn apply(mut workflow: Workflow, run: &str, shards: &[&str]) -> (Workflow, Vec<Step>) {
    let mut steps = Vec::new();
    for shard in shards {
        workflow = workflow.set("GITHUB_RUN_ID", run).set("INPUT_SHARD", shard);
        steps.push(workflow.push().await);
    }
    (workflow, steps)
}

/// How many imports each of the nine has seen at Azure.
fn imports(workflow: &Workflow) -> Vec<usize> {
    let imports = workflow.world.imports();
    let of = |index: usize| {
        let name = format!("team/app-{index}:1.27");
        imports.iter().filter(|import| import.targets.contains(&name)).count()
    };
    (0..9).map(of).collect()
}

/// The comments of shards, by their headings.
fn headings(workflow: &Workflow) -> Vec<String> {
    let heading = |body: &String| body.lines().nth(1).unwrap_or_default().to_owned();
    workflow.comments().iter().map(heading).collect()
}

#[tokio::test]
async fn two_shards_have_a_comment_each_that_stays_current_and_their_applies_leave_the_list() {
    let (workflow, first) = plan(workflow().await, "1", &["1/2", "2/2"]).await;
    assert_eq!(names(first[0].report()), share("1/2"));
    assert_eq!(names(first[1].report()), share("2/2"));
    let expected = ["### acr-sync plan, shard 1/2: 6 to import", "### acr-sync plan, shard 2/2: 3 to import"];
    let begins = |found: &[String], expected: &[&str]| {
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected)), "{found:#?}");
    };
    begins(&headings(&workflow), &expected);
    let checks: Vec<_> = workflow.repository.check_runs().into_iter().map(|run| run.name).collect();
    assert_eq!(checks, ["acr-sync 1/2", "acr-sync 2/2"]);

    workflow.moves_the_source();
    let (workflow, again) = plan(workflow, "2", &["1/2", "2/2"]).await;
    begins(&headings(&workflow), &expected);
    let digest = again[0].report().steps().next().unwrap().0.digest.unwrap().short();
    assert!(workflow.comments().iter().all(|body| body.contains(&digest)), "both tell of the second run");

    let (workflow, done) = apply(workflow, "3", &["2/2", "1/2"]).await;
    assert!(done.iter().all(|step| step.report().verdict() == Verdict::Clean), "{}", done[0].printed);
    assert!(done.iter().flat_map(|step| step.report().steps()).all(|(step, _)| step.notes.is_empty()));
    assert_eq!(imports(&workflow), [1; 9]);
    let results = ["### ✅ acr-sync applied, shard 1/2: 6 imported", "### ✅ acr-sync applied, shard 2/2: 3 imported"];
    begins(&headings(&workflow), &results);
}

#[tokio::test]
async fn two_shards_have_a_thread_and_a_status_each() {
    let mut pipeline = Pipeline::of(&format!("{OLD}{}", nine())).await.set("INPUT_PRSTATUS", "true");
    for _ in 0..2 {
        for shard in ["1/2", "2/2"] {
            pipeline = pipeline.set("INPUT_SHARD", shard);
            let step = pipeline.pull_request().await;
            assert_eq!(names(step.report()), share(shard));
            assert!(step.printed.contains(&format!("variable=shard;isOutput=true]{shard}")), "{}", step.printed);
        }
        let threads = pipeline.threads();
        assert_eq!(threads.len(), 2, "{threads:#?}");
    }
    let names: BTreeSet<_> = pipeline.repository.statuses(7).into_iter().map(|status| status.context.1).collect();
    assert_eq!(names, ["1/2", "2/2"].map(|shard| format!("images.txt contosoacr.azurecr.io {shard}")).into());
    for (shard, count) in [("1/2", 6), ("2/2", 3)] {
        pipeline = pipeline.set("INPUT_SHARD", shard).set("INPUT_REQUIREREVIEWED", "true");
        let step = pipeline.push().await;
        assert_eq!(
            (step.report().verdict(), step.report().totals().import),
            (Verdict::Clean, count),
            "{}",
            step.summary
        );
    }
    let threads = pipeline.threads();
    assert!(
        threads.len() == 2 && threads.iter().all(|it| it.content.contains(" imported, all verified")),
        "{threads:#?}"
    );
}

#[tokio::test]
async fn a_shard_without_lines_says_so_and_posts_nothing() {
    let line = format!("{NGINX} => team/app-7\n");
    let (workflow, steps) = plan(Workflow::of(&format!("{OLD}{line}")).await, "1", &["2/3"]).await;
    let report = steps[0].report();
    assert_eq!((report.verdict(), names(report).len()), (Verdict::Clean, 0));
    assert!(
        report.headline().starts_with("acr-sync plan, shard 2/3: no changed line falls to it"),
        "{}",
        report.headline()
    );
    assert!(steps[0].summary.contains("left to shard 1/3"), "{}", steps[0].summary);
    assert_eq!((workflow.comments().len(), workflow.repository.check_runs().len()), (0, 0));
    let registries: Vec<_> = workflow.world.requests().into_iter().filter(|it| it.host != "api.github.com").collect();
    assert!(registries.is_empty(), "nobody else is asked: {registries:#?}");

    let (workflow, steps) = apply(workflow, "2", &["2/3"]).await;
    assert_eq!((steps[0].report().verdict(), workflow.world.imports().len()), (Verdict::Clean, 0));
}

#[tokio::test]
async fn what_each_shards_reviewers_saw_is_what_it_imports() {
    let all = ["1/3", "2/3", "3/3"];
    let reviewed = async || plan(workflow().await.set("INPUT_REQUIRE-REVIEWED", "true"), "1", &all).await.0;
    let (workflow, steps) = apply(reviewed().await, "2", &all).await;
    assert!(steps.iter().all(|step| step.report().verdict() == Verdict::Clean), "{}", steps[0].summary);
    assert_eq!(imports(&workflow), [1; 9]);
    // The same push again: what was reviewed stands in the results.
    let (_, steps) = apply(workflow, "2", &all).await;
    assert!(steps.iter().flat_map(|step| step.report().steps()).all(|(step, _)| step.action == Action::Keep));

    let workflow = reviewed().await;
    let second = workflow.repository.comments(7).into_iter().find(|it| it.body.contains("shard 2/3")).unwrap();
    workflow.repository.delete_comment(second.id);
    let (workflow, steps) = apply(workflow, "2", &all).await;
    let actions = |step: &Step| step.report().steps().map(|(step, _)| step.action.clone()).collect::<Vec<_>>();
    assert_eq!(actions(&steps[1]), [Action::Block(Reason::NotReviewed), Action::Block(Reason::NotReviewed)]);
    assert_eq!(workflow.world.imports().len(), 7, "the lines of the others are imported");

    let workflow = reviewed().await;
    workflow.moves_the_source();
    let (workflow, steps) = apply(workflow, "2", &all).await;
    let differs = |action: &Action| matches!(action, Action::Block(Reason::DiffersFromPlan { .. }));
    assert!(steps.iter().all(|step| actions(step).iter().all(differs)));
    assert_eq!(workflow.world.imports().len(), 0);
}

#[tokio::test]
async fn a_result_of_a_shard_keeps_what_was_reviewed_of_its_own_lines() {
    let (workflow, _) = plan(workflow().await, "1", &["1/3", "2/3", "3/3"]).await;
    let kept = |workflow: &Workflow, shard: &str| {
        let bodies = workflow.comments();
        let body = bodies.iter().find(|body| body.contains(&format!(" shard {shard} -->"))).unwrap();
        body.lines().next().unwrap().matches("team/app-").count()
    };
    let before: Vec<_> = ["1/3", "2/3", "3/3"].iter().map(|shard| kept(&workflow, shard)).collect();
    assert_eq!(before, [1, 2, 6]);
    let (workflow, _) = apply(workflow, "2", &["1/3", "2/3", "3/3"]).await;
    let after: Vec<_> = ["1/3", "2/3", "3/3"].iter().map(|shard| kept(&workflow, shard)).collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn another_number_of_shards_after_the_merge_finds_the_plans_of_the_review() {
    for (then, now) in [
        (&["1/3", "2/3", "3/3"][..], &["1/2", "2/2"][..]),
        (&[""][..], &["1/2", "2/2"][..]),
        (&["1/3", "2/3", "3/3"][..], &[""][..]),
        (&["1/2", "2/2"][..], &["1/1"][..]),
    ] {
        let workflow = workflow().await.set("INPUT_REQUIRE-REVIEWED", "true");
        let (workflow, _) = plan(workflow, "1", then).await;
        let (workflow, steps) = apply(workflow, "2", now).await;
        for step in &steps {
            assert_eq!(step.report().verdict(), Verdict::Clean, "{then:?} {now:?}: {}", step.summary);
            assert!(step.printed.contains("::notice::the list was planned "), "{then:?} {now:?}: {}", step.printed);
        }
        assert_eq!(imports(&workflow), [1; 9], "{then:?} {now:?}");
        // Once more, as of a run whose report was lost: the plans are still there.
        let (_, steps) = apply(workflow, "2", now).await;
        assert!(steps.iter().all(|step| step.report().verdict() == Verdict::Clean), "{then:?} {now:?}");
    }
}

#[tokio::test]
async fn another_number_of_shards_on_an_open_pull_request_takes_the_place_of_the_first() {
    let (workflow, _) = plan(workflow().await, "1", &["1/3", "2/3", "3/3"]).await;
    assert_eq!(workflow.comments().len(), 3);
    let (workflow, _) = plan(workflow, "2", &["2/2"]).await;
    assert_eq!(workflow.comments().len(), 4, "the first one does it for all");
    let (workflow, _) = plan(workflow, "2", &["1/2"]).await;
    let found = headings(&workflow);
    assert!(found.len() == 2 && found.iter().all(|it| it.contains("/2: ")), "{found:#?}");
    let (workflow, _) = plan(workflow, "1", &["1/3"]).await;
    assert_eq!(headings(&workflow).len(), 3, "an old run that is started again takes nothing of a later one away");
    let (workflow, _) = plan(workflow, "3", &[""]).await;
    let found = headings(&workflow);
    assert!(found.len() == 1 && found[0].starts_with("### acr-sync plan: 9 to import"), "{found:#?}");
}

#[tokio::test]
async fn what_was_planned_last_counts_where_two_divisions_show_a_line() {
    let (workflow, _) = plan(workflow().await, "1", &["1/3", "2/3", "3/3"]).await;
    workflow.moves_the_source();
    // The first shard of this division never posts, so that the plans of the other remain.
    let (workflow, _) = plan(workflow, "2", &["2/2"]).await;
    let (_, steps) = apply(workflow.set("INPUT_REQUIRE-REVIEWED", "true"), "3", &["1/2", "2/2"]).await;
    let good = |step: &Step| step.report().steps().filter(|(step, _)| step.action == Action::Import).count();
    assert_eq!((good(&steps[0]), good(&steps[1])), (0, 3));
}

fn plan_of(head: &str, shard: &str) -> Scenario {
    Scenario::plan(head).input("INPUT_SHARD", shard).source(NGINX, &image())
}

#[tokio::test]
async fn errors_are_shown_once_and_keep_every_shard_from_writing() {
    let list = format!("{}nonsense\n", nine());
    let forms = |run: &Run| {
        let Run { report, .. } = run;
        [
            terminal::text(report, Colour::Plain),
            markdown::page(report, markdown::Limits::comment()),
            json::plan_json(report),
        ]
    };
    let one = plan_of(&list, "1/2").run().await;
    assert_eq!((one.report.errors.len(), one.report.verdict()), (1, Verdict::Failed));
    let two = plan_of(&list, "2/2").run().await;
    assert_eq!((two.report.errors.len(), two.report.verdict()), (0, Verdict::Pending));
    assert!(annotations::of(&two.report).is_empty());
    for form in &forms(&two)[..2] {
        assert!(form.contains("what is wrong with a line: nothing is written before that is mended"), "{form}");
    }
    for (shard, count) in [("1/2", 6), ("2/2", 3)] {
        let run = Scenario::apply(&list).input("INPUT_SHARD", shard).source(NGINX, &image()).run().await;
        assert_eq!(run.report.verdict(), Verdict::Failed, "{shard}");
        assert_eq!(run.outcomes(), vec![&Outcome::Withheld; count]);
        run.wrote_nothing();
    }
    assert!(forms(&two)[2].contains("\"shard\": \"2/2\"") && !forms(&one)[2].contains("2/2"));
    assert!(sarif::sarif(&two.report, &[]).contains("acr-sync/images.txt/2/2/"));
}

#[tokio::test]
async fn lines_of_two_shards_that_want_one_destination_are_both_blocked() {
    // The line with a pattern is the second's, by its repository, and the other the first's.
    let head = "registry.example/team/app:1.* => mirror/nginx\nregistry.example/team/app:2.0 => mirror/nginx:1.27\n";
    assert!(shard("2/2").takes("mirror/nginx") && shard("1/2").takes("mirror/nginx:1.27"));
    for (of, line) in [("2/2", 1), ("1/2", 2)] {
        for base in [None, Some("registry.example/team/app:9 => other\n")] {
            let scenario = Scenario::plan(head).input("INPUT_SHARD", of);
            let scenario = ["1.27", "2.0"].iter().fold(scenario, |scenario, tag| {
                scenario.source(&format!("registry.example/team/app:{tag}"), &Image::single("linux/amd64").content(tag))
            });
            let run = match base {
                Some(base) => scenario.base(base),
                None => scenario,
            }
            .run()
            .await;
            let step = run.step();
            assert_eq!(step.line.get(), line);
            assert!(
                matches!(&step.action, Action::Block(Reason::Taken { by }) if by.get() == 3 - line),
                "{:?}",
                step.action
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_line_is_the_first_shards() {
    // The line that is gone would be the second's.
    let gone = format!("{NGINX} => team/app-0\n");
    let settings = "removed: untag\nretention: { untagged-after: 7d }\n";
    let stated = |shard: &str| {
        plan_of(&nine().replace(&gone, ""), shard)
            .base(&nine())
            .settings(settings)
            .settings_base("removed: untag\n")
            .present("team/app-0:1.27", &image())
            .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
            .world(|world| drop(world.azure_registry("contosoacr").sku("Premium")))
    };
    let one = stated("1/2").run().await;
    let due = one.report.parts[0].upkeep.chores.iter().filter(|chore| chore.state == State::Due);
    let due: Vec<_> = due.map(|chore| chore.section.to_string()).collect();
    assert_eq!(due, ["retention", "removed"], "{:#?}", one.report.parts[0].upkeep);
    assert_eq!(one.report.plan().unwrap().removed.len(), 1);
    let two = stated("2/2").run().await;
    assert!(two.report.parts[0].upkeep.is_empty() && two.report.plan().unwrap().removed.is_empty());
    assert_eq!((two.report.verdict(), two.world.requests().len()), (Verdict::Clean, 0));
    assert!(terminal::text(&two.report, Colour::Plain).contains("what is no line of the list is left to shard 1/2\n"));
}

#[tokio::test]
async fn what_is_done_to_the_image_of_a_line_goes_with_the_line() {
    let settings = "locks: { images: [\"team/**\"] }\nretention: { untagged-after: 7d }\n";
    for of in ["1/2", "2/2"] {
        let run = Scenario::apply(&nine())
            .input("INPUT_SHARD", of)
            .settings(settings)
            .source(NGINX, &image())
            .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
            .world(|world| world.poll_retry_after(0))
            .world(|world| drop(world.azure_registry("contosoacr").sku("Premium")))
            .run()
            .await;
        assert_eq!(run.report.verdict(), Verdict::Clean, "{}", run.report.headline());
        let chores = &run.report.parts[0].upkeep.chores;
        let of_section = |section: &str| chores.iter().filter(|it| it.section.to_string() == section).count();
        let expected = (share(of).len(), usize::from(of == "1/2"));
        assert_eq!((of_section("locks"), of_section("retention")), expected, "{of}: {chores:#?}");
    }
}

#[tokio::test]
async fn the_first_shard_looks_at_the_repositories_that_any_shard_writes_to() {
    // Only the second shard has a line; nothing of the settings has changed.
    let head = format!("{NGINX} => team/app-0\n");
    let cluster = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/prod";
    for (section, settings) in [
        ("cleanup", "cleanup: [{ repositories: \"team/*\", tags: \"^ci-\", older-than: 30d, share: 90 }]\n"),
        (
            "connected-registries",
            "connected-registries: [{ name: vessel-1, mode: ReadOnly, repositories: [\"team/*\"], schedule: \"30 * * * *\", window: PT1H }]\n",
        ),
        ("registry", "registry: {}\n"),
        ("pull-check", &format!("pull-check: [{{ cluster: {cluster}, repositories: [\"team/**\"] }}]\n")),
    ] {
        for (of, lines) in [("1/2", 0), ("2/2", 1)] {
            let run = plan_of(&head, of)
                .base("")
                .settings(settings)
                .present("team/app-0:ci-1", &image().content("old"))
                .present("team/app-0:v1", &image())
                .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
                .world(|world| {
                    let registry = world.azure_registry("contosoacr").sku("Premium");
                    registry.data_endpoints();
                    registry.age("team/app-0", time::Duration::days(40));
                })
                .run()
                .await;
            let upkeep = &run.report.parts[0].upkeep;
            let chores = upkeep.chores.iter().map(|chore| chore.section.to_string());
            let told: BTreeSet<_> =
                chores.chain(upkeep.findings.iter().map(|finding| finding.section.to_string())).collect();
            assert_eq!(run.report.steps().count(), lines);
            let expected = if of == "1/2" { BTreeSet::from([section.to_owned()]) } else { BTreeSet::new() };
            assert_eq!(told, expected, "{of}: {upkeep:#?}");
            let quota = upkeep.findings.iter().find(|finding| finding.subject == "quota");
            assert!(quota.is_none_or(|it| it.problem.what.contains("one image of unknown size")), "{quota:?}");
        }
    }
}
