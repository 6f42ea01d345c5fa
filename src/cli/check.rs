//! `check`: the linter of a list.

use super::{BAD, GOOD, outlet};
use crate::{
    images::{self, show},
    inputs::Env,
};
use std::path::Path;

pub(super) fn run(file: &Path, env: &Env) -> u8 {
    let text = match images::read_file(file) {
        Ok(text) => text,
        Err(error) => return outlet::error(&format!("{error}; {}", error.hint())),
    };
    let parsed = images::parse(&text, None);
    outlet::print(&show(&file.display().to_string(), &parsed, outlet::colour(env)));
    let (entries, errors, warnings) = (parsed.list.len(), parsed.error_count(), parsed.warning_count());
    outlet::print(&format!("{entries} lines read, {errors} errors, {warnings} warnings\n"));
    if errors == 0 { GOOD } else { BAD }
}
