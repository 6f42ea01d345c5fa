//! Files: the machine form of a report, written where the inputs say.

use crate::{
    app::Occasion,
    host,
    inputs::Inputs,
    problem::{Problem, Side},
    report::{self, Report, json, sarif},
};
use std::{fs, io, path::Path};

/// Takes in the plan that `reviewed-plan` names, beside what the host knows of reviews.
///
/// # Errors
/// A [`Problem`] that names the file.
pub(super) fn take_review(inputs: &Inputs, occasion: &mut Occasion) -> Result<(), Problem> {
    let Some(path) = &inputs.reviewed_plan else { return Ok(()) };
    let text = fs::read(path).map_err(|error| error.to_string());
    let reviewed = text.and_then(|text| report::reviewed(&text)).map_err(|why| {
        Problem::new(Side::Settings, format!("the reviewed plan `{}` cannot be read: {why}", path.display()))
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
        put(path, json::plan_json(report).as_bytes())?;
    }
    if let Some(path) = &inputs.sarif_file {
        put(path, sarif::sarif(report, &host::registries(inputs)).as_bytes())?;
    }
    match &inputs.result_file {
        Some(path) if report.is_applied() || report.stopped().is_some() => {
            put(path, json::result_json(report).as_bytes())
        }
        Some(_) | None => Ok(()),
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
