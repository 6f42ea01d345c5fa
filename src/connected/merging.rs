//! Merging: changes of one scope map put together: what is written at the same time is written once, and limits are about
//! the sum.

use super::{Wish, Work, found::same};

/// Returns the wishes with those about one scope map in one, at the place of the first.
pub(super) fn merged(wishes: Vec<Wish>) -> Vec<Wish> {
    let mut kept: Vec<Wish> = Vec::new();
    for wish in wishes {
        let twin = kept.iter_mut().find(|other| match (&other.work, &wish.work) {
            (Work::Extend(one), Work::Extend(other)) | (Work::Shrink(one), Work::Shrink(other)) => {
                same(&one.map, &other.map)
            }
            _ => false,
        });
        match (twin, wish.work) {
            (Some(twin), Work::Extend(edit) | Work::Shrink(edit)) => {
                if let Work::Extend(into) | Work::Shrink(into) = &mut twin.work {
                    into.add.extend(edit.add);
                    into.remove.extend(edit.remove);
                    twin.reason = into.told();
                }
            }
            (_, work) => kept.push(Wish { work, ..wish }),
        }
    }
    kept
}
