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
        no_proxy: text("NO_PROXY"),
        root_file: env.get("SSL_CERT_FILE").map(Into::into),
        root_folder: env.get("SSL_CERT_DIR").map(Into::into),
        ..Way::default()
    }
}
