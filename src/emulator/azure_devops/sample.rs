//! The project of the examples: a list, a pull request to it, and a service connection.

use crate::emulator::{CLIENT, Rights, World};

/// The access token of a job in the project of the examples.
pub const AZURE_DEVOPS_TOKEN: &str = "emulator-azure-devops-token";
/// The id of the service connection of the examples.
pub const AZURE_DEVOPS_CONNECTION: &str = "000000d0-0000-4000-8000-000000000001";

const BASE: &str = "quay.io/jetstack/cert-manager-controller:v1.15.2 => jetstack/cert-manager-controller\n";
const ADDED: &str = "registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller\n";

impl World {
    /// Puts the repository of the examples into the project `images` of `https://dev.azure.com/contoso/`, under commits
    /// that are `1`, `2` and `3` forty times: the base, the head of pull request 7 and its trial merge. Build 502 of
    /// pipeline 12 runs.
    pub fn seed_azure_devops(&self) {
        let repository = self.azure_devops("contoso", "images", "images");
        let [base, head, merge] = ["1", "2", "3"].map(|digit| digit.repeat(40));
        let after = format!("{BASE}{ADDED}");
        repository.commit_as(&base, &[], [("images.txt", BASE)]);
        repository.commit_as(&head, &[&base], [("images.txt", after.as_str())]);
        repository.commit_as(&merge, &[&base, &head], [("images.txt", after.as_str())]);
        repository.branch("main", &base);
        repository.pull_request(7, &head, Some(&merge));
        // Build 501, which applied the base, and build 502, which runs for the merge.
        repository.build("refs/heads/main", "IndividualCI", &base, Some("succeeded"));
        repository.build("refs/heads/main", "IndividualCI", &merge, None);
        repository.token(AZURE_DEVOPS_TOKEN, &["read", "contribute", "builds"]);
        let connection = repository.service_connection("acr-import");
        self.federated_identity(CLIENT, &connection.issuer, &connection.subject, Rights::contributor());
    }
}
