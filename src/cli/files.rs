//! Files: the machine form of a report, written where the inputs say.

use crate::{
    inputs::Inputs,
    problem::{Problem, Side},
    report::{Body, Report, json, sarif},
};
use std::{fs, io, path::Path};

/// Writes `plan-file` and `sarif-file`, and `result-file` after an apply.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn write(inputs: &Inputs, report: &Report) -> Result<(), Problem> {
    if let Some(path) = &inputs.plan_file {
        put(path, &json::plan_json(report))?;
    }
    if let Some(path) = &inputs.sarif_file {
        put(path, &sarif::sarif(report))?;
    }
    match (&inputs.result_file, &report.body) {
        (Some(path), Body::Applied(..) | Body::Stopped(_)) => put(path, &json::result_json(report)),
        (Some(_), Body::Planned(_)) | (None, _) => Ok(()),
    }
}

fn put(path: &Path, text: &str) -> Result<(), Problem> {
    let whole = || -> io::Result<()> {
        // Beside the file and then in its place: a reader never meets half of it.
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, text)?;
        fs::rename(&beside, path)
    };
    whole().map_err(|error| {
        Problem::new(Side::Settings, format!("`{}` cannot be written: {error}", path.display()))
            .hint("Check that its folder exists and may be written.")
    })
}
