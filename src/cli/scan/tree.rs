//! Tree: the manifests below a path, read one after the other in the order of their names.

use crate::{
    needed::{MAX_BYTES, Manifests},
    problem::{Problem, Side},
};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

const STANDARD_INPUT: &str = "-";
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// Git keeps its own files there.
const GIT: &str = ".git";

/// Reads a path that was named. What lies below a folder and cannot be read is left out and kept by its name.
///
/// # Errors
/// A [`Problem`] where the path itself cannot be read.
pub(super) fn read(path: &Path, manifests: &mut Manifests) -> Result<(), Problem> {
    if path == Path::new(STANDARD_INPUT) {
        return whole(path, io::stdin().lock(), manifests);
    }
    let refused = |error: io::Error| {
        let what = match error.kind() {
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            _ => error.to_string(),
        };
        Problem::new(Side::Settings, format!("read `{}`: {what}", path.display()))
            .hint("Check the name and its permissions; a relative path begins at the current directory.")
    };
    if fs::metadata(path).map_err(refused)?.is_dir() {
        folder(path, manifests).map_err(refused)
    } else {
        // It was named, so its ending does not matter; it may be a pipe.
        whole(path, File::open(path).map_err(refused)?, manifests)
    }
}

fn whole(path: &Path, reader: impl Read, manifests: &mut Manifests) -> Result<(), Problem> {
    let refused = |why: &str| Problem::new(Side::Settings, format!("read `{}`: {why}", path.display()));
    match bytes(reader).map_err(|error| refused(&error.to_string()))? {
        Some(text) => {
            manifests.read(&path.display().to_string(), &text);
            Ok(())
        }
        None => Err(refused("more than 16 MiB").hint("Scan it in parts: every path is read by itself.")),
    }
}

/// Returns what is read, or nothing where it is too much.
fn bytes(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok((text.len() <= MAX_BYTES).then_some(text))
}

/// What lies in a folder, in the order of its name.
struct Entry {
    path: PathBuf,
    kind: fs::FileType,
}

fn folder(root: &Path, manifests: &mut Manifests) -> io::Result<()> {
    let real_root = fs::canonicalize(root)?;
    let mut waiting = entries(root)?;
    // The first is the last of the pile.
    while let Some(Entry { path, kind }) = waiting.pop() {
        let name = path.display().to_string();
        if kind.is_symlink() {
            // What it leads to inside the tree is read where it stands, so that no way is gone twice.
            let is_inside = fs::canonicalize(&path).is_ok_and(|target| target.starts_with(&real_root));
            if !is_inside && (is_manifest(&path) || path.is_dir()) {
                manifests.skip(&name, "a symbolic link out of the tree");
            }
        } else if kind.is_dir() {
            if path.file_name().is_some_and(|name| name == GIT) {
                continue;
            }
            match entries(&path) {
                Ok(below) => waiting.extend(below),
                Err(error) => manifests.skip(&name, error.to_string()),
            }
        } else if kind.is_file() && is_manifest(&path) {
            match File::open(&path).and_then(bytes) {
                Ok(Some(text)) => manifests.read(&name, &text),
                Ok(None) => manifests.skip(&name, "more than 16 MiB"),
                Err(error) => manifests.skip(&name, error.to_string()),
            }
        }
    }
    Ok(())
}

/// Returns what a folder holds, the last name first.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let read = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok(Entry { path: entry.path(), kind: entry.file_type()? })
    };
    let mut entries = fs::read_dir(folder)?.map(read).collect::<io::Result<Vec<_>>>()?;
    entries.sort_unstable_by(|a, b| b.path.cmp(&a.path));
    Ok(entries)
}

fn is_manifest(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}
