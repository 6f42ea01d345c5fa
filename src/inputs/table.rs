//! The table of inputs: one source for the action, the task, the command line and `docs/inputs.md`.

/// A setting that a workflow or a person gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its name in a workflow and, with two dashes before it, on the command line.
    pub name: &'static str,
    /// What holds when it is not given; empty for nothing.
    pub default: &'static str,
    /// The variable that is read when the input is not given.
    pub variable: Option<&'static str>,
    /// Whether its value is secret: it is then no flag, for others can read a program's arguments.
    pub is_secret: bool,
    /// Where it is offered.
    pub hosts: Hosts,
    /// What it does, one sentence.
    pub about: &'static str,
}

/// Where an input is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// By the action, the task and the command line.
    All,
    /// Not by the task: Azure Pipelines has no such thing, or brings it along.
    GitHub,
    /// By the task alone.
    AzurePipelines,
}

const fn input(name: &'static str, default: &'static str, about: &'static str) -> Input {
    Input { name, default, variable: None, is_secret: false, hosts: Hosts::All, about }
}

impl Input {
    const fn or(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }

    const fn only_on(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }
}

/// Every input, in the order in which `docs/inputs.md` shows them.
pub const INPUTS: [Input; 32] = [
    input(
        "registry",
        "",
        "The target registry: its name, login server or resource id; or the host of a registry that is no ACR. Several \
         with commas between them.",
    ),
    input("images-file", "images.txt", "The list of images."),
    input("mode", "auto", "`plan`, `apply`, or `auto`: a pull request plans, everything else applies."),
    input("scope", "auto", "`changed`, `all`, or `auto`: changed lines where there is a base, else the whole list."),
    input("base", "", "The git revision that the list is compared with."),
    input(
        "shard",
        "",
        "`k/n`, such as `2/3`: this job is one of n that share the lines, each its own; n is at most 256, `1/1` is the \
         whole list.",
    ),
    input("overwrite", "allow", "Whether a tag that holds another image may move: `allow` or `refuse`."),
    input(
        "require-reviewed",
        "false",
        "`true` imports only digests that the list pins or that a pull request's plan showed.",
    ),
    input(
        "direct-sources",
        "",
        "Sources that ACR cannot reach, copied by the runner: hosts or `host/path`; `*` stays within one part of the path.",
    ),
    input(
        "check",
        "changed",
        "Which images that are there already are looked into, to repair those with missing parts: `changed`, `all` or `none`.",
    ),
    input(
        "referrers",
        "leave",
        "Whether signatures, attestations and other artifacts that refer to an image travel along: `leave` or `take`.",
    ),
    input("concurrency", "16", "Imports that run at once, 1 to 100; half as many from one source."),
    input("import-deadline", "20", "Minutes that one import may take, 1 to 240."),
    input("tenant-id", "", "The Microsoft Entra tenant.").or("AZURE_TENANT_ID"),
    input("client-id", "", "The application or managed identity that signs in.").or("AZURE_CLIENT_ID"),
    input("client-secret", "", "The application's secret, where it has no federated credential.")
        .or("AZURE_CLIENT_SECRET")
        .secret(),
    input("subscription-id", "", "The subscription to look for the registry in.").or("AZURE_SUBSCRIPTION_ID"),
    input("cloud", "public", "`public`, `usgovernment` or `china`."),
    input("docker-username", "", "The user for Docker Hub.").or("DOCKER_USERNAME"),
    input("docker-password", "", "The access token for Docker Hub; sent to Docker Hub and to Azure's import only.")
        .or("DOCKER_PASSWORD")
        .secret(),
    input("credentials", "", "Credentials for other sources, one `host[/path] username password-or-$VARIABLE` a line.")
        .or("ACR_SYNC_CREDENTIALS")
        .secret(),
    input("plan-file", "", "Where to write the plan as JSON."),
    input("result-file", "", "Where to write the result as JSON."),
    input("sarif-file", "", "Where to write what is wrong with lines as SARIF, for code scanning."),
    input("log", "text", "`json` writes the log as JSON, one object a line, for programs that collect logs.")
        .or("ACR_SYNC_LOG"),
    input(
        "reviewed-plan",
        "",
        "A plan file that was reviewed: what it lists may be removed, and its digests are compared with what is imported.",
    ),
    input("github-token", "", "The token that reads the repository and posts the plan to the pull request.")
        .or("GITHUB_TOKEN")
        .only_on(Hosts::GitHub)
        .secret(),
    input(
        "check-run",
        "true",
        "`false` leaves out the check run, which has a remark on every line and needs `checks: write`.",
    )
    .only_on(Hosts::GitHub),
    input(
        "suggest-pins",
        "false",
        "`true` suggests, on each line of a pull request that names only a tag, to pin what the plan shows.",
    )
    .only_on(Hosts::GitHub),
    input(
        "azure-subscription",
        "",
        "The service connection to Azure Resource Manager that signs in; it brings tenant, client and cloud (Azure \
         Pipelines only).",
    )
    .only_on(Hosts::AzurePipelines),
    input(
        "variables",
        "",
        "The variables that `acr-sync.yaml` names, without their `$`; the step gives them by `env` (Azure Pipelines only).",
    )
    .only_on(Hosts::AzurePipelines),
    input(
        "pr-status",
        "false",
        "`true` posts a status on the pull request, which a branch policy can require (Azure Pipelines only).",
    )
    .only_on(Hosts::AzurePipelines),
];
