//! An in-process stand-in for Azure Container Registry, Azure Resource Manager, Entra sign-in, the public source
//! registries, GitHub and Azure DevOps, for the demo, for the tests, and for other programs: the Azure CLI, skopeo and docker can use it.
//!
//! It is an HTTP proxy on a loopback port that ends TLS with a throwaway authority, so that its clients keep the
//! true host names. Nothing ever goes out to the internet. It shares no code with the clients it is there to check.
//!
//! "Section N" in the comments of this module means a section of the project's reference on Azure Container
//! Registry; `acr#N`, `azure-cli#N` and the like are issues of the repositories on GitHub.

mod acr;
mod answer;
mod azure_devops;
mod azure_registry;
mod built;
mod call;
mod certificate;
mod content;
mod crowd;
mod distribution;
mod edge;
mod entra;
mod estate;
mod fault;
mod fetch;
mod filesystem;
mod gather;
mod github;
mod hosts;
mod identity;
mod image;
mod import;
mod layer;
mod listener;
mod managed_identity;
mod manifest;
mod policies;
mod repository;
mod resource_manager;
mod samples;
mod seen;
mod serve;
mod socket;
mod source;
mod source_token;
mod spool;
mod state;
mod storage;
mod strike;
mod tasks;
mod throttle;
mod token;
mod world;

#[cfg(test)]
mod tests;

pub use azure_devops::{
    AZURE_DEVOPS_CONNECTION, AZURE_DEVOPS_TOKEN, AzureRepository, ServiceConnection, Status, Thread,
};
pub use azure_registry::AzureRegistry;
pub use edge::Synchronised;
pub use estate::{Cluster, Network, PrivateEndpoint, Zone};
pub use fault::{Fault, Part};
pub use filesystem::Node;
pub use github::{
    CheckAnnotation, CheckRun, Comment, GITHUB_ENTERPRISE, GITHUB_TOKEN, GitHubRepository, OidcRequest, PullRequest,
    ReviewComment, TreeEntry, WorkflowRun,
};
pub use identity::Rights;
pub use image::Image;
pub use import::Import;
pub use samples::{CLIENT, HUB_ACCOUNT, MANAGED_IDENTITY, SECRET};
pub use seen::Seen;
pub use serve::{Options, serve};
pub use source::{Source, SourceAuth};
pub use tasks::RunSeen;
pub use world::{GROUP, SUBSCRIPTION, TENANT, World};

use certificate::Authority;
use listener::Shared;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// A running stand-in. It stops when it is dropped.
pub struct Emulator {
    address: SocketAddr,
    authority: Arc<Authority>,
    world: World,
    tasks: [JoinHandle<()>; 2],
    /// Connections end when this goes.
    _stop: watch::Sender<()>,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(world: World) -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), world).await
    }

    /// Starts at an address; port 0 is any free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn start_at(address: SocketAddr, world: World) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let authority = Arc::new(Authority::new()?);
        let outside = fetch::outside_client();
        let (stop, alive) = watch::channel(());
        let shared = Shared { world: world.clone(), authority: Arc::clone(&authority), address, outside, alive };
        let tasks = [tokio::spawn(listener::listen(listener, shared)), tokio::spawn(keep(world.clone()))];
        Ok(Self { address, authority, world, tasks, _stop: stop })
    }

    /// Returns the address for `HTTPS_PROXY` and `HTTP_PROXY`.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address of the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the certificate that clients must trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// Returns the world that is served.
    pub fn world(&self) -> &World {
        &self.world
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Saves the world now and then; a world without a directory has nothing to save.
async fn keep(world: World) {
    while world.is_kept() {
        tokio::time::sleep(Duration::from_millis(200)).await;
        // The next round tries again; the end of the world tells nobody either.
        drop(world.save());
    }
}
