//! Redirects: where one leads, and whether it may be followed. A credential never follows.

use reqwest::{
    Url,
    header::{self, HeaderMap},
};

/// Reads where an answer leads, without a name and password that nobody configured.
pub(crate) fn target(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    let mut url = from.join(location).ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

/// A redirect never leads from https to http, nor from the world to this machine or its link-local services.
pub(crate) fn may_follow(from: &Url, to: &Url) -> bool {
    let is_secure = to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http");
    is_secure && (!is_inner(to) || is_inner(from))
}

fn is_inner(url: &Url) -> bool {
    match url.host() {
        // A dot at the end of a name means the same name.
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => address.is_loopback() || address.is_link_local() || address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.is_loopback() || address.is_link_local() || address.is_unspecified(),
            None => address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local(),
        },
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
            ("https://a.io/x", "https://localhost./x", false),
            ("https://a.io/x", "https://2130706433/x", false),
            ("https://a.io/x", "https://[fe80::1]/x", false),
            ("https://a.io/x", "https://[::ffff:169.254.169.254]/x", false),
            ("http://localhost:5000/x", "http://localhost:5000/y", true),
        ] {
            assert_eq!(may_follow(&url(from), &url(to)), follows, "{from} to {to}");
        }
    }
}
