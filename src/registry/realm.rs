//! Realm: the token service that a registry names, and whether a password may go there.

use super::{RegistryError, Why};
use crate::{
    http::{host, may_follow},
    reference::Registry,
};
use reqwest::Url;

pub(super) fn read(registry: &Registry, realm: &str) -> Result<Url, RegistryError> {
    let refuse = || RegistryError::new(registry, Why::ForeignRealm(realm.to_owned()));
    let mut url: Url = realm.parse().map_err(|_| refuse())?;
    // A name and a password that nobody configured would be sent beside those that somebody did.
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| refuse())?;
    let is_plain_loopback = url.scheme() == "http" && registry.is_loopback() && is_loopback(&url);
    // A realm inside this machine, named by a host outside of it, is a trap and no token service.
    let own: Option<Url> = super::base(registry).parse().ok();
    let leads_inwards = !own.is_some_and(|own| may_follow(&own, &url));
    if (url.scheme() != "https" && !is_plain_loopback) || leads_inwards {
        return Err(refuse());
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| Registry::parse(host).is_ok_and(|host| host.is_loopback()))
}

/// A password goes to the registry's own host, and Docker Hub's to Docker Hub's token service.
pub(super) fn belongs(registry: &Registry, realm: &Url) -> bool {
    let realm = host(realm);
    realm == registry.api_host() || (registry.is_docker_hub() && realm == "auth.docker.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_to_its_host_and_to_docker_hubs_token_service_only() {
        let belongs =
            |registry: &str, realm: &str| super::belongs(&Registry::parse(registry).unwrap(), &realm.parse().unwrap());
        assert!(belongs("docker.io", "https://auth.docker.io/token"));
        assert!(belongs("quay.io", "https://quay.io/v2/auth"));
        assert!(!belongs("docker.io.example.com", "https://auth.docker.io/token"));
        assert!(!belongs("quay.io", "https://quay.io.example.com/v2/auth"));
        assert!(!belongs("quay.io", "https://quay.io:444/v2/auth"));
        assert!(!belongs("quay.io", "https://quay.io@evil.example/v2/auth"));
    }

    #[test]
    fn a_realm_is_https_and_never_leads_inwards() {
        let quay = Registry::parse("quay.io").unwrap();
        let local = Registry::parse("localhost:5000").unwrap();
        assert!(read(&quay, "https://quay.io/v2/auth").is_ok());
        assert!(read(&quay, "http://quay.io/v2/auth").is_err());
        for inner in ["127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:169.254.169.254]", "localhost."] {
            assert!(read(&quay, &format!("https://{inner}/v2/auth")).is_err(), "{inner}");
        }
        assert!(read(&local, "http://localhost:5001/token").is_ok());
        assert!(read(&quay, "not an address").is_err());
    }

    #[test]
    fn what_a_registry_writes_before_the_host_is_not_sent() {
        let quay = Registry::parse("quay.io").unwrap();
        assert_eq!(read(&quay, "https://name:word@quay.io/v2/auth").unwrap().as_str(), "https://quay.io/v2/auth");
    }
}
