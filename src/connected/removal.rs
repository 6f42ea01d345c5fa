//! Removal: what a change of the file takes away. Nothing goes that the file before did not ask for.

use super::{
    Actions, Connected, Detachment, Edit, Found, Instance, Question, Removal, Wish, Work, actions,
    decide::OURS,
    found::{last, same},
    wanted::Wanted,
};
use crate::problem::{Problem, Side};
use std::collections::BTreeSet;

/// Adds what is to be taken away.
pub(super) fn wishes(
    question: &Question<'_>,
    before: &[Connected],
    names: &BTreeSet<String>,
    blocked: &[&Connected],
    wishes: &mut Vec<Wish>,
) {
    // A repository that is gone from the registry is still in the scope map, and its pattern may still mean it.
    let mut names = names.clone();
    let maps = question.found.maps.iter().filter(|map| !map.is_system);
    names.extend(maps.flat_map(|map| actions::repositories(&map.actions)).map(str::to_owned));
    let then = Wanted { all: before, names: &names };
    let now = Wanted { all: question.meant, names: &names };
    let found = question.found;
    let takeaway = Takeaway { then, now, found };
    for one in before {
        let Some(instance) = found.instance(one.name.as_str()) else { continue };
        match now.get(one.name.as_str()) {
            None => wishes.push(takeaway.delete(one, instance)),
            Some(meant) if blocked.iter().any(|other| other.name == meant.name) => {}
            Some(meant) => {
                takeaway.shrink(one, meant, instance, wishes);
                wishes.extend(takeaway.detach(one, meant, instance));
            }
        }
    }
}

struct Takeaway<'a> {
    then: Wanted<'a>,
    now: Wanted<'a>,
    found: &'a Found,
}

impl Takeaway<'_> {
    fn shrink(&self, one: &Connected, meant: &Connected, instance: &Instance, wishes: &mut Vec<Wish>) {
        let (then, now) = (self.then.actions(one), self.now.actions(meant));
        let mut gone: Actions = then.difference(&now).cloned().collect();
        // Of a repository that it no longer has, nothing is permitted any more.
        let kept = actions::repositories(&now);
        let lost: Vec<_> = actions::repositories(&then).difference(&kept).map(|name| (*name).to_owned()).collect();
        gone.extend(lost.iter().flat_map(|name| actions::of_repository(name)));
        self.take(&instance.name, instance.token.as_deref(), &gone, "", wishes);
        // Its images came through it: those below lose them as well, whoever made them.
        let all: Actions = lost.iter().flat_map(|name| actions::of_repository(name)).collect();
        for below in self.found.below(&instance.id).into_iter().filter(|below| !self.is_going(&below.name)) {
            let why = format!(", with {} above it", instance.name);
            self.take(&below.name, below.token.as_deref(), &all, &why, wishes);
        }
        for client in &one.clients {
            let Some((holder, now)) = self.now.client(&client.name) else { continue };
            let then = self.then.client_actions(one, client);
            let now = self.now.client_actions(holder, now);
            let gone = then.difference(&now).cloned().collect();
            let token = self.found.tokens.iter().find(|token| client.name.is(&token.name));
            self.take(client.name.as_str(), token.map(|token| token.id.as_str()), &gone, "", wishes);
        }
    }

    /// Returns whether a connected registry is to be deleted.
    fn is_going(&self, name: &str) -> bool {
        self.then.get(name).is_some() && self.now.get(name).is_none()
    }

    fn take(&self, subject: &str, token: Option<&str>, gone: &Actions, why: &str, wishes: &mut Vec<Wish>) {
        let Some(map) = token.and_then(|token| self.found.map_of(token)).filter(|map| !map.is_system) else { return };
        let remove: Actions = gone.intersection(&map.actions).cloned().collect();
        if remove.is_empty() {
            return;
        }
        let edit = Edit::removing(&map.id, remove);
        let reason = format!("{}{why}", edit.told());
        wishes.push(Wish { subject: subject.to_owned(), work: Work::Shrink(edit), reason, block: None });
    }

    fn detach(&self, one: &Connected, meant: &Connected, instance: &Instance) -> Option<Wish> {
        let is_gone = |name: &super::Name| meant.clients.iter().all(|other| other.name != *name);
        let token = |name: &super::Name| self.found.tokens.iter().find(|token| name.is(&token.name));
        let gone = one.clients.iter().map(|client| &client.name).filter(|name| is_gone(name));
        let ids: Vec<_> = gone
            .filter_map(|name| Some(token(name)?.id.clone()))
            .filter(|id| instance.clients.iter().any(|client| same(client, id)))
            .collect();
        let notifications: Vec<_> = one
            .notifications
            .iter()
            .filter(|text| !meant.notifications.contains(text) && instance.notifications.contains(text))
            .cloned()
            .collect();
        let told = ids.iter().map(|id| format!("client - {}", last(id)));
        let told: Vec<_> = told.chain(notifications.iter().map(|text| format!("notification - {text}"))).collect();
        if told.is_empty() {
            return None;
        }
        let with = self.made_for(&ids, instance);
        let detachment = Detachment { id: instance.id.clone(), clients: ids, notifications, with };
        let (subject, work) = (instance.name.clone(), Work::Detach(Box::new(detachment)));
        Some(Wish { subject, work, reason: told.join(", "), block: None })
    }

    /// Returns tokens and scope maps that this program made for clients which are gone, and that nobody else uses.
    fn made_for(&self, clients: &[String], instance: &Instance) -> Vec<String> {
        let is_free = |id: &&String| {
            let is_client =
                |it: &Instance| !same(&it.id, &instance.id) && it.clients.iter().any(|client| same(client, id));
            let is_meant = self.now.all.iter().flat_map(|it| &it.clients).any(|client| client.name.is(last(id)));
            !is_meant && !self.found.instances.iter().any(is_client)
        };
        let (mut tokens, mut maps) = (Vec::new(), Vec::new());
        for id in clients.iter().filter(is_free) {
            let Some(map) = self.found.map_of(id).filter(|map| map.description.starts_with(OURS)) else { continue };
            tokens.push(id.clone());
            if self.found.tokens.iter().all(|token| !same(&token.map, &map.id) || same(&token.id, id)) {
                maps.push(map.id.clone());
            }
        }
        tokens.extend(maps);
        tokens
    }

    fn delete(&self, one: &Connected, instance: &Instance) -> Wish {
        let below = self.found.below(&instance.id);
        let stays = below.iter().find(|it| !self.is_going(&it.name));
        let block = stays.map(|child| {
            Problem::new(Side::Settings, format!("`{}` is below it and stays", child.name))
                .hint("Delete that first, or leave the entry in acr-sync.yaml.")
        });
        let mut with = Vec::new();
        if let Some(token) = instance.token.as_deref().and_then(|id| self.found.token(id)) {
            let is_used = self.found.instances.iter().any(|it| {
                let syncs = it.token.as_deref().is_some_and(|id| same(id, &token.id)) && !same(&it.id, &instance.id);
                syncs || it.clients.iter().any(|id| same(id, &token.id))
            });
            if !is_used {
                with.push(token.id.clone());
                if self.found.tokens.iter().all(|other| !same(&other.map, &token.map) || same(&other.id, &token.id)) {
                    with.push(token.map.clone());
                }
            }
        }
        let token = |client: &super::Client| self.found.tokens.iter().find(|it| client.name.is(&it.name));
        let clients: Vec<_> = one.clients.iter().filter_map(token).map(|token| token.id.clone()).collect();
        with.extend(self.made_for(&clients, instance));
        let messages: Actions = actions::of_gateway(&instance.name).collect();
        let edits = self.found.above(instance.parent.as_deref()).into_iter().filter_map(|above| {
            let map = self.found.map_of(above.token.as_deref()?)?;
            let remove: Actions = messages.intersection(&map.actions).cloned().collect();
            (!remove.is_empty()).then(|| Edit::removing(&map.id, remove))
        });
        let names: Vec<_> = with.iter().filter(|id| id.contains("/tokens/")).map(|id| last(id)).collect();
        let reason = if names.is_empty() {
            "its entry is gone".to_owned()
        } else {
            format!("its entry is gone; with the tokens {}", names.join(", "))
        };
        let above: Vec<_> = edits.collect();
        let depth = self.found.above(instance.parent.as_deref()).len();
        let removal = Removal { id: instance.id.clone(), depth, with, above };
        Wish { subject: instance.name.clone(), work: Work::Delete(removal), reason, block }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connected::decide;
    use crate::connected::staged::{ID, found, meant, there, token, told, vessel};

    #[test]
    fn nothing_goes_that_the_file_before_did_not_ask_for() {
        let mut found = found(&["fleet/app", "fleet/web", "extra"]);
        there(&mut found, "vessel-1", None, &["fleet/app", "fleet/web", "extra"]);
        let (before, after) = (vessel("fleet/*"), vessel("fleet/app"));
        assert_eq!(told(&after, Some(&before), &[], &found), ["vessel-1: shrink - fleet/web"]);
        // All that is stated is meant: nothing is compared, nothing goes.
        assert_eq!(told(&after, None, &[], &found), [""; 0]);
        // A repository that is gone from the registry, and still meant, stays permitted.
        let mut gone = found.clone();
        gone.repositories = Ok(["fleet/app".to_owned()].into());
        assert_eq!(told(&before, Some(&before), &[], &gone), [""; 0]);
    }

    #[test]
    fn what_was_taken_out_of_the_file_goes_with_what_was_made_for_it() {
        let mut found = found(&["fleet/app"]);
        there(&mut found, "hub-01", None, &["fleet/app"]);
        there(&mut found, "vessel-1", Some("hub-01"), &["fleet/app"]);
        let id = token(&mut found, "vessel-1-pull", Actions::new());
        found.instances[1].clients = vec![id];
        let before = meant("- { name: vessel-1, parent: hub-01, repositories: [fleet/app], clients: [vessel-1-pull] }");
        let planned = BTreeSet::new();
        let wishes = decide(&Question { meant: &[], before: Some(&before), planned: &planned, found: &found });
        let [Wish { work: Work::Delete(removal), .. }] = &wishes[..] else { unreachable!("{wishes:?}") };
        let names: Vec<_> = removal.with.iter().map(|id| id.strip_prefix(ID).unwrap()).collect();
        assert_eq!(
            names,
            ["/tokens/vessel-1", "/scopeMaps/vessel-1", "/tokens/vessel-1-pull", "/scopeMaps/vessel-1-pull"]
        );
        assert_eq!(removal.above[0].told(), "- messages of vessel-1");
        // A client alone; a token that somebody else made is taken from the list, and stays.
        let after = meant("- { name: vessel-1, parent: hub-01, repositories: [fleet/app] }");
        let detached = told(&after, Some(&before), &[], &found);
        assert_eq!(detached, ["vessel-1: detach client - vessel-1-pull"]);
        found.maps.last_mut().unwrap().description.clear();
        let wishes = decide(&Question { meant: &after, before: Some(&before), planned: &planned, found: &found });
        assert!(matches!(&wishes[0].work, Work::Detach(it) if it.with.is_empty()), "{wishes:?}");
        // What is below it and stays keeps it.
        let hub = meant("- { name: hub-01, repositories: [fleet/app] }");
        assert_eq!(told(&[], Some(&hub), &[], &found), ["hub-01: delete blocked: `vessel-1` is below it and stays"]);
    }

    #[test]
    fn every_removal_has_a_mark_of_its_own_and_nothing_else_has() {
        let mut found = found(&["fleet/app", "fleet/web"]);
        there(&mut found, "vessel-1", None, &["fleet/app", "fleet/web"]);
        let planned = BTreeSet::new();
        let mark = |after: &[Connected], before: &[Connected]| {
            let wishes = decide(&Question { meant: after, before: Some(before), planned: &planned, found: &found });
            assert_eq!(wishes.len(), 1, "{wishes:?}");
            wishes[0].work.mark()
        };
        let both = vessel("fleet/*");
        let marks = [mark(&vessel("fleet/app"), &both), mark(&vessel("fleet/web"), &both), mark(&[], &both)];
        assert!(marks.iter().all(Option::is_some) && marks[0] != marks[1] && marks[1] != marks[2], "{marks:?}");
    }

    #[test]
    fn a_client_that_moves_in_one_merge_is_nobody_elses() {
        let mut found = found(&["fleet/app"]);
        there(&mut found, "vessel-1", None, &["fleet/app"]);
        there(&mut found, "vessel-2", None, &["fleet/app"]);
        let id =
            token(&mut found, "the-client", actions::of_client(crate::connected::Access::Pull, "fleet/app").collect());
        found.instances[0].clients = vec![id];
        let both = |one: &str, other: &str| {
            meant(&format!(
                "- {{ name: vessel-1, repositories: [fleet/app], clients: [{one}] }}\n- {{ name: vessel-2, repositories: [fleet/app], clients: [{other}] }}"
            ))
        };
        assert_eq!(
            told(&both("", "the-client"), Some(&both("the-client", "")), &[], &found),
            ["vessel-2: update client + the-client", "vessel-1: detach client - the-client"]
        );
    }
}
