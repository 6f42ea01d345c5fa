//! Links: reads what leads from one manifest to another, as much of it as a choice leans on (`unknown`).

use super::{Content, Known, Link, Plane, Relation, doing::refusal, told};
use crate::{problem::Problem, reference::Digest, registry::RegistryError};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Requests at once; the registry's own limit holds besides.
const AT_ONCE: usize = 8;
/// How many are asked about before their answers are put in order.
const PART: usize = 4_000;

/// Where manifests are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links<'a> {
    /// Whom to ask.
    pub(super) plane: &'a Plane<'a>,
    /// The repository.
    pub(super) repository: &'a str,
}

/// What a manifest names.
struct Named {
    from: u32,
    children: Vec<Digest>,
    subject: Option<Digest>,
}

impl Links<'_> {
    /// Reads what manifests name.
    ///
    /// # Errors
    /// What kept one from being read: what it needs is not known then.
    pub(super) async fn read(&self, content: &mut Content, places: &[u32]) -> Result<(), Problem> {
        for part in places.chunks(PART) {
            let part: Vec<_> = part.iter().map(|place| (*place, content.at(*place).digest)).collect();
            let mut found = stream::iter(part).map(|(from, digest)| self.one(from, digest)).buffer_unordered(AT_ONCE);
            while let Some(Named { from, children, subject }) = found.try_next().await? {
                content.manifests[from as usize].known = Known::Read;
                let link = |to: u32, relation: Relation| Link { from, to, relation };
                let children = children.into_iter().filter_map(|it| content.place(it));
                let children: Vec<_> = children.map(|to| link(to, Relation::Child)).collect();
                content.links.extend(children);
                match subject.map(|subject| content.place(subject)) {
                    Some(Some(to)) => content.links.push(link(to, Relation::Subject)),
                    Some(None) => content.manifests[from as usize].is_stray = true,
                    None => {}
                }
            }
            drop(found);
            content.tidy();
        }
        Ok(())
    }

    /// Asks who refers to manifests. A registry that does not tell is asked once.
    ///
    /// # Errors
    /// As [`Links::read`].
    pub(super) async fn read_referrers(&self, content: &mut Content, places: &[u32]) -> Result<(), Problem> {
        let Plane { registry, registries } = *self.plane;
        let asked: Vec<_> = places.iter().map(|place| (*place, content.at(*place).digest)).collect();
        let lists = stream::iter(asked).map(async |(to, digest)| {
            let list = registries.referrers_list(registry, self.repository, digest).await;
            list.map(|list| (to, list)).map_err(|error| refusal(&error, self.plane))
        });
        let mut lists = lists.buffer_unordered(AT_ONCE);
        while let Some((to, list)) = lists.try_next().await? {
            let Some(list) = list else {
                content.is_silent = true;
                break;
            };
            content.manifests[to as usize].known = Known::Referrers;
            for (other, _) in list {
                match content.place(other) {
                    None => content.manifests[to as usize].is_stray = true,
                    Some(from) => content.links.push(Link { from, to, relation: Relation::Subject }),
                }
            }
        }
        drop(lists);
        content.tidy();
        Ok(())
    }

    async fn one(&self, from: u32, digest: Digest) -> Result<Named, Problem> {
        let Plane { registry, registries } = *self.plane;
        let problem = |error: RegistryError| refusal(&error, self.plane);
        if let Some(found) = registries.manifest(registry, self.repository, digest).await.map_err(problem)? {
            let children = found.children.iter().map(|child| child.digest).collect();
            return Ok(Named { from, children, subject: found.subject });
        }
        match registries.manifest_row(registry, self.repository, digest).await.map_err(problem)? {
            // What is gone by now leads nowhere.
            None => Ok(Named { from, children: Vec::new(), subject: None }),
            Some(_) => Err(told::unreadable(digest)),
        }
    }
}
