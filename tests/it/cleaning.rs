//! Clean-up: what a plan lists goes with the merge, what is needed or new stays, and nothing goes that nobody reviewed.

use crate::scenario::{NGINX, Run, Scenario, image};
use acr_sync::{
    cleanup::{Plane, Work},
    credential,
    emulator::{AzureRegistry, CLIENT, Emulator, Fault, Image, Rights, SECRET, TENANT, World},
    http::{Http, Way},
    images::Colour,
    inputs::{Env, Inputs},
    reference::{Digest, Registry},
    registry::{Client, Login, Logins},
    report::{
        Body, Verdict,
        markdown::{self, Limits},
        terminal,
    },
    upkeep::{Chore, Gravity, Outcome, State, Task},
};
use time::Duration;

const RULES: &str =
    "cleanup:\n  - { repositories: \"app/*\", tags: \"^ci-\", older-than: 30d, keep: 1, untagged: true, share: 90 }\n";

fn registry(world: &World) -> AzureRegistry {
    world.azure_registry("contosoacr")
}

fn build(number: usize) -> Image {
    image().content(&format!("build {number}"))
}

/// Four images of 40 days and one of today.
fn seed(world: &World) {
    world.identity(CLIENT, SECRET, Rights::contributor());
    let registry = registry(world);
    for (number, tag) in ["v1", "ci-1", "ci-2", "ci-3"].iter().enumerate() {
        registry.put(&format!("app/web:{tag}"), &build(number));
    }
    registry.age("app/web", Duration::days(40));
    registry.age_tag("app/web", "ci-1", Duration::days(60));
    registry.age_tag("app/web", "ci-2", Duration::days(50));
    registry.put("app/web:ci-4", &build(4));
}

/// A pull request that changes nothing but the settings.
fn proposed(settings: &str) -> Scenario {
    Scenario::plan("").base("").settings(settings).settings_base("")
}

fn merged(settings: &str) -> Scenario {
    Scenario::apply("").base("").settings(settings).settings_base("")
}

fn scheduled(settings: &str) -> Scenario {
    Scenario::apply("").settings(settings)
}

fn chores(run: &Run) -> &[Chore] {
    assert!(!matches!(run.report.parts[0].body, Body::Stopped(_)), "{:?}", run.report.parts[0].body);
    &run.report.parts[0].upkeep.chores
}

fn subjects(run: &Run) -> Vec<&str> {
    chores(run).iter().map(|chore| chore.subject.as_str()).collect()
}

/// The names of the tags that go, and how many manifests.
fn going(run: &Run) -> (Vec<&str>, usize) {
    let (manifests, tags): (Vec<_>, Vec<_>) = subjects(run).into_iter().partition(|subject| subject.contains('@'));
    (tags, manifests.len())
}

fn findings(run: &Run) -> Vec<String> {
    let findings = &run.report.parts[0].upkeep.findings;
    findings.iter().map(|finding| format!("{:?} {}: {}", finding.gravity, finding.subject, finding.problem)).collect()
}

fn deletions(world: &World) -> usize {
    world.requests().iter().filter(|seen| seen.method == "DELETE").count()
}

#[tokio::test]
async fn a_plan_names_what_goes_and_the_merge_takes_exactly_that() {
    let plan = proposed(RULES).world(seed).run().await;
    assert_eq!(going(&plan), (vec!["app/web:ci-1", "app/web:ci-2", "app/web:ci-3"], 9), "{:?}", findings(&plan));
    assert_eq!(chores(&plan)[0].reason, "60d old; `^ci-` older than 30d beyond the newest 1");
    assert!(chores(&plan).iter().all(|chore| chore.state == State::Due));
    assert!(chores(&plan)[3].reason.ends_with("its last tag goes"), "{}", chores(&plan)[3].reason);
    assert!(chores(&plan)[11].bytes.is_some_and(|bytes| bytes > 2_000), "{:?}", chores(&plan)[11]);
    assert_eq!((plan.report.verdict(), deletions(&plan.world)), (Verdict::Pending, 0));
    let page = markdown::page(&plan.report, Limits::comment());
    assert!(page.contains("3 to untag, 9 to delete") && page.contains("`app/web:ci-1`"), "{page}");

    let run = merged(RULES).after(&plan).reviewed(&plan).run().await;
    assert!(run.report.parts[0].done.iter().all(|done| *done == Outcome::Done), "{:?}", run.report.parts[0].done);
    let left = registry(&run.world);
    assert_eq!((left.tags("app/web"), left.manifests("app/web").len()), (vec!["ci-4".into(), "v1".into()], 6));
    assert!(left.is_whole("app/web", &left.tag("app/web", "v1").unwrap()));
    assert_eq!(run.report.verdict(), Verdict::Clean);

    let again = scheduled(RULES).after(&run).run().await;
    assert_eq!((chores(&again), findings(&again)), (&[][..], vec![]), "a second run finds nothing to do");
}

#[tokio::test]
async fn what_nobody_reviewed_is_shown_by_the_schedule_and_stays() {
    let run = scheduled(RULES).world(seed).run().await;
    assert_eq!(going(&run).0.len(), 3);
    assert!(run.report.parts[0].done.iter().all(|done| *done == Outcome::Unreviewed));
    assert_eq!((deletions(&run.world), registry(&run.world).tags("app/web").len()), (0, 5));
    assert_eq!(run.report.verdict(), Verdict::Clean);
    let page = markdown::page(&run.report, Limits::comment());
    assert!(page.contains("no reviewed plan lists it: 12"), "{page}");
    let text = terminal::text(&run.report, Colour::Plain);
    assert!(text.contains("waits for a review  app/web:ci-1"), "{text}");
}

#[tokio::test]
async fn a_plan_of_the_whole_file_is_a_review_too() {
    let plan = Scenario::plan("").settings(RULES).world(seed).run().await;
    let run = scheduled(RULES).after(&plan).reviewed(&plan).run().await;
    assert_eq!(run.report.parts[0].done, vec![Outcome::Done; 12]);
}

#[tokio::test]
async fn more_than_was_reviewed_does_not_go() {
    let plan = proposed(RULES).world(seed).run().await;
    let later = |world: &World| {
        registry(world).put("app/web:ci-9", &build(9));
        registry(world).age_tag("app/web", "ci-4", Duration::days(31));
    };
    let run = merged(RULES).after(&plan).reviewed(&plan).world(|_| ()).run().await;
    assert_eq!(run.report.verdict(), Verdict::Clean);
    later(&run.world);
    let run = merged(RULES).after(&run).reviewed(&plan).run().await;
    assert_eq!((subjects(&run), &run.report.parts[0].done), (vec!["app/web:ci-4"], &vec![Outcome::Unreviewed]));
    assert!(run.tag("app/web:ci-4").is_some());
}

#[tokio::test]
async fn what_is_needed_locked_listed_or_new_stays() {
    let signed = build(1);
    let signature = || Image::artifact("application/vnd.dev.cosign.simplesigning.v1+json").content("signed");
    let attached = Image::artifact("application/vnd.example.sbom").content("sbom").attached_to(&signed);
    let name = |image: &Image| image.digest().to_string().replace(':', "-");
    let old = |world: &World| {
        seed(world);
        let registry = registry(world);
        registry.put(&format!("app/web:{}.sig", name(&signed)), &signature());
        registry.put(&format!("app/web:{}.sig", name(&build(0))), &signature().content("of v1"));
        registry.put_untagged("app/web", &attached);
        registry.put_untagged("app/web", &Image::artifact("a/b").content("of v1").attached_to(&build(0)));
        registry.put_untagged("app/web", &build(7));
        registry.age("app/web", Duration::days(40));
        registry.put("app/web:ci-5", &build(5));
        registry.age_tag("app/web", "ci-3", -Duration::days(40));
        registry.lock_tag("app/web", "ci-2");
        registry.lock_manifest("app/web", &registry.children("app/web", "ci-4")[0]);
    };
    // The whole list and all rules: what the line brings in stays, although its tag is old.
    let list = "docker.io/library/nginx:1.27 => app/web:ci-9\n";
    let plan = Scenario::plan(list)
        .settings(&RULES.replace("keep: 1", "keep: 2"))
        .world(old)
        .source(NGINX, &image())
        .world(|world| {
            registry(world).put("app/web:ci-9", &image());
            registry(world).age_tag("app/web", "ci-9", Duration::days(400));
        })
        .run()
        .await;
    // ci-3 is from the future and ci-5 new: those two are kept. ci-1 and ci-4 are old; of ci-4 one platform is locked.
    assert_eq!(going(&plan).0, ["app/web:ci-1", "app/web:ci-4"], "{:?}", findings(&plan));
    let subjects = subjects(&plan).join("\n");
    for (image, goes) in [(&signed, true), (&signature(), true), (&attached, true), (&build(7), true)] {
        assert_eq!(subjects.contains(&image.digest().to_string()), goes, "{}\n{subjects}", image.digest());
    }
    // Both of ci-1 with its platforms, signature and bill; the untagged index with its platforms; of ci-4 what is not locked.
    assert_eq!(going(&plan).1, 3 + 2 + 3 + 2, "{subjects}");
    assert!(findings(&plan).iter().any(|text| text.contains("1 tags and manifests were written in the future")));

    let run = Scenario::apply(list).settings(&RULES.replace("keep: 1", "keep: 2")).after(&plan).reviewed(&plan).run();
    let run = run.await;
    assert_eq!(run.report.verdict(), Verdict::Clean, "{:#?}", run.report.parts[0].done);
    let left = registry(&run.world);
    for tag in left.tags("app/web") {
        assert!(left.is_whole("app/web", &left.tag("app/web", &tag).unwrap()), "{tag}");
    }
    assert!(left.tag("app/web", &format!("{}.sig", name(&build(0)))).is_some(), "the signature of v1 stays");
    assert!(left.tag("app/web", &format!("{}.sig", name(&signed))).is_none(), "that of ci-1 goes with it");
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_at_each_step() {
    let plan = proposed(RULES).world(seed).run().await;
    let importer = |world: &World| {
        world.identity(CLIENT, SECRET, Rights { catalog_lister: true, ..Rights::importer() });
    };
    let run = merged(RULES).after(&plan).world(importer).reviewed(&plan).run().await;
    assert_eq!(run.report.parts[0].done.len(), 12, "{:?}", findings(&run));
    let failed = run.report.parts[0].done.iter().filter_map(|done| match done {
        Outcome::Failed(problem) => problem.hint.clone(),
        _ => None,
    });
    assert!(failed.clone().count() >= 3);
    for hint in failed {
        assert!(hint.contains("*AcrDelete*") && hint.contains("Repository Contributor") || hint.contains("Plan again"));
    }
    assert_eq!((registry(&run.world).manifests("app/web").len(), run.report.verdict()), (15, Verdict::Failed));
}

#[tokio::test]
async fn more_than_a_share_of_a_repository_needs_a_confirmation() {
    let rules = RULES.replace(", share: 90", "");
    let plan = proposed(&rules).world(seed).run().await;
    assert_eq!((chores(&plan).len(), plan.report.verdict()), (0, Verdict::Failed));
    let told = findings(&plan).join("\n");
    assert!(
        told.contains("Bad app/web: a setting: 3 of 5 tags of `app/web` would go, more than 50 % (ci-1, ci-2, ci-3)"),
        "{told}"
    );
    assert!(told.contains("add `confirm: true`"), "{told}");
    let confirmed = rules.replace("untagged: true", "untagged: true, confirm: true");
    assert_eq!(chores(&proposed(&confirmed).world(seed).run().await).len(), 12);
}

#[tokio::test]
async fn a_line_takes_the_oldest_with_it_in_its_own_repository_only() {
    let rules = "cleanup: [{ repositories: \"**\", tags: \"1[.].*\", keep: 2 }]\n";
    let old = |world: &World| {
        world.identity(CLIENT, SECRET, Rights::contributor());
        for (number, tag) in ["1.24", "1.25", "1.26"].iter().enumerate() {
            registry(world).put(&format!("mirror/nginx:{tag}"), &build(number));
            registry(world).put(&format!("mirror/other:{tag}"), &build(number));
            for repository in ["mirror/nginx", "mirror/other"] {
                registry(world).age_tag(repository, tag, Duration::days(9 - i64::try_from(number).unwrap()));
            }
        }
    };
    let list = "docker.io/library/nginx:1.27 => mirror/nginx\n";
    let run = Scenario::plan(list).base("").settings(rules).world(old).source(NGINX, &image()).run().await;
    assert_eq!(subjects(&run), ["mirror/nginx:1.24"]);
    let nothing = Scenario::plan(list).base(list).settings(rules).world(old).run().await;
    assert_eq!((chores(&nothing).len(), nothing.world.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_repository_that_is_locked_or_hides_something_is_left_as_it_is() {
    let locked = |world: &World| {
        seed(world);
        registry(world).lock_repository("app/web");
    };
    let run = proposed(RULES).world(locked).run().await;
    assert_eq!(findings(&run), ["Note app/web: the target registry: the repository is locked: nothing goes there"]);
    assert_eq!(chores(&run).len(), 0);
    let hidden = |world: &World| {
        seed(world);
        let digest = registry(world).tag("app/web", "v1").unwrap();
        registry(world).untag("app/web", "v1");
        registry(world).hide_manifest("app/web", &digest);
    };
    let run = proposed(RULES).world(hidden).run().await;
    assert_eq!(going(&run), (vec!["app/web:ci-1", "app/web:ci-2", "app/web:ci-3"], 0), "its platforms look untagged");
    assert!(findings(&run)[0].contains("1 manifests are hidden from lists"), "{:?}", findings(&run));
}

#[tokio::test]
async fn rules_that_cannot_be_read_stop_the_run_where_they_stand() {
    for (text, what) in [
        (
            "cleanup:\n  - { repositories: a, tags: \".*\", keep: 1 }\n",
            "line 2, column 5: cleanup[0]: `.*` means every tag",
        ),
        ("cleanup:\n  - { repositories: a, tags: a, ago: 1d }\n", "unknown field `ago`"),
        ("cleanup: [{ repositories: \"**\", tags: all, keep: 1 }]\n", "every tag of every repository"),
    ] {
        let run = scheduled(text).world(seed).run().await;
        let Body::Stopped(problem) = &run.report.parts[0].body else { panic!("{text}") };
        assert!(problem.what.contains(what), "{}", problem.what);
        assert_eq!(run.world.requests().len(), 0);
    }
}

#[tokio::test]
async fn a_catalogue_that_may_not_be_read_is_told_and_a_closed_door_too() {
    let reader = |world: &World| {
        seed(world);
        registry(world).abac();
        world.identity(CLIENT, SECRET, Rights { importer: false, catalog_lister: false, ..Rights::contributor() });
    };
    let run = proposed(RULES).world(reader).run().await;
    assert!(findings(&run)[0].contains("Catalog Lister"), "{:?}", findings(&run));
    assert_eq!(run.report.verdict(), Verdict::Failed);
    let named = proposed(&RULES.replace("app/*", "app/web")).world(reader).run().await;
    assert_eq!(chores(&named).len(), 12, "a name needs no catalogue: {:?}", findings(&named));
    let closed = |world: &World| {
        seed(world);
        registry(world).public_access(false);
    };
    let run = proposed(RULES).world(closed).run().await;
    assert_eq!(run.report.parts[0].upkeep.findings[0].gravity, Gravity::Unchecked);
}

#[tokio::test]
async fn every_registry_is_cleaned_by_the_same_rules() {
    let both = |world: &World| {
        seed(world);
        let other = world.azure_registry("stagingacr");
        for number in 0..3 {
            other.put(&format!("app/api:ci-{number}"), &build(number));
        }
        other.age("app/api", Duration::days(31));
    };
    let run = proposed(RULES).input("INPUT_REGISTRY", "contosoacr, stagingacr").world(both).run().await;
    let counts: Vec<_> = run.report.parts.iter().map(|part| part.upkeep.chores.len()).collect();
    assert_eq!(counts, [12, 2 + 6]);
}

/// Asks a chore of a plan alone, when the world has changed since.
async fn alone(run: &Run, subject: &str) -> Result<(), String> {
    let emulator = Emulator::start(run.world.clone()).await.unwrap();
    let way =
        Way { https_proxy: Some(emulator.proxy_url()), roots: Some(emulator.ca_pem().to_owned()), ..Way::default() };
    let mut env = Env::default();
    for (name, value) in [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)] {
        env.set_variable(name, value);
    }
    let inputs = Inputs::read(&env).unwrap();
    let http = Http::new(&way).unwrap();
    let azure = credential::azure(&inputs.identity, &http, &inputs.cloud).await.unwrap();
    let host = Registry::parse("contosoacr.azurecr.io").unwrap();
    let mut logins = Logins::default();
    logins.add(host.clone(), "", Login::Azure(azure));
    let registries = Client::new(http, logins);
    let plane = Plane { registry: &host, registries: &registries };
    let chore = chores(run).iter().find(|chore| chore.subject == subject).unwrap();
    let Task::Cleanup(work) = &chore.task else { unreachable!("{chore:?}") };
    let work: &Work = work;
    work.apply(&plane).await.map_err(|problem| problem.what)
}

#[tokio::test]
async fn what_has_changed_since_the_survey_stays() {
    let plan = proposed(RULES).world(seed).run().await;
    let left = registry(&plan.world);
    let at = |digest: Digest| format!("app/web@{digest}");
    let index = build(1).digest();
    let child = left.children("app/web", "ci-1")[0];
    let because = async |subject: &str| alone(&plan, subject).await.unwrap_err();

    assert!(because(&at(index)).await.contains("the tag `ci-1` stands for it"));
    left.untag("app/web", "ci-1");
    assert!(because(&at(child)).await.contains("is still there, and it belongs to that"));
    left.put_untagged("app/web", &Image::artifact("a/b").attached_to(&build(1)));
    assert!(because(&at(index)).await.contains("refers to it (a/b)"));
    left.lock_tag("app/web", "ci-2");
    assert!(because("app/web:ci-2").await.contains("it has been locked since"));
    left.put("app/web:ci-3", &build(8));
    assert!(because("app/web:ci-3").await.contains("somebody has pushed it"));
    let of_three = left.children("app/web", "ci-2")[0];
    left.lock_manifest("app/web", &of_three);
    assert!(because(&at(of_three)).await.contains("it has been locked"));
    assert_eq!(deletions(&plan.world), 0);
}

#[tokio::test]
async fn a_platform_that_a_new_index_is_made_of_stays() {
    let lonely = Image::single("linux/amd64").content("pushed before its index");
    let rules = "cleanup: [{ repositories: app/web, older-than: 1d, untagged: true, confirm: true }]\n";
    let old = |world: &World| {
        seed(world);
        registry(world).put_untagged("app/web", &lonely);
        registry(world).age("app/web", Duration::days(2));
    };
    let plan = proposed(rules).world(old).run().await;
    let subject = format!("app/web@{}", lonely.digest());
    assert_eq!(subjects(&plan), [subject.as_str()]);
    let left = registry(&plan.world);
    left.put_untagged("app/web", &Image::list_of(&[&lonely]));
    assert!(alone(&plan, &subject).await.unwrap_err().contains("which was pushed since the plan, needs it"));
    let none = merged(rules).after(&plan).reviewed(&plan).run().await;
    assert_eq!(chores(&none), []);
}

#[tokio::test]
async fn a_variant_of_a_listed_image_stays() {
    let settings = "cleanup:\n  - { repositories: \"app/*\", tags: \"-ca$\", older-than: 30d, share: 90 }\n\
        certificates:\n  - { authority: [ca.crt], images: [\"app/*\"], suffix: -ca }\n";
    let run = Scenario::plan(&format!("{NGINX} => app/web:v2\n"))
        .settings(settings)
        .source(NGINX, &image())
        .world(|world| {
            for (number, tag) in ["v1-ca", "v2-ca", "v3"].iter().enumerate() {
                registry(world).put(&format!("app/web:{tag}"), &build(number));
            }
            registry(world).age("app/web", Duration::days(40));
        })
        .run()
        .await;
    let untagged = chores(&run).iter().filter(|chore| chore.task.words().0 == "untag");
    let untagged: Vec<_> = untagged.map(|chore| chore.subject.as_str()).collect();
    assert_eq!(untagged, ["app/web:v1-ca"]);
}

#[tokio::test]
async fn an_image_keeps_what_it_refers_to_although_nobody_reads_images_that_stay() {
    let named = build(7);
    let names = |number: &str| Image::artifact("a/b").content(number).as_image().attached_to(&named);
    let old = |world: &World| {
        seed(world);
        registry(world).put_untagged("app/web", &named);
        registry(world).put("app/web:note", &names("tagged"));
        registry(world).age("app/web", Duration::days(40));
    };
    let plan = proposed(RULES).world(old).run().await;
    let index = format!("app/web@{}", named.digest());
    assert!(chores(&plan).len() > 3 && !subjects(&plan).contains(&index.as_str()), "{:?}", subjects(&plan));
    let run = merged(RULES).after(&plan).reviewed(&plan).run().await;
    assert!(run.report.parts[0].done.iter().all(|done| *done == Outcome::Done), "{:?}", run.report.parts[0].done);
    let left = registry(&run.world);
    assert!(
        left.is_whole("app/web", &left.tag("app/web", "note").unwrap()) && left.is_whole("app/web", &named.digest())
    );
    left.untag("app/web", "note");
    let plan = proposed(RULES).after(&run).run().await;
    assert!(subjects(&plan).contains(&index.as_str()), "both go, once nothing names the one that refers");
    let run = merged(RULES).after(&plan).reviewed(&plan).run().await;
    assert!(run.report.parts[0].done.iter().all(|done| *done == Outcome::Done), "{:?}", run.report.parts[0].done);
}

#[tokio::test]
async fn where_the_registry_does_not_tell_who_refers_to_an_image_all_that_could_is_read() {
    let named = build(7);
    let names = Image::artifact("a/b").as_image().attached_to(&named);
    let old = |world: &World| {
        seed(world);
        registry(world).put_untagged("app/web", &named);
        registry(world).put("app/web:note", &names);
        registry(world).age("app/web", Duration::days(40));
        world.fault(Fault::status(404).path("/referrers/").times(1_000));
    };
    let plan = proposed(RULES).world(old).run().await;
    let index = format!("app/web@{}", named.digest());
    assert!(chores(&plan).len() > 3 && !subjects(&plan).contains(&index.as_str()), "{:?}", subjects(&plan));
}

#[tokio::test]
async fn a_signature_that_is_the_index_of_what_it_signs_goes_with_it() {
    let old = |world: &World| {
        seed(world);
        let child = registry(world).children("app/web", "ci-1")[0].to_string().replace(':', "-");
        registry(world).put(&format!("app/web:{child}.sig"), &build(1));
        registry(world).age_tag("app/web", &format!("{child}.sig"), Duration::days(40));
    };
    let plan = proposed(RULES).world(old).run().await;
    let run = merged(RULES).after(&plan).reviewed(&plan).run().await;
    assert_eq!(run.report.parts[0].done, vec![Outcome::Done; 12], "{:?}", findings(&run));
    assert_eq!(registry(&run.world).tags("app/web"), ["ci-4", "v1"]);
}

#[tokio::test]
async fn nothing_is_read_of_manifests_that_have_no_room_in_the_plan() {
    let rules = "cleanup: [{ repositories: app/web, tags: \"^ci-\", keep: 1, older-than: 1d, untagged: true, confirm: true }]\n";
    let many = |world: &World| {
        seed(world);
        registry(world).put_many("app/web", &build(5), 2_001, |number| format!("ci-many-{number}"));
        registry(world).age("app/web", Duration::days(2));
    };
    let plan = proposed(rules).world(many).run().await;
    assert_eq!((going(&plan).0.len(), going(&plan).1), (2_000, 0), "{:?}", findings(&plan));
    assert_eq!(plan.requests("contosoacr.azurecr.io", "/manifests/sha256:"), 0);
    assert!(findings(&plan)[0].contains("up to 6020 more go with later plans"), "{:?}", findings(&plan));
}

#[tokio::test]
async fn platforms_of_an_index_that_stays_are_not_read() {
    let plan = proposed(RULES).world(seed).run().await;
    let read = plan.requests("contosoacr.azurecr.io", "/manifests/sha256:");
    // Five indexes, and the platforms of the three that go.
    assert_eq!(read, 5 + 6);
}

#[tokio::test]
async fn deletions_that_are_throttled_are_sent_again() {
    let plan = proposed(RULES).world(seed).run().await;
    let busy = |world: &World| {
        world.fault(Fault::status(429).method("DELETE").times(3));
        world.fault(Fault::status(429).method("GET").path("/_manifests").times(2));
    };
    let run = merged(RULES).after(&plan).world(busy).reviewed(&plan).run().await;
    assert_eq!(run.report.parts[0].done, vec![Outcome::Done; 12]);
    assert_eq!((deletions(&run.world), run.world.faults_left()), (12 + 3, 0));
}

#[tokio::test]
async fn a_repository_of_several_pages_is_read_and_cleaned_whole() {
    let rules = RULES.replace("keep: 1", "keep: 110");
    let many = |world: &World| {
        world.identity(CLIENT, SECRET, Rights::contributor());
        registry(world)
            .put_many("app/web", &Image::single("linux/amd64").docker(), 125, |number| format!("ci-{number}"));
        registry(world).age("app/web", Duration::days(40));
        registry(world).put("app/web:v1", &build(1));
    };
    let plan = proposed(&rules).world(many).run().await;
    assert_eq!((going(&plan).0.len(), going(&plan).1), (15, 15), "{:?}", findings(&plan));
    let run = merged(&rules).after(&plan).reviewed(&plan).run().await;
    assert_eq!(run.report.parts[0].done, vec![Outcome::Done; 30]);
    assert_eq!(
        (registry(&run.world).tags("app/web").len(), registry(&run.world).manifests("app/web").len()),
        (111, 113)
    );
}

#[tokio::test]
async fn a_list_that_is_cut_off_takes_nothing_away() {
    for list in ["/_tags", "/_manifests"] {
        let many = |world: &World| {
            registry(world).put_many("app/web", &Image::single("linux/amd64"), 125, |number| format!("ci-{number}"));
            registry(world).age("app/web", Duration::days(40));
            world.fault(Fault::status(404).method("GET").path(list).after(1));
        };
        let plan = proposed(RULES).world(many).run().await;
        assert_eq!((going(&plan).0.len(), plan.world.faults_left()), (0, 0), "{list}");
        assert!(findings(&plan)[0].contains("a further page of a list of"), "{list}: {:?}", findings(&plan));
    }
}

#[tokio::test]
async fn a_plan_lists_two_thousand_and_says_how_many_are_left() {
    let rules = "cleanup: [{ repositories: \"app/*\", tags: \"^ci-\", keep: 1, confirm: true }]\n";
    let many = |world: &World| {
        world.identity(CLIENT, SECRET, Rights::contributor());
        for repository in ["app/one", "app/two"] {
            let image = Image::single("linux/amd64").docker();
            registry(world).put_many(repository, &image, 1_031, |number| format!("ci-{number}"));
        }
    };
    let plan = proposed(rules).world(many).run().await;
    assert_eq!(chores(&plan).len(), 2_000);
    assert_eq!(subjects(&plan).iter().filter(|subject| subject.starts_with("app/two")).count(), 970);
    assert!(
        findings(&plan)[0].contains("up to 60 more go with later plans: one lists at most 2000"),
        "{:?}",
        findings(&plan)
    );
}

#[tokio::test]
async fn an_image_with_more_referrers_than_a_plan_lists_is_told_and_not_put_off() {
    let many = |world: &World| {
        world.identity(CLIENT, SECRET, Rights::contributor());
        let registry = registry(world);
        registry.put_untagged("app/web", &image());
        for number in 0..2_000 {
            let signature = Image::artifact("application/vnd.example").content(&number.to_string());
            registry.put_untagged("app/web", &signature.attached_to(&image()));
        }
        registry.age("app/web", Duration::days(40));
    };
    let rules = "cleanup: [{ repositories: \"app/*\", untagged: true, older-than: 30d, confirm: true }]\n";
    let plan = proposed(rules).world(many).run().await;
    assert_eq!(chores(&plan).len(), 0);
    assert!(findings(&plan)[0].contains("has no room for both"), "{:?}", findings(&plan));
}

#[tokio::test]
async fn a_clock_that_is_ahead_makes_nothing_old() {
    let plan = proposed(RULES).world(seed).world(|world| world.clock_behind(12 * 86_400)).run().await;
    // 60 and 50 days by this clock; ci-3 and all manifests are 40 days old by it, and 28 by the registry's.
    assert_eq!(going(&plan), (vec!["app/web:ci-1", "app/web:ci-2"], 0), "{:?}", findings(&plan));
    let told = findings(&plan).join("\n");
    assert!(told.contains("the clock of this runner is 12d ahead of the registry's"), "{told}");
}
