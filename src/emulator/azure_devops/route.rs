//! Routes: from a request to the part of the API that answers it.

use super::{
    ask::{Ask, authenticate},
    build, git, oidc,
    organization::{Organization, Repository, Right},
    pull_request,
    refusal::{Fault, error},
    status, thread,
};
use crate::emulator::{
    World,
    call::{Call, Refusal, Reply, json_reply},
};
use axum::http::{Method, StatusCode};
use serde_json::json;

/// The host of all organizations.
pub(in crate::emulator) const HOST: &str = "dev.azure.com";
/// The newest version of the API that is served.
const NEWEST: f32 = 7.2;

/// Answers a request to an organization.
pub(in crate::emulator) fn answer(world: &World, call: &Call) -> Reply {
    let segments: Vec<_> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let [_, _, "_apis", "distributedtask", ..] = segments.as_slice() {
        return oidc::answer(world, call, &segments).unwrap_or_else(|refusal| *refusal);
    }
    respond(&mut world.state().azure_devops, call, &segments).unwrap_or_else(|refusal| *refusal)
}

fn respond(organization: &mut Organization, call: &Call, segments: &[&str]) -> Result<Reply, Refusal> {
    let token = authenticate(organization, call)?;
    let root = format!("{}/{}", call.origin, segments.first().unwrap_or(&""));
    let Some(repository) = organization.repository_mut(&token.repository) else { return Err(no_route()) };
    if segments.first() != Some(&repository.organization.as_str()) {
        return Err(no_route());
    }
    let ask = Ask { call, token, root };
    if let (&Method::GET, [_, "_apis", "connectionData"]) = (&call.method, segments) {
        versioned(call, Stage::Preview)?;
        return Ok(connection_data(&ask));
    }
    let [_, project, "_apis", rest @ ..] = segments else { return Err(no_route()) };
    let is_named = project.eq_ignore_ascii_case(&repository.project) || *project == repository.project_id;
    if !is_named {
        // The job's scope is its own project ("Limit job authorization scope to current project").
        let why = format!(
            "TF200016: The following project does not exist: {project}. Verify that the name of the project is \
                correct and that the project exists on the specified Azure DevOps Server."
        );
        return Err(Box::new(error(StatusCode::NOT_FOUND, Fault::NO_PROJECT, &why)));
    }
    enter(&ask, repository, rest)
}

fn enter(ask: &Ask<'_>, it: &mut Repository, rest: &[&str]) -> Result<Reply, Refusal> {
    let stage = if rest == ["build", "changes"] { Stage::Preview } else { Stage::Released };
    versioned(ask.call, stage)?;
    let method = ask.call.method.as_str();
    if let ["build", ..] = rest {
        ask.need(Right::Builds)?;
        return match (method, rest) {
            ("GET", ["build", "builds"]) => build::builds(ask, it),
            ("GET", ["build", "changes"]) => build::changes(ask, it),
            _ => Err(no_route()),
        };
    }
    let ["git", "repositories", id, rest @ ..] = rest else { return Err(no_route()) };
    if *id != it.id && !id.eq_ignore_ascii_case(&it.name) {
        let why = format!(
            "TF401019: The Git repository with name or identifier {id} does not exist or you do not have \
                permissions for the operation you are attempting."
        );
        return Err(Box::new(error(StatusCode::NOT_FOUND, Fault::NO_REPOSITORY, &why)));
    }
    ask.need(Right::Read)?;
    match (method, rest) {
        ("GET", ["items"]) => git::item(ask, it),
        ("GET", ["commits", id]) => git::commit(ask, it, id),
        ("POST", ["pullrequestquery"]) => pull_request::query(ask, it),
        (_, ["pullRequests", number, rest @ ..]) => match (method, rest) {
            ("GET" | "PATCH", []) => pull_request::one(ask, it, number),
            ("GET", ["iterations"]) => pull_request::iterations(it, number),
            ("GET", ["threads"]) => thread::all(it, number),
            ("POST", ["threads"]) => thread::create(ask, it, number),
            ("PATCH", ["threads", thread]) => thread::update(ask, it, number, thread),
            ("PATCH" | "DELETE", ["threads", thread, "comments", comment]) => {
                thread::comment(ask, it, (number, thread, comment))
            }
            ("POST", ["statuses"]) => status::create(ask, it, number),
            _ => Err(no_route()),
        },
        _ => Err(no_route()),
    }
}

enum Stage {
    Released,
    Preview,
}

/// Refuses a version that is missing where it is needed, unknown, or a preview's without saying so.
fn versioned(call: &Call, stage: Stage) -> Result<(), Refusal> {
    let refuse = |fault, why: String| Err(Box::new(error(StatusCode::BAD_REQUEST, fault, &why)));
    let Some(version) = call.query("api-version") else {
        if call.method == Method::GET {
            return Ok(());
        }
        let method = &call.method;
        return refuse(
            Fault::VERSION_MISSING,
            format!(
                "No api-version was supplied for the \"{method}\" request. The version must be supplied either as \
                    part of the Accept header (e.g. \"application/json; api-version=1.0\") or as a query parameter \
                    (e.g. \"?api-version=1.0\")."
            ),
        );
    };
    let (number, preview) = version.split_once('-').map_or((version, None), |(number, rest)| (number, Some(rest)));
    match number.parse::<f32>() {
        Ok(number) if number <= NEWEST => {}
        _ => {
            return refuse(
                Fault::VERSION,
                format!(
                    "The requested REST API version of {version} is out of range for this server. The latest REST \
                        API version this server supports is {NEWEST}."
                ),
            );
        }
    }
    match (stage, preview) {
        (Stage::Preview, None) => refuse(
            Fault::PREVIEW,
            format!(
                "The requested version \"{version}\" of the resource is under preview. The -preview flag must be \
                    supplied in the api-version for such requests. For example: \"{version}-preview\""
            ),
        ),
        (Stage::Preview, Some(_)) | (Stage::Released, _) => Ok(()),
    }
}

/// Answers who asks (azure-devops-node-api, `LocationsApi.getConnectionData`).
fn connection_data(ask: &Ask<'_>) -> Reply {
    let identity = &ask.token.identity;
    let user = json!({
        "id": identity.id, "descriptor": format!("Microsoft.TeamFoundation.ServiceIdentity;{}", identity.id),
        "subjectDescriptor": format!("svc.{}", identity.id), "providerDisplayName": identity.name, "isActive": true,
        "properties": {"Account": {"$type": "System.String", "$value": identity.id}}, "resourceVersion": 2,
        "metaTypeId": 0,
    });
    json_reply(
        StatusCode::OK,
        &json!({"authenticatedUser": user, "authorizedUser": user, "deploymentType": "hosted",
            "instanceId": "00000000-0000-4000-8000-00000000c0de", "locationServiceData": {}}),
    )
}

pub(super) fn no_route() -> Refusal {
    Box::new(error(
        StatusCode::NOT_FOUND,
        Fault::NO_ROUTE,
        "The controller for path was not found or does not implement IController.",
    ))
}
