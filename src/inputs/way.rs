//! Way: proxies and certificates, from the variables that every program reads.

use super::Env;
use crate::http::Way;

/// Reads proxies and certificates; upper case wins where both are set.
pub(super) fn read(env: &Env) -> Way {
    let text = |name| env.either_case(name).map(str::to_owned);
    Way {
        https_proxy: text("HTTPS_PROXY"),
        // A server that is called by CGI gets `HTTP_PROXY` from a request's `Proxy` header; this program never is.
        http_proxy: text("HTTP_PROXY"),
        no_proxy: no_proxy(env),
        root_file: env.get("SSL_CERT_FILE").map(Into::into),
        root_folder: env.get("SSL_CERT_DIR").map(Into::into),
        ..Way::default()
    }
}

/// A proxy that the agent was set up with leads to the world, and the identity of its machine is not out there.
fn no_proxy(env: &Env) -> Option<String> {
    let given = env.either_case("NO_PROXY");
    match (given, env.get("AGENT_PROXYURL")) {
        (Some(given), Some(_)) => Some(format!("{given},{METADATA_HOST}")),
        (None, Some(_)) => Some(METADATA_HOST.to_owned()),
        (given, None) => given.map(str::to_owned),
    }
}

/// Azure Instance Metadata Service ("Requests to the service must not go through a proxy").
const METADATA_HOST: &str = "169.254.169.254";
