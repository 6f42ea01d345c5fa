//! Asks registries: what is the source, what is there already. Each question once, a bounded number at a time.

use super::{
    Action, Change, Check, Companion, DirectSources, Note, Plan, Reason, Referrers, Service, Step, check, companion,
    decide::{self, Overwrite},
    facts::{DestinationFact, Fact, ImageFacts, SourceFact},
    nearest::nearest,
    route,
    selected::{self, Selected},
    subset::{self, Narrowed},
};
use crate::{
    change::{self, ChangeKind, Changes},
    images::Entry,
    problem::{Problem, Side},
    reference::{Digest, Platform, Reference, Registry},
    registry::{Client, Manifest, RegistryError, Why, is_index},
    verify::Verifier,
};
use futures_util::{StreamExt, stream};
use std::collections::{HashMap, HashSet};

/// Lines that are asked about at once; each host has a limit of its own besides.
const LINES_AT_ONCE: usize = 32;
/// Reading the parts of a two-platform image costs three pulls at Docker Hub: below this many they are left to others.
const PULLS_TO_LEAVE: u32 = 40;
/// An index of indexes is rare, and one that names itself has no end.
const DEEPEST: usize = 4;
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
    /// Looks into them.
    pub verifier: Option<Verifier>,
    /// Whether existing tags may move.
    pub overwrite: Overwrite,
}

/// Makes the plan for changes. Cannot fail: what could not be asked is a fact about its line.
pub async fn build(changes: &Changes<'_>, has_base: bool, surveyor: &Surveyor) -> Plan {
    let Selected { entries, mut steps } = selected::expand(changes, has_base, &surveyor.registries).await;
    let of_patterns = entries.iter().map(|entry| change::Change { entry, kind: ChangeKind::Added });
    // What stands in another line's way is answered already.
    let answered: HashSet<_> = steps.iter().map(|step| step.line).collect();
    let is_open = |change: &change::Change<'_>| !answered.contains(&change.entry.line);
    let mut changed: Vec<_> = changes.changed.iter().copied().filter(is_open).collect();
    changed.extend(of_patterns);
    changed.sort_by_key(|change| change.entry.line);
    let asked: Vec<_> =
        stream::iter(&changed).map(|change| step(change, has_base, surveyor)).buffered(LINES_AT_ONCE).collect().await;
    steps.extend(asked);
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
            match image(entry, known, cut.as_ref(), surveyor, &mut notes).await {
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
    let subject = digest.map(|digest| (digest, cut.as_ref()));
    let companions = companions(entry, subject, &mut action, has_base, surveyor, &mut notes).await;
    let route = route::route(&entry.source, image.as_ref(), subset.as_ref(), surveyor.service, &surveyor.direct);
    let change = match change.kind {
        ChangeKind::Updated { before } => Change::Updated(before.clone()),
        ChangeKind::Added if has_base => Change::Added,
        ChangeKind::Added => Change::Listed,
    };
    Step {
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
        companions,
        notes,
    }
}

/// Finds what travels along; an image that is kept is repaired where the target lacks some of it.
async fn companions(
    entry: &Entry,
    subject: Option<(Digest, Option<&Manifest>)>,
    action: &mut Action,
    has_base: bool,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Vec<Companion> {
    let is_kept = *action == Action::Keep && surveyor.check.applies(has_base);
    let referrers = entry.options.referrers().unwrap_or(surveyor.referrers);
    let (Referrers::Take, Some((digest, cut)), true) = (referrers, subject, is_kept || action.is_change()) else {
        return Vec::new();
    };
    let found = match companion::find(&surveyor.registries, &entry.source, digest, cut).await {
        Ok(found) => found,
        Err(error) => {
            notes.push(Note::ReferrersUnknown(error.problem(Side::Source)));
            return Vec::new();
        }
    };
    if let (true, Ok(target)) = (is_kept, &surveyor.target) {
        let repository = entry.destination.repository();
        match companion::missing(&surveyor.registries, target, repository, &found).await {
            Ok(missing) if missing.is_empty() => return Vec::new(),
            Ok(missing) => {
                let what = format!("{} that refers to the image is not there", missing[0]);
                *action = Action::Repair(Problem::new(Side::Target, what));
            }
            Err(_) => return Vec::new(),
        }
    }
    if !found.is_empty() {
        notes.push(Note::TravelsAlong(found.clone()));
    }
    found
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
    let (repository, tag) = (entry.destination.repository(), entry.destination.tag());
    let asked = match surveyor.service {
        Service::Acr => surveyor.registries.acr_tag(target, repository, tag).await,
        Service::Other => surveyor.registries.tag(target, repository, tag).await,
    };
    match asked {
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

/// Reads what an image is made of, as far as the source's allowance goes; an error is a source that lies.
async fn image(
    entry: &Entry,
    known: &SourceFact,
    cut: Option<&Manifest>,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Result<Option<ImageFacts>, Problem> {
    if let Some(left) = known.pulls_left.filter(|&left| left < PULLS_TO_LEAVE) {
        notes.push(Note::FewPullsLeft(left));
        return Ok(None);
    }
    match parts(&entry.source, known.digest, cut, surveyor, notes).await {
        Ok(facts) => Ok(facts),
        Err(error) if matches!(error.why(), Why::WrongDigest { .. }) => Err(error.problem(Side::Source)),
        Err(error) => {
            notes.push(Note::PartsUnknown(error.problem(Side::Source)));
            Ok(None)
        }
    }
}

async fn parts(
    source: &Reference,
    digest: Digest,
    cut: Option<&Manifest>,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Result<Option<ImageFacts>, RegistryError> {
    let (host, repository) = (source.host(), source.repository());
    let top = match cut {
        Some(index) => Some(index.clone()),
        None => surveyor.registries.known_manifest(&host, repository, digest).await?,
    };
    let Some(top) = top else { return Ok(None) };
    if let (true, Some(tag)) = (top.is_chart(), source.tag()) {
        // Helm's rule, read backwards: no version has a `_`.
        notes.push(Note::Chart(tag.replace('_', "+")));
    }
    let media_type = top.media_type.clone();
    let mut seen = HashSet::from([digest]);
    let mut blobs = HashMap::new();
    let mut platforms = Vec::new();
    if top.children.is_empty() && !is_index(&media_type) {
        platforms.extend(platform(&host, repository, &top, surveyor).await);
    }
    let mut level = vec![top];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for manifest in &level {
            blobs.extend(manifest.blobs().map(|blob| (blob.digest, blob.size)));
            platforms.extend(manifest.children.iter().filter_map(|child| child.platform.clone()));
            next.extend(manifest.children.iter().map(|child| child.digest).filter(|&child| seen.insert(child)));
        }
        // What cannot be imported anyway need not be measured.
        if next.is_empty() || seen.len() > super::MOST_MANIFESTS {
            break;
        }
        let found: Vec<_> = stream::iter(next)
            .map(|child| surveyor.registries.known_manifest(&host, repository, child))
            .buffer_unordered(4)
            .collect()
            .await;
        level = found.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    }
    platforms.sort();
    platforms.dedup();
    let is_measured = seen.len() <= super::MOST_MANIFESTS;
    let size = blobs.values().fold(0_u64, |sum, &size| sum.saturating_add(size));
    Ok(Some(ImageFacts { media_type, platforms, size: is_measured.then_some(size), manifests: seen.len() }))
}

/// Reads the platform of a single image from its configuration; other artifacts have none.
pub(super) async fn platform(
    registry: &Registry,
    repository: &str,
    manifest: &Manifest,
    surveyor: &Surveyor,
) -> Option<Platform> {
    let config = manifest
        .config
        .as_ref()
        .filter(|config| config.media_type.contains("container.image") || config.media_type.contains("image.config"))?;
    let bytes = surveyor.registries.document(registry, repository, config.digest).await.ok()??;
    let platform: Platform = serde_json::from_slice(&bytes).ok()?;
    (!platform.os.is_empty()).then_some(platform)
}
