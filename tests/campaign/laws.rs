//! Laws: what holds after every run, whatever went wrong in it.

use crate::{
    case::{Case, Held, Line, SECRETS, gone, place},
    play::Ran,
    stranger::Stranger,
};
use acr_sync::{
    emulator::AzureRegistry,
    import::{Outcome, Proof},
    plan::{Action, Note, Reason, Route, Step},
    reference::Digest,
    report::{Body, Part, Verdict},
    upkeep,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The longest that a run may take by the clock of the runtime: a few imports one behind the other, each to its
/// deadline, and patience before and behind them.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);
/// More requests than this are a loop.
const MOST_REQUESTS: usize = 5_000;

/// The tags of a registry: what each holds, and whether that is whole.
pub(crate) type Tags = BTreeMap<String, (Digest, bool)>;

/// Returns the tags of a registry as they are now.
pub(crate) fn tags(registry: &AzureRegistry) -> Tags {
    let mut tags = Tags::new();
    for repository in registry.repositories() {
        for tag in registry.tags(&repository) {
            let digest = registry.tag(&repository, &tag).expect("a tag that is listed exists");
            tags.insert(format!("{repository}:{tag}"), (digest, registry.is_whole(&repository, &digest)));
        }
    }
    tags
}

/// Returns the tags of every registry of a case.
pub(crate) fn all_tags(case: &Case) -> Vec<Tags> {
    case.targets.iter().map(|name| tags(&case.world.azure_registry(name))).collect()
}

/// What broke a law, in words.
pub(crate) type Broken = String;

macro_rules! law {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}

/// A plan changes nothing.
pub(crate) fn of_plan(before: &[Tags], after: &[Tags], ran: &Ran) -> Result<(), Broken> {
    law!(before == after, "a plan has changed tags: {before:?} {after:?}");
    of_every_run(ran)
}

/// No secret is written, and there is an end.
pub(crate) fn of_every_run(ran: &Ran) -> Result<(), Broken> {
    // As they are, and as Basic authentication sends those of sources.
    let encoded = SECRETS.map(|secret| STANDARD.encode(format!("ci:{secret}")));
    for secret in SECRETS.into_iter().chain(encoded.iter().map(String::as_str)) {
        law!(!ran.written.contains(secret), "a secret is written: {}", around(&ran.written, secret));
    }
    // Tokens of the stand-in are JWTs; this is how their header begins in base 64.
    law!(!ran.written.contains("eyJ"), "a token is written: {}", around(&ran.written, "eyJ"));
    law!(ran.took < LONGEST, "the run has taken {:?}", ran.took);
    law!(ran.requests < MOST_REQUESTS, "the run has sent {} requests in {:?}", ran.requests, ran.took);
    Ok(())
}

fn around<'a>(text: &'a str, word: &str) -> &'a str {
    let at = text.find(word).unwrap_or_default();
    text.get(at.saturating_sub(80)..(at + 40).min(text.len())).unwrap_or(text)
}

/// What an apply is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) case: &'a Case,
    /// Destinations at which Azure leaves a part of an image out.
    pub(crate) breaks: &'a BTreeSet<String>,
    /// Who else pushes.
    pub(crate) stranger: Option<&'a Stranger>,
    /// What reviewers were shown.
    pub(crate) plan: &'a Ran,
}

impl Around<'_> {
    /// Returns whether Azure leaves out a part of an image in the repository of a tag: images share layers there.
    fn breaks_in(&self, name: &str) -> bool {
        self.breaks.iter().any(|broken| place(broken).0 == place(name).0)
    }
}

/// What holds after an apply, from the tags before and after it.
pub(crate) fn of_apply(around: &Around<'_>, ran: &Ran, before: &[Tags], after: &[Tags]) -> Result<(), Broken> {
    let case = around.case;
    of_every_run(ran)?;
    law!(ran.report.parts.len() == case.targets.len(), "a registry is not told of");
    for (index, part) in ran.report.parts.iter().enumerate() {
        of_part(around, index, part, &before[index], &after[index])
            .map_err(|why| format!("{}: {why}", case.targets[index]))?;
    }
    let is_good = ran.report.parts.iter().all(|part| {
        !matches!(part.body, Body::Stopped(_))
            && part.steps().all(|(_, outcome)| outcome.is_some_and(Outcome::is_good))
            && part.done.iter().all(upkeep::Outcome::is_good)
    });
    law!((ran.report.verdict() == Verdict::Clean) == is_good, "the verdict is {:?}", ran.report.verdict());
    of_imports(case)?;
    of_credentials(case)
}

fn of_part(around: &Around<'_>, index: usize, part: &Part, before: &Tags, after: &Tags) -> Result<(), Broken> {
    let outcomes = match &part.body {
        Body::Applied(plan, outcomes) => {
            law!(plan.steps.len() == outcomes.len(), "{} steps, {} outcomes", plan.steps.len(), outcomes.len());
            outcomes.len()
        }
        Body::Stopped(_) => 0,
        Body::Planned(_) => return Err("an apply ends as a plan".to_owned()),
    };
    law!(part.upkeep.chores.len() == part.done.len() || outcomes == 0, "a chore has no outcome");
    let steps: BTreeMap<String, (&Step, &Outcome)> = part
        .steps()
        .map(|(step, outcome)| (step.destination.to_string(), (step, outcome.expect("an apply has outcomes"))))
        .collect();
    law!(steps.len() == outcomes, "two steps share a destination");
    let is_good = steps.values().all(|(_, outcome)| outcome.is_good());
    let is_held_back = part.done.contains(&upkeep::Outcome::HeldBack);
    law!(!(is_good && is_held_back), "all lines ended well, and a removal is held back");
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        law!(is_good || after.contains_key(name), "{name}: a tag is gone although a line did not end well");
        let step = steps.get(name.as_str()).copied();
        let theirs = around.stranger.filter(|it| it.has_pushed(around.case.targets[index], name));
        let holds = if let Some(stranger) = theirs {
            of_their_tag(stranger, step, after.get(name))
        } else {
            of_tag(around, index, name, step, before.get(name), after.get(name))
        };
        holds.map_err(|why| format!("{name}: {why}; {step:?}"))?;
    }
    for (name, (step, outcome)) in &steps {
        // What is proved can lose a layer to a later import that breaks the same one, so that only the digest can be told.
        let may_break = around.breaks_in(name) && !around.breaks.contains(name.as_str());
        of_outcome(step, outcome, after.get(name), may_break)
            .map_err(|why| format!("{name}: {why}; {step:?} {outcome:?}"))?;
    }
    Ok(())
}

/// What somebody else has pushed meanwhile stays, unless the run has seen it and says that it moves the tag.
fn of_their_tag(
    stranger: &Stranger,
    step: Option<(&Step, &Outcome)>,
    after: Option<&(Digest, bool)>,
) -> Result<(), Broken> {
    let theirs = Stranger::digest();
    let is_said = step.is_some_and(|(step, outcome)| {
        let is_copied = matches!(step.route, Route::Direct(_)) || imported_by_copy(outcome);
        step.action == Action::Move { from: theirs } || (is_copied && !stranger.came_late())
    });
    let holds = after.map(|(digest, _)| *digest);
    law!(holds == Some(theirs) || is_said, "what somebody else has pushed is replaced by {holds:?}");
    Ok(())
}

/// A tag goes only with its line, and as reviewers were shown it.
fn of_removal(around: &Around<'_>, index: usize, name: &str, before: Option<&(Digest, bool)>) -> Result<(), Broken> {
    law!(around.case.removed.as_deref() == Some(name), "a tag is gone that nobody has taken out of the list");
    let shown = around.plan.report.parts.get(index).into_iter().flat_map(|part| &part.upkeep.chores);
    let is_shown = shown.into_iter().any(|chore| chore.subject == name && chore.state == upkeep::State::Due);
    law!(is_shown, "a tag is gone that no plan has shown as going");
    law!(before.map(|(digest, _)| *digest) == Some(gone().digest()), "a tag is gone that held something else by then");
    Ok(())
}

fn imported_by_copy(outcome: &Outcome) -> bool {
    outcome.imported().is_some_and(|(ended, _)| ended.instead.is_some())
}

/// What may have happened to one tag.
fn of_tag(
    around: &Around<'_>,
    index: usize,
    name: &str,
    step: Option<(&Step, &Outcome)>,
    before: Option<&(Digest, bool)>,
    after: Option<&(Digest, bool)>,
) -> Result<(), Broken> {
    let case = around.case;
    let Some((digest, is_whole)) = after else {
        return of_removal(around, index, name, before);
    };
    let was_broken = before.is_some_and(|(before, was_whole)| before == digest && !was_whole);
    let breaks = around.breaks_in(name);
    law!(*is_whole || was_broken || breaks, "a tag holds what is not whole");
    if before.map(|(before, _)| before) == Some(digest) {
        return Ok(());
    }
    let is_locked = case.lines.iter().any(|line| line.destination == name && line.held == Held::OtherLocked);
    law!(!is_locked, "a locked tag has moved");
    let Some((step, outcome)) = step else { return Err("a tag has changed that no line names".to_owned()) };
    law!(step.digest == Some(*digest), "the tag holds another image than planned: {digest}");
    match (&step.action, before) {
        (Action::Import | Action::Unchecked(_), None) | (Action::Repair(_), _) => {}
        (Action::Move { from }, Some((before, _))) if from == before => {}
        // The manifest was gone, so that the registry did not show the tag.
        (Action::Import, Some((_, false))) => {}
        (action, before) => return Err(format!("{action:?} has replaced {before:?}")),
    }
    match outcome {
        Outcome::Imported { .. } | Outcome::StillRunning | Outcome::CopyStopped | Outcome::Failed(_) => {}
        Outcome::Kept(_) | Outcome::Blocked(_) | Outcome::NotStarted | Outcome::Withheld => {
            return Err(format!("{outcome:?}, and yet the tag has changed"));
        }
    }
    of_review(around, name, step, *digest)
}

/// What is reviewed is the digest of a line, for all of its registries: one that could not be asked then is no other.
fn of_review(around: &Around<'_>, name: &str, step: &Step, digest: Digest) -> Result<(), Broken> {
    let shown = around.plan.report.steps().filter(|(step, _)| step.destination.to_string() == name);
    let shown = shown.filter(|(step, _)| !matches!(step.action, Action::Block(_)));
    let planned: Vec<_> = shown.filter_map(|(step, _)| step.digest).collect();
    let is_reviewed = step.source.digest().is_some() || planned.contains(&digest);
    let is_said = step.notes.iter().any(|note| matches!(note, Note::DiffersFromPlan { .. }));
    law!(is_reviewed || is_said || planned.is_empty(), "{planned:?} was reviewed and something else is there, unsaid");
    let may = is_reviewed || !around.case.is_reviewed_only;
    law!(may, "{planned:?} was reviewed, only what was reviewed is wanted, and something else is there");
    Ok(())
}

/// Whether an outcome says the truth.
fn of_outcome(step: &Step, outcome: &Outcome, after: Option<&(Digest, bool)>, may_break: bool) -> Result<(), Broken> {
    match outcome {
        Outcome::Imported { proof: Proof::Verified, .. } => {
            law!(after.map(|(digest, _)| *digest) == step.digest, "verified, and the tag holds {after:?}");
            law!(may_break || after.is_some_and(|(_, is_whole)| *is_whole), "verified, and not whole");
        }
        Outcome::Kept(Proof::Verified) => {
            law!(after.map(|(digest, _)| *digest) == step.digest, "kept, and the tag holds {after:?}");
        }
        Outcome::Imported { proof: Proof::Accepted(_), .. }
        | Outcome::Kept(Proof::Accepted(_))
        | Outcome::Blocked(_)
        | Outcome::Failed(_)
        | Outcome::StillRunning
        | Outcome::CopyStopped
        | Outcome::NotStarted
        | Outcome::Withheld => {}
    }
    Ok(())
}

/// Nothing was asked of Azure that no line asks for, and all of it by digest.
fn of_imports(case: &Case) -> Result<(), Broken> {
    for import in case.world.imports() {
        law!(import.by_digest, "an import by tag: {import:?}");
        for target in &import.targets {
            let line = case.lines.iter().find(|line| line.destination == *target);
            let is_its = line.is_some_and(|line| {
                let repository = line.source.split_once('/').map(|(_, name)| place(name).0);
                import.image.split_once('@').map(|(name, _)| name) == repository
            });
            law!(is_its, "an import that no line asks for: {import:?}");
        }
    }
    Ok(())
}

/// Passwords go to the hosts that they are for, and storage gets nothing.
fn of_credentials(case: &Case) -> Result<(), Broken> {
    for seen in case.world.requests() {
        let may = match seen.authorization.as_deref() {
            Some("Basic") => ["harbor.corp.example", "registry.corp.example"].contains(&seen.host.as_str()),
            Some(_) => !seen.host.ends_with(".blob.core.windows.net") && !seen.host.contains("cdn"),
            None => true,
        };
        law!(may, "a credential went to {}: {seen:?}", seen.host);
    }
    Ok(())
}

/// The state that the list asks for, where nothing stands in its way any more.
pub(crate) fn of_reached(case: &Case, ran: &Ran, after: &[Tags]) -> Result<(), Broken> {
    for (index, part) in ran.report.parts.iter().enumerate() {
        if let Body::Stopped(problem) = &part.body {
            return Err(format!("the run did not begin: {problem}"));
        }
        for (step, outcome) in part.steps() {
            let name = step.destination.to_string();
            let line = case.lines.iter().find(|line| line.destination == name);
            let (Some(line), Some(outcome)) = (line, outcome) else { return Err(format!("{name} is no line's")) };
            reached(case, line, outcome, after[index].get(&name))
                .map_err(|why| format!("{name}: {why}; {step:?} {outcome:?}"))?;
        }
        // A line that is blocked for good keeps removals waiting for as long.
        let may_wait = part.steps().any(|(_, outcome)| !outcome.is_some_and(Outcome::is_good));
        for done in &part.done {
            let is_waiting = may_wait && *done == upkeep::Outcome::HeldBack;
            law!(done.is_good() || is_waiting, "a chore did not end well: {done:?}");
        }
    }
    Ok(())
}

fn reached(case: &Case, line: &Line, outcome: &Outcome, after: Option<&(Digest, bool)>) -> Result<(), Broken> {
    if let Outcome::Blocked(reason) = outcome {
        let may = match reason {
            Reason::Locked { .. } => line.held == Held::OtherLocked,
            Reason::MoveRefused { .. } => !case.overwrites,
            Reason::DiffersFromPlan { .. } | Reason::NotReviewed => case.is_reviewed_only,
            // The source's own tag has moved, to an image without the platform.
            Reason::NoPlatform { .. } => line.is_subset,
            Reason::NoSource { .. }
            | Reason::Policy(_)
            | Reason::NothingSelected { .. }
            | Reason::TooManySelected { .. }
            | Reason::Taken { .. } => false,
        };
        law!(may, "blocked without a reason");
        return Ok(());
    }
    law!(outcome.is_good(), "did not end well");
    let proof_is_whole =
        matches!(outcome, Outcome::Imported { proof: Proof::Verified, .. } | Outcome::Kept(Proof::Verified));
    law!(proof_is_whole, "is not verified");
    let Some((digest, is_whole)) = after else { return Err("there is no tag".to_owned()) };
    if let Some(expected) = case.source_digest(line) {
        law!(*digest == expected, "the tag holds {digest} and not {expected}");
    }
    let is_looked_into = case.checks == "all" || (case.checks == "changed" && case.has_base);
    law!(*is_whole || !is_looked_into, "the tag is not whole");
    Ok(())
}
