//! `scan`: which images manifests name that no line of the list brings in.

mod tree;

use super::{BAD, GOOD, MISSING, files, outlet};
use crate::{
    azure::RegistryName,
    images,
    inputs::Env,
    needed::{self, Manifests, Needs, Targets},
    problem::{Problem, Side},
    reference::Registry,
};
use std::path::PathBuf;

/// What a person asked for.
#[derive(Debug, Default)]
pub struct Options {
    /// Files and folders; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// The list.
    pub file: PathBuf,
    /// The registries that the cluster pulls from, by name or login server.
    pub registries: Vec<String>,
    /// Where to write the machine form.
    pub json: Option<PathBuf>,
    /// Whether lines are added to the list.
    pub writing: Writing,
}

/// Whether a scan adds what is missing to the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writing {
    /// It only says what is missing.
    #[default]
    No,
    /// It adds the lines that it can say.
    Yes,
}

pub(super) fn run(options: &Options, env: &Env) -> u8 {
    match scan(options, env) {
        Ok(code) => code,
        Err(problems) => outlet::problems(&problems),
    }
}

fn scan(options: &Options, env: &Env) -> Result<u8, Vec<Problem>> {
    let targets = targets(&options.registries)?;
    let list = images::read_file(&options.file)
        .map_err(|error| vec![Problem::new(Side::Settings, error.to_string()).hint(error.hint())])?;
    let parsed = images::parse(&list, targets.one());
    if parsed.error_count() > 0 {
        // What a line that cannot be read brings in is not known, and so neither is what is missing.
        super::check::print(&options.file, &parsed, env);
        return Ok(BAD);
    }
    let mut manifests = Manifests::default();
    for path in &options.paths {
        tree::read(path, &mut manifests).map_err(|problem| vec![problem])?;
    }
    if manifests.is_empty() {
        let problem = Problem::new(Side::Settings, "nothing that could be read is YAML or JSON")
            .hint("Render the charts first, as in `helm template CHART | acr-sync scan -`.");
        outlet::print(&needed::text(&name(options), &needed::compare(manifests, &parsed.list, &targets), &[]));
        return Err(vec![problem]);
    }
    let needs = needed::compare(manifests, &parsed.list, &targets);
    let added = match options.writing {
        Writing::Yes => write(options, &list, &needs).map_err(|problem| vec![problem])?,
        Writing::No => Vec::new(),
    };
    outlet::print(&needed::text(&name(options), &needs, &added));
    if let Some(path) = &options.json {
        let text = needed::json(&name(options), &needs, &added);
        files::put(path, text.as_bytes(), files::Readers::AsItIs).map_err(|problem| vec![problem])?;
    }
    Ok(if needed::open(&needs, &added) == 0 { GOOD } else { MISSING })
}

/// Adds the lines, and returns them.
fn write(options: &Options, list: &[u8], needs: &Needs) -> Result<Vec<String>, Problem> {
    let lines = needs.lines();
    if lines.is_empty() {
        return Ok(lines);
    }
    let longer = needed::append(list, &lines);
    if longer.len() > images::MAX_BYTES {
        return Err(Problem::new(Side::List, format!("`{}` would have more than 16 MiB", options.file.display()))
            .hint("Split it into several files."));
    }
    files::put(&options.file, &longer, files::Readers::AsItIs)?;
    Ok(lines)
}

fn name(options: &Options) -> String {
    options.file.display().to_string()
}

fn targets(registries: &[String]) -> Result<Targets, Vec<Problem>> {
    let (read, problems): (Vec<_>, Vec<_>) = registries.iter().map(|text| login_server(text)).partition(Result::is_ok);
    if problems.is_empty() {
        Ok(Targets::new(read.into_iter().flatten().collect()))
    } else {
        Err(problems.into_iter().filter_map(Result::err).collect())
    }
}

/// Nobody is asked, so a name stands for the login server that it has in Azure's public cloud.
fn login_server(text: &str) -> Result<Registry, Problem> {
    let refused = |why: String| {
        Problem::new(Side::Settings, format!("`--registry {text}`: {why}"))
            .hint("Give the registry's name, or its login server, such as contoso.azurecr.io.")
    };
    let name = match text.parse::<RegistryName>().map_err(refused)? {
        RegistryName::LoginServer(registry) => return Ok(registry),
        RegistryName::Name(name) => name,
        RegistryName::Id(id) => id.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    Registry::parse(&format!("{name}.azurecr.io")).map_err(|error| refused(error.to_string()))
}
