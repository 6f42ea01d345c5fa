//! Links: reads what leads from one manifest to another, as much of it as a decision needs.
//!
//! A repository of a hundred thousand manifests is not read whole. Indexes and artifacts are; of images, which hardly ever
//! refer to anything, those that nothing keeps; and of what would go, the registry is asked who refers to it.

use super::{Content, Kind, Link, Plane, Relation, decide, doing::refusal, needs, told};
use crate::{problem::Problem, reference::Digest, registry::RegistryError};
use futures_util::{StreamExt, TryStreamExt, stream};

/// Requests at once; the registry's own limit holds besides.
const AT_ONCE: usize = 8;

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
    /// Reads the manifests that lead to others; `stays` tells of each whether something of its own makes it stay.
    ///
    /// # Errors
    /// What kept one from being read: what it needs is not known then.
    pub(super) async fn read(&self, content: &mut Content, stays: &[bool]) -> Result<(), Problem> {
        let leads = |kind: Kind| match kind {
            Kind::Index | Kind::Artifact | Kind::Unknown => true,
            Kind::Image | Kind::Plain => false,
        };
        let manifests = (0_u32..).zip(&content.manifests);
        let first = manifests.filter(|(_, it)| leads(it.kind)).map(|(place, _)| place).collect();
        self.read_these(content, first).await?;
        let companions: Vec<_> = decide::companions(content).into_iter().map(|(_, link)| link).collect();
        let kept = needs::kept(content, &companions, stays.to_vec());
        let manifests = (0_u32..).zip(content.manifests.iter().zip(kept));
        let then =
            manifests.filter(|(_, (it, kept))| it.kind == Kind::Image && !kept).map(|(place, _)| place).collect();
        self.read_these(content, then).await
    }

    /// Asks who refers to manifests that would go, and reads those of whom that was not known: an image that stays and
    /// refers to something is not read otherwise.
    ///
    /// # Errors
    /// As [`Links::read`].
    pub(super) async fn read_referrers(&self, content: &mut Content, going: Vec<u32>) -> Result<(), Problem> {
        let Plane { registry, registries } = *self.plane;
        let asked: Vec<_> = going.into_iter().map(|place| (place, content.at(place).digest)).collect();
        let lists = stream::iter(asked).map(async |(to, digest)| {
            let list = registries.referrers_list(registry, self.repository, digest).await;
            list.map(|list| (to, list.unwrap_or_default())).map_err(|error| refusal(&error, self.plane))
        });
        let mut lists = lists.buffer_unordered(AT_ONCE);
        let mut unread = Vec::new();
        while let Some((to, list)) = lists.try_next().await? {
            for (other, _) in list {
                match content.place(other) {
                    None => content.manifests[to as usize].is_stray = true,
                    Some(from) if content.links.binary_search(&subject(from, to)).is_err() => unread.push(from),
                    Some(_) => {}
                }
            }
        }
        drop(lists);
        self.read_these(content, unread).await
    }

    async fn read_these(&self, content: &mut Content, places: Vec<u32>) -> Result<(), Problem> {
        let places: Vec<_> = places.into_iter().map(|place| (place, content.at(place).digest)).collect();
        let mut found = stream::iter(places).map(|(from, digest)| self.one(from, digest)).buffer_unordered(AT_ONCE);
        while let Some(Named { from, children, subject: of }) = found.try_next().await? {
            let child = |to: u32| Link { from, to, relation: Relation::Child };
            let children: Vec<_> = children.into_iter().filter_map(|it| content.place(it)).map(child).collect();
            content.links.extend(children);
            match of.map(|of| content.place(of)) {
                Some(Some(to)) => content.links.push(subject(from, to)),
                Some(None) => content.manifests[from as usize].is_stray = true,
                None => {}
            }
        }
        drop(found);
        content.links.sort_unstable();
        content.links.dedup();
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

fn subject(from: u32, to: u32) -> Link {
    Link { from, to, relation: Relation::Subject }
}
