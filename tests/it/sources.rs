//! The section `sources` of `acr-sync.yaml`: the route, and whose credential goes where, and when.

use crate::scenario::{Scenario, image};
use acr_sync::{
    plan::{Action, Route, Why},
    report::{Body, Verdict},
};

const HOST: &str = "private.example.com";
const LINE: &str = "private.example.com/team/app:1 => app\n";
const STATED: &str =
    "sources: { private.example.com: { route: direct, credential: { username: ci, password: $EXAMPLE_TOKEN } } }\n";

fn private(scenario: Scenario) -> Scenario {
    scenario.input("EXAMPLE_TOKEN", "hunter2hunter2").settings(STATED).world(|world| {
        world.source(HOST).private_basic("ci", "hunter2hunter2").put("team/app:1", &image());
    })
}

/// Returns whether the source was sent a credential of any kind.
fn was_told(run: &crate::scenario::Run) -> bool {
    run.world.requests().iter().any(|seen| seen.host == HOST && seen.authorization.is_some())
}

#[tokio::test]
async fn a_credential_and_a_route_that_are_merged_are_used() {
    let run = private(Scenario::apply(LINE)).base("").settings_base("").world(|world| {
        world.identity(
            acr_sync::emulator::CLIENT,
            acr_sync::emulator::SECRET,
            acr_sync::emulator::Rights::contributor(),
        );
    });
    let run = run.run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.report.parts);
    assert_eq!(run.step().route, Route::Direct(Why::Declared));
    assert!(run.tag("app:1").is_some() && was_told(&run));
}

#[tokio::test]
async fn a_plan_sends_a_credential_only_where_the_branch_states_it_too() {
    let proposed = private(Scenario::plan(LINE)).base("").settings_base("").run().await;
    assert!(matches!(proposed.step().action, Action::Unchecked(_)), "{:?}", proposed.step().action);
    assert!(!was_told(&proposed), "who proposes a change does not choose where a secret goes");

    let other = STATED.replace("EXAMPLE_TOKEN", "AZURE_CLIENT_SECRET");
    let turned = private(Scenario::plan(LINE)).base("").settings_base(STATED).settings(&other).run().await;
    assert!(!was_told(&turned), "nor which secret it is");

    let stated = private(Scenario::plan(LINE)).base("").settings_base(STATED).run().await;
    assert_eq!(stated.step().action, Action::Import);
    assert!(was_told(&stated));

    let whole = private(Scenario::plan(LINE)).run().await;
    assert!(!was_told(&whole), "without a base nobody knows what the branch states");
}

#[tokio::test]
async fn a_variable_that_is_not_set_stops_what_would_write() {
    let run = private(Scenario::apply(LINE)).input("EXAMPLE_TOKEN", "").run().await;
    let Body::Stopped(problem) = &run.report.parts[0].body else { unreachable!("there is no password") };
    assert!(problem.what.contains("sources: private.example.com: the variable `EXAMPLE_TOKEN`"), "{problem}");
    let plan = private(Scenario::plan(LINE)).input("EXAMPLE_TOKEN", "").base("").settings_base(STATED).run().await;
    assert!(matches!(plan.step().action, Action::Unchecked(_)), "a fork has no secrets, and gets its plan");
}
