//! Decides what becomes of a task. Asks nobody: given the same facts it decides the same.

use super::{
    Found, Slot, Standing, Work,
    body::{self, TAG, fingerprint},
    look::{Part, enabled, look},
};
use crate::{
    inputs::{Secrets, Variable},
    problem::{Problem, Side},
};
use serde_json::{Map, Value, json};

/// A task that is to be made or changed, as the plan shows it.
pub type Wish = crate::problem::Wish<Work>;

/// Compares a task as it is stated with what is there; nothing where they agree.
pub fn decide(task: &Standing, found: &Found, secrets: &Secrets) -> Option<Wish> {
    let site = &found.site;
    let print = fingerprint(task, site, secrets);
    let meant = body::body(task, site, print.as_deref().unwrap_or_default());
    let mut slots = body::slots(task);
    let (body, reason, is_new) = match &found.task {
        None => (as_new(meant.clone()), told(&meant), true),
        Some(there) => {
            let parts: Vec<_> = look(&meant)
                .into_iter()
                .zip(look(there))
                // What a variable that is not set would be is not known.
                .filter(|((part, _, one), (_, _, other))| one != other && !(*part == Part::Secrets && print.is_err()))
                .collect();
            if parts.is_empty() {
                return None;
            }
            let differs = |part| parts.iter().any(|((one, _, _), _)| *one == part);
            let reasons = parts.iter().map(|((part, what, one), (_, _, other))| match part {
                Part::Secrets => "the credentials are others".to_owned(),
                _ => format!("{what} was {}, stated {}", word(other), word(one)),
            });
            let reason = reasons.collect::<Vec<_>>().join("; ");
            // A credential or a pool that is no longer stated is taken away by nothing else.
            let is_bare = differs(Part::Secrets) && meant["tags"][TAG].is_null()
                || differs(Part::Field("agentPoolName")) && task.agent_pool.is_none();
            if differs(Part::Kind) || is_bare {
                (as_new(with_tags(meant, there)), reason, false)
            } else {
                let parts = parts.iter().map(|((part, _, _), _)| *part).collect::<Vec<_>>();
                let patch = patch(&with_tags(meant, there), there, &parts);
                slots.retain(|slot| parent(&patch, slot).is_some());
                (patch, reason, false)
            }
        }
    };
    let is_whole = body["location"].is_string();
    let block = obstacle(task, found, slots.iter().find(|slot| secrets.get(&slot.variable).is_none()));
    let id = format!("{}/tasks/{}", site.registry, task.name);
    let work = Work { id, version: site.version, body, slots, is_new, is_whole };
    Some(Wish { subject: task.name.clone(), work, reason, block })
}

fn obstacle(task: &Standing, found: &Found, missing: Option<&Slot>) -> Option<Problem> {
    if let Some(slot) = missing {
        let (name, setting) = (slot.variable.name(), &slot.setting);
        let what = format!("the variable `{name}`, which `{setting}` of the task `{}` names, is not set", task.name);
        return Some(Problem::new(Side::Settings, what).hint(Variable::HINT));
    }
    if let Some(pool) = task.agent_pool.as_ref().filter(|_| !found.has_pool) {
        let what = format!("the registry has no agent pool `{pool}`");
        let hint = format!("`az acr agentpool create --name {pool}`, which needs the SKU Premium; or name another.");
        return Some(Problem::new(Side::Settings, what).hint(hint));
    }
    if found.site.is_abac && task.identity.as_deref() != Some("system") {
        let what = "the registry is in ABAC mode, and lets a task in by its own identity alone";
        let hint =
            "State `identity: system`, and grant that *Container Registry Repository Writer* once the task is there.";
        return Some(Problem::new(Side::Settings, what).hint(hint));
    }
    None
}

fn word(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// Returns all that a new task is.
fn told(meant: &Value) -> String {
    let parts = look(meant).into_iter().filter(|(part, _, text)| {
        !matches!(part, Part::Kind | Part::Secrets | Part::Field("status")) && !text.is_empty() && text != "None"
    });
    parts.map(|(_, what, text)| format!("{what} {text}")).collect::<Vec<_>>().join("; ")
}

/// Returns it as it is made: nobody's identity is none.
fn as_new(mut body: Value) -> Value {
    if body["identity"]["type"] == "None"
        && let Some(body) = body.as_object_mut()
    {
        body.remove("identity");
    }
    body
}

/// Tags are replaced as a whole: those of others stay.
fn with_tags(mut body: Value, there: &Value) -> Value {
    let others = there["tags"].as_object().into_iter().flatten().filter(|(name, _)| name.as_str() != TAG);
    let ours = body["tags"].as_object().into_iter().flatten();
    let tags: Map<_, _> = others.chain(ours).map(|(name, value)| (name.clone(), value.clone())).collect();
    body["tags"] = Value::Object(tags);
    body
}

/// Returns the request that changes these parts alone.
fn patch(meant: &Value, there: &Value, parts: &[Part]) -> Value {
    let (mut patch, whole, now) = (json!({"properties": {}}), &meant["properties"], &there["properties"]);
    for part in parts {
        match part {
            Part::Kind => {}
            Part::Step => patch["properties"]["step"] = whole["step"].clone(),
            Part::Trigger => patch["properties"]["trigger"] = triggers(&whole["trigger"], &now["trigger"]),
            Part::Field(name) => {
                patch["properties"][name] = whole[name].clone();
            }
            Part::Credentials => patch["properties"]["credentials"] = logins(whole, now),
            Part::Identity => patch["identity"] = meant["identity"].clone(),
            Part::Secrets => {
                patch["tags"] = meant["tags"].clone();
                patch["properties"]["step"] = whole["step"].clone();
                patch["properties"]["credentials"] = logins(whole, now);
                if whole["trigger"]["sourceTriggers"].is_array() {
                    patch["properties"]["trigger"] = triggers(&whole["trigger"], &now["trigger"]);
                }
            }
        }
    }
    patch
}

/// A trigger goes by its name, and is never taken away by a PATCH: what is not stated is switched off.
fn triggers(meant: &Value, there: &Value) -> Value {
    let mut trigger = meant.clone();
    for kind in ["timerTriggers", "sourceTriggers"] {
        let mut all = meant[kind].as_array().cloned().unwrap_or_default();
        if let (Some(ours), Some(first)) = (all.first_mut().filter(|_| kind == "sourceTriggers"), there[kind].get(0)) {
            ours["name"] = first["name"].clone();
        }
        let others = enabled(&there[kind]).filter(|it| all.iter().all(|ours| ours["name"] != it["name"]));
        let off: Vec<_> = others.map(|it| json!({"name": it["name"], "status": "Disabled"})).collect();
        all.extend(off);
        if !all.is_empty() {
            trigger[kind] = Value::Array(all);
        }
    }
    if let Some(name) = there["baseImageTrigger"]["name"].as_str() {
        match meant["baseImageTrigger"].is_object() {
            true => trigger["baseImageTrigger"]["name"] = json!(name),
            false => trigger["baseImageTrigger"] = json!({"name": name, "status": "Disabled"}),
        }
    }
    trigger
}

/// A registry that is null is taken away.
fn logins(meant: &Value, there: &Value) -> Value {
    let mut logins = meant["credentials"].clone();
    for (host, _) in there["credentials"]["customRegistries"].as_object().into_iter().flatten() {
        if logins["customRegistries"].get(host).is_none() {
            logins["customRegistries"][host] = Value::Null;
        }
    }
    logins
}

/// Returns what a secret is put into, where the request has that.
fn parent<'a>(body: &'a Value, slot: &Slot) -> Option<&'a Value> {
    slot.place.rsplit_once('/').and_then(|(parent, _)| body.pointer(parent))
}
