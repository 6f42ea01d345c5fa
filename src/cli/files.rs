//! Files: the machine form of a report, written where the inputs say.

use crate::{
    inputs::Inputs,
    problem::{Problem, Side},
    report::{Body, Report, json},
};
use std::{fs, io, path::Path};

/// Writes `plan-file`, and `result-file` after an apply.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn write(inputs: &Inputs, report: &Report) -> Result<(), Problem> {
    if let Some(path) = &inputs.plan_file {
        put(path, json::plan_json(report).as_bytes())?;
    }
    match (&inputs.result_file, &report.body) {
        (Some(path), Body::Applied(..) | Body::Stopped(_)) => put(path, json::result_json(report).as_bytes()),
        (Some(_), Body::Planned(_)) | (None, _) => Ok(()),
    }
}

/// Writes a whole file, which keeps the permissions it has.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn put(path: &Path, text: &[u8]) -> Result<(), Problem> {
    let whole = || -> io::Result<()> {
        // Beside the file and then in its place: a reader never meets half of it.
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, text)?;
        if let Ok(was) = fs::metadata(path) {
            fs::set_permissions(&beside, was.permissions())?;
        }
        fs::rename(&beside, path)
    };
    whole().map_err(|error| {
        Problem::new(Side::Settings, format!("`{}` cannot be written: {error}", path.display()))
            .hint("Check that its folder exists and may be written.")
    })
}
