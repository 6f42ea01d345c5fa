//! Clusters, networks and grants as Resource Manager shows them, and to whom.

use super::client::{Client, MANAGEMENT};
use crate::emulator::{CLIENT, Cluster, Rights, SECRET, SUBSCRIPTION, World};
use reqwest::StatusCode;
use serde_json::{Value, json};

const GROUP: &str = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups";

fn world() -> (World, Cluster) {
    let world = World::demo();
    world.seed_cluster();
    let cluster = world.cluster("prod");
    (world, cluster)
}

impl Client {
    async fn arm(&self, path: &str, query: &str) -> (StatusCode, Value) {
        let token = self.arm_token().await;
        let answer = self.get(&format!("{MANAGEMENT}{path}?{query}")).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn count(&self, path: &str, query: &str) -> usize {
        let (status, body) = self.arm(path, query).await;
        assert_eq!(status, StatusCode::OK, "{path} {query} {body}");
        body["value"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn resources_are_read_in_any_case_and_listed_where_they_lie() {
    let (world, cluster) = world();
    let client = Client::of(world).await;
    let (status, body) =
        client.arm(&cluster.id().replace("resourceGroups", "RESOURCEGROUPS"), "api-version=2024-05-01").await;
    assert_eq!((status, body["type"].as_str()), (StatusCode::OK, Some("Microsoft.ContainerService/managedClusters")));
    let (network, zones, registries) = ("api-version=2023-11-01", "api-version=2020-06-01", "api-version=2025-11-01");
    let in_group = |group: &str, path: &str| format!("{GROUP}/{group}/providers/Microsoft.{path}");
    let zone = in_group("rg-aks", "Network/privateDnsZones/privatelink.azurecr.io");
    let registry = in_group("rg-images", "ContainerRegistry/registries/contosoacr");
    for (path, query, expected) in [
        (in_group("rg-aks", "Network/virtualNetworks"), network, 2),
        (in_group("rg-other", "Network/virtualNetworks"), network, 0),
        (format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/privateDnsZones"), zones, 1),
        (format!("{zone}/A"), zones, 2),
        (format!("{zone}/virtualNetworkLinks"), zones, 1),
        (in_group("rg-aks", "Network/privateEndpoints/pe-contosoacr/privateDnsZoneGroups"), network, 1),
        // The home region is one of them.
        (format!("{registry}/replications"), registries, 1),
        (format!("{registry}/privateEndpointConnections"), registries, 1),
    ] {
        assert_eq!(client.count(&path, query).await, expected, "{path}");
    }
}

#[tokio::test]
async fn what_is_absent_or_not_ours_to_see_is_refused() {
    let (world, cluster) = world();
    let client = Client::of(world).await;
    let zone = |name: &str| format!("{GROUP}/rg-aks/providers/Microsoft.Network/privateDnsZones/{name}/A");
    for (path, query, status, code) in [
        (format!("{}x", cluster.id()), "api-version=2024-05-01", StatusCode::NOT_FOUND, "ResourceNotFound"),
        (cluster.id(), "x=y", StatusCode::BAD_REQUEST, "MissingApiVersionParameter"),
        (
            zone("privatelink.azurecr.io"),
            "api-version=2023-11-01",
            StatusCode::BAD_REQUEST,
            "NoRegisteredProviderFound",
        ),
        (zone("none"), "api-version=2020-06-01", StatusCode::NOT_FOUND, "ResourceNotFound"),
    ] {
        let (was, body) = client.arm(&path, query).await;
        assert_eq!((was, body["error"]["code"].as_str()), (status, Some(code)), "{path} {body}");
    }
    client.world().identity(CLIENT, SECRET, Rights::importer().reading([cluster.network().id()]));
    let (status, body) = client.arm(&cluster.id(), "api-version=2024-05-01").await;
    assert_eq!((status, body["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("AuthorizationFailed")));
    // A list shows what is ours to see, and is refused where that is nothing.
    let list = |kind: &str| format!("{GROUP}/rg-aks/providers/Microsoft.Network/{kind}");
    assert_eq!(client.count(&list("virtualNetworks"), "api-version=2023-11-01").await, 1);
    assert_eq!(client.arm(&list("privateEndpoints"), "api-version=2023-11-01").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_filters_of_grants_mean_what_they_say() {
    let (world, cluster) = world();
    let registry = world.azure_registry("contosoacr").id();
    let (kubelet, group) = (cluster.kubelet(), "88888888-0000-4000-8000-000000000001");
    world.member(&kubelet, group);
    world.grant(group, "Reader", &format!("{GROUP}/rg-images"));
    world.grant("88888888-0000-4000-8000-000000000002", "Owner", &format!("/subscriptions/{SUBSCRIPTION}"));
    world.grant(&kubelet, "Reader", &format!("{registry}x"));
    let client = Client::of(world).await;
    let at = |scope: &str| format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
    let (here, above) = (at(&registry), at(&format!("/subscriptions/{SUBSCRIPTION}")));
    let query = |filter: &str| format!("api-version=2022-04-01&$filter={filter}");
    for (path, filter, expected) in [
        (&here, String::new(), 3),
        (&here, "atScope()".to_owned(), 3),
        (&here, format!("atScope() and assignedTo('{kubelet}')"), 2),
        (&here, format!("assignedTo('{group}')"), 1),
        (&here, format!("principalId eq '{kubelet}'"), 1),
        (&above, "atScope()".to_owned(), 1),
        (&above, format!("assignedTo('{kubelet}')"), 3),
    ] {
        assert_eq!(client.count(path, &query(&filter)).await, expected, "{path} {filter}");
    }
    for filter in [&format!("atScope() and principalId eq '{kubelet}'"), "assignedTo('x')", "name eq 'x'"] {
        let (status, body) = client.arm(&here, &query(filter)).await;
        let code = body["error"]["code"].as_str();
        assert_eq!((status, code), (StatusCode::BAD_REQUEST, Some("UnsupportedQuery")), "{filter}");
    }
}

#[tokio::test]
async fn a_grant_is_made_by_who_may_and_once() {
    let (world, cluster) = world();
    let scope = world.azure_registry("contosoacr").id();
    let client = Client::of(world).await;
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
    let put = async |name: &str, body: Value| {
        let url = format!("{MANAGEMENT}{path}/{name}?api-version=2022-04-01");
        let answer = client.http.put(url).bearer_auth(client.arm_token().await).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let name = "99999999-1111-4000-8000-000000000001";
    let grant = |principal: &str| {
        let role =
            "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d";
        json!({"properties": {"roleDefinitionId": role, "principalId": principal}})
    };
    let other = "88888888-0000-4000-8000-000000000003";
    for (name, body, status, code) in [
        (name, grant(&cluster.kubelet()), StatusCode::CONFLICT, "RoleAssignmentExists"),
        (name, grant("somebody"), StatusCode::BAD_REQUEST, "BadRequestFormat"),
        (name, json!({"properties": {"principalId": other}}), StatusCode::BAD_REQUEST, "BadRequestFormat"),
        ("name", grant(other), StatusCode::BAD_REQUEST, "BadRequestFormat"),
        (name, grant(other), StatusCode::CREATED, ""),
    ] {
        assert_eq!(put(name, body.clone()).await, (status, code.to_owned()), "{body}");
    }
    assert_eq!(client.count(&path, &format!("api-version=2022-04-01&$filter=principalId eq '{other}'")).await, 1);
    client.world().identity(CLIENT, SECRET, Rights::contributor());
    assert_eq!(put(name, grant(other)).await, (StatusCode::FORBIDDEN, "AuthorizationFailed".to_owned()));
}

#[tokio::test]
async fn a_zone_is_linked_by_who_may() {
    let (world, cluster) = world();
    let client = Client::of(world).await;
    let zone = |name: &str| format!("{GROUP}/rg-aks/providers/Microsoft.Network/privateDnsZones/{name}");
    let put = async |path: String| {
        let url = format!("{MANAGEMENT}{path}?api-version=2020-06-01");
        let body = json!({"location": "global", "properties": {"virtualNetwork": {"id": cluster.network().id()}}});
        client.http.put(url).bearer_auth(client.arm_token().await).json(&body).send().await.unwrap().status()
    };
    let link = format!("{}/virtualNetworkLinks/a", zone("privatelink.azurecr.io"));
    assert_eq!(put(link.clone()).await, StatusCode::CREATED);
    assert_eq!(put(link.clone()).await, StatusCode::OK);
    assert_eq!(put(format!("{}/virtualNetworkLinks/a", zone("none"))).await, StatusCode::NOT_FOUND);
    assert_eq!(put(cluster.network().id()).await, StatusCode::NOT_FOUND, "networks are only read");
    client.world().identity(CLIENT, SECRET, Rights::importer().reading([GROUP]));
    assert_eq!(put(link).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_rule_of_the_firewall_lets_its_address_in() {
    let client = Client::of(world().0).await;
    let registry = client.world().azure_registry("contosoacr");
    registry.ip_rules(["20.0.0.0/8"]);
    let knock = async || client.get("https://contosoacr.azurecr.io/v2/").send().await.unwrap().status();
    assert_eq!(knock().await, StatusCode::FORBIDDEN);
    registry.ip_rules(["203.0.113.7"]);
    assert_eq!(knock().await, StatusCode::UNAUTHORIZED);
    let (_, body) = client.arm(&registry.id(), "api-version=2025-11-01").await;
    assert_eq!(body["properties"]["networkRuleSet"]["ipRules"][0]["value"].as_str(), Some("203.0.113.7"));
}
