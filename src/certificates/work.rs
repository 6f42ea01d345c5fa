//! Work: a variant that is to be made, as a value, and how it is made.

use super::{
    Authority, Base, Known, Way, build,
    image::{self, Addition, Failure, Image},
    push,
    read::Place,
    recipe::Part,
};
use crate::{
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{Client, Manifest, RegistryError},
    tasks::Service,
};
use std::{fmt, sync::Arc};
use tokio::sync::watch;

/// A variant such as `vendor/app:1.2-ca`, as the plan shows it.
pub type Wish = crate::problem::Wish<Work>;

/// A variant of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where it goes; the image that it is made of is in the same repository.
    pub registry: Registry,
    /// The repository.
    pub repository: String,
    /// Its tag.
    pub tag: String,
    /// The image that it is made of.
    pub base: Digest,
    /// What the tag stood for when it was planned.
    pub before: Option<Digest>,
    /// What it will stand for, where that is known.
    pub planned: Option<Digest>,
    /// How it is made; `auto` where the image could not be looked into.
    pub way: Way,
    /// What the settings say the image is made of.
    pub stated: Option<Base>,
    /// The agent pool that builds it, where one is stated.
    pub agent_pool: Option<String>,
    /// An image with a shell, for a build of one that has none.
    pub helper: Option<String>,
    /// What is added.
    pub authorities: Arc<[Authority]>,
}

/// What making takes.
#[derive(Clone, Copy)]
pub struct Hands<'a> {
    /// The registry's data plane.
    pub registries: &'a Client,
    /// Layers that were read.
    pub known: &'a Known,
    /// ACR Tasks of the registry; none for one that is no ACR.
    pub service: Option<Service<'a>>,
    /// Turns true when nobody waits any more: runs are called off then.
    pub stop: &'a watch::Receiver<bool>,
    /// Takes a line of a run's log. Foreign text.
    pub say: &'a (dyn Fn(String) + Sync),
}

impl fmt::Debug for Hands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hands").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Work {
    /// Makes it, and asks the registry for it.
    ///
    /// # Errors
    /// What went wrong; the tag then stands for what it stood for, unless a run at Azure has set it.
    pub async fn apply(&self, hands: &Hands<'_>) -> Result<(), Problem> {
        let Self { registry, repository, tag, .. } = self;
        let Hands { registries, known, .. } = *hands;
        let place = Place { registries, registry, repository };
        self.still(&place).await?;
        let manifest = registries.known_manifest(registry, repository, self.base).await.map_err(target)?;
        let manifest = manifest.ok_or_else(|| self.absent())?;
        let addition = Addition { authorities: &self.authorities, base: self.stated };
        let digest = match self.way {
            Way::Tasks => self.build(&place, &manifest, hands).await?,
            Way::Layer | Way::Auto => match image::make(&place, self.base, &manifest, addition, known).await {
                Ok(made) => self.push(&place, &made).await?,
                Err(Failure::Unfit(unfit)) if self.way == Way::Auto && unfit.may_be_built() => {
                    self.build(&place, &manifest, hands).await?
                }
                Err(failure) => return Err(self.problem(failure)),
            },
        };
        // A request that succeeded is no evidence, what the registry serves is.
        let served = registries.head(registry, repository, tag).await.map_err(target)?.map(|head| head.digest);
        if served == Some(digest) {
            return Ok(());
        }
        let served = served.map_or_else(|| "nothing".to_owned(), |digest| digest.short());
        let what = format!("the registry serves {served} under `{repository}:{tag}`, and not {}", digest.short());
        Err(Problem::new(Side::Target, what).hint("Run again; if it stays so, look who else pushes this tag."))
    }

    async fn push(&self, place: &Place<'_>, made: &Image) -> Result<Digest, Problem> {
        if let Some(planned) = self.planned.filter(|planned| *planned != made.digest()) {
            let what = format!("it came out as {} and was planned as {}", made.digest().short(), planned.short());
            return Err(Problem::new(Side::Target, what).hint("Run again, and report it if it stays so."));
        }
        push::push(place, made, &self.tag).await?;
        Ok(made.digest())
    }

    async fn build(&self, place: &Place<'_>, manifest: &Manifest, hands: &Hands<'_>) -> Result<Digest, Problem> {
        Box::pin(build::build(self, place, manifest, hands)).await
    }

    /// Makes sure that the tag stands for what it stood for when this was planned.
    pub(super) async fn still(&self, place: &Place<'_>) -> Result<(), Problem> {
        let Self { registry, repository, tag, .. } = self;
        let now = place.registries.head(registry, repository, tag).await.map_err(target)?.map(|head| head.digest);
        if now == self.before {
            return Ok(());
        }
        let now = now.map_or_else(|| "nothing".to_owned(), |digest| digest.short());
        let what = format!("`{repository}:{tag}` stands for {now} by now, and no longer for what was planned");
        Err(Problem::new(Side::Target, what).hint("Somebody else has pushed it: look who needs it."))
    }

    /// Returns the tag of one platform, where a build makes several: a run pushes by a tag alone.
    pub(super) fn tag_of(&self, part: &Part) -> String {
        format!("{}-{}", self.tag, part.name())
    }

    pub(super) fn problem(&self, failure: Failure) -> Problem {
        match failure {
            Failure::Unfit(unfit) => unfit.problem(),
            Failure::Registry(error) => error.problem(Side::Target),
            Failure::Absent => self.absent(),
            Failure::Untold(problem) => problem,
        }
    }

    fn absent(&self) -> Problem {
        let what = format!("the image {} is not in `{}`, or not whole", self.base.short(), self.repository);
        Problem::new(Side::Target, what).hint("Mend its line first, and run again.")
    }
}

fn target(error: RegistryError) -> Problem {
    error.problem(Side::Target)
}
