//! Asks registries: what is the source, what is there already. Each question once, a bounded number at a time.

use super::{
    Action, Ages, Change, Check, Companion, DirectSources, Note, Plan, Reason, Referrers, Service, Step, check,
    companion,
    decide::{self, Overwrite},
    facts::{DestinationFact, Fact, SourceFact},
    nearest::nearest,
    parts, route,
    selected::{self, Selected},
    subset::{self, Narrowed},
};
use crate::{
    change::{self, ChangeKind, Changes},
    http::during,
    images::Entry,
    problem::{Problem, Side},
    reference::{Reference, Registry},
    registry::{Client, Manifest, RegistryError},
    verify::Verifier,
};
use futures_util::{FutureExt, StreamExt, stream};
use std::collections::HashSet;

/// Lines that are asked about at once; each host has a limit of its own besides.
const LINES_AT_ONCE: usize = 32;
/// Tags that are read to find the nearest.
const TAGS: usize = 5_000;
const NEAREST: usize = 3;

/// Asks the registries of a run.
#[derive(Debug, Clone)]
pub struct Surveyor {
    /// Reads from sources and target.
    pub registries: Client,
    /// The target's data plane, or why it cannot be asked.
    pub target: Result<Registry, Problem>,
    /// What the target is.
    pub service: Service,
    /// The sources that ACR cannot reach.
    pub direct: DirectSources,
    /// Which images that are there already are looked into.
    pub check: Check,
    /// Whether what refers to an image travels along.
    pub referrers: Referrers,
    /// Whether images are asked when they were made.
    pub ages: Ages,
    /// Looks into them.
    pub verifier: Option<Verifier>,
    /// Whether existing tags may move.
    pub overwrite: Overwrite,
}

impl Surveyor {
    /// Asks what a tag of the target holds, and where the service tells, whether it is locked.
    pub(super) async fn tag(
        &self,
        target: &Registry,
        repository: &str,
        tag: &str,
    ) -> Result<Option<DestinationFact>, RegistryError> {
        match self.service {
            Service::Acr => self.registries.acr_tag(target, repository, tag).await,
            Service::Other => self.registries.tag(target, repository, tag).await,
        }
    }
}

/// Makes the plan for changes. Cannot fail: what could not be asked is a fact about its line.
pub async fn build(changes: &Changes<'_>, has_base: bool, surveyor: &Surveyor) -> Plan {
    let selected = selected::expand(changes, has_base, &surveyor.registries);
    let Selected { entries, mut steps } = during("plan", None, selected).await;
    let of_patterns = entries.iter().map(|entry| change::Change { entry, kind: ChangeKind::Added });
    // What stands in another line's way is answered already.
    let answered: HashSet<_> = steps.iter().map(|step| step.line).collect();
    let is_open = |change: &change::Change<'_>| !answered.contains(&change.entry.line);
    let mut changed: Vec<_> = changes.changed.iter().copied().filter(is_open).collect();
    changed.extend(of_patterns);
    changed.sort_by_key(|change| change.entry.line);
    // As they are done: a line that takes long is in no other's way.
    let mut asked: Vec<_> = stream::iter(changed.iter().enumerate())
        .map(|(at, change)| {
            let step = during("plan", Some(change.entry.line.get()), step(change, has_base, surveyor));
            step.map(move |step| (at, step))
        })
        .buffer_unordered(LINES_AT_ONCE)
        .collect()
        .await;
    asked.sort_by_key(|(at, _)| *at);
    steps.extend(asked.into_iter().map(|(_, step)| step));
    steps.sort_by_key(|step| step.line);
    Plan { steps, removed: removed(changes), unchanged: changes.unchanged }
}

/// Returns the lines that are gone, in the order of the older file; those with a pattern by their stand-in.
pub fn removed(changes: &Changes<'_>) -> Vec<Entry> {
    let patterns = changes.unselected.iter().map(|selection| selection.stand_in());
    let mut removed: Vec<_> = changes.removed.iter().map(|&entry| entry.clone()).chain(patterns).collect();
    removed.sort_by_key(|entry| entry.line);
    removed
}

async fn step(change: &change::Change<'_>, has_base: bool, surveyor: &Surveyor) -> Step {
    let entry = change.entry;
    let pinned = entry.source.digest();
    let mut notes = Vec::new();
    let (source, destination) = tokio::join!(source(entry, surveyor, &mut notes), destination(entry, surveyor));
    let Narrowed { source, cut, subset, lacks } = subset::narrow(entry, source, surveyor, &mut notes).await;
    // The line's own digest is that of all platforms.
    let pinned = pinned.filter(|_| entry.options.platforms().is_empty());
    let mut action = match lacks {
        Some(lacks) => Action::Block(lacks),
        None => decide::action(&source, &destination, pinned, surveyor.overwrite),
    };
    let mut digest = match &source {
        Fact::Known(source) => Some(source.digest),
        Fact::Absent | Fact::Unknown(_) => pinned,
    };
    if let (Fact::Unknown(problem), true) = (&source, action.is_change()) {
        notes.push(Note::SourceUnread(problem.clone()));
    }
    if let Action::Block(Reason::NoSource { nearest }) = &mut action {
        *nearest = nearest_tags(entry, surveyor).await;
    }
    if let (Action::Keep, Some(digest), true, Some(verifier)) =
        (&action, digest, surveyor.check.applies(has_base), &surveyor.verifier)
    {
        action = check::kept(entry.destination.repository(), digest, verifier).await;
    }
    let image = match (&action, &source) {
        (
            Action::Import | Action::Move { .. } | Action::Repair(_) | Action::Block(_) | Action::Unchecked(_),
            Fact::Known(known),
        ) => {
            match parts::image(entry, known, cut.as_ref(), surveyor, &mut notes).await {
                Ok(image) => image,
                Err(lie) => {
                    // A source whose bytes are not what it names is not imported from, whatever is there already.
                    digest = None;
                    action = Action::Unchecked(lie);
                    None
                }
            }
        }
        _ => None,
    };
    let route = route::route(&entry.source, image.as_ref(), subset.as_ref(), surveyor.service, &surveyor.direct);
    let change = match change.kind {
        ChangeKind::Updated { before } => Change::Updated(before.clone()),
        ChangeKind::Added if has_base => Change::Added,
        ChangeKind::Added => Change::Listed,
    };
    let mut step = Step {
        line: entry.line,
        source: entry.source.clone(),
        destination: entry.destination.clone(),
        options: entry.options.clone(),
        change,
        digest,
        subset,
        image,
        action,
        route,
        companions: Vec::new(),
        notes,
    };
    step.companions = companions(&mut step, cut.as_ref(), has_base, surveyor).await;
    step
}

/// Finds what travels along; an image that is kept is repaired where the target lacks some of it.
async fn companions(step: &mut Step, cut: Option<&Manifest>, has_base: bool, surveyor: &Surveyor) -> Vec<Companion> {
    let is_kept = step.action == Action::Keep && surveyor.check.applies(has_base);
    let referrers = step.options.referrers().unwrap_or(surveyor.referrers);
    let (Referrers::Take, Some(digest), true) = (referrers, step.digest, is_kept || step.may_be_written()) else {
        return Vec::new();
    };
    let found = match companion::find(&surveyor.registries, &step.source, digest, cut).await {
        Ok(found) => found,
        Err(error) => {
            step.notes.push(Note::ReferrersUnknown(error.problem(Side::Source)));
            return Vec::new();
        }
    };
    let met = match &surveyor.target {
        Ok(target) => companion::meet(surveyor, target, step, &found).await.ok(),
        Err(_) => None,
    };
    let coming = match met {
        Some(met) => {
            step.notes.extend(met.notes);
            met.missing
        }
        // Nobody knows what is missing; what is imported brings all, and nothing is moved for it.
        None if is_kept => Vec::new(),
        None => found,
    };
    if let (true, Some(first)) = (is_kept, coming.first()) {
        let what = format!("{first} that refers to the image is not there");
        step.action = Action::Repair(Problem::new(Side::Target, what));
    }
    if !coming.is_empty() {
        step.notes.push(Note::TravelsAlong(coming.clone()));
    }
    coming
}

async fn source(entry: &Entry, surveyor: &Surveyor, notes: &mut Vec<Note>) -> Fact<SourceFact> {
    let reference = &entry.source;
    if reference.tag().is_none() && reference.digest().is_none() {
        notes.push(Note::ImpliedLatest);
    }
    let fact = head(reference, reference.manifest(), surveyor).await;
    if let (Some(digest), Some(tag), Fact::Known(_)) = (reference.digest(), reference.tag(), &fact) {
        match head(reference, tag, surveyor).await {
            Fact::Known(now) if now.digest != digest => notes.push(Note::TagMoved { now: Some(now.digest) }),
            Fact::Absent => notes.push(Note::TagMoved { now: None }),
            Fact::Known(_) | Fact::Unknown(_) => {}
        }
    }
    fact
}

async fn head(reference: &Reference, manifest: &str, surveyor: &Surveyor) -> Fact<SourceFact> {
    match surveyor.registries.head(&reference.host(), reference.repository(), manifest).await {
        Ok(Some(head)) => Fact::Known(SourceFact { digest: head.digest, pulls_left: head.pulls_left }),
        Ok(None) => Fact::Absent,
        Err(error) => Fact::Unknown(error.problem(Side::Source)),
    }
}

async fn destination(entry: &Entry, surveyor: &Surveyor) -> Fact<DestinationFact> {
    let target = match &surveyor.target {
        Ok(target) => target,
        Err(problem) => return Fact::Unknown(problem.clone()),
    };
    match surveyor.tag(target, entry.destination.repository(), entry.destination.tag()).await {
        Ok(Some(state)) => Fact::Known(state),
        Ok(None) => Fact::Absent,
        Err(error) => Fact::Unknown(error.problem(Side::Target)),
    }
}

async fn nearest_tags(entry: &Entry, surveyor: &Surveyor) -> Vec<String> {
    let source = &entry.source;
    // Only a tag can be mistyped for another; the list is a courtesy, so a refusal leaves it empty.
    if source.digest().is_some() {
        return Vec::new();
    }
    let tags = surveyor.registries.tags(&source.host(), source.repository(), TAGS).await.unwrap_or_default();
    nearest(source.manifest(), &tags, NEAREST)
}
