//! Builds: a Dockerfile performed on a context, stage by stage, as far as it copies files onto a base and says what the
//! image is. Of what it would have to run, a few commands are performed; any other fails the build with a clear line.

use super::{
    super::{World, repository::timestamp},
    context::{File, Files, of_image},
    copy::{self, joined},
    dockerfile::{self, Instruction, substituted, words},
    image::{Built, Puller},
    shell,
};
use crate::reference::Platform;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is built from.
pub(super) struct Recipe<'a> {
    pub(super) puller: Puller<'a>,
    pub(super) files: &'a Files,
    /// The Dockerfile's path in the context.
    pub(super) dockerfile: &'a str,
    pub(super) platform: Platform,
    /// `--build-arg`: names and values.
    pub(super) arguments: BTreeMap<String, String>,
}

/// A build that goes on: the image so far and the lines that it prints.
struct Stage<'a> {
    world: &'a World,
    recipe: &'a Recipe<'a>,
    image: Option<Built>,
    /// What the stage is called, where it has a name.
    name: Option<String>,
    /// The stages before it.
    before: Vec<(Option<String>, Built)>,
    /// What its commands print.
    said: Vec<String>,
    variables: BTreeMap<String, String>,
    workdir: String,
}

/// Performs a Dockerfile; `print` takes the lines of the builder.
pub(super) fn perform(world: &World, recipe: &Recipe<'_>, print: &mut dyn FnMut(String)) -> Result<Built, String> {
    let text = match recipe.files.get(recipe.dockerfile) {
        Some(File::Plain { bytes, .. }) => String::from_utf8_lossy(bytes).into_owned(),
        _ => {
            let what = "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat";
            return Err(format!("{what} /workspace/{}: no such file or directory", recipe.dockerfile));
        }
    };
    let instructions = dockerfile::read(&text)?;
    if instructions.is_empty() {
        return Err("the Dockerfile (Dockerfile) cannot be empty".to_owned());
    }
    let mut stage = Stage {
        world,
        recipe,
        image: None,
        name: None,
        before: Vec::new(),
        said: Vec::new(),
        variables: BTreeMap::new(),
        workdir: "/".to_owned(),
    };
    for (at, instruction) in instructions.iter().enumerate() {
        let Instruction { name, rest } = instruction;
        print(format!("Step {}/{} : {name} {rest}", at + 1, instructions.len()));
        stage.step(instruction)?;
        stage.said.drain(..).for_each(&mut *print);
    }
    let mut image = stage.image.ok_or_else(|| "no build stage in current context".to_owned())?;
    // However many names it gets, it was made once.
    image.config["created"] = json!(timestamp());
    Ok(image)
}

impl Stage<'_> {
    fn step(&mut self, Instruction { name, rest }: &Instruction) -> Result<(), String> {
        let text = substituted(rest, &self.variables);
        match (name.as_str(), &mut self.image) {
            ("ARG", _) => {
                let (key, default) = rest.split_once('=').unwrap_or((rest, ""));
                let given = self.recipe.arguments.get(key).cloned();
                let default = words(&substituted(default, &self.variables)).join(" ");
                self.variables.insert(key.to_owned(), given.unwrap_or(default));
                Ok(())
            }
            ("FROM", _) => self.from(&text),
            (_, None) => Err("no build stage in current context".to_owned()),
            ("COPY", Some(_)) => self.copy(&text, rest),
            ("RUN", Some(image)) => {
                self.said = shell::run(self.world, image, &text)?;
                image.note(&format!("/bin/sh -c {text}"), false);
                Ok(())
            }
            (name, Some(image)) => {
                configure(&mut image.config["config"], name, &text)?;
                if name == "ENV" {
                    self.variables.extend(pairs(&text)?);
                }
                if name == "WORKDIR" {
                    self.workdir = joined(&self.workdir, &text);
                    image.config["config"]["WorkingDir"] = json!(self.workdir);
                }
                image.note(&format!("/bin/sh -c #(nop)  {name} {rest}"), true);
                Ok(())
            }
        }
    }

    fn from(&mut self, text: &str) -> Result<(), String> {
        let mut platform = self.recipe.platform.clone();
        let mut words: Vec<_> = text.split_whitespace().collect();
        if let Some(asked) = words.first().and_then(|word| word.strip_prefix("--platform=")) {
            platform = Platform::parse(asked)?;
            words.remove(0);
        }
        let (name, called) = match words.as_slice() {
            [name] => (*name, None),
            [name, word, called] if word.eq_ignore_ascii_case("as") => (*name, Some((*called).to_owned())),
            _ => return Err("FROM requires either one or three arguments".to_owned()),
        };
        self.before.extend(self.image.take().map(|image| (self.name.take(), image)));
        let image = match (self.stage(name), name) {
            (Some(image), _) => image,
            (None, "scratch") => Built::scratch(&platform),
            (None, name) => Built::pull(self.world, name, &platform, &self.recipe.puller)?,
        };
        self.name = called;
        self.workdir =
            image.config["config"]["WorkingDir"].as_str().filter(|it| !it.is_empty()).unwrap_or("/").to_owned();
        self.image = Some(image);
        Ok(())
    }

    /// Returns a stage before this by its name.
    fn stage(&self, name: &str) -> Option<Built> {
        let is_it = |called: &Option<String>| called.as_ref().is_some_and(|called| called.eq_ignore_ascii_case(name));
        self.before.iter().find(|(called, _)| is_it(called)).map(|(_, image)| image.clone())
    }

    /// Returns the files of a stage before this, by name or number, else of an image.
    fn other(&self, name: &str) -> Result<Files, String> {
        let numbered = name.parse::<usize>().ok().and_then(|number| self.before.get(number));
        let image = match numbered.map(|(_, image)| image.clone()).or_else(|| self.stage(name)) {
            Some(image) => image,
            None => Built::pull(self.world, name, &self.recipe.platform, &self.recipe.puller)?,
        };
        Ok(of_image(image.files(self.world)))
    }

    fn copy(&mut self, text: &str, written: &str) -> Result<(), String> {
        let mut parts = words(text);
        let (mut owner, mut from) = (0, None);
        while let Some(flag) = parts.first().filter(|part| part.starts_with("--")).cloned() {
            match flag.split_once('=') {
                Some(("--chmod", _)) => return Err("the --chmod option requires BuildKit".to_owned()),
                Some(("--chown", who)) => {
                    owner = who.split(':').next().and_then(|id| id.parse().ok()).ok_or("--chown needs numbers here")?;
                }
                Some(("--from", name)) => from = Some(self.other(name)?),
                _ => return Err(format!("Unknown flag: {flag}")),
            }
            parts.remove(0);
        }
        let Some(to) = parts.pop().filter(|_| !parts.is_empty()) else {
            return Err("COPY requires at least two arguments, but only one was provided".to_owned());
        };
        // The classic builder leaves the Dockerfile out of nothing; nobody wants it in an image.
        let context = || self.recipe.files.iter().filter(|(path, _)| path.as_str() != self.recipe.dockerfile);
        let files = from.unwrap_or_else(|| context().map(|(path, file)| (path.clone(), file.clone())).collect());
        let archive = copy::archive(&files, &parts, &to, &self.workdir, owner).map_err(|error| error.to_string())?;
        let image = self.image.as_mut().ok_or("no build stage in current context")?;
        image.add(self.world, &archive);
        image.note(&format!("/bin/sh -c #(nop) COPY {written}"), false);
        Ok(())
    }
}

/// What only says how the image is to be run.
fn configure(config: &mut Value, name: &str, text: &str) -> Result<(), String> {
    let command = || match serde_json::from_str::<Vec<String>>(text) {
        Ok(list) => json!(list),
        Err(_) => json!(["/bin/sh", "-c", text]),
    };
    match name {
        "LABEL" => {
            for (key, value) in pairs(text)? {
                config["Labels"][key] = json!(value);
            }
        }
        "ENV" => {
            let mut all: Vec<_> = config["Env"].as_array().cloned().unwrap_or_default();
            for (key, value) in pairs(text)? {
                all.retain(|it| it.as_str().is_none_or(|it| !it.starts_with(&format!("{key}="))));
                all.push(json!(format!("{key}={value}")));
            }
            config["Env"] = json!(all);
        }
        "USER" => config["User"] = json!(text),
        "CMD" => config["Cmd"] = command(),
        "ENTRYPOINT" => config["Entrypoint"] = command(),
        "WORKDIR" => {}
        "EXPOSE" => {
            for port in text.split_whitespace() {
                let port = if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") };
                config["ExposedPorts"][port] = json!({});
            }
        }
        _ => return Err(format!("this stand-in does not perform {name}")),
    }
    Ok(())
}

/// `NAME=VALUE NAME=VALUE`, or the old form `NAME VALUE`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let words = words(text);
    if let [name, value] = words.as_slice()
        && !name.contains('=')
    {
        return Ok(vec![(name.clone(), value.clone())]);
    }
    let pair = |word: &String| {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| format!("can't find = in \"{word}\". Must be of the form: name=value"))?;
        Ok((key.to_owned(), value.to_owned()))
    };
    words.iter().map(pair).collect()
}
