//! Scanners' reports: the files of the workspace that the settings mean.
//!
//! A link is not followed: a change under review could make one to a file of the runner's. What cannot be read stops
//! nothing but the lines that need it.

use crate::{
    policy::Evidence,
    reference::Glob,
    scanner::{self, Unreadable},
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

/// Reports that are read; a line has one or two.
const MOST_REPORTS: usize = 2_000;
/// Files and folders that are looked at.
const MOST_NAMES: usize = 100_000;
/// Folders within folders.
const DEEPEST: usize = 16;

/// Reads the reports that patterns mean, in the order of their names.
pub(super) fn gather(workspace: &Path, patterns: &[Glob], evidence: &mut Evidence) {
    let mut found = BTreeSet::new();
    let mut looked = 0;
    for pattern in patterns {
        walk(workspace, &folder(pattern), pattern, 0, &mut looked, &mut found);
    }
    for name in found.iter().take(MOST_REPORTS) {
        let bytes = bytes(workspace, name).map_err(|why| Unreadable { file: name.clone(), why });
        match bytes.and_then(|bytes| scanner::read(name, &bytes)) {
            Ok(scan) => evidence.scans.push(scan),
            Err(error) => evidence.unreadable.push(error),
        }
    }
    if let Some(name) = found.iter().nth(MOST_REPORTS) {
        let why = format!("only {MOST_REPORTS} reports are read");
        evidence.unreadable.push(Unreadable { file: name.clone(), why });
    }
    if looked > MOST_NAMES {
        let why = format!("the workspace has more than {MOST_NAMES} names where reports are looked for");
        evidence.unreadable.push(Unreadable { file: patterns.first().map(Glob::to_string).unwrap_or_default(), why });
    }
}

/// Returns the folder below which all lies that a pattern can mean: its parts up to the first that chooses.
fn folder(pattern: &Glob) -> String {
    let parts: Vec<_> = pattern.as_str().split('/').collect();
    let plain = parts[..parts.len() - 1].iter().take_while(|part| !part.contains(['*', '?', '[', '{']));
    plain.copied().collect::<Vec<_>>().join("/")
}

fn walk(
    workspace: &Path,
    folder: &str,
    pattern: &Glob,
    depth: usize,
    looked: &mut usize,
    found: &mut BTreeSet<String>,
) {
    if depth > DEEPEST || !is_own(workspace, folder) {
        return;
    }
    let Ok(entries) = fs::read_dir(workspace.join(folder)) else { return };
    for entry in entries.flatten() {
        *looked += 1;
        if *looked > MOST_NAMES {
            return;
        }
        let Ok(name) = entry.file_name().into_string() else { continue };
        let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(workspace, &name, pattern, depth + 1, looked, found),
            // A link is named by the error that it gives.
            Ok(_) if pattern.matches(&name) => _ = found.insert(name),
            Ok(_) | Err(_) => {}
        }
    }
}

/// A folder that is, or lies behind, a link is none of the workspace's.
fn is_own(workspace: &Path, folder: &str) -> bool {
    let real = workspace.join(folder).canonicalize().ok();
    let own = workspace.canonicalize().ok().map(|root| root.join(folder).components().collect::<PathBuf>());
    real.is_some() && real == own
}

fn bytes(workspace: &Path, name: &str) -> Result<Vec<u8>, String> {
    let path = workspace.join(name);
    let kind = fs::symlink_metadata(&path).map_err(|error| error.to_string())?.file_type();
    if !kind.is_file() {
        return Err("it is no plain file; links are not followed here".to_owned());
    }
    let file = File::open(&path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    // A byte more than is read of a report tells that it is too long.
    let most = scanner::MOST_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn gathered(workspace: &Path, patterns: &[&str]) -> (Vec<String>, Vec<String>) {
        let patterns: Vec<_> = patterns.iter().map(|pattern| Glob::parse(pattern).unwrap()).collect();
        let mut evidence = Evidence::default();
        gather(workspace, &patterns, &mut evidence);
        let scans = evidence.scans.into_iter().map(|scan| scan.file).collect();
        (scans, evidence.unreadable.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn patterns_mean_files_below_the_workspace_and_links_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let outside = folder.path().join("outside");
        let report = r#"{"SchemaVersion":2,"ArtifactName":"nginx:1.27"}"#;
        for (path, text) in [
            (workspace.join("scan/a.json"), report),
            (workspace.join("scan/deep/b.json"), report),
            (workspace.join("scan/c.txt"), report),
            (workspace.join("top.json"), "nonsense"),
            (outside.join("d.json"), report),
        ] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        symlink(outside.join("d.json"), workspace.join("scan/linked.json")).unwrap();
        symlink(&outside, workspace.join("linked")).unwrap();
        let (scans, unreadable) = gathered(&workspace, &["scan/*.json"]);
        assert_eq!(scans, ["scan/a.json"]);
        assert!(unreadable.len() == 1 && unreadable[0].contains("`scan/linked.json`"), "{unreadable:?}");
        let (scans, unreadable) = gathered(&workspace, &["**/*.json", "top.json", "scan/a.json"]);
        assert_eq!(scans, ["scan/a.json", "scan/deep/b.json"]);
        assert!(unreadable.iter().any(|it| it.contains("`top.json`") && it.contains("no such JSON")), "{unreadable:?}");
        for pattern in ["linked/*.json", "../outside/*.json", "scan/../../outside/*.json", "nowhere/*"] {
            assert_eq!(gathered(&workspace, &[pattern]), (vec![], vec![]), "{pattern}");
        }
    }
}
