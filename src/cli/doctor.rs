//! `doctor`: whether clusters can pull from the registry, without a plan.

use super::{BAD, GOOD, outlet};
use crate::{
    app, host,
    images::{self, ImageList},
    inputs::{Env, Inputs},
    problem::{Problem, Side},
    pull_check::{Cluster, Grade, PullCheck},
    report::examination,
    settings,
};
use std::path::Path;

/// Runs the check for the clusters that are named, else for those of `acr-sync.yaml`.
pub(super) async fn run(inputs: &Inputs, clusters: &[Cluster], file: Option<&Path>, env: &Env) -> u8 {
    let examined = async {
        let checks = checks(clusters)?;
        let list = list(inputs, file)?;
        app::examine(inputs, &checks, &list).await
    };
    match examined.await {
        Ok(examination) => {
            let app::Examination { registry, remarks } = &examination;
            outlet::print(&examination::text(registry, remarks, outlet::colour(env)));
            let is_bad = remarks.iter().any(|remark| remark.grade == Grade::Bad);
            if is_bad || !examination::unasked(remarks).is_empty() { BAD } else { GOOD }
        }
        Err(problem) => outlet::problems(&[problem]),
    }
}

fn checks(clusters: &[Cluster]) -> Result<Vec<PullCheck>, Problem> {
    let settings = settings::parse(&host::settings()?).map_err(|error| error.problem())?;
    let of = |cluster: &Cluster| {
        let known = settings.pull_check.iter().find(|check| check.cluster == *cluster);
        known.cloned().unwrap_or_else(|| PullCheck::of(cluster.clone()))
    };
    let checks: Vec<_> =
        if clusters.is_empty() { settings.pull_check.clone() } else { clusters.iter().map(of).collect() };
    if checks.is_empty() {
        return Err(Problem::new(Side::Settings, "no cluster is named")
            .hint("Name one with `--cluster ID` (`az aks show --query id`), or by `pull-check` in acr-sync.yaml."));
    }
    Ok(checks)
}

/// The list that is named, else the one that is there, else none.
fn list(inputs: &Inputs, file: Option<&Path>) -> Result<ImageList, Problem> {
    let path = file.unwrap_or(&inputs.images_file);
    let text = match images::read_file(path) {
        Ok(text) => text,
        Err(error) if file.is_none() && matches!(error.kind, images::ListFileErrorKind::NotFound) => Vec::new(),
        Err(error) => return Err(Problem::new(Side::Settings, error.to_string()).hint("Check the name of the list.")),
    };
    // What is wrong with a line is for `check` to tell.
    Ok(images::parse(&text, None).list)
}
