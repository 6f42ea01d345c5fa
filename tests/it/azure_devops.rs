//! Azure DevOps: events, texts without a checkout, one thread, the merge that follows its plan.

use crate::{
    pipeline::{HOST, MAIN, Pipeline},
    scenario::{NGINX, image},
    workflow::{LINE, OLD, checkout},
};
use acr_sync::{
    emulator::{Fault, TreeEntry},
    plan::{Action, Note, Reason},
    report::{Base, Body, Verdict},
};
use std::time::Duration;

fn output(name: &str, value: &str) -> String {
    format!("##vso[task.setvariable variable={name};isOutput=true]{value}")
}

#[tokio::test]
async fn a_pull_request_is_planned_without_a_checkout_and_its_merge_tells_the_same_thread() {
    let pipeline = Pipeline::new().await;
    let plan = pipeline.pull_request().await;
    assert_eq!(plan.report().verdict(), Verdict::Pending, "{}", plan.printed);
    assert_eq!(plan.report().steps().count(), 1, "only the changed line");
    assert!(matches!(&plan.report().base, Base::Commit { id, .. } if *id == pipeline.base));
    assert!(plan.summary.contains("mirror/nginx"));
    let threads = pipeline.threads();
    assert!(threads.len() == 1 && threads[0].content.contains("1 to import"), "{threads:#?}");
    assert_eq!(threads[0].status, "closed", "an open thread can stand in the way of the merge");
    for line in [output("changed", "1"), output("imported", "0"), output("clean", "false"), output("planFile", "")] {
        assert!(plan.printed.lines().any(|printed| printed == line), "{line}: {}", plan.printed);
    }

    let result = pipeline.push().await;
    assert_eq!(result.report().verdict(), Verdict::Clean, "{}", result.printed);
    let threads = pipeline.threads();
    assert!(threads.len() == 1 && threads[0].content.contains("1 imported"), "{threads:#?}");
    assert!(result.report().steps().all(|(step, _)| step.notes.is_empty()));
    assert!(result.printed.lines().any(|line| line == output("imported", "1")), "{}", result.printed);
    for step in [plan, result] {
        assert!(!step.printed.contains("type=warning"), "{}", step.printed);
    }
}

#[tokio::test]
async fn a_pull_request_that_changes_nothing_asks_little_and_says_nothing() {
    let pipeline = Pipeline::of("# a comment\nquay.io/old/app:1   =>   old/app\n").await;
    let step = pipeline.pull_request().await;
    assert_eq!(step.report().verdict(), Verdict::Clean);
    assert_eq!(pipeline.threads(), []);
    // The parents, both texts, that there are no settings, the threads.
    assert_eq!(pipeline.world.requests().len(), 5, "{:#?}", pipeline.world.requests());
}

#[tokio::test]
async fn a_thread_is_open_while_a_line_waits_for_its_author_and_closed_again() {
    for bad in ["docker.io/library/nginx:9 => mirror/nginx\n", "nginx -> mirror/nginx\n"] {
        let mut pipeline = Pipeline::of(&format!("{OLD}{bad}")).await;
        for _ in 0..2 {
            pipeline.pull_request().await;
            assert_eq!(pipeline.threads()[0].status, "active", "{bad}");
        }
        pipeline.head = pipeline.repository.commit(&[&pipeline.base], [("images.txt", format!("{OLD}{LINE}"))]);
        let parents = [pipeline.base.as_str(), pipeline.head.as_str()];
        pipeline.merge = pipeline.repository.commit(&parents, [("images.txt", format!("{OLD}{LINE}"))]);
        pipeline.pull_request().await;
        let threads = pipeline.threads();
        assert_eq!((threads.len(), threads[0].status.as_str()), (1, "closed"), "{bad}");
        assert!(threads[0].content.contains("1 to import"));
    }
}

#[tokio::test]
async fn a_thread_that_a_person_deleted_is_made_again_once() {
    let pipeline = Pipeline::new().await;
    pipeline.pull_request().await;
    pipeline.repository.delete_thread(7, pipeline.threads()[0].id);
    pipeline.pull_request().await;
    pipeline.pull_request().await;
    let all = pipeline.repository.threads(7);
    assert_eq!((all.len(), pipeline.threads().len()), (2, 1), "{all:#?}");
}

#[tokio::test]
async fn a_strangers_copy_of_our_thread_is_never_ours() {
    let pipeline = Pipeline::new().await;
    pipeline.pull_request().await;
    let own = pipeline.threads().remove(0);
    pipeline.repository.delete_thread(7, own.id);
    pipeline.repository.thread(7, &own.content, "images.txt contosoacr.azurecr.io");
    pipeline.pull_request().await;
    pipeline.pull_request().await;
    let threads = pipeline.threads();
    assert_eq!(threads.len(), 2, "theirs and a new one of ours: {threads:#?}");
    assert_eq!(threads.iter().filter(|thread| thread.author == own.author).count(), 1);
    assert_eq!(threads[0].content, own.content, "theirs is as it was");
}

#[tokio::test]
async fn two_builds_at_once_leave_one_thread() {
    let pipeline = Pipeline::new().await;
    let before = pipeline.repository.build(MAIN, "Manual", &pipeline.base, None);
    // Both look before either has posted.
    pipeline.world.fault(Fault::delay(Duration::from_millis(150)).on(HOST).method("POST").path("/threads").times(2));
    let (one, two) = tokio::join!(pipeline.pull_request(), pipeline.pull_request());
    assert_eq!(pipeline.repository.threads(7).len(), 2, "both found none");
    assert_eq!(pipeline.threads().len(), 1, "{}\n{}", one.printed, two.printed);
    let later = format!("<!-- run {} -->", before + 2);
    assert!(pipeline.threads()[0].content.contains(&later), "an earlier build undid a later one");
    for step in [one, two] {
        assert_eq!(step.report().verdict(), Verdict::Pending);
    }
}

#[tokio::test]
async fn two_registries_of_a_list_have_a_status_each() {
    let pipeline = Pipeline::new().await.set("INPUT_PRSTATUS", "true");
    drop(pipeline.world.azure_registry("contosodev"));
    pipeline.pull_request().await;
    let pipeline = pipeline.set("INPUT_REGISTRY", "contosodev");
    pipeline.pull_request().await;
    let names: Vec<_> = pipeline.repository.statuses(7).into_iter().map(|status| status.context.1).collect();
    assert_eq!(names, ["images.txt contosoacr.azurecr.io", "images.txt contosodev.azurecr.io"]);
}

#[tokio::test]
async fn two_lists_of_a_pull_request_have_a_thread_each() {
    let pipeline = Pipeline::new().await;
    pipeline.pull_request().await;
    let pipeline = pipeline.set("INPUT_IMAGESFILE", "more/images.txt");
    let trees =
        |text: &str| [("images.txt".to_owned(), text.to_owned()), ("more/images.txt".to_owned(), text.to_owned())];
    let mut pipeline = pipeline;
    pipeline.merge = pipeline.repository.commit(&[&pipeline.base, &pipeline.head], trees(LINE));
    pipeline.pull_request().await;
    assert_eq!(pipeline.threads().len(), 2);
}

#[tokio::test]
async fn a_post_of_unknown_fate_is_looked_for_and_not_repeated() {
    for fault in [Fault::status_after(502), Fault::status(502), Fault::reset()] {
        let pipeline = Pipeline::new().await;
        pipeline.world.fault(fault.on(HOST).method("POST").path("/threads"));
        let step = pipeline.pull_request().await;
        assert_eq!(pipeline.repository.threads(7).len(), 1, "{}", step.printed);
        assert_eq!(pipeline.world.faults_left(), 0);
    }
}

#[tokio::test]
async fn an_old_build_that_is_started_again_does_not_undo_a_later_one() {
    let pipeline = Pipeline::new().await;
    pipeline.pull_request().await;
    pipeline.push().await;
    let told = pipeline.threads();
    let pipeline = pipeline.set("BUILD_BUILDID", "3");
    let step = pipeline.pull_request().await;
    assert!(step.printed.contains("a later run has written"), "{}", step.printed);
    assert_eq!(pipeline.threads(), told);
}

#[tokio::test]
async fn a_missing_permission_is_a_warning_that_names_who_lacks_what_and_where() {
    let pipeline = Pipeline::new().await.set("INPUT_PRSTATUS", "true");
    pipeline.repository.token("t", &["read", "builds"]);
    let step = pipeline.pull_request().await;
    assert_eq!(step.report().verdict(), Verdict::Pending);
    assert_eq!(
        step.printed.matches("##vso[task.logissue type=warning;]").count(),
        2,
        "thread and status: {}",
        step.printed
    );
    for part in [
        "TF401027",
        "the identity `Container Images Build Service (contoso)`",
        "*Contribute to pull requests*",
        "Project settings, Repositories, `images`, Security",
    ] {
        assert!(step.printed.contains(part), "{part}: {}", step.printed);
    }
}

#[tokio::test]
async fn a_delayed_answer_is_taken_and_the_next_request_waits() {
    let pipeline = Pipeline::new().await;
    pipeline.world.fault(Fault::delayed(1).on(HOST).method("GET").path("/threads"));
    let step = pipeline.pull_request().await;
    assert!(!step.printed.contains("type=warning"), "{}", step.printed);
    let seen = pipeline.world.requests();
    let look = seen.iter().position(|seen| seen.method == "GET" && seen.path.contains("/threads")).unwrap();
    assert!(seen[look].status == Some(200) && seen[look + 1].at - seen[look].at >= Duration::from_secs(1), "{seen:#?}");
    assert_eq!(pipeline.threads().len(), 1);
}

#[tokio::test]
async fn throttling_is_waited_for_and_a_long_wait_is_a_warning() {
    let pipeline = Pipeline::new().await;
    pipeline.world.fault(Fault::status_retry_after(429, 1).on(HOST).method("POST").path("/threads"));
    pipeline.pull_request().await;
    assert_eq!((pipeline.threads().len(), pipeline.asked("POST", "/threads")), (1, 2));

    for fault in [Fault::status_retry_after(429, 3600), Fault::delayed(3600)] {
        let pipeline = Pipeline::new().await;
        pipeline.world.fault(fault.on(HOST).method("GET").path("/threads"));
        let step = pipeline.pull_request().await;
        assert!(step.printed.contains("type=warning") && step.printed.contains("rate limit"), "{}", step.printed);
        assert_eq!((pipeline.threads().len(), step.report().verdict()), (0, Verdict::Pending));
    }
}

#[tokio::test]
async fn a_sign_in_page_instead_of_data_is_told_as_such() {
    let pipeline = Pipeline::new().await;
    pipeline.world.fault(Fault::html().on(HOST).path("/threads"));
    let step = pipeline.pull_request().await;
    assert!(
        step.printed.contains("the plan was not posted: Azure DevOps answered 200 with a sign-in page"),
        "{}",
        step.printed
    );
    assert!(!step.printed.contains("Contribute"), "that would not help: {}", step.printed);
    assert_eq!(step.report().verdict(), Verdict::Pending);

    let pipeline = Pipeline::new().await;
    pipeline.world.fault(Fault::html().on(HOST).path("/items"));
    let step = pipeline.pull_request().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else {
        unreachable!("there is no list: {:?}", step.report().parts[0].body)
    };
    assert!(problem.what.contains("sign-in page"), "{problem}");
}

#[tokio::test]
async fn a_token_that_is_not_taken_or_missing_is_named() {
    for (token, said) in [("expired", "the job's access token is not taken"), ("", "did not reach the program")] {
        let pipeline = Pipeline::new().await.set("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", token);
        let pipeline = pipeline.scheme("ServicePrincipal").endpoint("SERVICEPRINCIPALKEY", "s");
        let step = pipeline.pull_request().await;
        let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("there is no list") };
        assert!(problem.what.contains(said), "{problem}");
        assert!(step.printed.contains("##vso[task.logissue type=error;sourcepath=images.txt;"), "{}", step.printed);
    }
}

#[tokio::test]
async fn a_status_is_posted_where_it_is_asked_for() {
    for (given, list, states) in
        [("false", LINE, &[][..]), ("True", LINE, &["succeeded"]), ("true", "nginx -> a\n", &["failed"])]
    {
        let pipeline = Pipeline::of(list).await.set("INPUT_PRSTATUS", given);
        pipeline.repository.wants_iterations();
        let step = pipeline.pull_request().await;
        let statuses = pipeline.repository.statuses(7);
        assert_eq!(statuses.iter().map(|status| status.state.as_str()).collect::<Vec<_>>(), states, "{}", step.printed);
        for status in statuses {
            assert_eq!(status.context, ("acr-sync".to_owned(), "images.txt contosoacr.azurecr.io".to_owned()));
            assert!(status.iteration == Some(1) && status.target.contains("/_build/results?buildId="), "{status:?}");
        }
    }
}

#[tokio::test]
async fn every_reason_has_its_lines() {
    let pipeline = Pipeline::new().await;
    for (reason, branch, steps, applied) in [
        ("IndividualCI", MAIN, 1, true),
        ("BatchedCI", MAIN, 1, true),
        ("Schedule", MAIN, 2, true),
        ("Manual", MAIN, 2, true),
        ("Manual", "refs/pull/7/merge", 2, false),
        ("ValidateShelveset", MAIN, 2, false),
    ] {
        let step = pipeline.run(reason, branch, &pipeline.merge).await;
        assert_eq!((step.report().steps().count(), step.report().is_applied()), (steps, applied), "{reason} {branch}");
    }
    let tag = pipeline.run("IndividualCI", "refs/tags/v1", &pipeline.merge).await;
    assert!(tag.report.is_none() && tag.printed.contains("is no branch"), "{}", tag.printed);

    let planned = pipeline.set("INPUT_MODE", "plan").set("INPUT_SCOPE", "all");
    let step = planned.run("IndividualCI", MAIN, &planned.merge).await;
    assert_eq!((step.report().steps().count(), step.report().is_applied()), (2, false));
}

#[tokio::test]
async fn lines_of_a_failed_build_are_not_lost() {
    let pipeline = Pipeline::new().await;
    let build = |branch: &str, commit: &str, result| pipeline.repository.build(branch, "IndividualCI", commit, result);
    build(MAIN, &pipeline.merge, Some("failed"));
    // These may have planned alone, and it is not known whether they did; a schedule builds more often than a page holds.
    for reason in ["Schedule", "Manual", "BuildCompletion"].repeat(40) {
        pipeline.repository.build(MAIN, reason, &pipeline.merge, Some("succeeded"));
    }
    build("refs/heads/other", &pipeline.merge, Some("succeeded"));
    let list = format!("{OLD}{LINE}# later\n");
    let later = pipeline.repository.commit(&[&pipeline.merge], [("images.txt", list.as_str())]);
    let step = pipeline.run("BatchedCI", MAIN, &later).await;
    let Base::Commit { id, because } = &step.report().base else { unreachable!("the push names a commit") };
    assert!(*id == pipeline.base && because.contains("last successful build"), "{because}");
    assert_eq!(pipeline.world.imports().len(), 1, "the line of the failed build is imported");
}

#[tokio::test]
async fn an_old_build_is_not_compared_with_a_later_one() {
    let pipeline = Pipeline::new().await.set("BUILD_BUILDID", "500");
    pipeline.repository.build(MAIN, "IndividualCI", &pipeline.merge, Some("succeeded"));
    let step = pipeline.run("IndividualCI", MAIN, &pipeline.merge).await;
    assert_eq!((&step.report().base, step.report().steps().count()), (&Base::None, 2));
    assert!(step.printed.contains("tags of lines that are gone stay"), "{}", step.printed);
}

#[tokio::test]
async fn without_the_right_to_see_builds_the_whole_list_is_applied_with_a_warning() {
    let pipeline = Pipeline::new().await;
    pipeline.repository.token("t", &["read", "contribute"]);
    let step = pipeline.push().await;
    assert!(step.printed.contains("*View builds*") && step.printed.contains("TF215106"), "{}", step.printed);
    assert_eq!(step.report().steps().count(), 2);
}

#[tokio::test]
async fn the_plan_of_a_failed_build_counts_in_the_next_one() {
    let pipeline = Pipeline::new().await.set("INPUT_REQUIREREVIEWED", "true");
    pipeline.pull_request().await;
    pipeline.repository.complete(7, &pipeline.merge);
    let list = format!("{OLD}{LINE}# later\n");
    let later = pipeline.repository.commit(&[&pipeline.merge], [("images.txt", list.as_str())]);
    pipeline.repository.pull_request(8, &later, Some(&later));
    pipeline.repository.complete(8, &later);
    let step = pipeline.run("IndividualCI", MAIN, &later).await;
    assert_eq!((step.report().verdict(), pipeline.world.imports().len()), (Verdict::Clean, 1), "{}", step.summary);
    assert!(pipeline.repository.threads(8)[0].content.contains("1 imported"));
}

#[tokio::test]
async fn the_completed_pull_request_is_told_where_earlier_ones_cannot_be_found() {
    let pipeline = Pipeline::new().await;
    pipeline.pull_request().await;
    pipeline.world.fault(Fault::status(404).on(HOST).path("/build/changes"));
    let step = pipeline.push().await;
    assert!(step.printed.contains("type=warning") && step.printed.contains("*View builds*"), "{}", step.printed);
    assert!(pipeline.threads()[0].content.contains("1 imported"));
}

#[tokio::test]
async fn what_has_moved_since_the_review_is_said_or_refused() {
    let move_source = |pipeline: &Pipeline| {
        let (host, rest) = NGINX.split_once('/').unwrap();
        pipeline.world.source(host).put(rest, &image().content("moved"));
    };
    let pipeline = Pipeline::new().await;
    pipeline.pull_request().await;
    move_source(&pipeline);
    let step = pipeline.push().await;
    let notes: Vec<_> = step.report().steps().flat_map(|(step, _)| &step.notes).collect();
    assert!(matches!(notes[..], [Note::DiffersFromPlan { .. }]), "{notes:?}");
    assert!(pipeline.threads()[0].content.contains("differs from the plan"));

    let pipeline = Pipeline::new().await.set("INPUT_REQUIREREVIEWED", "true");
    pipeline.pull_request().await;
    move_source(&pipeline);
    for _ in 0..2 {
        let step = pipeline.push().await;
        let (step, _) = step.report().steps().next().unwrap();
        assert!(matches!(step.action, Action::Block(Reason::DiffersFromPlan { .. })), "{:?}", step.action);
    }
    assert!(pipeline.world.imports().is_empty());
    assert_eq!(pipeline.threads()[0].status, "closed", "a completed pull request waits for nobody");

    let pipeline = Pipeline::new().await.set("INPUT_REQUIREREVIEWED", "true");
    pipeline.pull_request().await;
    let own = pipeline.threads().remove(0);
    pipeline.repository.edit_thread(7, own.id, &own.content.replacen("acr-sync-plan:1", "acr-sync-plan:x", 1));
    let step = pipeline.push().await;
    let (step, _) = step.report().steps().next().unwrap();
    assert_eq!(step.action, Action::Block(Reason::NotReviewed), "nobody can tell what was reviewed");
}

#[tokio::test]
async fn where_the_build_is_no_merge_of_the_head_the_last_push_says_what_is_compared() {
    // The target has moved on since the branch left it: its new line is none of this change.
    let mut pipeline = Pipeline::new().await;
    let moved = format!("{OLD}quay.io/new/app:1 => new/app\n");
    let target = pipeline.repository.commit(&[&pipeline.base], [("images.txt", moved.as_str())]);
    pipeline.repository.branch("main", &target);
    pipeline.repository.pull_request(7, &pipeline.head, None);
    pipeline.merge = pipeline.head.clone();
    let step = pipeline.pull_request().await;
    let Base::Commit { id, because } = &step.report().base else { unreachable!("a plan has a base") };
    assert!(*id == pipeline.base && because.contains("no merge"), "{because}");
    assert_eq!((step.report().totals().import, step.report().totals().removed), (1, 0));

    let pipeline = pipeline.set("SYSTEM_PULLREQUEST_SOURCECOMMITID", &"9".repeat(40));
    let other = pipeline.repository.commit(&[&target, &pipeline.head], [("images.txt", LINE)]);
    let step = pipeline.run("PullRequest", "refs/pull/7/merge", &other).await;
    let Base::Commit { because, .. } = &step.report().base else { unreachable!("a plan has a base") };
    assert!(because.contains("not the pull request's head"), "{because}");
}

#[tokio::test]
async fn a_fork_is_never_applied_and_without_a_connection_not_checked() {
    let pipeline = Pipeline::new().await.set("SYSTEM_PULLREQUEST_ISFORK", "True").set("INPUT_MODE", "apply");
    let step = pipeline.pull_request().await;
    let Body::Stopped(problem) = &step.report().parts[0].body else { unreachable!("it is refused") };
    assert!(problem.what.contains("fork") && pipeline.world.imports().is_empty(), "{problem}");

    let pipeline = pipeline.set("INPUT_MODE", "auto").set("INPUT_AZURESUBSCRIPTION", "");
    let step = pipeline.pull_request().await;
    assert_eq!(step.report().totals().unchecked, 1, "{:?}", step.report().parts[0].body);
    assert!(step.summary.contains("azureSubscription"), "{}", step.summary);
}

#[tokio::test]
async fn a_repository_on_github_has_the_summary_alone() {
    let list = format!("{OLD}{LINE}");
    let mut pipeline = Pipeline::new().await.set("BUILD_REPOSITORY_PROVIDER", "GitHub");
    [pipeline.base, pipeline.head, pipeline.merge] = checkout(pipeline.folder.path(), [OLD, &list, &list]);
    let pipeline = pipeline.set("BUILD_REPOSITORY_ID", "contoso/images").set("INPUT_PRSTATUS", "true");
    let step = pipeline.pull_request().await;
    assert_eq!((step.report().totals().import, step.report().totals().unchanged), (1, 1), "{}", step.printed);
    assert!(matches!(&step.report().base, Base::Commit { id, .. } if *id == pipeline.base));
    assert!(step.summary.contains("mirror/nginx") && !step.printed.contains("type=warning"), "{}", step.printed);
    assert_eq!(pipeline.asked("GET", "/git/") + pipeline.asked("POST", "/git/"), 0, "the token opens nothing there");

    let pushed = pipeline.run("IndividualCI", MAIN, &pipeline.merge).await;
    assert_eq!(pushed.report().verdict(), Verdict::Failed, "the source of the old line is not there");
    assert!(pushed.report().is_applied() && pipeline.asked("GET", "/build/builds") == 2);
}

#[tokio::test]
async fn a_shallow_checkout_of_github_plans_the_whole_list_and_says_why() {
    let mut pipeline = Pipeline::new().await.set("BUILD_REPOSITORY_PROVIDER", "GitHub");
    [pipeline.base, pipeline.head, pipeline.merge] = checkout(pipeline.folder.path(), [OLD, LINE, LINE]);
    // What a clone of depth one lacks.
    let (folder, rest) = pipeline.base.split_at(2);
    std::fs::remove_file(pipeline.folder.path().join(".git/objects").join(folder).join(rest)).unwrap();
    std::fs::write(pipeline.folder.path().join(".git/shallow"), format!("{}\n", pipeline.merge)).unwrap();
    let step = pipeline.pull_request().await;
    assert!(step.printed.contains("type=warning") && step.printed.contains("fetchDepth: 2"), "{}", step.printed);
    assert_eq!((&step.report().base, step.report().totals().import), (&Base::None, 1));
}

#[tokio::test]
async fn a_checkout_is_read_and_one_that_an_earlier_job_left_is_not() {
    let list = format!("{OLD}{LINE}");
    let mut pipeline = Pipeline::new().await;
    let [base, head, merge] = checkout(pipeline.folder.path(), [OLD, &list, &list]);
    let step = pipeline.pull_request().await;
    assert_eq!(pipeline.asked("GET", "/items"), 3, "the folder is of another commit: {}", step.printed);
    assert!(step.printed.contains(&format!("`{merge}` is checked out and not")), "{}", step.printed);

    pipeline.world.clear_requests();
    (pipeline.base, pipeline.head, pipeline.merge) = (base, head, merge);
    let step = pipeline.pull_request().await;
    assert_eq!(step.report().totals().import, 1, "{}", step.printed);
    assert_eq!(pipeline.asked("GET", "/items") + pipeline.asked("GET", "/commits"), 0);
}

#[tokio::test]
async fn what_is_no_file_is_named() {
    for (files, what) in [
        (vec![("images.txt/a", TreeEntry::from("x"))], "not a file"),
        (vec![("images.txt", TreeEntry::Symlink("/etc/passwd".to_owned()))], "not a file"),
        (vec![("other.txt", TreeEntry::from("x"))], "there is no `images.txt`"),
    ] {
        let mut pipeline = Pipeline::new().await;
        let empty = pipeline.repository.commit(&[], [("a", "b")]);
        pipeline.merge = pipeline.repository.commit(&[&empty, &pipeline.head], files);
        let step = pipeline.pull_request().await;
        let Body::Stopped(problem) = &step.report().parts[0].body else {
            unreachable!("{what}: {:?}", step.report().parts[0].body)
        };
        assert!(problem.what.contains(what), "{problem}");
        assert_eq!(pipeline.threads().len(), 1, "the author is told");
    }
}

#[tokio::test]
async fn hostile_lines_reach_neither_the_log_nor_the_thread_as_they_are() {
    let hostile = "##vso[task.setvariable variable=PATH]x => a\n#\u{200b}#vso[task.complete] -> | <img> @user\nq.io/a/b:1 => ##[error]\n";
    let pipeline = Pipeline::of(hostile).await;
    let step = pipeline.pull_request().await;
    let ours = ["task.logissue", "task.uploadsummary", "task.setvariable"];
    for line in step.printed.lines() {
        let rest = ours.iter().find_map(|name| line.strip_prefix(&format!("##vso[{name}")));
        assert!(!rest.unwrap_or(line).contains("##"), "{line}");
    }
    assert!(!step.printed.contains("variable=PATH;"), "{}", step.printed);
    let content = &pipeline.threads()[0].content;
    assert!(!content.contains("<img>") || content.contains("`"), "{content}");
}

#[tokio::test]
async fn a_long_list_fits_into_one_thread_with_its_digests() {
    let lines: String = (0..600).map(|line| format!("{NGINX} => mirror/some/team/nginx-{line:04}\n")).collect();
    let pipeline = Pipeline::of(&lines).await;
    let step = pipeline.pull_request().await;
    let content = pipeline.threads().remove(0).content;
    assert!((140_000..=150_000).contains(&content.len()) && content.contains(" more"), "{}", content.len());
    let kept = content.lines().next().unwrap();
    assert!(kept.contains("nginx-0599") && !step.printed.contains("type=warning"), "{}", step.printed);
}

#[tokio::test]
async fn a_build_of_a_branch_that_is_planned_changes_nothing() {
    let pipeline = Pipeline::new().await.set("INPUT_MODE", "plan");
    let step = pipeline.push().await;
    assert!(!step.report().is_applied() && pipeline.world.imports().is_empty());
}
