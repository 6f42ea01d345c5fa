//! Objection: why a connected registry cannot be made what it is meant to be. One is enough: nothing of it is written then.

use super::{
    Client, Connected, Found, Name, Question,
    actions::{self, Actions, MOST_ACTIONS},
    decide::client_map,
    found::{last, same},
    wanted::{Wanted, is_name, matching},
};
use crate::problem::{Problem, Side};

/// The most connected registries of a registry, and the most clients of one of them (limits of the service).
const MOST: usize = 50;

/// Returns what stands in the way.
pub(super) fn of(one: &Connected, question: &Question<'_>, wanted: &Wanted<'_>) -> Option<Problem> {
    registry(question.found)
        .or_else(|| count(one, question))
        .or_else(|| patterns(one, question.found, wanted))
        .or_else(|| shape(one, question.found, wanted))
        .or_else(|| limits(one, question.found, wanted))
        .or_else(|| one.clients.iter().find_map(|client| token(one, client, question, wanted)))
}

/// What every connected registry needs of the registry in the cloud.
fn registry(found: &Found) -> Option<Problem> {
    let name = &found.name;
    if !found.sku.eq_ignore_ascii_case("Premium") {
        let what = format!("connected registries need the SKU Premium, and `{name}` is {}", found.sku);
        return Some(Problem::new(Side::Target, what).hint(format!("`az acr update --name {name} --sku Premium`")));
    }
    if !found.has_data_endpoint {
        let what = format!("connected registries synchronise with the data endpoints of `{name}`, and they are off");
        return Some(Problem::new(Side::Target, what).hint(format!(
            "`az acr update --name {name} --data-endpoint-enabled true`, and let clients behind firewalls reach \
             `{name}.REGION.data.azurecr.io`: layers come from there then."
        )));
    }
    None
}

fn count(one: &Connected, question: &Question<'_>) -> Option<Problem> {
    let found = question.found;
    if found.instance(one.name.as_str()).is_none() {
        let new = question.meant.iter().filter(|other| found.instance(other.name.as_str()).is_none()).count();
        let all = found.instances.len() + new;
        if all > MOST {
            return Some(Problem::new(
                Side::Settings,
                format!("there would be {all} connected registries, and a registry has {MOST} at most"),
            ));
        }
    }
    (one.clients.len() > MOST).then(|| {
        Problem::new(
            Side::Settings,
            format!("it has {} clients, and a connected registry has {MOST} at most", one.clients.len()),
        )
    })
}

/// Every pattern means something: a name that is misspelt would be missed only at sea.
fn patterns(one: &Connected, found: &Found, wanted: &Wanted<'_>) -> Option<Problem> {
    let names = wanted.names.len();
    let is_empty = |glob: &&crate::reference::Glob| matching(wanted.names, std::slice::from_ref(*glob)).is_empty();
    if let Some(glob) = one.repositories.iter().find(|glob| found.repositories.is_ok() && is_empty(glob)) {
        let what = if is_name(glob) { "is no repository" } else { "means none of the repositories" };
        let what = format!("`{glob}` {what}: the registry and the plan have {names} together");
        return Some(
            Problem::new(Side::Settings, what)
                .hint("Mend the pattern, or add a line for such a repository to the list."),
        );
    }
    let own = wanted.own(one);
    one.clients.iter().find_map(|client| {
        let glob = client
            .repositories
            .iter()
            .find(|glob| found.repositories.is_ok() && !own.iter().any(|name| glob.matches(name)))?;
        let what =
            format!("`{glob}` of the client `{}` means none of the repositories that `{}` has", client.name, one.name);
        Some(
            Problem::new(Side::Settings, what)
                .hint("Add it to the connected registry's `repositories`, or mend the pattern."),
        )
    })
}

/// What cannot be changed once it is there, and what those around it allow.
fn shape(one: &Connected, found: &Found, wanted: &Wanted<'_>) -> Option<Problem> {
    let again = "Take the entry out, merge, and add it again under another name; or state what is there.";
    if let Some(parent) = &one.parent {
        let above = found.instance(parent.as_str());
        if above.is_none() && wanted.get(parent.as_str()).is_none() {
            let what = format!("its parent `{parent}` is neither in acr-sync.yaml nor at the registry");
            return Some(Problem::new(Side::Settings, what).hint("Check the name, or add the parent."));
        }
        let is_narrower = |mode: &str| !is_mode(mode, super::Mode::ReadWrite) && one.mode == super::Mode::ReadWrite;
        if above.is_some_and(|above| is_narrower(&above.mode)) {
            return Some(Problem::new(Side::Settings, format!("it is ReadWrite, and `{parent}` above it is ReadOnly")));
        }
        if above.is_some_and(|above| above.token.is_none()) {
            let what = format!("`{parent}` signs in by a managed identity, and such ones have nothing below them");
            return Some(Problem::new(Side::Settings, what));
        }
    }
    let Some(instance) = found.instance(one.name.as_str()) else { return leftover(one, found) };
    if !is_mode(&instance.mode, one.mode) {
        let what = format!("its mode is {}, and cannot be made {}", instance.mode, one.mode.as_str());
        return Some(Problem::new(Side::Settings, what).hint(again));
    }
    let (is, meant) = (instance.parent.as_deref().map(last), one.parent.as_ref().map(Name::as_str));
    if !is.unwrap_or_default().eq_ignore_ascii_case(meant.unwrap_or_default()) {
        let name = |name: Option<&str>| name.map_or("the registry in the cloud".to_owned(), |name| format!("`{name}`"));
        let what = format!("its parent is {}, and cannot be made {}", name(is), name(meant));
        return Some(Problem::new(Side::Settings, what).hint(again));
    }
    match instance.token.as_deref() {
        None => {
            let what = "it signs in by a managed identity: what it has a copy of is in its role assignments";
            Some(Problem::new(Side::Settings, what).hint("Take it out of acr-sync.yaml."))
        }
        Some(token) if found.map_of(token).is_none() => {
            let what = format!("its token `{}` or the scope map behind it is not there", last(token));
            Some(Problem::new(Side::Target, what).hint("Make them again, or delete the connected registry."))
        }
        Some(token) => shared(token, found),
    }
}

/// The service's words, and the older ones.
pub(super) fn is_mode(text: &str, mode: super::Mode) -> bool {
    let words = match mode {
        super::Mode::ReadOnly => ["readonly", "mirror"],
        super::Mode::ReadWrite => ["readwrite", "registry"],
    };
    words.contains(&text.to_ascii_lowercase().as_str())
}

/// A scope map that other tokens use as well is theirs too: what it permits is not ours to change.
fn shared(token: &str, found: &Found) -> Option<Problem> {
    let map = found.map_of(token)?;
    let other = found.tokens.iter().find(|other| same(&other.map, &map.id) && !same(&other.id, token));
    let why = match other {
        _ if map.is_system => "is one of the service's own".to_owned(),
        Some(other) => format!("is that of the token `{}` as well", other.name),
        None => return None,
    };
    let what = format!("the scope map `{}` of the token `{}` {why}", map.name, last(token));
    Some(Problem::new(Side::Target, what).hint(format!(
        "Give the token one of its own: `az acr token update --registry {} --name {} --scope-map NAME`",
        found.name,
        last(token)
    )))
}

/// What an earlier connected registry of the name left behind is taken up; what else has the name is somebody's.
fn leftover(one: &Connected, found: &Found) -> Option<Problem> {
    let name = one.name.as_str();
    let token = found.tokens.iter().find(|token| one.name.is(&token.name));
    let map = found.maps.iter().find(|map| one.name.is(&map.name));
    let foreign = match (token, map) {
        (Some(token), _) if map.is_none_or(|map| !same(&token.map, &map.id)) => "token",
        (_, Some(map)) if !map.actions.iter().all(|action| is_of_sync(action, name)) => "scope map",
        (_, Some(map)) if found.tokens.iter().any(|other| same(&other.map, &map.id) && !one.name.is(&other.name)) => {
            "scope map"
        }
        _ => return None,
    };
    let what = format!("a {foreign} `{name}` is there already and is somebody's: it would be overwritten");
    Some(Problem::new(Side::Target, what).hint("Choose another name, or delete it if nobody needs it."))
}

fn is_of_sync(action: &str, name: &str) -> bool {
    let is_own = |rest: &str| rest.split('/').next().is_some_and(|owner| owner.eq_ignore_ascii_case(name));
    action.starts_with("repositories/") || action.strip_prefix("gateway/").is_some_and(is_own)
}

fn limits(one: &Connected, found: &Found, wanted: &Wanted<'_>) -> Option<Problem> {
    let mut all = wanted.actions(one);
    let instance = found.instance(one.name.as_str());
    if let Some(map) = instance.and_then(|it| it.token.as_deref()).and_then(|token| found.map_of(token)) {
        all.extend(map.actions.iter().cloned());
    }
    if let Some(problem) = too_many(one.name.as_str(), &all) {
        return Some(problem);
    }
    let added = wanted.actions(one);
    let parent = one.parent.as_ref().and_then(|parent| found.instance(parent.as_str()));
    found.above(parent.map(|parent| parent.id.as_str())).into_iter().find_map(|above| {
        let map = found.map_of(above.token.as_deref()?)?;
        too_many(&above.name, &map.actions.union(&added).cloned().collect())
    })
}

/// Returns what is wrong with so many permissions.
fn too_many(what: &str, all: &Actions) -> Option<Problem> {
    let (number, repositories) = (all.len(), actions::repositories(all).len());
    if number <= MOST_ACTIONS && repositories <= MOST_ACTIONS {
        return None;
    }
    let what = format!(
        "the scope map of `{what}` would have {number} permissions for {repositories} repositories, and a scope map has \
         {MOST_ACTIONS} of each at most"
    );
    let hint = "Narrow its patterns, or divide them among several connected registries.";
    Some(Problem::new(Side::Settings, what).hint(hint))
}

fn token(one: &Connected, client: &Client, question: &Question<'_>, wanted: &Wanted<'_>) -> Option<Problem> {
    let found = question.found;
    let Some(token) = found.tokens.iter().find(|token| client.name.is(&token.name)) else {
        let name = client_map(client);
        let map = found.maps.iter().find(|map| map.name.eq_ignore_ascii_case(&name))?;
        if map.actions == wanted.client_actions(one, client) {
            return None;
        }
        let what = format!("the scope map `{name}` is there already, without the token `{}`", client.name);
        return Some(Problem::new(Side::Target, what).hint("Delete it if nobody needs it, or choose another name."));
    };
    let holder = found.instances.iter().find(|holder| {
        let holds = holder.clients.iter().any(|id| same(id, &token.id));
        // Where the file takes it from there in the same merge, it is free.
        let gives = question.before.is_some_and(|before| {
            let had =
                before.iter().any(|it| it.name.is(&holder.name) && it.clients.iter().any(|it| it.name == client.name));
            had && question
                .meant
                .iter()
                .all(|it| !it.name.is(&holder.name) || it.clients.iter().all(|it| it.name != client.name))
        });
        holds && !one.name.is(&holder.name) && !gives
    });
    let is_sync = |it: &&super::Instance| it.token.as_deref().is_some_and(|id| same(id, &token.id));
    let why = match (holder, found.instances.iter().find(is_sync)) {
        (Some(holder), _) => format!("is a client of `{}` already", holder.name),
        (None, Some(holder)) => format!("is what `{}` synchronises with", holder.name),
        (None, None) => {
            let add = wanted.client_actions(one, client);
            let map = found.map_of(&token.id);
            let Some(map) = map else {
                let what = format!("the scope map of the token `{}` is not there", token.name);
                return Some(Problem::new(Side::Target, what).hint("Delete the token: it is made anew then."));
            };
            if add.is_subset(&map.actions) {
                return None;
            }
            return shared(&token.id, found)
                .or_else(|| too_many(client.name.as_str(), &map.actions.union(&add).cloned().collect()));
        }
    };
    let what = format!("the token `{}` {why}", token.name);
    Some(Problem::new(Side::Settings, what).hint("Give every connected registry tokens of its own."))
}

pub(super) fn parent_blocked(parent: &Name) -> Problem {
    Problem::new(Side::Settings, format!("`{parent}` above it is blocked")).hint("Mend that first.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connected::staged::{ID, found, meant, there, token, told, vessel};
    use crate::connected::{ScopeMap, Token};

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
}
