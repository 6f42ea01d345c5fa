//! Locks: tags of the list that are locked when their image is there. Nothing is ever unlocked: a tag that is to move
//! again is unlocked by somebody who means it.

use super::{Decision, Lock, Locks, Part, Wish, Work, decide::remark};
use crate::{
    plan::{Action, Step},
    problem::{Grade, Problem, Side},
    reference::Registry,
    registry::{self, RegistryError},
};
use futures_util::{StreamExt, stream};

/// How many tags are asked for at once; the registry's own limit holds besides.
const AT_ONCE: usize = 16;

/// Looks which tags of the plan's lines are to be locked when the lines are done.
pub async fn look(
    stated: &Locks,
    steps: &[Step],
    registry: &Registry,
    registries: &registry::Client,
    door: &Result<(), Problem>,
) -> Decision {
    let concerned = steps.iter().filter(|step| stated.covers(step.destination.repository()) && holds_after(step));
    let looked = stream::iter(concerned).map(|step| one(stated, step, registry, registries, door));
    let looked: Vec<_> = looked.buffered(AT_ONCE).collect().await;
    let mut decision = Decision::default();
    for found in looked {
        match found {
            Ok(wish) => decision.wishes.extend(wish),
            Err((subject, problem)) => {
                decision.remarks.push(remark(Part::Locks, &subject, Grade::Unchecked, problem));
            }
        }
    }
    decision
}

/// Returns whether the tag stands for the step's digest when the steps are done.
fn holds_after(step: &Step) -> bool {
    match &step.action {
        Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_) => step.digest.is_some(),
        Action::Block(_) | Action::Unchecked(_) => false,
    }
}

async fn one(
    stated: &Locks,
    step: &Step,
    registry: &Registry,
    registries: &registry::Client,
    door: &Result<(), Problem>,
) -> Result<Option<Wish>, (String, Problem)> {
    let (repository, tag) = (step.destination.repository(), step.destination.tag());
    let subject = format!("{repository}:{tag}");
    let Some(digest) = step.digest else { return Ok(None) };
    let (is_new, why) = match &step.action {
        // A tag that is not there is not asked for; the plan has just done so.
        Action::Import => (true, "its image is imported"),
        Action::Move { .. } => (false, "its image is moved to"),
        Action::Keep | Action::Repair(_) | Action::Block(_) | Action::Unchecked(_) => (false, "its image is there"),
    };
    let open = match (is_new, door) {
        (true, Ok(())) => true,
        (_, Err(problem)) => return Err((subject, problem.clone())),
        (false, Ok(())) => match registries.tag_row(registry, repository, tag).await {
            Ok(row) => row.is_none_or(|row| stated.write && row.may_write || stated.delete && row.may_delete),
            Err(error) => return Err((subject, error.problem(Side::Target))),
        },
    };
    if !open {
        return Ok(None);
    }
    let against = match (stated.write, stated.delete) {
        (true, true) => "moving and deleting",
        (true, false) => "moving",
        (false, _) => "deleting",
    };
    let lock = Lock {
        registry: registry.clone(),
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        digest,
        delete: stated.delete,
        write: stated.write,
    };
    let reason = format!("{why}; against {against}");
    Ok(Some(Wish { part: Part::Locks, subject, work: Work::Lock(lock), reason, block: None }))
}

impl Lock {
    /// Locks the tag if it holds what was planned, and reads again.
    pub(super) async fn apply(&self, registries: &registry::Client) -> Result<(), Problem> {
        let Self { registry, repository, tag, digest, delete, write } = self;
        let problem = |error: RegistryError| problem(&error, registry);
        let before = registries.tag_row(registry, repository, tag).await.map_err(problem)?;
        self.check(before.map(|row| row.digest))?;
        let is_there = registries.lock(registry, repository, tag, *write, *delete).await.map_err(problem)?;
        let after = registries.tag_row(registry, repository, tag).await.map_err(problem)?.filter(|_| is_there);
        self.check(after.as_ref().map(|row| row.digest))?;
        match after {
            Some(row) if *write && row.may_write || *delete && row.may_delete => Err(Problem::new(
                Side::Target,
                format!("`{repository}:{tag}` is not locked, although `{registry}` said so"),
            )
            .hint("Run again.")),
            Some(row) if row.digest == *digest => Ok(()),
            _ => Err(self.elsewhere("nothing")),
        }
    }

    /// A lock on something that nobody reviewed would keep it there.
    fn check(&self, holds: Option<crate::reference::Digest>) -> Result<(), Problem> {
        match holds {
            Some(digest) if digest == self.digest => Ok(()),
            Some(digest) => Err(self.elsewhere(&digest.short().to_string())),
            None => Err(self.elsewhere("nothing")),
        }
    }

    fn elsewhere(&self, holds: &str) -> Problem {
        let Self { repository, tag, digest, .. } = self;
        let what = format!("`{repository}:{tag}` holds {holds} and not {}: it is not locked", digest.short());
        Problem::new(Side::Target, what).hint("See what became of its line, then run again.")
    }
}

/// A refusal to lock names the right that it takes.
fn problem(error: &RegistryError, registry: &Registry) -> Problem {
    let problem = error.problem(Side::Target);
    if error.is_denied() {
        return problem.hint(format!(
            "Grant this identity *AcrPush* on `{registry}`; in ABAC mode *Container Registry Repository Writer*."
        ));
    }
    problem
}
