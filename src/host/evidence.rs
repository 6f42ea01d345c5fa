//! Evidence: `acr-sync.yaml` and what its rules lean on, read where that version of it is read.
//!
//! What the rules name is a file of the repository, at the same commit; only scanners' reports come from the job.

use super::{
    scans,
    texts::{Found, Remote, Texts},
};
use crate::{policy::Evidence, problem::Problem, settings};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Where the reviewed files of the repository are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    /// In the checkout; where it lacks the file, at this commit.
    Checkout(Option<&'a str>),
    /// At this commit, whatever is checked out.
    Commit(&'a str),
    /// At this commit as the host has it, without a look at what is here.
    Host(&'a str),
    /// Nowhere: nothing is judged.
    Nowhere,
}

impl<'a> At<'a> {
    /// Returns where a run for a commit reads its files, and what people should know of it.
    pub(super) fn of_run<R: Remote>(texts: &Texts<'_, R>, commit: Option<&'a str>) -> (Self, Option<String>) {
        let instead = commit.and_then(|commit| Some((commit, texts.checked_out_instead(commit)?)));
        let Some((commit, instead)) = instead else { return (At::Checkout(commit), None) };
        (At::Commit(commit), Some(format!("`{instead}` is checked out and not `{commit}`, at which the list is read")))
    }
}

/// Reads the list.
pub(super) async fn list<R: Remote>(texts: &Texts<'_, R>, at: At<'_>) -> Found {
    read(texts, texts.file, at).await
}

/// Reads the settings.
pub(super) async fn settings<R: Remote>(texts: &Texts<'_, R>, at: At<'_>) -> Found {
    read(texts, Path::new(settings::FILE), at).await
}

/// Reads the certificates that settings name, and those that they are compared with: a new certificate is a change,
/// though no setting differs. `at` is where the settings were read, `before` where the old ones were.
///
/// # Errors
/// As [`gather`].
pub(super) async fn certificates<R: Remote>(
    texts: &Texts<'_, R>,
    at: At<'_>,
    before: Option<At<'_>>,
    settings: &[u8],
) -> Result<Evidence, Problem> {
    let mut evidence = Evidence::default();
    // What cannot be read is told by the run itself.
    let Ok(settings) = settings::parse(settings) else { return Ok(evidence) };
    let files = settings.certificate_files();
    evidence.certificates = all(texts, &files, at).await?;
    if let Some(before) = before {
        evidence.certificates_before = Some(all(texts, &files, before).await?);
    }
    Ok(evidence)
}

/// Adds the evidence that settings ask for; `at` is where they were read.
///
/// # Errors
/// A [`Problem`] for a file that cannot be read; one that is not there is no problem of the host's.
pub(super) async fn gather<R: Remote>(
    evidence: &mut Evidence,
    texts: &Texts<'_, R>,
    at: At<'_>,
    settings: &[u8],
) -> Result<(), Problem> {
    let Ok(settings) = settings::parse(settings) else { return Ok(()) };
    evidence.files.extend(all(texts, &settings.policy.files(), at).await?);
    scans::gather(texts.workspace, settings.policy.reports(), evidence);
    Ok(())
}

async fn all<R: Remote>(
    texts: &Texts<'_, R>,
    files: &BTreeSet<&str>,
    at: At<'_>,
) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let mut found = BTreeMap::new();
    for file in files {
        if let Some(bytes) = read(texts, Path::new(file), at).await? {
            found.insert((*file).to_owned(), bytes);
        }
    }
    Ok(found)
}

async fn read<R: Remote>(texts: &Texts<'_, R>, file: &Path, at: At<'_>) -> Found {
    let texts = texts.of(file);
    match at {
        At::Checkout(commit) => texts.head(commit).await,
        At::Commit(commit) => texts.at(commit).await,
        At::Host(commit) => texts.remote(commit).await,
        At::Nowhere => Ok(None),
    }
}
