//! Connected registries: from the list and `acr-sync.yaml` to what a ship has a copy of, and what its cluster is given.

use crate::scenario::image;
use acr_sync::{
    azure::{self, Arm},
    credential,
    emulator::{AzureRegistry, CLIENT, Emulator, Fault, Rights, SECRET, Synchronised, TENANT, World},
    http::{Http, Retry, Way},
    images::ImageList,
    inputs::{Env, Inputs},
    plan::{Action, Change, Reviewed, Route, Step},
    problem::{Problem, Side},
    reference::Digest,
    registry::{Client, Login, Logins},
    settings,
    upkeep::{self, Asked, Chore, Clients, ControlPlane, Finding, Gravity, Outcome, State},
};
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::watch;

/// The registry of the scenarios: Premium, with data endpoints, and three repositories.
pub(crate) struct Sea {
    pub(crate) emulator: Emulator,
    pub(crate) registry: AzureRegistry,
    clients: Clients,
    http: Http,
}

pub(crate) const VESSEL: &str = "connected-registries:
  - { name: vessel-1, mode: ReadOnly, repositories: [\"fleet/*\"], schedule: \"30 * * * *\", window: PT1H, clients: [vessel-1-pull] }
";

impl Sea {
    async fn new() -> Self {
        Self::with(Rights::reader().administering_access(), |_| {}).await
    }

    /// With one vessel, and a client that pulls from it.
    pub(crate) async fn with_vessel() -> Self {
        let sea = Self::new().await;
        all_done(&sea.apply(Some(""), VESSEL, &[]).await);
        sea
    }

    /// Pulls an image of the fleet as a client does, and finds the others closed.
    pub(crate) async fn pulls(&self, user: &str, password: &str) {
        let mut logins = Logins::default();
        let login = Login::Password { username: user.to_owned(), password: password.into() };
        logins.add(self.clients.registry.clone(), "", login);
        let client = Client::new(self.http.clone(), logins);
        let head = client.head(&self.clients.registry, "fleet/app", "1.0").await.unwrap().unwrap();
        assert!(client.manifest(&self.clients.registry, "fleet/app", head.digest).await.unwrap().is_some());
        client.head(&self.clients.registry, "other/tool", "1.0").await.unwrap_err();
    }

    pub(crate) async fn with(rights: Rights, change: impl FnOnce(&World)) -> Self {
        let world = World::new();
        let registry = world.azure_registry("contosoacr");
        registry.data_endpoints();
        for name in ["fleet/app:1.0", "fleet/web:1.0", "other/tool:1.0"] {
            registry.put(name, &image());
        }
        world.identity(CLIENT, SECRET, rights);
        world.poll_retry_after(0);
        change(&world);
        let emulator = Emulator::start(world).await.unwrap();
        let mut env = Env::default();
        for (name, value) in [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)]
        {
            env.set_variable(name, value);
        }
        let inputs = Inputs::read(&env).unwrap();
        let retry = Retry { first: Duration::from_millis(20), longest: Duration::from_millis(100), ..Retry::default() };
        let way = Way {
            https_proxy: Some(emulator.proxy_url()),
            roots: Some(emulator.ca_pem().to_owned()),
            retry,
            ..Way::default()
        };
        let http = Http::new(&way).unwrap();
        let credential = credential::azure(&inputs.identity, &http, &inputs.cloud).await.unwrap();
        let arm = Arm::new(http.clone(), credential.clone(), inputs.cloud.clone());
        let target = azure::find(&arm, &"contosoacr".parse().unwrap(), None).await.unwrap();
        let mut logins = Logins::default();
        logins.add(target.login_server.clone(), "", Login::Azure(credential));
        let clients = Clients {
            registry: target.login_server.clone(),
            registries: Client::new(http.clone(), logins),
            door: Ok(()),
            azure: Some(ControlPlane { arm, target }),
            layers: Default::default(),
            secrets: Default::default(),
        };
        Self { emulator, registry, clients, http }
    }

    /// Plans a change of the file, and of a list that brings these repositories.
    pub(crate) async fn plan(&self, before: Option<&str>, after: &str, brings: &[&str]) -> upkeep::Upkeep {
        let steps: Vec<_> = brings.iter().map(|name| step(name)).collect();
        self.plan_steps(before, after, &steps).await
    }

    async fn plan_steps(&self, before: Option<&str>, after: &str, steps: &[Step]) -> upkeep::Upkeep {
        let read = |text: &str| settings::parse(text.as_bytes()).unwrap();
        let (settings, before) = (read(after), before.map(read));
        let list = ImageList::default();
        let asked = Asked {
            settings: &settings,
            before: before.as_ref(),
            list: &list,
            elsewhere: &[],
            removed: &[],
            steps,
            certificates: &std::collections::BTreeMap::new(),
            overwrite: acr_sync::plan::Overwrite::Allow,
            now: time::OffsetDateTime::now_utc(),
        };
        upkeep::plan(&asked, &self.clients).await
    }

    /// Plans and applies what its reviewers saw.
    pub(crate) async fn apply(&self, before: Option<&str>, after: &str, brings: &[&str]) -> Vec<Outcome> {
        let mut planned = self.plan(before, after, brings).await;
        let seen = Reviewed::default().with_removals(planned.chores.iter().filter_map(Chore::mark));
        upkeep::compare(&mut planned.chores, Some(&seen));
        self.run(&planned.chores).await
    }

    async fn run(&self, chores: &[Chore]) -> Vec<Outcome> {
        let (_stop, stopped) = watch::channel(false);
        let hands = upkeep::Hands { clients: &self.clients, may_remove: true, stop: &stopped, say: &|_| {} };
        upkeep::apply(chores, &hands).await
    }

    fn writes(&self) -> usize {
        let is_write = |method: &str| matches!(method, "PUT" | "PATCH" | "DELETE");
        let seen = self.emulator.world().requests();
        seen.iter().filter(|seen| seen.host == "management.azure.com" && is_write(&seen.method)).count()
    }
}

fn step(name: &str) -> Step {
    let entry = format!("quay.io/a/b:1 => {name}:1");
    let parsed = acr_sync::images::parse(entry.as_bytes(), None);
    let entry = parsed.list.entries()[0].clone();
    Step {
        line: entry.line,
        source: entry.source,
        mirror: None,
        destination: entry.destination,
        options: entry.options,
        change: Change::Added,
        digest: Some(Digest::of(b"image")),
        subset: None,
        image: None,
        action: Action::Import,
        route: Route::ServerSide,
        companions: Vec::new(),
        notes: Vec::new(),
    }
}

fn told(chores: &[Chore]) -> Vec<String> {
    chores.iter().map(|chore| format!("{}: {}", chore.subject, chore.reason)).collect()
}

fn all_done(outcomes: &[Outcome]) {
    assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:#?}");
}

fn block(upkeep: &upkeep::Upkeep) -> &Problem {
    assert_eq!(upkeep.chores.len(), 1, "{upkeep:#?}");
    let State::Block(problem) = &upkeep.chores[0].state else { unreachable!("{upkeep:#?}") };
    problem
}

#[tokio::test]
async fn a_vessel_gets_its_repositories_and_a_new_line_reaches_it_with_the_same_merge() {
    let sea = Sea::new().await;
    let planned = sea.plan(Some(""), VESSEL, &[]).await;
    assert_eq!(
        told(&planned.chores),
        [
            "vessel-1-pull: + fleet/app, fleet/web, a client of vessel-1",
            "vessel-1: + fleet/app, fleet/web; ReadOnly, synchronises `30 * * * *` for PT1H",
        ]
    );
    all_done(&sea.run(&planned.chores).await);
    let it = sea.registry.connected("vessel-1").unwrap();
    assert_eq!((&it["mode"], &it["provisioningState"]), (&"ReadOnly".into(), &"Succeeded".into()));
    assert_eq!(it["parent"]["syncProperties"]["syncWindow"], "PT1H");
    assert!(it["clientTokenIds"][0].as_str().unwrap().ends_with("/tokens/vessel-1-pull"));
    // What is as it is meant to be is left alone, by a schedule as well.
    sea.emulator.world().clear_requests();
    assert_eq!(told(&sea.plan(None, VESSEL, &[]).await.chores), [""; 0]);
    // A line brings a repository: the plan says who gets it, and so it is after the merge.
    let planned = sea.plan(Some(VESSEL), VESSEL, &["fleet/engine", "other/new"]).await;
    assert_eq!(told(&planned.chores), ["vessel-1-pull: + fleet/engine", "vessel-1: + fleet/engine"]);
    assert_eq!(sea.writes(), 0, "a plan writes nothing");
    all_done(&sea.run(&planned.chores).await);
    let map = sea.registry.scope_map("vessel-1").unwrap();
    for action in [
        "repositories/fleet/engine/content/read",
        "repositories/fleet/app/metadata/read",
        "gateway/vessel-1/config/read",
    ] {
        assert!(map.iter().any(|it| it == action), "{map:?}");
    }
    assert_eq!(map.len(), 3 * 2 + 4);
}

#[tokio::test]
async fn lines_that_no_pattern_means_ask_nobody() {
    let sea = Sea::new().await;
    sea.emulator.world().clear_requests();
    let planned = sea.plan(Some(VESSEL), VESSEL, &["other/new"]).await;
    assert!(planned.is_empty() && sea.emulator.world().requests().is_empty());
}

#[tokio::test]
async fn what_was_taken_out_of_the_file_goes_once_its_reviewers_saw_it() {
    let sea = Sea::new().await;
    all_done(&sea.apply(Some(""), VESSEL, &[]).await);
    sea.registry.write_scope_map("somebodys", ["repositories/x/content/read"]);
    let narrow = VESSEL.replace("fleet/*", "fleet/app");
    let mut planned = sea.plan(Some(VESSEL), &narrow, &[]).await;
    assert_eq!(told(&planned.chores), ["vessel-1: - fleet/web", "vessel-1-pull: - fleet/web"]);
    upkeep::compare(&mut planned.chores, None);
    assert!(sea.run(&planned.chores).await.iter().all(|outcome| *outcome == Outcome::Unreviewed));
    all_done(&sea.apply(Some(VESSEL), &narrow, &[]).await);
    assert!(!sea.registry.scope_map("vessel-1").unwrap().iter().any(|action| action.contains("fleet/web")));
    all_done(&sea.apply(Some(&narrow), "", &[]).await);
    assert_eq!(sea.registry.connected_names(), [""; 0]);
    assert_eq!(sea.registry.token_names(), [""; 0]);
    assert!(
        sea.registry.scope_map("vessel-1").is_none() && sea.registry.scope_map("vessel-1-pull-scope-map").is_none()
    );
    assert!(sea.registry.scope_map("somebodys").is_some(), "nothing of others' goes");
}

#[tokio::test]
async fn a_tree_is_created_from_its_root_and_taken_away_from_its_leaves() {
    let sea = Sea::new().await;
    let tree = "connected-registries:
  - { name: cabin-1, parent: deck-1, repositories: [fleet/web] }
  - { name: deck-1, parent: hub-01, repositories: [fleet/app] }
  - { name: hub-01, mode: ReadWrite, repositories: [fleet/app] }
";
    all_done(&sea.apply(Some(""), tree, &[]).await);
    let hub = sea.registry.scope_map("hub-01").unwrap();
    assert!(hub.contains(&"gateway/cabin-1/message/write".to_owned()), "{hub:?}");
    assert!(hub.contains(&"repositories/fleet/web/content/read".to_owned()), "{hub:?}");
    assert_eq!(told(&sea.plan(None, tree, &[]).await.chores), [""; 0]);
    // One branch goes: those above no longer let its messages through.
    let rest: String =
        tree.lines().filter(|line| !line.contains("name: cabin-1")).map(|line| format!("{line}\n")).collect();
    all_done(&sea.apply(Some(tree), &rest, &[]).await);
    let hub = sea.registry.scope_map("hub-01").unwrap();
    assert!(!hub.iter().any(|action| action.contains("cabin-1") || action.contains("fleet/web")), "{hub:?}");
    all_done(&sea.apply(Some(&rest), "", &[]).await);
    assert_eq!(sea.registry.connected_names(), [""; 0]);
}

#[tokio::test]
async fn two_people_who_change_a_scope_map_at_once_lose_nothing() {
    let sea = Sea::new().await;
    all_done(&sea.apply(Some(""), VESSEL, &[]).await);
    let planned = sea.plan(Some(VESSEL), VESSEL, &["fleet/engine"]).await;
    let chores: Vec<_> = planned.chores.into_iter().filter(|chore| chore.subject == "vessel-1").collect();
    // Somebody reads the map before ours is written, and writes it whole right behind it.
    let theirs: Vec<_> = sea.registry.scope_map("vessel-1").unwrap();
    let registry = sea.registry.clone();
    let world = sea.emulator.world().clone();
    world.clear_requests();
    let other = tokio::spawn(async move {
        let is_written =
            || registry.scope_map("vessel-1").is_some_and(|map| map.iter().any(|it| it.contains("engine")));
        while !is_written() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let theirs = theirs.iter().map(String::as_str).chain(["repositories/their/tool/content/read"]);
        registry.write_scope_map("vessel-1", theirs);
    });
    all_done(&sea.run(&chores).await);
    other.await.unwrap();
    // Whichever came last: a run that finds its own missing writes it again, and keeps theirs.
    all_done(&sea.run(&chores).await);
    let map = sea.registry.scope_map("vessel-1").unwrap();
    for repository in ["fleet/engine", "their/tool", "fleet/app"] {
        assert!(map.contains(&format!("repositories/{repository}/content/read")), "{repository}: {map:?}");
    }
}

#[tokio::test]
async fn a_writing_that_is_undone_is_done_again_and_never_called_good() {
    let sea = Sea::new().await;
    all_done(&sea.apply(Some(""), VESSEL, &[]).await);
    let chores = sea.plan(Some(VESSEL), VESSEL, &["fleet/engine"]).await.chores;
    let theirs: Vec<_> = sea.registry.scope_map("vessel-1").unwrap();
    let registry = sea.registry.clone();
    // Somebody who puts it back for ever, and has the time to before anybody looks.
    sea.emulator.world().fault(Fault::delay(Duration::from_millis(50)).method("GET").path("/scopeMaps/").always());
    let other = tokio::spawn(async move {
        loop {
            registry.write_scope_map("vessel-1", theirs.iter().map(String::as_str));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let outcomes = sea.run(&chores).await;
    other.abort();
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Failed(problem) => Some(problem.what.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(failed.len(), 1, "{outcomes:#?}");
    assert!(failed[0].contains("somebody else undid it each time"), "{failed:?}");
}

#[tokio::test]
async fn what_the_registry_cannot_have_is_said_before_anything_is_written() {
    for (sku, expected) in [("Basic", "need the SKU Premium"), ("Standard", "`contosoacr` is Standard")] {
        let sea = Sea::with(Rights::reader().administering_access(), |world| {
            drop(world.azure_registry("contosoacr").sku(sku));
        })
        .await;
        let planned = sea.plan(Some(""), VESSEL, &[]).await;
        assert!(block(&planned).what.contains(expected), "{planned:#?}");
        assert!(matches!(sea.run(&planned.chores).await[..], [Outcome::Blocked(_)]));
        assert_eq!(sea.writes(), 0);
    }
    let sea = Sea::new().await;
    for (file, expected) in [
        (VESSEL.replace("fleet/*", "flet/*"), "`flet/*` means none of the repositories"),
        (
            VESSEL.replace("[vessel-1-pull]", "[their-token]"),
            "the token `their-token` is a client of `vessel-2` already",
        ),
    ] {
        let theirs = VESSEL.replace("vessel-1-pull", "their-token").replace("vessel-1", "vessel-2");
        if sea.registry.connected_names().is_empty() {
            all_done(&sea.apply(Some(""), &theirs, &[]).await);
        }
        sea.emulator.world().clear_requests();
        let planned = sea.plan(Some(""), &file, &[]).await;
        assert!(block(&planned).what.contains(expected), "{planned:#?}");
        assert!(matches!(sea.run(&planned.chores).await[..], [Outcome::Blocked(_)]));
        assert_eq!(sea.writes(), 0);
    }
}

#[tokio::test]
async fn who_may_not_read_or_write_is_told_the_role() {
    let sea = Sea::with(Rights { pull: true, importer: true, ..Rights::none() }, |_| {}).await;
    let planned = sea.plan(Some(""), VESSEL, &[]).await;
    let [Finding { gravity: Gravity::Bad, problem, .. }] = &planned.findings[..] else { unreachable!("{planned:#?}") };
    assert!(problem.hint.as_deref().unwrap().contains("Data Access Configuration Reader"), "{problem}");
    let sea = Sea::with(Rights::reader(), |_| {}).await;
    let outcomes = sea.apply(Some(""), VESSEL, &[]).await;
    for outcome in outcomes {
        let Outcome::Failed(problem) = outcome else { unreachable!("a reader writes nothing") };
        assert!(problem.hint.unwrap().contains("Data Access Configuration Administrator"));
    }
    // Without the right to list, only what the plan brings is known: said, and no success.
    let sea = Sea::with(Rights { reader: true, ..Rights::none() }.administering_access(), |_| {}).await;
    let planned = sea.plan(Some(""), VESSEL, &["fleet/new"]).await;
    assert_eq!(planned.findings[0].gravity, Gravity::Bad);
    assert!(planned.findings[0].problem.hint.as_deref().unwrap().contains("Catalog Lister"), "{planned:#?}");
    assert_eq!(told(&planned.chores)[0], "vessel-1-pull: + fleet/new, a client of vessel-1");
}

#[tokio::test]
async fn settings_are_changed_in_place_and_what_others_have_added_stays() {
    let sea = Sea::new().await;
    all_done(&sea.apply(Some(""), VESSEL, &[]).await);
    let other = VESSEL.replace("30 * * * *", "0 */6 * * *").replace("PT1H", "PT2H").replace(
        "clients: [vessel-1-pull]",
        "clients: [vessel-1-pull, { name: vessel-1-app, repositories: [fleet/app] }], notifications: [\"fleet/app:*:push\"], message-ttl: P10D, log-level: Warning",
    );
    all_done(&sea.apply(Some(VESSEL), &other, &[]).await);
    let it = sea.registry.connected("vessel-1").unwrap();
    let sync = &it["parent"]["syncProperties"];
    assert_eq!(
        [&sync["schedule"], &sync["syncWindow"], &sync["messageTtl"], &it["logging"]["logLevel"]],
        ["0 */6 * * *", "PT2H", "P10D", "Warning"]
    );
    assert_eq!(it["clientTokenIds"].as_array().unwrap().len(), 2);
    assert_eq!(it["notificationsList"][0], "fleet/app:*:push");
    let app = sea.registry.scope_map("vessel-1-app-scope-map").unwrap();
    assert_eq!(app, ["repositories/fleet/app/content/read"]);
    all_done(&sea.apply(Some(&other), VESSEL, &[]).await);
    let it = sea.registry.connected("vessel-1").unwrap();
    assert_eq!((it["clientTokenIds"].as_array().unwrap().len(), &it["notificationsList"]), (1, &serde_json::json!([])));
    assert_eq!(sea.registry.token_names(), ["vessel-1", "vessel-1-pull"], "the token that was made for it is gone");
}

#[tokio::test]
async fn an_attempt_that_broke_off_is_completed_by_the_next() {
    let sea = Sea::new().await;
    sea.emulator.world().fault(Fault::status(403).method("PUT").path("/connectedRegistries/"));
    let outcomes = sea.apply(Some(""), VESSEL, &[]).await;
    assert!(matches!(outcomes[1], Outcome::Failed(_)), "{outcomes:#?}");
    assert_eq!(sea.registry.token_names(), ["vessel-1", "vessel-1-pull"]);
    all_done(&sea.apply(Some(""), VESSEL, &[]).await);
    assert_eq!(sea.registry.connected_names(), ["vessel-1"]);
}

#[tokio::test]
async fn the_scheduled_run_says_how_it_is_and_what_has_not_arrived() {
    let sea = Sea::new().await;
    all_done(&sea.apply(Some(""), VESSEL, &[]).await);
    let findings = async || sea.plan(None, VESSEL, &[]).await.findings;
    let first = findings().await;
    assert_eq!((first.len(), first[0].gravity), (1, Gravity::Warning));
    assert!(first[0].problem.what.contains("it is not deployed"), "{first:#?}");
    let ago = |hours: i64| (OffsetDateTime::now_utc() - time::Duration::hours(hours)).format(&Rfc3339).unwrap();
    let says = Some(("Error", "disk is full"));
    sea.registry.synchronise("vessel-1", Synchronised { state: "Offline", at: &ago(30), says });
    let late = findings().await;
    assert_eq!((late[0].gravity, late[0].subject.as_str()), (Gravity::Bad, "vessel-1"));
    assert!(late[0].problem.what.contains("asked for it by"), "{late:#?}");
    assert!(late.iter().any(|it| it.problem.what == "it says: Error: disk is full"), "{late:#?}");
    let waiting = late.iter().find(|it| it.problem.what.starts_with("not arrived yet: ")).unwrap();
    assert!(waiting.problem.what.contains("`fleet/app:1.0`") && !waiting.problem.what.contains("other/tool"));
    sea.registry.synchronise("vessel-1", Synchronised { state: "Online", at: &ago(-1), says: None });
    let good = findings().await;
    assert_eq!((good.len(), good[0].gravity), (1, Gravity::Note), "{good:#?}");
    // A pull request is about what it changes.
    assert_eq!(sea.plan(Some(VESSEL), VESSEL, &["fleet/app"]).await.findings, []);
}

/// The article's story: repositories are listed, a vessel is made, its cluster gets what it needs and pulls, and a new line
/// of the list comes on board with its merge.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_of_a_vessel() {
    let sea = Sea::with(Rights::contributor(), |world| {
        world.import_latency(Duration::from_millis(20));
        for name in ["team/engine:2.1", "team/galley:1"] {
            world.source("quay.io").put(name, &image());
        }
    })
    .await;
    let folder = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let run = async |line: &str| {
        let mut command = crate::binary::online(folder.path(), &sea.emulator);
        command.args(line.split(' ')).args(["--registry", "contosoacr"]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (crate::binary::code(&output), crate::binary::stdout(&output))
    };
    write("images.txt", "quay.io/team/galley:1 => office/galley\n");
    write("acr-sync.yaml", VESSEL);

    let (code, text) = run("plan images.txt --all").await;
    assert!(code == 2 && text.contains("vessel-1") && text.contains("+ fleet/app, fleet/web"), "{code} {text}");
    assert_eq!(sea.registry.connected_names(), [""; 0], "a plan writes nothing");
    let (code, text) = run("apply images.txt --all").await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(sea.registry.connected("vessel-1").unwrap()["mode"], "ReadOnly");

    // The components on premises, and then the address that they are reached at.
    let (code, text) = run("connected-registry kit vessel-1").await;
    assert_eq!(code, 0, "{text}");
    std::fs::write(folder.path().join("registries.yaml"), "mirrors: {}\n").unwrap();
    let (code, text) =
        run("connected-registry kit vessel-1 --address 10.1.1.1 --registries-yaml registries.yaml").await;
    assert_eq!(code, 0, "{text}");
    let manifest = std::fs::read_to_string(folder.path().join("vessel-1-kit/pull.secret.yaml")).unwrap();
    let password = acr_sync::connected::kit::pull_secret_password(&manifest, "vessel-1-pull").unwrap();
    let password = secrecy::ExposeSecret::expose_secret(&password).to_owned();
    sea.pulls("vessel-1-pull", &password).await;
    let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap();
    sea.registry.synchronise("vessel-1", Synchronised { state: "Online", at: &now, says: None });

    // A new image in the list.
    write("images.txt", "quay.io/team/galley:1 => office/galley\nquay.io/team/engine:2.1 => fleet/engine\n");
    let (code, text) = run("plan images.txt --all").await;
    assert!(code == 2 && text.contains("+ fleet/engine"), "{code} {text}");
    let (code, text) = run("apply images.txt --all").await;
    assert_eq!(code, 0, "{text}");
    for map in ["vessel-1", "vessel-1-pull-scope-map"] {
        let map = sea.registry.scope_map(map).unwrap();
        assert!(map.contains(&"repositories/fleet/engine/content/read".to_owned()), "{map:?}");
    }
    let (code, text) = run("plan images.txt --all").await;
    assert!(code == 0 && text.contains("not arrived yet: `fleet/engine:2.1`"), "{code} {text}");
}

#[tokio::test]
async fn what_is_imported_unchecked_reaches_the_vessel_too() {
    let sea = Sea::with_vessel().await;
    let closed = || Action::Unchecked(Problem::new(Side::Network, "closed"));
    let unchecked = Step { action: closed(), ..step("fleet/engine") };
    // Nobody knows what it would be: it is not imported.
    let unknown = Step { action: closed(), digest: None, ..step("fleet/rudder") };
    let planned = sea.plan_steps(Some(VESSEL), VESSEL, &[unchecked, unknown]).await;
    assert_eq!(told(&planned.chores), ["vessel-1-pull: + fleet/engine", "vessel-1: + fleet/engine"]);
}
