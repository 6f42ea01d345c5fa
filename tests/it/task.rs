//! The task for Azure Pipelines: what its manifest, its launcher and the program say of each other.

use acr_sync::inputs::INPUTS;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Gathers the variables whose names stand in the code that reads them.
fn variables_in(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            variables_in(&entry.unwrap().path(), found);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let reading = ["get(\"", "either_case(\"", "text(\"", "variable(\""];
    let literals = reading.iter().flat_map(|call| code.split(call).skip(1)).filter_map(|rest| rest.split('"').next());
    let is_name = |text: &&str| text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    found.extend(literals.filter(is_name).map(str::to_owned));
}

#[test]
fn the_launcher_passes_every_variable_that_the_program_reads() {
    let list = json("task/variables.json");
    let begins = |key: &str, name: &str| texts(&list[key]).iter().any(|prefix| name.starts_with(prefix));
    let is_passed =
        |name: &str| texts(&list["names"]).contains(&name) || (begins("prefixes", name) && !begins("withheld", name));
    let mut read: BTreeSet<_> = INPUTS.iter().filter_map(|input| input.variable.map(str::to_owned)).collect();
    for room in ["app", "cli/action.rs", "credential", "host", "inputs"] {
        variables_in(&Path::new("src").join(room), &mut read);
    }
    assert!(read.contains("SSL_CERT_FILE") && read.contains("AZURE_CLIENT_SECRET"), "{read:?}");
    // GitHub's are of no use there, and a task does not use what docker keeps for a person.
    let is_elsewhere =
        |name: &str| name == "DOCKER_CONFIG" || name.starts_with("GITHUB_") || name.starts_with("ACTIONS_");
    let missing: Vec<_> = read.iter().filter(|name| !is_elsewhere(name) && !is_passed(name)).collect();
    assert!(missing.is_empty(), "task/variables.json lacks {missing:?}");
}

#[test]
fn action_and_task_have_the_same_outputs() {
    let action: serde_yaml::Value = serde_yaml::from_str(&fs::read_to_string("action.yml").unwrap()).unwrap();
    let letters = |name: &str| name.replace('-', "").to_lowercase();
    let expected: BTreeSet<_> = action["outputs"]
        .as_mapping()
        .unwrap()
        .iter()
        .map(|(name, output)| (letters(name.as_str().unwrap()), output["description"].as_str().unwrap().to_owned()))
        .collect();
    let task = json("task.json");
    let outputs = task["outputVariables"].as_array().unwrap();
    let text = |output: &Value, key: &str| output[key].as_str().unwrap().to_owned();
    let found: BTreeSet<_> =
        outputs.iter().map(|output| (letters(&text(output, "name")), text(output, "description"))).collect();
    assert_eq!(found, expected);
    // Another variable cannot be set, whatever stands in the log.
    let names: Vec<_> = outputs.iter().map(|output| output["name"].as_str().unwrap()).collect();
    assert_eq!(texts(&task["restrictions"]["settableVariables"]["allowed"]), names);
}

#[test]
fn every_handler_starts_the_launcher() {
    let task = json("task.json");
    let handlers = task["execution"].as_object().unwrap();
    assert_eq!(
        handlers.keys().collect::<BTreeSet<_>>(),
        BTreeSet::from([&"Node16".into(), &"Node20_1".into(), &"Node24".into()])
    );
    for handler in handlers.values() {
        assert!(Path::new(handler["target"].as_str().unwrap()).is_file(), "{handler}");
    }
}

#[test]
fn the_launcher_lets_every_command_of_the_program_through() {
    fn commands_in(path: &Path, found: &mut BTreeSet<String>) {
        if path.is_dir() {
            return fs::read_dir(path).unwrap().for_each(|entry| commands_in(&entry.unwrap().path(), found));
        }
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let names = code.split("##vso[task.").skip(1).map(|rest| rest.chars().take_while(char::is_ascii_lowercase));
        found.extend(names.map(Iterator::collect::<String>));
    }
    let mut given = BTreeSet::new();
    for room in ["cli", "credential", "host", "report"] {
        commands_in(&Path::new("src").join(room), &mut given);
    }
    let launcher = fs::read_to_string("task/log.js").unwrap();
    let list = launcher.split_once("##vso\\[task\\.(?:").unwrap().1.split_once(')').unwrap().0;
    assert_eq!(given, list.split('|').map(str::to_owned).collect());
}
