//! Whether a cluster can pull, fault by fault: what is wrong is named with the command that mends it.

use crate::scenario::{NGINX, Scenario, image};
use acr_sync::{
    app,
    azure::{self, Arm},
    credential,
    emulator::{
        AzureRegistry, CLIENT, Cluster, Emulator, Image, PrivateEndpoint, Rights, SECRET, SUBSCRIPTION, TENANT, World,
        Zone,
    },
    http::{Http, Way},
    images,
    images::ImageList,
    inputs::{Env, Inputs},
    problem::{Problem, Side},
    pull_check::{Grade, PullCheck, Remark, Topic},
    registry::{Client, Login, Logins},
    settings,
    upkeep::{self, Asked, Clients, ControlPlane, Finding, Gravity},
};

const ZONE: &str = "privatelink.azurecr.io";
const NAME: &str = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]";

/// A registry that is open to all, and a cluster that is attached to it.
struct Ward {
    world: World,
    registry: AzureRegistry,
    cluster: Cluster,
    list: &'static str,
    repositories: &'static [&'static str],
}

/// A registry that only its private endpoint leads to, in the cluster's network.
struct Private {
    ward: Ward,
    endpoint: PrivateEndpoint,
    zone: Zone,
}

impl Ward {
    fn new() -> Self {
        let world = World::new();
        let registry = world.azure_registry("contosoacr");
        let everything = format!("/subscriptions/{SUBSCRIPTION}");
        world.identity(CLIENT, SECRET, Rights::importer().reading([everything]));
        let cluster = world.cluster("prod");
        world.grant(&cluster.kubelet(), "AcrPull", &registry.id());
        Self { world, registry, cluster, list: "", repositories: &[] }
    }

    fn private() -> Private {
        let ward = Self::new();
        ward.registry.public_access(false);
        let zone = ward.world.private_zone(ZONE).link(&ward.cluster.network());
        let endpoint = ward.registry.private_endpoint("pe-acr", &ward.cluster.network()).zone(&zone);
        Private { ward, endpoint, zone }
    }

    /// Takes its grant away.
    fn detached(self) -> Self {
        self.world.revoke(&self.cluster.kubelet());
        self
    }

    fn pulls(self, list: &'static str) -> Self {
        Self { list, ..self }
    }

    async fn examine(&self) -> Vec<Remark> {
        let (inputs, _emulator) = self.inputs().await;
        let repositories = self.repositories.iter().map(|pattern| pattern.parse_glob()).collect();
        let check = PullCheck { repositories, ..PullCheck::of(self.cluster.id().parse().unwrap()) };
        let list = images::parse(self.list.as_bytes(), None).list;
        app::examine(&inputs, &[check], &list).await.unwrap().remarks
    }

    async fn inputs(&self) -> (Inputs, Emulator) {
        let emulator = Emulator::start(self.world.clone()).await.unwrap();
        let mut env = Env::default();
        env.set_input("registry", "contosoacr");
        for (name, value) in [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)]
        {
            env.set_variable(name, value);
        }
        let mut inputs = Inputs::read(&env).unwrap();
        inputs.way = Way {
            https_proxy: Some(emulator.proxy_url()),
            is_stand_in: true,
            http_proxy: Some(emulator.proxy_url()),
            roots: Some(emulator.ca_pem().to_owned()),
            ..Way::default()
        };
        (inputs, emulator)
    }

    /// Makes the upkeep's plan for a list and settings, beside those before them.
    async fn upkeep(&self, list: &str, settings: &str, before: Option<&str>) -> Vec<Finding> {
        let (clients, _emulator) = self.clients().await;
        self.upkeep_of(&clients, list, settings, before).await
    }

    async fn clients(&self) -> (Clients, Emulator) {
        let (inputs, emulator) = self.inputs().await;
        let http = Http::new(&inputs.way).unwrap();
        let credential = credential::azure(&inputs.identity, &http, &inputs.cloud).await.unwrap();
        let arm = Arm::new(http.clone(), credential.clone(), inputs.cloud.clone());
        let target = azure::find(&arm, inputs.registries.first().unwrap(), None).await.unwrap();
        let registry = target.login_server.clone();
        let mut logins = Logins::default();
        logins.add(registry.clone(), "", Login::Azure(credential));
        let clients = Clients {
            registries: Client::new(http, logins),
            door: Ok(()),
            azure: Some(ControlPlane { arm, target }),
            registry,
            layers: Default::default(),
            secrets: Default::default(),
        };
        (clients, emulator)
    }

    async fn upkeep_of(&self, clients: &Clients, list: &str, settings: &str, before: Option<&str>) -> Vec<Finding> {
        let run = Box::pin(Scenario::plan(list).source(NGINX, &image()).run()).await;
        let read = |text: &str| settings::parse(text.as_bytes()).unwrap();
        let (settings, before) = (read(settings), before.map(read));
        let steps = &run.report.plan().unwrap().steps;
        self.world.clear_requests();
        let list = ImageList::default();
        let asked = Asked {
            settings: &settings,
            before: before.as_ref(),
            list: &list,
            removed: &[],
            steps,
            certificates: &std::collections::BTreeMap::new(),
            overwrite: acr_sync::plan::Overwrite::Allow,
            now: time::OffsetDateTime::now_utc(),
        };
        Box::pin(upkeep::plan(&asked, clients)).await.findings
    }

    /// Returns the one remark of a topic that is not good, its sentence and what to do.
    async fn fault(&self, topic: Topic, grade: Grade) -> String {
        let remarks = self.examine().await;
        let faults: Vec<_> = remarks.iter().filter(|it| it.grade != Grade::Good).collect();
        assert_eq!(faults.len(), 1, "{remarks:#?}");
        assert_eq!((faults[0].topic, faults[0].grade), (topic, grade), "{remarks:#?}");
        assert_eq!(faults[0].cluster, "prod");
        let problem = &faults[0].problem;
        format!("{}\n{}", problem.what, problem.hint.as_deref().expect("it says what to do"))
    }

    async fn is_well(&self) {
        let remarks = self.examine().await;
        assert!(remarks.iter().all(|remark| remark.grade == Grade::Good), "{remarks:#?}");
    }
}

trait ParseGlob {
    fn parse_glob(&self) -> acr_sync::reference::Glob;
}

impl ParseGlob for &str {
    fn parse_glob(&self) -> acr_sync::reference::Glob {
        acr_sync::reference::Glob::parse(self).unwrap()
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[tokio::test]
async fn a_cluster_that_pulls_by_a_private_endpoint_is_well() {
    let Private { ward, .. } = Ward::private();
    let remarks = ward.examine().await;
    assert!(remarks.iter().all(|remark| remark.grade == Grade::Good), "{remarks:#?}");
    let told: Vec<_> = remarks.iter().map(|remark| remark.problem.what.as_str()).collect();
    assert!(told[0].starts_with("a private cluster in westeurope; it pulls as 7777"), "{told:?}");
    assert_eq!(told[1], "the kubelet identity has *AcrPull*");
    assert_eq!(
        told[2],
        "contosoacr.azurecr.io leads to the private endpoint `pe-acr` (10.1.0.5), and so do its data names for 1 region"
    );
    let management = ward.world.requests().iter().filter(|seen| seen.host == "management.azure.com").count();
    assert!(management <= 12, "{management} requests");
    let requests = ward.world.requests();
    assert!(requests.iter().all(|seen| seen.method == "GET" || seen.host.starts_with("login.")), "it only reads");
}

// The four stories.

#[tokio::test]
async fn unauthorized_ends_with_the_command_that_attaches_the_registry() {
    let ward = Ward::new().detached();
    let fault = ward.fault(Topic::Right, Grade::Bad).await;
    let attach = format!(
        "`az aks update --subscription {SUBSCRIPTION} --resource-group rg-aks --name prod --attach-acr {}`",
        ward.registry.id()
    );
    says(
        &fault,
        &["unauthorized: the kubelet identity 7777", "has no role that lets it pull from contosoacr", &attach],
    );
    ward.world.grant(&ward.cluster.kubelet(), "AcrPull", &ward.registry.id());
    ward.is_well().await;
}

#[tokio::test]
async fn not_found_ends_with_the_nearest_tag() {
    let list = "quay.io/a/app:v2.0.0 => prod/app\nquay.io/a/web:1 => prod/web\nquay.io/a/odd:1 => test/odd\n";
    let mut ward = Ward::new().pulls(list);
    ward.repositories = &["prod/**"];
    ward.registry.put("prod/app:v1.9.0", &Image::index(["linux/amd64"]));
    ward.registry.put("prod/web:1", &Image::index(["linux/amd64"]));
    let fault = ward.fault(Topic::Image, Grade::Bad).await;
    says(
        &fault,
        &[
            "not found: `prod/app:v2.0.0` is not in the registry; nearest tags: v1.9.0",
            "`kubectl set image deployment/NAME '*=contosoacr.azurecr.io/prod/app:v1.9.0'`",
        ],
    );
    ward.registry.put("prod/app:v2.0.0", &Image::index(["linux/amd64"]));
    ward.is_well().await;
}

#[tokio::test]
async fn a_firewall_ends_with_the_rule_that_it_lacks() {
    let ward = Ward::new();
    // This machine's own address, so that the registry's tags can be asked for.
    ward.registry.ip_rules(["203.0.113.7", "20.60.0.0/16"]);
    let fault = ward.fault(Topic::Network, Grade::Bad).await;
    says(
        &fault,
        &[
            "firewall: no rule of contosoacr lets 20.50.0.1 in",
            "`az acr network-rule add --subscription 22222222-2222-2222-2222-222222222222 --name contosoacr --ip-address 20.50.0.1`",
        ],
    );
    ward.registry.ip_rules(["203.0.113.7", "20.50.0.0/24"]);
    ward.is_well().await;
}

#[tokio::test]
async fn a_wrong_registry_is_the_one_that_is_attached_instead() {
    let ward = Ward::new().detached();
    let other = ward.world.azure_registry("fabrikamacr");
    ward.world.grant(&ward.cluster.kubelet(), "AcrPull", &other.id());
    let fault = ward.fault(Topic::Right, Grade::Bad).await;
    says(
        &fault,
        &[
            "wrong registry? It may pull from `fabrikamacr`, which is not contosoacr",
            "--attach-acr",
            "`contosoacr.azurecr.io`",
        ],
    );
}

// Grants.

#[tokio::test]
async fn a_grant_holds_from_above_through_groups_and_over_pages() {
    let ward = Ward::new().detached();
    let (kubelet, group) = (ward.cluster.kubelet(), "88888888-0000-4000-8000-000000000001");
    ward.world.assignment_page(1);
    for role in ["AcrDelete", "Container Registry Repository Reader"] {
        ward.world.grant(&kubelet, role, &ward.registry.id());
    }
    ward.world.member(&kubelet, "88888888-0000-4000-8000-000000000002");
    ward.world.member("88888888-0000-4000-8000-000000000002", group);
    ward.world.grant(group, "AcrPull", &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"));
    let remarks = ward.examine().await;
    assert_eq!(
        remarks[1].problem.what,
        "the kubelet identity has *AcrPull*, inherited from a scope above the registry"
    );
    let pages = ward.world.requests().iter().filter(|seen| seen.path.contains("roleAssignments")).count();
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn acr_pull_gives_nothing_in_abac_mode() {
    let ward = Ward::new().pulls("quay.io/a/app:1 => prod/app\n");
    ward.registry.put("prod/app:1", &Image::index(["linux/amd64"]));
    ward.registry.abac();
    let fault = ward.fault(Topic::Right, Grade::Bad).await;
    let grant =
        format!("--assignee-object-id {} --role 'Container Registry Repository Reader'", ward.cluster.kubelet());
    says(
        &fault,
        &["*AcrPull* on contosoacr, which gives nothing there", "`az aks update --attach-acr` does not help", &grant],
    );
    ward.world.grant(&ward.cluster.kubelet(), "Container Registry Repository Reader", &ward.registry.id());
    ward.is_well().await;
}

#[tokio::test]
async fn a_condition_is_judged_by_the_repositories_that_the_cluster_pulls() {
    let list = "quay.io/a/app:1 => prod/app\nquay.io/a/app:1 => test/app\n";
    let granted = |condition: &str| {
        let ward = Ward::new().detached().pulls(list);
        for name in ["prod/app:1", "test/app:1"] {
            ward.registry.put(name, &Image::index(["linux/amd64"]));
        }
        ward.registry.abac();
        let role = "Container Registry Repository Reader";
        ward.world.grant_if(&ward.cluster.kubelet(), role, &ward.registry.id(), Some(condition));
        ward
    };
    let prod = format!("{NAME} StringStartsWithIgnoreCase 'prod/'");
    says(&granted(&prod).fault(Topic::Right, Grade::Bad).await, &["does not let `test/app` be pulled"]);
    let mut ward = granted(&prod);
    ward.repositories = &["prod/*"];
    ward.is_well().await;
    let odd = granted("@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:x] StringEquals 'y'");
    says(&odd.fault(Topic::Right, Grade::Unchecked).await, &["cannot be judged for `prod/app`, `test/app`"]);
}

#[tokio::test]
async fn old_clusters_and_open_registries_are_told_apart() {
    let ward = Ward::new();
    ward.cluster.service_principal("99999999-1111-4111-8111-111111111111");
    let fault = ward.fault(Topic::Right, Grade::Unchecked).await;
    says(
        &fault,
        &["whose object id only Microsoft Graph knows", "--assignee 99999999-1111-4111-8111-111111111111 --scope /"],
    );

    let ward = Ward::new().detached();
    ward.registry.anonymous_pull();
    ward.is_well().await;
}

// Networks.

#[tokio::test]
async fn a_closed_registry_without_an_endpoint_names_the_command_that_makes_one() {
    let ward = Ward::new();
    ward.registry.public_access(false);
    let remarks = ward.examine().await;
    let fault = remarks.iter().find(|remark| remark.grade == Grade::Bad).unwrap();
    says(&fault.problem.what, &["the public endpoint of contosoacr is off, and it has no private endpoint"]);
    says(
        fault.problem.hint.as_deref().unwrap(),
        &["`az network private-endpoint create", "--vnet-name vnet-prod", ZONE],
    );
}

#[tokio::test]
async fn a_connection_that_waits_is_to_be_approved_and_its_name_is_quoted() {
    for (status, expected) in [
        (
            "Pending",
            "waits for approval\nIf it is yours: `az acr private-endpoint-connection approve --subscription 22222222-2222-2222-2222-222222222222 --registry-name contosoacr --name pe-acr`",
        ),
        ("Rejected", "is `Rejected`\nMake one in the cluster's network"),
    ] {
        let Private { ward, endpoint, .. } = Ward::private();
        endpoint.status(status);
        says(&ward.fault(Topic::Network, Grade::Bad).await, &["firewall: the public endpoint", expected]);
    }
    let ward = Ward::new();
    ward.registry.private_endpoint("pe'$(id)", &ward.cluster.network()).status("Pending");
    let fault = ward.fault(Topic::Network, Grade::Doubtful).await;
    says(&fault, &[r"--registry-name contosoacr --name 'pe'\''$(id)'`"]);
}

#[tokio::test]
async fn a_zone_that_is_not_linked_is_linked() {
    let Private { ward, zone, .. } = Ward::private();
    let network = ward.cluster.network().id();
    ward.world.remove_resource(&format!("{}/virtualNetworkLinks/vnet-prod", zone.id()));
    let fault = ward.fault(Topic::Network, Grade::Bad).await;
    let link = format!("--resource-group rg-aks --zone-name {ZONE} --name vnet-prod --virtual-network {network}`");
    says(
        &fault,
        &[
            "the zone privatelink.azurecr.io is not linked to the cluster's network `vnet-prod`",
            "`az network private-dns link vnet create --registration-enabled false",
            &link,
        ],
    );
    drop(zone.link(&ward.cluster.network()));
    ward.is_well().await;
}

#[tokio::test]
async fn an_endpoint_without_a_zone_gets_one() {
    let ward = Ward::new();
    ward.registry.public_access(false);
    let endpoint = ward.registry.private_endpoint("pe-acr", &ward.cluster.network());
    let fault = ward.fault(Topic::Network, Grade::Bad).await;
    says(
        &fault,
        &[
            "there is no zone",
            "`az network private-dns zone create",
            "`az network private-endpoint dns-zone-group create",
            "--endpoint-name pe-acr",
        ],
    );
    // Names that somebody keeps by hand are found too.
    let zone = ward.world.private_zone(ZONE).link(&ward.cluster.network());
    let fault = ward.fault(Topic::Network, Grade::Bad).await;
    says(
        &fault,
        &[
            "which has no address of the private endpoint `pe-acr` for `contosoacr.azurecr.io`",
            "`az network private-dns record-set a add-record",
            "--record-set-name contosoacr --ipv4-address 10.1.0.5`",
        ],
    );
    endpoint.records(&zone);
    ward.is_well().await;
}

#[tokio::test]
async fn a_replica_without_its_name_works_from_one_region_only() {
    let Private { ward, .. } = Ward::private();
    ward.registry.replica("northeurope");
    let fault = ward.fault(Topic::Network, Grade::Bad).await;
    says(
        &fault,
        &[
            "for `contosoacr.northeurope.data.azurecr.io`: a pull works from other regions only, or not at all",
            "`az network private-endpoint dns-zone-group create",
        ],
    );

    let ward = Ward::new();
    ward.registry.replica("northeurope");
    ward.registry.public_access(false);
    let zone = ward.world.private_zone(ZONE).link(&ward.cluster.network());
    drop(ward.registry.private_endpoint("pe-acr", &ward.cluster.network()).zone(&zone));
    ward.is_well().await;
}

#[tokio::test]
async fn a_record_that_leads_elsewhere_fails_even_where_the_public_endpoint_is_open() {
    let Private { ward, zone, .. } = Ward::private();
    ward.registry.public_access(true);
    zone.record("contosoacr", "10.9.9.9");
    let fault = ward.fault(Topic::Network, Grade::Bad).await;
    says(
        &fault,
        &["`contosoacr.azurecr.io` leads to 10.9.9.9", "which is no address of a private endpoint of the registry"],
    );
    zone.drop_record("contosoacr");
    says(&ward.fault(Topic::Network, Grade::Bad).await, &["has no address of the private endpoint `pe-acr`"]);
}

#[tokio::test]
async fn an_endpoint_in_another_network_takes_a_peering() {
    let ward = Ward::new();
    ward.registry.public_access(false);
    let (hub, spoke) = (ward.world.network("hub"), ward.cluster.network());
    let zone = ward.world.private_zone(ZONE).link(&spoke);
    drop(ward.registry.private_endpoint("pe-acr", &hub).zone(&zone));
    let fault = ward.fault(Topic::Network, Grade::Unchecked).await;
    says(
        &fault,
        &[
            "stands in the network `hub`, with which the cluster's `vnet-prod` has no peering",
            "`az network vnet peering create",
        ],
    );
    spoke.peer(&hub, "Initiated");
    says(
        &ward.fault(Topic::Network, Grade::Bad).await,
        &["the peering `to-hub`", "is not connected", "`az network vnet peering sync"],
    );

    let ward = Ward::new();
    let (hub, spoke) = (ward.world.network("hub"), ward.cluster.network());
    let zone = ward.world.private_zone(ZONE).link(&spoke);
    drop(ward.registry.private_endpoint("pe-acr", &hub).zone(&zone));
    spoke.peer(&hub, "Connected");
    ward.is_well().await;
}

#[tokio::test]
async fn what_only_the_company_knows_is_not_judged() {
    let Private { ward, zone, .. } = Ward::private();
    ward.world.remove_resource(&format!("{}/virtualNetworkLinks/vnet-prod", zone.id()));
    ward.cluster.network().dns_servers(["10.0.0.53"]);
    let fault = ward.fault(Topic::Network, Grade::Unchecked).await;
    says(&fault, &["asks DNS servers of its own", "168.63.129.16"]);

    let ward = Ward::new();
    ward.registry.ip_rules(["203.0.113.7"]);
    ward.cluster.outbound("userDefinedRouting");
    says(
        &ward.fault(Topic::Network, Grade::Unchecked).await,
        &["it goes out by `userDefinedRouting`", "whoever runs the firewall"],
    );
    let ward = Ward::new();
    ward.cluster.outbound("userDefinedRouting");
    let fault = ward.fault(Topic::Network, Grade::Doubtful).await;
    says(
        &fault,
        &[
            "`*.blob.core.windows.net`",
            "`az acr update --data-endpoint-enabled true --subscription 22222222-2222-2222-2222-222222222222 --name contosoacr`",
        ],
    );
    ward.registry.data_endpoints();
    says(&ward.fault(Topic::Network, Grade::Doubtful).await, &["`contosoacr.westeurope.data.azurecr.io`"]);
}

#[tokio::test]
async fn two_endpoints_in_one_network_and_networks_of_azures_own() {
    let Private { ward, zone, .. } = Ward::private();
    drop(ward.registry.private_endpoint("pe-second", &ward.cluster.network()));
    let fault = ward.fault(Topic::Network, Grade::Doubtful).await;
    says(&fault, &["two private endpoints for one registry in one network, `pe-acr` and `pe-second`"]);

    let managed = ward.cluster.managed_network();
    ward.world.remove_resource(&format!("{}/virtualNetworkLinks/vnet-prod", zone.id()));
    says(
        &ward.fault(Topic::Network, Grade::Bad).await,
        &["is not linked to the cluster's network `aks-vnet-12345678`", &managed.id()],
    );
}

// What cannot be asked.

#[tokio::test]
async fn what_cannot_be_asked_names_the_role_that_it_takes() {
    let reading = |scopes: &[String]| Rights::importer().reading(scopes.to_vec());
    let Private { ward, endpoint, zone } = Ward::private();
    let (cluster, registry, network) = (ward.cluster.id(), ward.registry.id(), ward.cluster.network().id());
    let interface = endpoint.interface();
    let all = [cluster.clone(), registry.clone(), network.clone(), endpoint.id(), zone.id(), interface.clone()];
    ward.world.identity(CLIENT, SECRET, reading(&all));
    ward.is_well().await;
    for (missing, topic, role) in [
        (&cluster, Topic::Cluster, "*Reader* on the cluster"),
        (&network, Topic::Network, "*Reader* on the virtual network of the cluster"),
        (&endpoint.id(), Topic::Network, "*Reader* on the private endpoint and its network interface"),
        (&interface, Topic::Network, "*Reader* on the private endpoint and its network interface"),
        (&zone.id(), Topic::Network, "*Reader* on the private DNS zone"),
    ] {
        let scopes: Vec<_> = all.iter().filter(|scope| *scope != missing).cloned().collect();
        ward.world.identity(CLIENT, SECRET, reading(&scopes));
        says(
            &ward.fault(topic, Grade::Unchecked).await,
            &["AuthorizationFailed", &format!("Grant this identity {role}")],
        );
    }
    // Grants and replicas of the registry; each is said alone.
    let scopes: Vec<_> = all.iter().filter(|scope| **scope != registry).cloned().collect();
    ward.world.identity(CLIENT, SECRET, reading(&scopes));
    let remarks = ward.examine().await;
    let unchecked: Vec<_> = remarks.iter().filter(|remark| remark.grade == Grade::Unchecked).collect();
    assert_eq!(unchecked.len(), 2, "{remarks:#?}");
    says(&unchecked[0].problem.what, &["the grants on the registry could not be asked"]);
    says(&unchecked[1].problem.what, &["the replicas of the registry"]);
}

#[tokio::test]
async fn clusters_that_are_gone_or_stopped_are_said() {
    let ward = Ward::new();
    ward.cluster.stop();
    says(&ward.fault(Topic::Cluster, Grade::Doubtful).await, &["which is stopped", "`az aks start --subscription"]);
    ward.world.remove_resource(&ward.cluster.id());
    says(
        &ward.fault(Topic::Cluster, Grade::Bad).await,
        &["there is no cluster `prod` in the group `rg-aks`", "`az aks list --query '[].id' --subscription"],
    );
}

#[tokio::test]
async fn a_closed_data_plane_leaves_the_images_unchecked() {
    let Private { ward, .. } = Ward::private();
    let ward = ward.pulls("quay.io/a/app:1 => prod/app\nquay.io/a/app:1 => prod/web\n");
    says(&ward.fault(Topic::Image, Grade::Unchecked).await, &["the images in the registry could not be asked"]);
}

// Beside a plan.

#[tokio::test]
async fn a_plan_asks_only_for_clusters_that_it_concerns() {
    let ward = Ward::new();
    let cluster = ward.cluster.id();
    let settings = format!("pull-check: [{{ cluster: {cluster}, repositories: [prod/**] }}]\n");
    let (prod, other) = (format!("{NGINX} => prod/nginx"), format!("{NGINX} => other/nginx"));
    let asked = async |list: &str, settings: &str, before: Option<&str>| {
        let findings = ward.upkeep(list, settings, before).await;
        (findings.len(), !ward.world.requests().is_empty())
    };
    assert_eq!(asked(&prod, "", None).await, (0, false), "nothing is stated");
    assert_eq!(asked(&other, &settings, Some(&settings)).await, (0, false), "another repository");
    assert_eq!(asked(&other, &settings, Some("")).await, (3, true), "the cluster is new");
    assert_eq!(asked(&other, &settings, None).await, (3, true), "all that is stated is meant");
    assert_eq!(asked(&prod, &settings, Some(&settings)).await, (3, true), "a repository that it pulls");
}

#[tokio::test]
async fn a_line_that_will_not_be_imported_is_looked_for_and_one_that_will_is_not() {
    let ward = Ward::new().detached();
    ward.registry.put("prod/app:v1.9.0", &image());
    ward.registry.put("prod/held:1", &image());
    let list = format!("{NGINX} => prod/nginx\nquay.io/a/app:v2.0.0 => prod/app\nquay.io/a/held:1 => prod/held\n");
    let settings = format!("pull-check: [{{ cluster: {} }}]\n", ward.cluster.id());
    let findings = ward.upkeep(&list, &settings, None).await;
    let bad: Vec<_> = findings.iter().filter(|finding| finding.gravity == Gravity::Bad).collect();
    assert_eq!(bad.len(), 2, "{findings:#?}");
    assert_eq!((bad[0].subject.as_str(), bad[1].subject.as_str()), ("prod, the right to pull", "prod, the images"));
    says(&bad[1].problem.what, &["not found: `prod/app:v2.0.0`", "nearest tags: v1.9.0"]);
    assert!(findings.iter().all(|finding| finding.section.to_string() == "pull-check"));
}

#[tokio::test]
async fn who_cannot_sign_in_asks_nobody_and_is_told_why() {
    let ward = Ward::new();
    let settings = format!("pull-check: [{{ cluster: {} }}]\n", ward.cluster.id());
    let (mut clients, _emulator) = ward.clients().await;
    clients.azure = None;
    let told = async |clients: &Clients| {
        let findings = ward.upkeep_of(clients, &format!("{NGINX} => a"), &settings, None).await;
        assert!(ward.world.requests().is_empty());
        assert_eq!((findings.len(), findings[0].gravity), (1, Gravity::Unchecked), "{findings:#?}");
        findings[0].problem.what.clone()
    };
    says(&told(&clients).await, &["`contosoacr.azurecr.io` is no Azure Container Registry"]);
    clients.door = Err(Problem::new(Side::Azure, "there is no identity"));
    assert_eq!(told(&clients).await, "there is no identity");
}
