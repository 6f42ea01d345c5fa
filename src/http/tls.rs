//! Whom we trust: the embedded authorities, and those that the machine names.

use super::Way;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// A setting of the way to the world that cannot be used. The owner of the workflow mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// `SSL_CERT_FILE` or a file of `SSL_CERT_DIR` cannot be read.
    #[error("the certificates in `{0}` cannot be read: {1}")]
    File(String, String),
    /// `HTTPS_PROXY` or `HTTP_PROXY` is no address.
    #[error("the proxy `{0}` is no address of the form `http://host:port`")]
    Proxy(String),
    /// The client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(String),
}

/// Returns the TLS settings: Mozilla's roots (an image `FROM scratch` has no store) and those of the machine.
pub(super) fn config(way: &Way) -> Result<ClientConfig, RootError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(file) = &way.root_file {
        roots.add_parsable_certificates(certificates(file)?);
    }
    if let Some(text) = &way.roots {
        let given: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        roots.add_parsable_certificates(given.map_err(|error| unreadable(Path::new("the given text"), &error))?);
    }
    if let Some(folder) = &way.root_folder {
        let files = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        for file in files.filter_map(Result::ok) {
            // A folder of authorities also holds links by hash and other files: what is no certificate is passed over.
            if let Ok(certificates) = certificates(&file.path()) {
                roots.add_parsable_certificates(certificates);
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RootError::Client(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns the same settings for connections that speak HTTP/1.1 only.
pub(super) fn http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, RootError> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, &error))?.collect();
    certificates.map_err(|error| unreadable(file, &error))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> RootError {
    RootError::File(path.display().to_string(), error.to_string())
}

/// A proxy's address may carry a password: it is not shown.
pub(super) fn without_userinfo(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, host)) => host.to_owned(),
        None => address.to_owned(),
    }
}
