//! The gates of a policy that lean on more than the plan: age, scanners' reports.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    emulator::{Fault, Image},
    import::Outcome,
    plan::{Action, Reason},
    reference::Digest,
    report::{
        Verdict,
        markdown::{self, Diagram, Limits},
        sarif,
    },
};

/// Returns the objections to the only line, and its notes.
fn told(run: &Run) -> String {
    let step = run.step();
    let blocked = match &step.action {
        Action::Block(reason @ Reason::Policy(_)) => Some(reason.to_string()),
        _ => None,
    };
    blocked.into_iter().chain(step.notes.iter().map(ToString::to_string)).collect::<Vec<_>>().join("\n")
}

fn line() -> String {
    format!("{NGINX} => a")
}

#[tokio::test]
async fn an_image_that_is_too_old_is_blocked_and_only_a_rule_costs_its_requests() {
    let run_of = async |settings: &str, image: &Image| {
        Scenario::plan(&line()).settings(settings).source(NGINX, image).run().await
    };
    let long_ago = image().created(Some("2020-02-29T12:00:00.5Z"));
    let free = run_of("", &long_ago).await;
    assert_eq!((told(&free).as_str(), free.requests("registry-1.docker.io", "/blobs/")), ("", 0));
    let asked = run_of("policy: { max-age: 180d }", &long_ago).await;
    assert_eq!(told(&asked), "the image was made on 2020-02-29, the policy allows 180 days");
    // A configuration for each of two platforms, and nothing for attestations.
    assert_eq!(asked.requests("registry-1.docker.io", "/blobs/"), 2);
    let with_attestations = run_of("policy: { max-age: 180d }", &long_ago.with_attestations()).await;
    assert_eq!(with_attestations.requests("registry-1.docker.io", "/blobs/"), 2);
    assert!(told(&with_attestations).contains("2020-02-29"), "{}", told(&with_attestations));
    // One platform has its configuration read once.
    let single = Image::single("linux/amd64").created(Some("2020-02-29T12:00:00Z"));
    let single = run_of("policy: { max-age: 180d, platforms: [linux/amd64] }", &single).await;
    assert!(told(&single).contains("2020-02-29"), "{}", told(&single));
    assert_eq!(single.requests("registry-1.docker.io", "/blobs/"), 1);
}

#[tokio::test]
async fn an_image_that_does_not_say_when_it_was_made_is_blocked_unless_that_is_allowed() {
    for created in [None, Some("1970-01-01T00:00:00Z"), Some("1980-01-01T00:00:01Z"), Some("yesterday")] {
        for (rules, expected) in [("max-age: 180d", true), ("max-age: 180d, age-unknown: allow", false)] {
            let run = Scenario::plan(&line())
                .settings(&format!("policy: {{ {rules} }}"))
                .source(NGINX, &image().created(created))
                .run()
                .await;
            assert_eq!(told(&run).contains("when it was made is not known"), expected, "{created:?}: {rules}");
        }
    }
}

const RULE: &str = "policy: { vulnerabilities: { reports: [\"scan/*.json\"], deny: high } }";

fn report(names: &str, findings: &[(&str, &str, &str)]) -> String {
    let found = findings.iter().map(|(id, severity, fix)| {
        serde_json::json!({
            "VulnerabilityID": id, "PkgName": "openssl", "Severity": severity, "FixedVersion": fix,
        })
    });
    let found: Vec<_> = found.collect();
    serde_json::json!({
        "SchemaVersion": 2,
        "ArtifactName": NGINX,
        "Metadata": { "RepoDigests": [names] },
        "Results": [{ "Vulnerabilities": found }],
    })
    .to_string()
}

fn about(digest: Digest, findings: &[(&str, &str, &str)]) -> String {
    report(&format!("nginx@{digest}"), findings)
}

#[tokio::test]
async fn a_line_is_blocked_by_what_a_scanner_found_in_its_very_image() {
    let found = [("CVE-2099-1", "HIGH", "3.1"), ("CVE-2099-2", "CRITICAL", ""), ("CVE-2099-3", "LOW", "")];
    let run = Scenario::apply(&line())
        .settings(RULE)
        .source(NGINX, &image())
        .scan("scan/nginx.json", &about(image().digest(), &found))
        .run()
        .await;
    let expected = "the policy refuses the image's vulnerabilities (1 critical, 1 high): `CVE-2099-2` in `openssl`, not \
                    mended; `CVE-2099-1` in `openssl`, mended in `3.1`";
    assert_eq!(told(&run), expected);
    assert_eq!(run.report.verdict(), Verdict::Failed);
    run.wrote_nothing();
    let sarif: serde_json::Value = serde_json::from_str(&sarif::sarif(&run.report, &[])).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "policy/vulnerabilities");
    assert_eq!(sarif["runs"][0]["results"][0]["message"]["text"], expected);
}

#[tokio::test]
async fn a_clean_report_lets_the_line_through_and_one_about_another_image_does_not() {
    let run = async |digest| {
        Scenario::plan(&line())
            .settings(RULE)
            .source(NGINX, &image())
            .scan("scan/nginx.json", &about(digest, &[("CVE-2099-3", "LOW", "")]))
            .run()
            .await
    };
    let clean = run(image().digest()).await;
    assert_eq!((told(&clean).as_str(), clean.action()), ("", &Action::Import));
    let other = run(image().content("before").digest()).await;
    assert!(told(&other).contains("about another image that had this tag"), "{}", told(&other));
}

#[tokio::test]
async fn a_report_that_is_none_is_named_and_stops_only_the_lines_that_need_it() {
    let redis = "docker.io/library/redis:7";
    let run = Scenario::plan(&format!("{NGINX} => a\n{redis} => b"))
        .settings(RULE)
        .source(NGINX, &image())
        .source(redis, &image().content("redis"))
        .scan("scan/nginx.json", &about(image().digest(), &[]))
        .scan("scan/redis.json", "::error::{")
        .run()
        .await;
    let steps = &run.report.plan().unwrap().steps;
    assert_eq!(steps[0].action, Action::Import);
    let Action::Block(reason) = &steps[1].action else { unreachable!("{:?}", steps[1].action) };
    assert!(reason.to_string().contains("the report `scan/redis.json` cannot be used"), "{reason}");
}

#[tokio::test]
async fn a_broken_report_is_told_even_where_no_line_needs_it() {
    let run = Scenario::plan(&line())
        .settings(RULE)
        .source(NGINX, &image())
        .scan("scan/nginx.json", &about(image().digest(), &[]))
        .scan("scan/old.json", "{\"SchemaVersion\":1}")
        .run()
        .await;
    assert_eq!(run.action(), &Action::Import);
    assert!(told(&run).contains("the report `scan/old.json` cannot be used: it is version 1"), "{}", told(&run));
}

#[tokio::test]
async fn foreign_text_of_a_report_stays_text() {
    let evil = "CVE-1`|<img src=x>@team\n::error::x";
    let run = Scenario::plan(&line())
        .settings(RULE)
        .source(NGINX, &image())
        .scan("scan/nginx.json", &about(image().digest(), &[(evil, "HIGH", "##vso[task.complete]")]))
        .run()
        .await;
    assert!(matches!(run.action(), Action::Block(_)));
    let limits = Limits { marker: None, longest: 65_536, run_url: None, commit: None, diagram: Diagram::Never };
    let page = markdown::page(&run.report, limits);
    assert!(page.contains("`CVE-1'\\u{7c}<img src=x>@team\\u{a}::error::x`"), "{page}");
}

/// A registry whose data plane is closed to the runner: Azure imports into it, and nobody can look what is there.
fn closed(settings: &str) -> Scenario {
    Scenario::apply(&line())
        .settings(settings)
        .source(NGINX, &image().created(Some("2020-02-29T12:00:00Z")))
        .world(|world| world.azure_registry("contosoacr").public_access(false))
        .world(|world| world.poll_retry_after(0))
}

#[tokio::test]
async fn no_gate_is_open_because_the_registry_cannot_be_asked() {
    for rules in
        ["platforms: [linux/s390x]", "max-size: 1 B", "max-age: 1d", "vulnerabilities: { reports: [\"scan/*.json\"] }"]
    {
        let run = closed(&format!("policy: {{ {rules} }}")).run().await;
        assert!(matches!(run.outcome(), Outcome::Blocked(Reason::Policy(_))), "{rules}: {:?}", run.outcome());
        run.wrote_nothing();
    }
    let good = closed("policy: { platforms: [linux/arm64], max-size: 1 GB, max-age: 5200w }").run().await;
    assert!(matches!(good.outcome(), Outcome::Imported { .. }), "{:?}", good.outcome());
}

#[tokio::test]
async fn a_rule_about_an_image_that_only_azure_can_read_blocks_its_line() {
    let run = Scenario::apply(&format!("quay.io/team/app:1@{} => a", image().digest()))
        .settings("policy: { max-size: 1 GB }")
        .source("quay.io/team/app:1", &image())
        .world(|world| world.fault(Fault::status(403).on("quay.io").always()))
        .run()
        .await;
    assert!(told(&run).contains("its size could not be asked"), "{}", told(&run));
    run.wrote_nothing();
}
