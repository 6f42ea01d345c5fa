//! The demo world: two registries, an identity, and the sources that examples are made of.

use super::{Image, Rights, World};
use std::time::Duration;

/// The application that signs in.
pub const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
/// Its secret.
pub const SECRET: &str = "emulator-secret";
/// The managed identity of the machine.
pub const MANAGED_IDENTITY: &str = "66666666-6666-6666-6666-666666666666";
/// An account of Docker Hub: user and password.
pub const HUB_ACCOUNT: (&str, &str) = ("hubuser", "hub-password");
/// The federated subjects that stand for the application.
const SUBJECTS: [&str; 2] = ["repo:contoso/images:pull_request", "repo:contoso/images:ref:refs/heads/main"];

const TWO: [&str; 2] = ["linux/amd64", "linux/arm64"];
const THREE: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

impl World {
    /// Makes the world of the examples in the documentation.
    pub fn demo() -> Self {
        let world = Self::new();
        world.seed_demo();
        world
    }

    /// Puts what the demo world has into this one; what is there already stays.
    pub fn seed_demo(&self) {
        drop(self.azure_registry("contosoacr"));
        let other = self.azure_registry("fabrikamacr").sku("Standard");
        other.put("team/app:1.4.2", &Image::index(TWO).content("team/app 1.4.2"));
        self.identity(CLIENT, SECRET, Rights::contributor());
        for subject in SUBJECTS {
            let issuer = "https://token.actions.githubusercontent.com";
            self.federated_identity(CLIENT, issuer, subject, Rights::contributor());
        }
        self.managed_identity(MANAGED_IDENTITY, Rights::importer());
        self.import_latency(Duration::from_millis(300));
        self.seed_sources();
    }

    /// Puts a registry into this world that ships have a copy of: `fleetacr`, Premium with data endpoints; what is there
    /// already stays.
    pub fn seed_fleet(&self) {
        let fleet = self.azure_registry("fleetacr");
        fleet.data_endpoints();
        for name in ["fleet/app:1.0.0", "fleet/web:2.3.1", "office/wiki:7"] {
            fleet.put(name, &Image::index(TWO).content(name));
        }
    }

    /// Puts the clusters `prod` and `test` into the world: `prod` pulls from `contosoacr` by a private endpoint, and `test`
    /// may not. The application may attach it.
    pub fn seed_cluster(&self) {
        self.identity(CLIENT, SECRET, Rights::contributor().granting());
        let registry = self.azure_registry("contosoacr");
        let cluster = self.cluster("prod");
        let zone = self.private_zone("privatelink.azurecr.io").link(&cluster.network());
        drop(registry.private_endpoint("pe-contosoacr", &cluster.network()).zone(&zone));
        self.grant(&cluster.kubelet(), "AcrPull", &registry.id());
        // One that nobody has attached.
        drop(self.cluster("test"));
    }

    fn seed_sources(&self) {
        let put = |host: &str, repository: &str, tag: &str, image: Image| {
            let image = image.content(&format!("{repository} {tag}"));
            self.source(host).put(&format!("{repository}:{tag}"), &image);
        };
        let kubernetes = || Image::index(TWO).base("distroless").layers(2, 3000);
        for tag in ["v1.10.4", "v1.11.1", "v1.11.2"] {
            put("registry.k8s.io", "ingress-nginx/controller", tag, kubernetes());
        }
        for tag in ["v1.4.1", "v1.4.3"] {
            put("registry.k8s.io", "ingress-nginx/kube-webhook-certgen", tag, kubernetes());
        }
        for part in ["controller", "webhook", "cainjector"] {
            for tag in ["v1.15.2", "v1.15.3"] {
                let image = Image::index(THREE).base("static").docker();
                put("quay.io", &format!("jetstack/cert-manager-{part}"), tag, image);
            }
        }
        drop(self.source("docker.io").account(HUB_ACCOUNT.0, HUB_ACCOUNT.1));
        for tag in ["latest", "2024.8.2"] {
            put("docker.io", "cloudflare/cloudflared", tag, Image::index(TWO).with_attestations());
        }
        for tag in ["1.26", "1.27"] {
            put(
                "docker.io",
                "library/nginx",
                tag,
                Image::index(THREE).base("debian").layers(3, 2000).with_attestations(),
            );
        }
        for tag in ["3.19", "3.20"] {
            put("docker.io", "library/alpine", tag, Image::index(THREE).docker());
        }
        for tag in ["8.0", "9.0"] {
            put("mcr.microsoft.com", "dotnet/runtime", tag, Image::index(TWO).base("debian").docker());
        }
        for tag in ["6.6.3", "6.7.0"] {
            put("ghcr.io", "stefanprodan/podinfo", tag, Image::index(TWO).with_attestations());
        }
    }
}
