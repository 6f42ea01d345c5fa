//! `mirror` in `sources`: what is read there, what keeps its name, and whose credential goes where.

use crate::{
    scenario::{NGINX, Run, Scenario, image},
    signer::{Key, Signing},
    stub::Stub,
};
use acr_sync::{
    emulator::{CLIENT, Rights, SECRET},
    plan::{Action, Note, Reason, Route, Why},
    report::{
        Verdict, json,
        markdown::{self, Limits},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};

const MIRROR: &str = "artifacts.example.com";
const AT_MIRROR: &str = "artifacts.example.com/dockerhub/library/nginx:1.27";
const STATED: &str = "sources: { docker.io: { mirror: artifacts.example.com/dockerhub } }\n";
const LINE: &str = "nginx:1.27 => nginx\n";

/// The image is at the mirror; the origin has another one under the same name.
fn mirrored(scenario: Scenario) -> Scenario {
    scenario.settings(STATED).source(AT_MIRROR, &image()).source(NGINX, &image().content("of the origin"))
}

fn pushing(scenario: Scenario) -> Scenario {
    scenario.world(|world| world.identity(CLIENT, SECRET, Rights { push: true, ..Rights::importer() }))
}

/// Returns whether anything of Docker Hub was asked, by this program or by ACR.
fn asked_origin(run: &Run) -> bool {
    run.world.requests().iter().any(|seen| seen.host.contains("docker.io"))
}

fn authorized(run: &Run, host: &str) -> bool {
    run.world.requests().iter().any(|seen| seen.host == host && seen.authorization.is_some())
}

#[tokio::test]
async fn a_plan_reads_the_mirror_and_keeps_the_name_of_the_line() {
    let allow = "policy: { allow: [\"docker.io/library/*\"] }\n";
    let run = mirrored(Scenario::plan(LINE)).settings(&format!("{STATED}{allow}")).base("").run().await;
    let step = run.step();
    assert_eq!((&step.action, step.route), (&Action::Import, Route::ServerSide), "{step:#?}");
    assert_eq!((step.digest, step.source.to_string()), (Some(image().digest()), NGINX.to_owned()));
    assert!(!asked_origin(&run), "{:#?}", run.world.requests());
    let plan: serde_json::Value = serde_json::from_str(&json::plan_json(&run.report)).unwrap();
    assert_eq!((&plan["lines"][0]["source"], &plan["lines"][0]["mirror"]), (&NGINX.into(), &AT_MIRROR.into()));
    let page = markdown::page(&run.report, Limits::comment());
    assert!(page.contains("by mirror `artifacts.example.com/dockerhub`") && page.contains(NGINX), "{page}");

    let without = Scenario::plan(LINE).source(NGINX, &image()).run().await;
    assert!(!json::plan_json(&without.report).contains("mirror"), "the field is there where a mirror is");
}

#[tokio::test]
async fn both_ways_bring_the_image_of_the_mirror() {
    let run = mirrored(Scenario::apply(LINE)).run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:?}", run.outcome());
    let [import] = &run.world.imports()[..] else { panic!("{:#?}", run.world.imports()) };
    let image_name = format!("dockerhub/library/nginx@{}", image().digest());
    assert_eq!((import.source.as_str(), import.image.as_str(), import.by_digest), (MIRROR, image_name.as_str(), true));
    assert_eq!((run.tag("nginx:1.27"), asked_origin(&run)), (Some(image().digest()), false));

    for direct in ["docker.io", "artifacts.example.com"] {
        let run = pushing(mirrored(Scenario::apply(LINE))).input("INPUT_DIRECT-SOURCES", direct).run().await;
        assert_eq!(run.step().route, Route::Direct(Why::Declared), "{direct}");
        assert_eq!(run.tag("nginx:1.27"), Some(image().digest()), "{direct}: {:?}", run.outcome());
        assert!(run.world.imports().is_empty() && !asked_origin(&run));
    }
}

#[tokio::test]
async fn the_scheduled_run_compares_with_the_mirror() {
    let kept = mirrored(Scenario::apply(LINE)).present("nginx:1.27", &image()).run().await;
    assert_eq!((kept.action(), kept.report.verdict()), (&Action::Keep, Verdict::Clean));
    let newer = image().content("newer");
    let moved = mirrored(Scenario::apply(LINE)).present("nginx:1.27", &image()).source(AT_MIRROR, &newer).run().await;
    assert_eq!(moved.action(), &Action::Move { from: image().digest() });
    assert_eq!((moved.tag("nginx:1.27"), asked_origin(&moved)), (Some(newer.digest()), false));
}

#[tokio::test]
async fn another_mirror_changes_no_line() {
    let elsewhere = STATED.replace(MIRROR, "elsewhere.example.com");
    let run = mirrored(Scenario::apply(LINE)).base(LINE).settings_base(&elsewhere).run().await;
    assert_eq!((run.report.verdict(), run.report.plan().unwrap().steps.len()), (Verdict::Clean, 0));
    assert!(run.world.requests().is_empty(), "{:#?}", run.world.requests());
}

#[tokio::test]
async fn what_the_mirror_does_not_have_is_not_looked_for_at_the_origin() {
    let run = Scenario::plan("nginx:1.28 => nginx")
        .settings(STATED)
        .source(AT_MIRROR, &image())
        .source("docker.io/library/nginx:1.28", &image())
        .run()
        .await;
    let Action::Block(reason @ Reason::NoSource { nearest, .. }) = run.action() else { panic!("{:?}", run.action()) };
    let (at_mirror, own) = ("artifacts.example.com/dockerhub/library/nginx:1.28", "docker.io/library/nginx:1.28");
    let expected = format!("the mirror does not have `{at_mirror}`, and `{own}` was not asked; nearest tags: 1.27");
    assert_eq!((reason.to_string(), nearest.as_slice()), (expected, &["1.27".to_owned()][..]));
    assert!(!asked_origin(&run));
}

#[tokio::test]
async fn the_longest_key_wins_and_a_pattern_lists_the_tags_of_the_mirror() {
    let stated = "sources:\n  docker.io: { mirror: artifacts.example.com/dockerhub }\n  \
                  docker.io/team: { mirror: \"teams.example.com:8443\" }\n";
    let run = Scenario::plan("team/app:1.* => app\nnginx:1.27 => nginx\n")
        .settings(stated)
        .source(AT_MIRROR, &image())
        .source("teams.example.com:8443/team/app:1.5", &image())
        .source("docker.io/team/app:1.9", &image())
        .run()
        .await;
    let read: Vec<_> = run.report.steps().map(|(step, _)| (step.source.to_string(), step.from().to_string())).collect();
    let expected = [("docker.io/team/app:1.5", "teams.example.com:8443/team/app:1.5"), (NGINX, AT_MIRROR)];
    assert_eq!(read, expected.map(|(source, from)| (source.to_owned(), from.to_owned())));
    assert!(!asked_origin(&run));

    let none = Scenario::plan("team/app:2.* => app").settings(stated).run().await;
    let page = markdown::page(&none.report, Limits::comment());
    assert!(page.contains("by mirror `teams.example.com:8443`"), "{page}");
}

#[tokio::test]
async fn signatures_and_what_travels_along_are_the_mirrors_under_the_lines_name() {
    let key = Key::new();
    let by_key = "policy: { signatures: [{ images: [\"docker.io/library/*\"], cosign: { key: keys/cosign.pub } }] }\n";
    let tag = format!("{}.sig", image().digest().to_string().replace(':', "-"));
    let at = |place: &str| format!("{place}/library/nginx:{tag}");
    for (place, signed) in [("artifacts.example.com/dockerhub", true), ("docker.io", false)] {
        let run = mirrored(Scenario::apply(LINE))
            .settings(&format!("{STATED}{by_key}"))
            .input("INPUT_REFERRERS", "take")
            .source(&at(place), &key.tagged(&Signing::of(&image())))
            .file("keys/cosign.pub", &key.pem())
            .run()
            .await;
        assert_eq!(run.tag("nginx:1.27").is_some(), signed, "{place}: {:?}", run.outcome());
        assert_eq!(run.tag(&format!("nginx:{tag}")).is_some(), signed, "{place}");
        assert!(!asked_origin(&run));
    }
}

#[tokio::test]
async fn no_byte_of_the_origins_credential_goes_to_the_mirror() {
    const PASSWORD: &str = "hunter2hunter2";
    // It asks for a credential in every way there is.
    let mirror = Stub::start(|asked| {
        let wants = match asked.path.contains("tags") {
            true => "Basic realm=\"r\"",
            false => "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"",
        };
        (401, vec![("www-authenticate", wants.to_owned())], Vec::new())
    });
    let mirror = mirror.await;
    let credential = "credential: { username: robot, password: $HUB_TOKEN }";
    let stated =
        format!("sources: {{ docker.io: {{ {credential}, route: direct, mirror: \"{}/hub\" }} }}", mirror.host());
    let run = pushing(Scenario::apply("nginx:1.27 => nginx\nnginx:1.* => other\n"))
        .settings(&stated)
        .input("HUB_TOKEN", PASSWORD)
        .input("DOCKER_USERNAME", "robot")
        .input("DOCKER_PASSWORD", PASSWORD)
        .source(NGINX, &image())
        .run()
        .await;
    assert!(mirror.asked().len() >= 2, "{:?}", run.report.parts);
    for asked in mirror.asked() {
        let text = String::from_utf8_lossy(&asked.bytes).into_owned();
        let basic = STANDARD.encode(format!("robot:{PASSWORD}"));
        assert!(!text.contains(PASSWORD) && !text.contains(&basic), "{text}");
    }
    assert!(!authorized(&run, "auth.docker.io") && !authorized(&run, "registry-1.docker.io"));
}

/// The credential of the mirror is the one of its own entry; that of the origin stays where it is.
#[tokio::test]
async fn a_mirror_has_a_credential_of_its_own_on_both_ways() {
    let own = "  artifacts.example.com: { credential: { username: ci, password: $MIRROR_TOKEN } }\n";
    let stated = format!("sources:\n  docker.io: {{ mirror: artifacts.example.com/dockerhub }}\n{own}");
    let scenario = |scenario: Scenario| {
        let scenario = mirrored(scenario).settings(&stated).input("MIRROR_TOKEN", "hunter2hunter2");
        let scenario = scenario.input("DOCKER_USERNAME", "robot").input("DOCKER_PASSWORD", "of-docker-hub");
        scenario.world(|world| drop(world.source(MIRROR).private_basic("ci", "hunter2hunter2")))
    };
    let run = scenario(Scenario::apply(LINE)).run().await;
    assert_eq!(run.tag("nginx:1.27"), Some(image().digest()), "{:?}", run.outcome());
    assert_eq!(run.world.imports()[0].username.as_deref(), Some("ci"));
    let direct = pushing(scenario(Scenario::apply(LINE))).input("INPUT_DIRECT-SOURCES", "docker.io").run().await;
    assert_eq!(direct.tag("nginx:1.27"), Some(image().digest()), "{:?}", direct.outcome());

    let proposed = scenario(Scenario::plan(LINE)).base("").settings_base("").run().await;
    assert!(matches!(proposed.action(), Action::Unchecked(_)), "{:?}", proposed.action());
    assert!(!authorized(&proposed, MIRROR), "who proposes a mirror does not choose what it is told");
    let problem = match proposed.action() {
        Action::Unchecked(problem) => problem.to_string(),
        action => unreachable!("{action:?}"),
    };
    assert!(problem.contains(MIRROR), "{problem}");

    let merged = format!("sources:\n{own}");
    let known = scenario(Scenario::plan(LINE)).base("").settings_base(&merged).run().await;
    assert_eq!(known.action(), &Action::Import, "the branch states the credential, and any line may name its host");
}

#[tokio::test]
async fn another_acr_can_be_the_mirror_and_the_destination_is_said_to_be_it() {
    let stated = |registry: &str| format!("sources: {{ docker.io: {{ mirror: {registry}.azurecr.io/hub }} }}");
    let other = Scenario::apply(LINE)
        .settings(&stated("fabrikamacr"))
        .world(|world| {
            world.azure_registry("fabrikamacr").put("hub/library/nginx:1.27", &image());
        })
        .run()
        .await;
    assert_eq!(other.tag("nginx:1.27"), Some(image().digest()), "{:?}", other.outcome());
    assert!(other.world.imports()[0].source.ends_with("/registries/fabrikamacr"), "{:?}", other.world.imports());
    assert!(!other.step().notes.contains(&Note::MirrorIsTarget));

    let itself =
        Scenario::apply(LINE).settings(&stated("contosoacr")).present("hub/library/nginx:1.27", &image()).run().await;
    assert_eq!(itself.tag("nginx:1.27"), Some(image().digest()), "{:?}", itself.outcome());
    assert!(itself.step().notes.contains(&Note::MirrorIsTarget), "{:?}", itself.step().notes);
}

#[tokio::test]
async fn a_mirror_that_cannot_have_the_name_leaves_its_line_unchecked() {
    let line = format!("{}:1 => a", "a".repeat(220));
    let run = Scenario::plan(&line).settings(STATED).run().await;
    let Action::Unchecked(problem) = run.action() else { panic!("{:?}", run.action()) };
    assert!(problem.what.contains("has no name at the mirror `artifacts.example.com/dockerhub`"), "{problem}");
}
