//! Folder: where the files of a kit are.

use crate::problem::{Problem, Side};
use std::{fs, io, os::unix::fs::DirBuilderExt, path::Path};

/// Makes the folder, for its owner alone.
pub(super) fn make(folder: &Path) -> Result<(), Problem> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, &error))
}

/// Returns a file's text; empty where there is none.
pub(super) fn read(path: &Path) -> Result<String, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(failed(path, &error)),
    }
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Side::Settings, format!("`{}`: {error}", path.display()))
        .hint("Check that the folder exists, and that this user may read and write there.")
}
