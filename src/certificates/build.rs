//! Build: a variant made by ACR Tasks. The Dockerfiles of all platforms go in one source, each platform has a run of its
//! own, and where there are several this program puts them into an index.

use super::{
    edit::{self, Origin, Replaced},
    named,
    origin::{self, There},
    parts::{Parts, Wanted},
    push,
    read::Place,
    recipe::{self, Part, Variant},
    work::{Hands, Work},
};
use crate::{
    problem::{Problem, Side},
    reference::Digest,
    registry::{Manifest, RegistryError},
    tasks::{self, Archived, Build, Order, Pace, Service, Watch},
};
use futures_util::{StreamExt, stream};
use std::{collections::BTreeMap, time::Duration};

/// Runs of one variant at once; each waits for a machine of Azure's.
const AT_ONCE: usize = 4;
/// How long one may take: it pulls, adds some files and pushes.
const TIMEOUT: Duration = Duration::from_secs(1800);

/// Returns the pace at which a run is followed: most of these are done within a minute.
fn pace() -> Pace {
    let (first, longest, status) = (Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5));
    Pace { first, longest, status, ..Pace::of(TIMEOUT) }
}

/// What a run needs to know.
struct Site<'a> {
    work: &'a Work,
    place: &'a Place<'a>,
    hands: &'a Hands<'a>,
    service: Service<'a>,
    source: String,
    identity: Option<String>,
}

/// Builds a variant, and returns the digest that its tag stands for then.
pub(super) async fn build(
    work: &Work,
    place: &Place<'_>,
    manifest: &Manifest,
    hands: &Hands<'_>,
) -> Result<Digest, Problem> {
    let service = hands.service.ok_or_else(no_service)?;
    let wanted = Wanted { authorities: &work.authorities, stated: work.stated, helper: work.helper.as_deref() };
    let parts = Parts::of(place, work.base, manifest, wanted, hands.known).await;
    let parts = parts.map_err(|failure| work.problem(failure))?.built;
    let is_alone = parts.len() == 1;
    let site = site(work, place, hands, service, &parts, is_alone).await?;
    let runs = parts.iter().map(|part| {
        let tag = if is_alone { work.tag.clone() } else { work.tag_of(part) };
        site.one(part, tag, is_alone)
    });
    let made: Vec<_> = stream::iter(runs).buffered(AT_ONCE).collect().await;
    let made = made.into_iter().collect::<Result<Vec<_>, _>>()?;
    if let (true, [one]) = (is_alone, made.as_slice()) {
        return Ok(one.digest);
    }
    let replaced: BTreeMap<_, _> = parts
        .iter()
        .zip(&made)
        .map(|(part, it)| {
            let (media_type, digest, size) = (it.media_type.clone(), it.digest, it.size);
            (part.digest, Replaced { media_type, digest, size })
        })
        .collect();
    let authorities = named(&work.authorities);
    let index = edit::index(&manifest.bytes, &replaced, Origin { base: work.base, authorities: &authorities });
    let index = index.map_err(|why| Problem::new(Side::Source, format!("the image's index cannot be read: {why}")))?;
    work.still(place).await?;
    push::tag(place, &work.tag, edit::OCI_INDEX, &index).await?;
    Ok(Digest::of(&index))
}

/// Sends the source, where anything of it is to be built.
async fn site<'a>(
    work: &'a Work,
    place: &'a Place<'a>,
    hands: &'a Hands<'a>,
    service: Service<'a>,
    parts: &[Part],
    is_alone: bool,
) -> Result<Site<'a>, Problem> {
    let identity = service.identity().await?;
    let (registry, repository) = (&work.registry, work.repository.as_str());
    let mut files = Vec::new();
    for part in parts {
        // What an image says it is made of is what its tag is asked for: the whole, or this platform.
        let of = if is_alone { work.base } else { part.digest };
        let variant = Variant { registry, repository, of, authorities: &work.authorities };
        files.extend(recipe::context(std::slice::from_ref(part), &variant));
    }
    files.sort();
    files.dedup();
    let files: Vec<_> = files.iter().map(|(path, content)| Archived { path, content }).collect();
    let archive = tasks::archive(&files);
    let archive = archive.map_err(|error| Problem::new(Side::Settings, format!("no source can be made: {error}")))?;
    let source = service.send_bytes(archive).await?;
    Ok(Site { work, place, hands, service, source, identity })
}

impl Site<'_> {
    /// Builds one platform, unless it is there already: a run that was cut short is not done twice.
    async fn one(&self, part: &Part, tag: String, is_alone: bool) -> Result<There, Problem> {
        let Self { work, place, hands, .. } = self;
        let authorities = named(&work.authorities);
        let of = if is_alone { work.base } else { part.digest };
        let name = format!("{}:{tag}", work.repository);
        if !is_alone {
            match self.there(&tag).await? {
                Some(there) if there.is_of(of, &authorities) => return Ok(there),
                Some(there) if !there.is_ours() => return Err(origin::foreign(&name)),
                Some(_) | None => {}
            }
        }
        let order = Order {
            platform: part.platform.clone(),
            timeout: TIMEOUT,
            agent_pool: work.agent_pool.clone(),
            identity: self.identity.clone(),
            ..Order::of(tasks::Work::Build(Build {
                images: vec![name.clone()],
                source: self.source.clone(),
                dockerfile: part.path(),
                target: None,
                arguments: Vec::new(),
                is_pushed: true,
                no_cache: false,
            }))
        };
        let id = self.service.schedule(&order).await?.id;
        (hands.say)(format!("{id}: builds {name} for {}", part.platform));
        let watch = Watch { pace: pace(), stop: hands.stop, secrets: Vec::new() };
        let mut say = |line: &str| (hands.say)(format!("{id}: {line}"));
        let ended = self.service.follow(&id, &watch, &mut say).await?;
        if let Some(unread) = &ended.unread {
            say(&format!("the log could not be read: {unread}"));
        }
        if let Some(problem) = ended.problem() {
            let what = format!("{} for {}: {}", place.repository, part.platform, problem.what);
            return Err(Problem { what, ..problem });
        }
        // That a run ended well is no evidence, what the registry serves is.
        match self.there(&tag).await? {
            Some(there) if there.is_of(of, &authorities) => Ok(there),
            Some(there) => {
                let what =
                    format!("`{name}` holds {} after the run `{id}`, which that did not build", there.digest.short());
                Err(Problem::new(Side::Target, what).hint("Run again; if it stays so, look who else pushes this tag."))
            }
            None => {
                let what = format!("there is no `{name}` after the run `{id}`, which ended well");
                Err(Problem::new(Side::Target, what).hint("Run again."))
            }
        }
    }

    async fn there(&self, tag: &str) -> Result<Option<There>, Problem> {
        let there = origin::there(self.place, tag, true).await;
        there.map_err(|error: RegistryError| error.problem(Side::Target))
    }
}

/// Says that there is nobody who would build.
pub(super) fn no_service() -> Problem {
    Problem::new(Side::Settings, "builds are done by ACR Tasks, and this registry is no Azure Container Registry")
        .hint("Choose images that a layer can be laid over, with `way: layer`.")
}
