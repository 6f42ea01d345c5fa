//! Walk: every file of a folder that its rules take in, in the order of their paths; one folder at a time in memory.

use super::rules::Rules;
use crate::problem::{Problem, Side};
use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

/// The most entries of a context. Past that, somebody has named the wrong folder.
const MOST: u64 = 1_000_000;

/// Something that is packed.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path below the folder, with `/`; what is no Unicode in it is replaced.
    pub(super) name: String,
    /// The same as it is.
    pub(super) inside: PathBuf,
    /// Where it lies.
    pub(super) place: PathBuf,
    pub(super) metadata: Metadata,
}

/// What is done with each.
pub(super) type Visit<'a> = dyn FnMut(&Entry) -> Result<(), Problem> + 'a;

/// Walks a folder. Links are not followed; what `kept` names is taken in whatever the rules say.
///
/// # Errors
/// What cannot be read, and what `visit` returns.
pub(super) fn walk(root: &Path, rules: &Rules, kept: &[&str], visit: &mut Visit<'_>) -> Result<(), Problem> {
    let mut count = 0;
    let mut seen = Vec::new();
    let mut counted = |entry: &Entry| {
        count += 1;
        if count > MOST {
            let what = format!("`{}` has more than {MOST} files and folders", root.display());
            return Err(Problem::new(Side::Settings, what).hint("Name fewer by .dockerignore, or another folder."));
        }
        if let Some(kept) = kept.iter().find(|kept| **kept == entry.name) {
            seen.push(*kept);
        }
        visit(entry)
    };
    below(root, Path::new(""), rules, kept, &mut counted)?;
    // In folders that are left out.
    for name in kept.iter().filter(|name| !seen.contains(name)) {
        let place = root.join(name);
        match fs::symlink_metadata(&place) {
            Ok(metadata) => visit(&Entry { name: (*name).to_owned(), inside: name.into(), place, metadata })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&place, &error)),
        }
    }
    Ok(())
}

fn below(root: &Path, folder: &Path, rules: &Rules, kept: &[&str], visit: &mut Visit<'_>) -> Result<(), Problem> {
    let place = root.join(folder);
    let failed = |error: io::Error| unreadable(&place, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(&place).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort_unstable();
    for name in names {
        let inside = folder.join(&name);
        let name = inside.to_string_lossy().into_owned();
        let is_out = rules.leave_out(&name) && !kept.contains(&name.as_str());
        let place = root.join(&inside);
        let metadata = match fs::symlink_metadata(&place) {
            Ok(metadata) => metadata,
            // What is left out may come and go.
            Err(_) if is_out => continue,
            Err(error) => return Err(unreadable(&place, &error)),
        };
        let goes_on = metadata.is_dir() && (!is_out || rules.may_take_in_below(&name));
        if !is_out {
            visit(&Entry { name, inside: inside.clone(), place, metadata })?;
        }
        if goes_on {
            below(root, &inside, rules, kept, visit)?;
        }
    }
    Ok(())
}

pub(super) fn unreadable(place: &Path, error: &io::Error) -> Problem {
    Problem::new(Side::Settings, format!("`{}` cannot be read: {error}", place.display()))
        .hint("Check the name and who may read it, or leave it out by .dockerignore.")
}
