//! Registry: the host that serves images. Docker Hub's many names meet here, once.

use super::{Fault, ReferenceError};
use memchr::{memchr, memchr2, memrchr};
use std::fmt;

/// The host of a registry, in lower case, with its port if one was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Registry(Box<str>);

pub(super) const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_NAMES: [&str; 4] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// What the login servers of Azure's registries end with, in its public cloud, the US government's and China's.
const AZURE_SUFFIXES: [&str; 3] = [".azurecr.io", ".azurecr.us", ".azurecr.cn"];

impl Registry {
    /// Reads `host[:port]`. The port that the scheme has by itself is none: `quay.io:443` is `quay.io`.
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

    /// Returns where an image is whose name of one part was written as a path of Docker Hub: `nginx` is everybody's word for
    /// `library/nginx`, and a namespace besides.
    pub fn library(&self, path: &str) -> Option<String> {
        (self.is_docker_hub() && !path.is_empty() && !path.contains('/')).then(|| format!("library/{path}"))
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
        is_loopback(split_port(&self.0).0)
    }

    /// Returns whether this is a login server of an Azure Container Registry, in one of Azure's clouds.
    pub fn is_azure(&self) -> bool {
        AZURE_SUFFIXES.iter().any(|suffix| self.0.ends_with(suffix))
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
    Ok(known(text))
}

/// Returns the name under which a host is known: Docker Hub has several, and others are written with a port of no need.
pub(super) fn known(text: &str) -> &str {
    let text = without_own_port(text);
    let is_docker_hub = DOCKER_HUB_NAMES.iter().any(|name| name.eq_ignore_ascii_case(text));
    if is_docker_hub { DOCKER_HUB } else { text }
}

/// Takes off the port that is asked without it: that of `https`, or of plain HTTP on this machine. An address loses it
/// when it is read, so that a host with it would be another one than the host that answers.
fn without_own_port(text: &str) -> &str {
    match split_port(text) {
        // A name that is a host by its port alone would be taken for a repository without it.
        (host, Some(port)) if is_host(host) && port == if is_loopback(host) { "80" } else { "443" } => host,
        _ => text,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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
    if is_plain_name(host.as_bytes()) {
        return Ok(());
    }
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

/// Returns whether a host is a name as nearly all are: labels of which the last begins with a letter, and so is no number.
///
/// Reads every byte once: a list of 100,000 lines has millions of them.
fn is_plain_name(host: &[u8]) -> bool {
    let (mut before, mut ends_in_name) = (b'.', false);
    for &byte in host {
        let follows = match byte {
            b'.' => before.is_ascii_alphanumeric(),
            b'-' => before != b'.',
            _ => byte.is_ascii_alphanumeric(),
        };
        if !follows {
            return false;
        }
        if before == b'.' {
            ends_in_name = byte.is_ascii_alphabetic();
        }
        before = byte;
    }
    ends_in_name && before.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_in_a_host() {
        assert_eq!(Registry::parse("Quay.IO").unwrap().as_str(), "quay.io");
    }

    #[test]
    fn a_port_that_the_scheme_has_by_itself_is_none() {
        for (written, read) in [
            ("registry.example.com:443", "registry.example.com"),
            ("registry.example.com:80", "registry.example.com:80"),
            ("registry.example.com:4430", "registry.example.com:4430"),
            ("index.docker.io:443", "docker.io"),
            ("10.0.0.1:443", "10.0.0.1"),
            ("LocalHost:443", "localhost:443"),
            ("harbor:443", "harbor:443"),
            ("localhost:80", "localhost"),
            ("[::1]:80", "[::1]"),
            ("[fd00::1]:443", "[fd00::1]"),
        ] {
            assert_eq!(Registry::parse(written).unwrap().as_str(), read);
        }
        let reference: super::super::Reference = "registry.example.com:443/team/app:1".parse().unwrap();
        assert_eq!(reference.to_string(), "registry.example.com/team/app:1");
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
        for host in [
            "", "-a.io", "a-.io", "a.-io", "a.io-", "a..io", ".io", "a.io.", "a_b.io", "[::g]", "a.io:0", "a.io:",
            "a.io:+1",
        ] {
            Registry::parse(host).unwrap_err();
        }
    }
}
