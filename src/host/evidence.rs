//! Evidence: `acr-sync.yaml` and what its rules lean on, read where that version of it is read.
//!
//! What the rules name is a file of the repository, at the same commit; only scanners' reports come from the job.

use super::{
    scans,
    texts::{Found, Remote, Texts},
};
use crate::{policy::Evidence, problem::Problem, settings};
use std::path::Path;

/// Where the reviewed files of the repository are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    /// In the checkout; where it lacks the file, at this commit.
    Checkout(Option<&'a str>),
    /// At this commit.
    Commit(&'a str),
    /// At this commit as the host has it, whatever is checked out.
    Host(&'a str),
    /// Nowhere: nothing is judged.
    Nowhere,
}

/// Reads the settings.
pub(super) async fn settings<R: Remote>(texts: &Texts<'_, R>, at: At<'_>) -> Found {
    read(texts, settings::FILE, at).await
}

/// Reads the evidence that settings ask for; `at` is where they were read.
///
/// # Errors
/// A [`Problem`] for a file that cannot be read; one that is not there is no problem of the host's.
pub(super) async fn gather<R: Remote>(texts: &Texts<'_, R>, at: At<'_>, settings: &[u8]) -> Result<Evidence, Problem> {
    let mut evidence = Evidence::default();
    // What cannot be read is told by the run itself.
    let Ok(settings) = settings::parse(settings) else { return Ok(evidence) };
    for file in settings.policy.files() {
        if let Some(bytes) = read(texts, file, at).await? {
            evidence.files.insert(file.to_owned(), bytes);
        }
    }
    scans::gather(texts.workspace, settings.policy.reports(), &mut evidence);
    Ok(evidence)
}

async fn read<R: Remote>(texts: &Texts<'_, R>, file: &str, at: At<'_>) -> Found {
    let texts = texts.of(Path::new(file));
    match at {
        At::Checkout(commit) => texts.head(commit).await,
        At::Commit(commit) => texts.at(commit).await,
        At::Host(commit) => texts.remote(commit).await,
        At::Nowhere => Ok(None),
    }
}
