//! Survey: asks section by section what is to be done. Cannot fail: what could not be asked is a finding.

use super::{
    Clients, Finding, Gravity, Section, Upkeep, certificates, cleanup, connected, pull_check, registry_settings,
    removed, standing,
};
use crate::{
    images::{Entry, ImageList},
    plan::{Overwrite, Step},
    settings::Settings,
};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// What a run asks of the upkeep.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The settings as they are meant to be.
    pub settings: &'a Settings,
    /// The settings that they are compared with; none where all that they state is meant.
    pub before: Option<&'a Settings>,
    /// The list as it is meant to be: what it brings in stays.
    pub list: &'a ImageList,
    /// The repositories to which lines write that another run takes, one for each of these lines.
    pub elsewhere: &'a [&'a str],
    /// The lines that are gone from the list.
    pub removed: &'a [Entry],
    /// What will be done for the lines of the list.
    pub steps: &'a [Step],
    /// The files with certificates that the settings name, as far as they are there.
    pub certificates: &'a BTreeMap<String, Vec<u8>>,
    /// Whether a tag that holds something else may be moved.
    pub overwrite: Overwrite,
    /// When the run is.
    pub now: OffsetDateTime,
}

/// Makes the plan for everything beside the lines.
pub async fn plan(asked: &Asked<'_>, clients: &Clients) -> Upkeep {
    let mut upkeep = Upkeep::default();
    if let (None, Err(problem)) = (&clients.azure, &clients.door) {
        // Nobody is signed in: a fork's pull request has no credentials.
        let subject = clients.registry.to_string();
        let (section, gravity, problem) = (Section::File, Gravity::Unchecked, problem.clone());
        upkeep.findings.push(Finding { section, subject, gravity, problem });
        return upkeep;
    }
    removed::plan(asked, clients, &mut upkeep).await;
    connected::plan(asked, clients, &mut upkeep).await;
    pull_check::look(asked, clients, &mut upkeep).await;
    registry_settings::plan(asked, clients, &mut upkeep).await;
    certificates::plan(asked, clients, &mut upkeep).await;
    cleanup::plan(asked, clients, &mut upkeep).await;
    standing::plan(asked, clients, &mut upkeep).await;
    // Stable: what a section wants first comes first among its equals.
    upkeep.chores.sort_by_key(|chore| chore.task.turn());
    upkeep
}
