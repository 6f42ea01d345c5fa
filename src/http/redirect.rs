//! Redirect: where an answer leads, and whether that way is taken.

use reqwest::{Url, header};

/// Returns where a redirect leads.
pub(super) fn target(response: &reqwest::Response) -> Option<Url> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let mut url = response.url().join(location).ok()?;
    // A name and password in a redirect would be sent as a credential that nobody configured.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

/// A redirect never leads from https to http, nor from the world to this machine or its link-local services.
pub(super) fn may_follow(from: &Url, to: &Url) -> bool {
    let is_secure = to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http");
    is_secure && (!is_inner(to) || is_inner(from))
}

fn is_inner(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_link_local() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => {
            address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local()
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leads_to_plain_http_or_inwards() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        for (from, to, follows) in [
            ("https://a.io/x", "https://b.io/x", true),
            ("https://a.io/x", "http://a.io/x", false),
            ("https://a.io/x", "https://127.0.0.1/x", false),
            ("https://a.io/x", "https://169.254.169.254/x", false),
            ("https://a.io/x", "https://[::1]/x", false),
            ("http://localhost:5000/x", "http://localhost:5000/y", true),
        ] {
            assert_eq!(may_follow(&url(from), &url(to)), follows, "{from} to {to}");
        }
    }
}
