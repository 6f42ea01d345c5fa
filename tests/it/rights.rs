//! Least rights: what the README grants is enough for what it says, and one right less is not, and is named.

use crate::{
    building::Bench,
    connected::{Sea, VESSEL},
    scenario::{NGINX, Run, Scenario, image},
    workflow::{LINE, Workflow},
};
use acr_sync::{
    emulator::{CLIENT, Rights, SECRET},
    report::{Verdict, json},
    upkeep::{Chore, Outcome},
};
use std::collections::BTreeMap;

/// How a registry asks who may touch its repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Classic,
    Abac,
}

fn readme() -> String {
    std::fs::read_to_string("README.md").unwrap()
}

/// Returns the names between asterisks.
fn roles(text: &str) -> Vec<String> {
    text.split('*').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns the table of roles: what is to be done, and the cell that says what that takes.
fn table() -> BTreeMap<String, String> {
    let readme = readme();
    let table = readme.split_once("| what | role on the target registry |\n").unwrap().1;
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches('|').split_once(" | ").unwrap());
    cells.map(|(what, role)| (what.trim().to_owned(), role.trim().to_owned())).collect()
}

/// Returns the roles of a cell in a mode of the registry; what stands *besides* comes to those of every run.
fn needed(cell: &str, mode: Mode) -> Vec<String> {
    let (always, abac) = cell.split_once("in ABAC mode").unwrap_or((cell, ""));
    let mut found = if cell.starts_with("besides") { roles(&table()["plan and apply"]) } else { Vec::new() };
    found.extend(match mode {
        // `besides` at the end of the cell: the role of ABAC mode comes to the other.
        Mode::Abac if abac.trim_end().ends_with("besides") => [roles(always), roles(abac)].concat(),
        Mode::Abac if !abac.is_empty() => roles(abac),
        Mode::Abac | Mode::Classic => roles(always),
    });
    found
}

/// Returns exactly these roles' rights.
fn rights(roles: &[String]) -> Rights {
    let mut rights = Rights::none();
    for role in roles {
        *match role.as_str() {
            "Container Registry Data Importer and Data Reader" => &mut rights.importer,
            "Reader" => &mut rights.reader,
            "AcrPush" => &mut rights.push,
            "AcrDelete" => &mut rights.delete,
            "Container Registry Repository Writer" => &mut rights.repository_writer,
            "Container Registry Repository Contributor" => &mut rights.repository_contributor,
            "Container Registry Tasks Contributor" => &mut rights.tasks_contributor,
            "Container Registry Contributor and Data Access Configuration Administrator" => {
                &mut rights.access_administrator
            }
            other => panic!("the README grants *{other}*, which the stand-in does not know"),
        } = true;
    }
    rights
}

/// Does a thing with all rights, and then with each one less: all are enough, and each that is missing is named.
async fn least<F: Future<Output = Result<(), String>>>(what: &str, roles: &[String], work: impl Fn(Rights) -> F) {
    assert!(!roles.is_empty(), "{what}");
    if let Err(said) = work(rights(roles)).await {
        panic!("{what}: {roles:?} are not enough: {said}");
    }
    for missing in roles {
        let less: Vec<_> = roles.iter().filter(|role| *role != missing).cloned().collect();
        let said = work(rights(&less)).await;
        let said = said.expect_err(&format!("{what}: *{missing}* is not needed"));
        // By its name, or by that of the action that it has and the others have not.
        let action = match missing.as_str() {
            "Container Registry Tasks Contributor" => "listBuildSourceUploadUrl",
            other => other,
        };
        assert!(said.contains(missing.as_str()) || said.contains(action), "{what}: *{missing}* is not named: {said}");
    }
}

fn with(scenario: Scenario, rights: Rights, mode: Mode) -> Scenario {
    scenario.world(move |world| {
        world.identity(CLIENT, SECRET, rights);
        if mode == Mode::Abac {
            world.azure_registry("contosoacr").abac();
        }
    })
}

fn good(run: &Run) -> Result<(), String> {
    if run.report.verdict() == Verdict::Clean { Ok(()) } else { Err(json::result_json(&run.report)) }
}

#[tokio::test]
async fn a_plan_and_an_apply_need_their_role_and_nothing_else() {
    for mode in [Mode::Classic, Mode::Abac] {
        let cell = &table()["plan and apply"];
        least("plan and apply", &needed(cell, mode), async |rights| {
            let scene = |scenario: Scenario| with(scenario.source(NGINX, &image()), rights.clone(), mode);
            let plan = scene(Scenario::plan(&format!("{NGINX} => a"))).run().await;
            if plan.report.verdict() != Verdict::Pending {
                return Err(json::plan_json(&plan.report));
            }
            good(&scene(Scenario::apply(&format!("{NGINX} => a"))).run().await)
        })
        .await;
    }
}

#[tokio::test]
async fn a_copy_needs_the_right_to_push() {
    for mode in [Mode::Classic, Mode::Abac] {
        let mut roles = needed(&table()["a line that the runner copies"], mode);
        if mode == Mode::Classic {
            // The importer's role finds the registry; without it nobody would come to push.
            assert_eq!(roles.len(), 2);
        }
        roles.rotate_left(1);
        least("a copy", &roles, async |rights| {
            let scenario = Scenario::apply(&format!("{NGINX} => a")).input("INPUT_DIRECT-SOURCES", "docker.io");
            good(&with(scenario.source(NGINX, &image()), rights, mode).run().await)
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_taken_away_needs_the_right_to_delete() {
    for mode in [Mode::Classic, Mode::Abac] {
        let roles = needed(&table()["`removed: untag`, `cleanup`"], mode);
        least("untag", &roles, async |rights| {
            let scene = |scenario: Scenario| {
                let scenario = scenario.base(&format!("{NGINX} => a\nquay.io/team/app:1 => b\n"));
                let scenario = scenario.settings("removed: untag\n").source(NGINX, &image());
                with(scenario.present("a:1.27", &image()).present("b:1", &image()), rights.clone(), mode)
            };
            let head = format!("{NGINX} => a\n");
            let plan = Box::pin(scene(Scenario::plan(&head)).run()).await;
            good(&Box::pin(scene(Scenario::apply(&head)).reviewed(&plan).run()).await)
        })
        .await;
    }
}

#[tokio::test]
async fn a_source_of_the_subscription_needs_the_same_role_there() {
    assert_eq!(table()["a source that is an ACR of the same subscription"], "the same role there");
    let roles = needed(&table()["plan and apply"], Mode::Classic);
    let apply = async |registries: &[&str]| {
        let scenario = Scenario::apply("fabrikamacr.azurecr.io/team/app:1 => app").world(|world| {
            world.azure_registry("fabrikamacr").put("team/app:1", &image());
        });
        let rights = rights(&roles).only_on(registries.iter().copied());
        good(&with(scenario, rights, Mode::Classic).run().await)
    };
    apply(&["contosoacr", "fabrikamacr"]).await.unwrap();
    let said = apply(&["contosoacr"]).await.unwrap_err();
    assert!(said.contains("fabrikamacr.azurecr.io"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_needs_the_right_to_run_tasks() {
    for mode in [Mode::Classic, Mode::Abac] {
        let roles = needed(&table()["`acr-sync build`, `acr-sync run`, `tasks`"], mode);
        let build = async |rights: Rights| {
            let bench = Bench::new(|world| {
                world.identity(CLIENT, SECRET, rights);
                if mode == Mode::Abac {
                    world.azure_registry("contosoacr").abac();
                }
            });
            let (code, said) = bench.await.build("app -t app/web:1", &[]).await;
            if code == 0 { Ok(()) } else { Err(said) }
        };
        build(rights(&roles)).await.unwrap();
        for missing in &roles {
            let less: Vec<_> = roles.iter().filter(|role| *role != missing).cloned().collect();
            let said = build(rights(&less)).await.unwrap_err();
            // In ABAC mode it is the run in Azure that is refused, and its log says so.
            let is_named = said.contains(missing.as_str())
                || said.contains("authentication required")
                || said.contains("that this identity can see")
                || said.contains("sees no subscription");
            assert!(is_named, "*{missing}* is not named: {said}");
        }
    }
}

#[tokio::test]
async fn connected_registries_are_read_with_one_role_and_written_with_another() {
    let table = table();
    let cell = &table["connected registries"];
    let [importer, reader, administrator] = &needed(cell, Mode::Classic)[..] else { panic!("{cell}") };
    let sea = Sea::with(rights(&[importer.clone(), reader.clone()]), |_| {}).await;
    let planned = Box::pin(sea.plan(Some(""), VESSEL, &[])).await;
    assert!(planned.findings.is_empty() && !planned.chores.is_empty(), "{planned:#?}");
    let outcomes = Box::pin(sea.apply(Some(""), VESSEL, &[])).await;
    assert!(outcomes.iter().any(|outcome| format!("{outcome:?}").contains(administrator.as_str())), "{outcomes:#?}");
    let sea = Sea::with(rights(std::slice::from_ref(importer)), |_| {}).await;
    let planned = Box::pin(sea.plan(Some(""), VESSEL, &[])).await;
    assert!(planned.chores.iter().filter_map(Chore::mark).count() == 0 && !planned.findings.is_empty(), "{planned:#?}");
    let sea = Sea::with(rights(&[importer.clone(), administrator.clone()]), |_| {}).await;
    let outcomes = Box::pin(sea.apply(Some(""), VESSEL, &[])).await;
    assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:#?}");
}

#[test]
fn every_row_of_the_table_is_tried() {
    let tried = [
        "`acr-sync build`, `acr-sync run`, `tasks`",
        "`removed: untag`, `cleanup`",
        "a line that the runner copies",
        "a source that is an ACR of the same subscription",
        "connected registries",
        "plan and apply",
    ];
    assert_eq!(table().keys().map(String::as_str).collect::<Vec<_>>(), tried);
}

/// Returns the permissions that the README gives the workflow, but the one for signing in, which is no matter of GitHub's API.
fn permissions() -> Vec<String> {
    let readme = readme();
    let block = readme.split_once("## GitHub\n").unwrap().1.split_once("permissions:\n").unwrap().1;
    let lines = block.lines().take_while(|line| line.starts_with("  "));
    let named = lines.map(|line| line.split('#').next().unwrap().trim().to_owned());
    named.filter(|line| !line.starts_with("id-token")).collect()
}

#[tokio::test]
async fn each_permission_of_the_workflow_is_needed_and_is_named_where_it_is_missing() {
    let all = permissions();
    assert_eq!(all.len(), 4, "{all:?}");
    for missing in &all {
        let workflow = Workflow::of(LINE).await;
        let less: Vec<_> = all.iter().filter(|right| *right != missing).map(String::as_str).collect();
        workflow.repository.token("t", &less);
        let plan = workflow.pull_request().await;
        let result = workflow.push().await;
        let told = [&plan, &result].map(|step| format!("{}{}", step.printed, json::result_json(step.report())));
        let said = told.concat();
        assert!(said.contains(missing.as_str()), "{missing} is not named: {said}");
    }
}
