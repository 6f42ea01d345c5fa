//! The README, followed to the letter.

use crate::{
    binary::{code, commit, online},
    pipeline::{MAIN, Pipeline},
    workflow::{LINE, Workflow},
};
use acr_sync::{
    emulator::{CLIENT, Emulator, HUB_ACCOUNT, Image, Rights, SECRET, TENANT, World},
    plan::Shard,
    report::Verdict,
};

/// Returns the first YAML block below a heading.
fn block(heading: &str) -> String {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = readme.split_once(&format!("# {heading}\n")).unwrap().1;
    section.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

fn example(heading: &str) -> serde_yaml::Value {
    serde_yaml::from_str(&block(heading)).unwrap()
}

/// Returns what a workflow's expression stands for in the stand-in's world.
fn value(text: &str) -> &str {
    match text {
        "contoso" => "contosoacr",
        "${{ vars.AZURE_TENANT_ID }}" => TENANT,
        "${{ vars.AZURE_CLIENT_ID }}" => CLIENT,
        "${{ vars.DOCKER_USERNAME }}" => HUB_ACCOUNT.0,
        "${{ secrets.DOCKER_PASSWORD }}" => HUB_ACCOUNT.1,
        other => other,
    }
}

#[tokio::test]
async fn the_workflow_for_github_plans_and_applies_with_the_permissions_it_asks_for() {
    let example = example("GitHub");
    let mut workflow = Workflow::of(LINE).await.set("INPUT_CLIENT-SECRET", "");
    drop(workflow.world.source("docker.io").account(HUB_ACCOUNT.0, HUB_ACCOUNT.1));
    let steps = example["jobs"]["sync"]["steps"].as_sequence().unwrap();
    assert!(steps.iter().all(|step| !step["uses"].as_str().unwrap_or_default().contains("checkout")));
    let with = steps.iter().find_map(|step| step["with"].as_mapping()).unwrap();
    for (name, text) in with {
        let name = format!("INPUT_{}", name.as_str().unwrap().to_uppercase());
        workflow = workflow.set(&name, value(text.as_str().unwrap()));
    }
    let permissions: Vec<_> = example["permissions"]
        .as_mapping()
        .unwrap()
        .iter()
        .map(|(name, right)| format!("{}: {}", name.as_str().unwrap(), right.as_str().unwrap()))
        .collect();
    assert!(permissions.contains(&"id-token: write".to_owned()));
    let rights: Vec<_> =
        permissions.iter().map(String::as_str).filter(|right| !right.starts_with("id-token")).collect();
    workflow.repository.token("t", &rights);
    for context in ["pull_request", "ref:refs/heads/main"] {
        let subject = workflow.repository.subject(context);
        workflow.world.federated_identity(CLIENT, &workflow.repository.issuer(), &subject, Rights::importer());
    }

    let workflow = workflow.by_oidc("pull_request");
    let plan = workflow.pull_request().await;
    assert_eq!(plan.report().verdict(), Verdict::Pending, "{}", plan.printed);
    assert!(workflow.comments()[0].contains("1 to import"));

    let workflow = workflow.by_oidc("ref:refs/heads/main");
    let result = workflow.push().await;
    assert_eq!(result.report().verdict(), Verdict::Clean, "{:?}", result.report().parts[0].body);
    assert!(workflow.comments()[0].contains("1 imported"));

    let whole = workflow.run("schedule", "{}", &workflow.merge).await;
    assert_eq!(whole.report().totals().keep, 1, "{}", whole.printed);
    for step in [plan, result, whole] {
        assert!(!step.printed.contains("::warning::"), "a permission is missing: {}", step.printed);
    }
}

#[test]
fn the_pipeline_for_azure_devops_names_the_task_and_its_inputs() {
    let text = std::fs::read_to_string("task.json").unwrap();
    let task: serde_json::Value = serde_json::from_str(&text).unwrap();
    let example = example("Azure Pipelines");
    let step = &example["steps"][0];
    let name = format!("{}@{}", task["name"].as_str().unwrap(), task["version"]["Major"]);
    assert_eq!(step["task"].as_str(), Some(name.as_str()));
    let declared: Vec<_> =
        task["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect();
    for (name, _) in step["inputs"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        assert!(declared.contains(&name), "{name}");
    }
    let page = std::fs::read_to_string("extension/marketplace.md").unwrap();
    assert!(page.contains(&block("Azure Pipelines")), "the marketplace's page has another pipeline");
}

#[test]
fn the_jobs_that_share_a_list_are_each_another_shard_of_it() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = readme.split_once("## Several jobs\n").unwrap().1.split_once("\n## ").unwrap().0;
    let blocks = section.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let [github, azure]: [serde_yaml::Value; 2] =
        blocks.map(|text| serde_yaml::from_str(text).unwrap()).collect::<Vec<_>>().try_into().unwrap();
    let job = &github["jobs"]["sync"];
    let given = job["steps"][0]["with"]["shard"].as_str().unwrap();
    let numbers = job["strategy"]["matrix"]["shard"].as_sequence().unwrap();
    let count = numbers.len();
    for (index, number) in numbers.iter().enumerate() {
        let shard = given.replace("${{ matrix.shard }}", &number.as_u64().unwrap().to_string());
        assert_eq!(shard.parse::<Shard>().unwrap().to_string(), format!("{}/{count}", index + 1));
    }
    let task: serde_json::Value = serde_json::from_str(&std::fs::read_to_string("task.json").unwrap()).unwrap();
    let inputs = azure["steps"][0]["inputs"].as_mapping().unwrap();
    assert!(
        inputs.keys().all(|name| task["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["name"] == *name.as_str().unwrap()))
    );
    let given = azure["steps"][0]["inputs"]["shard"].as_str().unwrap();
    let parallel = azure["strategy"]["parallel"].as_u64().unwrap();
    let shard =
        given.replace("$(System.JobPositionInPhase)", "2").replace("$(System.TotalJobsInPhase)", &parallel.to_string());
    assert_eq!(shard.parse::<Shard>().unwrap().to_string(), "2/3");
}

#[tokio::test]
async fn the_pipeline_for_azure_devops_plans_and_applies_with_the_permissions_it_asks_for() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let mut pipeline = Pipeline::of(LINE).await;
    // Those that the README names, and no other.
    for permission in ["*Read*", "*Contribute to pull requests*", "*View builds*"] {
        assert!(readme.contains(permission), "{permission}");
    }
    pipeline.repository.token("t", &["read", "contribute", "builds"]);
    let example = example("Azure Pipelines");
    for (name, text) in example["steps"][0]["inputs"].as_mapping().unwrap() {
        let name = format!("INPUT_{}", name.as_str().unwrap().to_uppercase());
        let text = match text.as_str().unwrap() {
            "SERVICE-CONNECTION" => pipeline.connection.id.clone(),
            text => value(text).to_owned(),
        };
        pipeline = pipeline.set(&name, &text);
    }
    let plan = pipeline.pull_request().await;
    assert_eq!(plan.report().verdict(), Verdict::Pending, "{}", plan.printed);
    assert!(pipeline.threads()[0].content.contains("1 to import"));

    let result = pipeline.push().await;
    assert_eq!(result.report().verdict(), Verdict::Clean, "{:?}", result.report().parts[0].body);
    assert!(pipeline.threads()[0].content.contains("1 imported"));

    let whole = pipeline.run("Schedule", MAIN, &pipeline.merge).await;
    assert_eq!(whole.report().totals().keep, 1, "{}", whole.printed);
    for step in [plan, result, whole] {
        assert!(!step.printed.contains("type=warning"), "a permission is missing: {}", step.printed);
    }
}

#[test]
fn the_lists_can_be_read() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let lists: Vec<_> = readme.split("```text\n").skip(1).map(|block| block.split_once("```").unwrap().0).collect();
    let lines: usize = lists
        .iter()
        .map(|list| {
            let parsed = acr_sync::images::parse(list.as_bytes(), None);
            assert_eq!(parsed.errors, [], "{list}");
            parsed.list.len()
        })
        .sum();
    assert_eq!((lists.len(), lines), (3, 10));
}

#[test]
fn every_example_of_the_settings_is_read() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = readme.split_once("\n## Beside the list\n").unwrap().1.split_once("\n## ").unwrap().0;
    let examples: Vec<_> = section.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    for example in &examples {
        let settings = acr_sync::settings::parse(example.as_bytes()).map_err(|error| error.to_string());
        assert_ne!(settings, Ok(Default::default()), "{example}");
        assert!(settings.is_ok(), "{settings:?}: {example}");
    }
    assert!(examples.len() >= 2);
}

#[test]
fn the_rules_of_the_readme_are_read() {
    let settings = acr_sync::settings::parse(block("Rules for every line").as_bytes()).unwrap();
    assert_eq!(settings.policy.allow.map(|allowed| allowed.len()), Some(3));
    assert!(settings.policy.deny_latest && settings.policy.max_size.is_some());
}

#[test]
fn what_is_said_of_connected_registries_is_read() {
    let page = std::fs::read_to_string("docs/connected-registries.md").unwrap();
    let example = page.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    for (text, number) in [(block("Ships and factories"), 1), (example.to_owned(), 2)] {
        assert_eq!(acr_sync::settings::parse(text.as_bytes()).unwrap().connected_registries.len(), number, "{text}");
    }
}

#[test]
fn what_is_said_of_tasks_is_read() {
    let page = std::fs::read_to_string("docs/builds.md").unwrap();
    let example = page.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    for text in [block("Tasks that stand in the registry"), example.to_owned()] {
        assert_eq!(acr_sync::settings::parse(text.as_bytes()).unwrap().tasks.len(), 2, "{text}");
    }
}

#[test]
fn what_is_said_of_clean_up_is_read() {
    let page = std::fs::read_to_string("docs/clean-up.md").unwrap();
    let example = page.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    for (text, number) in [(block("Clean-up"), 1), (example.to_owned(), 3)] {
        assert_eq!(acr_sync::settings::parse(text.as_bytes()).unwrap().cleanup.len(), number, "{text}");
    }
}

/// What a reader may type of a page: the lines of its blocks for a shell, block by block, and what stands in its text.
#[derive(Default)]
struct Commands {
    blocks: Vec<Vec<String>>,
    spoken: Vec<String>,
}

impl Commands {
    /// Reads every page of the project.
    fn of_all_pages() -> Self {
        let documents = std::fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
        let pages = documents.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
        let mut all = Self::default();
        for page in pages.chain(["README.md", "SECURITY.md", "extension/marketplace.md"].map(Into::into)) {
            all.take(&std::fs::read_to_string(page).unwrap());
        }
        all
    }

    fn take(&mut self, page: &str) {
        let (mut prose, mut fence) = (String::new(), None);
        for line in page.lines() {
            match (line.trim_start().strip_prefix("```"), fence) {
                (Some(_), Some(_)) => fence = None,
                (Some(kind), None) => {
                    fence = Some(kind);
                    self.blocks.push(Vec::new());
                }
                (None, Some("sh")) => {
                    // What comes before a pipe is another's.
                    let ours = line.rsplit(" | ").next().and_then(|part| part.split(" #").next());
                    let ours = ours.filter(|part| part.starts_with("acr-sync "));
                    self.blocks.last_mut().unwrap().extend(ours.map(|part| part.trim_end().to_owned()));
                }
                (None, Some(_)) => {}
                (None, None) => prose.extend([line, "\n"]),
            }
        }
        let spans =
            prose.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
        let ours = spans.map(|span| span.trim_start_matches("script: ").to_owned());
        // `acr-sync 2/3` is the name of a check run.
        let is_command = |span: &String| {
            span.strip_prefix("acr-sync ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        };
        self.spoken.extend(ours.filter(is_command));
    }

    /// Returns the block that has a command.
    fn block(&self, with: &str) -> &[String] {
        self.blocks.iter().find(|block| block.iter().any(|line| line.contains(with))).unwrap()
    }
}

#[test]
fn every_command_of_the_pages_is_one_that_the_program_reads() {
    let commands = Commands::of_all_pages();
    let cluster = acr_sync::settings::parse(block("Whether clusters can pull").as_bytes()).unwrap().pull_check;
    let mut read = std::collections::BTreeMap::<String, usize>::new();
    for command in commands.blocks.iter().flatten().chain(&commands.spoken) {
        let words = command.replace(" ID ", &format!(" {} ", cluster[0].cluster));
        let words: Vec<_> = words.split(' ').collect();
        if words.len() == 2 || words.last() == Some(&"--help") {
            // Named, and not given: its help says that it is there.
            let mut help = assert_cmd::Command::cargo_bin("acr-sync").unwrap();
            assert_eq!(help.args([words[1], "--help"]).output().unwrap().status.code(), Some(0), "{command}");
        } else {
            let meant = acr_sync::cli::read(words.iter().map(Into::into));
            assert!(meant.is_ok_and(|meant| !matches!(meant, acr_sync::cli::Command::Action)), "{command}");
        }
        *read.entry(words[1].to_owned()).or_default() += 1;
    }
    let expected = [
        ("apply", 3),
        ("build", 7),
        ("check", 1),
        ("connected-registry", 3),
        ("doctor", 2),
        ("emulator", 2),
        ("plan", 4),
        ("run", 3),
        ("scan", 5),
    ];
    assert_eq!(read, expected.map(|(name, number)| (name.to_owned(), number)).into());
}

/// Follows commands in a folder, one behind the other, and returns their exit codes.
async fn followed(commands: &[String], folder: &std::path::Path, emulator: &Emulator) -> Vec<i32> {
    let mut codes = Vec::new();
    for command in commands {
        let words = command.replace("--registry contoso", "--registry contosoacr");
        let mut program = online(folder, emulator);
        program.args(words.split(' ').skip(1));
        let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
        codes.push(code(&output));
    }
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commands_are_followed() {
    let commands = Commands::of_all_pages();
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("images.txt"), LINE).unwrap();
    let emulator = Emulator::start(World::demo()).await.unwrap();
    let first = commands.block("acr-sync check images.txt");
    assert_eq!(followed(first, folder.path(), &emulator).await, [0, 2, 0], "read, pending, applied");
}

#[test]
fn the_stand_in_is_served_until_it_is_stopped() {
    let commands = Commands::of_all_pages();
    let words = commands.block("acr-sync emulator")[0].split(' ').skip(1);
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("acr-sync"));
    let mut served = command.args(words).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(served.stdout.take().unwrap()), &mut line).unwrap();
    served.kill().unwrap();
    served.wait().unwrap();
    assert!(line.starts_with("# An Azure Container Registry"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_in_a_file_is_the_review_of_a_change_on_the_command_line() {
    let commands = Commands::of_all_pages();
    let folder = tempfile::TempDir::new().unwrap();
    let commit = commit(folder.path(), &format!("{LINE}quay.io/team/app:1 => b\n"));
    std::fs::create_dir_all(folder.path().join(".git/refs/remotes/origin")).unwrap();
    std::fs::write(folder.path().join(".git/refs/remotes/origin/main"), format!("{commit}\n")).unwrap();
    std::fs::write(folder.path().join("images.txt"), LINE).unwrap();
    std::fs::write(folder.path().join("acr-sync.yaml"), "removed: untag\n").unwrap();
    let world = World::demo();
    world.identity(CLIENT, SECRET, Rights::contributor());
    let registry = world.azure_registry("contosoacr");
    registry.put("b:1", &Image::single("linux/amd64"));
    let emulator = Emulator::start(world.clone()).await.unwrap();
    let [plan, apply] = commands.block("acr-sync apply images.txt --registry contoso --reviewed-plan") else {
        panic!("two commands")
    };
    assert_eq!(followed(std::slice::from_ref(plan), folder.path(), &emulator).await, [2]);
    assert!(registry.tag("b", "1").is_some());
    assert_eq!(followed(std::slice::from_ref(apply), folder.path(), &emulator).await, [0]);
    assert!(registry.tag("b", "1").is_none(), "what the plan file listed is taken away");
}

#[test]
fn the_pull_check_of_the_readme_is_read() {
    let settings = acr_sync::settings::parse(block("Whether clusters can pull").as_bytes()).unwrap();
    assert!(settings.pull_check[0].pulls("prod/app") && !settings.pull_check[0].pulls("test/app"));
    let readme = std::fs::read_to_string("README.md").unwrap();
    let line = readme.lines().find(|line| line.starts_with("acr-sync doctor ")).unwrap();
    let words = line.replace(" ID ", &format!(" {} ", settings.pull_check[0].cluster));
    let command = acr_sync::cli::read(words.split(' ').map(Into::into)).unwrap();
    let acr_sync::cli::Command::Doctor { clusters, file: Some(file), .. } = command else { panic!("{words}") };
    assert_eq!((&clusters[0], file.as_path()), (&settings.pull_check[0].cluster, std::path::Path::new("images.txt")));
}

#[test]
fn the_table_of_patterns_is_true() {
    let page = std::fs::read_to_string("docs/patterns.md").unwrap();
    let tags = |cell: &str| cell.split(',').map(|tag| tag.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for row in &rows {
        let [_, pattern, yes, no, _] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let line = format!("quay.io/a/b:{} => c", pattern.trim().trim_matches('`'));
        let list = acr_sync::images::parse(line.as_bytes(), None).list;
        let selects = |tag: &String| list.selections()[0].entries(std::slice::from_ref(tag)).len() == 1;
        assert!(tags(yes).iter().all(selects), "{row}");
        assert!(!tags(no).iter().any(selects), "{row}");
    }
    assert_eq!(rows.len(), 8);
}

#[test]
fn the_commands_that_look_for_needed_images_are_followed() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = readme.split_once("\n## What the cluster needs\n").unwrap().1;
    let commands = section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let page = std::fs::read_to_string("docs/scan.md").unwrap();
    let workflow = page.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let workflow: serde_yaml::Value = serde_yaml::from_str(workflow).unwrap();
    let args = workflow["jobs"]["scan"]["steps"][2]["with"]["args"].as_str().unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: quay.io/a/b:1}]}\n";
    std::fs::create_dir(folder.path().join("manifests")).unwrap();
    put("manifests/pod.yaml", pod);
    put("rendered.yaml", pod);
    put("images.txt", "");
    // What renders the chart is helm's; what it renders is on standard input.
    let ours = commands.lines().map(|line| line.rsplit(" | ").next().unwrap().strip_prefix("acr-sync ").unwrap());
    let mut codes = Vec::new();
    for line in ours.chain([args]) {
        let mut command = assert_cmd::Command::cargo_bin("acr-sync").unwrap();
        command.env_clear().current_dir(&folder).args(line.split(' ')).write_stdin(pod);
        codes.push(command.output().unwrap().status.code().unwrap());
    }
    assert_eq!(codes, [2, 2, 0, 0], "missing, missing, added, there");
    assert_eq!(std::fs::read_to_string(folder.path().join("images.txt")).unwrap(), "quay.io/a/b:1 => a/b\n");
    assert!(folder.path().join("needed.json").exists());
}

#[test]
fn the_presets_for_renovate_are_those_that_the_readme_names() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = readme.split_once("\n## Keeping the list fresh\n").unwrap().1;
    let text = section.split_once("```json\n").unwrap().1.split_once("```").unwrap().0;
    let config: serde_json::Value = serde_json::from_str(text).unwrap();
    let named = config["extends"].as_array().unwrap().iter().map(|name| {
        let path = name.as_str().unwrap().strip_prefix("github>OWNER/acr-sync//").unwrap();
        std::fs::read_to_string(format!("{path}.json")).unwrap()
    });
    assert_eq!(named.filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()).count(), 2);
}
