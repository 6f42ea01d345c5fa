//! Source registries: who may read, and what they answer instead.

use super::{Gate, answer};
use crate::emulator::{
    SourceAuth, World,
    call::{Call, Refusal, Reply, html, redirect, registry_error, with},
    hosts::KUBERNETES_MIRROR,
    source_token,
    state::SourceFacts,
    token::Kind,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const KUBERNETES: &str = "registry.k8s.io";
/// The path of the project's images inside the mirror.
const MIRROR_PATH: &str = "k8s-artifacts-prod/images/";

/// Answers at a source registry.
pub(in super::super) fn answer_source(world: &World, call: &Call, host: &str) -> Reply {
    let facts = world.state().registries.get(host).and_then(|registry| registry.source().cloned());
    let Some(facts) = facts else { return super::empty(StatusCode::NOT_FOUND) };
    if facts.html {
        return html(StatusCode::OK);
    }
    if source_token::is_realm(&facts.auth, call) {
        return source_token::answer(world, call, host);
    }
    if host == KUBERNETES && call.path != "/v2/" && call.path != "/v2" {
        return to_mirror(call);
    }
    if !call.is_get() {
        return registry_error(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "this registry is read only",
            &Value::Null,
        );
    }
    let gate = SourceGate { world, call, host, facts: &facts };
    with(answer(world, call, host, &gate), "docker-distribution-api-version", "registry/2.0")
}

/// `registry.k8s.io` serves nothing itself (kubernetes/registry.k8s.io, "How does it work?").
fn to_mirror(call: &Call) -> Reply {
    if call.path == "/v2/_catalog" {
        return registry_error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "404 page not found", &Value::Null);
    }
    let rest = call.target.trim_start_matches("/v2/");
    redirect(&format!("https://{KUBERNETES_MIRROR}/v2/{MIRROR_PATH}{rest}"))
}

/// Answers at the mirror, where anybody may pull.
pub(in super::super) fn answer_kubernetes(world: &World, call: &Call) -> Reply {
    let facts = world.state().registries.get(KUBERNETES).and_then(|registry| registry.source().cloned());
    let Some(rest) = call.path.strip_prefix("/v2/").and_then(|path| path.strip_prefix(MIRROR_PATH)) else {
        return registry_error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "Repository not found", &Value::Null);
    };
    let Some(facts) = facts.filter(|_| call.is_get()) else { return super::empty(StatusCode::METHOD_NOT_ALLOWED) };
    let inner = Call {
        method: call.method.clone(),
        host: call.host.clone(),
        origin: call.origin.clone(),
        is_direct: call.is_direct,
        path: format!("/v2/{rest}"),
        target: call.target.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
        body: call.body.clone(),
        upload: call.take_upload().into(),
    };
    let gate = SourceGate { world, call: &inner, host: KUBERNETES, facts: &facts };
    answer(world, &inner, KUBERNETES, &gate)
}

struct SourceGate<'a> {
    world: &'a World,
    call: &'a Call,
    host: &'a str,
    facts: &'a SourceFacts,
}

impl SourceGate<'_> {
    /// Docker Hub answers 401 for what does not exist (section 17).
    fn is_open(&self, repository: &str) -> bool {
        let state = self.world.state();
        let exists = state.registries.get(self.host).is_some_and(|it| it.repositories.contains_key(repository));
        !self.facts.private.contains(repository) && (exists || self.host != "docker.io")
    }

    fn challenge(&self, scope: Option<&str>) -> Refusal {
        let header = match &self.facts.auth {
            SourceAuth::Basic => "Basic realm=\"Registry Realm\"".to_owned(),
            SourceAuth::PublicBearer { realm, service } | SourceAuth::Bearer { realm, service } => {
                // GitHub's registry names a placeholder where no repository is asked for (section 18).
                let placeholder = (self.host == "ghcr.io").then_some("repository:user/image:pull");
                let scope = scope.or(placeholder).map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
                format!("Bearer realm=\"{realm}\",service=\"{service}\"{scope}")
            }
            SourceAuth::Anonymous => String::new(),
        };
        let parts: Vec<_> = scope.unwrap_or_default().splitn(3, ':').map(str::to_owned).collect();
        let detail = match parts.as_slice() {
            [kind, name, action] => json!([{"Type": kind, "Class": "", "Name": name, "Action": action}]),
            _ => Value::Null,
        };
        let reply = registry_error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required", &detail);
        Box::new(if header.is_empty() { reply } else { with(reply, "www-authenticate", header) })
    }

    fn is_granted(&self, repository: Option<&str>) -> bool {
        match &self.facts.auth {
            SourceAuth::Anonymous => repository.is_none_or(|name| !self.facts.private.contains(name)),
            SourceAuth::Basic => self.call.basic().is_some_and(|given| self.facts.accounts.contains(&given)),
            SourceAuth::PublicBearer { .. } | SourceAuth::Bearer { .. } => {
                let claims = self.call.bearer().and_then(|token| self.world.mint().read_valid(Kind::Access, token));
                let Some(claims) = claims.filter(|claims| claims["aud"] == self.host) else { return false };
                let Some(name) = repository else { return true };
                let granted = claims["access"].as_array().into_iter().flatten();
                granted.into_iter().any(|it| it["name"] == name) && (self.is_open(name) || claims["account"] == true)
            }
        }
    }
}

impl Gate for SourceGate<'_> {
    fn admit(&self, repository: &str, actions: &[&str]) -> Result<(), Refusal> {
        if actions == ["pull"] && self.is_granted(Some(repository)) {
            return Ok(());
        }
        Err(self.challenge(Some(&format!("repository:{repository}:{}", actions.join(",")))))
    }

    fn admit_catalog(&self) -> Result<(), Refusal> {
        if matches!(self.facts.auth, SourceAuth::Anonymous) && self.call.method == Method::GET {
            return Ok(());
        }
        Err(self.challenge(Some("registry:catalog:*")))
    }

    fn admit_ping(&self) -> Result<(), Refusal> {
        if self.is_granted(None) { Ok(()) } else { Err(self.challenge(None)) }
    }

    fn may_pull(&self, repository: &str) -> bool {
        self.is_granted(Some(repository))
    }
}
