//! The token services of source registries (sections 17 and 18; distribution project, "Token Authentication").

use super::{
    SourceAuth, World,
    call::{Call, Reply, field, json_reply},
    token::Kind,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// As Docker Hub's (section 17).
const LIFETIME: Duration = Duration::from_secs(300);

/// Returns whether a request is for the token service of a registry that has it on its own host.
pub(super) fn is_realm(auth: &SourceAuth, call: &Call) -> bool {
    match auth {
        SourceAuth::PublicBearer { realm, .. } | SourceAuth::Bearer { realm, .. } => {
            *realm == format!("https://{}{}", call.host, call.path)
        }
        SourceAuth::Anonymous | SourceAuth::Basic => false,
    }
}

/// Gives a token for what the caller may pull; more is left out of it.
pub(super) fn answer(world: &World, call: &Call, registry: &str) -> Reply {
    let facts = world.state().registries.get(registry).and_then(|registry| registry.source().cloned());
    let Some(facts) = facts else { return json_reply(StatusCode::NOT_FOUND, &json!({"details": "not found"})) };
    let (asked, given) = match call.method {
        Method::POST => {
            let form = call.form();
            let user = field(&form, "username").map(str::to_owned);
            let given = user.zip(field(&form, "password").map(str::to_owned));
            (form, given)
        }
        _ => (call.query.clone(), call.basic()),
    };
    let is_public = matches!(facts.auth, SourceAuth::PublicBearer { .. });
    let is_account = given.as_ref().is_some_and(|given| facts.accounts.contains(given));
    if given.is_some() && !is_account || given.is_none() && !is_public {
        return json_reply(StatusCode::UNAUTHORIZED, &json!({"details": "incorrect username or password"}));
    }
    let scopes: Vec<_> =
        asked.iter().filter(|(name, _)| name == "scope").flat_map(|(_, scope)| scope.split(' ')).collect();
    // The placeholder of the challenge is the name of nobody's image (section 18).
    if registry == "ghcr.io" && scopes.contains(&"repository:user/image:pull") {
        let errors = json!({"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]});
        return json_reply(StatusCode::FORBIDDEN, &errors);
    }
    let access: Vec<Value> = scopes.iter().filter_map(|scope| granted(scope, &facts.private, is_account)).collect();
    let claims = json!({"aud": registry, "access": access, "account": is_account});
    let token = world.mint().issue(Kind::Access, LIFETIME, claims);
    json_reply(StatusCode::OK, &json!({"token": token, "access_token": token, "expires_in": LIFETIME.as_secs()}))
}

fn granted(scope: &str, private: &std::collections::BTreeSet<String>, is_account: bool) -> Option<Value> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    let may_pull = actions.split(',').any(|action| action == "pull") && (is_account || !private.contains(name));
    may_pull.then(|| json!({"type": "repository", "name": name, "actions": ["pull"]}))
}
