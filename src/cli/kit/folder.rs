//! Folder: the files of a kit, each written whole or not at all.

use crate::problem::{Problem, Side};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner: mode 0600.
    Owner,
    /// Everybody: mode 0644.
    All,
}

impl Readers {
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::All => 0o644,
        }
    }
}

/// Whether a file is another by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Changed,
    AsItWas,
}

/// Makes the folder, for its owner alone.
pub(super) fn make(folder: &Path) -> Result<(), Problem> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| failed(folder, &error))
}

/// Returns a file's text; empty where there is none.
pub(super) fn read(path: &Path) -> Result<String, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Writes a file beside its place and moves it there; one that has this text already keeps it, and gets the mode.
pub(super) fn write(path: &Path, text: &str, readers: Readers) -> Result<Written, Problem> {
    let error = |error: io::Error| failed(path, &error);
    if fs::read(path).is_ok_and(|now| now == text.as_bytes()) {
        restrict(path, readers).map_err(error)?;
        return Ok(Written::AsItWas);
    }
    // What a link leads to is changed, not the link.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&place);
    let whole = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, readers.mode());
        // One that a broken run left behind is nobody's.
        drop(fs::remove_file(&beside));
        let mut file = options.open(&beside)?;
        file.write_all(text.as_bytes())?;
        restrict(&beside, readers)?;
        file.sync_all()?;
        fs::rename(&beside, &place)
    };
    whole().map_err(|failure| {
        drop(fs::remove_file(&beside));
        error(failure)
    })?;
    Ok(Written::Changed)
}

/// Finds out beforehand whether a file can be written: a password that has no place to go is lost.
pub(super) fn probe(path: &Path) -> Result<(), Problem> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&place);
    drop(fs::remove_file(&beside));
    let probe = OpenOptions::new().write(true).create_new(true).open(&beside);
    probe.map_err(|error| failed(path, &error))?;
    fs::remove_file(&beside).map_err(|error| failed(path, &error))
}

fn beside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.new"))
}

#[cfg(unix)]
fn restrict(path: &Path, readers: Readers) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(readers.mode()))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: Readers) -> io::Result<()> {
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Side::Settings, format!("`{}`: {error}", path.display()))
        .hint("Check that the folder exists, and that this user may write there.")
}
