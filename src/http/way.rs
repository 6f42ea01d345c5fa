//! Way: how requests reach the world, through which proxies and trusting whom.

use super::{Ledger, Retry, RootError, tls};
use std::time::Duration;

/// How requests reach the world.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// The proxy for `https` addresses (`HTTPS_PROXY`).
    pub https_proxy: Option<String>,
    /// The proxy for `http` addresses (`HTTP_PROXY`).
    pub http_proxy: Option<String>,
    /// Hosts that are reached without a proxy (`NO_PROXY`), beside this machine and its metadata service.
    pub no_proxy: Option<String>,
    /// A file of certificates in PEM form that are trusted beside the embedded ones (`SSL_CERT_FILE`).
    pub root_file: Option<std::path::PathBuf>,
    /// A folder of such files (`SSL_CERT_DIR`).
    pub root_folder: Option<std::path::PathBuf>,
    /// Certificates in PEM form that are trusted beside all others.
    pub roots: Option<String>,
    /// Whether a stand-in is behind the proxies, which serves this machine's own addresses too.
    pub is_stand_in: bool,
    /// Back-off and patience.
    pub retry: Retry,
    /// Where requests are noted.
    pub ledger: Ledger,
}

/// What is never meant for a proxy: this machine, whose registries are sent their passwords in the clear, and the
/// metadata service, which tells each machine its own identity (Azure Instance Metadata Service, "Proxies").
const OWN: &str = "localhost,127.0.0.0/8,::1,169.254.169.254";

impl Way {
    /// Returns a client that goes this way, before its time-outs for reading.
    pub(super) fn builder(&self, tls: rustls::ClientConfig) -> Result<reqwest::ClientBuilder, RootError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("acr-sync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // Redirects are followed here, because a credential must not follow them.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tls_backend_preconfigured(tls);
        let given = self.no_proxy.as_deref().unwrap_or_default();
        let own = if self.is_stand_in { "" } else { OWN };
        let direct = reqwest::NoProxy::from_string(&format!("{given},{own}"));
        for (address, proxy) in [
            (&self.https_proxy, reqwest::Proxy::https as fn(String) -> reqwest::Result<reqwest::Proxy>),
            (&self.http_proxy, reqwest::Proxy::http),
        ] {
            if let Some(address) = address {
                let proxy = proxy(address.clone()).map_err(|_| RootError::Proxy(tls::without_userinfo(address)))?;
                builder = builder.proxy(proxy.no_proxy(direct.clone()));
            }
        }
        Ok(builder)
    }
}
