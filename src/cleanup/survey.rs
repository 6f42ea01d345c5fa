//! Survey: reads what a repository holds, as much of it as the decision needs, and turns the choice into wishes.
//!
//! Lists come page by page and are kept as compact values; what leads from one manifest to another is for `links`.

use super::{
    Asked, Choice, Content, Decision, Kind, Known, MOST_REMOVALS, Manifest, Plane, Question, Relation, Rule, Tag, Time,
    Wish,
    decide::{Moment, decide},
    doing::refusal,
    links::Links,
    told,
    unknown::{Unknown, unknown},
    work::{Delete, Untag, Work},
};
use crate::{
    problem::{Grade, Problem, Remark, Side},
    reference::Digest,
    registry::{ManifestRow, Order, RepositoryFacts, is_index},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroI64,
    ops::ControlFlow,
};
use time::OffsetDateTime;

/// How far two clocks may differ before somebody should know, in seconds.
const SKEW: u64 = 300;

/// Returns the repositories that the rules can be about. The catalogue is asked only where a rule has a pattern.
///
/// # Errors
/// What kept it from being asked.
pub async fn names(rules: &[Rule], plane: &Plane<'_>) -> Result<BTreeSet<String>, Problem> {
    let globs = || rules.iter().flat_map(|rule| &rule.repositories);
    if !globs().any(|glob| glob.as_str().contains(['*', '?', '[', '{'])) {
        return Ok(globs().map(|glob| glob.as_str().to_owned()).collect());
    }
    let names = plane.registries.repositories(plane.registry).await;
    let names = names.map_err(|error| {
        let problem = error.problem(Side::Target);
        if !error.is_denied() {
            return problem;
        }
        problem.hint(
            "Grant *Container Registry Repository Catalog Lister* (ABAC mode), or name repositories without patterns.",
        )
    })?;
    Ok(names.into_iter().filter(|name| rules.iter().any(|rule| rule.covers(name))).collect())
}

/// Reads one repository and decides; at most `room` removals are listed, and never more than [`MOST_REMOVALS`].
///
/// # Errors
/// What kept it from being read whole: then nothing goes there.
pub async fn look(asked: &Asked<'_>, plane: &Plane<'_>, room: usize) -> Result<Decision, Problem> {
    Survey { asked, plane, remarks: Vec::new() }.read(room.min(MOST_REMOVALS)).await
}

struct Survey<'a> {
    asked: &'a Asked<'a>,
    plane: &'a Plane<'a>,
    remarks: Vec<Remark>,
}

impl Survey<'_> {
    async fn read(mut self, room: usize) -> Result<Decision, Problem> {
        let Some(facts) = self.facts().await? else { return Ok(Decision::default()) };
        if facts.is_locked {
            let problem = Problem::new(Side::Target, "the repository is locked: nothing goes there");
            self.remark(Grade::Good, problem);
            return Ok(Decision { remarks: self.remarks, ..Decision::default() });
        }
        let now = self.now(&facts);
        let mut content = self.content().await?;
        let listed = (self.asked.listed)(&mut content.tags.iter().map(|tag| &*tag.name));
        let mut rules: Vec<_> = self.asked.rules.iter().map(|rule| Cow::Borrowed(*rule)).collect();
        let hidden = self.hidden(&facts, content.manifests.len()).await?;
        if hidden > 0 && rules.iter().any(|rule| rule.untagged) {
            self.remark(Grade::Doubtful, told::hidden(hidden));
            rules.iter_mut().for_each(|rule| rule.to_mut().untagged = false);
        }
        let rules: Vec<&Rule> = rules.iter().map(|rule| &**rule).collect();
        let links = Links { plane: self.plane, repository: self.asked.repository };
        loop {
            let question = Question { content: &content, rules: &rules, listed: &listed, now, room };
            let choice = decide(&question);
            // Each round makes more known than the one before: there is an end.
            match unknown(&question, &choice) {
                Unknown::Nothing => return Ok(self.decision(&question, &choice)),
                Unknown::Names(places) => links.read(&mut content, &places).await?,
                Unknown::Referrers(places) => links.read_referrers(&mut content, &places).await?,
            }
        }
    }

    async fn facts(&self) -> Result<Option<RepositoryFacts>, Problem> {
        let facts = self.plane.registries.repository_facts(self.plane.registry, self.asked.repository).await;
        facts.map_err(|error| refusal(&error, self.plane))
    }

    fn remark(&mut self, grade: Grade, problem: Problem) {
        self.remarks.push(Remark { subject: self.asked.repository.to_owned(), grade, problem });
    }

    /// A runner's clock that is ahead makes everything old: the earlier of both clocks counts.
    fn now(&mut self, facts: &RepositoryFacts) -> Moment {
        let own = OffsetDateTime::now_utc().unix_timestamp();
        let Some(clock) = facts.clock else { return own };
        if own.abs_diff(clock) > SKEW {
            self.remark(Grade::Doubtful, told::clock(own.abs_diff(clock), own > clock));
        }
        own.min(clock)
    }

    /// Tags first: what is tagged while the lists are read shows its tag among the manifests.
    async fn content(&self) -> Result<Content, Problem> {
        let (registries, registry, repository) = (self.plane.registries, self.plane.registry, self.asked.repository);
        let mut content = Content::default();
        let tags = &mut content.tags;
        registries
            .each_tag(registry, repository, |row| {
                let is_locked = row.is_locked();
                let name = row.name.into_boxed_str();
                tags.push(Tag { name, digest: row.digest, updated: time(row.updated), is_locked });
            })
            .await
            .map_err(|error| refusal(&error, self.plane))?;
        let manifests = &mut content.manifests;
        registries
            .each_manifest(registry, repository, Order::Any, |row| {
                manifests.push(manifest(&row));
                ControlFlow::Continue(())
            })
            .await
            .map_err(|error| refusal(&error, self.plane))?;
        content.tags.shrink_to_fit();
        content.manifests.sort_unstable_by_key(|it| it.digest);
        content.manifests.dedup_by_key(|it| it.digest);
        content.manifests.shrink_to_fit();
        Ok(content)
    }

    /// Returns how many manifests the registry counts and does not list. Asked twice: something may have been deleted
    /// while the list was read.
    async fn hidden(&self, facts: &RepositoryFacts, listed: usize) -> Result<u64, Problem> {
        let hidden = |facts: &RepositoryFacts| facts.manifests.unwrap_or_default().saturating_sub(listed as u64);
        if hidden(facts) == 0 {
            return Ok(0);
        }
        Ok(self.facts().await?.map_or(0, |again| hidden(&again).min(hidden(facts))))
    }

    fn decision(mut self, question: &Question<'_>, choice: &Choice) -> Decision {
        let content = question.content;
        if choice.future > 0 {
            self.remark(Grade::Doubtful, told::future(choice.future));
        }
        let orphans = told::orphans(content);
        if orphans > 0 && !(choice.tags.is_empty() && choice.manifests.is_empty()) {
            let what =
                format!("{orphans} tags of signatures and the like belong to images that are not here: they stay");
            self.remark(Grade::Good, Problem::new(Side::Target, what));
        }
        if let Some(excess) = &choice.excess {
            let problem = told::excess(excess, content, choice, self.asked.repository);
            self.remark(Grade::Bad, problem);
            return Decision { remarks: self.remarks, ..Decision::default() };
        }
        let all = choice.tags.len() + choice.manifests.len() + choice.more;
        let wishes = self.wishes(question, choice);
        Decision { more: all - wishes.len(), wishes, remarks: self.remarks }
    }

    fn wishes(&self, question: &Question<'_>, choice: &Choice) -> Vec<Wish> {
        let (registry, repository) = (self.plane.registry, self.asked.repository);
        let content = question.content;
        let tags = choice.tags.iter().map(|leaving| {
            let tag = &content.tags[leaving.tag as usize];
            let untag = Untag {
                registry: registry.clone(),
                repository: repository.to_owned(),
                tag: tag.name.to_string(),
                digest: tag.digest,
                updated: tag.updated.map(NonZeroI64::get),
            };
            let reason = told::tag(question.rules[usize::from(leaving.rule)], tag.updated, question.now);
            Wish { subject: format!("{repository}:{}", tag.name), work: Work::Untag(untag), reason, bytes: None }
        });
        // Only where all of them have room is there any for manifests.
        let losing = choice.tags.iter().take(question.room);
        let losing: BTreeSet<_> = losing.map(|leaving| content.tags[leaving.tag as usize].digest).collect();
        let newest = content.manifests.iter().filter_map(|it| it.updated).max().map_or(0, NonZeroI64::get);
        let digest = |place: u32| content.at(place).digest;
        let mut referrers: BTreeMap<u32, Vec<Digest>> = BTreeMap::new();
        for link in content.links.iter().filter(|link| link.relation == Relation::Subject) {
            referrers.entry(link.to).or_default().push(digest(link.from));
        }
        let manifests = choice.manifests.iter().map(|going| {
            let it = content.at(going.manifest);
            let delete = Delete {
                registry: registry.clone(),
                repository: repository.to_owned(),
                digest: it.digest,
                level: going.level,
                with: going.companions.iter().map(|place| content.tags[*place as usize].name.to_string()).collect(),
                after: going.after.iter().map(|place| digest(*place)).collect(),
                referrers: referrers.get(&going.manifest).cloned().unwrap_or_default(),
                newest,
            };
            Wish {
                subject: format!("{repository}@{}", it.digest),
                work: Work::Delete(Box::new(delete)),
                reason: told::manifest(content, going, &losing, question.now),
                bytes: Some(it.bytes),
            }
        });
        tags.chain(manifests).take(question.room).collect()
    }
}

fn manifest(row: &ManifestRow) -> Manifest {
    let kind = match row.media_type.as_str() {
        "" => Kind::Unknown,
        index if is_index(index) => Kind::Index,
        "application/vnd.docker.distribution.manifest.v2+json"
        | "application/vnd.docker.distribution.manifest.v1+json"
        | "application/vnd.docker.distribution.manifest.v1+prettyjws" => Kind::Plain,
        "application/vnd.oci.image.manifest.v1+json" => match row.config_media_type.as_str() {
            "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json" => {
                Kind::Image
            }
            _ => Kind::Artifact,
        },
        "application/vnd.oci.artifact.manifest.v1+json" | "application/vnd.cncf.oras.artifact.manifest.v1+json" => {
            Kind::Artifact
        }
        _ => Kind::Unknown,
    };
    Manifest {
        digest: row.digest,
        updated: time(row.updated),
        bytes: row.bytes,
        tags: u32::try_from(row.tags.len()).unwrap_or(u32::MAX),
        kind,
        is_locked: row.is_locked,
        is_stray: false,
        known: if kind == Kind::Plain { Known::Read } else { Known::Listed },
    }
}

fn time(seconds: Option<i64>) -> Time {
    seconds.and_then(NonZeroI64::new)
}
