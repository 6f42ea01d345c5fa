//! Look: which variants are to be made. Asks the registry for those that are there, and reads layers only where one is
//! not, or is of another image or with other authorities.

use super::{
    Authorities, Authority, Known, Rule, Way, Wish, Work, edit,
    image::{self, Addition, Failure, Image},
    named,
    read::Place,
};
use crate::{
    plan::{Action, Step},
    problem::{Problem, Remark, Side},
    reference::{Digest, Registry},
    registry::{Client, Cut, Manifest, RegistryError},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use time::OffsetDateTime;

/// Images whose layers are read at once.
const AT_ONCE: usize = 4;

/// What is to be looked at.
#[derive(Debug)]
pub struct Question<'a> {
    /// The section.
    pub rules: &'a [Rule],
    /// The files that it names, as far as they are there.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// What will be done for the lines of the list.
    pub steps: &'a [Step],
    /// The registry.
    pub registry: &'a Registry,
    /// Its data plane, and those of the sources.
    pub registries: &'a Client,
    /// Whether it is an ACR, which tells of locks.
    pub is_acr: bool,
    /// Layers that were read.
    pub known: &'a Known,
    /// When the run is.
    pub now: OffsetDateTime,
}

/// What is to be made, and what is to be said.
#[derive(Debug, Default)]
pub struct Decision {
    /// What is to be made.
    pub wishes: Vec<Wish>,
    /// What is to be said.
    pub remarks: Vec<Remark>,
}

/// Looks at each image of the plan that an entry means.
pub async fn look(question: &Question<'_>) -> Decision {
    let mut decision = Decision::default();
    let listed: BTreeSet<_> = question.steps.iter().map(|step| step.destination.to_string()).collect();
    let mut taken = BTreeSet::new();
    for rule in question.rules {
        let authorities = Authorities::read(&rule.authority, question.files, question.now);
        let obstacle = authorities.obstacle();
        for remark in &authorities.remarks {
            if !decision.remarks.contains(remark) {
                decision.remarks.push(remark.clone());
            }
        }
        let added: Arc<[Authority]> = authorities.fit.into();
        let mut variants = Vec::new();
        for step in question.steps.iter().filter(|step| rule.covers(step.destination.repository()) && is_coming(step)) {
            let Some(base) = step.digest else { continue };
            let work = |tag: String| Work {
                registry: question.registry.clone(),
                repository: step.destination.repository().to_owned(),
                tag,
                base,
                before: None,
                planned: None,
                stated: rule.base,
                authorities: Arc::clone(&added),
            };
            let (tag, clash) = match rule.tag(step.destination.tag()) {
                Ok(tag) => (tag, None),
                Err(why) => (step.destination.tag().to_owned(), Some(why)),
            };
            let subject = format!("{}:{tag}", step.destination.repository());
            let clash = clash.or_else(|| {
                let is_listed = listed.contains(&subject);
                let is_taken = !taken.insert(subject.clone());
                (is_listed || is_taken).then(|| format!("another line or entry wants `{subject}` as well"))
            });
            let block = clash.map(|why| Problem::new(Side::Settings, why).hint("State another `suffix` or `tag`."));
            variants.push(Variant { step, rule, subject, work: work(tag), block: block.or_else(|| obstacle.clone()) });
        }
        let looked = variants.into_iter().map(|variant| async move { variant.look(question).await });
        let looked: Vec<_> = stream::iter(looked).buffered(AT_ONCE).collect().await;
        decision.wishes.extend(looked.into_iter().flatten());
    }
    decision
}

/// Returns whether the image of a step will be there.
fn is_coming(step: &Step) -> bool {
    match &step.action {
        Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_) => true,
        Action::Block(_) | Action::Unchecked(_) => false,
    }
}

/// A variant before anybody is asked for it.
struct Variant<'a> {
    step: &'a Step,
    rule: &'a Rule,
    subject: String,
    work: Work,
    block: Option<Problem>,
}

/// What stands under the tag of a variant.
struct There {
    digest: Digest,
    is_writable: bool,
    base: Option<String>,
    authorities: Option<String>,
}

impl Variant<'_> {
    async fn look(self, question: &Question<'_>) -> Option<Wish> {
        let Self { step, rule, subject, mut work, block } = self;
        let wish = |work, reason: String, block| Some(Wish { subject: subject.clone(), work, reason, block });
        let of = format!("of {}", work.base.short());
        if let Some(block) = block {
            return wish(work, of, Some(block));
        }
        let there = match there(question, &work).await {
            Ok(there) => there,
            Err(error) => return wish(work, of, Some(error.problem(Side::Target))),
        };
        let why = match &there {
            None => "new".to_owned(),
            Some(There { base: None, .. } | There { authorities: None, .. }) => {
                let what = format!("`{subject}` holds an image that was not made by this section");
                let hint = "State another `suffix` or `tag`, or take that tag away.";
                return wish(work, of, Some(Problem::new(Side::Target, what).hint(hint)));
            }
            Some(There { base: Some(base), authorities: Some(added), .. }) => {
                let is_base = *base == work.base.to_string();
                match (is_base, *added == named(&work.authorities)) {
                    (true, true) => return None,
                    (true, false) => "the certificates differ".to_owned(),
                    (false, true) => format!("it was of {}", short(base)),
                    (false, false) => format!("it was of {}, with other certificates", short(base)),
                }
            }
        };
        work.before = there.as_ref().map(|there| there.digest);
        if there.is_some_and(|there| !there.is_writable) {
            let hint =
                "Unlock it (`az acr repository update --write-enabled true`), or state another `suffix` or `tag`.";
            return wish(
                work,
                format!("{of}; {why}"),
                Some(Problem::new(Side::Target, "the tag is locked").hint(hint)),
            );
        }
        if rule.way == Way::Tasks {
            return wish(work, format!("{of}; {why}"), Some(no_tasks()));
        }
        match made(question, step, &work).await {
            Ok(image) => {
                work.planned = Some(image.digest());
                wish(
                    work,
                    format!("{of}, by a layer{}; {why}; becomes {}", about(&image), image.digest().short()),
                    None,
                )
            }
            Err(Failure::Unfit(unfit)) if rule.way == Way::Auto && unfit.may_be_built() => {
                wish(work, format!("{of}, by ACR Tasks: {unfit}; {why}"), Some(no_tasks()))
            }
            Err(Failure::Unfit(unfit)) => wish(work, format!("{of}; {why}"), Some(unfit.problem())),
            // The registry reads what this runner cannot: its layers are looked at when they are here.
            Err(Failure::Registry(error)) if step.action.is_change() => {
                let later =
                    format!("{of}, by a layer where its files allow it: not read before the import ({error}); {why}");
                wish(work, later, None)
            }
            Err(Failure::Registry(error)) => wish(work, format!("{of}; {why}"), Some(error.problem(Side::Target))),
            Err(Failure::Absent) => {
                let what = "the image is not whole where it is";
                let hint = "Run with `check: all`, which mends it.";
                wish(work, format!("{of}; {why}"), Some(Problem::new(Side::Target, what).hint(hint)))
            }
        }
    }
}

fn no_tasks() -> Problem {
    Problem::new(Side::Settings, "it takes a build by ACR Tasks, which this version does not start")
        .hint("Choose an image that a layer can be laid over, with `way: layer`.")
}

fn short(digest: &str) -> String {
    digest.parse::<Digest>().map_or_else(|_| "another image".to_owned(), |digest| digest.short())
}

fn about(image: &Image) -> String {
    let bases: Vec<_> = image.bases.iter().map(ToString::to_string).collect();
    let left: Vec<_> = image.left_out.iter().map(ToString::to_string).collect();
    match left.is_empty() {
        true => format!(" over {}", bases.join(" and ")),
        false => format!(" over {}, without {}", bases.join(" and "), left.join(" and ")),
    }
}

async fn there(question: &Question<'_>, work: &Work) -> Result<Option<There>, RegistryError> {
    let Question { registry, registries, .. } = question;
    let state = match question.is_acr {
        true => registries.acr_tag(registry, &work.repository, &work.tag).await?,
        false => registries.tag(registry, &work.repository, &work.tag).await?,
    };
    let Some(state) = state else { return Ok(None) };
    let manifest = registries.manifest(registry, &work.repository, state.digest).await?;
    let annotations = manifest.map(|manifest| edit::origin(&manifest.bytes)).unwrap_or_default();
    let (base, authorities) = annotations;
    Ok(Some(There { digest: state.digest, is_writable: state.is_writable, base, authorities }))
}

/// Makes the variant of what is there, else of what is at the source, without writing it anywhere.
async fn made(question: &Question<'_>, step: &Step, work: &Work) -> Result<Image, Failure> {
    let Question { registry, registries, known, .. } = question;
    let host = step.source.host();
    let addition = Addition { authorities: &work.authorities, base: work.stated };
    let place = match step.action.is_change() {
        true => Place { registries, registry: &host, repository: step.source.repository() },
        false => Place { registries, registry, repository: &work.repository },
    };
    let manifest = match (&step.subset, step.action.is_change()) {
        (Some(subset), true) => {
            let whole = registries.known_manifest(&host, step.source.repository(), subset.of).await?;
            whole.and_then(|whole| part(&whole, step, work.base))
        }
        (Some(_) | None, _) => registries.known_manifest(place.registry, place.repository, work.base).await?,
    };
    let manifest = manifest.ok_or(Failure::Absent)?;
    image::make(&place, work.base, &manifest, addition, known).await
}

/// Returns the index of the platforms that a line wants; it must be the one that was planned.
fn part(whole: &Manifest, step: &Step, planned: Digest) -> Option<Manifest> {
    match whole.cut(step.options.platforms()) {
        Ok(Cut::Part { index, digest, .. }) if digest == planned => Some(*index),
        Ok(Cut::Part { .. } | Cut::Whole | Cut::Lacks(_)) | Err(_) => None,
    }
}
