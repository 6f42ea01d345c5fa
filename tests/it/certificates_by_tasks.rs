//! Images with a company's authorities, built by ACR Tasks: from the list to what the registry serves.

use crate::{
    certificates::{
        BUNDLE, Company, LIST, PUBLIC, SOURCE, authority, block, bundle, chores, debian, done, registry, told,
    },
    scenario::{Run, Scenario},
};
use acr_sync::{
    emulator::{CLIENT, Fault, Image, Rights, SECRET, World},
    plan::Action,
    report::Verdict,
    upkeep::Outcome,
};
use rcgen::KeyPair;
use std::time::Duration;

/// The seed's example, as it is built.
const SETTINGS: &str = "certificates:\n  - authority: [certs/root-ca.crt, certs/issuing-ca.crt]\n    images: [\"vendor/*\"]\n    suffix: -ca\n    way: tasks\n";

/// One platform of Debian, whose programs run as somebody.
fn single() -> Image {
    Image::single("linux/amd64").user("1000:1000").files([
        ("etc/os-release", "ID=debian\n"),
        ("usr/sbin/update-ca-certificates", "#!/bin/sh\n"),
        ("usr/local/share/ca-certificates/", ""),
        (BUNDLE, PUBLIC),
    ])
}

/// Who may order builds; an index takes the right to push besides.
fn may_build(scenario: Scenario) -> Scenario {
    scenario.world(|world| {
        world.identity(CLIENT, SECRET, Rights { push: true, ..Rights::importer().contributing_tasks() });
        world.run_latency(Duration::from_millis(1));
    })
}

fn planned(company: &Company, image: &Image) -> Scenario {
    company.given(may_build(Scenario::plan(LIST))).settings(SETTINGS).source(SOURCE, image)
}

fn applied(company: &Company, image: &Image) -> Scenario {
    company.given(may_build(Scenario::apply(LIST))).settings(SETTINGS).source(SOURCE, image)
}

fn runs(world: &World) -> usize {
    registry(world).runs().len()
}

/// Returns why the only chore failed.
fn failure(run: &Run) -> String {
    let [Outcome::Failed(problem)] = done(run) else { panic!("{:#?} {:#?}", done(run), chores(run)) };
    problem.to_string()
}

/// Returns as whom the programs of a variant run.
fn user(run: &Run, tag: &str) -> serde_json::Value {
    registry(&run.world).configuration("vendor/yourapp", tag).unwrap()["config"]["User"].clone()
}

#[tokio::test]
async fn a_listed_image_gets_a_variant_by_one_run_and_a_second_run_does_nothing() {
    let company = Company::new();
    let plan = planned(&company, &single()).run().await;
    let expected = format!(
        "vendor/yourapp:1.2-ca: of {}, by ACR Tasks, as stated, over debian for linux/amd64; new",
        single().digest().short()
    );
    assert_eq!((told(&plan), plan.report.verdict()), (vec![expected.clone()], Verdict::Pending));
    assert_eq!((runs(&plan.world), plan.requests("contosoacr.azurecr.io", "/uploads/")), (0, 0));

    // A build of one platform takes no right to push: the run has its own.
    let run = applied(&company, &single())
        .world(|world| world.identity(CLIENT, SECRET, Rights::importer().contributing_tasks()))
        .run()
        .await;
    assert_eq!((done(&run), told(&run)), (&[Outcome::Done][..], vec![expected]), "{:#?}", run.said);
    assert_eq!(runs(&run.world), 1);
    let bundle = bundle(&run, "1.2-ca", "linux/amd64", BUNDLE);
    assert!(bundle.starts_with(PUBLIC) && company.is_in(&bundle), "{bundle}");
    assert_eq!(user(&run, "1.2-ca"), "1000:1000");
    assert_eq!(run.tag("vendor/yourapp:1.2"), Some(single().digest()));
    let request = &registry(&run.world).runs()[0].request;
    assert_eq!(request["imageNames"], serde_json::json!(["vendor/yourapp:1.2-ca"]));
    let sent = registry(&run.world).sent_source(request["sourceLocation"].as_str().unwrap()).unwrap();
    assert_eq!((sent.len(), sent[0].as_str()), (3, "Dockerfile.linux-amd64"), "{sent:?}");

    let again = applied(&company, &single()).after(&run).run().await;
    assert_eq!((again.action(), told(&again).len(), runs(&again.world)), (&Action::Keep, 0, 1));
}

#[tokio::test]
async fn the_log_of_a_run_is_shown_as_it_grows() {
    let run = applied(&Company::new(), &single()).run().await;
    let place = |text: &str| run.said.iter().position(|line| line.contains(text));
    let begun = place("ca1: builds vendor/yourapp:1.2-ca for linux/amd64");
    let command = place("ca1: Step 4/6 : RUN update-ca-certificates");
    let added = place("ca1: 2 added, 0 removed; done.");
    let end = place("ca1: Run ID: ca1 was successful");
    assert!(begun == Some(0) && begun < command && command < added && added < end && end.is_some(), "{:#?}", run.said);
}

#[tokio::test]
async fn each_platform_has_a_run_and_the_index_names_them() {
    let company = Company::new();
    let image = debian().user("65532");
    let run = applied(&company, &image).run().await;
    let [one] = told(&run).try_into().unwrap();
    let expected = "by ACR Tasks, as stated, over debian for linux/amd64 and linux/arm64, each under its tag: \
                    1.2-ca-linux-amd64 and 1.2-ca-linux-arm64; new";
    assert!(one.ends_with(expected), "{one}");
    assert_eq!((done(&run), runs(&run.world)), (&[Outcome::Done][..], 2), "{:#?}", run.said);
    let index = registry(&run.world).manifest("vendor/yourapp", "1.2-ca").unwrap();
    assert_eq!(index["annotations"]["org.opencontainers.image.base.digest"], image.digest().to_string());
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    for (at, platform) in ["linux/amd64", "linux/arm64"].into_iter().enumerate() {
        assert!(company.is_in(&bundle(&run, "1.2-ca", platform, BUNDLE)), "{platform}");
        let tag = format!("1.2-ca-{}", platform.replace('/', "-"));
        assert_eq!(index["manifests"][at]["digest"], run.tag(&format!("vendor/yourapp:{tag}")).unwrap().to_string());
        assert_eq!(user(&run, &tag), "65532");
    }
    let digest = run.tag("vendor/yourapp:1.2-ca").unwrap();
    assert!(registry(&run.world).is_whole("vendor/yourapp", &digest));
    let again = applied(&company, &image).after(&run).run().await;
    assert_eq!((told(&again).len(), runs(&again.world)), (0, 2));
    // What is there already of a run that was cut short is not built again.
    registry(&run.world).untag("vendor/yourapp", "1.2-ca");
    registry(&run.world).untag("vendor/yourapp", "1.2-ca-linux-arm64");
    let rest = applied(&company, &image).after(&run).run().await;
    assert_eq!((done(&rest), runs(&rest.world)), (&[Outcome::Done][..], 3));
    assert_eq!(registry(&rest.world).runs()[2].request["platform"]["architecture"], "arm64");
}

#[tokio::test]
async fn an_index_takes_the_right_to_push() {
    let run = applied(&Company::new(), &debian())
        .world(|world| world.identity(CLIENT, SECRET, Rights::importer().contributing_tasks()))
        .run()
        .await;
    assert!(failure(&run).contains("*AcrPush* on `contosoacr.azurecr.io`"), "{}", failure(&run));
    assert_eq!(run.tag("vendor/yourapp:1.2-ca"), None);
}

#[tokio::test]
async fn another_base_or_another_certificate_makes_it_anew_and_says_why() {
    let company = Company::new();
    let first = applied(&company, &single()).run().await;
    let newer = single().content("1.2.1");
    let moved = applied(&company, &newer).after(&first).source(SOURCE, &newer).run().await;
    assert!(told(&moved)[0].ends_with(&format!("; it was of {}", single().digest().short())), "{:?}", told(&moved));
    let other = Company { issuing: authority("Contoso Issuing 2", |_| {}), ..company };
    let renewed = applied(&other, &newer).after(&moved).run().await;
    assert!(told(&renewed)[0].ends_with("; the certificates differ"), "{:?}", told(&renewed));
    assert_eq!((done(&renewed), runs(&renewed.world)), (&[Outcome::Done][..], 3));
    assert!(other.is_in(&bundle(&renewed, "1.2-ca", "linux/amd64", BUNDLE)));
}

#[tokio::test]
async fn each_family_is_built_by_its_own_dockerfile() {
    let company = Company::new();
    let rhel = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
    for (release, path, extra, base, step) in [
        ("ID=\"rhel\"\n", rhel, ("usr/bin/update-ca-trust", "#!"), "rhel", "RUN update-ca-trust extract"),
        ("ID=alpine\n", BUNDLE, ("usr/sbin/update-ca-certificates", "#!"), "alpine", "RUN update-ca-certificates"),
        ("ID=ubuntu\n", BUNDLE, ("usr/sbin/update-ca-certificates", "#!"), "ubuntu", "RUN update-ca-certificates"),
        // Without a tool, and without a shell perhaps: the bundle is ready.
        ("ID=\"rhel\"\n", rhel, ("usr/bin/app", "x"), "rhel", "COPY bundle.linux-amd64.crt /etc/pki"),
        ("ID=debian\n", BUNDLE, ("usr/bin/app", "x"), "distroless", "COPY bundle.linux-amd64.crt /etc/ssl"),
    ] {
        let files = [("etc/os-release", release), (path, PUBLIC), extra];
        let image = Image::single("linux/amd64").docker().user("nonroot").files(files);
        let run = applied(&company, &image).run().await;
        assert_eq!(done(&run), [Outcome::Done], "{base}: {:#?} {:#?}", chores(&run), run.said);
        assert!(told(&run)[0].contains(&format!("over {base} for linux/amd64; ")), "{:?}", told(&run));
        assert!(run.said.iter().any(|line| line.contains(step)), "{base}: {:#?}", run.said);
        assert!(company.is_in(&bundle(&run, "1.2-ca", "linux/amd64", path)), "{base}");
        assert_eq!(user(&run, "1.2-ca"), "nonroot");
    }
}

#[tokio::test]
async fn what_no_layer_can_be_laid_over_is_built_where_its_base_is_stated() {
    let company = Company::new();
    let zstd = single().packed("application/vnd.oci.image.layer.v1.tar+zstd");
    let auto = SETTINGS.replace("way: tasks", "base: debian");
    let run = applied(&company, &zstd).settings(&auto).run().await;
    let [one] = told(&run).try_into().unwrap();
    assert!(one.contains("by ACR Tasks: the layer ") && one.contains("which is not read here; over debian"), "{one}");
    assert_eq!(done(&run), [Outcome::Done], "{:#?}", run.said);
    assert!(company.is_in(&bundle(&run, "1.2-ca", "linux/amd64", BUNDLE)));

    let unknown = planned(&company, &zstd).run().await;
    assert!(block(&unknown).contains("State its `base`"), "{}", block(&unknown));
    let layer = applied(&company, &single()).settings(&SETTINGS.replace("    way: tasks\n", "")).run().await;
    assert!(told(&layer)[0].contains("by a layer over debian") && runs(&layer.world) == 0, "{:?}", told(&layer));
}

#[tokio::test]
async fn an_image_without_a_shell_that_cannot_be_read_takes_a_helper() {
    let company = Company::new();
    let wolfi = Image::single("linux/amd64")
        .user("65532")
        .files([("etc/os-release", "ID=wolfi\n"), (BUNDLE, PUBLIC)])
        .packed("application/vnd.oci.image.layer.v1.tar+zstd");
    let stated = SETTINGS.replace("way: tasks", "base: distroless");
    let without = planned(&company, &wolfi).settings(&stated).run().await;
    assert!(block(&without).contains("State as `helper` an image"), "{}", block(&without));
    let stated = format!("{stated}    helper: mirror/alpine:3.20\n");
    let run = applied(&company, &wolfi)
        .settings(&stated)
        .present("mirror/alpine:3.20", &Image::index(["linux/amd64", "linux/arm64"]).user("guest"))
        .run()
        .await;
    assert_eq!(done(&run), [Outcome::Done], "{:#?} {:#?}", done(&run), run.said);
    let bundle = bundle(&run, "1.2-ca", "linux/amd64", BUNDLE);
    assert!(bundle.starts_with(PUBLIC) && company.is_in(&bundle), "{bundle}");
    let files = registry(&run.world).filesystem("vendor/yourapp", "1.2-ca", "linux/amd64");
    assert!(!files.contains_key("bundle.crt") && !files.keys().any(|path| path.starts_with("ca/")));
    assert_eq!(user(&run, "1.2-ca"), "65532");
}

#[tokio::test]
async fn platforms_that_the_service_does_not_build_are_left_out_and_named() {
    let image = debian_for(["linux/amd64", "linux/s390x", "windows/amd64"]);
    let run = applied(&Company::new(), &image).run().await;
    assert!(told(&run)[0].contains("for linux/amd64, without linux/s390x and windows/amd64"), "{:?}", told(&run));
    // Of one platform no index is made.
    assert_eq!((done(&run), runs(&run.world)), (&[Outcome::Done][..], 1));
    let none = planned(&Company::new(), &debian_for(["linux/s390x", "linux/ppc64le"])).run().await;
    assert!(block(&none).contains("it is for linux/s390x, linux/ppc64le"), "{}", block(&none));
}

fn debian_for<const N: usize>(platforms: [&str; N]) -> Image {
    Image::index(platforms).files([
        ("etc/os-release", "ID=debian\n"),
        ("usr/sbin/update-ca-certificates", "#!/bin/sh\n"),
        (BUNDLE, PUBLIC),
    ])
}

#[tokio::test]
async fn a_private_key_or_an_image_without_a_store_is_named_and_nothing_is_sent() {
    let company = Company::new();
    let key = KeyPair::generate().unwrap().serialize_pem();
    let with_key = format!("{}{key}", company.root);
    let run = applied(&company, &single()).certificate("certs/root-ca.crt", &with_key).run().await;
    assert!(block(&run).contains("certs/root-ca.crt") && block(&run).contains("private key"), "{}", block(&run));
    let bare = Image::single("linux/amd64").files([("etc/os-release", "PRETTY_NAME=\"BusyBox\"\n")]);
    let without = applied(&company, &bare).run().await;
    assert!(block(&without).contains("no trust store at"), "{}", block(&without));
    for run in [run, without] {
        assert_eq!((runs(&run.world), run.requests("management.azure.com", "listBuildSourceUploadUrl")), (0, 0));
        assert_eq!(run.tag("vendor/yourapp:1.2-ca"), None);
    }
}

#[tokio::test]
async fn a_run_that_fails_or_is_called_off_is_told_with_its_reason() {
    let company = Company::new();
    // What is stated is believed where it cannot be seen.
    let wrong = SETTINGS.replace("way: tasks", "way: tasks\n    base: rhel");
    let zstd = single().packed("application/vnd.oci.image.layer.v1.tar+zstd");
    let run = applied(&company, &zstd).settings(&wrong).run().await;
    let said = failure(&run);
    assert!(said.contains("`ca1` failed") && said.contains("update-ca-trust: not found"), "{said}");
    assert!(said.contains("az acr task logs --run-id ca1"), "{said}");
    assert_eq!((run.tag("vendor/yourapp:1.2-ca"), run.report.verdict()), (None, Verdict::Failed));

    let slow = || applied(&company, &single()).world(|world| world.run_latency(Duration::from_millis(500)));
    let cancelled = slow().at_build(|world| registry(world).cancel_run("ca1")).run().await;
    assert!(failure(&cancelled).contains("somebody called the run `ca1` off"), "{}", failure(&cancelled));
    let stopped = slow().stop_at_build().run().await;
    assert!(failure(&stopped).contains("`ca1` was called off at Azure"), "{}", failure(&stopped));
    assert_eq!(registry(&stopped.world).runs()[0].status, "Canceled");
}

#[tokio::test]
async fn a_log_without_an_end_keeps_nobody_waiting() {
    let run = applied(&Company::new(), &single()).world(World::logs_never_end).run().await;
    assert_eq!(done(&run), [Outcome::Done], "{:#?}", run.said);
}

#[tokio::test]
async fn a_closed_network_is_built_in_by_its_agent_pool() {
    let company = Company::new();
    let pool = SETTINGS.replace("way: tasks", "way: tasks\n    agent-pool: closed");
    let run =
        applied(&company, &single()).settings(&pool).world(|world| registry(world).agent_pool("closed")).run().await;
    assert_eq!(done(&run), [Outcome::Done], "{:#?}", run.said);
    assert_eq!(registry(&run.world).runs()[0].request["agentPoolName"], "closed");
    let missing = planned(&company, &single()).settings(&pool).run().await;
    let said = block(&missing);
    assert!(said.contains("no agent pool `closed`") && said.contains("az acr agentpool create"), "{said}");
    // Who may not look at pools is told by the order.
    let late = applied(&company, &single())
        .settings(&pool)
        .world(|world| world.fault(Fault::status(403).path("/agentPools/").always()))
        .run()
        .await;
    assert!(failure(&late).contains("The agent pool 'closed' could not be found"), "{}", failure(&late));
}

#[tokio::test]
async fn a_registry_in_abac_mode_is_built_in_as_the_caller() {
    let company = Company::new();
    let rights = Rights { repository_contributor: true, ..Rights::importer().contributing_tasks() };
    let run = applied(&company, &debian())
        .world(|world| {
            registry(world).abac();
            world.identity(CLIENT, SECRET, rights);
        })
        .run()
        .await;
    assert_eq!(done(&run), [Outcome::Done], "{:#?}", run.said);
    let request = &registry(&run.world).runs()[0].request;
    assert_eq!(request["credentials"]["sourceRegistry"]["identity"], "[caller]");
}

#[tokio::test]
async fn who_may_not_build_is_told_which_role_it_takes() {
    let run = applied(&Company::new(), &single())
        .world(|world| world.identity(CLIENT, SECRET, Rights::importer()))
        .run()
        .await;
    assert!(failure(&run).contains("*Container Registry Tasks Contributor*"), "{}", failure(&run));
}

#[tokio::test]
async fn the_tags_of_the_platforms_are_nobody_else_s() {
    let company = Company::new();
    let taken = applied(&company, &debian()).present("vendor/yourapp:1.2-ca-linux-arm64", &single()).run().await;
    assert!(failure(&taken).contains("was not made by this section"), "{}", failure(&taken));
    assert_eq!(taken.tag("vendor/yourapp:1.2-ca-linux-arm64"), Some(single().digest()));
    let list = format!("{LIST}ghcr.io/visorian/yourapp:1.2 => vendor/yourapp:1.2-ca-linux-arm64\n");
    let listed =
        company.given(may_build(Scenario::plan(&list))).settings(SETTINGS).source(SOURCE, &debian()).run().await;
    let blocked: Vec<_> = chores(&listed)
        .iter()
        .filter_map(|chore| match &chore.state {
            acr_sync::upkeep::State::Block(problem) => Some(problem.what.clone()),
            _ => None,
        })
        .collect();
    assert!(blocked[0].contains("a line of the list wants `vendor/yourapp:1.2-ca-linux-arm64`"), "{blocked:?}");
}

#[tokio::test]
async fn a_source_that_only_azure_reaches_is_built_after_the_import() {
    let company = Company::new();
    let first = applied(&company, &single())
        .world(|world| world.fault(Fault::status(500).on("ghcr.io").path("/blobs/").always()))
        .run()
        .await;
    assert!(told(&first)[0].contains("by ACR Tasks, as stated: not read before the import"), "{:?}", told(&first));
    assert_eq!(done(&first), [Outcome::Done], "{:#?}", first.said);
    // Which way it is shows when its layers are here, and is not asked for again.
    let zstd = single().packed("application/vnd.oci.image.layer.v1.tar+zstd");
    let auto = applied(&company, &zstd)
        .settings(&SETTINGS.replace("way: tasks", "base: debian"))
        .world(|world| world.fault(Fault::status(500).on("ghcr.io").path("/blobs/").always()))
        .run()
        .await;
    let expected = "by a layer where its files allow it, else by ACR Tasks: not read before the import";
    assert!(told(&auto)[0].contains(expected), "{:?}", told(&auto));
    assert_eq!((done(&auto), runs(&auto.world)), (&[Outcome::Done][..], 1), "{:#?}", auto.said);
}

#[tokio::test]
async fn what_a_run_says_it_pushed_is_looked_at() {
    let run = applied(&Company::new(), &single())
        .world(|world| world.run_latency(Duration::from_millis(20)))
        .at_build(|world| {
            let world = world.clone();
            tokio::spawn(async move {
                while registry(&world).tag("vendor/yourapp", "1.2-ca").is_none() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                registry(&world).set_tag("vendor/yourapp", "1.2-ca", single().digest());
            });
        })
        .run()
        .await;
    let said = failure(&run);
    assert!(said.contains("after the run `ca1`, which that did not build"), "{said}");
}
