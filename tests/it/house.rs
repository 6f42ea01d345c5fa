//! The house: the doors between the rooms, and the lists that must say the same.

use acr_sync::inputs::{Hosts, INPUTS};
use std::{collections::BTreeSet, fs, path::Path};

/// Which rooms a room may use. `reference` and `problem` are words and open to all but themselves.
const DOORS: [(&str, &[&str]); 32] = [
    ("reference", &[]),
    ("problem", &[]),
    ("stop", &[]),
    ("images", &["reference"]),
    ("change", &["images", "reference"]),
    ("http", &["problem"]),
    ("credential", &["azure", "http", "problem", "reference"]),
    ("registry", &["credential", "http", "problem", "reference"]),
    ("azure", &["credential", "http", "problem", "reference"]),
    ("inputs", &["azure", "credential", "http", "import", "plan", "problem", "reference", "registry"]),
    ("plan", &["change", "http", "images", "problem", "reference", "registry", "verify"]),
    ("scanner", &["reference"]),
    ("policy", &["plan", "reference", "scanner"]),
    ("signature", &["plan", "policy", "problem", "reference", "registry"]),
    ("connected", &["azure", "credential", "plan", "problem", "reference", "registry"]),
    ("cleanup", &["plan", "problem", "reference", "registry"]),
    ("pull_check", &["azure", "plan", "problem", "reference", "registry"]),
    ("registry_settings", &["azure", "plan", "problem", "reference", "registry", "stop"]),
    ("context", &["problem"]),
    ("tasks", &["azure", "http", "problem", "reference", "stop"]),
    ("standing", &["azure", "connected", "inputs", "problem", "reference", "tasks"]),
    ("certificates", &["http", "plan", "problem", "reference", "registry", "tasks"]),
    (
        "settings",
        &[
            "azure",
            "certificates",
            "cleanup",
            "connected",
            "inputs",
            "policy",
            "problem",
            "pull_check",
            "reference",
            "registry_settings",
            "standing",
        ],
    ),
    (
        "upkeep",
        &[
            "azure",
            "certificates",
            "cleanup",
            "connected",
            "images",
            "inputs",
            "plan",
            "problem",
            "pull_check",
            "reference",
            "registry",
            "registry_settings",
            "settings",
            "standing",
            "stop",
            "tasks",
        ],
    ),
    ("verify", &["problem", "reference", "registry"]),
    ("copy", &["http", "problem", "reference", "registry"]),
    ("import", &["azure", "copy", "http", "plan", "problem", "reference", "registry", "stop", "verify"]),
    ("report", &["http", "images", "import", "plan", "problem", "pull_check", "reference", "upkeep"]),
    ("needed", &["images", "reference", "report"]),
    (
        "host",
        &[
            "app",
            "azure",
            "http",
            "images",
            "inputs",
            "plan",
            "policy",
            "problem",
            "reference",
            "report",
            "scanner",
            "settings",
        ],
    ),
    (
        "app",
        &[
            "azure",
            "certificates",
            "change",
            "copy",
            "credential",
            "http",
            "images",
            "import",
            "inputs",
            "plan",
            "policy",
            "problem",
            "pull_check",
            "reference",
            "registry",
            "report",
            "settings",
            "signature",
            "stop",
            "upkeep",
            "verify",
        ],
    ),
    ("emulator", &["reference"]),
];

/// Returns the rooms that stand behind one `crate::`: a name, or the first names of a group.
fn rooms_of(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut first, mut rooms) = (0, true, Vec::new());
    for (at, c) in group.char_indices() {
        if first && c != '}' && !c.is_whitespace() {
            rooms.push(name(&group[at..]));
            first = false;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => first = true,
            _ => {}
        }
    }
    rooms
}

#[test]
fn a_group_names_all_its_rooms() {
    assert_eq!(rooms_of("{\n    http::{Http, Reply},\n    problem::Side,\n};"), ["http", "problem"]);
    assert_eq!(rooms_of("plan::Plan;"), ["plan"]);
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn every_room_uses_only_the_rooms_behind_its_doors() {
    for (room, allowed) in DOORS {
        for (path, text) in sources(&Path::new("src").join(room)) {
            // Tests at the foot of a file may look further.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for used in code.split("crate::").skip(1).flat_map(rooms_of) {
                let is_room = DOORS.iter().any(|(name, _)| *name == used);
                assert!(
                    !is_room || used == room || allowed.contains(&used.as_str()),
                    "{path}: `{room}` has no door to `{used}`"
                );
            }
        }
    }
}

#[test]
fn the_words_and_the_decisions_ask_nobody() {
    for room in [
        "reference",
        "images",
        "change",
        "report/markdown.rs",
        "report/json.rs",
        "plan/decide.rs",
        "certificates/authority.rs",
        "certificates/edit.rs",
        "certificates/layer.rs",
        "certificates/recipe.rs",
        "certificates/root.rs",
        "cleanup/decide.rs",
        "cleanup/listing.rs",
        "cleanup/needs.rs",
        "cleanup/unknown.rs",
        "standing/body.rs",
        "standing/decide.rs",
        "standing/look.rs",
        "registry_settings/decide.rs",
        "registry_settings/quota.rs",
        "registry_settings/replicas.rs",
        "policy",
        "scanner",
        "settings",
        "needed",
    ] {
        let path = Path::new("src").join(room);
        let texts =
            if path.is_dir() { sources(&path) } else { vec![(room.to_owned(), fs::read_to_string(&path).unwrap())] };
        for (path, text) in texts {
            assert!(!text.contains("async fn"), "{path} is pure and waits for nobody");
        }
    }
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[test]
fn action_task_readme_and_program_have_the_same_inputs() {
    let program: BTreeSet<_> =
        INPUTS.iter().filter(|input| input.hosts != Hosts::AzurePipelines).map(|input| input.name.to_owned()).collect();

    let action: serde_yaml::Value = serde_yaml::from_str(&fs::read_to_string("action.yml").unwrap()).unwrap();
    let inputs = action["inputs"].as_mapping().unwrap();
    let names: BTreeSet<_> = inputs.keys().map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(names, program, "action.yml");
    for input in INPUTS.iter().filter(|input| input.hosts != Hosts::AzurePipelines) {
        let entry = &inputs[input.name];
        assert_eq!(entry["description"].as_str(), Some(input.about), "{}", input.name);
        if input.name != "github-token" {
            assert_eq!(entry["default"].as_str().unwrap_or_default(), input.default, "{}", input.name);
        }
    }

    let task: serde_json::Value = serde_json::from_str(&fs::read_to_string("task.json").unwrap()).unwrap();
    let tasks = task["inputs"].as_array().unwrap();
    let expected: BTreeSet<_> =
        INPUTS.iter().filter(|input| input.hosts != Hosts::GitHub).map(|input| letters(input.name)).collect();
    let names: BTreeSet<_> = tasks.iter().map(|input| letters(input["name"].as_str().unwrap())).collect();
    assert_eq!(names, expected, "task.json");
    for entry in tasks {
        let input =
            INPUTS.iter().find(|input| letters(input.name) == letters(entry["name"].as_str().unwrap())).unwrap();
        assert_eq!(entry["helpMarkDown"].as_str(), Some(input.about), "{}", input.name);
        assert_eq!(entry["defaultValue"].as_str().unwrap_or_default(), input.default, "{}", input.name);
    }

    let page = fs::read_to_string("docs/inputs.md").unwrap();
    for input in INPUTS {
        let default = if input.default.is_empty() { String::new() } else { format!("`{}`", input.default) };
        let row = format!("| `{}` | {default} | {} |", input.name, input.about.replace('|', "\\|"));
        assert!(page.contains(&row), "docs/inputs.md lacks the row\n{row}");
    }
}

#[test]
fn a_release_is_made_again_by_the_compiler_that_made_it() {
    let text = |path: &str| fs::read_to_string(path).unwrap();
    let dockerfile = text("Dockerfile");
    let image = dockerfile.lines().find_map(|line| line.strip_prefix("FROM --platform=$BUILDPLATFORM ")).unwrap();
    let image = image.strip_suffix(" AS build").unwrap();
    let release: serde_yaml::Value = serde_yaml::from_str(&text(".github/workflows/release.yml")).unwrap();
    let job = &release["jobs"]["reproduced"];
    assert_eq!(job["container"].as_str(), Some(image));
    let last = job["steps"].as_sequence().unwrap().last().unwrap()["run"].as_str().unwrap();
    assert!(last.contains(".ci/reproducible \"$PLATFORM\" \"programs/acr-sync-linux-$PLATFORM\""), "{last}");
    assert!(text(".github/images.txt").contains(&format!("docker.io/library/{image} => ")));
    // A tag that names the whole version does not move from one compiler to the next.
    let version = image.strip_prefix("rust:").unwrap().split('-').next().unwrap();
    assert_eq!(version.split('.').count(), 3, "{version}");
    assert!(version.starts_with(env!("CARGO_PKG_RUST_VERSION")), "{version}");
}

#[test]
fn what_the_documents_point_to_is_there() {
    let documents = fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
    let pages = documents.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    for page in pages.chain(["README.md", "SECURITY.md"].map(Into::into)) {
        let text = fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap();
            let place = page.parent().unwrap().join(file);
            assert!(place.exists(), "{} points to {link}", page.display());
        }
    }
}

#[test]
fn no_file_of_the_program_has_grown_past_its_noun() {
    for (path, text) in sources(Path::new("src")) {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = code.lines().count();
        assert!(lines <= 300, "{path} has {lines} lines before its tests: is there a second noun in it?");
    }
}
