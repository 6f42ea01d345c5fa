//! Files: what the commands write, each whole or not at all, the machine forms of a report among it.

use crate::{
    app::Occasion,
    host,
    inputs::Inputs,
    problem::{Problem, Side},
    report::{self, Report, json, sarif},
};
use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Takes in the plan that `reviewed-plan` names, beside what the host knows of reviews.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn take_review(inputs: &Inputs, occasion: &mut Occasion) -> Result<(), Problem> {
    let Some(path) = &inputs.reviewed_plan else { return Ok(()) };
    let text = fs::read(path).map_err(|error| error.to_string());
    let reviewed = text.and_then(|text| report::reviewed(&text, inputs.shard)).map_err(|why| {
        Problem::new(Side::Settings, format!("the reviewed plan `{}` cannot be used: {why}", path.display()))
            .hint("Give the file that `plan-file` wrote when the change was reviewed.")
    })?;
    occasion.reviewed.get_or_insert_default().extend(reviewed);
    Ok(())
}

/// Writes `plan-file` and `sarif-file`, and `result-file` after an apply.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn write(inputs: &Inputs, report: &Report) -> Result<(), Problem> {
    if let Some(path) = &inputs.plan_file {
        put(path, json::plan_json(report).as_bytes(), Readers::AsItIs)?;
    }
    if let Some(path) = &inputs.sarif_file {
        put(path, sarif::sarif(report, &host::registries(inputs)).as_bytes(), Readers::AsItIs)?;
    }
    match &inputs.result_file {
        Some(path) if report.is_applied() || report.stopped().is_some() => {
            put(path, json::result_json(report).as_bytes(), Readers::AsItIs).map(drop)
        }
        Some(_) | None => Ok(()),
    }
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner: mode 0600.
    Owner,
    /// Everybody: mode 0644.
    All,
    /// Those who may already; a new file is as this user makes files.
    AsItIs,
}

/// Whether a file is another by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Changed,
    AsItWas,
}

/// Writes a whole file: beside its place and then into it, so that a reader never meets half of it. One that has this
/// text already keeps it. What a link leads to is changed, not the link.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn put(path: &Path, text: &[u8], readers: Readers) -> Result<Written, Problem> {
    let place = place(path)?;
    if fs::read(&place).is_ok_and(|now| now == text) {
        let mode = readers.mode().map_or(Ok(()), |mode| fs::set_permissions(&place, Permissions::from_mode(mode)));
        return mode.map(|()| Written::AsItWas).map_err(|error| failed(path, &error));
    }
    let beside = beside(&place);
    let whole = || -> io::Result<()> {
        let was = fs::metadata(&place).ok().filter(|_| readers == Readers::AsItIs);
        // What others may read is told when it is whole: until then it is its owner's.
        let first = if readers == Readers::AsItIs && was.is_none() { 0o666 } else { 0o600 };
        // One that a broken run left behind is nobody's.
        drop(fs::remove_file(&beside));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(first).open(&beside)?;
        file.write_all(text)?;
        if let Some(was) = &was {
            // Only root can give a file to another, and whoever is not has made it his own.
            drop(std::os::unix::fs::chown(&beside, Some(was.uid()), Some(was.gid())));
        }
        let mode = readers.mode().map(Permissions::from_mode).or_else(|| was.map(|was| was.permissions()));
        mode.map_or(Ok(()), |mode| file.set_permissions(mode))?;
        file.sync_all()?;
        fs::rename(&beside, &place)
    };
    whole().map(|()| Written::Changed).map_err(|error| {
        drop(fs::remove_file(&beside));
        failed(path, &error)
    })
}

/// Finds out beforehand whether a file can be written: a password that has no place to go is lost.
///
/// # Errors
/// As [`put`].
pub(super) fn probe(path: &Path) -> Result<(), Problem> {
    let place = place(path)?;
    let beside = beside(&place);
    drop(fs::remove_file(&beside));
    let probe = OpenOptions::new().write(true).create_new(true).open(&beside);
    probe.and_then(|_| fs::remove_file(&beside)).map_err(|error| failed(path, &error))
}

impl Readers {
    fn mode(self) -> Option<u32> {
        match self {
            Self::Owner => Some(0o600),
            Self::All => Some(0o644),
            Self::AsItIs => None,
        }
    }
}

/// Returns where a file lies or will lie. A pipe or a device is refused: it would be read for ever or have a file put in
/// its place; and what is written stands in nobody's log, where a runner would take foreign text in it for commands.
fn place(path: &Path) -> Result<PathBuf, Problem> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&place).is_ok_and(|is| !is.is_file()) {
        let what = format!("`{}` cannot be written: it is a folder, a pipe or a device", path.display());
        return Err(Problem::new(Side::Settings, what).hint("Name a file, and read that."));
    }
    Ok(place)
}

fn beside(place: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(".new");
    place.with_file_name(name)
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Side::Settings, format!("`{}` cannot be written: {error}", path.display()))
        .hint("Check that its folder exists, and that this user may write there.")
}
