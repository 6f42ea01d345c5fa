//! Sources: what `acr-sync.yaml` says of the registries that images come from, put into the run's inputs.

use super::Stated;
use crate::{
    inputs::{Inputs, Mode, Variable},
    problem::{Problem, Side},
    registry::Login,
    settings::{Account, FILE, Site, Source, Way},
};

/// Returns the run's inputs with what is stated of its sources.
///
/// Who proposes a change could name a registry of his own, and any variable of the step as its password: on the way to
/// a plan only what the base states too is sent. A person's own run, and what is merged, are trusted.
pub(super) fn with_sources(inputs: &Inputs, stated: &Stated, mode: Mode) -> Result<Inputs, Problem> {
    let mut own = inputs.clone();
    for (site, source) in &stated.settings.sources {
        match source.route {
            Way::Auto => {}
            Way::Direct => own.direct.add(&site.to_string()).map_err(|why| unusable(site, &why))?,
        }
        if let Some(account) = &source.credential
            && is_trusted(inputs, stated, mode, site, source)
        {
            match (login(inputs, account), mode) {
                (Some(login), _) => own.logins.add(site.registry().clone(), site.path(), login),
                // A fork's pull request has no secrets: its lines are left unchecked where the source wants one.
                (None, Mode::Plan) => {}
                (None, Mode::Apply) => {
                    let variable = account.password.name();
                    let why = format!("the variable `{variable}`, which `password` names, is not set");
                    return Err(unusable(site, &why).hint(Variable::HINT));
                }
            }
        }
    }
    Ok(own)
}

fn is_trusted(inputs: &Inputs, stated: &Stated, mode: Mode, site: &Site, source: &Source) -> bool {
    match (mode, &stated.before) {
        (Mode::Apply, _) => true,
        (Mode::Plan, Some(before)) => {
            before.sources.get(site).is_some_and(|before| before.credential == source.credential)
        }
        (Mode::Plan, None) => inputs.docker_config.is_some(),
    }
}

fn login(inputs: &Inputs, account: &Account) -> Option<Login> {
    let password = inputs.variables.get(account.password.name())?;
    inputs.identity.mask.hide(password);
    Some(Login::Password { username: account.username.clone(), password: password.into() })
}

fn unusable(site: &Site, why: &str) -> Problem {
    Problem::new(Side::Settings, format!("{FILE}: sources: {site}: {why}"))
}
