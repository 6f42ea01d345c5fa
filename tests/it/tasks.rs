//! `tasks` of acr-sync.yaml, from the plan to what stands in the registry and runs there, and `acr-sync run`.

use crate::{
    binary::{code, online, stdout},
    scenario::{Run, Scenario},
};
use acr_sync::{
    emulator::{AzureRegistry, CLIENT, Emulator, Image, Rights, SECRET, World},
    report::{Verdict, markdown, terminal},
    upkeep::{Chore, Finding, Gravity, Outcome, State},
};
use serde_json::json;
use std::time::Duration;

const LIST: &str = "# nothing yet\n";
/// The example of the article on authorities, with a clean-up by schedule.
const SETTINGS: &str = "\
tasks:
  - name: yourapp
    images: [\"vendor/yourapp:latest\"]
    context: https://github.com/itpropro/acr-repo
    file: Dockerfile-YourApp
    git-token: $GIT_TOKEN
    credentials: { ghcr.io: { username: visorian, password: $GHCR_TOKEN } }
    triggers: { commit: true, base-image: true, schedule: \"0 3 * * *\" }
  - name: purgeTask
    cmd: acr purge --filter 'YourApp:.*' --untagged --ago 0d
    triggers: { schedule: \"0 * * * *\" }
";
const GIT: &str = "ghp_the-token-of-git";
const GHCR: &str = "the-password-of-ghcr";

fn registry(world: &World) -> AzureRegistry {
    world.azure_registry("contosoacr")
}

fn may(scenario: Scenario) -> Scenario {
    let rights = Rights::importer().contributing_tasks();
    scenario.world(|world| world.identity(CLIENT, SECRET, rights)).input("GIT_TOKEN", GIT).input("GHCR_TOKEN", GHCR)
}

fn planned(settings: &str) -> Scenario {
    may(Scenario::plan(LIST)).settings(settings)
}

fn applied(settings: &str) -> Scenario {
    may(Scenario::apply(LIST)).settings(settings)
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
    let one = |chore: &Chore| format!("{} {}: {}", chore.task.words().0, chore.subject, chore.reason);
    chores(run).iter().map(one).collect()
}

fn writes(run: &Run) -> usize {
    run.world.requests().iter().filter(|seen| seen.method != "GET" && seen.path.contains("/tasks/")).count()
}

/// Returns the only chore's obstacle.
fn block(run: &Run) -> String {
    let [Chore { state: State::Block(problem), .. }] = chores(run) else { panic!("{:#?}", chores(run)) };
    problem.to_string()
}

/// What a run shows anywhere.
fn shown(run: &Run) -> String {
    format!(
        "{:?}{}{}",
        run.report,
        markdown::page(&run.report, markdown::Limits::comment()),
        terminal::text(&run.report, acr_sync::images::Colour::Plain)
    )
}

#[tokio::test]
async fn the_seed_s_tasks_are_planned_made_and_left_alone_then() {
    let plan = planned(SETTINGS).run().await;
    let told_then = told(&plan);
    assert_eq!(
        told_then[0],
        "create yourapp: images vendor/yourapp:latest; file Dockerfile-YourApp; context \
         https://github.com/itpropro/acr-repo.git#main; commit trigger commit on main; base image trigger Runtime; \
         schedule 0 3 * * *; platform linux/amd64; timeout 3600 s; registries ghcr.io"
    );
    let purge = "create purgeTask: command acr purge --filter 'YourApp:.*' --untagged --ago 0d, at most 3600; schedule 0 * * * *; platform linux/amd64; timeout 3600 s";
    assert_eq!(told_then[1], purge);
    assert_eq!((plan.report.verdict(), writes(&plan)), (Verdict::Pending, 0));

    let run = applied(SETTINGS).run().await;
    assert_eq!((told(&run), done(&run)), (told_then, &[Outcome::Done, Outcome::Done][..]), "{:#?}", run.report);
    let task = registry(&run.world).task("yourapp").unwrap();
    let step = &task["properties"]["step"];
    assert_eq!((&step["type"], &step["contextAccessToken"]), (&json!("Docker"), &json!(GIT)));
    let source = &task["properties"]["trigger"]["sourceTriggers"][0];
    assert_eq!(source["sourceRepository"]["sourceControlType"], "Github");
    assert_eq!(source["sourceRepository"]["sourceControlAuthProperties"]["token"], GIT);
    let login = &task["properties"]["credentials"]["customRegistries"]["ghcr.io"];
    assert_eq!((&login["userName"]["value"], &login["password"]["value"]), (&json!("visorian"), &json!(GHCR)));
    assert_eq!(registry(&run.world).task("purgetask").unwrap()["properties"]["step"]["type"], "EncodedTask");
    for run in [&plan, &run] {
        let shown = shown(run);
        assert!(!shown.contains(GIT) && !shown.contains(GHCR), "{shown}");
    }

    let before = writes(&run);
    let again = applied(SETTINGS).after(&run).run().await;
    assert_eq!((told(&again).len(), findings(&again).len(), writes(&again)), (0, 0, before));
    assert_eq!(again.report.verdict(), Verdict::Clean);
}

#[tokio::test]
async fn what_somebody_has_changed_is_drift_and_only_that_is_put_right() {
    let run = applied(SETTINGS).run().await;
    let meddled = json!({
        "agentConfiguration": {"cpu": 4}, "status": "Disabled",
        "trigger": {"timerTriggers": [{"name": "t1", "schedule": "0 4 * * *"}, {"name": "mine", "schedule": "1 1 1 1 *"}]},
    });
    registry(&run.world).change_task("yourapp", &meddled);
    registry(&run.world).change_task("purgeTask", &json!({"timeout": 600}));
    let drift = planned(SETTINGS).after(&run).run().await;
    assert_eq!(
        told(&drift),
        [
            "update yourapp: schedule was 0 4 * * *, 1 1 1 1 *, stated 0 3 * * *; status was Disabled, stated Enabled",
            "update purgeTask: timeout was 600 s, stated 3600 s",
        ]
    );
    let before = run.world.requests().len();
    let mended = applied(SETTINGS).after(&run).run().await;
    assert_eq!(done(&mended), [Outcome::Done, Outcome::Done], "{:#?}", mended.report);
    let written = run.world.requests()[before..].iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!(written, 2);
    let task = registry(&run.world).task("yourapp").unwrap();
    assert_eq!(task["properties"]["agentConfiguration"]["cpu"], 4, "nobody states it");
    assert_eq!(task["properties"]["trigger"]["timerTriggers"][1]["status"], "Disabled");
    assert_eq!(task["properties"]["step"]["contextAccessToken"], GIT);
    assert_eq!(told(&planned(SETTINGS).after(&run).run().await).len(), 0);
}

#[tokio::test]
async fn another_secret_and_another_registry_are_sent_and_one_that_is_not_stated_goes() {
    let run = applied(SETTINGS).run().await;
    let other = |scenario: Scenario| scenario.after(&run).input("GHCR_TOKEN", "another-password");
    let plan = other(planned(SETTINGS)).run().await;
    assert_eq!(told(&plan), ["update yourapp: the credentials are others"]);
    let rotated = other(applied(SETTINGS)).run().await;
    assert_eq!(done(&rotated), [Outcome::Done]);
    let login = |world: &World, host: &str| {
        registry(world).task("yourapp").unwrap()["properties"]["credentials"]["customRegistries"][host].clone()
    };
    assert_eq!(login(&run.world, "ghcr.io")["password"]["value"], "another-password");
    assert!(!shown(&rotated).contains("another-password"));

    let moved = SETTINGS.replace("ghcr.io: {", "quay.io: {");
    let changed = other(applied(&moved)).run().await;
    assert_eq!(told(&changed), ["update yourapp: registries was ghcr.io, stated quay.io; the credentials are others"]);
    assert_eq!(login(&run.world, "quay.io")["password"]["value"], "another-password");
    assert!(login(&run.world, "ghcr.io").is_null());

    let bare = "tasks: [{ name: yourapp, images: [\"vendor/yourapp:latest\"], context: \"https://github.com/itpropro/acr-repo\", file: Dockerfile-YourApp }]";
    let changed = other(applied(bare)).run().await;
    assert_eq!(done(&changed), [Outcome::Done], "{:#?}", told(&changed));
    let task = registry(&run.world).task("yourapp").unwrap();
    assert!(!task.to_string().contains("another-password") && !task.to_string().contains(GIT), "{task}");
    assert_eq!(told(&other(planned(bare)).run().await), [""; 0]);
}

#[tokio::test]
async fn only_entries_that_changed_are_looked_at_and_one_that_is_gone_is_said_to_stay() {
    let changed = SETTINGS.replace("--ago 0d", "--ago 7d");
    let run = applied(SETTINGS).run().await;
    let before = run.world.requests().len();
    let plan = planned(&changed).base(LIST).settings_base(SETTINGS).after(&run).run().await;
    assert!(told(&plan)[0].starts_with("update purgeTask: command was acr purge"), "{:?}", told(&plan));
    let asked = run.world.requests()[before..].iter().filter(|seen| seen.path.contains("/tasks/yourapp")).count();
    assert_eq!((told(&plan).len(), asked), (1, 0));
    let less = SETTINGS.split("  - name: purgeTask").next().unwrap();
    let plan = planned(less).base(LIST).settings_base(SETTINGS).after(&run).run().await;
    let [Finding { subject, gravity: Gravity::Warning, problem, .. }] = findings(&plan) else {
        panic!("{plan:?}", plan = plan.report)
    };
    assert_eq!((subject.as_str(), told(&plan).len()), ("purgeTask", 0));
    assert!(problem.to_string().contains("az acr task delete --name purgeTask"));
}

#[tokio::test]
async fn what_is_missing_is_found_before_anything_is_sent() {
    let without = may(Scenario::plan(LIST))
        .settings(SETTINGS.split("  - name: purgeTask").next().unwrap())
        .input("GIT_TOKEN", "");
    let run = without.run().await;
    assert!(
        block(&run).contains("the variable `GIT_TOKEN`, which `git-token` of the task `yourapp` names, is not set")
    );
    assert_eq!(run.report.verdict(), Verdict::Failed);

    let pool = "tasks: [{ name: purge, cmd: acr purge, agent-pool: inside }]";
    let run = planned(pool).run().await;
    assert!(
        block(&run).contains("the registry has no agent pool `inside`")
            && block(&run).contains("az acr agentpool create")
    );
    let run = applied(pool).world(|world| registry(world).agent_pool("inside")).run().await;
    assert_eq!(done(&run), [Outcome::Done]);
    assert_eq!(registry(&run.world).task("purge").unwrap()["properties"]["agentPoolName"], "inside");

    let run = planned("tasks: [{ name: purge, cmd: acr purge }]").world(|world| registry(world).abac()).run().await;
    assert!(block(&run).contains("ABAC mode") && block(&run).contains("identity: system"), "{}", block(&run));
    let own = "tasks: [{ name: purge, cmd: acr purge, identity: system }]";
    let run = applied(own).world(|world| registry(world).abac()).run().await;
    let task = registry(&run.world).task("purge").unwrap();
    assert_eq!(task["properties"]["credentials"]["sourceRegistry"]["identity"], "[system]");
    assert_eq!(
        (&task["identity"]["type"], told(&planned(own).after(&run).run().await).len()),
        (&json!("SystemAssigned"), 0)
    );
}

#[tokio::test]
async fn nonsense_in_the_file_stops_the_run_where_it_stands() {
    for (text, why) in [
        ("tasks:\n- { name: purge, cmd: x, triggers: { schedule: hourly } }\n", "line 2, column 36"),
        (
            "tasks:\n- { name: builder, context: \"https://github.com/o/r\", images: [\"a:1\"], triggers: { commit: true } }\n",
            "the commit trigger needs `git-token`",
        ),
    ] {
        let run = planned(text).run().await;
        let said = format!("{:?}", run.report);
        assert!(said.contains(why) && run.report.verdict() == Verdict::Failed, "{said}");
        assert_eq!(run.world.requests().len(), 0);
    }
}

#[tokio::test]
async fn who_may_not_change_tasks_is_told_the_role_and_who_may_not_read_them_too() {
    let purge = "tasks: [{ name: purge, cmd: acr purge }]";
    let reading = |world: &World| world.identity(CLIENT, SECRET, Rights { reader: true, ..Rights::importer() });
    let run = applied(purge).world(reading).run().await;
    let [Outcome::Failed(problem)] = done(&run) else { panic!("{:#?}", done(&run)) };
    assert!(problem.to_string().contains("Grant this identity *Container Registry Tasks Contributor*"), "{problem}");
    let run = planned(purge).world(|world| world.identity(CLIENT, SECRET, Rights::importer())).run().await;
    let [Finding { gravity: Gravity::Bad, problem, .. }] = findings(&run) else { panic!("{:#?}", findings(&run)) };
    assert!(problem.to_string().contains("Container Registry Tasks Contributor"), "{problem}");
}

#[tokio::test]
async fn what_the_service_says_is_shown_without_secrets_and_as_text() {
    let run = applied(SETTINGS).run().await;
    let name = "x` **bold** ::error::y\n##vso[task.complete]";
    registry(&run.world)
        .change_task("yourapp", &json!({"trigger": {"timerTriggers": [{"name": "t9", "schedule": name}]}}));
    let drift = planned(SETTINGS).after(&run).run().await;
    let page = markdown::page(&drift.report, markdown::Limits::comment());
    let log = terminal::text(&drift.report, acr_sync::images::Colour::Plain);
    assert!(page.contains("`**bold**` `::error::y"), "{page}");
    let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##vso[");
    assert!(log.contains("::error") && !log.lines().any(is_command), "{log}");
}

#[tokio::test]
async fn a_secret_that_the_service_repeats_is_not_shown() {
    // The refusal names the action: here it is what the variable holds.
    let secret = "registries/tasks/write";
    let reading = |world: &World| world.identity(CLIENT, SECRET, Rights { reader: true, ..Rights::importer() });
    let run = applied(SETTINGS).world(reading).input("GIT_TOKEN", secret).run().await;
    let [Outcome::Failed(problem), Outcome::Failed(other)] = done(&run) else { panic!("{:#?}", done(&run)) };
    assert!(problem.what.contains("***") && !problem.what.contains(secret), "{problem}");
    assert!(other.what.contains(secret), "{other}");
}

/// The real program, beside the stand-in.
async fn ran(world: World, task: &str) -> (i32, String, Emulator) {
    let emulator = Emulator::start(world).await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let mut command = online(folder.path(), &emulator);
    command.args(["run", task, "--registry", "contosoacr"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = format!("{}{}", stdout(&output), String::from_utf8_lossy(&output.stderr));
    (code(&output), said, emulator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_run_on_request_and_its_log_is_shown() {
    let settings =
        "tasks: [{ name: builder, images: [\"app/web:latest\"], context: \"https://github.com/contoso/app\" }]";
    let made = applied(settings).run().await;
    made.world.run_latency(Duration::from_millis(1));
    registry(&made.world).put("base/debian:12", &Image::index(["linux/amd64"]));
    let dockerfile = "FROM contosoacr.azurecr.io/base/debian:12\nLABEL title=web\n";
    made.world.source_code("https://github.com/contoso/app.git#main", [("Dockerfile", dockerfile)]);
    let (code, said, _emulator) = ran(made.world.clone(), "builder").await;
    let digest = registry(&made.world).tag("app/web", "latest").unwrap();
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("run ca1 of builder at contosoacr.azurecr.io\n") && said.contains("Step 1/2 : FROM"),
        "{said}"
    );
    assert!(said.ends_with(&format!("pushed contosoacr.azurecr.io/app/web:latest@{digest}\n")), "{said}");

    made.world.source_code("https://github.com/contoso/app.git#main", [("Dockerfile", "RUN nothing\n")]);
    let (code, said, _emulator) = ran(made.world.clone(), "builder").await;
    assert!(code == 1 && said.contains("the run `ca2` failed"), "{said}");
    let (code, said, _emulator) = ran(made.world.clone(), "nobody").await;
    assert!(code == 1 && said.contains("the registry has no task `nobody`"), "{said}");
}
