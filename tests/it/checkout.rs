//! Checkouts as runners make them, so by the git program: opened by `--ignored`.

use crate::workflow::{LINE, Workflow};

const API: &str = "api.github.com";

/// Runs git in a folder and returns what it prints.
fn git(folder: &std::path::Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
#[ignore = "needs the git program"]
async fn a_checkout_of_depth_one_is_completed_by_the_api_and_a_deeper_one_needs_none() {
    for (depth, requests) in [("1", 1), ("2", 0)] {
        let origin = tempfile::TempDir::new().unwrap();
        git(origin.path(), &["init", "-q"]);
        let commit = |text: &str| {
            std::fs::write(origin.path().join("images.txt"), text).unwrap();
            git(origin.path(), &["add", "images.txt"]);
            git(origin.path(), &["commit", "-qm", "list"]);
            git(origin.path(), &["rev-parse", "HEAD"])
        };
        let (base, merge) = (commit("quay.io/old/app:1 => old/app\n"), commit(LINE));
        let mut workflow = Workflow::new().await.set("INPUT_CHECK-RUN", "false");
        workflow.repository.commit_as(&base, &[], [("images.txt", "quay.io/old/app:1 => old/app\n")]);
        workflow.repository.commit_as(&merge, &[&base], [("images.txt", LINE)]);
        let url = format!("file://{}", origin.path().display());
        git(workflow.folder.path(), &["clone", "-q", "--depth", depth, &url, "."]);
        workflow.merge = merge;
        let step = workflow.pull_request().await;
        assert_eq!((step.report().totals().import, step.report().totals().removed), (1, 1), "{}", step.printed);
        let read = workflow.world.requests();
        let read = read.iter().filter(|seen| seen.host == API && !seen.path.contains("/issues/")).count();
        assert_eq!(read, requests, "depth {depth}");
    }
}

/// In the container the checkout is somebody else's, which the git program refuses to read. Only root can give a folder
/// away; git is told to take the owner for a stranger in any case.
#[tokio::test]
#[ignore = "needs the git program"]
async fn a_checkout_of_another_user_is_read() {
    let workflow = Workflow::new().await.set("INPUT_CHECK-RUN", "false");
    let folder = workflow.folder.path();
    git(folder, &["init", "-q"]);
    let mut commits = Vec::new();
    for text in ["quay.io/old/app:1 => old/app\n", LINE] {
        std::fs::write(folder.join("images.txt"), text).unwrap();
        git(folder, &["add", "images.txt"]);
        git(folder, &["commit", "-qm", "list"]);
        commits.push(git(folder, &["rev-parse", "HEAD"]));
    }
    let is_root = std::os::unix::fs::MetadataExt::uid(&folder.metadata().unwrap()) == 0;
    if is_root {
        let stranger = std::process::Command::new("chown").args(["-R", "12345:12345"]).arg(folder).status().unwrap();
        assert!(stranger.success());
    }
    let refused = std::process::Command::new("git")
        .args(["log", "-1"])
        .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .current_dir(folder)
        .output()
        .unwrap();
    let refusal = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && refusal.contains("dubious ownership"), "{refusal}");

    let mut workflow = workflow;
    workflow.merge.clone_from(&commits[1]);
    let step = workflow.pull_request().await;
    assert_eq!((step.report().totals().import, step.report().totals().removed), (1, 1), "{}", step.printed);
    let asked = workflow.world.requests();
    assert!(asked.iter().all(|seen| seen.host != API || seen.path.contains("/issues/")), "the API is not needed");
}
