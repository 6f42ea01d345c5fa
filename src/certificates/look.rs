//! Look: which variants are to be made. Asks the registry for those that are there, and reads layers only where one is
//! not, or is of another image or with other authorities.

use super::{
    Authorities, Authority, Known, Rule, Wish, Work, named,
    origin::{self, There},
    read::Place,
    way::{self, Chosen},
};
use crate::{
    plan::{Action, Overwrite, Step},
    problem::{Problem, Remark, Side},
    reference::{Digest, Registry},
    registry::Client,
    tasks::Service,
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
    /// Repository and tag of every line, those too that nothing is done for, or by another run.
    pub listed: &'a [(&'a str, &'a str)],
    /// The registry.
    pub registry: &'a Registry,
    /// Its data plane, and those of the sources.
    pub registries: &'a Client,
    /// ACR Tasks of the registry; none for one that is no ACR.
    pub service: Option<Service<'a>>,
    /// Whether a tag that holds another variant may be moved.
    pub overwrite: Overwrite,
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
    let planned = question.steps.iter().map(|step| (step.destination.repository(), step.destination.tag()));
    let lines: Vec<_> = question.listed.iter().copied().chain(planned).collect();
    let listed: BTreeSet<_> = lines.iter().map(|(repository, tag)| format!("{repository}:{tag}")).collect();
    let owners = owners(question.rules, &lines);
    for (at, rule) in question.rules.iter().enumerate() {
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
                way: rule.way,
                stated: rule.base,
                agent_pool: rule.agent_pool.clone(),
                helper: rule.helper.as_ref().map(|helper| helper.at(question.registry)),
                authorities: Arc::clone(&added),
            };
            let (tag, clash) = match rule.tag(step.destination.tag()) {
                Ok(tag) => (tag, None),
                Err(why) => (step.destination.tag().to_owned(), Some(why)),
            };
            let subject = format!("{}:{tag}", step.destination.repository());
            let clash = clash.or_else(|| {
                let is_listed = listed.contains(&subject);
                let is_taken = owners.get(&subject) != Some(&(at, step.destination.tag()));
                (is_listed || is_taken).then(|| format!("another line or entry wants `{subject}` as well"))
            });
            let block = clash.map(|why| Problem::new(Side::Settings, why).hint("State another `suffix` or `tag`."));
            variants.push(Variant { step, subject, work: work(tag), block: block.or_else(|| obstacle.clone()) });
        }
        let listed = &listed;
        let looked = variants.into_iter().map(|variant| async move { variant.look(question, listed).await });
        let looked: Vec<_> = stream::iter(looked).buffered(AT_ONCE).collect().await;
        decision.wishes.extend(looked.into_iter().flatten());
    }
    decision
}

/// Returns which rule makes a variant, by its place, and of which tag: where several would, the first has it, whichever
/// of them this run is about.
fn owners<'a>(rules: &[Rule], lines: &[(&'a str, &'a str)]) -> BTreeMap<String, (usize, &'a str)> {
    let mut owners = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        for &(repository, tag) in lines.iter().filter(|(repository, _)| rule.covers(repository)) {
            if let Ok(variant) = rule.tag(tag) {
                owners.entry(format!("{repository}:{variant}")).or_insert((at, tag));
            }
        }
    }
    owners
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
    subject: String,
    work: Work,
    block: Option<Problem>,
}

impl Variant<'_> {
    async fn look(self, question: &Question<'_>, listed: &BTreeSet<String>) -> Option<Wish> {
        let Self { step, subject, mut work, block } = self;
        let of = format!("of {}", work.base.short());
        let wish = |work, reason: String, block| Some(Wish { subject: subject.clone(), work, reason, block });
        if let Some(block) = block {
            return wish(work, of, Some(block));
        }
        let place =
            Place { registries: question.registries, registry: question.registry, repository: &work.repository };
        let there = match origin::there(&place, &work.tag, question.service.is_some()).await {
            Ok(there) => there,
            Err(error) => return wish(work, of, Some(error.problem(Side::Target))),
        };
        let why = match there.as_ref().map(|there| difference(there, &work)) {
            None => "new".to_owned(),
            Some(Difference::Foreign) => return wish(work, of, Some(origin::foreign(&subject))),
            Some(Difference::None) => return None,
            Some(Difference::Made(why)) => why,
        };
        work.before = there.as_ref().map(|there| there.digest);
        if let Some(held) = there.and_then(|there| held(&there, question.overwrite)) {
            return wish(work, format!("{of}; {why}"), Some(held));
        }
        match way::choose(question, step, &work).await {
            Ok(Chosen { way, planned, about, tags }) => {
                let clash = tags.iter().find(|tag| listed.contains(&format!("{}:{tag}", work.repository)));
                let block = clash.map(|tag| {
                    let what =
                        format!("a line of the list wants `{}:{tag}`, where a platform's run pushes", work.repository);
                    Problem::new(Side::Settings, what).hint("State another `suffix` or `tag`.")
                });
                (work.way, work.planned) = (way, planned);
                let becomes = planned.map(|planned| format!("; becomes {}", planned.short())).unwrap_or_default();
                wish(work, format!("{of}, {about}; {why}{becomes}"), block)
            }
            Err(problem) => wish(work, format!("{of}; {why}"), Some(problem)),
        }
    }
}

/// How what is there differs from what is wanted.
enum Difference {
    None,
    /// This section did not make it.
    Foreign,
    /// It is made anew, for this reason.
    Made(String),
}

fn difference(there: &There, work: &Work) -> Difference {
    let (Some(base), Some(added)) = &there.origin else { return Difference::Foreign };
    let is_base = *base == work.base.to_string();
    match (is_base, *added == named(&work.authorities)) {
        (true, true) => Difference::None,
        (true, false) => Difference::Made("the certificates differ".to_owned()),
        (false, true) => Difference::Made(format!("it was of {}", short(base))),
        (false, false) => Difference::Made(format!("it was of {}, with other certificates", short(base))),
    }
}

/// Returns why a variant stays that is to be another.
fn held(there: &There, overwrite: Overwrite) -> Option<Problem> {
    let problem = |what: &str, hint| Some(Problem::new(Side::Target, what).hint(hint));
    match overwrite {
        _ if !there.is_writable => problem(
            "the tag is locked",
            "Unlock it (`az acr repository update --write-enabled true`), or state another `suffix` or `tag`.",
        ),
        Overwrite::Refuse => problem(
            &format!("the tag holds {}, and tags may not move", there.digest.short()),
            "State another `suffix` or `tag`, or set `overwrite: allow`.",
        ),
        Overwrite::Allow => None,
    }
}

fn short(digest: &str) -> String {
    digest.parse::<Digest>().map_or_else(|_| "another image".to_owned(), |digest| digest.short())
}
