//! Work: a variant that is to be made, as a value, and how it is made.

use super::{
    Authority, Base, Known,
    image::{self, Addition, Failure},
    push,
    read::Place,
};
use crate::{
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{Client, RegistryError},
};
use std::sync::Arc;

/// Something to be made, as the plan shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The variant: `vendor/app:1.2-ca`.
    pub subject: String,
    /// What is to be made.
    pub work: Work,
    /// What it is made of, which way, and why, a fragment.
    pub reason: String,
    /// Why it cannot be made.
    pub block: Option<Problem>,
}

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
    /// What the settings say the image is made of.
    pub stated: Option<Base>,
    /// What is added.
    pub authorities: Arc<[Authority]>,
}

impl Work {
    /// Makes it, and asks the registry for it.
    ///
    /// # Errors
    /// What went wrong; the tag then stands for what it stood for.
    pub async fn apply(&self, registries: &Client, known: &Known) -> Result<(), Problem> {
        let Self { registry, repository, tag, .. } = self;
        let place = Place { registries, registry, repository };
        let target = |error: RegistryError| error.problem(Side::Target);
        let now = registries.head(registry, repository, tag).await.map_err(target)?.map(|head| head.digest);
        if now != self.before {
            let now = now.map_or_else(|| "nothing".to_owned(), |digest| digest.short());
            let what = format!("`{repository}:{tag}` stands for {now} by now, and no longer for what was planned");
            return Err(Problem::new(Side::Target, what).hint("Somebody else has pushed it: look who needs it."));
        }
        let manifest = registries.manifest(registry, repository, self.base).await.map_err(target)?;
        let manifest = manifest.ok_or_else(|| self.absent())?;
        let addition = Addition { authorities: &self.authorities, base: self.stated };
        let made = image::make(&place, self.base, &manifest, addition, known).await;
        let made = made.map_err(|failure| match failure {
            Failure::Unfit(unfit) => unfit.problem(),
            Failure::Registry(error) => error.problem(Side::Target),
            Failure::Absent => self.absent(),
        })?;
        if let Some(planned) = self.planned.filter(|planned| *planned != made.digest()) {
            let what = format!("it came out as {} and was planned as {}", made.digest().short(), planned.short());
            return Err(Problem::new(Side::Target, what).hint("Run again, and report it if it stays so."));
        }
        push::push(&place, &made, tag).await?;
        // A request that succeeded is no evidence, what the registry serves is.
        let served = registries.head(registry, repository, tag).await.map_err(target)?.map(|head| head.digest);
        if served == Some(made.digest()) {
            return Ok(());
        }
        let served = served.map_or_else(|| "nothing".to_owned(), |digest| digest.short());
        let what =
            format!("the registry serves {served} under `{repository}:{tag}`, and not {}", made.digest().short());
        Err(Problem::new(Side::Target, what).hint("Run again; if it stays so, look who else pushes this tag."))
    }

    fn absent(&self) -> Problem {
        let what = format!("the image {} is not in `{}`, or not whole", self.base.short(), self.repository);
        Problem::new(Side::Target, what).hint("Mend its line first, and run again.")
    }
}
