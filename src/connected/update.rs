//! Update: what of a connected registry's settings differs from what is stated. What is not stated stays.

use super::{Change, Connected, Instance, LogLevel, Wish, Work, decide::Decision, found};

impl Decision<'_> {
    pub(super) fn update(&self, one: &Connected, instance: &Instance) -> Option<Wish> {
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
        let is_other = |level: &LogLevel| instance.log_level.as_deref() != Some(level.as_str());
        let log_level = one.log_level.filter(is_other).map(LogLevel::as_str);
        told.extend(
            log_level
                .map(|level| format!("log-level `{}` -> `{level}`", instance.log_level.as_deref().unwrap_or("none"))),
        );
        let has = |id: &String| instance.clients.iter().any(|client| found::same(client, id));
        let clients: Vec<_> = one.clients.iter().map(|client| self.token_id(client)).filter(|id| !has(id)).collect();
        told.extend(clients.iter().map(|id| format!("client + {}", found::last(id))));
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
}

#[cfg(test)]
mod tests {
    use crate::connected::staged::{ID, found, meant, there, token, told};

    #[test]
    fn settings_that_differ_are_changed_and_those_that_are_not_stated_stay() {
        let mut found = found(&["fleet/app"]);
        there(&mut found, "vessel-1", None, &["fleet/app"]);
        token(&mut found, "other-client", crate::connected::Actions::new());
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
}
