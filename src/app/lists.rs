//! Lists: both versions of the list, as far as they concern one registry.

use super::{Occasion, Stated};
use crate::{
    change::{self, Changes},
    images::{self, ImageList, Parsed},
    plan::{self, Plan, Shard},
    reference::Registry,
    settings::Place,
};

/// Both versions of the list.
pub(super) struct Lists {
    pub(super) head: Parsed,
    /// None for the whole list.
    pub(super) base: Option<ImageList>,
    /// Whether lines that mean what they meant are looked at all the same: they are judged by other rules now, or may
    /// never have been applied.
    is_whole: bool,
    /// Which of the lines are this run's, where they are not all.
    shard: Option<Shard>,
}

impl Lists {
    /// Reads both; `target` is the host that a destination may name.
    pub(super) fn read(
        occasion: &Occasion,
        target: Option<&Registry>,
        stated: &Stated,
        place: &Place,
        shard: Option<Shard>,
    ) -> Self {
        let before = occasion.base.as_deref().or(occasion.former.as_deref());
        let (mut head, mut base) = images::parse_both(&occasion.head, before, target);
        if place.images.is_some() {
            head.list.retain(|repository| place.takes(repository));
            if let Some(base) = &mut base {
                base.retain(|repository| place.takes(repository));
            }
        }
        Self { head, base, is_whole: occasion.base.is_none() || stated.has_other_rules(), shard }
    }

    /// Returns what this run is about.
    pub(super) fn changes(&self) -> Changes<'_> {
        let changes = self.all_changes();
        match self.shard {
            Some(shard) => shard.share(&self.head.list, changes),
            None => changes,
        }
    }

    fn all_changes(&self) -> Changes<'_> {
        match &self.base {
            Some(base) if self.is_whole => {
                let Changes { removed, unselected, .. } = change::between(base, &self.head.list);
                Changes { removed, unselected, ..Changes::all(&self.head.list) }
            }
            Some(base) => change::between(base, &self.head.list),
            None => Changes::all(&self.head.list),
        }
    }

    /// Returns whether lines are told as new or different, and not merely as listed.
    pub(super) fn has_base(&self) -> bool {
        self.base.is_some() && !self.is_whole
    }

    /// The plan of a list in which no line is new or different.
    pub(super) fn nothing(&self) -> Plan {
        let changes = self.changes();
        Plan { steps: Vec::new(), removed: plan::removed(&changes), unchanged: changes.unchanged }
    }
}
