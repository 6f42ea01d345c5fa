//! Decides what is to be done, from the settings, those before them, and what was found. Asks nobody anything.
//!
//! What is added follows from the settings as they are meant to be. What is taken away follows from a removal in the file
//! alone: whatever neither version of it asks for is somebody else's and stays.

use super::{
    Actions, Change, Client, Connected, Edit, Found, Instance, New, NewToken, Span, Wish, Work, actions,
    found::same,
    objection, removal,
    wanted::{Wanted, is_name},
};
use serde_json::json;
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

struct Decision<'a> {
    wanted: Wanted<'a>,
    found: &'a Found,
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

    fn depth(&self, one: &Connected) -> usize {
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

    fn create(&self, one: &Connected, wanted: &Actions) -> Wish {
        let name = one.name.as_str();
        let parent = one.parent.as_ref().map(|parent| match self.found.instance(parent.as_str()) {
            Some(parent) => parent.id.clone(),
            None => self.found.id_of("connectedRegistries", parent.as_str()),
        });
        let token = self.found.id_of("tokens", name);
        let clients: Vec<_> = one.clients.iter().map(|client| self.token_id(client)).collect();
        let text = |span: &Option<Span>| span.as_ref().map(Span::as_str).map(str::to_owned);
        let schedule = one.schedule.as_ref().map_or("* * * * *", |schedule| schedule.as_str());
        // The defaults are those of the Azure CLI.
        let properties = json!({
            "mode": one.mode.as_str(),
            "parent": {
                "id": parent,
                "syncProperties": {
                    "tokenId": token, "schedule": schedule, "syncWindow": text(&one.window),
                    "messageTtl": text(&one.message_ttl).unwrap_or_else(|| "P2D".to_owned()),
                },
            },
            "clientTokenIds": clients,
            "logging": {
                "logLevel": one.log_level.map_or("Information", super::LogLevel::as_str), "auditLogStatus": "Disabled",
            },
            "notificationsList": one.notifications,
            "garbageCollection": {"enabled": true, "schedule": "0 0 * * *"},
        });
        let sync = NewToken {
            map: self.found.id_of("scopeMaps", name),
            token,
            description: format!("{OURS}what {name} synchronises"),
            actions: wanted.clone(),
        };
        let window = one.window.as_ref().map(|window| format!(" for {window}")).unwrap_or_default();
        let reason = format!(
            "{}; {}, synchronises `{schedule}`{window}",
            actions::told('+', &repositories(wanted)),
            one.mode.as_str()
        );
        let id = self.found.id_of("connectedRegistries", name);
        let new = New { id, depth: self.depth(one), sync, properties };
        Wish { subject: name.to_owned(), work: Work::Create(Box::new(new)), reason, block: None }
    }

    fn update(&self, one: &Connected, instance: &Instance) -> Option<Wish> {
        let mut sync = Vec::new();
        let mut told = Vec::new();
        let mut differs = |field: &'static str, name: &str, now: Option<&str>, meant: &str| {
            told.push(format!("{name} `{}` -> `{meant}`", now.unwrap_or("none")));
            sync.push((field, meant.to_owned()));
        };
        if let Some(schedule) = one.schedule.as_ref().filter(|schedule| instance.cron().as_ref() != Some(schedule)) {
            differs("schedule", "schedule", instance.schedule.as_deref(), schedule.as_str());
        }
        for (field, name, now, meant) in [
            ("syncWindow", "window", &instance.window, &one.window),
            ("messageTtl", "message-ttl", &instance.message_ttl, &one.message_ttl),
        ] {
            if let Some(meant) = meant.as_ref().filter(|meant| Instance::span(now.as_deref()).as_ref() != Some(meant)) {
                differs(field, name, now.as_deref(), meant.as_str());
            }
        }
        let is_other = |level: &super::LogLevel| instance.log_level.as_deref() != Some(level.as_str());
        let log_level = one.log_level.filter(is_other).map(super::LogLevel::as_str);
        told.extend(
            log_level
                .map(|level| format!("log-level `{}` -> `{level}`", instance.log_level.as_deref().unwrap_or("none"))),
        );
        let has = |id: &String| instance.clients.iter().any(|client| same(client, id));
        let clients: Vec<_> = one.clients.iter().map(|client| self.token_id(client)).filter(|id| !has(id)).collect();
        told.extend(clients.iter().map(|id| format!("client + {}", super::found::last(id))));
        let is_new = |text: &&String| !instance.notifications.contains(text);
        let notifications: Vec<_> = one.notifications.iter().filter(is_new).cloned().collect();
        told.extend(notifications.iter().map(|text| format!("notification + {text}")));
        if told.is_empty() {
            return None;
        }
        let change =
            Change { id: instance.id.clone(), depth: self.depth(one), sync, log_level, clients, notifications };
        let (subject, work) = (instance.name.clone(), Work::Update(Box::new(change)));
        Some(Wish { subject, work, reason: told.join(", "), block: None })
    }

    fn token_id(&self, client: &Client) -> String {
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

fn repositories(actions: &Actions) -> Actions {
    actions.iter().filter(|action| actions::repository(action).is_some()).cloned().collect()
}

fn extend(subject: &str, map: &str, add: Actions, why: &str, wishes: &mut Vec<Wish>) {
    if add.is_empty() {
        return;
    }
    let edit = Edit::adding(map, add);
    let reason = format!("{}{why}", edit.told());
    wishes.push(Wish { subject: subject.to_owned(), work: Work::Extend(edit), reason, block: None });
}

/// Puts changes of one scope map together: what is written at the same time is written once, and limits are about the sum.
fn merged(wishes: Vec<Wish>) -> Vec<Wish> {
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
