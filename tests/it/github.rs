//! GitHub: events, texts without a checkout, one comment, the merge that follows its plan.

use crate::{
    scenario::image,
    workflow::{ALL, LINE, OLD, Workflow, checkout},
};
use acr_sync::{
    emulator::{CLIENT, Fault, Rights, SECRET, TreeEntry},
    plan::{Action, Note, Reason},
    report::{Base, Body, Verdict},
};

const API: &str = "api.github.com";

#[tokio::test]
async fn a_pull_request_is_planned_without_a_checkout_and_its_merge_tells_the_same_comment() {
    let workflow = Workflow::new().await;
    let plan = workflow.pull_request().await;
    assert_eq!(plan.report().verdict(), Verdict::Pending, "{}", plan.printed);
    assert_eq!(plan.report().steps().count(), 1, "only the changed line");
    assert!(matches!(&plan.report().base, Base::Commit { id, .. } if *id == workflow.base));
    assert!(plan.summary.contains("mirror/nginx"));
    let comments = workflow.comments();
    assert!(comments.len() == 1 && comments[0].contains("1 to import"), "{comments:#?}");

    let result = workflow.push().await;
    assert_eq!(result.report().verdict(), Verdict::Clean, "{}", result.printed);
    let comments = workflow.comments();
    assert!(comments.len() == 1 && comments[0].contains("1 imported"), "{comments:#?}");
    assert!(result.report().steps().all(|(step, _)| step.notes.is_empty()));
}

#[tokio::test]
async fn a_pull_request_that_changes_nothing_asks_little_and_says_nothing() {
    let workflow = Workflow::of("# a comment\nquay.io/old/app:1   =>   old/app\n").await;
    let step = workflow.pull_request().await;
    assert_eq!(step.report().verdict(), Verdict::Clean);
    assert_eq!((workflow.comments().len(), workflow.repository.check_runs().len()), (0, 0));
    // The parents, both texts, that the commit has no settings, the comments.
    assert_eq!(workflow.world.requests().len(), 5, "{:#?}", workflow.world.requests());
}

#[tokio::test]
async fn a_comment_that_says_what_is_no_more_is_brought_up_to_date() {
    let mut workflow = Workflow::new().await;
    workflow.pull_request().await;
    workflow.merge = workflow.repository.commit(&[&workflow.base], [("images.txt", OLD)]);
    workflow.pull_request().await;
    let comments = workflow.comments();
    assert!(comments.len() == 1 && comments[0].contains("nothing to do"), "{comments:#?}");
}

#[tokio::test]
async fn our_comment_is_found_behind_pages_of_others_and_never_a_strangers_copy() {
    let workflow = Workflow::new().await;
    workflow.pull_request().await;
    let own = workflow.repository.comments(7).remove(0);
    workflow.repository.delete_comment(own.id);
    for index in 0..120 {
        workflow.repository.comment(7, "octavia", false, &format!("{} {index}", own.body));
    }
    workflow.pull_request().await;
    workflow.pull_request().await;
    let bots: Vec<_> = workflow.repository.comments(7).into_iter().filter(|comment| comment.is_bot).collect();
    assert_eq!(bots.len(), 1, "deleted by people, made again, then found");
}

#[tokio::test]
async fn a_post_of_unknown_fate_is_looked_for_and_not_repeated() {
    for fault in [Fault::status_after(502), Fault::status(502), Fault::reset()] {
        let workflow = Workflow::new().await;
        workflow.world.fault(fault.on(API).method("POST").path("/comments"));
        let step = workflow.pull_request().await;
        assert_eq!(workflow.comments().len(), 1, "{}", step.printed);
        assert_eq!(workflow.world.faults_left(), 0);
    }
}

#[tokio::test]
async fn an_old_run_that_is_started_again_does_not_undo_a_later_one() {
    let workflow = Workflow::new().await.set("GITHUB_RUN_ID", "20");
    workflow.pull_request().await;
    workflow.push().await;
    let told = workflow.comments();
    let workflow = workflow.set("GITHUB_RUN_ID", "19");
    let step = workflow.pull_request().await;
    assert!(step.printed.contains("a later run has written"), "{}", step.printed);
    assert_eq!(workflow.comments(), told);
}

#[tokio::test]
async fn two_runs_at_once_leave_one_comment() {
    let workflow = Workflow::new().await;
    let (one, two) = tokio::join!(workflow.pull_request(), workflow.pull_request());
    assert_eq!(workflow.comments().len(), 1, "{}\n{}", one.printed, two.printed);
}

#[tokio::test]
async fn a_secondary_rate_limit_is_waited_for_and_a_long_one_is_a_warning() {
    let workflow = Workflow::new().await;
    workflow.world.fault(Fault::status_retry_after(403, 1).on(API).method("POST"));
    workflow.pull_request().await;
    assert_eq!((workflow.comments().len(), workflow.asked("POST")), (1, 3), "one of them the check run");

    let workflow = Workflow::new().await;
    workflow.world.fault(Fault::status_retry_after(429, 3600).on(API).method("POST"));
    let step = workflow.pull_request().await;
    assert!(step.printed.contains("::warning::") && step.printed.contains("3600 s"), "{}", step.printed);
    assert_eq!((workflow.comments().len(), step.report().verdict()), (0, Verdict::Pending));
}

#[tokio::test]
async fn a_missing_permission_is_a_warning_that_names_it() {
    let workflow = Workflow::new().await;
    workflow.repository.token("reader", &["contents: read"]);
    let workflow = workflow.set("INPUT_GITHUB-TOKEN", "reader");
    let step = workflow.pull_request().await;
    assert_eq!(step.report().verdict(), Verdict::Pending);
    for permission in ["pull-requests: write", "checks: write"] {
        assert!(step.printed.contains(permission), "{permission}: {}", step.printed);
    }
    let step = workflow.push().await;
    assert!(step.printed.contains("`permissions: actions: read`; the whole list is meant"), "{}", step.printed);
    assert_eq!((&step.report().base, step.report().steps().count()), (&Base::None, 2));
}

#[tokio::test]
async fn the_tag_of_a_line_that_is_gone_goes_though_nobody_knows_what_was_applied_last() {
    let mut workflow = Workflow::new().await;
    workflow.world.identity(CLIENT, SECRET, Rights::contributor());
    let registry = workflow.world.azure_registry("contosoacr");
    registry.put("old/app:1", &image());
    let settings = ("acr-sync.yaml", "removed: untag\n");
    let commit = |parents: &[&str], list| workflow.repository.commit(parents, [("images.txt", list), settings]);
    let base = commit(&[], OLD);
    let head = commit(&[&base], LINE);
    let merge = commit(&[&base, &head], LINE);
    workflow.repository.branch("main", &base);
    workflow.repository.pull_request(7, &head, Some(&merge));
    workflow.repository.token("t", &ALL[..3]);
    (workflow.base, workflow.head, workflow.merge) = (base, head, merge);
    workflow.pull_request().await;
    let step = workflow.push().await;
    assert_eq!((&step.report().base, step.report().steps().count()), (&Base::None, 1), "{}", step.printed);
    assert_eq!(
        (registry.tags("old/app"), registry.tags("mirror/nginx").len()),
        (Vec::<String>::new(), 1),
        "{}",
        step.summary
    );
}

#[tokio::test]
async fn a_check_run_is_made_unless_nobody_wants_one() {
    for (given, count) in [("", 1), ("true", 1), ("false", 0)] {
        let workflow = Workflow::new().await.set("INPUT_CHECK-RUN", given);
        let step = workflow.pull_request().await;
        let runs = workflow.repository.check_runs();
        assert_eq!(runs.len(), count, "`{given}`: {}", step.printed);
        assert!(runs.iter().all(|run| run.head_sha == workflow.head && run.conclusion.as_deref() == Some("neutral")));
    }
}

/// Returns line, commit and text of the suggestions.
fn suggestions(workflow: &Workflow) -> Vec<(u64, String, String)> {
    let all = workflow.repository.review_comments().into_iter();
    all.map(|comment| (comment.line, comment.commit, comment.body)).collect()
}

#[tokio::test]
async fn a_line_by_tag_is_suggested_to_be_pinned_once() {
    let workflow = Workflow::of(&format!("# new\n{}", LINE.replace('\n', "  # the proxy\n"))).await;
    workflow.pull_request().await;
    assert_eq!(suggestions(&workflow), [], "only where it is asked for");
    let workflow = workflow.set("INPUT_SUGGEST-PINS", "true");
    for _ in 0..2 {
        let step = workflow.pull_request().await;
        let digest = step.report().steps().next().unwrap().0.digest.unwrap();
        let made = suggestions(&workflow);
        assert_eq!(made.len(), 1, "{}", step.printed);
        assert_eq!((made[0].0, &made[0].1), (2, &workflow.head));
        let line = format!("docker.io/library/nginx:1.27@{digest} => mirror/nginx  # the proxy");
        assert!(made[0].2.ends_with(&format!("\n```suggestion\n{line}\n```\n")), "{}", made[0].2);
    }
    workflow.moves_the_source();
    workflow.pull_request().await;
    assert_eq!(suggestions(&workflow).len(), 2, "another digest is another suggestion");
    workflow.push().await;
    assert_eq!(suggestions(&workflow).len(), 2);
}

#[tokio::test]
async fn two_runs_at_once_suggest_a_line_once() {
    let workflow = Workflow::new().await.set("INPUT_SUGGEST-PINS", "true");
    // Both have looked by the time that either has posted.
    let slow = Fault::delay(std::time::Duration::from_secs(1)).on(API).method("POST").path("/pulls/7/comments");
    workflow.world.fault(slow.times(2));
    let (one, two) = tokio::join!(workflow.pull_request(), workflow.pull_request());
    let posted = workflow
        .world
        .requests()
        .iter()
        .filter(|it| it.method == "POST" && it.path.ends_with("/pulls/7/comments"))
        .count();
    assert_eq!((posted, suggestions(&workflow).len()), (2, 1), "{}\n{}", one.printed, two.printed);
}

#[tokio::test]
async fn twenty_lines_are_suggested_a_run_and_the_rest_by_the_next() {
    let list: String = (0..25).map(|line| format!("docker.io/library/nginx:1.27 => mirror/nginx-{line}\n")).collect();
    let workflow = Workflow::of(&list).await.set("INPUT_SUGGEST-PINS", "true");
    let step = workflow.pull_request().await;
    assert!(step.printed.contains("::notice::") && step.printed.contains("5 more"), "{}", step.printed);
    assert_eq!(suggestions(&workflow).len(), 20);
    workflow.pull_request().await;
    workflow.pull_request().await;
    assert_eq!(suggestions(&workflow).len(), 25);
}

#[tokio::test]
async fn a_line_that_could_leave_its_suggestion_or_is_pinned_gets_none() {
    let nginx = "docker.io/library/nginx:1.27";
    let workflow = Workflow::of(&format!("{nginx} => a # ``` @octocat\n{nginx} => b # `<!-- x -->\n")).await;
    let workflow = workflow.set("INPUT_SUGGEST-PINS", "true");
    let step = workflow.pull_request().await;
    let made = suggestions(&workflow);
    assert_eq!(made.len(), 1, "{}", step.printed);
    let digest = step.report().steps().next().unwrap().0.digest.unwrap();
    assert!(made[0].0 == 2 && made[0].2.contains(&format!("\n{nginx}@{digest} => b # `<!-- x -->\n```\n")), "{made:?}");

    let workflow = Workflow::of(&format!("{nginx}@{digest} => a\n")).await.set("INPUT_SUGGEST-PINS", "true");
    workflow.pull_request().await;
    assert_eq!(suggestions(&workflow), []);
}

#[tokio::test]
async fn a_suggestion_that_is_not_taken_is_a_warning_and_not_posted_again() {
    let workflow = Workflow::new().await.set("INPUT_SUGGEST-PINS", "true");
    workflow.repository.token("reader", &["contents: read", "pull-requests: read", "checks: write"]);
    let workflow = workflow.set("INPUT_GITHUB-TOKEN", "reader");
    let step = workflow.pull_request().await;
    let warning = "::warning::a suggestion was not posted";
    let told = step.printed.lines().find(|line| line.starts_with(warning)).unwrap_or_default();
    assert!(told.contains("pull-requests: write"), "{}", step.printed);
    assert_eq!((step.report().verdict(), suggestions(&workflow).len()), (Verdict::Pending, 0));

    for (fault, left, said) in [
        (Fault::status(422), 0, "in the diff"),
        (Fault::status_after(502), 1, "did not answer as it should"),
        (Fault::status(502), 0, "did not answer as it should"),
    ] {
        let workflow = Workflow::new().await.set("INPUT_SUGGEST-PINS", "true");
        workflow.world.fault(fault.on(API).method("POST").path("/pulls/7/comments"));
        let step = workflow.pull_request().await;
        assert!(step.printed.contains(said), "{}", step.printed);
        assert_eq!(suggestions(&workflow).len(), left);
        workflow.pull_request().await;
        assert_eq!(suggestions(&workflow).len(), 1, "made by the next run, or found by it");
    }
}

#[tokio::test]
async fn a_fork_without_rights_gets_an_unchecked_plan_and_the_reason() {
    let workflow = Workflow::new().await.set("INPUT_CLIENT-SECRET", "");
    workflow.repository.token("fork", &["contents: read", "pull-requests: read"]);
    let step = workflow.set("INPUT_GITHUB-TOKEN", "fork").pull_request().await;
    assert_eq!(step.report().totals().unchecked, 1, "{:?}", step.report().parts[0].body);
    assert!(step.summary.contains("id-token: write"), "{}", step.summary);
}

#[tokio::test]
async fn a_run_without_the_secrets_of_sources_gets_its_plan_and_writes_nothing() {
    for (name, value, missing) in [
        ("INPUT_DOCKER-USERNAME", "me", "`docker-password` is missing beside `docker-username`"),
        ("INPUT_CREDENTIALS", "quay.io robot $QUAY_TOKEN", "the variable `QUAY_TOKEN` is not set"),
        ("INPUT_CREDENTIALS", "quay.io robot ", "expected `host[/path] username password-or-$VARIABLE`"),
    ] {
        let workflow = Workflow::new().await.set("INPUT_CLIENT-SECRET", "").set(name, value);
        let step = workflow.pull_request().await;
        assert_eq!(step.report().totals().unchecked, 1, "{:?}", step.report().parts[0].body);
        let step = workflow.push().await;
        let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("a secret is missing") };
        assert!(problem.what.contains(missing), "{problem}");
    }
}

#[tokio::test]
async fn an_apply_without_rights_ends_with_the_reason() {
    let workflow = Workflow::new().await.set("INPUT_CLIENT-SECRET", "");
    let step = workflow.push().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("nobody is signed in") };
    assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains("id-token: write")), "{problem}");
}

#[tokio::test]
async fn a_limit_while_texts_are_read_is_waited_for() {
    let workflow = Workflow::new().await;
    workflow.world.fault(Fault::status_retry_after(403, 1).on(API).path("/contents/"));
    workflow.world.fault(Fault::status(502).on(API).path("/commits/"));
    assert_eq!(workflow.pull_request().await.report().verdict(), Verdict::Pending);
    assert_eq!(workflow.world.faults_left(), 0);
}

#[tokio::test]
async fn lines_of_a_failed_run_are_not_lost() {
    let workflow = Workflow::new().await;
    workflow.repository.workflow_run("sync.yml", "main", "push", &workflow.base, Some("success"));
    workflow.repository.workflow_run("sync.yml", "main", "push", &workflow.merge, Some("failure"));
    // All but the first may have planned alone, and it is not known whether they did.
    for event in ["pull_request", "workflow_run", "schedule", "workflow_dispatch"] {
        workflow.repository.workflow_run("sync.yml", "main", event, &workflow.merge, Some("success"));
    }
    let list = format!("{OLD}{LINE}# later\n");
    let later = workflow.repository.commit(&[&workflow.merge], [("images.txt", list.as_str())]);
    let step = workflow.push_of(&later, &workflow.merge).await;
    let Base::Commit { id, because } = &step.report().base else { unreachable!("the push names a commit") };
    assert!(*id == workflow.base && because.contains("last successful run"), "{because}");
    assert_eq!(workflow.world.imports().len(), 1, "the line of the failed run is imported");
}

#[tokio::test]
async fn lines_of_a_first_run_that_failed_are_not_lost_nor_is_what_was_reviewed_of_them() {
    for conclusion in [Some("failure"), Some("cancelled"), None] {
        let workflow = Workflow::of(LINE).await.set("INPUT_REQUIRE-REVIEWED", "true");
        workflow.pull_request().await;
        workflow.repository.merge(7, &workflow.merge);
        workflow.repository.workflow_run("sync.yml", "main", "push", &workflow.merge, conclusion);
        let list = format!("{LINE}# later\n");
        let later = workflow.repository.commit(&[&workflow.merge], [("images.txt", list.as_str())]);
        workflow.repository.branch("main", &later);
        let step = workflow.push_of(&later, &workflow.merge).await;
        assert_eq!(step.report().base, Base::None);
        assert!(step.printed.contains("::notice::no earlier run of this workflow"), "{}", step.printed);
        assert_eq!((step.report().verdict(), workflow.world.imports().len()), (Verdict::Clean, 1), "{}", step.summary);
    }
}

#[tokio::test]
async fn the_first_run_of_a_workflow_is_compared_with_the_branch_before_its_push() {
    let workflow = Workflow::new().await;
    workflow.repository.workflow_run("sync.yml", "other", "push", &workflow.base, Some("failure"));
    workflow.repository.workflow_run("other.yml", "main", "push", &workflow.base, Some("failure"));
    let step = workflow.push().await;
    let Base::Commit { id, because } = &step.report().base else { unreachable!("the push names a commit") };
    assert!(*id == workflow.base && because.contains("no earlier run of this workflow"), "{because}");
    assert_eq!(step.report().steps().count(), 1);

    // What has run and was for no push has applied nothing that is known.
    let workflow = Workflow::new().await;
    workflow.repository.workflow_run("sync.yml", "main", "schedule", &workflow.base, Some("success"));
    let step = workflow.push().await;
    assert_eq!((&step.report().base, step.report().steps().count()), (&Base::None, 2));
}

#[tokio::test]
async fn a_checkout_that_an_earlier_job_left_is_not_taken_for_the_list() {
    let workflow = Workflow::new().await;
    let [.., left] = checkout(workflow.folder.path(), ["", "", ""]);
    std::fs::write(workflow.folder.path().join("acr-sync.yaml"), "policy: { allow: [quay.io/none] }").unwrap();
    let plan = workflow.pull_request().await;
    assert_eq!((plan.report().totals().import, plan.report().totals().removed), (1, 0), "{}", plan.printed);
    assert!(plan.printed.contains(&format!("::notice::`{left}` is checked out and not")), "{}", plan.printed);
    let step = workflow.push().await;
    assert_eq!((step.report().verdict(), workflow.world.imports().len()), (Verdict::Clean, 1), "{}", step.summary);
}

#[tokio::test]
async fn a_forks_pull_request_is_never_applied() {
    let workflow = Workflow::new().await.set("INPUT_MODE", "apply");
    let own = workflow.repository.id();
    for (event, head, is_applied) in [
        ("pull_request", "null".to_owned(), false),
        ("pull_request", r#"{"id":1,"fork":true}"#.to_owned(), false),
        ("pull_request_review", r#"{"id":1,"fork":true}"#.to_owned(), false),
        ("pull_request", format!(r#"{{"id":{own}}}"#), true),
    ] {
        let payload = format!(
            r#"{{"action":"opened","number":7,"repository":{{"id":{own}}},"pull_request":{{"head":{{"sha":"{}","repo":{head}}},"base":{{"ref":"main"}}}}}}"#,
            workflow.head
        );
        let step = workflow.run(event, &payload, &workflow.merge).await;
        assert_eq!(step.report().is_applied(), is_applied, "{event} {head}");
        assert_eq!(workflow.world.imports().len(), usize::from(is_applied), "{event} {head}");
        if let Body::Stopped(problem) = &step.report().parts[0].body {
            assert!(problem.what.contains("fork"), "{problem}");
        }
    }
}

#[tokio::test]
async fn another_branch_than_the_default_one_is_applied_with_a_warning() {
    let payload = |branch: &str| format!(r#"{{"ref":"refs/heads/{branch}","repository":{{"default_branch":"main"}}}}"#);
    for (branch, mode, is_told) in [("x", "", true), ("main", "", false), ("x", "apply", false), ("x", "plan", false)] {
        let workflow = Workflow::new().await.set("INPUT_MODE", mode);
        let step = workflow.run("workflow_dispatch", &payload(branch), &workflow.merge).await;
        let is_said = step.printed.contains("::warning::the list of `x` is applied, which is not the default branch");
        assert_eq!(is_said, is_told, "{branch} `{mode}`: {}", step.printed);
        assert_eq!(step.report().is_applied(), mode != "plan");
    }
}

#[tokio::test]
async fn comments_of_the_user_whose_token_this_is_are_ours_and_those_of_others_are_not() {
    let workflow = Workflow::new().await.set("INPUT_GITHUB-TOKEN", "of-a-user").set("INPUT_SUGGEST-PINS", "true");
    workflow.repository.token_of("of-a-user", "machine", &ALL);
    let workflow = workflow.set("INPUT_REQUIRE-REVIEWED", "true");
    workflow.pull_request().await;
    let own = workflow.repository.comments(7).remove(0);
    workflow.repository.delete_comment(own.id);
    workflow.repository.comment(7, "mallory", false, &own.body);
    for _ in 0..2 {
        workflow.pull_request().await;
        let by: Vec<_> = workflow.repository.comments(7).into_iter().map(|comment| comment.login).collect();
        assert_eq!(by, ["mallory", "machine"]);
    }
    assert_eq!(suggestions(&workflow).len(), 1, "the same one never again");
    let step = workflow.push().await;
    assert_eq!((step.report().verdict(), workflow.world.imports().len()), (Verdict::Clean, 1), "{}", step.summary);
    assert!(workflow.repository.comments(7)[1].body.contains("1 imported"));
}

#[tokio::test]
async fn the_plan_of_a_failed_run_counts_in_the_next_one() {
    let mut workflow = Workflow::new().await.set("INPUT_REQUIRE-REVIEWED", "true");
    let first = workflow.base.clone();
    workflow.repository.workflow_run("sync.yml", "main", "push", &first, Some("success"));
    workflow.pull_request().await;
    workflow.repository.merge(7, &workflow.merge);
    workflow.repository.workflow_run("sync.yml", "main", "push", &workflow.merge, Some("failure"));
    let list = format!("{OLD}{LINE}# later\n");
    let later = workflow.repository.commit(&[&workflow.merge], [("images.txt", list.as_str())]);
    workflow.repository.pull_request(8, &later, Some(&later));
    workflow.repository.merge(8, &later);
    workflow.base = workflow.merge.clone();
    let step = workflow.push_of(&later, &workflow.base).await;
    assert_eq!((step.report().verdict(), workflow.world.imports().len()), (Verdict::Clean, 1), "{}", step.summary);
    assert!(workflow.repository.comments(8)[0].body.contains("1 imported"));
}

#[tokio::test]
async fn what_has_moved_since_the_review_is_said_or_refused() {
    let workflow = Workflow::new().await;
    workflow.pull_request().await;
    workflow.moves_the_source();
    let step = workflow.push().await;
    let notes: Vec<_> = step.report().steps().flat_map(|(step, _)| &step.notes).collect();
    assert!(matches!(notes[..], [Note::DiffersFromPlan { .. }]), "{notes:?}");
    assert!(workflow.comments()[0].contains("differs from the plan"));

    let workflow = Workflow::new().await.set("INPUT_REQUIRE-REVIEWED", "true");
    workflow.pull_request().await;
    workflow.moves_the_source();
    for _ in 0..2 {
        let step = workflow.push().await;
        let (step, _) = step.report().steps().next().unwrap();
        assert!(matches!(step.action, Action::Block(Reason::DiffersFromPlan { .. })), "{:?}", step.action);
    }
    assert!(workflow.world.imports().is_empty());
}

#[tokio::test]
async fn only_what_a_plan_showed_is_imported_where_that_is_required() {
    let workflow = Workflow::new().await.set("INPUT_REQUIRE-REVIEWED", "true");
    workflow.pull_request().await;
    assert_eq!(workflow.push().await.report().verdict(), Verdict::Clean);

    let workflow = Workflow::new().await.set("INPUT_REQUIRE-REVIEWED", "true");
    workflow.pull_request().await;
    let own = workflow.repository.comments(7).remove(0);
    workflow.repository.edit_comment(own.id, &own.body.replacen("acr-sync-plan:1", "acr-sync-plan:x", 1));
    let step = workflow.push().await;
    let (step, _) = step.report().steps().next().unwrap();
    assert_eq!(step.action, Action::Block(Reason::NotReviewed));
}

#[tokio::test]
async fn five_hundred_remarks_go_out_in_fifties_once() {
    let list: String = (0..500).map(|line| format!("not a line {line}\n")).collect();
    let workflow = Workflow::of(&list).await;
    workflow.world.fault(Fault::status_after(502).on(API).method("PATCH").path("/check-runs/"));
    workflow.world.fault(Fault::status_after(502).on(API).method("POST").path("/check-runs"));
    let step = workflow.pull_request().await;
    let runs = workflow.repository.check_runs();
    assert_eq!(runs.len(), 1, "{}", step.printed);
    assert_eq!((runs[0].annotations.len(), runs[0].conclusion.as_deref()), (500, Some("failure")));
    assert_eq!(runs[0].head_sha, workflow.head, "nobody sees the merge commit");
    assert_eq!(workflow.world.faults_left(), 0);
}

#[tokio::test]
async fn five_hundred_changed_lines_fit_into_one_comment_with_their_digests() {
    let list: String = (0..500).map(|line| format!("docker.io/library/nginx:1.27 => mirror/nginx-{line}\n")).collect();
    let workflow = Workflow::of(&list).await.set("INPUT_REQUIRE-REVIEWED", "true");
    let step = workflow.pull_request().await;
    let comments = workflow.comments();
    assert!(comments.len() == 1 && comments[0].contains("500 to import"), "{}", step.printed);
    assert_eq!(workflow.push().await.report().totals().import, 500);
}

#[tokio::test]
async fn hostile_lines_reach_neither_the_log_nor_the_page_as_they_are() {
    let long = "x".repeat(100_000);
    let list = format!(
        "::set-output name=a::b\n##[error]x\n<img src=x> @octocat\n\u{202e}evil\n<!-- acr-sync-plan:1 {{}} -->\n{long}\n"
    );
    let workflow = Workflow::of(&list).await;
    let step = workflow.pull_request().await;
    assert!(step.printed.lines().all(|line| line.starts_with("::error") || line.starts_with("::warning")));
    let comment = workflow.comments().remove(0);
    for (text, place) in [(&step.printed, "log"), (&comment, "comment"), (&step.summary, "summary")] {
        assert!(!text.contains("##[") && !text.contains('\u{202e}'), "{place}: {text}");
    }
    assert!(!step.printed.contains("::set-output"));
    assert!(comment.contains("`<img src=x> @octocat`") || !comment.contains("@octocat"), "{comment}");
}

#[tokio::test]
async fn a_strangers_pull_request_with_our_rights_is_read_as_data_and_never_applied() {
    let workflow = Workflow::new().await;
    let payload = format!(
        r#"{{"action":"opened","number":7,"pull_request":{{"head":{{"sha":"{}"}},"base":{{"ref":"main"}}}}}}"#,
        workflow.head
    );
    std::fs::write(workflow.folder.path().join("images.txt"), "what is checked out does not matter").unwrap();
    let step = workflow.run("pull_request_target", &payload, &workflow.base).await;
    assert_eq!((step.report().verdict(), step.report().steps().count()), (Verdict::Pending, 1));
    assert!(step.printed.contains("::warning::this run has the rights"), "{}", step.printed);

    let workflow = workflow.set("INPUT_MODE", "apply");
    let step = workflow.run("pull_request_target", &payload, &workflow.base).await;
    assert!(matches!(step.report().parts[0].body, Body::Stopped(_)) && workflow.world.imports().is_empty());
}

#[tokio::test]
async fn every_event_has_its_lines() {
    let workflow = Workflow::new().await;
    let group = format!(r#"{{"merge_group":{{"base_sha":"{}","head_sha":"{}"}}}}"#, workflow.base, workflow.merge);
    let step = workflow.run("merge_group", &group, &workflow.merge).await;
    assert_eq!((step.report().steps().count(), step.report().is_applied()), (1, false));
    for payload in [
        format!(r#"{{"ref":"refs/heads/main","before":"{}","deleted":true}}"#, workflow.base),
        format!(r#"{{"ref":"refs/tags/v1","after":"{}"}}"#, workflow.merge),
    ] {
        let step = workflow.run("push", &payload, &workflow.merge).await;
        assert!(step.report.is_none() && step.printed.contains("::notice::nothing to do"), "{}", step.printed);
    }
    let step = workflow.run("release", "{}", &workflow.merge).await;
    assert!(!step.report().is_applied() && step.printed.contains("not known here"), "{}", step.printed);
    let step = workflow.run("schedule", r#"{"schedule":"0 0 * * *"}"#, &workflow.merge).await;
    assert_eq!((step.report().steps().count(), step.report().is_applied()), (2, true));
    assert!(workflow.try_run("push", "no json", &workflow.merge).await.is_err());
}

#[tokio::test]
async fn what_is_no_file_is_named_and_what_is_gone_removes_nothing() {
    let mut workflow = Workflow::new().await;
    let module = TreeEntry::Submodule { url: "https://github.com/x/y".to_owned(), sha: "a".repeat(40) };
    workflow.merge = workflow.repository.commit(&[&workflow.base], [("images.txt", module)]);
    let step = workflow.pull_request().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("a submodule is no list") };
    assert!(problem.what.contains("a submodule"), "{problem}");

    let base = workflow.base.clone();
    let link = TreeEntry::Symlink("../../proc/self/environ".to_owned());
    workflow.merge = workflow.repository.commit(&[&base], [("images.txt", link)]);
    let step = workflow.pull_request().await;
    assert!(matches!(&step.report().parts[0].body, Body::Stopped(problem) if problem.what.contains("symbolic link")));

    workflow.merge = workflow.repository.commit(&[&base], [("other.txt", "x")]);
    let step = workflow.pull_request().await;
    assert_eq!(step.report().totals().removed, 1);

    let large = format!("{LINE}# {}\n", "x".repeat(2 << 20));
    workflow.merge = workflow.repository.commit(&[&base], [("images.txt", large.as_str())]);
    assert_eq!(workflow.pull_request().await.report().totals().import, 1, "more than 1 MB");
}

#[tokio::test]
async fn an_enterprise_server_is_asked_below_its_path() {
    let workflow = Workflow::new().await;
    let server = workflow.world.github_at("github.example.com", "contoso/images");
    let base = server.commit(&[], [("images.txt", "")]);
    server.branch("main", &base);
    let merge = server.commit(&[&base], [("images.txt", LINE)]);
    server.pull_request(7, &merge, Some(&merge));
    server.token("ghes", &ALL);
    let mut workflow = workflow.set("GITHUB_API_URL", &server.api_url()).set("INPUT_GITHUB-TOKEN", "ghes");
    (workflow.base, workflow.head, workflow.merge) = (base, merge.clone(), merge);
    let step = workflow.pull_request().await;
    assert_eq!(server.comments(7).len(), 1, "{}", step.printed);
}

#[tokio::test]
async fn the_jobs_identity_token_signs_in_and_is_hidden_first() {
    for is_immutable in [false, true] {
        let workflow = Workflow::new().await;
        if is_immutable {
            workflow.repository.immutable_subjects();
        }
        let subject = workflow.repository.subject("pull_request");
        workflow.world.federated_identity(CLIENT, &workflow.repository.issuer(), &subject, Rights::importer());
        workflow.world.fault(Fault::status(503).on("pipelines.actions.githubusercontent.com"));
        let workflow = workflow.by_oidc("pull_request");
        let step = workflow.pull_request().await;
        assert_eq!(step.report().verdict(), Verdict::Pending, "{:?}", step.report().parts[0].body);
        let hidden = workflow.hidden.lock().unwrap();
        assert!(hidden.len() >= 2 && hidden.iter().all(|token| token.split('.').count() == 3), "{hidden:?}");
        assert!(!step.printed.contains(&hidden[0]) && !step.summary.contains(&hidden[0]));
    }
}

#[tokio::test]
async fn a_subject_that_is_not_trusted_is_shown_in_both_forms() {
    let workflow = Workflow::new().await;
    workflow.repository.immutable_subjects();
    let issuer = workflow.repository.issuer();
    workflow.world.federated_identity(CLIENT, &issuer, "repo:contoso/images:pull_request", Rights::importer());
    let workflow = workflow.by_oidc("pull_request");
    let step = workflow.pull_request().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("nobody trusts this run") };
    let subject = workflow.repository.subject("pull_request");
    assert!(problem.what.contains("AADSTS700213") && problem.what.contains(&subject), "{problem}");
    assert!(problem.what.contains(&issuer) && problem.what.contains("api://AzureADTokenExchange"), "{problem}");
    let hint = problem.hint.as_deref().unwrap_or_default();
    assert!(hint.contains("`repo:contoso/images:pull_request`"), "{hint}");
}

#[tokio::test]
async fn each_way_in_which_entra_distrusts_a_run_is_told_with_what_to_compare() {
    for (code, hint) in [
        ("AADSTS7002138", "in this case of letters"),
        ("AADSTS700211", "this issuer"),
        ("AADSTS700024", "check the clock"),
    ] {
        let workflow = Workflow::new().await;
        let (subject, issuer) = (workflow.repository.subject("pull_request"), workflow.repository.issuer());
        let (trusted, by) = match code {
            "AADSTS7002138" => (subject.to_uppercase(), issuer.as_str()),
            "AADSTS700211" => (subject.clone(), "https://token.actions.example.com"),
            _ => {
                workflow.repository.stale_identity();
                (subject.clone(), issuer.as_str())
            }
        };
        workflow.world.federated_identity(CLIENT, by, &trusted, Rights::importer());
        let step = workflow.by_oidc("pull_request").pull_request().await;
        let Body::Stopped(problem) = &step.report().parts[0].body else {
            unreachable!("{code}: nobody trusts this run")
        };
        assert!(problem.what.contains(&format!("{code}:")), "{code}: {problem}");
        assert!(problem.what.contains(&subject) && problem.what.contains(&issuer), "{code}: {problem}");
        assert!(problem.hint.as_deref().unwrap_or_default().contains(hint), "{code}: {problem}");
    }
}

#[tokio::test]
async fn without_any_token_for_the_api_the_reason_is_told() {
    let workflow = Workflow::new().await.set("INPUT_GITHUB-TOKEN", "");
    let step = workflow.pull_request().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("there is no text") };
    assert!(problem.what.contains("`github-token` is empty"), "{problem}");
    assert!(step.summary.contains("github-token"), "the summary is written all the same");
}

#[tokio::test]
async fn a_list_that_is_renamed_is_new_with_all_its_lines() {
    let mut workflow = Workflow::new().await.set("INPUT_IMAGES-FILE", "lists/new.txt");
    let list = format!("{OLD}{LINE}");
    workflow.merge = workflow.repository.commit(&[&workflow.base], [("lists/new.txt", list.as_str())]);
    let step = workflow.pull_request().await;
    assert_eq!((step.report().steps().count(), step.report().totals().removed), (2, 0), "{}", step.printed);
    let Base::Commit { id, because } = &step.report().base else { unreachable!("the merge has a parent") };
    assert!(
        *id == workflow.base && because.contains("first parent") && because.contains("it has no `lists/new.txt`"),
        "{because}"
    );
    let comment = workflow.comments().remove(0);
    assert!(comment.contains("lists/new.txt") && comment.contains(&workflow.base[..12]), "{comment}");

    // Who renames the list and not the input is told which file is missed.
    let workflow = workflow.set("INPUT_IMAGES-FILE", "images.txt");
    let step = workflow.pull_request().await;
    assert_eq!((step.report().steps().count(), step.report().totals().removed), (0, 1), "{}", step.printed);
    let workflow = workflow.set("INPUT_IMAGES-FILE", "none.txt");
    let step = workflow.pull_request().await;
    assert!(matches!(&step.report().parts[0].body, Body::Stopped(problem) if problem.what.contains("no `none.txt`")));
}

#[tokio::test]
async fn a_list_over_sixteen_mebibytes_is_refused_by_the_api_too() {
    let mut workflow = Workflow::new().await;
    let line = format!("{LINE}# ");
    let exact = format!("{line}{}", "x".repeat((16 << 20) - line.len()));
    workflow.merge = workflow.repository.commit(&[&workflow.base], [("images.txt", exact.as_str())]);
    assert_eq!(workflow.pull_request().await.report().totals().import, 1, "16 MiB are allowed");

    let large = format!("{exact}x");
    workflow.merge = workflow.repository.commit(&[&workflow.base], [("images.txt", large.as_str())]);
    let step = workflow.pull_request().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("it is too large") };
    assert!(problem.what.contains("larger than 16 MiB"), "{problem}");
}

#[tokio::test]
async fn a_strangers_pull_request_names_the_tip_it_is_compared_with_and_needs_no_checkout() {
    let workflow = Workflow::new().await;
    workflow.repository.from_fork(7, "stranger/images");
    // The branch has moved on since the pull request was opened: its tip is what counts, not the payload.
    let tip = workflow.repository.commit(&[&workflow.base], [("images.txt", LINE)]);
    workflow.repository.branch("main", &tip);
    let payload = format!(
        r#"{{"action":"synchronize","number":7,"pull_request":{{"head":{{"sha":"{}"}},"base":{{"ref":"main","sha":"{}"}}}}}}"#,
        workflow.head, workflow.base
    );
    let step = workflow.run("pull_request_target", &payload, &tip).await;
    let Base::Commit { id, because } = &step.report().base else { unreachable!("the branch has a tip") };
    assert!(*id == tip && because == "tip of `main`", "{because}");
    assert!(!step.report().is_applied() && step.report().steps().count() == 1, "{}", step.printed);
    assert!(step.printed.contains("only the list is read of it, as data"), "{}", step.printed);
    assert!(workflow.comments()[0].contains("tip of `main`") && workflow.world.imports().is_empty());
    let closed = payload.replace("synchronize", "closed");
    let step = workflow.run("pull_request_target", &closed, &tip).await;
    assert!(step.report.is_none() && step.printed.contains("the push that merges it"), "{}", step.printed);
}
