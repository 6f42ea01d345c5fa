//! Standing tasks: what the service keeps of them, shows of them, and makes a run of (official samples `Tasks*.json`).

use super::super::{AzureRegistry, state::Azure};
use serde_json::{Value, json};

/// Why something is not taken: a status, a code and a text.
pub(in super::super) type Refused = (u16, &'static str, String);

/// Joins a request with what is there: fields by their names, triggers by theirs; null takes a field away.
pub(in super::super) fn merge(there: &mut Value, change: &Value) {
    let (Some(fields), true) = (change.as_object(), there.is_object()) else {
        *there = change.clone();
        return;
    };
    for (name, value) in fields {
        match (value, name.as_str()) {
            (Value::Null, _) => drop(there.as_object_mut().map(|there| there.remove(name))),
            (_, "step") if value["type"] != there["step"]["type"] => there[name] = value.clone(),
            (Value::Array(triggers), "timerTriggers" | "sourceTriggers") => {
                for trigger in triggers {
                    merge_trigger(&mut there[name], trigger);
                }
            }
            (_, "tags" | "identity") => there[name] = value.clone(),
            (Value::Object(_), _) if there[name].is_object() => merge(&mut there[name], value),
            _ => there[name] = value.clone(),
        }
    }
}

fn merge_trigger(all: &mut Value, change: &Value) {
    if !all.is_array() {
        *all = json!([]);
    }
    let Some(all) = all.as_array_mut() else { return };
    match all.iter_mut().find(|it| it["name"] == change["name"]) {
        Some(there) => merge(there, change),
        None => all.push(change.clone()),
    }
}

/// Checks a task as it would be.
pub(in super::super) fn check(task: &Value, has_pool: impl Fn(&str) -> bool) -> Result<(), Refused> {
    let invalid = |text: String| Err((400, "InvalidTaskParameters", text));
    let it = &task["properties"];
    let (step, text) = (&it["step"], |value: &Value| value.as_str().unwrap_or_default().to_owned());
    if text(&task["location"]).is_empty() {
        return Err((400, "LocationRequired", "The location property is required for this definition.".to_owned()));
    }
    let needed: &[&str] = match step["type"].as_str() {
        Some("Docker") => &["dockerFilePath", "contextPath"],
        Some("FileTask") => &["taskFilePath", "contextPath"],
        Some("EncodedTask") => &["encodedTaskContent"],
        _ => return invalid(format!("The step type '{}' is invalid.", text(&step["type"]))),
    };
    if let Some(missing) = needed.iter().find(|field| text(&step[**field]).is_empty()) {
        return invalid(format!("The property 'step.{missing}' is required."));
    }
    source(&text(&step["contextPath"]))?;
    for trigger in on(&it["trigger"]["sourceTriggers"]) {
        source(&text(&trigger["sourceRepository"]["repositoryUrl"]))?;
        if text(&trigger["sourceRepository"]["sourceControlAuthProperties"]["token"]).is_empty() {
            return invalid("The source trigger needs a token for its repository.".to_owned());
        }
    }
    for trigger in on(&it["trigger"]["timerTriggers"]) {
        let schedule = text(&trigger["schedule"]);
        if !is_schedule(&schedule) {
            return invalid(format!("The schedule '{schedule}' is no cron expression."));
        }
    }
    match it["agentPoolName"].as_str() {
        Some(pool) if !has_pool(pool) => {
            Err((404, "AgentPoolNotFound", format!("The agent pool '{pool}' could not be found.")))
        }
        _ => Ok(()),
    }
}

fn on(triggers: &Value) -> impl Iterator<Item = &Value> {
    triggers.as_array().into_iter().flatten().filter(|trigger| trigger["status"] != "Disabled")
}

/// What the service finds nothing at: clone addresses of Azure DevOps with a name before the host, or with `.git`.
fn source(address: &str) -> Result<(), Refused> {
    let place = address.split('#').next().unwrap_or_default();
    let is_azure = place.contains("dev.azure.com");
    if is_azure && (place.contains('@') || place.ends_with(".git")) {
        return Err((404, "NotFound", "Not Found".to_owned()));
    }
    Ok(())
}

/// Five fields, or six with seconds before them, as the official sample has it.
fn is_schedule(text: &str) -> bool {
    let fields: Vec<_> = text.split_ascii_whitespace().collect();
    let is_field = |field: &&str| {
        let numbers = field.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        field.chars().all(|c| c.is_ascii_alphanumeric() || "*/,-".contains(c))
            && numbers.into_iter().all(|number| number.parse::<u8>().is_ok_and(|number| number < 60))
    };
    (5..=6).contains(&fields.len()) && fields.iter().all(is_field)
}

/// Returns it as everybody may see it: without anything secret.
pub(in super::super) fn shown(task: &Value) -> Value {
    let mut task = task.clone();
    // By pointers: what is not there must not come into being.
    if let Some(step) = task.pointer_mut("/properties/step").and_then(Value::as_object_mut) {
        step.remove("contextAccessToken");
        for list in ["arguments", "values"] {
            if let Some(list) = step.get_mut(list).and_then(Value::as_array_mut) {
                list.retain(|value| value["isSecret"] != true);
            }
        }
    }
    let triggers = task.pointer_mut("/properties/trigger/sourceTriggers").and_then(Value::as_array_mut);
    for trigger in triggers.into_iter().flatten() {
        if let Some(repository) = trigger.pointer_mut("/sourceRepository").and_then(Value::as_object_mut) {
            repository.remove("sourceControlAuthProperties");
        }
    }
    let logins = task.pointer_mut("/properties/credentials/customRegistries").and_then(Value::as_object_mut);
    for (_, login) in logins.into_iter().flatten() {
        *login = Value::Null;
    }
    task
}

/// Returns the run that a task makes, with what the request for it says otherwise.
pub(in super::super) fn as_request(task: &Value, asked: &Value) -> Value {
    let (it, other) = (&task["properties"], &asked["overrideTaskStepProperties"]);
    let mut run = it["step"].clone();
    let kind = run["type"].as_str().unwrap_or_default().to_owned();
    run["type"] = json!(match kind.as_str() {
        "Docker" => "DockerBuildRequest",
        "FileTask" => "FileTaskRunRequest",
        _ => "EncodedTaskRunRequest",
    });
    let file = if kind == "Docker" { "dockerFilePath" } else { "taskFilePath" };
    run["sourceLocation"] = run["contextPath"].clone();
    for (ours, theirs) in [("sourceLocation", "contextPath"), (file, "file"), ("target", "target")] {
        if other[theirs].is_string() {
            run[ours] = other[theirs].clone();
        }
    }
    for list in ["arguments", "values"] {
        let given = other[list].as_array().cloned().unwrap_or_default();
        let is_given = |one: &Value| given.iter().any(|it| it["name"] == one["name"]);
        let own = run[list].as_array().cloned().unwrap_or_default();
        let own: Vec<_> = own.into_iter().filter(|one| !is_given(one)).collect();
        run[list] = own.into_iter().chain(given.iter().cloned()).collect();
    }
    for field in ["platform", "timeout", "agentPoolName", "credentials"] {
        run[field] = it[field].clone();
    }
    run
}

impl AzureRegistry {
    /// Returns a standing task with all that is secret about it.
    pub fn task(&self, name: &str) -> Option<Value> {
        let state = self.handle().state();
        state.yards.get(&self.login_server())?.standing.get(&name.to_ascii_lowercase()).cloned()
    }

    /// Changes a standing task by hand, by its properties.
    pub fn change_task(&self, name: &str, properties: &Value) {
        let mut state = self.handle().state();
        let yard = state.yards.entry(self.login_server()).or_default();
        if let Some(task) = yard.standing.get_mut(&name.to_ascii_lowercase()) {
            merge(task, &json!({"properties": properties}));
        }
    }
}

/// The id of a task.
pub(in super::super) fn id(azure: &Azure, name: &str) -> String {
    format!("{}/tasks/{name}", azure.id())
}
