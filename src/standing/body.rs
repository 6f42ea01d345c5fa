//! Body: a task as the service takes it, with the places of its secrets empty (official sample `TasksCreate.json`).

use super::{Access, Site, Standing, setting::Job};
use crate::{
    inputs::{Secrets, Variable},
    reference::Digest,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

/// The tag that tells which credentials a task was given: the service tells nobody.
pub(super) const TAG: &str = "acr-sync-credentials";

/// A place in a body that a secret belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Where, a JSON pointer.
    pub place: String,
    /// The variable that holds it.
    pub variable: Variable,
    /// The setting that names the variable.
    pub setting: String,
}

/// Returns the task; triggers and names are those that the Azure CLI gives.
pub(super) fn body(task: &Standing, site: &Site, fingerprint: &str) -> Value {
    let mut properties = json!({
        "status": "Enabled", "step": step(task), "trigger": trigger(task), "timeout": task.timeout.as_secs(),
        "platform": {"os": task.platform.os, "architecture": task.platform.architecture},
        "agentConfiguration": {"cpu": 2}, "credentials": credentials(task, site),
    });
    if let Some(variant) = &task.platform.variant {
        properties["platform"]["variant"] = json!(variant);
    }
    if let Some(pool) = &task.agent_pool {
        properties["agentPoolName"] = json!(pool);
    }
    let identity = match task.identity.as_deref() {
        None => json!({"type": "None"}),
        Some("system") => json!({"type": "SystemAssigned"}),
        Some(id) => json!({"type": "UserAssigned", "userAssignedIdentities": {id: {}}}),
    };
    let tags = if fingerprint.is_empty() { json!({}) } else { json!({TAG: fingerprint}) };
    json!({"location": site.location, "tags": tags, "identity": identity, "properties": properties})
}

fn step(task: &Standing) -> Value {
    let (mut step, context) = match &task.job {
        Job::Build { images, context, file } => (
            json!({"type": "Docker", "imageNames": images, "dockerFilePath": file, "isPushEnabled": true, "noCache": false}),
            Some(context),
        ),
        Job::File { context, file } => (json!({"type": "FileTask", "taskFilePath": file}), Some(context)),
        Job::Command(cmd) => {
            let steps = steps(cmd, task.timeout.as_secs());
            (json!({"type": "EncodedTask", "encodedTaskContent": STANDARD.encode(steps)}), None)
        }
    };
    if let Some(context) = context {
        step["contextPath"] = json!(context.to_string());
    }
    step
}

/// The steps, to the letter as the Azure CLI writes them where YAML reads that as it was meant.
fn steps(cmd: &str, timeout: u64) -> String {
    let is_plain = cmd.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$')
        && !cmd.contains(": ")
        && !cmd.contains(" #")
        && !cmd.ends_with(':');
    let cmd = if is_plain { cmd.to_owned() } else { json!(cmd).to_string() };
    format!(
        "version: v1.1.0\nsteps: \n  - cmd: {cmd}\n    disableWorkingDirectoryOverride: true\n    timeout: {timeout}\n"
    )
}

fn trigger(task: &Standing) -> Value {
    let on = &task.triggers;
    let timers = on.schedule.0.iter().enumerate();
    let timers: Vec<_> = timers
        .map(|(at, cron)| json!({"name": format!("t{}", at + 1), "status": "Enabled", "schedule": cron.as_str()}))
        .collect();
    let mut trigger = json!({"timerTriggers": timers});
    if let (true, Job::Build { context, .. } | Job::File { context, .. }) = (on.commit, &task.job) {
        trigger["sourceTriggers"] = json!([{
            "name": "defaultSourceTriggerName", "status": "Enabled", "sourceTriggerEvents": ["commit"],
            "sourceRepository": {
                "sourceControlType": context.kind(), "repositoryUrl": context.to_string(), "branch": context.branch(),
                "sourceControlAuthProperties": {"tokenType": "PAT", "scope": "repo"},
            },
        }]);
    }
    if on.base_image {
        let name = "defaultBaseimageTriggerName";
        trigger["baseImageTrigger"] = json!({"name": name, "status": "Enabled", "baseImageTriggerType": "Runtime"});
    }
    trigger
}

fn credentials(task: &Standing, site: &Site) -> Value {
    let one = |(host, access): (&String, &Access)| {
        let it = match access {
            Access::Password { username, .. } => {
                json!({"userName": {"type": "Opaque", "value": username}, "password": {"type": "Opaque"}})
            }
            Access::Identity { identity } => json!({"identity": service_word(identity)}),
        };
        (host.clone(), it)
    };
    let mut credentials = json!({"customRegistries": task.credentials.iter().map(one).collect::<Map<_, _>>()});
    if site.is_abac && task.identity.is_some() {
        credentials["sourceRegistry"] = json!({"identity": "[system]"});
    }
    credentials
}

fn service_word(identity: &str) -> &str {
    if identity == "system" { "[system]" } else { identity }
}

/// Returns the places of the secrets in [`body`].
pub(super) fn slots(task: &Standing) -> Vec<Slot> {
    let slot =
        |place: String, variable: &Variable, setting: String| Slot { place, variable: variable.clone(), setting };
    let mut slots = Vec::new();
    if let Some(token) = &task.git_token {
        slots.push(slot("/properties/step/contextAccessToken".to_owned(), token, "git-token".to_owned()));
        if task.triggers.commit {
            let place = "/properties/trigger/sourceTriggers/0/sourceRepository/sourceControlAuthProperties/token";
            slots.push(slot(place.to_owned(), token, "git-token".to_owned()));
        }
    }
    for (host, access) in &task.credentials {
        if let Access::Password { password, .. } = access {
            let place = format!("/properties/credentials/customRegistries/{host}/password/value");
            slots.push(slot(place, password, format!("credentials.{host}")));
        }
    }
    slots
}

/// Returns four digits of a digest over all credentials of a task, by which another one is noticed but for one in 65,536:
/// enough for that, and too little to find a token by. Empty for a task without any.
///
/// # Errors
/// The first place whose variable is not set.
pub fn fingerprint(task: &Standing, site: &Site, secrets: &Secrets) -> Result<String, Slot> {
    let mut text = String::new();
    for slot in slots(task) {
        let Some(value) = secrets.get(&slot.variable) else { return Err(slot) };
        text += &format!("{}\n{}\n", slot.place, value.expose_secret());
    }
    for (host, access) in &task.credentials {
        let (Access::Password { username: name, .. } | Access::Identity { identity: name }) = access;
        text += &format!("{host}\n{name}\n");
    }
    if text.is_empty() {
        return Ok(text);
    }
    let digest = Digest::of(format!("{}\n{}\n{text}", site.registry, task.name).as_bytes()).to_string();
    Ok(digest.chars().skip("sha256:".len()).take(4).collect())
}
