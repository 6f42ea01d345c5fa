//! Creation: a connected registry that is not there yet, as the settings state it.

use super::{
    Actions, Connected, LogLevel, New, NewToken, Span, Wish, Work, actions,
    decide::{Decision, OURS},
};
use serde_json::json;

impl Decision<'_> {
    pub(super) fn create(&self, one: &Connected, wanted: &Actions) -> Wish {
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
                "logLevel": one.log_level.map_or("Information", LogLevel::as_str), "auditLogStatus": "Disabled",
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
}

fn repositories(actions: &Actions) -> Actions {
    actions.iter().filter(|action| actions::repository(action).is_some()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connected::staged::{found, meant, told};
    use crate::connected::{Question, decide};
    use std::collections::BTreeSet;

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
}
