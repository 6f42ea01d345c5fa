//! The command `acr-sync emulator`: the stand-in as a service for other programs.

use super::{
    AZURE_DEVOPS_CONNECTION, AZURE_DEVOPS_TOKEN, CLIENT, Emulator, GITHUB_ENTERPRISE, GITHUB_TOKEN, SECRET, TENANT,
    World,
};
use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// How the emulator is served.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port on 127.0.0.1; 0 is any free one.
    pub port: u16,
    /// Where registries are kept from one run to the next; in memory when absent.
    pub data: Option<PathBuf>,
    /// Where the CA certificate is written; a file beside the port file, or in the temporary directory, when absent.
    pub ca_file: Option<PathBuf>,
    /// Where the port is written once the emulator answers.
    pub port_file: Option<PathBuf>,
    /// How long an import takes; 300 ms when absent.
    pub import_latency: Option<Duration>,
    /// The `Retry-After` of an import's polls, in seconds; 10 when absent, as the service answers.
    pub poll_retry_after: Option<u64>,
}

/// Serves the demo world until it is interrupted or terminated, and tells how to reach it.
///
/// # Errors
/// When the port or a file cannot be had.
pub async fn serve(options: Options, mut out: impl Write) -> anyhow::Result<()> {
    let world = match &options.data {
        Some(dir) => World::with_data(dir)?,
        None => World::new(),
    };
    world.seed_demo();
    world.seed_fleet();
    world.seed_github();
    world.seed_azure_devops();
    world.seed_cluster();
    if let Some(latency) = options.import_latency {
        world.import_latency(latency);
    }
    if let Some(seconds) = options.poll_retry_after {
        world.poll_retry_after(seconds);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let emulator = Emulator::start_at(address, world).await?;
    let port = emulator.address().port();
    let beside = options.port_file.as_ref().map(|file| file.with_extension("ca.pem"));
    let ca_file = options.ca_file.or(beside);
    let ca_file = ca_file.unwrap_or_else(|| std::env::temp_dir().join(format!("acr-sync-emulator-{port}.pem")));
    std::fs::write(&ca_file, emulator.ca_pem())?;
    write!(out, "{}", instructions(&emulator.proxy_url(), &std::path::absolute(&ca_file)?.display().to_string()))?;
    out.flush()?;
    // The port comes last: who waits for its file finds everything else in place.
    if let Some(file) = &options.port_file {
        super::content::write_atomically(file, port.to_string().as_bytes())?;
    }
    stopped().await?;
    emulator.world().save()?;
    Ok(())
}

fn instructions(proxy: &str, ca_file: &str) -> String {
    format!(
        "# An Azure Container Registry that is only here. Point programs at it:\n\
         export HTTPS_PROXY={proxy}\n\
         export HTTP_PROXY={proxy}\n\
         export SSL_CERT_FILE={ca_file}\n\
         export REQUESTS_CA_BUNDLE={ca_file}\n\
         export AZURE_TENANT_ID={TENANT}\n\
         export AZURE_CLIENT_ID={CLIENT}\n\
         export AZURE_CLIENT_SECRET={SECRET}\n\
         # For example:\n\
         #   az login --service-principal -u $AZURE_CLIENT_ID -p $AZURE_CLIENT_SECRET --tenant $AZURE_TENANT_ID\n\
         #   az acr import -n contosoacr --source quay.io/jetstack/cert-manager-controller:v1.15.2\n\
         # GitHub is here too, with pull request 7 of contoso/images, and so is the Enterprise Server {GITHUB_ENTERPRISE}:\n\
         #   curl --cacert $SSL_CERT_FILE --oauth2-bearer {GITHUB_TOKEN} \\\n\
         #     https://api.github.com/repos/contoso/images/pulls/7\n\
         # and Azure DevOps, with pull request 7 of https://dev.azure.com/contoso/images/_git/images, the job's token\n\
         # {AZURE_DEVOPS_TOKEN} and the service connection {AZURE_DEVOPS_CONNECTION}\n"
    )
}

async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
