//! Local: a git working copy in, the terminal out.

use super::{
    git::{self, GitError, MergeBase},
    scans,
    texts::chosen,
};
use crate::{
    app::Occasion,
    images::{self, ListFileErrorKind},
    inputs::{Inputs, Mode, Scope},
    policy::Evidence,
    problem::{Problem, Side},
    report::Base,
    settings,
};
use std::path::Path;

/// What a person asked for on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// `plan` or `apply`.
    pub mode: Mode,
    /// `changed` or `all`.
    pub scope: Scope,
}

/// Reads the list of the working copy, and the one it is compared with.
///
/// # Errors
/// A [`Problem`] for a file or a revision that cannot be read.
pub fn occasion(inputs: &Inputs, asked: Asked) -> Result<Occasion, Problem> {
    let path = &inputs.images_file;
    let head = images::read_file(path)
        .map_err(|error| Problem::new(Side::Settings, error.to_string()).hint(sentence(error.hint())))?;
    let (base, base_name) = match asked.scope {
        Scope::All => (None, Base::None),
        Scope::Changed => {
            let (id, because) = base(inputs)?;
            let text = git::text_at(Path::new("."), &id, path).map_err(|error| problem(&error))?;
            chosen(text, &id, &because, path)
        }
    };
    let settings = own(settings::FILE)?.unwrap_or_default();
    let settings_base = match &base_name {
        // A file that is gone states nothing, so that nothing follows.
        Base::Commit { .. } if settings.is_empty() => Some(Vec::new()),
        Base::Commit { id, .. } => {
            let text = git::text_at(Path::new("."), id, Path::new(settings::FILE)).map_err(|error| problem(&error))?;
            Some(text.unwrap_or_default())
        }
        Base::None => None,
    };
    let mut evidence = certificates(&settings, &base_name)?;
    // Nothing is judged where nothing has changed.
    if base.as_ref() != Some(&head) || settings_base.as_ref() != Some(&settings) || evidence.has_new_certificates() {
        gather(&settings, &mut evidence)?;
    }
    let file = path.display().to_string();
    Ok(Occasion {
        mode: asked.mode,
        file,
        head,
        base,
        former: None,
        base_name,
        reviewed: None,
        settings,
        settings_base,
        evidence,
    })
}

/// Reads the text of `acr-sync.yaml` in the current directory; nothing where there is none.
///
/// # Errors
/// A [`Problem`] for a file that cannot be read.
pub fn settings() -> Result<Vec<u8>, Problem> {
    Ok(own(settings::FILE)?.unwrap_or_default())
}

/// Reads a file of the current directory, such as `acr-sync.yaml`; nothing where there is none.
fn own(file: &str) -> Result<Option<Vec<u8>>, Problem> {
    match images::read_file(Path::new(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind, ListFileErrorKind::NotFound) => Ok(None),
        Err(error) => Err(Problem::new(Side::Settings, error.to_string()).hint("Check that it is a file of text.")),
    }
}

/// Reads the certificates that the settings name, and those that they are compared with.
fn certificates(settings: &[u8], base: &Base) -> Result<Evidence, Problem> {
    let mut evidence = Evidence::default();
    // What cannot be read is told by the run itself.
    let Ok(settings) = settings::parse(settings) else { return Ok(evidence) };
    for file in settings.certificate_files() {
        if let Some(bytes) = own(file)? {
            evidence.certificates.insert(file.to_owned(), bytes);
        }
        if let Base::Commit { id, .. } = base {
            let before = evidence.certificates_before.get_or_insert_default();
            let text = git::text_at(Path::new("."), id, Path::new(file)).map_err(|error| problem(&error))?;
            before.extend(text.map(|bytes| (file.to_owned(), bytes)));
        }
    }
    Ok(evidence)
}

/// Reads what the rules lean on. What is a person's own may be a link.
fn gather(settings: &[u8], evidence: &mut Evidence) -> Result<(), Problem> {
    let Ok(settings) = settings::parse(settings) else { return Ok(()) };
    for file in settings.policy.files() {
        if let Some(bytes) = own(file)? {
            evidence.files.insert(file.to_owned(), bytes);
        }
    }
    scans::gather(Path::new("."), settings.policy.reports(), evidence);
    Ok(())
}

/// The revision that was named, else where this branch left its upstream branch (design §4).
fn base(inputs: &Inputs) -> Result<(String, String), Problem> {
    if let Some(revision) = &inputs.base {
        return Ok((revision.clone(), "named by `--base`".to_owned()));
    }
    match git::merge_base_with_upstream(Path::new(".")).map_err(|error| problem(&error))? {
        MergeBase::Found { commit, branch } => Ok((commit, format!("merge base with `{branch}`"))),
        MergeBase::None(why) => Err(Problem::new(Side::Settings, format!("there is no base to compare with: {why}"))
            .hint("Name one with `--base REV`, or take the whole list with `--all`.")),
    }
}

fn problem(error: &GitError) -> Problem {
    Problem::new(Side::Settings, error.to_string()).hint(sentence(error.hint()))
}

/// The rooms below write hints as fragments; a report shows sentences.
fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
