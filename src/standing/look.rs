//! Look: what a task is, in words; the same for one that is meant and one that the service shows (`TasksGet.json`), so that
//! the two can be compared. What is not stated anywhere (its cpu, a build's arguments) has no words and stays as it is.

use super::body::TAG;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// A part of a task that is changed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What it is at all: nothing changes that but making it anew.
    Kind,
    /// `properties.step`
    Step,
    /// `properties.trigger`
    Trigger,
    /// A property of its own, by its name.
    Field(&'static str),
    /// `properties.credentials`
    Credentials,
    /// `identity`
    Identity,
    /// What cannot be read, and is told by a tag.
    Secrets,
}

/// Returns each part with what it is about and how it is. Holds foreign text.
pub(super) fn look(task: &Value) -> Vec<(Part, &'static str, String)> {
    let it = &task["properties"];
    let (step, trigger) = (&it["step"], &it["trigger"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let platform = ["os", "architecture", "variant"].map(|part| text(&it["platform"][part]).to_ascii_lowercase());
    let identities = task["identity"]["userAssignedIdentities"].as_object().into_iter().flatten();
    let identity = match text(&task["identity"]["type"]) {
        none if none.is_empty() => "None".to_owned(),
        kind => kind,
    };
    // The service keeps the case of ids as it likes (section 2.2).
    let identity = std::iter::once(identity).chain(identities.map(|(id, _)| id.to_ascii_lowercase()));
    let hosts = it["credentials"]["customRegistries"].as_object().into_iter().flatten();
    vec![
        (Part::Kind, "kind", text(&step["type"])),
        (Part::Step, "images", list(strings(&step["imageNames"]))),
        (Part::Step, "file", text(&step["dockerFilePath"]) + &text(&step["taskFilePath"])),
        (Part::Step, "context", text(&step["contextPath"])),
        (Part::Step, "command", command(&text(&step["encodedTaskContent"]))),
        (Part::Trigger, "commit trigger", commit(&trigger["sourceTriggers"])),
        (Part::Trigger, "base image trigger", base_image(&trigger["baseImageTrigger"])),
        (Part::Trigger, "schedule", list(enabled(&trigger["timerTriggers"]).map(|it| text(&it["schedule"])))),
        (Part::Field("platform"), "platform", platform.join("/").trim_end_matches('/').to_owned()),
        (Part::Field("timeout"), "timeout", it["timeout"].as_u64().map(|time| format!("{time} s")).unwrap_or_default()),
        (Part::Field("agentPoolName"), "agent pool", text(&it["agentPoolName"])),
        (Part::Field("status"), "status", text(&it["status"])),
        (Part::Credentials, "registries", list(hosts.map(|(host, _)| host.clone()))),
        (Part::Credentials, "own registry", text(&it["credentials"]["sourceRegistry"]["identity"])),
        (Part::Identity, "identity", identity.collect::<Vec<_>>().join(" ")),
        (Part::Secrets, "credentials", text(&task["tags"][TAG])),
    ]
}

fn strings(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap_or_default().to_owned())
}

/// In an order of its own: the service promises none.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<_> = items.collect();
    items.sort_unstable();
    items.join(", ")
}

/// Returns those of a list of triggers that are enabled; one without a word is.
pub(super) fn enabled(triggers: &Value) -> impl Iterator<Item = &Value> {
    triggers.as_array().into_iter().flatten().filter(|trigger| trigger["status"] != "Disabled")
}

fn commit(triggers: &Value) -> String {
    let one = |trigger: &Value| {
        let branch = trigger["sourceRepository"]["branch"].as_str().unwrap_or_default();
        format!("{} on {branch}", list(strings(&trigger["sourceTriggerEvents"])))
    };
    list(enabled(triggers).map(one))
}

fn base_image(trigger: &Value) -> String {
    let is_on = trigger.is_object() && trigger["status"] != "Disabled";
    if is_on { trigger["baseImageTriggerType"].as_str().unwrap_or_default().to_owned() } else { String::new() }
}

fn command(encoded: &str) -> String {
    let steps = STANDARD.decode(encoded).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let words: Vec<_> = steps.split_ascii_whitespace().collect();
    // What stands in every task of one command says nothing to a reader.
    let line = words.join(" ").replace(" disableWorkingDirectoryOverride: true timeout: ", ", at most ");
    line.strip_prefix("version: v1.1.0 steps: - cmd: ").unwrap_or(&line).to_owned()
}
