//! What `acr-sync.yaml` asks for, and whose version of it counts.

use crate::{
    scenario::{NGINX, Scenario, image},
    workflow::{LINE, Workflow},
};
use acr_sync::{
    plan::{Action, Reason},
    problem::Side,
    report::{Body, Report, Verdict},
};

const NARROW: &str = "policy: { allow: [mcr.microsoft.com/**] }\n";

fn objects(report: &Report) -> bool {
    let mut steps = report.steps();
    steps.any(|(step, _)| matches!(step.action, Action::Block(Reason::Policy(_))))
}

#[tokio::test]
async fn a_line_that_the_policy_does_not_allow_is_blocked_and_never_imported() {
    let rules = "policy:\n  allow: [docker.io/library/*]\n  platforms: [linux/s390x]\n  max-size: 10 B\n";
    let run = Scenario::apply(&format!("{NGINX} => a\nquay.io/team/app:1 => b\n"))
        .settings(rules)
        .source(NGINX, &image())
        .source("quay.io/team/app:1", &image())
        .run()
        .await;
    let told: Vec<_> = run
        .report
        .steps()
        .map(|(step, _)| match &step.action {
            Action::Block(reason) => reason.to_string(),
            action => unreachable!("{action:?}"),
        })
        .collect();
    assert!(told[0].contains("wants linux/s390x") && told[0].contains("the policy allows 0.1 MB"), "{told:?}");
    assert!(told[1].starts_with("the policy does not allow the source `quay.io/team/app`"), "{told:?}");
    assert_eq!(run.report.verdict(), Verdict::Failed);
    assert!(run.world.imports().is_empty());
}

#[tokio::test]
async fn what_the_policy_would_not_let_in_today_stays_and_is_noted() {
    let run = Scenario::plan(&format!("{NGINX} => a"))
        .settings(NARROW)
        .source(NGINX, &image())
        .present("a:1.27", &image())
        .run()
        .await;
    assert_eq!((run.report.verdict(), run.action()), (Verdict::Clean, &Action::Keep));
    let notes: String = run.step().notes.iter().map(ToString::to_string).collect();
    assert!(notes.contains("does not allow the source") && notes.contains("stays"), "{notes}");
}

#[tokio::test]
async fn settings_that_cannot_be_read_stop_the_run_before_anybody_is_asked() {
    let run =
        Scenario::apply(&format!("{NGINX} => a")).settings("policy:\n  alow: []\n").source(NGINX, &image()).run().await;
    let Body::Stopped(problem) = &run.report.parts[0].body else { unreachable!("nobody knows what is meant") };
    assert_eq!(problem.side, Side::Settings);
    assert!(problem.what.starts_with("acr-sync.yaml: line 2, column 3: policy: unknown field `alow`"), "{problem}");
    assert!(run.world.requests().is_empty());
}

#[tokio::test]
async fn a_pull_request_is_judged_by_its_own_policy_and_a_strangers_by_the_branchs() {
    let mut workflow = Workflow::new().await;
    workflow.merge = workflow
        .repository
        .commit(&[&workflow.base, &workflow.head], [("images.txt", LINE), ("acr-sync.yaml", NARROW)]);
    assert!(objects(workflow.pull_request().await.report()), "read through the API, without a checkout");

    let workflow = Workflow::new().await;
    let tip = workflow.repository.commit(&[&workflow.base], [("images.txt", ""), ("acr-sync.yaml", NARROW)]);
    workflow.repository.branch("main", &tip);
    // The pull request brings a policy that allows all.
    let files = [("images.txt", LINE), ("acr-sync.yaml", "policy: {}\n")];
    let head = workflow.repository.commit(&[&workflow.base], files);
    let payload = format!(
        r#"{{"action":"opened","number":7,"pull_request":{{"head":{{"sha":"{head}"}},"base":{{"ref":"main"}}}}}}"#
    );
    let step = workflow.run("pull_request_target", &payload, &tip).await;
    assert!(objects(step.report()), "{}", step.printed);
    // Nor does it where a careless workflow checks the pull request out and asks for the whole list.
    std::fs::write(workflow.folder.path().join("acr-sync.yaml"), "policy: {}\n").unwrap();
    let step = workflow.set("INPUT_SCOPE", "all").run("pull_request_target", &payload, &tip).await;
    assert!(objects(step.report()), "{}", step.printed);
}

#[tokio::test]
async fn a_change_of_the_settings_alone_is_planned_like_one_of_the_list() {
    let mut workflow = Workflow::new().await;
    let before = [("images.txt", LINE), ("acr-sync.yaml", "policy: {}\n")];
    workflow.base = workflow.repository.commit(&[], before);
    let after = [("images.txt", LINE), ("acr-sync.yaml", NARROW)];
    workflow.head = workflow.repository.commit(&[&workflow.base], after);
    workflow.merge = workflow.repository.commit(&[&workflow.base, &workflow.head], after);
    let step = workflow.pull_request().await;
    assert!(objects(step.report()), "{}", step.printed);
    assert_eq!(workflow.comments().len(), 1);
}
