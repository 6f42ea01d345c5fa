//! Decides what is to be done, from the settings, those before them, and what was found. Asks nobody anything.
//!
//! What is added follows from the settings as they are meant to be. What is taken away follows from a removal in the file
//! alone: whatever neither version of it asks for is somebody else's and stays.

use super::{
    Actions, Client, Connected, Edit, Found, NewToken, Wish, Work, actions,
    merging::merged,
    objection, removal,
    wanted::{Wanted, is_name},
};
use std::collections::BTreeSet;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The connected registries as they are meant to be.
    pub meant: &'a [Connected],
    /// The connected registries of the file before; none where nothing is to be taken away.
    pub before: Option<&'a [Connected]>,
    /// The repositories that the plan is about to create.
    pub planned: &'a BTreeSet<String>,
    /// What there is.
    pub found: &'a Found,
}

/// The beginning of what is written about a scope map that this program made: only such ones are deleted with their use.
pub(super) const OURS: &str = "acr-sync: ";

/// Makes the plan, in the order of the file.
pub fn decide(question: &Question<'_>) -> Vec<Wish> {
    let mut names = question.planned.clone();
    names.extend(question.found.repositories.iter().flatten().cloned());
    if question.found.repositories.is_err() {
        // Who states a name outright knows that it is there.
        let stated = question.meant.iter().flat_map(|one| &one.repositories).filter(|glob| is_name(glob));
        names.extend(stated.map(|glob| glob.as_str().to_owned()));
    }
    let decision = Decision { wanted: Wanted { all: question.meant, names: &names }, found: question.found };
    let mut wishes = Vec::new();
    let mut blocked: Vec<&Connected> = Vec::new();
    for one in in_order(question.meant) {
        let above = one.parent.as_ref().and_then(|parent| decision.wanted.get(parent.as_str()));
        let objection = match above.filter(|above| blocked.iter().any(|other| other.name == above.name)) {
            Some(above) => Some(objection::parent_blocked(&above.name)),
            None => objection::of(one, question, &decision.wanted),
        };
        match objection {
            Some(problem) => {
                blocked.push(one);
                wishes.push(Wish {
                    subject: one.name.to_string(),
                    work: Work::Nothing,
                    reason: "it cannot be made what it is meant to be".to_owned(),
                    block: Some(problem),
                });
            }
            None => decision.wishes(one, &mut wishes),
        }
    }
    if let Some(before) = question.before {
        removal::wishes(question, before, &names, &blocked, &mut wishes);
    }
    merged(wishes)
}

/// Parents before children, else as in the file: a parent that is blocked blocks what is below it.
fn in_order(all: &[Connected]) -> Vec<&Connected> {
    let mut order: Vec<_> = all.iter().collect();
    order.sort_by_key(|one| depth_in_file(one, all));
    order
}

fn depth_in_file(one: &Connected, all: &[Connected]) -> usize {
    let parent = one.parent.as_ref().and_then(|parent| all.iter().find(|other| other.name == *parent));
    parent.map_or(0, |parent| 1 + depth_in_file(parent, all))
}

pub(super) struct Decision<'a> {
    pub(super) wanted: Wanted<'a>,
    pub(super) found: &'a Found,
}

impl Decision<'_> {
    fn wishes(&self, one: &Connected, wishes: &mut Vec<Wish>) {
        for client in &one.clients {
            self.client(one, client, wishes);
        }
        let name = one.name.as_str();
        let wanted = self.wanted.actions(one);
        match self.found.instance(name) {
            None => wishes.push(self.create(one, &wanted)),
            Some(instance) => {
                let map = instance.token.as_deref().and_then(|token| self.found.map_of(token));
                if let Some(map) = map {
                    let add: Actions = wanted.difference(&map.actions).cloned().collect();
                    extend(&instance.name, &map.id, add, "", wishes);
                }
                wishes.extend(self.update(one, instance));
            }
        }
        // Those above that the file does not name let its images through as well.
        let parent = one.parent.as_ref().filter(|parent| self.wanted.get(parent.as_str()).is_none());
        let parent = parent.and_then(|parent| self.found.instance(parent.as_str()));
        for above in self.found.above(parent.map(|parent| parent.id.as_str())) {
            let Some(map) = above.token.as_deref().and_then(|token| self.found.map_of(token)) else { continue };
            let add: Actions = wanted.difference(&map.actions).cloned().collect();
            extend(&above.name, &map.id, add, &format!(", for {name} below it"), wishes);
        }
    }

    /// Returns how many there are above it.
    pub(super) fn depth(&self, one: &Connected) -> usize {
        match one.parent.as_ref() {
            None => 0,
            Some(parent) => match self.wanted.get(parent.as_str()) {
                Some(above) => 1 + self.depth(above),
                None => {
                    1 + self
                        .found
                        .instance(parent.as_str())
                        .map_or(0, |parent| self.found.above(parent.parent.as_deref()).len())
                }
            },
        }
    }

    pub(super) fn token_id(&self, client: &Client) -> String {
        let known = self.found.tokens.iter().find(|token| client.name.is(&token.name));
        known.map_or_else(|| self.found.id_of("tokens", client.name.as_str()), |token| token.id.clone())
    }

    fn client(&self, one: &Connected, client: &Client, wishes: &mut Vec<Wish>) {
        let actions = self.wanted.client_actions(one, client);
        let id = self.token_id(client);
        if let Some(map) = self.found.map_of(&id) {
            let add: Actions = actions.difference(&map.actions).cloned().collect();
            return extend(client.name.as_str(), &map.id, add, "", wishes);
        }
        let reason = format!("{}, a client of {}", actions::told('+', &actions), one.name);
        let token = NewToken {
            token: id,
            map: self.found.id_of("scopeMaps", &client_map(client)),
            description: format!("{OURS}what clients of {} may do", one.name),
            actions,
        };
        wishes.push(Wish { subject: client.name.to_string(), work: Work::Token(token), reason, block: None });
    }
}

/// The Azure CLI calls the scope map of a token so.
pub(super) fn client_map(client: &Client) -> String {
    format!("{}-scope-map", client.name)
}

fn extend(subject: &str, map: &str, add: Actions, why: &str, wishes: &mut Vec<Wish>) {
    if add.is_empty() {
        return;
    }
    let edit = Edit::adding(map, add);
    let reason = format!("{}{why}", edit.told());
    wishes.push(Wish { subject: subject.to_owned(), work: Work::Extend(edit), reason, block: None });
}

#[cfg(test)]
mod tests {
    use crate::connected::staged::{found, meant, there, told, vessel};

    #[test]
    fn what_the_plan_creates_reaches_it_with_the_same_merge() {
        let mut found = found(&["fleet/app"]);
        there(&mut found, "vessel-1", None, &["fleet/app"]);
        let all = vessel("fleet/*");
        assert_eq!(told(&all, Some(&all), &[], &found), [""; 0]);
        assert_eq!(told(&all, Some(&all), &["fleet/new", "other"], &found), ["vessel-1: extend + fleet/new"]);
        assert_eq!(told(&all, Some(&all), &["fleet/app"], &found), [""; 0]);
    }

    #[test]
    fn those_above_gain_what_is_below_and_those_below_lose_what_is_above() {
        let mut found = found(&["fleet/app", "fleet/web"]);
        there(&mut found, "hub-01", None, &["fleet/app", "fleet/web"]);
        for child in ["deck-1", "deck-2"] {
            there(&mut found, child, Some("hub-01"), &["fleet/app", "fleet/web"]);
        }
        there(&mut found, "cabin-1", Some("deck-1"), &["fleet/web"]);
        let hub = |repositories: &str| {
            meant(&format!(
                "- {{ name: hub-01, repositories: [{repositories}], schedule: \"30 * * * *\", window: PT1H }}"
            ))
        };
        // The whole tree is walked: both branches and what is below them.
        assert_eq!(
            told(&hub("fleet/app"), Some(&hub("fleet/*")), &[], &found),
            [
                "hub-01: shrink - fleet/web",
                "deck-1: shrink - fleet/web, with hub-01 above it",
                "deck-2: shrink - fleet/web, with hub-01 above it",
                "cabin-1: shrink - fleet/web, with hub-01 above it",
            ]
        );
        let cabin = meant("- { name: cabin-1, parent: deck-1, repositories: [fleet/*] }");
        assert_eq!(
            told(&cabin, None, &["fleet/new"], &found),
            [
                "cabin-1: extend + fleet/app, fleet/new",
                "deck-1: extend + fleet/new, for cabin-1 below it",
                "hub-01: extend + fleet/new, for cabin-1 below it",
            ]
        );
        // What is below and in the file keeps its parent from losing it.
        let both = |hub: &str| {
            meant(&format!(
                "- {{ name: hub-01, repositories: [{hub}] }}\n- {{ name: deck-1, parent: hub-01, repositories: [fleet/web] }}"
            ))
        };
        assert_eq!(told(&both("fleet/app"), Some(&both("fleet/*")), &[], &found), [""; 0]);
    }

    #[test]
    fn where_the_repositories_are_not_known_names_and_the_plan_still_count() {
        let mut found = found(&[]);
        there(&mut found, "vessel-1", None, &["fleet/app"]);
        found.repositories = Err(crate::problem::Problem::new(crate::problem::Side::Network, "closed"));
        assert_eq!(
            told(&vessel("fleet/*, base/os"), None, &["fleet/new"], &found),
            ["vessel-1: extend + base/os, fleet/new"]
        );
    }
}
