//! Task files: the steps of a multi-step task, as far as this stand-in knows them (ACR Tasks reference: YAML).

use super::dockerfile::words;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `build`: the arguments of `docker build`.
    Build { id: String, images: Vec<String>, dockerfile: String, arguments: BTreeMap<String, String> },
    /// `push`: names of images.
    Push { id: String, images: Vec<String> },
    /// `cmd`: what a container would run.
    Command { id: String, line: String },
}

#[derive(Deserialize)]
struct TaskFile {
    version: Option<String>,
    steps: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    id: Option<String>,
    build: Option<String>,
    push: Option<Vec<String>>,
    cmd: Option<String>,
}

/// Reads a task file, with `{{.Run.ID}}` and the like put in.
pub(super) fn read(text: &str, variables: &[(String, String)]) -> Result<Vec<Step>, String> {
    let mut text = text.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("{{{{.{name}}}}}"), value).replace(&format!("{{{{ .{name} }}}}"), value);
    }
    let file: TaskFile =
        serde_yaml::from_str(&text).map_err(|error| format!("failed to unmarshal the task file: {error}"))?;
    if file.version.as_deref().is_some_and(|version| !version.starts_with("v1.")) {
        return Err("unsupported version of the task file".to_owned());
    }
    let step = |(at, step): (usize, Written)| {
        let id = step.id.unwrap_or_else(|| format!("acb_step_{at}"));
        match (step.build, step.push, step.cmd) {
            (Some(build), None, None) => build_of(id, &build),
            (None, Some(images), None) => Ok(Step::Push { id, images }),
            (None, None, Some(line)) => Ok(Step::Command { id, line }),
            _ => Err("a step has to have one of build, push and cmd".to_owned()),
        }
    };
    file.steps.into_iter().enumerate().map(step).collect()
}

fn build_of(id: String, line: &str) -> Result<Step, String> {
    let (mut images, mut dockerfile, mut arguments) = (Vec::new(), "Dockerfile".to_owned(), BTreeMap::new());
    let mut words = words(line).into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("flag needs an argument: {word}"));
        match word.as_str() {
            "-t" | "--tag" => images.push(value()?),
            "-f" | "--file" => dockerfile = value()?,
            "--build-arg" => {
                let pair = value()?;
                let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
                arguments.insert(name.to_owned(), value.to_owned());
            }
            "." | "--no-cache" | "--pull" => {}
            other => return Err(format!("this stand-in does not know `{other}` of docker build")),
        }
    }
    Ok(Step::Build { id, images, dockerfile, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_task_are_read_with_the_runs_own_values() {
        let text = "version: v1.1.0\nsteps:\n  - build: -t {{.Run.Registry}}/a:{{.Run.ID}} -f x/Dockerfile --build-arg A=1 .\n  \
                    - push: [\"{{.Run.Registry}}/a:{{.Run.ID}}\"]\n  - cmd: acr purge --ago 7d\n";
        let variables =
            [("Run.Registry", "contosoacr.azurecr.io"), ("Run.ID", "ca1")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let steps = read(text, &variables).unwrap();
        let Step::Build { images, dockerfile, arguments, .. } = &steps[0] else { panic!("{steps:?}") };
        assert_eq!((images[0].as_str(), dockerfile.as_str()), ("contosoacr.azurecr.io/a:ca1", "x/Dockerfile"));
        assert_eq!(arguments["A"], "1");
        assert_eq!(steps[2], Step::Command { id: "acb_step_2".to_owned(), line: "acr purge --ago 7d".to_owned() });
        assert!(read("steps: [{ when: [\"-\"] }]", &[]).is_err());
    }
}
