//! The registry's own settings: from `acr-sync.yaml` to what Azure shows, and what is said where they differ.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    azure::Arm,
    credential,
    emulator::{AzureRegistry, CLIENT, Emulator, Fault, Image, Rights, SECRET, TENANT, World},
    http::{Http, Retry, Way},
    inputs::{Env, Inputs},
    reference::Registry,
    registry::{Client, Login, Logins},
    registry_settings::{Await, Awaited, Pace, Planes, Replicate, Work},
    report::Verdict,
    upkeep::{Chore, Finding, Gravity, Outcome, State},
};
use std::time::Duration;
use tokio::sync::watch;

const LIST: &str = "docker.io/library/nginx:1.27 => prod/nginx\n";

fn registry(world: &World) -> AzureRegistry {
    world.azure_registry("contosoacr")
}

/// A run for which the image is there already, by an identity that may do everything here.
fn settled(scenario: Scenario, settings: &str) -> Scenario {
    scenario
        .settings(settings)
        .source(NGINX, &image())
        .present("prod/nginx:1.27", &image())
        .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
        .world(|world| world.poll_retry_after(0))
}

fn scheduled(settings: &str) -> Scenario {
    settled(Scenario::apply(LIST), settings)
}

fn chores(run: &Run) -> &[Chore] {
    &run.report.parts[0].upkeep.chores
}

fn findings(run: &Run) -> &[Finding] {
    &run.report.parts[0].upkeep.findings
}

fn done(run: &Run) -> &[Outcome] {
    &run.report.parts[0].done
}

fn told(run: &Run) -> Vec<String> {
    chores(run).iter().map(|chore| format!("{}: {}", chore.subject, chore.reason)).collect()
}

fn finding<'a>(run: &'a Run, subject: &str) -> &'a Finding {
    let found = findings(run).iter().find(|finding| finding.subject == subject);
    found.unwrap_or_else(|| panic!("{subject}: {:#?}", findings(run)))
}

/// Returns the only chore's obstacle.
fn block(run: &Run) -> (String, String) {
    let [Chore { state: State::Block(problem), .. }] = chores(run) else { panic!("{:#?}", chores(run)) };
    (problem.what.clone(), problem.hint.clone().unwrap_or_default())
}

fn writes(run: &Run) -> Vec<String> {
    let is_write = |method: &str| matches!(method, "PUT" | "PATCH" | "DELETE");
    let seen = run.world.requests();
    seen.iter().filter(|seen| is_write(&seen.method)).map(|seen| format!("{} {}", seen.method, seen.path)).collect()
}

#[tokio::test]
async fn a_policy_that_drifted_is_told_with_both_values_and_mended() {
    let drifted = |scenario: Scenario| scenario.world(|world| registry(world).retention(Some(30)));
    let settings = "retention: { untagged-after: 7d }\n";
    let plan = drifted(settled(Scenario::plan(LIST), settings)).run().await;
    assert_eq!(told(&plan), ["retention policy: was 30 days, stated 7 days"]);
    assert_eq!((plan.report.verdict(), writes(&plan)), (Verdict::Pending, vec![]));

    let run = drifted(scheduled(settings)).run().await;
    assert_eq!(done(&run), [Outcome::Done]);
    assert_eq!(registry(&run.world).retention_days(), Some(7));
    let again = scheduled(settings).after(&run).run().await;
    assert!(chores(&again).is_empty() && findings(&again).is_empty(), "{:#?}", again.report.parts[0].upkeep);
}

#[tokio::test]
async fn off_is_off() {
    let run =
        scheduled("retention: off\nsoft-delete: off\n").world(|world| registry(world).retention(Some(7))).run().await;
    assert_eq!(
        (told(&run), done(&run)),
        (vec!["retention policy: was 7 days, stated off".to_owned()], &[Outcome::Done][..])
    );
    assert_eq!(registry(&run.world).retention_days(), None);
}

#[tokio::test]
async fn one_policy_takes_the_place_of_the_other_in_the_right_order() {
    let run = scheduled("retention: off\nsoft-delete: { days: 14 }\n")
        .world(|world| registry(world).retention(Some(7)))
        .run()
        .await;
    assert_eq!(done(&run), [Outcome::Done, Outcome::Done], "{:#?}", chores(&run));
    let back = scheduled("retention: { untagged-after: 0d }\nsoft-delete: off\n").after(&run).run().await;
    assert_eq!(done(&back), [Outcome::Done, Outcome::Done], "{:#?}", chores(&back));
    let registry = registry(&back.world);
    assert_eq!((registry.retention_days(), registry.soft_delete_days()), (Some(0), None));
}

#[tokio::test]
async fn beside_a_soft_delete_policy_the_service_takes_no_stable_version_and_gets_none() {
    let run = scheduled("registry: { admin-account: switch-off, anonymous-pull: switch-off }\n")
        .world(|world| {
            registry(world).soft_delete(Some(30));
            registry(world).admin("hunter2");
            registry(world).anonymous_pull();
        })
        .run()
        .await;
    assert_eq!(done(&run), [Outcome::Done, Outcome::Done], "{:#?}", chores(&run));
    assert_eq!(registry(&run.world).ways_in(), (false, false));
    assert_eq!(registry(&run.world).soft_delete_days(), Some(30));
}

#[tokio::test]
async fn what_soft_delete_does_not_go_with_blocks_it_before_anything_is_tried() {
    let settings = "soft-delete: { days: 7 }\n";
    for (what, change) in [
        ("a retention policy is on", (|it| it.retention(Some(7))) as fn(&AzureRegistry)),
        ("a replica in `eastus`", |it| it.replica("eastus")),
        ("cache rules", |it| it.cache_rule("hub")),
    ] {
        let run = scheduled(settings).world(|world| change(&registry(world))).run().await;
        assert!(block(&run).0.contains(what), "{:?}", block(&run));
        assert_eq!((writes(&run), run.report.verdict()), (vec![], Verdict::Failed));
    }
}

#[tokio::test]
async fn premium_is_asked_for_before_anything_is_tried() {
    for (settings, what) in [
        (
            "retention: { untagged-after: 7d }\n",
            "a retention policy needs the SKU Premium, and the registry is Standard",
        ),
        ("replicas: [eastus]\n", "a replica needs the SKU Premium, and the registry is Standard"),
    ] {
        let run = scheduled(settings).world(|world| drop(registry(world).sku("Standard"))).run().await;
        let (said, hint) = block(&run);
        assert!(said == what && hint.starts_with("`az acr update --name contosoacr --sku Premium`"), "{said}: {hint}");
        assert_eq!((writes(&run), run.report.verdict()), (vec![], Verdict::Failed));
        assert_eq!(run.report.verdict(), Verdict::Failed);
    }
    let run = scheduled("soft-delete: { days: 7 }\n").world(|world| drop(registry(world).sku("Basic"))).run().await;
    assert_eq!((done(&run), registry(&run.world).soft_delete_days()), (&[Outcome::Done][..], Some(7)));
}

#[tokio::test]
async fn an_open_way_in_is_reported_or_denied_and_stays() {
    let open = |settings: &str| {
        scheduled(settings).world(|world| {
            registry(world).admin("hunter2");
            registry(world).anonymous_pull();
        })
    };
    let run = open("registry: { anonymous-pull: deny }\n").run().await;
    let (pull, admin) = (finding(&run, "anonymous pull"), finding(&run, "admin account"));
    assert_eq!((pull.gravity, admin.gravity), (Gravity::Bad, Gravity::Warning));
    let hint = pull.problem.hint.as_ref().unwrap();
    assert!(hint.contains("`az acr update --name contosoacr --anonymous-pull-enabled false`"), "{hint}");
    assert_eq!((run.report.verdict(), registry(&run.world).ways_in()), (Verdict::Failed, (true, true)));
    let run = open("registry: {}\n").run().await;
    assert_eq!((finding(&run, "anonymous pull").gravity, run.report.verdict()), (Gravity::Warning, Verdict::Clean));
}

#[tokio::test]
async fn the_quota_is_told_with_what_the_plan_adds() {
    let quota = async |used: u64, sku: &str| {
        let run = Scenario::plan(LIST)
            .base("")
            .settings("registry: {}\n")
            .source(NGINX, &image().layers(1, 5000))
            .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
            .world(|world| registry(world).sku(sku).used(used))
            .run()
            .await;
        let finding = finding(&run, "quota");
        (finding.gravity, finding.problem.what.clone())
    };
    let (gravity, what) = quota(3 << 30, "Basic").await;
    assert_eq!(gravity, Gravity::Note);
    assert!(what.starts_with("Basic: 3 GiB of 10 GiB included are used (30 %); the plan adds at most 1"), "{what}");
    assert_eq!(quota(95 << 30, "Standard").await.0, Gravity::Warning);
    let (gravity, what) = quota(40 << 40, "Standard").await;
    assert!(gravity == Gravity::Bad && what.ends_with("the SKU holds 40 TiB at most"), "{what}");
}

#[tokio::test]
async fn replicas_are_made_and_waited_for_and_one_that_is_not_stated_stays() {
    let settings = "replicas: [westeurope, East US, { region: southeastasia, zone-redundancy: true }]\n";
    let run = scheduled(settings).world(|world| registry(world).replica("westus")).run().await;
    assert_eq!(told(&run), ["eastus: there is none", "southeastasia: there is none"]);
    assert_eq!(done(&run), [Outcome::Done, Outcome::Done]);
    let stray = finding(&run, "westus");
    assert_eq!((stray.gravity, stray.problem.what.as_str()), (Gravity::Warning, "the replica is not stated; it stays"));
    let again = scheduled(settings).after(&run).run().await;
    assert!(chores(&again).is_empty(), "{:#?}", chores(&again));
    assert_eq!(finding(&again, "eastus").problem.what, "the replica is Ready");
    let zones = scheduled("replicas: [{ region: eastus, zone-redundancy: true }]\n").after(&run).run().await;
    assert_eq!(finding(&zones, "eastus").gravity, Gravity::Bad);
    let soft = scheduled("replicas: [eastus]\n").world(|world| registry(world).soft_delete(Some(7))).run().await;
    assert!(block(&soft).0.starts_with("soft delete is on"));
}

#[tokio::test]
async fn a_registry_that_is_busy_with_another_change_is_asked_again() {
    let run = scheduled("retention: { untagged-after: 7d }\n")
        .world(|world| world.fault(Fault::status(409).method("PATCH").on("management.azure.com")))
        .run()
        .await;
    assert_eq!((done(&run), registry(&run.world).retention_days()), (&[Outcome::Done][..], Some(7)));
}

#[tokio::test]
async fn tags_are_locked_when_their_image_is_there_and_proved() {
    let settings = "locks: { images: [\"prod/**\"] }\n";
    let list = format!("{LIST}quay.io/a/b:1 => prod/b\nquay.io/a/b:1 => test/b\n");
    let scenario = |scenario: Scenario| settled(scenario, settings).source("quay.io/a/b:1", &image());
    let plan = scenario(Scenario::plan(&list)).run().await;
    assert_eq!(
        told(&plan),
        [
            "prod/nginx:1.27: its image is there; against moving and deleting",
            "prod/b:1: its image is imported; against moving and deleting",
        ]
    );
    let run = scenario(Scenario::apply(&list)).run().await;
    assert_eq!(done(&run), [Outcome::Done, Outcome::Done], "{:#?}", chores(&run));
    let again = scenario(Scenario::plan(&list)).after(&run).run().await;
    assert!(chores(&again).is_empty(), "what is locked is left alone: {:#?}", chores(&again));
    // Nothing fights the lock: the line that would move the tag is blocked, and nothing unlocks it.
    let moved = scenario(Scenario::apply(&list)).after(&run).source(NGINX, &Image::single("linux/amd64")).run().await;
    assert!(moved.report.steps().any(|(step, _)| step.destination.to_string() == "prod/nginx:1.27"
        && matches!(step.action, acr_sync::plan::Action::Block(acr_sync::plan::Reason::Locked { .. }))));
    assert_eq!(moved.tag("prod/nginx:1.27"), Some(image().digest()));
    assert!(chores(&moved).is_empty());
}

#[tokio::test]
async fn a_lock_against_deleting_alone_lets_the_tag_move() {
    let settings = "locks: { images: [\"prod/**\"], write: false }\n";
    let run = scheduled(settings).run().await;
    assert_eq!(done(&run), [Outcome::Done]);
    let moved = scheduled(settings).after(&run).source(NGINX, &Image::single("linux/amd64")).run().await;
    assert_eq!(moved.tag("prod/nginx:1.27"), Some(Image::single("linux/amd64").digest()));
    assert!(chores(&moved).is_empty(), "the lock stays with the tag");
}

#[tokio::test]
async fn what_was_not_imported_is_not_locked() {
    let run = scheduled("locks: { images: [\"prod/**\"] }\n")
        .world(|world| {
            registry(world).untag("prod/nginx", "1.27");
            world.fault(Fault::import_fails("InternalError", "broke").times(50));
        })
        .run()
        .await;
    let [Outcome::Failed(problem)] = done(&run) else { panic!("{:#?}", done(&run)) };
    assert!(problem.what.contains("holds nothing") && problem.what.ends_with("it is not locked"), "{problem}");
    assert!(writes(&run).iter().all(|write| !write.contains("_tags")), "{:?}", writes(&run));
}

#[tokio::test]
async fn each_right_that_is_missing_is_named() {
    let run = |settings: &str, rights: Rights| {
        scheduled(settings).world(move |world| world.identity(CLIENT, SECRET, rights)).run()
    };
    let hint = |problem: &acr_sync::problem::Problem| problem.hint.clone().unwrap_or_default();
    let importer = run("retention: { untagged-after: 7d }\n", Rights::importer()).await;
    let [Outcome::Failed(problem)] = done(&importer) else { panic!("{:#?}", done(&importer)) };
    let role = "*Container Registry Contributor and Data Access Configuration Administrator*";
    assert!(hint(problem).contains(role), "{problem}");
    let importer = run("replicas: []\nregistry: {}\n", Rights::importer()).await;
    assert_eq!(finding(&importer, "quota").gravity, Gravity::Unchecked);
    for subject in ["quota", "replicas"] {
        assert!(hint(&finding(&importer, subject).problem).contains("*Container Registry Configuration Reader"));
    }
    let importer = run("locks: { images: [\"prod/**\"] }\n", Rights::importer()).await;
    let [Outcome::Failed(problem)] = done(&importer) else { panic!("{:#?}", done(&importer)) };
    assert!(hint(problem).contains("*AcrPush*") && hint(problem).contains("Repository Writer"), "{problem}");
    // The named roles are enough.
    for (settings, rights) in [
        (
            "retention: { untagged-after: 7d }\nreplicas: [eastus]\nregistry: {}\n",
            Rights::importer().administering_access(),
        ),
        ("locks: { images: [\"prod/**\"] }\n", Rights { push: true, ..Rights::importer() }),
    ] {
        let enough = run(settings, rights).await;
        assert!(done(&enough).iter().all(|outcome| *outcome == Outcome::Done), "{:#?}", done(&enough));
        assert_eq!(enough.report.verdict(), Verdict::Clean);
    }
}

#[tokio::test]
async fn where_nothing_is_stated_or_concerned_nobody_is_asked() {
    let all = "retention: { untagged-after: 7d }\nlocks: { images: [\"prod/**\"] }\nreplicas: []\nregistry: {}\n";
    let list = format!("{NGINX} => test/nginx\n");
    let run = settled(Scenario::plan(&list), all).base(&list).settings_base(all).run().await;
    assert!(run.report.parts[0].upkeep.is_empty() && run.world.requests().is_empty());
    let run = settled(Scenario::plan(LIST), "").run().await;
    assert_eq!(
        run.requests("management.azure.com", "listUsages") + run.requests("management.azure.com", "replications"),
        0
    );
    // A section that changed is looked at alone.
    let changed = settled(Scenario::plan(LIST), all).base(LIST).settings_base(&all.replace("7d", "9d")).run().await;
    assert_eq!(told(&changed), ["retention policy: was off, stated 7 days"]);
    assert_eq!(changed.requests("management.azure.com", "listUsages"), 0);
}

#[tokio::test]
async fn another_registry_than_azures_has_none_of_it() {
    let settings = "retention: off\nlocks: { images: [\"**\"] }\nregistry: {}\n";
    let run = settled(Scenario::plan(&format!("{NGINX} => prod/nginx\n")), settings)
        .input("INPUT_REGISTRY", "quay.io")
        .world(|world| drop(world.source("quay.io")))
        .run()
        .await;
    assert_eq!(findings(&run).len(), 3, "{:#?}", findings(&run));
    assert!(findings(&run).iter().all(|finding| finding.problem.what.contains("is no Azure Container Registry")));
    assert!(chores(&run).is_empty());
}

#[tokio::test]
async fn who_asks_for_a_replica_is_told_which_serve_what_was_imported() {
    let brought = |world: &World| {
        registry(world).untag("prod/nginx", "1.27");
        registry(world).drop_manifest("prod/nginx", &image().digest());
        registry(world).replica("eastus");
    };
    // Without a host of its own a region cannot be asked, and nothing is guessed.
    let blind = scheduled("replicas: [eastus]\n").world(brought).run().await;
    let said = findings(&blind).iter().find(|finding| finding.gravity == Gravity::Unchecked).unwrap();
    assert!(said.problem.what.starts_with("cannot be asked whether it serves an image"), "{said:?}");
    assert!(said.problem.hint.as_ref().unwrap().contains("--regional-endpoints enabled"));
    assert!(chores(&blind).is_empty());

    let run = scheduled("replicas: [eastus]\n")
        .world(brought)
        .world(|world| registry(world).regional_endpoints())
        .run()
        .await;
    assert_eq!((told(&run), done(&run)), (vec!["eastus: until it serves one image".to_owned()], &[Outcome::Done][..]));
    let digest = image().digest();
    let host = "contosoacr.eastus.geo.azurecr.io";
    let asked = run.world.requests();
    let asked = asked.iter().filter(|seen| seen.host == host && seen.path.ends_with(&digest.to_string()));
    let answers: Vec<_> = asked.map(|seen| seen.status).collect();
    // Once by the plan, which is told where to sign in, and once more when it is imported.
    assert_eq!(answers, [Some(401), Some(404), Some(401), Some(200)]);
}

/// What a wait is asked of, without the corridor.
struct Region {
    emulator: Emulator,
    arm: Arm,
    registries: Client,
}

const SHORT: Pace = Pace { deadline: Duration::from_millis(300), pause: Duration::from_millis(20) };

impl Region {
    async fn new(change: impl FnOnce(&World)) -> Self {
        let world = World::new();
        registry(&world).put("prod/nginx:1.27", &image());
        registry(&world).replica("eastus");
        registry(&world).regional_endpoints();
        world.identity(CLIENT, SECRET, Rights::contributor());
        world.poll_retry_after(0);
        change(&world);
        let emulator = Emulator::start(world).await.unwrap();
        let mut env = Env::default();
        for (name, value) in [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)]
        {
            env.set_variable(name, value);
        }
        let inputs = Inputs::read(&env).unwrap();
        let retry = Retry { first: Duration::from_millis(10), longest: Duration::from_millis(50), ..Retry::default() };
        let (https_proxy, roots) = (Some(emulator.proxy_url()), Some(emulator.ca_pem().to_owned()));
        let http = Http::new(&Way { https_proxy, roots, retry, ..Way::default() }).unwrap();
        let credential = credential::azure(&inputs.identity, &http, &inputs.cloud).await.unwrap();
        let arm = Arm::new(http.clone(), credential.clone(), inputs.cloud.clone());
        let mut logins = Logins::default();
        logins.add(host("contosoacr.azurecr.io"), "", Login::Azure(credential));
        Self { emulator, arm, registries: Client::new(http, logins) }
    }

    fn wait(&self, digest: acr_sync::reference::Digest) -> Work {
        let image = Awaited { repository: "prod/nginx".to_owned(), tag: "1.27".to_owned(), digest };
        Work::Await(Await {
            registry: host("contosoacr.azurecr.io"),
            host: host("contosoacr.eastus.geo.azurecr.io"),
            region: "eastus".to_owned(),
            images: vec![image],
        })
    }

    fn replicate(&self, region: &str, is_begun: bool) -> Work {
        let id = format!("{}/replications/{region}", registry(self.emulator.world()).id());
        Work::Replicate(Replicate { id, region: region.to_owned(), zone_redundancy: None, is_begun })
    }

    async fn apply(&self, work: &Work, stop: &watch::Receiver<bool>) -> Result<(), String> {
        let planes = Planes { arm: &self.arm, registries: &self.registries };
        work.apply(&planes, SHORT, stop).await.map_err(|problem| problem.what)
    }
}

fn host(name: &str) -> Registry {
    Registry::parse(name).unwrap()
}

#[tokio::test]
async fn a_replica_that_lags_is_waited_for_and_named_when_it_is_late() {
    let (_stop, go_on) = watch::channel(false);
    let region = Region::new(|world| registry(world).replica_lags("eastus", 3)).await;
    assert_eq!(region.apply(&region.wait(image().digest()), &go_on).await, Ok(()));
    let region = Region::new(|world| registry(world).replica_lags("eastus", u32::MAX)).await;
    let late = region.apply(&region.wait(image().digest()), &go_on).await.unwrap_err();
    assert!(late.starts_with("`eastus` does not serve one image yet: prod/nginx:1.27"), "{late}");
    let (stop, stopped) = watch::channel(false);
    stop.send_replace(true);
    let late = region.apply(&region.wait(image().digest()), &stopped).await.unwrap_err();
    assert!(late.starts_with("the run was stopped"), "{late}");
    // What was not imported comes to no replica, and is not waited for.
    assert_eq!(region.apply(&region.wait(acr_sync::reference::Digest::of(b"other")), &go_on).await, Ok(()));
}

#[tokio::test]
async fn a_replica_has_a_deadline_and_a_wish_to_stop_is_heard() {
    let (_stop, go_on) = watch::channel(false);
    let region = Region::new(|world| world.replica_latency(Duration::from_secs(3600))).await;
    let late = region.apply(&region.replicate("westus", false), &go_on).await.unwrap_err();
    assert!(late.starts_with("the replica in `westus` is"), "{late}");
    let late = region.apply(&region.replicate("westus", true), &go_on).await.unwrap_err();
    assert!(late.starts_with("the replica in `westus` is Provisioning"), "{late}");
    let (stop, stopped) = watch::channel(false);
    stop.send_replace(true);
    let late = region.apply(&region.replicate("northeurope", false), &stopped).await.unwrap_err();
    assert!(late.starts_with("the run was stopped"), "{late}");
}

#[tokio::test]
async fn what_is_imported_unchecked_counts_for_the_quota_with_a_size_that_is_not_known() {
    let run = Scenario::plan(LIST)
        .base("")
        .settings("registry: {}\n")
        .source(NGINX, &image())
        .world(|world| world.identity(CLIENT, SECRET, Rights::contributor()))
        .world(|world| registry(world).public_access(false))
        .run()
        .await;
    let told = &finding(&run, "quota").problem.what;
    assert!(told.ends_with("the plan adds at most 0 MiB, and one image of unknown size"), "{told}");
}
