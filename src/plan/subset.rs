//! Subset: the platforms of an image that a line wants, where it does not want all of them.

use super::{
    Note, Reason, Surveyor, configuration,
    facts::{Fact, SourceFact},
};
use crate::{
    images::Entry,
    problem::{Problem, Side},
    reference::{Digest, Platform, Reference},
    registry::{Cut, Manifest, RegistryError},
};

/// What is copied of a source's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subset {
    /// The source's index.
    pub of: Digest,
    /// The platforms of it that are not copied.
    pub left_out: Vec<Platform>,
}

/// What a line's source comes to.
pub(super) struct Narrowed {
    /// The image that is meant.
    pub(super) source: Fact<SourceFact>,
    /// The new index, where there is less in it than in the source's.
    pub(super) cut: Option<Manifest>,
    pub(super) subset: Option<Subset>,
    /// Why the line cannot have its way.
    pub(super) lacks: Option<Reason>,
}

/// Narrows a source down to the platforms of its line; a line that names none wants all.
pub(super) async fn narrow(
    entry: &Entry,
    from: &Reference,
    source: Fact<SourceFact>,
    surveyor: &Surveyor,
    notes: &mut Vec<Note>,
) -> Narrowed {
    let whole = |source| Narrowed { source, cut: None, subset: None, lacks: None };
    let wanted = entry.options.platforms();
    let known = match source {
        Fact::Known(known) if !wanted.is_empty() => known,
        source => return whole(source),
    };
    let unknown = |problem| whole(Fact::Unknown(problem));
    match cut(from, known.digest, wanted, surveyor).await {
        Err(error) => unknown(error.problem(Side::Source)),
        Ok(Err(why)) => {
            let what = format!("the index {} cannot be cut down to some platforms: {why}", known.digest.short());
            unknown(Problem::new(Side::Source, what).hint("Take `platforms=` out of the line."))
        }
        Ok(Ok((Cut::Whole, _))) => whole(Fact::Known(known)),
        Ok(Ok((Cut::Lacks(wanted), has))) => {
            let lacks = Some(Reason::NoPlatform { wanted, has });
            Narrowed { lacks, ..whole(Fact::Known(known)) }
        }
        Ok(Ok((Cut::Part { index, digest, left_out }, _))) => {
            let subset = Subset { of: known.digest, left_out };
            notes.push(Note::Subset(subset.clone()));
            let source = Fact::Known(SourceFact { digest, ..known });
            Narrowed { source, cut: Some(*index), subset: Some(subset), lacks: None }
        }
    }
}

/// Returns what is left of an image, and the platforms that it has.
async fn cut(
    from: &Reference,
    digest: Digest,
    wanted: &[Platform],
    surveyor: &Surveyor,
) -> Result<Result<(Cut, Vec<Platform>), String>, RegistryError> {
    let (host, repository) = (from.host(), from.repository());
    let found = surveyor.registries.known_manifest(&host, repository, digest).await?;
    let Some(manifest) = found else { return Ok(Err("it is not there any more".to_owned())) };
    if manifest.is_index() {
        return Ok(manifest.cut(wanted).map(|cut| (cut, manifest.platforms())));
    }
    // A single image is what it is.
    let has = configuration::platform(&host, repository, &manifest, surveyor).await;
    let lacks = |it: &&Platform| !has.as_ref().is_some_and(|has| it.admits(has));
    let lacks: Vec<_> = wanted.iter().filter(lacks).cloned().collect();
    let cut = if lacks.is_empty() { Cut::Whole } else { Cut::Lacks(lacks) };
    Ok(Ok((cut, has.into_iter().collect())))
}
