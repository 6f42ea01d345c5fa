//! Answers: what servers and hosts send, headers, manifests and events.

use super::text;
use crate::{host, http, reference::Registry, registry};
use bytes::Bytes;
use reqwest::Url;

/// `WWW-Authenticate`, `Link`, `Retry-After` and `Location`, all from one text.
pub fn headers(data: &[u8]) {
    let text = text(data);
    registry::probe::challenge(&text);
    // A header is read where it is text (`HeaderValue::to_str`). Hosts of other letters, which a percent sign can bring
    // back, are refused by the library for addresses, and by an assertion where it is compiled with those.
    let is_text = |c: char| c == '\t' || (' '..='~').contains(&c);
    if !text.chars().all(is_text) || text.contains('%') {
        return;
    }
    for registry in ["quay.io", "docker.io", "localhost:5000"] {
        let registry = Registry::parse(registry).expect("it is a name");
        if let Some((url, belongs)) = registry::probe::realm(&registry, &text) {
            assert!(url.scheme() == "https" || registry.is_loopback(), "{url}");
            let own = [registry.api_host(), if registry.is_docker_hub() { "auth.docker.io" } else { "" }];
            let host = url.host_str().unwrap_or_default();
            let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            assert_eq!(belongs, own.contains(&host.as_str()) && url.username().is_empty() && url.password().is_none());
        }
    }
    if let Some(path) = registry::probe::next_page(&text)
        && let Ok(url) = format!("https://quay.io{path}").parse::<Url>()
    {
        assert_eq!((url.host_str(), url.port(), url.username()), (Some("quay.io"), None, ""), "{path}");
    }
    http::probe::retry_after(&text);
    let from: Url = "https://quay.io/v2/team/app/blobs/x".parse().expect("it is an address");
    if let Some((to, may_follow)) = http::probe::location(&from, &text) {
        assert!(to.username().is_empty() && to.password().is_none(), "{to}");
        assert!(!may_follow || to.scheme() == "https", "{to}");
        let inner = ["localhost", "127.", "169.254.", "[::1]", "[fe80:", "0.0.0.0"];
        let host = to.host_str().unwrap_or_default();
        assert!(!may_follow || host == "127." || !inner.iter().any(|inner| is_inner(host, inner)), "{to}");
    }
}

/// Names may begin with the digits of an address.
fn is_inner(host: &str, inner: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    if is_address { host.starts_with(inner) } else { host == inner }
}

/// A manifest or an index.
pub fn manifests(data: &[u8]) {
    registry::probe::manifest(&Bytes::copy_from_slice(data));
}

/// What a host says of an event, and what is kept in a post.
pub fn events(data: &[u8]) {
    host::probe::github_event(data);
    host::probe::azure_devops_event(&text(data));
    host::probe::kept(&text(data));
}
