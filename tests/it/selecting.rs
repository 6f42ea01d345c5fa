//! Lines whose source means many tags.

use crate::scenario::{Scenario, image};
use acr_sync::{
    emulator::{Fault, Image},
    plan::{Action, Reason, Step},
    report::Verdict,
};

/// A registry that asks for no token.
const HOST: &str = "registry.example";
const SOURCE: &str = "registry.example/team/app";

/// A source with these tags, each an image of its own.
fn with_tags(scenario: Scenario, tags: &[&str]) -> Scenario {
    let put = |scenario: Scenario, tag: &&str| {
        scenario.source(&format!("{SOURCE}:{tag}"), &Image::single("linux/amd64").content(tag))
    };
    tags.iter().fold(scenario, put)
}

/// Line, destination and action of each step, in the order of the plan.
fn steps(steps: &[Step]) -> Vec<(u32, &str, &Action)> {
    steps.iter().map(|step| (step.line.get(), step.destination.name(), &step.action)).collect()
}

#[tokio::test]
async fn each_tag_of_a_pattern_is_a_step_of_its_line() {
    let head = format!("# apps\n{SOURCE}:^1.2 => app\n{SOURCE}:latest => app\n");
    let scenario = with_tags(Scenario::plan(&head), &["1.1", "1.2.0", "1.10.1", "2.0", "1.3-rc.1", "latest"]);
    let run = scenario.present("app:1.2.0", &Image::single("linux/amd64").content("1.2.0")).run().await;

    let plan = run.report.plan().unwrap();
    let expected =
        [(2, "app:1.2.0", &Action::Keep), (2, "app:1.10.1", &Action::Import), (3, "app:latest", &Action::Import)];
    assert_eq!(steps(&plan.steps), expected);
    assert_eq!(run.report.verdict(), Verdict::Pending);
    assert_eq!(run.requests(HOST, "/tags/list"), 1);
}

#[tokio::test]
async fn the_newest_of_a_pattern_are_imported_under_their_own_names() {
    let tags = ["v1.9.0", "v1.10.0", "v1.10.1", "v1.11.0-rc.1", "latest"];
    let run = with_tags(Scenario::apply(&format!("newest 2 of {SOURCE}:v1.* => mirror/app")), &tags).run().await;

    assert_eq!(run.report.verdict(), Verdict::Clean);
    let app = run.world.azure_registry("contosoacr");
    for (tag, is_there) in [("v1.10.0", true), ("v1.10.1", true), ("v1.9.0", false), ("v1.11.0-rc.1", false)] {
        assert_eq!(app.tag("mirror/app", tag).is_some(), is_there, "{tag}");
    }
}

#[tokio::test]
async fn a_pattern_that_means_nothing_blocks_its_line_and_no_other() {
    let head = format!("{SOURCE}:^3 => app\n{SOURCE}:1.0 => other\n{HOST}/no/such:* => none");
    let run = with_tags(Scenario::plan(&head), &["1.0", "2.0"]).run().await;

    let plan = run.report.plan().unwrap();
    let nothing = |among| Action::Block(Reason::NothingSelected { among });
    let expected = [(1, "app:^3", &nothing(2)), (2, "other:1.0", &Action::Import), (3, "none:*", &nothing(0))];
    assert_eq!(steps(&plan.steps), expected);
    assert_eq!(run.report.verdict(), Verdict::Failed);
}

#[tokio::test]
async fn two_lines_that_select_one_destination_name_each_other() {
    let head = format!("{SOURCE}:^1 => app\n{SOURCE}:1.* => app\nquay.io/x/y:3 => app:2.0\n{SOURCE}:2.* => app");
    let run = with_tags(Scenario::plan(&head), &["1.0", "2.0", "2.1"]).source("quay.io/x/y:3", &image()).run().await;

    let taken = |line: u32| {
        let plan = run.report.plan().unwrap();
        let by = plan.steps.iter().find(|step| step.line.get() == line).unwrap().line;
        Action::Block(Reason::Taken { by })
    };
    let expected = [
        (1, "app:1.0", &taken(2)),
        (2, "app:1.0", &taken(1)),
        (3, "app:2.0", &taken(4)),
        (4, "app:2.0", &taken(3)),
        (4, "app:2.1", &Action::Import),
    ];
    assert_eq!(steps(&run.report.plan().unwrap().steps), expected);
}

#[tokio::test]
async fn a_line_that_did_not_change_is_asked_only_for_a_rival() {
    let base = format!("{SOURCE}:^1 => app\n{SOURCE}:^2 => next\n");
    let head = format!("{base}{SOURCE}:2.0 => app:1.0\n{SOURCE}:2.0 => third\n");
    let run = with_tags(Scenario::plan(&head), &["1.0", "2.0"]).base(&base).run().await;

    let plan = run.report.plan().unwrap();
    let [rival, free] = &plan.steps[..] else { panic!("{:#?}", plan.steps) };
    assert!(matches!(&rival.action, Action::Block(Reason::Taken { by }) if by.get() == 1), "{rival:#?}");
    assert_eq!((free.destination.name(), &free.action), ("third:2.0", &Action::Import));
    assert_eq!((run.requests(HOST, "/tags/list"), plan.unchanged), (1, 2));

    let run = with_tags(Scenario::plan(&format!("{base}# a comment")), &["1.0", "1.1"]).base(&base).run().await;
    assert_eq!((run.report.verdict(), run.world.requests().len()), (Verdict::Clean, 0));
}

#[tokio::test]
async fn a_line_that_is_gone_is_shown_and_removes_nothing() {
    let run = Scenario::plan("").base(&format!("newest 3 of {SOURCE} => app\n")).run().await;
    let removed: Vec<_> = run.report.plan().unwrap().removed.iter().map(ToString::to_string).collect();
    assert_eq!(removed, [format!("{SOURCE} => app:newest 3 of *")]);
}

#[tokio::test]
async fn more_tags_than_a_line_may_select_are_an_error_that_says_so() {
    let scenario = Scenario::plan(&format!("{SOURCE}:* => app\nnewest 3 of {SOURCE} => latest"));
    let scenario = scenario.world(|world| {
        let source = world.source(HOST);
        for number in 0..1_001 {
            source.put(&format!("team/app:1.{number}"), &Image::single("linux/amd64"));
        }
    });
    let run = scenario.run().await;

    let plan = run.report.plan().unwrap();
    let destinations: Vec<_> = plan.steps.iter().map(|step| step.destination.name()).collect();
    assert_eq!(destinations, ["app:*", "latest:1.998", "latest:1.999", "latest:1.1000"]);
    assert_eq!(plan.steps[0].action, Action::Block(Reason::TooManySelected { count: 1_001 }));
}

#[tokio::test]
async fn a_source_that_cannot_be_listed_is_unchecked() {
    let list = Fault::status(403).on(HOST).path("/tags/list").always();
    let scenario = with_tags(Scenario::plan(&format!("{SOURCE}:^1 => app")), &["1.0"]);
    let run = scenario.world(|world| world.fault(list)).run().await;
    assert!(matches!(run.action(), Action::Unchecked(_)), "{:#?}", run.action());
    run.wrote_nothing();
}

#[tokio::test]
async fn a_list_of_tags_that_is_cut_off_selects_nothing() {
    let scenario = Scenario::plan(&format!("newest 1 of {SOURCE} => app")).world(|world| {
        let source = world.source(HOST);
        for number in 0..=1_000 {
            source.put(&format!("team/app:1.{number}"), &image());
        }
        world.fault(Fault::status(404).on(HOST).path("/tags/list").after(1));
    });
    let run = scenario.run().await;
    assert!(matches!(run.action(), Action::Unchecked(_)), "{:#?}", run.action());
    assert_eq!(run.world.faults_left(), 0);
}
