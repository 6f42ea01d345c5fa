//! Runs: sources, quick runs, their status and logs (official samples `RegistriesScheduleRun*.json`, `Runs*.json`,
//! `RegistriesGetBuildSourceUploadUrl.json`, and what the Azure CLI sends, `wire-schedule-run.json`).

use super::{not_found, registry};
use crate::emulator::{
    World,
    call::{Call, Reply, arm_error, empty, json_reply},
    identity::Principal,
    state::Azure,
    storage, tasks,
};
use axum::http::{Method, StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The versions that know tasks.
const VERSIONS: [&str; 5] =
    ["2018-09-01", "2019-04-01", "2019-06-01-preview", "2025-03-01-preview", "2025-06-01-preview"];
/// The kinds of runs.
const KINDS: [&str; 4] = ["DockerBuildRequest", "EncodedTaskRunRequest", "FileTaskRunRequest", "TaskRunRequest"];

/// Answers what concerns runs; nothing where something else is asked for.
pub(super) fn answer(
    world: &World,
    call: &Call,
    principal: &Principal,
    azure: &Azure,
    action: &[&str],
) -> Option<Reply> {
    let (is_get, is_post) = (call.method == Method::GET, call.method == Method::POST);
    let right = match action {
        ["listbuildsourceuploadurl"] if is_post => "listBuildSourceUploadUrl/action",
        ["schedulerun"] if is_post => "scheduleRun/action",
        ["runs"] | ["runs", _] if is_get => "runs/read",
        ["runs", _] => "runs/write",
        ["runs", _, "cancel"] if is_post => "runs/cancel/action",
        ["runs", _, "listlogsasurl"] if is_post => "runs/listLogSasUrl/action",
        _ => return None,
    };
    if let Some(refusal) = refusal(call, principal, azure, right) {
        return Some(refusal);
    }
    Some(match action {
        ["listbuildsourceuploadurl"] => place(world, azure),
        ["schedulerun"] => schedule(world, call, principal, azure),
        ["runs"] => list(world, call, azure),
        ["runs", id, rest @ ..] => one(world, call, azure, id, rest),
        _ => not_found(call),
    })
}

/// Returns what stands against a call: the right that it takes, or a version that knows no tasks.
pub(super) fn refusal(call: &Call, principal: &Principal, azure: &Azure, right: &str) -> Option<Reply> {
    let rights = &principal.rights;
    let is_read = right.ends_with("/read");
    let is_allowed = if is_read { rights.may_read_tasks(&azure.name) } else { rights.may_do_tasks(&azure.name) };
    if !is_allowed {
        let action = format!("Microsoft.ContainerRegistry/registries/{right}");
        return Some(registry::unauthorized(principal, &action, &azure.id()));
    }
    unknown_version(call)
}

pub(super) fn unknown_version(call: &Call) -> Option<Reply> {
    let version = call.query("api-version").unwrap_or_default();
    if VERSIONS.contains(&version) {
        return None;
    }
    let text = format!(
        "No registered resource provider found for location and API version '{version}' for type 'registries/tasks'. The \
         supported api-versions are '{}'.",
        VERSIONS.join(", ")
    );
    Some(arm_error(StatusCode::BAD_REQUEST, "NoRegisteredProviderFound", &text))
}

fn place(world: &World, azure: &Azure) -> Reply {
    let relative = format!("source/202604241000/{}.tar.gz", uuid::Uuid::new_v4());
    let url = signed(world, azure, &tasks::source_path(&relative), "rw");
    json_reply(StatusCode::OK, &json!({"relativePath": relative, "uploadUrl": url}))
}

fn signed(world: &World, azure: &Azure, path: &str, rights: &str) -> String {
    format!("https://{}/{path}?{}", storage::host(azure), tasks::signature(world, path, rights))
}

fn schedule(world: &World, call: &Call, principal: &Principal, azure: &Azure) -> Reply {
    let Some(body) = call.json().filter(Value::is_object) else {
        return invalid("The request content was invalid and could not be deserialized.");
    };
    let version = call.query("api-version").unwrap_or_default();
    if let Err(text) = check(&body, version) {
        return invalid(&text);
    }
    if let Some(pool) = body["agentPoolName"].as_str()
        && !world.state().yards.get(&azure.login_server).is_some_and(|yard| yard.has_pool(pool))
    {
        let text = format!("The agent pool '{pool}' could not be found.");
        return arm_error(StatusCode::NOT_FOUND, "AgentPoolNotFound", &text);
    }
    let is_caller = body["credentials"]["sourceRegistry"]["identity"] == "[caller]";
    // Classic registries let every run of their own in; in ABAC mode it is the caller's repository roles that count.
    let may_push = !azure.abac || is_caller && principal.rights.actions(&azure.name, true).contains(&"push");
    let queued = match body["type"].as_str() {
        Some("TaskRunRequest") => super::standing::queue(world, azure, &body),
        _ => {
            let mut state = world.state();
            Ok(state.yards.entry(azure.login_server.clone()).or_default().queue(body, None, may_push))
        }
    };
    let id = match queued {
        Ok(id) => id,
        Err(reply) => return *reply,
    };
    let shown = world.state().yards.get(&azure.login_server).and_then(|yard| yard.run(&id).map(|run| run.shown(azure)));
    tasks::begin(world, azure, &id);
    json_reply(StatusCode::OK, &shown.unwrap_or_default())
}

/// Which fields a request may have, and what they may say.
fn check(body: &Value, version: &str) -> Result<(), String> {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let kind = text("type");
    if !KINDS.contains(&kind) {
        return Err(format!("The type '{kind}' of the run request is invalid."));
    }
    let own: &[&str] = match kind {
        "DockerBuildRequest" => {
            &["imageNames", "isPushEnabled", "noCache", "dockerFilePath", "target", "arguments", "sourceLocation"]
        }
        "EncodedTaskRunRequest" => &["encodedTaskContent", "encodedValuesContent", "values", "sourceLocation"],
        "FileTaskRunRequest" => &["taskFilePath", "valuesFilePath", "values", "sourceLocation"],
        _ => &["taskId", "overrideTaskStepProperties"],
    };
    let all = ["type", "isArchiveEnabled", "agentPoolName", "logTemplate"];
    let shared = ["timeout", "platform", "agentConfiguration", "credentials"];
    let is_known =
        |name: &str| own.contains(&name) || all.contains(&name) || kind != "TaskRunRequest" && shared.contains(&name);
    if let Some(odd) = body.as_object().into_iter().flatten().map(|(name, _)| name).find(|name| !is_known(name)) {
        return Err(format!("Could not find member '{odd}' on object of type '{kind}'."));
    }
    let is_new = body.get("agentPoolName").is_some_and(|pool| !pool.is_null())
        || !body["credentials"]["sourceRegistry"]["identity"].is_null();
    if is_new && version == "2019-04-01" {
        return Err(
            "The api-version 2019-04-01 knows neither agentPoolName nor an identity of the source registry.".to_owned()
        );
    }
    let required: &[&str] = match kind {
        "DockerBuildRequest" => &["dockerFilePath", "sourceLocation"],
        "EncodedTaskRunRequest" => &["encodedTaskContent"],
        "FileTaskRunRequest" => &["taskFilePath", "sourceLocation"],
        _ => &["taskId"],
    };
    if let Some(missing) = required.iter().find(|name| text(name).is_empty()) {
        return Err(format!("The property '{missing}' is required."));
    }
    if kind != "TaskRunRequest" {
        platform(&body["platform"])?;
    }
    timeout(&body["timeout"])?;
    if kind == "EncodedTaskRunRequest" && STANDARD.decode(text("encodedTaskContent")).is_err() {
        return Err("The property 'encodedTaskContent' is no base64.".to_owned());
    }
    names(&body["imageNames"])
}

/// The words of the service's description: `OS`, `Architecture`, `Variant`.
pub(super) fn platform(platform: &Value) -> Result<(), String> {
    let is = |name: &str, words: &[&str], is_needed: bool| match platform[name].as_str() {
        Some(word) => words.contains(&word.to_ascii_lowercase().as_str()),
        None => !is_needed,
    };
    let is_good = is("os", &["linux", "windows"], true)
        && is("architecture", &["amd64", "x86", "386", "arm", "arm64"], false)
        && is("variant", &["v6", "v7", "v8"], false);
    if is_good { Ok(()) } else { Err(format!("The platform {platform} is invalid.")) }
}

pub(super) fn timeout(timeout: &Value) -> Result<(), String> {
    match timeout.as_i64() {
        Some(seconds) if !(300..=28_800).contains(&seconds) => {
            Err(format!("The timeout {seconds} is not within 300 and 28800 seconds."))
        }
        _ => Ok(()),
    }
}

/// `repository[:tag]` without a host; the values of a run may stand in the tag.
pub(super) fn names(names: &Value) -> Result<(), String> {
    let is_name = |name: &str| {
        let plain = name.replace("{{.Run.ID}}", "ca1").replace("{{.Run.Date}}", "20260424");
        format!("registry.invalid/{plain}").parse::<crate::reference::Reference>().is_ok_and(|it| !it.has_digest())
            && !plain.split('/').next().is_some_and(|first| first.contains('.') && plain.contains('/'))
    };
    let mut all = names.as_array().into_iter().flatten().map(|name| name.as_str().unwrap_or_default());
    match all.find(|name| !is_name(name)) {
        Some(odd) => Err(format!("The image name '{odd}' is invalid.")),
        None => Ok(()),
    }
}

fn list(world: &World, call: &Call, azure: &Azure) -> Reply {
    let top = call.query("$top").and_then(|top| top.parse().ok()).unwrap_or(100_usize);
    let filter = call.query("$filter").unwrap_or_default().to_owned();
    let named = |field: &str| {
        let rest = filter.split(&format!("{field} eq '")).nth(1)?;
        rest.split('\'').next().map(str::to_owned)
    };
    let (task, status) = (named("TaskName"), named("Status"));
    let image = filter.split("contains(OutputImageManifests, '").nth(1).and_then(|rest| rest.split('\'').next());
    let is_output = |image: &Value| {
        let text = |name: &str| image[name].as_str().unwrap_or_default();
        format!("{}@{}", text("repository"), text("digest"))
    };
    let state = world.state();
    let runs = state.yards.get(&azure.login_server).into_iter().flat_map(|yard| yard.runs().rev());
    let runs = runs.filter(|run| task.is_none() || run.task == task);
    let runs = runs.filter(|run| status.as_deref().is_none_or(|status| status == run.status));
    let runs = runs.filter(|run| image.is_none_or(|image| run.images.iter().any(|it| is_output(it) == image)));
    let value: Vec<_> = runs.take(top).map(|run| run.shown(azure)).collect();
    json_reply(StatusCode::OK, &json!({"value": value}))
}

fn one(world: &World, call: &Call, azure: &Azure, id: &str, rest: &[&str]) -> Reply {
    let mut state = world.state();
    let found = state.yards.get(&azure.login_server).and_then(|yard| yard.run(id).cloned());
    let Some(run) = found else {
        return arm_error(StatusCode::NOT_FOUND, "RunNotFound", &format!("The run '{id}' could not be found."));
    };
    match rest {
        [] if call.method == Method::GET => json_reply(StatusCode::OK, &run.shown(azure)),
        ["cancel"] => match state.yards.get_mut(&azure.login_server).and_then(|yard| yard.cancel(id)) {
            Some(true) => empty(StatusCode::OK),
            _ => arm_error(
                StatusCode::CONFLICT,
                "RunNotCancelable",
                &format!("The run '{id}' has ended: {}.", run.status),
            ),
        },
        ["listlogsasurl"] => {
            drop(state);
            json_reply(StatusCode::OK, &json!({"logLink": signed(world, azure, &tasks::log_path(&run.id), "r")}))
        }
        _ => not_found(call),
    }
}

pub(super) fn invalid(text: &str) -> Reply {
    arm_error(StatusCode::BAD_REQUEST, "InvalidRequestContent", text)
}
