//! Entra: sign-in of applications, by secret or by another provider's token.
//!
//! Exchanges as in the captures `login-service-principal-*` and `login-error-*` of the Azure CLI.

use super::{
    World,
    call::{Call, Refusal, Reply, field, json_reply, with},
    hosts::ENTRA,
    identity::Principal,
    token::{self, Kind},
    world::TENANT,
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn answer(world: &World, call: &Call) -> Reply {
    let segments: Vec<_> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (call.method.clone(), segments.as_slice()) {
        (Method::GET, ["common", "discovery", "instance"]) => json_reply(StatusCode::OK, &instance(&call.host)),
        (Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"])
        | (Method::GET, [tenant, ".well-known", "openid-configuration"]) => {
            json_reply(StatusCode::OK, &openid_configuration(&call.host, tenant))
        }
        (Method::GET, [_, "discovery", "v2.0", "keys"]) => json_reply(StatusCode::OK, &json!({"keys": []})),
        (Method::POST, [tenant, "oauth2", "v2.0", "token"] | [tenant, "oauth2", "token"]) => issue(world, call, tenant),
        _ => json_reply(StatusCode::NOT_FOUND, &json!({"error": "not_found"})),
    }
}

fn instance(host: &str) -> Value {
    json!({
        "tenant_discovery_endpoint": format!("https://{host}/{TENANT}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": ENTRA}],
    })
}

fn openid_configuration(host: &str, tenant: &str) -> Value {
    json!({
        "token_endpoint": format!("https://{host}/{tenant}/oauth2/v2.0/token"),
        "issuer": format!("https://{host}/{tenant}/v2.0"),
        "authorization_endpoint": format!("https://{host}/{tenant}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("https://{host}/{tenant}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("https://{host}/{tenant}/discovery/v2.0/keys"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": host.trim_start_matches("login."),
    })
}

fn issue(world: &World, call: &Call, tenant: &str) -> Reply {
    let form = call.form();
    let client_id = field(&form, "client_id").unwrap_or_default();
    if tenant != TENANT {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
                            signing into the correct cloud."
        );
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", 90002, &text);
    }
    if field(&form, "grant_type") != Some("client_credentials") {
        let text = "The request body must contain the following parameter: 'grant_type'.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", 900_144, text);
    }
    let Some(audience) = audience(&form) else {
        let text = "The request body must contain the following parameter: 'scope'.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", 900_144, text);
    };
    let principal = world.state().principal(client_id).cloned();
    let Some(principal) = principal else {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory 'Contoso'. This can \
                            happen if the application has not been installed by the administrator of the tenant."
        );
        return refuse(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016, &text);
    };
    if let Err(reply) = prove(world, &form, &principal) {
        return *reply;
    }
    let (token, lifetime) = entra_token(world, &principal, &audience);
    let body =
        json!({"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token});
    json_reply(StatusCode::OK, &body)
}

/// Makes an access token; managed identities get theirs here too.
pub(super) fn entra_token(world: &World, principal: &Principal, audience: &str) -> (String, u64) {
    let lifetime = world.state().token_lifetime;
    let claims = json!({
        "aud": audience, "iss": format!("https://sts.windows.net/{TENANT}/"), "tid": TENANT,
        "appid": principal.client_id, "azp": principal.client_id, "oid": principal.object_id,
        "sub": principal.object_id, "idtyp": "app", "ver": "1.0",
    });
    (world.mint().issue(Kind::Entra, lifetime, claims), lifetime.as_secs())
}

/// Returns whom a token is for: the scope without `/.default`, or the older `resource`.
fn audience(form: &[(String, String)]) -> Option<String> {
    match field(form, "scope") {
        Some(scope) => scope.split(' ').find_map(|scope| scope.strip_suffix("/.default")).map(str::to_owned),
        None => field(form, "resource").map(str::to_owned),
    }
}

fn prove(world: &World, form: &[(String, String)], principal: &Principal) -> Result<(), Refusal> {
    if let Some(assertion) = field(form, "client_assertion") {
        let header = token::header(assertion);
        return match header["x5t#S256"].as_str() {
            Some(thumbprint) => prove_by_certificate(world, (assertion, thumbprint, &header), &principal.client_id),
            None => prove_by_assertion(world, assertion, &principal.client_id),
        };
    }
    if let (Some(secret), Some(given)) = (&principal.secret, field(form, "client_secret"))
        && secret == given
    {
        return Ok(());
    }
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not \
         the client secret ID, for a secret added to app '{}'.",
        principal.client_id
    );
    Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215, &text)))
}

fn prove_by_assertion(world: &World, assertion: &str, client_id: &str) -> Result<(), Refusal> {
    let Some(claims) = token::claims(assertion) else {
        return Err(Box::new(refuse(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            50027,
            "JWT token is invalid or malformed.",
        )));
    };
    let (issuer, subject) = (claims["iss"].as_str().unwrap_or_default(), claims["sub"].as_str().unwrap_or_default());
    // The audience may be one text or a list of them (RFC 7519, 4.1.3).
    let wanted = json!("api://AzureADTokenExchange");
    let is_meant = claims["aud"] == wanted || claims["aud"].as_array().is_some_and(|list| list.contains(&wanted));
    if !is_meant {
        let text = format!(
            "Assertion audience claim does not match the required value. Assertion Audience: {}",
            claims["aud"]
        );
        return Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", 700_212, &text)));
    }
    if claims.get("exp").is_some() && token::has_expired(&claims) {
        let text = "Client assertion is not within its valid time range.";
        return Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", 700_024, text)));
    }
    let state = world.state();
    let mut trusts = state.federated.iter().filter(|trust| trust.client_id == client_id && trust.issuer == issuer);
    if trusts.clone().any(|trust| trust.subject == subject) {
        return Ok(());
    }
    // Since August 2024 the case matters (Azure/login#515).
    if trusts.any(|trust| trust.subject.eq_ignore_ascii_case(subject)) {
        let text = format!(
            "No matching federated identity record found for presented assertion subject '{subject}'. The subject \
             matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion."
        );
        return Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", 7_002_138, &text)));
    }
    let is_known = state.federated.iter().any(|trust| trust.client_id == client_id && trust.issuer == issuer);
    drop(state);
    if !is_known {
        let text = format!(
            "No matching federated identity record found for presented assertion issuer '{issuer}'. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion."
        );
        return Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", 700_211, &text)));
    }
    let text = format!(
        "No matching federated identity record found for presented assertion subject '{subject}'. Check your federated \
         identity credential Subject, Audience and Issuer against the presented assertion."
    );
    Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", 700_213, &text)))
}

/// A certificate proves itself as described in "Microsoft identity platform application authentication certificate
/// credentials".
fn prove_by_certificate(
    world: &World,
    (assertion, thumbprint, header): (&str, &str, &Value),
    client_id: &str,
) -> Result<(), Refusal> {
    let refuse = |code, text: &str| Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "invalid_client", code, text)));
    let claims = token::claims(assertion).unwrap_or_default();
    let audience = claims["aud"].as_str().unwrap_or_default();
    let is_meant = audience.ends_with(&format!("/{TENANT}/oauth2/v2.0/token"));
    if !is_meant || claims["iss"] != client_id || claims["sub"] != client_id || !claims["jti"].is_string() {
        return refuse(700_021, "Client assertion application identifier or audience does not match.");
    }
    if token::has_expired(&claims) {
        return refuse(700_024, "Client assertion is not within its valid time range.");
    }
    let certificates = world.state().certificates.clone();
    let own = certificates.iter().filter(|(client, _)| client == client_id).map(|(_, certificate)| certificate);
    let Some(certificate) = own.into_iter().find(|certificate| {
        let digest = crate::reference::Digest::of(certificate).to_string();
        token::thumbprint(digest.trim_start_matches("sha256:")) == thumbprint
    }) else {
        return refuse(
            700_027,
            "The certificate with identifier used to sign the client assertion is not registered on application.",
        );
    };
    if header["alg"] == "PS256" && token::is_signed_by(assertion, certificate) {
        return Ok(());
    }
    refuse(50_013, "Assertion failed signature validation.")
}

fn refuse(status: StatusCode, error: &str, code: u32, text: &str) -> Reply {
    let (trace, correlation) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
    let time = super::repository::timestamp().replace('T', " ");
    let time = format!("{}Z", time.split('.').next().unwrap_or_default());
    let description = format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}");
    let body = json!({
        "error": error, "error_description": description, "error_codes": [code], "timestamp": time,
        "trace_id": trace, "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    });
    with(json_reply(status, &body), "x-ms-request-id", trace)
}
