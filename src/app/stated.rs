//! Stated: both versions of `acr-sync.yaml`, read.

use super::Occasion;
use crate::{
    azure::{Cloud, RegistryName},
    change::Changes,
    inputs::{Mode, Variable},
    plan::Step,
    policy::Evidence,
    problem::{Problem, Side},
    settings::{self, Place, Removed, Section, Settings},
};

/// Both versions of the settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Stated {
    pub(super) settings: Settings,
    /// None where all that is stated is meant.
    pub(super) before: Option<Settings>,
    /// Whether a file with certificates is another than it was.
    has_new_certificates: bool,
}

impl Stated {
    /// Reads both. An older version that cannot be read stated nothing.
    pub(super) fn read(occasion: &Occasion) -> Result<Self, Problem> {
        let settings = settings::parse(&occasion.settings).map_err(|error| error.problem())?;
        let before = occasion.settings_base.as_ref().map(|text| settings::parse(text).unwrap_or_default());
        // Those of `sources` change no image.
        let mut files = settings.certificates.iter().flat_map(|rule| &rule.authority);
        let Evidence { certificates, certificates_before, .. } = &occasion.evidence;
        let was = certificates_before.as_ref().unwrap_or(certificates);
        let has_new_certificates = files.any(|file| was.get(file) != certificates.get(file));
        Ok(Self { settings, before, has_new_certificates })
    }

    /// Returns whether lines are judged by other rules than before, go elsewhere, or bring something else with them.
    pub(super) fn has_other_rules(&self) -> bool {
        self.has_new_certificates || self.before.as_ref().is_some_and(|before| !before.has_same_lines(&self.settings))
    }

    /// Returns whether something besides the lines is to be looked at.
    pub(super) fn has_upkeep(&self, changes: &Changes<'_>) -> bool {
        let has_stated = match &self.before {
            None => self.settings.has_upkeep(),
            Some(before) => !before.has_same_upkeep(&self.settings),
        };
        let is_concerned = !changes.elsewhere.is_empty() && self.settings.has_upkeep();
        has_stated || is_concerned || (self.settings.removed == Removed::Untag && !changes.removed.is_empty())
    }

    /// Returns what is done to the images of lines and nothing else, as where lines alone have changed.
    pub(super) fn of_lines(&self, steps: &[Step]) -> Self {
        let sections = [Section::Locks, Section::Certificates, Section::Replicas];
        let mut settings = self.settings.only(Some(&sections));
        // An entry that means none of these lines is another run's to tell of.
        settings.certificates.retain(|rule| steps.iter().any(|step| rule.covers(step.destination.repository())));
        Self { before: Some(settings.clone()), settings, has_new_certificates: self.has_new_certificates }
    }

    /// Returns why nobody signs in to a registry as the section says; none where somebody may.
    ///
    /// Who proposes a change could name a tenant and a cloud of his own, and any variable of the step as the secret that
    /// is sent there: on the way to a plan only what the base states too is used. What is merged is trusted, and so is a
    /// person's own run over the whole list.
    pub(super) fn doubt(&self, name: &RegistryName, mode: Mode, is_persons_own: bool) -> Option<Problem> {
        let now = place(&self.settings, name).map(proof).unwrap_or_default();
        let is_trusted = match (mode, &self.before) {
            _ if now == Proof::default() => true,
            (Mode::Apply, _) => true,
            (Mode::Plan, Some(before)) => place(before, name).map(proof) == Some(now),
            (Mode::Plan, None) => is_persons_own,
        };
        let what =
            format!("{}: registries: {name}: the branch that is merged onto does not sign in so", settings::FILE);
        (!is_trusted).then(|| Problem::new(Side::Settings, what).hint("It is signed in to once this is merged."))
    }

    /// Returns what a registry has of its own, and what is stated for it.
    pub(super) fn at(&self, name: &RegistryName) -> Result<(Place, Self), Problem> {
        if self.settings.registries.is_empty() {
            return Ok((Place::default(), self.clone()));
        }
        // A name that is mistyped there must not send a registry the lines of another.
        let place = place(&self.settings, name).ok_or_else(|| {
            let what = format!("{}: `registries` does not name `{name}`", settings::FILE);
            Problem::new(Side::Settings, what).hint(format!("Add `{name}: {{}}` for a registry that gets every line."))
        })?;
        let before = self.before.as_ref().map(|before| match place_before(before, name) {
            Some(sections) => before.only(sections),
            // A registry that is new there had nothing stated.
            None => Settings::default(),
        });
        let settings = self.settings.only(place.sections.as_deref());
        let has_new_certificates = self.has_new_certificates && !settings.certificates.is_empty();
        Ok((place.clone(), Self { settings, before, has_new_certificates }))
    }
}

/// How a registry is signed in to: tenant, client, secret and cloud; none of them where as the run itself.
type Proof<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a Variable>, Option<&'a Cloud>);

fn proof(place: &Place) -> Proof<'_> {
    (place.tenant_id.as_deref(), place.client_id.as_deref(), place.client_secret.as_ref(), place.cloud.as_ref())
}

fn place<'a>(settings: &'a Settings, name: &RegistryName) -> Option<&'a Place> {
    let name = name.to_string();
    settings.registries.iter().find(|(key, _)| key.eq_ignore_ascii_case(&name)).map(|(_, place)| place)
}

/// Returns the sections that the registry got before; none where it was not named among others.
fn place_before<'a>(before: &'a Settings, name: &RegistryName) -> Option<Option<&'a [Section]>> {
    match place(before, name) {
        Some(place) => Some(place.sections.as_deref()),
        None => before.registries.is_empty().then_some(None),
    }
}
