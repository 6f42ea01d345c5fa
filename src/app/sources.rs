//! Sources: what `acr-sync.yaml` says of the registries that images come from, put into the run's inputs.

use super::{Occasion, Stated};
use crate::{
    certificates::Authorities,
    inputs::{Inputs, Mode, Variable},
    problem::{Problem, Side},
    registry::{Login, connection_host},
    settings::{Account, FILE, Settings, Site, Source, Way},
};

/// Returns the run's inputs with what is stated of its sources.
///
/// Who proposes a change could name a registry of his own, and any variable of the step as its password; or an authority
/// of his own, and so be any registry. On the way to a plan a credential is sent only where the base states the same, and
/// to no host that is trusted for an authority which the base does not state. What is merged is
/// trusted, and so is a person's own run over the whole list. A mirror is one more registry that is asked, with what
/// there is for it.
pub(super) fn with_sources(inputs: &Inputs, stated: &Stated, occasion: &Occasion) -> Result<Inputs, Problem> {
    let mut own = inputs.clone();
    for (site, source) in &stated.settings.sources {
        match source.route {
            Way::Auto => {}
            Way::Direct => own.direct.add(&site.to_string()).map_err(|why| unusable(site, &why))?,
        }
        if let Some(mirror) = &source.mirror {
            own.mirrors.add(site.registry().clone(), site.path(), mirror.to_string());
        }
        let is_stated = |same: &dyn Fn(&Source) -> bool| is_trusted(inputs, stated, occasion.mode, site, same);
        if source.ca.is_some() {
            add_authority(
                &mut own,
                occasion,
                site,
                source,
                is_stated(&|before| has_same_ca(before, source, occasion)),
            )?;
        }
        if let Some(account) = &source.credential
            && is_stated(&|before| before.credential == source.credential)
        {
            match (login(inputs, account), occasion.mode) {
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

/// Lets the run trust the authorities of a source's file at the host that is asked for it.
fn add_authority(
    own: &mut Inputs,
    occasion: &Occasion,
    site: &Site,
    source: &Source,
    is_known: bool,
) -> Result<(), Problem> {
    let names: Vec<_> = source.ca.iter().map(|file| file.as_str().to_owned()).collect();
    let read = Authorities::read(&names, &occasion.evidence.certificates, occasion.evidence.now);
    if let Some(problem) = read.obstacle() {
        let what = unusable(site, &format!("ca: {}", problem.what)).what;
        return Err(Problem { what, ..problem });
    }
    let registry = source.asked(site);
    let host = connection_host(registry);
    if !is_known {
        own.logins.silence(host.clone());
    }
    own.direct.add_untrusted(registry.clone());
    own.authorities.entry(host).or_default().push_str(&read.pem());
    Ok(())
}

/// Returns whether the same authorities were trusted at the same host.
fn has_same_ca(before: &Source, now: &Source, occasion: &Occasion) -> bool {
    let file = now.ca.as_ref().map(|file| file.as_str());
    let bytes = |files: &std::collections::BTreeMap<String, Vec<u8>>| file.and_then(|file| files.get(file).cloned());
    let was = occasion.evidence.certificates_before.as_ref().and_then(bytes);
    before.ca == now.ca && before.mirror == now.mirror && was == bytes(&occasion.evidence.certificates)
}

fn is_trusted(inputs: &Inputs, stated: &Stated, mode: Mode, site: &Site, is_same: impl Fn(&Source) -> bool) -> bool {
    match (mode, &stated.before) {
        (Mode::Apply, _) => true,
        (Mode::Plan, Some(Settings { sources, .. })) => sources.get(site).is_some_and(is_same),
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
