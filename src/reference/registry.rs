//! Registry: the host that serves images. Docker Hub's many names meet here, once.

use super::{Fault, ReferenceError};
use memchr::{memchr, memchr2, memrchr};
use std::fmt;

/// The host of a registry, in lower case, with its port if one was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Registry(Box<str>);

pub(super) const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_NAMES: [&str; 4] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

impl Registry {
    /// Reads `host[:port]`.
    ///
    /// # Errors
    /// [`Fault::HostCharacter`] or [`Fault::Port`], with their place.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        Ok(Self(check(text)?.to_ascii_lowercase().into()))
    }

    /// Takes a host that was read before.
    pub(super) fn trusted(host: &str) -> Self {
        Self(host.into())
    }

    /// Returns Docker Hub.
    pub fn docker_hub() -> Self {
        Self(DOCKER_HUB.into())
    }

    /// Returns whether this is Docker Hub, under whichever of its names.
    pub fn is_docker_hub(&self) -> bool {
        &*self.0 == DOCKER_HUB
    }

    /// Returns the name as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the host that serves the registry's API: `docker.io` itself serves none.
    pub fn api_host(&self) -> &str {
        if self.is_docker_hub() { "registry-1.docker.io" } else { &self.0 }
    }

    /// Returns whether the registry is on this machine, where plain HTTP is the custom.
    pub fn is_loopback(&self) -> bool {
        let (host, _) = split_port(&self.0);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Returns whether the registry is at an address of the link alone (RFC 3927; RFC 4291, 2.5.6), where clouds serve
    /// what a machine knows of itself.
    pub fn is_link_local(&self) -> bool {
        let (host, _) = split_port(&self.0);
        match host.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(std::net::IpAddr::V4(address)) => address.is_link_local(),
            Ok(std::net::IpAddr::V6(address)) => {
                address.is_unicast_link_local() || address.to_ipv4_mapped().is_some_and(|it| it.is_link_local())
            }
            Err(_) => false,
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks `host[:port]` and returns its one name, still in the case it was written in.
pub(super) fn check(text: &str) -> Result<&str, ReferenceError> {
    let (host, port) = split_port(text);
    check_host(host)?;
    if let Some(port) = port {
        let place = text.len() - port.len()..text.len();
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
        if !is_port {
            return Err(ReferenceError::new(Fault::Port, place));
        }
    }
    let is_docker_hub = DOCKER_HUB_NAMES.iter().any(|name| name.eq_ignore_ascii_case(text));
    Ok(if is_docker_hub { DOCKER_HUB } else { text })
}

/// Returns whether the first part of a name is a host, by the rule of `docker pull`.
pub(crate) fn is_host(part: &str) -> bool {
    memchr2(b'.', b':', part.as_bytes()).is_some() || part == "localhost"
}

fn split_port(text: &str) -> (&str, Option<&str>) {
    // The colons inside the brackets of an IPv6 address begin no port.
    let after_address = memrchr(b']', text.as_bytes()).map_or(0, |at| at + 1);
    match memchr(b':', &text.as_bytes()[after_address..]) {
        Some(at) => (&text[..after_address + at], Some(&text[after_address + at + 1..])),
        None => (text, None),
    }
}

fn check_host(host: &str) -> Result<(), ReferenceError> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(ReferenceError::new(Fault::HostCharacter, 0..host.len())),
        };
    }
    let wrong = host.char_indices().find(|(_, c)| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
    if let Some((at, c)) = wrong {
        return Err(ReferenceError::new(Fault::HostCharacter, at..at + c.len_utf8()));
    }
    // A host's labels are not empty and have no dash at their ends (RFC 1123, 2.1).
    let mut start = 0;
    for label in host.split('.') {
        if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
            return Err(ReferenceError::new(
                Fault::HostCharacter,
                start..(start + label.len()).max(start + 1).min(host.len()),
            ));
        }
        start += label.len() + 1;
    }
    // Who asks takes a host that ends in a number for an address of IPv4, in whatever notation (WHATWG URL, 3.5), so
    // that `127.1` is this machine.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err(ReferenceError::new(Fault::HostCharacter, host.len() - last.len()..host.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_in_a_host() {
        assert_eq!(Registry::parse("Quay.IO").unwrap().as_str(), "quay.io");
    }

    #[test]
    fn docker_hub_is_asked_at_its_own_host() {
        assert_eq!(Registry::parse("index.docker.io").unwrap().api_host(), "registry-1.docker.io");
        assert_eq!(Registry::parse("docker.io.example.com").unwrap().api_host(), "docker.io.example.com");
    }

    #[test]
    fn loopback_is_told_by_address_not_by_prefix() {
        for (host, loopback) in [
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
        ] {
            assert_eq!(Registry::parse(host).unwrap().is_loopback(), loopback, "{host}");
        }
    }

    #[test]
    fn a_host_that_ends_in_a_number_is_an_address_in_four_parts() {
        for host in ["127.1:5000", "1w27.0.0.1", "127.0.0.0x1", "256.0.0.1", "127.0.0.01", "a.1"] {
            Registry::parse(host).unwrap_err();
        }
        for host in ["10.0.0.1", "10.0.0.1:5000", "1.a", "0x1.io"] {
            Registry::parse(host).unwrap();
        }
    }

    #[test]
    fn a_malformed_host_is_refused() {
        for host in ["-a.io", "a..io", ".io", "a.io.", "a_b.io", "[::g]", "a.io:0", "a.io:", "a.io:+1"] {
            Registry::parse(host).unwrap_err();
        }
    }
}
