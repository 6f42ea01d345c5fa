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

/// A redirect never leads from https to http, nor to this machine or to a link-local service but from there.
pub(crate) fn may_follow(from: &Url, to: &Url) -> bool {
    let is_secure = to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http");
    let there = Place::of(to);
    is_secure && (there == Place::World || there == Place::of(from))
}

/// How near a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    World,
    /// This machine, or an address without a host.
    Machine,
    /// What only this machine's link reaches, as a cloud's metadata service.
    Link,
}

impl Place {
    fn of(url: &Url) -> Self {
        match url.host() {
            // A dot at the end of a name means the same name.
            Some(url::Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                if name == "localhost" || name.ends_with(".localhost") { Self::Machine } else { Self::World }
            }
            Some(url::Host::Ipv4(address)) => Self::of_v4(address),
            Some(url::Host::Ipv6(address)) => match address.to_ipv4_mapped() {
                Some(address) => Self::of_v4(address),
                None if address.is_loopback() || address.is_unspecified() => Self::Machine,
                None if address.is_unicast_link_local() => Self::Link,
                None => Self::World,
            },
            None => Self::Machine,
        }
    }

    fn of_v4(address: std::net::Ipv4Addr) -> Self {
        match address {
            _ if address.is_loopback() || address.is_unspecified() => Self::Machine,
            _ if address.is_link_local() => Self::Link,
            _ => Self::World,
        }
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
            ("http://localhost:5000/x", "http://127.0.0.1:5000/y", true),
            ("http://localhost:5000/x", "http://169.254.169.254/y", false),
            ("http://127.0.0.1:5000/x", "http://[::ffff:169.254.169.254]/y", false),
            ("http://127.0.0.1:5000/x", "http://[fe80::1]/y", false),
            ("http://169.254.1.1/x", "http://169.254.1.2/y", true),
            ("http://169.254.1.1/x", "http://127.0.0.1/y", false),
        ] {
            assert_eq!(may_follow(&url(from), &url(to)), follows, "{from} to {to}");
        }
    }
}
