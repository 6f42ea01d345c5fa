//! Decides what is to be done, from the settings, those before them, and what was found. Asks nobody anything.
//!
//! What is added follows from the settings as they are meant to be. What is taken away follows from a removal in the file
//! alone: whatever neither version of it asks for is somebody else's and stays.

use super::{
    Actions, Change, Client, Connected, Edit, Found, Instance, New, NewToken, Span, Wish, Work, actions,
    found::same,
    merging::merged,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connected::{ScopeMap, Token};

    const ID: &str = "/subscriptions/1/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/contosoacr";

    fn found(repositories: &[&str]) -> Found {
        Found {
            registry: ID.to_owned(),
            name: "contosoacr".to_owned(),
            sku: "Premium".to_owned(),
            has_data_endpoint: true,
            instances: Vec::new(),
            tokens: Vec::new(),
            maps: Vec::new(),
            repositories: Ok(repositories.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    /// Adds a token with a scope map of its own name.
    fn token(found: &mut Found, name: &str, actions: Actions) -> String {
        let (id, map) = (format!("{ID}/tokens/{name}"), format!("{ID}/scopeMaps/{name}"));
        found.tokens.push(Token {
            id: id.clone(),
            name: name.to_owned(),
            map: map.clone(),
            is_enabled: true,
            passwords: vec![],
        });
        let description = format!("{OURS}for a test");
        found.maps.push(ScopeMap { id: map, name: name.to_owned(), description, is_system: false, actions });
        id
    }

    /// Adds a connected registry that has these repositories, read only.
    fn there(found: &mut Found, name: &str, parent: Option<&str>, repositories: &[&str]) {
        let reads = repositories.iter().flat_map(|name| actions::of_mode(crate::connected::Mode::ReadOnly, name));
        let token = token(found, name, actions::of_gateway(name).chain(reads).collect());
        let mut above = parent.map(str::to_owned);
        while let Some(name_above) = above {
            let map = found.maps.iter_mut().find(|map| map.name == name_above).unwrap();
            map.actions.extend(actions::of_gateway(name));
            let instance = found.instance(&name_above).unwrap();
            above = instance.parent.as_deref().map(|id| crate::connected::found::last(id).to_owned());
        }
        found.instances.push(Instance {
            id: format!("{ID}/connectedRegistries/{name}"),
            name: name.to_owned(),
            mode: "ReadOnly".to_owned(),
            parent: parent.map(|parent| format!("{ID}/connectedRegistries/{parent}")),
            token: Some(token),
            schedule: Some("30 * * * *".to_owned()),
            window: Some("PT1H".to_owned()),
            message_ttl: Some("P2D".to_owned()),
            log_level: Some("Information".to_owned()),
            ..Instance::default()
        });
    }

    fn meant(text: &str) -> Vec<Connected> {
        serde_yaml::from_str(text).unwrap()
    }

    fn vessel(repositories: &str) -> Vec<Connected> {
        meant(&format!(
            "- {{ name: vessel-1, repositories: [{repositories}], schedule: \"30 * * * *\", window: PT1H }}"
        ))
    }

    /// Returns the wishes as `subject: word reason`, or the block.
    fn told(meant: &[Connected], before: Option<&[Connected]>, planned: &[&str], found: &Found) -> Vec<String> {
        let planned = planned.iter().map(|name| (*name).to_owned()).collect();
        let wishes = decide(&Question { meant, before, planned: &planned, found });
        let told = |wish: &Wish| match &wish.block {
            Some(problem) => format!("{}: {} blocked: {}", wish.subject, wish.work.words().0, problem.what),
            None => format!("{}: {} {}", wish.subject, wish.work.words().0, wish.reason),
        };
        wishes.iter().map(told).collect()
    }

    #[test]
    fn a_new_one_is_created_with_what_its_patterns_mean() {
        let found = found(&["fleet/app", "fleet/web", "other"]);
        let all = meant(
            "- { name: vessel-1, repositories: [fleet/*], schedule: \"30 * * * *\", window: PT1H,
                 clients: [vessel-1-pull, { name: vessel-1-app, repositories: [fleet/app] }] }",
        );
        assert_eq!(
            told(&all, None, &[], &found),
            [
                "vessel-1-pull: create token + fleet/app, fleet/web, a client of vessel-1",
                "vessel-1-app: create token + fleet/app, a client of vessel-1",
                "vessel-1: create + fleet/app, fleet/web; ReadOnly, synchronises `30 * * * *` for PT1H",
            ]
        );
    }

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
    fn parents_are_created_before_children_and_permit_their_messages() {
        let found = found(&["fleet/app"]);
        let all = meant(
            "- { name: deck-1, parent: hub-01, repositories: [fleet/app] }\n- { name: hub-01, mode: ReadWrite, repositories: [fleet/app] }",
        );
        let planned = BTreeSet::new();
        let wishes = decide(&Question { meant: &all, before: None, planned: &planned, found: &found });
        assert_eq!(wishes.iter().map(|wish| wish.work.place()).collect::<Vec<_>>(), [1, 2]);
        let Work::Create(hub) = &wishes[0].work else { unreachable!("{wishes:?}") };
        assert!(hub.sync.actions.contains("gateway/deck-1/config/read"), "{:?}", hub.sync.actions);
        assert_eq!(hub.sync.actions.len(), 5 + 4 + 4);
    }

    #[test]
    fn settings_that_differ_are_changed_and_those_that_are_not_stated_stay() {
        let mut found = found(&["fleet/app"]);
        there(&mut found, "vessel-1", None, &["fleet/app"]);
        token(&mut found, "other-client", Actions::new());
        found.instances[0].clients = vec![format!("{ID}/tokens/other-client")];
        found.instances[0].notifications = vec!["theirs:*:*".to_owned()];
        assert_eq!(told(&meant("- { name: vessel-1, repositories: [fleet/app] }"), None, &[], &found), [""; 0]);
        let all = meant(
            "- { name: Vessel-1, repositories: [fleet/app], schedule: \"0 * * * *\", window: PT60M, message-ttl: P3D, log-level: Debug, notifications: [\"fleet/app:*:push\"] }",
        );
        assert_eq!(
            told(&all, None, &[], &found),
            [
                "vessel-1: update schedule `30 * * * *` -> `0 * * * *`, message-ttl `P2D` -> `P3D`, log-level `Information` -> \
              `Debug`, notification + fleet/app:*:push"
            ]
        );
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
    fn what_stands_in_the_way_is_said_before_anything_is_written() {
        let all = |text: &str| meant(&format!("- {{ name: vessel-1, {text} }}"));
        let fleet = |clients: &str| all(&format!("repositories: [fleet/app], clients: [{clients}]"));
        let base = || {
            let mut found = found(&["fleet/app"]);
            there(&mut found, "vessel-2", None, &["fleet/app"]);
            found
        };
        let with = |change: &dyn Fn(&mut Found)| {
            let mut found = base();
            change(&mut found);
            found
        };
        let existing = |found: &mut Found| there(found, "vessel-1", None, &["fleet/app"]);
        let taken = |found: &mut Found| {
            let id = token(found, "the-client", Actions::new());
            found.instances[0].clients = vec![id];
        };
        let shared = |found: &mut Found| {
            token(found, "the-client", Actions::new());
            token(found, "their-token", Actions::new());
            let map = found.tokens[1].map.clone();
            found.tokens[2].map = map;
        };
        for (case, found, meant, expected) in [
            (
                "Standard",
                with(&|it| it.sku = "Standard".to_owned()),
                fleet(""),
                "need the SKU Premium, and `contosoacr` is Standard",
            ),
            (
                "data endpoints",
                with(&|it| it.has_data_endpoint = false),
                fleet(""),
                "data endpoints of `contosoacr`, and they are off",
            ),
            ("no match", base(), all("repositories: [fleet/*, flet/*]"), "`flet/*` means none of the repositories"),
            ("no such name", base(), all("repositories: [fleet/apps]"), "`fleet/apps` is no repository"),
            (
                "client's pattern",
                base(),
                fleet("{ name: client-1, repositories: [web] }"),
                "`web` of the client `client-1` means none",
            ),
            (
                "no parent",
                base(),
                all("parent: hub-99, repositories: [fleet/app]"),
                "its parent `hub-99` is neither in",
            ),
            (
                "narrow parent",
                base(),
                all("parent: vessel-2, mode: ReadWrite, repositories: [fleet/app]"),
                "`vessel-2` above it is ReadOnly",
            ),
            (
                "mode",
                with(&existing),
                all("mode: ReadWrite, repositories: [fleet/app]"),
                "its mode is ReadOnly, and cannot be made ReadWrite",
            ),
            (
                "parent",
                with(&existing),
                all("parent: vessel-2, repositories: [fleet/app]"),
                "its parent is the registry in the cloud, and cannot be made `vessel-2`",
            ),
            (
                "identity",
                with(&|it| {
                    existing(it);
                    it.instances[1].token = None;
                }),
                fleet(""),
                "signs in by a managed identity",
            ),
            (
                "client of another",
                with(&taken),
                fleet("the-client"),
                "the token `the-client` is a client of `vessel-2` already",
            ),
            ("sync token", base(), fleet("vessel-2"), "the token `vessel-2` is what `vessel-2` synchronises with"),
            ("shared map", with(&shared), fleet("the-client"), "is that of the token `their-token` as well"),
            (
                "foreign token",
                with(&|it| {
                    it.tokens.push(Token {
                        id: format!("{ID}/tokens/vessel-1"),
                        name: "vessel-1".to_owned(),
                        map: format!("{ID}/scopeMaps/theirs"),
                        ..Token::default()
                    });
                }),
                fleet(""),
                "a token `vessel-1` is there already",
            ),
            (
                "foreign map",
                with(&|it| it.maps.push(ScopeMap { name: "client-1-scope-map".to_owned(), ..ScopeMap::default() })),
                fleet("client-1"),
                "the scope map `client-1-scope-map` is there already",
            ),
        ] {
            let told = told(&meant, None, &[], &found);
            assert_eq!(told.len(), 1, "{case}: {told:?}");
            assert!(
                told[0].starts_with("vessel-1: synchronise blocked") && told[0].contains(expected),
                "{case}: {told:?}"
            );
        }
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

    #[test]
    fn the_services_limits_hold_before_anything_is_written() {
        let names: Vec<_> = (0..249).map(|n| format!("fleet/app{n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let just = found(&names[..248]);
        assert!(told(&vessel("fleet/*"), None, &[], &just)[0].contains("create"));
        let told_of = told(&vessel("fleet/*"), None, &[names[248]], &just);
        assert!(told_of[0].contains("would have 502 permissions for 249 repositories"), "{told_of:?}");
        let clients: Vec<_> = (0..51).map(|n| format!("client-{n}")).collect();
        let all = meant(&format!("- {{ name: vessel-1, repositories: [a], clients: [{}] }}", clients.join(", ")));
        assert!(told(&all, None, &[], &found(&["a"]))[0].contains("it has 51 clients"));
        let mut full = found(&["a"]);
        for n in 0..50 {
            there(&mut full, &format!("other-{n}"), None, &[]);
        }
        assert!(told(&vessel("a"), None, &[], &full)[0].contains("there would be 51 connected registries"));
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
