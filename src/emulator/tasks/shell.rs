//! Shell: what `RUN` does, as far as this stand-in performs it: the commands that a trust store is made by. Their effect is
//! a layer, as that of the programs would be (update-ca-certificates(8), update-ca-trust(8)).

use super::{
    super::{World, filesystem::Node},
    context::File,
    copy,
    dockerfile::words,
    image::Built,
};
use std::{collections::BTreeMap, mem};

const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
const SOURCES: &str = "usr/local/share/ca-certificates/";
const RHEL_BUNDLE: &str = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";
const RHEL_SOURCES: &str = "etc/pki/ca-trust/source/anchors/";

/// A container in which one `RUN` goes on.
struct Shell {
    files: BTreeMap<String, Node>,
    changed: BTreeMap<String, Node>,
    is_root: bool,
    said: Vec<String>,
}

/// What a command says when it fails, and its exit code.
type Failed = (String, u8);

/// Performs a `RUN`, and returns what it prints.
pub(super) fn run(world: &World, image: &mut Built, command: &str) -> Result<Vec<String>, String> {
    if command.contains("--mount") {
        return Err(
            "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to \
                    build images with BuildKit enabled"
                .to_owned(),
        );
    }
    let user = image.config["config"]["User"].as_str().unwrap_or_default();
    let is_root = matches!(user.split(':').next(), None | Some("" | "root" | "0"));
    let mut shell = Shell { files: image.files(world), changed: BTreeMap::new(), is_root, said: Vec::new() };
    for one in command.split("&&") {
        shell.perform(one.trim()).map_err(|(said, code)| {
            let before: String = shell.said.iter().map(|line| format!("{line}\n")).collect();
            format!("{before}{said}\nThe command '/bin/sh -c {command}' returned a non-zero code: {code}")
        })?;
    }
    let mut archive = tar::Builder::new(Vec::new());
    for (path, node) in shell.changed {
        let file = match node {
            Node::File { mode, content } => File::Plain { bytes: content, mode },
            Node::Link(to) => File::Link(to),
            Node::Folder => File::Folder,
        };
        copy::put(&mut archive, &path, &file, 0).map_err(|error| error.to_string())?;
    }
    image.add(world, &archive.into_inner().map_err(|error| error.to_string())?);
    Ok(shell.said)
}

impl Shell {
    fn perform(&mut self, command: &str) -> Result<(), Failed> {
        let (command, to) = match command.split_once('>') {
            Some((command, to)) => (command.trim(), Some(to.trim())),
            None => (command, None),
        };
        let words = words(command);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match (words.as_slice(), to) {
            (["chmod", mode, files @ ..], None) => self.chmod(mode, files),
            (["update-ca-certificates"], None) => {
                self.tool("update-ca-certificates")?;
                self.said.push("Updating certificates in /etc/ssl/certs...".to_owned());
                let added = self.merge(SOURCES, ".crt", BUNDLE)?;
                self.said.push(format!("{added} added, 0 removed; done."));
                Ok(())
            }
            (["update-ca-trust"] | ["update-ca-trust", "extract"], None) => {
                self.tool("update-ca-trust")?;
                self.merge(RHEL_SOURCES, "", RHEL_BUNDLE).map(drop)
            }
            (["echo"], Some(to)) => match to.strip_prefix('>') {
                Some(to) => {
                    let to = to.trim().trim_start_matches('/').to_owned();
                    let mut content = self.content(&to)?;
                    content.push(b'\n');
                    self.write(&to, content)
                }
                None => self.write(to, b"\n".to_vec()),
            },
            (["cat", files @ ..], Some(to)) if !to.starts_with('>') => {
                let mut whole = Vec::new();
                for file in files.iter().flat_map(|file| self.matching(file)) {
                    whole.extend(self.content(&file)?);
                }
                self.write(to, whole)
            }
            _ => Err((format!("this stand-in runs no commands: {command}"), 1)),
        }
    }

    /// Adds to a bundle what is in a folder and not in it, and returns how many that are.
    fn merge(&mut self, folder: &str, ending: &str, bundle: &str) -> Result<usize, Failed> {
        let mut whole = self.content(bundle).unwrap_or_default();
        let names = self.files.keys().filter(|path| path.starts_with(folder) && path.ends_with(ending));
        let names: Vec<_> = names.cloned().collect();
        let mut added = 0;
        for name in names {
            let content = self.content(&name).unwrap_or_default();
            let text = String::from_utf8_lossy(&content).trim().to_owned();
            if text.is_empty() || String::from_utf8_lossy(&whole).contains(&text) {
                continue;
            }
            if whole.last().is_some_and(|byte| *byte != b'\n') {
                whole.push(b'\n');
            }
            whole.extend_from_slice(text.as_bytes());
            whole.push(b'\n');
            added += 1;
        }
        self.write(bundle, whole)?;
        Ok(added)
    }

    fn chmod(&mut self, mode: &str, files: &[&str]) -> Result<(), Failed> {
        let mode = u32::from_str_radix(mode, 8).map_err(|_| (format!("chmod: invalid mode: '{mode}'"), 1))?;
        let files: Vec<_> = files.iter().flat_map(|file| self.matching(file)).collect();
        for file in files {
            let content = self.content(&file)?;
            self.put(file, Node::File { mode, content })?;
        }
        Ok(())
    }

    fn tool(&self, name: &str) -> Result<(), Failed> {
        let is_there =
            ["usr/sbin", "usr/bin"].iter().any(|folder| self.files.contains_key(&format!("{folder}/{name}")));
        if is_there { Ok(()) } else { Err((format!("/bin/sh: 1: {name}: not found"), 127)) }
    }

    /// Returns the paths that a word means: itself, or those that it stands for.
    fn matching(&self, word: &str) -> Vec<String> {
        let path = word.trim_start_matches('/');
        match path.split_once('*') {
            Some((before, behind)) => {
                let is_meant = |it: &&String| {
                    let middle = it.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
                    middle.is_some_and(|middle| !middle.contains('/'))
                };
                self.files.keys().filter(is_meant).cloned().collect()
            }
            None => vec![path.to_owned()],
        }
    }

    fn content(&self, path: &str) -> Result<Vec<u8>, Failed> {
        match self.files.get(&self.real(path)) {
            Some(Node::File { content, .. }) => Ok(content.clone()),
            Some(Node::Link(_) | Node::Folder) | None => Err((format!("/{path}: No such file or directory"), 1)),
        }
    }

    fn write(&mut self, path: &str, content: Vec<u8>) -> Result<(), Failed> {
        let path = self.real(path.trim_start_matches('/'));
        let mode = match self.files.get(&path) {
            Some(Node::File { mode, .. }) => *mode,
            Some(Node::Link(_) | Node::Folder) | None => 0o644,
        };
        self.put(path, Node::File { mode, content })
    }

    fn put(&mut self, path: String, node: Node) -> Result<(), Failed> {
        if !self.is_root {
            return Err((format!("/{path}: Permission denied"), 1));
        }
        self.files.insert(path.clone(), node.clone());
        self.changed.insert(path, node);
        Ok(())
    }

    /// Follows a link at the end of a path.
    fn real(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for _ in 0..8 {
            let Some(Node::Link(to)) = self.files.get(&path) else { break };
            let next = match to.strip_prefix('/') {
                Some(to) => to.to_owned(),
                None => format!("{}/{to}", path.rsplit_once('/').map_or("", |(folder, _)| folder)),
            };
            if mem::replace(&mut path, next.clone()) == next {
                break;
            }
        }
        path
    }
}
