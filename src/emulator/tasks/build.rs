//! Builds: a Dockerfile performed on a context, as far as it copies files onto a base and says what the image is. What it
//! would have to run is not performed, and fails the build with a clear line.

use super::{
    super::{World, repository::timestamp},
    context::{File, Files},
    dockerfile::{self, Instruction, substituted, words},
    image::{Built, Puller},
};
use crate::reference::Platform;
use serde_json::{Value, json};
use std::{collections::BTreeMap, io};

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
    let mut stage = Stage { world, recipe, image: None, variables: BTreeMap::new(), workdir: "/".to_owned() };
    for (at, instruction) in instructions.iter().enumerate() {
        let Instruction { name, rest } = instruction;
        print(format!("Step {}/{} : {name} {rest}", at + 1, instructions.len()));
        stage.step(instruction)?;
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
            ("FROM", None) => self.from(&text),
            ("FROM", Some(_)) => Err("this stand-in performs builds of one stage".to_owned()),
            (_, None) => Err("no build stage in current context".to_owned()),
            ("COPY", Some(_)) => self.copy(&text, rest),
            ("RUN", Some(image)) => {
                super::run::performed(self.world, image, &text)?;
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
        let name = *words.first().ok_or("FROM requires either one or three arguments")?;
        let image = match name {
            "scratch" => Built::scratch(&platform),
            name => Built::pull(self.world, name, &platform, &self.recipe.puller)?,
        };
        self.workdir =
            image.config["config"]["WorkingDir"].as_str().filter(|it| !it.is_empty()).unwrap_or("/").to_owned();
        self.image = Some(image);
        Ok(())
    }

    fn copy(&mut self, text: &str, written: &str) -> Result<(), String> {
        let mut parts = words(text);
        let mut owner = 0;
        while let Some(flag) = parts.first().filter(|part| part.starts_with("--")).cloned() {
            match flag.split_once('=') {
                Some(("--chmod", _)) => return Err("the --chmod option requires BuildKit".to_owned()),
                Some(("--chown", who)) => {
                    owner = who.split(':').next().and_then(|id| id.parse().ok()).ok_or("--chown needs numbers here")?;
                }
                Some(("--from", _)) => return Err("this stand-in copies from the context alone".to_owned()),
                _ => return Err(format!("Unknown flag: {flag}")),
            }
            parts.remove(0);
        }
        let Some(to) = parts.pop().filter(|_| !parts.is_empty()) else {
            return Err("COPY requires at least two arguments, but only one was provided".to_owned());
        };
        let archive = self.archive(&parts, &to, owner).map_err(|error| error.to_string())?;
        let image = self.image.as_mut().ok_or("no build stage in current context")?;
        image.add(self.world, &archive);
        image.note(&format!("/bin/sh -c #(nop) COPY {written}"), false);
        Ok(())
    }

    fn archive(&self, sources: &[String], to: &str, owner: u64) -> io::Result<Vec<u8>> {
        let is_folder = to.ends_with('/') || to.ends_with('.') || sources.len() > 1;
        let to = joined(&self.workdir, to);
        let to = to.trim_matches('/');
        let mut archive = tar::Builder::new(Vec::new());
        for source in sources {
            let source = source.trim_start_matches("./").trim_matches('/');
            let found = self.found(source);
            if found.is_empty() {
                return Err(io::Error::other(format!(
                    "COPY failed: file not found in build context or excluded by .dockerignore: stat {source}: file does not exist"
                )));
            }
            for (path, file) in found {
                let base = path.rsplit('/').next().unwrap_or_default();
                let inside = path.strip_prefix(source).map(|rest| rest.trim_matches('/'));
                let target = match inside {
                    // What is in a folder is copied, not the folder itself.
                    Some(rest) if !rest.is_empty() => format!("{to}/{rest}"),
                    _ if source.is_empty() || source == "." => format!("{to}/{path}"),
                    _ if is_folder || source.contains(['*', '?']) => format!("{to}/{base}"),
                    _ => to.to_owned(),
                };
                put(&mut archive, target.trim_matches('/'), file, owner)?;
            }
        }
        archive.into_inner()
    }

    fn found(&self, source: &str) -> Vec<(&String, &File)> {
        let files = self.recipe.files.iter().filter(|(path, _)| path.as_str() != self.recipe.dockerfile);
        if source.is_empty() || source == "." {
            return files.filter(|(_, file)| **file != File::Folder).collect();
        }
        if source.contains(['*', '?']) {
            let pattern = regex::escape(source).replace(r"\*", "[^/]*").replace(r"\?", "[^/]");
            let pattern = regex::Regex::new(&format!("^{pattern}$"));
            return files
                .filter(|(path, file)| **file != File::Folder && pattern.as_ref().is_ok_and(|it| it.is_match(path)))
                .collect();
        }
        let folder = format!("{source}/");
        files
            .filter(|(path, file)| **file != File::Folder && (path.as_str() == source || path.starts_with(&folder)))
            .collect()
    }
}

fn put(archive: &mut tar::Builder<Vec<u8>>, path: &str, file: &File, owner: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_uid(owner);
    header.set_gid(owner);
    match file {
        File::Folder => Ok(()),
        File::Plain { bytes, mode } => {
            header.set_size(bytes.len() as u64);
            header.set_mode(*mode);
            archive.append_data(&mut header, path, bytes.as_slice())
        }
        File::Link(to) => {
            header.set_size(0);
            header.set_mode(0o777);
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, to)
        }
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

fn joined(workdir: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let path = path.trim_start_matches("./").trim_end_matches('.');
    format!("{}/{path}", workdir.trim_end_matches('/'))
}
