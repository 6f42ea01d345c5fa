//! Images with a company's authorities: from the list and the certificates to what the registry serves.

use crate::{
    pipeline::Pipeline,
    scenario::{Run, Scenario},
    workflow::Workflow,
};
use acr_sync::{
    emulator::{AzureRegistry, CLIENT, Image, Node, Rights, SECRET, World},
    plan::Action,
    reference::Digest,
    report::Verdict,
    upkeep::{Chore, Finding, Gravity, Outcome, State},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

pub(crate) const LIST: &str = "ghcr.io/visorian/yourapp:1.2 => vendor/yourapp\n";
pub(crate) const SOURCE: &str = "ghcr.io/visorian/yourapp:1.2";
/// The seed's example: a root, and the authority that issues by its leave.
const SETTINGS: &str = "certificates:\n  - authority: [certs/root-ca.crt, certs/issuing-ca.crt]\n    images: [\"vendor/*\"]\n    suffix: -ca\n";
pub(crate) const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
pub(crate) const PUBLIC: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

/// An authority's certificate.
pub(crate) fn authority(name: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

/// The two authorities of the example.
pub(crate) struct Company {
    pub(crate) root: String,
    pub(crate) issuing: String,
}

impl Company {
    pub(crate) fn new() -> Self {
        Self { root: authority("Contoso Root", |_| {}), issuing: authority("Contoso Issuing", |_| {}) }
    }

    pub(crate) fn given(&self, scenario: Scenario) -> Scenario {
        scenario.certificate("certs/root-ca.crt", &self.root).certificate("certs/issuing-ca.crt", &self.issuing)
    }

    /// Returns whether a bundle has both, once each.
    pub(crate) fn is_in(&self, bundle: &str) -> bool {
        [&self.root, &self.issuing].iter().all(|pem| bundle.matches(pem.replace('\r', "").trim()).count() == 1)
    }
}

pub(crate) fn debian() -> Image {
    Image::index(["linux/amd64", "linux/arm64"]).with_attestations().files([
        ("etc/os-release", "-> ../usr/lib/os-release"),
        ("usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"),
        ("usr/sbin/update-ca-certificates", "#!/bin/sh\n"),
        ("usr/local/share/ca-certificates/", ""),
        (BUNDLE, PUBLIC),
        ("etc/ssl/certs/5ed36f99.0", "-> public.pem"),
    ])
}

pub(crate) fn registry(world: &World) -> AzureRegistry {
    world.azure_registry("contosoacr")
}

fn may_push(scenario: Scenario) -> Scenario {
    scenario.world(|world| world.identity(CLIENT, SECRET, Rights { push: true, ..Rights::importer() }))
}

fn planned(company: &Company, image: &Image) -> Scenario {
    company.given(may_push(Scenario::plan(LIST))).settings(SETTINGS).source(SOURCE, image)
}

fn applied(company: &Company, image: &Image) -> Scenario {
    company.given(may_push(Scenario::apply(LIST))).settings(SETTINGS).source(SOURCE, image)
}

pub(crate) fn chores(run: &Run) -> &[Chore] {
    &run.report.parts[0].upkeep.chores
}

pub(crate) fn findings(run: &Run) -> &[Finding] {
    &run.report.parts[0].upkeep.findings
}

pub(crate) fn done(run: &Run) -> &[Outcome] {
    &run.report.parts[0].done
}

pub(crate) fn told(run: &Run) -> Vec<String> {
    chores(run).iter().map(|chore| format!("{}: {}", chore.subject, chore.reason)).collect()
}

/// Returns the only chore's obstacle.
pub(crate) fn block(run: &Run) -> String {
    let [Chore { state: State::Block(problem), .. }] = chores(run) else { panic!("{:#?}", chores(run)) };
    problem.to_string()
}

fn uploads(run: &Run) -> usize {
    run.world
        .requests()
        .iter()
        .filter(|seen| matches!(seen.method.as_str(), "PUT" | "POST" | "PATCH") && seen.path.starts_with("/v2/"))
        .count()
}

pub(crate) fn bundle(run: &Run, tag: &str, platform: &str, path: &str) -> String {
    match registry(&run.world).filesystem("vendor/yourapp", tag, platform).get(path) {
        Some(Node::File { content, .. }) => String::from_utf8(content.clone()).unwrap(),
        other => panic!("{tag} {platform}: {other:?}"),
    }
}

#[tokio::test]
async fn a_listed_image_gets_a_variant_by_the_plan_s_digest_and_a_second_run_does_nothing() {
    let company = Company::new();
    let plan = planned(&company, &debian()).run().await;
    let [one] = told(&plan).try_into().unwrap();
    let base = debian().digest();
    let begin = format!("vendor/yourapp:1.2-ca: of {}, by a layer over debian; new; becomes ", base.short());
    assert!(one.starts_with(&begin), "{one}");
    assert_eq!((plan.report.verdict(), uploads(&plan)), (Verdict::Pending, 0));

    let run = applied(&company, &debian()).run().await;
    assert_eq!((done(&run), told(&run)), (&[Outcome::Done][..], vec![one.clone()]), "{:#?}", chores(&run));
    let digest = run.tag("vendor/yourapp:1.2-ca").unwrap();
    assert!(one.ends_with(&digest.short()));
    assert!(registry(&run.world).is_whole("vendor/yourapp", &digest));
    assert_eq!(run.tag("vendor/yourapp:1.2"), Some(base));
    for platform in ["linux/amd64", "linux/arm64"] {
        let bundle = bundle(&run, "1.2-ca", platform, BUNDLE);
        assert!(bundle.starts_with(PUBLIC) && company.is_in(&bundle), "{bundle}");
        let files = registry(&run.world).filesystem("vendor/yourapp", "1.2-ca", platform);
        let own = registry(&run.world).filesystem("vendor/yourapp", "1.2", platform);
        assert_eq!(files.keys().filter(|path| path.ends_with(".crt") && path.contains("local")).count(), 2);
        assert!(own.keys().all(|path| files.contains_key(path)));
    }
    let index = registry(&run.world).manifest("vendor/yourapp", "1.2-ca").unwrap();
    let annotations = &index["annotations"];
    assert_eq!(annotations["org.opencontainers.image.base.digest"], base.to_string());
    assert_eq!(annotations["acr-sync.certificates"].as_str().unwrap().split(',').count(), 2);
    // The attestations are about other images.
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);

    let again = applied(&company, &debian()).after(&run).run().await;
    assert_eq!((again.action(), told(&again).len(), findings(&again).len()), (&Action::Keep, 0, 0));
    assert_eq!(again.requests("contosoacr.azurecr.io", "/blobs/"), run.requests("contosoacr.azurecr.io", "/blobs/"));
}

#[tokio::test]
async fn only_the_small_parts_are_uploaded() {
    let run = applied(&Company::new(), &debian().layers(3, 100_000)).run().await;
    assert_eq!(done(&run), [Outcome::Done]);
    let sent = run.world.requests().into_iter().filter(|seen| seen.method == "PUT" && seen.path.contains("/blobs/"));
    // A configuration for each of two platforms, and the layer that they share.
    assert_eq!(sent.count(), 3);
}

#[tokio::test]
async fn another_base_or_another_certificate_makes_it_anew_and_says_why() {
    let company = Company::new();
    let first = applied(&company, &debian()).run().await;
    let before = first.tag("vendor/yourapp:1.2-ca");
    let newer = debian().content("1.2.1");
    let moved = applied(&company, &newer).after(&first).source(SOURCE, &newer).run().await;
    assert!(
        told(&moved)[0].contains(&format!("; it was of {}; becomes", debian().digest().short())),
        "{:?}",
        told(&moved)
    );
    assert_ne!(moved.tag("vendor/yourapp:1.2-ca"), before);
    let other = Company { issuing: authority("Contoso Issuing 2", |_| {}), ..company };
    let renewed = applied(&other, &newer).after(&moved).run().await;
    assert!(told(&renewed)[0].contains("the certificates differ"), "{:?}", told(&renewed));
    assert!(other.is_in(&bundle(&renewed, "1.2-ca", "linux/amd64", BUNDLE)));
}

#[tokio::test]
async fn a_new_certificate_alone_is_a_change_of_every_line() {
    let company = Company::new();
    let first = applied(&company, &debian()).run().await;
    let other = Company { root: authority("Contoso Root 2", |_| {}), ..company };
    let unchanged = planned(&other, &debian()).after(&first).base(LIST).run().await;
    assert!(unchanged.report.plan().unwrap().steps.is_empty() && chores(&unchanged).is_empty());
    let changed =
        planned(&other, &debian()).after(&first).base(LIST).certificate_base("certs/root-ca.crt", "old").run().await;
    assert_eq!((changed.action(), told(&changed).len()), (&Action::Keep, 1));
    let section = planned(&other, &debian()).after(&first).base(LIST).settings_base("").run().await;
    assert_eq!((section.action(), told(&section).len()), (&Action::Keep, 1));
}

#[tokio::test]
async fn each_family_has_its_own_place_and_a_single_image_stays_one() {
    let company = Company::new();
    let rhel = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
    for (release, path, extra, base) in [
        ("ID=\"rhel\"\n", rhel, ("etc/pki/ca-trust/source/anchors/", ""), "rhel"),
        ("ID=alpine\n", BUNDLE, ("usr/sbin/update-ca-certificates", "#!"), "alpine"),
        ("ID=ubuntu\n", BUNDLE, ("usr/sbin/update-ca-certificates", "#!"), "ubuntu"),
        ("ID=debian\n", BUNDLE, ("usr/bin/app", "x"), "distroless"),
    ] {
        let image = Image::single("linux/amd64").docker().files([("etc/os-release", release), (path, PUBLIC), extra]);
        let run = applied(&company, &image).run().await;
        assert_eq!(done(&run), [Outcome::Done], "{base}: {:#?}", chores(&run));
        assert!(told(&run)[0].contains(&format!("over {base}; ")), "{:?}", told(&run));
        assert!(company.is_in(&bundle(&run, "1.2-ca", "linux/amd64", path)), "{base}");
        let manifest = registry(&run.world).manifest("vendor/yourapp", "1.2-ca").unwrap();
        let types = manifest["layers"].as_array().unwrap().iter().map(|layer| layer["mediaType"].as_str().unwrap());
        assert!(
            types.clone().count() == 3 && types.clone().all(|it| it == "application/vnd.oci.image.layer.v1.tar+gzip")
        );
    }
}

#[tokio::test]
async fn a_private_key_or_a_certificate_that_is_not_fit_stops_the_variants_and_nothing_else() {
    let company = Company::new();
    let key = KeyPair::generate().unwrap().serialize_pem();
    let expired = authority("Contoso Old", |it| it.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let leaf = authority("web.contoso.example", |it| it.is_ca = IsCa::NoCa);
    for (text, expected) in [
        (format!("{}{key}", company.root), "holds a private key; nothing of this file is used"),
        (expired, "has expired on 2020-01-01"),
        (leaf, "is no authority"),
        (String::new(), "is empty"),
    ] {
        let run = applied(&company, &debian()).certificate("certs/root-ca.crt", &text).run().await;
        let finding = &findings(&run)[0];
        assert!(
            finding.subject.starts_with("certs/root-ca.crt") && finding.problem.what.contains(expected),
            "{finding:?}"
        );
        assert_eq!((finding.gravity, run.report.verdict()), (Gravity::Bad, Verdict::Failed));
        assert!(block(&run).contains(expected), "{}", block(&run));
        assert_eq!((run.tag("vendor/yourapp:1.2"), run.tag("vendor/yourapp:1.2-ca")), (Some(debian().digest()), None));
        assert_eq!(uploads(&run), 0);
        let secret = key.lines().nth(1).unwrap();
        assert!(!format!("{:?}", run.report).contains(secret));
    }
}

#[tokio::test]
async fn an_authority_that_ends_soon_is_told_by_its_line_and_still_given() {
    let company = Company::new();
    let tomorrow = time::OffsetDateTime::now_utc() + time::Duration::days(30);
    let soon = authority("Contoso Soon", |it| it.not_after = tomorrow);
    let run = applied(&company, &debian()).certificate("certs/root-ca.crt", &soon).run().await;
    let [finding] = findings(&run) else { panic!("{:#?}", findings(&run)) };
    assert_eq!((finding.subject.as_str(), finding.gravity), ("certs/root-ca.crt:1", Gravity::Warning));
    assert!(finding.problem.what.contains("expires on"), "{finding:?}");
    assert_eq!(done(&run), [Outcome::Done]);
}

#[tokio::test]
async fn an_image_without_a_store_is_refused_with_what_was_looked_for() {
    let bare = Image::single("linux/amd64").files([("etc/os-release", "PRETTY_NAME=\"BusyBox\"\n")]);
    let run = planned(&Company::new(), &bare).run().await;
    assert!(block(&run).contains("no trust store at `/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem` or `/etc/ssl/certs/ca-certificates.crt`; it says it is `BusyBox`"), "{}", block(&run));
    let windows = planned(&Company::new(), &Image::index(["windows/amd64"])).run().await;
    assert!(block(&windows).contains("it is for windows/amd64"), "{}", block(&windows));
    let chart = planned(&Company::new(), &Image::chart("x")).run().await;
    assert!(block(&chart).contains("it is no image"), "{}", block(&chart));
}

#[tokio::test]
async fn a_tag_that_is_another_s_or_locked_or_listed_is_left_alone() {
    let company = Company::new();
    let taken = applied(&company, &debian()).present("vendor/yourapp:1.2-ca", &debian().content("own")).run().await;
    assert!(block(&taken).contains("was not made by this section"), "{}", block(&taken));
    let first = applied(&company, &debian()).run().await;
    let newer = debian().content("newer");
    let locked = applied(&company, &newer)
        .after(&first)
        .source(SOURCE, &newer)
        .world(|world| registry(world).lock_tag("vendor/yourapp", "1.2-ca"))
        .run()
        .await;
    assert!(block(&locked).contains("the tag is locked"), "{}", block(&locked));
    let list = format!("{LIST}ghcr.io/visorian/yourapp:1.2 => vendor/yourapp:1.2-ca\n");
    let both = company.given(Scenario::plan(&list)).settings(SETTINGS).source(SOURCE, &debian()).run().await;
    let blocked: Vec<_> = chores(&both).iter().filter(|chore| matches!(chore.state, State::Block(_))).collect();
    assert!(blocked.len() == 1 && blocked[0].subject == "vendor/yourapp:1.2-ca", "{blocked:#?}");
}

#[tokio::test]
async fn of_lines_that_want_one_variant_the_first_has_it_whichever_job_has_it() {
    let company = Company::new();
    let names: Vec<_> = (0..6).map(|number| format!("ghcr.io/visorian/yourapp:{number}")).collect();
    let list: String = names.iter().map(|name| format!("{name} => vendor/yourapp\n")).collect();
    let fixed = SETTINGS.replace("suffix: -ca", "tag: ca");
    assert_ne!(fixed, SETTINGS);
    let mut made = Vec::new();
    for shard in ["1/2", "2/2"] {
        let scenario = company.given(may_push(Scenario::plan(&list))).settings(&fixed).input("INPUT_SHARD", shard);
        let run = names.iter().fold(scenario, |scenario, name| scenario.source(name, &debian())).run().await;
        made.push(chores(&run).iter().filter(|chore| chore.state == State::Due).count());
    }
    made.sort_unstable();
    assert_eq!(made, [0, 1]);
}

#[tokio::test]
async fn where_tags_may_not_move_a_variant_is_made_once() {
    let company = Company::new();
    let first = applied(&company, &debian()).input("INPUT_OVERWRITE", "refuse").run().await;
    assert_eq!(done(&first), [Outcome::Done]);
    let before = first.tag("vendor/yourapp:1.2-ca");
    let other = Company { root: authority("Contoso Root 2", |_| {}), ..company };
    let held = applied(&other, &debian()).after(&first).input("INPUT_OVERWRITE", "refuse").run().await;
    let said = block(&held);
    assert!(said.contains("tags may not move") && said.contains("overwrite: allow"), "{said}");
    assert_eq!((held.tag("vendor/yourapp:1.2-ca"), uploads(&held)), (before, uploads(&first)));
}

#[tokio::test]
async fn an_entry_that_means_no_line_is_told() {
    let company = Company::new();
    let settings = format!("{SETTINGS}  - {{ authority: [certs/root-ca.crt], images: [\"vendro/*\"], suffix: -ca }}\n");
    let run = planned(&company, &debian()).settings(&settings).run().await;
    let [finding] = findings(&run) else { panic!("{:#?}", findings(&run)) };
    assert_eq!((finding.subject.as_str(), finding.gravity), ("vendro/*", Gravity::Warning));
    assert!(finding.problem.what.contains("no line of the list"), "{finding:?}");
    assert_eq!((told(&run).len(), run.report.verdict()), (1, Verdict::Pending));
    // A line that selects tags means the repository as well, whatever it selects.
    let list = "ghcr.io/visorian/yourapp:^1 => vendor/yourapp\n";
    let selects =
        company.given(may_push(Scenario::plan(list))).settings(SETTINGS).source(SOURCE, &debian()).run().await;
    assert_eq!((findings(&selects).len(), told(&selects).len()), (0, 1), "{:#?}", findings(&selects));
}

#[tokio::test]
async fn who_may_not_push_is_told_which_right_it_takes() {
    let run = applied(&Company::new(), &debian())
        .world(|world| world.identity(CLIENT, SECRET, Rights::importer()))
        .run()
        .await;
    let [Outcome::Failed(problem)] = done(&run) else { panic!("{:#?}", done(&run)) };
    assert!(problem.hint.as_ref().unwrap().contains("*AcrPush* on `contosoacr.azurecr.io`"), "{problem}");
    assert_eq!(run.tag("vendor/yourapp:1.2-ca"), None::<Digest>);
}

#[tokio::test]
async fn a_registry_that_lets_nobody_in_leaves_it_unchecked() {
    let company = Company::new();
    let closed = planned(&company, &debian()).world(|world| registry(world).public_access(false)).run().await;
    let finding = findings(&closed).iter().find(|it| it.subject == "certificates").unwrap();
    assert_eq!((finding.gravity, chores(&closed).len()), (Gravity::Unchecked, 0));
}

#[tokio::test]
async fn layers_that_are_not_read_here_are_for_a_build_and_broken_ones_for_nobody() {
    let company = Company::new();
    let zstd = debian().packed("application/vnd.oci.image.layer.v1.tar+zstd");
    let run = planned(&company, &zstd).run().await;
    let said = block(&run);
    assert!(said.contains("is packed as `application/vnd") && said.contains("State its `base`"), "{said}");
    let layer = SETTINGS.replace("suffix:", "way: layer\n    suffix:");
    let run = planned(&company, &zstd).settings(&layer).run().await;
    assert!(block(&run).contains("which is not read here"), "{}", block(&run));
    // What is packed otherwise than it says.
    let run = planned(&company, &debian().packed("application/vnd.oci.image.layer.v1.tar")).run().await;
    assert!(block(&run).contains("cannot be unpacked: "), "{}", block(&run));
}

#[tokio::test]
async fn a_layer_is_read_once_a_run() {
    let run = applied(&Company::new(), &debian()).run().await;
    assert_eq!(done(&run), [Outcome::Done]);
    let reads = |host: &str| {
        let is_get = |seen: &acr_sync::emulator::Seen| seen.method == "GET" && seen.host == host;
        run.world.requests().iter().filter(|seen| is_get(seen) && seen.path.contains("/blobs/")).count()
    };
    // At the source two layers of their own and one that is shared, and two configurations; here the configurations.
    assert_eq!((reads("ghcr.io"), reads("contosoacr.azurecr.io")), (5, 2));
}

/// The repository before and after a pull request that changes nothing but a certificate.
fn files<'a>(root: &'a str, issuing: &'a str) -> [(&'static str, &'a str); 4] {
    [("images.txt", LIST), ("acr-sync.yaml", SETTINGS), ("certs/root-ca.crt", root), ("certs/issuing-ca.crt", issuing)]
}

fn stock(world: &World) {
    world.identity(CLIENT, SECRET, Rights { push: true, ..Rights::importer() });
    registry(world).put("vendor/yourapp:1.2", &debian());
    world.source("ghcr.io").put("visorian/yourapp:1.2", &debian());
}

#[tokio::test]
async fn a_pull_request_with_a_new_certificate_is_planned_and_a_strangers_counts_for_nothing() {
    let (old, new) = (Company::new(), Company::new());
    let mut workflow = Workflow::new().await;
    stock(&workflow.world);
    workflow.base = workflow.repository.commit(&[], files(&old.root, &old.issuing));
    workflow.head = workflow.repository.commit(&[&workflow.base], files(&new.root, &old.issuing));
    workflow.merge = workflow.repository.commit(&[&workflow.base, &workflow.head], files(&new.root, &old.issuing));
    let step = workflow.pull_request().await;
    let chores = |report: &acr_sync::report::Report| report.parts[0].upkeep.chores.len();
    assert_eq!(chores(step.report()), 1, "{}", step.printed);
    assert!(workflow.comments()[0].contains("vendor/yourapp:1.2-ca"), "{}", workflow.comments()[0]);

    workflow.repository.branch("main", &workflow.base);
    let (head, tip) = (workflow.head.clone(), workflow.base.clone());
    let payload = format!(
        r#"{{"action":"opened","number":7,"pull_request":{{"head":{{"sha":"{head}"}},"base":{{"ref":"main"}}}}}}"#
    );
    let step = workflow.run("pull_request_target", &payload, &tip).await;
    assert_eq!(chores(step.report()), 0, "{}", step.printed);
}

#[tokio::test]
async fn a_new_certificate_is_planned_in_azure_pipelines_too() {
    let (old, new) = (Company::new(), Company::new());
    let mut pipeline = Pipeline::new().await;
    stock(&pipeline.world);
    pipeline.base = pipeline.repository.commit(&[], files(&old.root, &old.issuing));
    pipeline.head = pipeline.repository.commit(&[&pipeline.base], files(&new.root, &old.issuing));
    pipeline.merge = pipeline.repository.commit(&[&pipeline.base, &pipeline.head], files(&new.root, &old.issuing));
    let step = pipeline.pull_request().await;
    assert_eq!(step.report().parts[0].upkeep.chores.len(), 1, "{}", step.printed);
}
