//! Connected registries, scope maps and tokens: what is taken, what is refused, and how it is told.

use super::client::{Client, header};
use crate::emulator::{CLIENT, GROUP, Rights, SECRET, SUBSCRIPTION, World};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const VERSION: &str = "api-version=2025-11-01";

struct Arm {
    client: Client,
    token: String,
}

impl Arm {
    async fn new(rights: Rights) -> Self {
        let world = World::demo();
        world.azure_registry("contosoacr").data_endpoints();
        world.identity(CLIENT, SECRET, rights);
        world.poll_retry_after(0);
        let client = Client::of(world).await;
        let token = client.arm_token().await;
        Self { client, token }
    }

    fn id(path: &str) -> String {
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.ContainerRegistry/registries/contosoacr/{path}"
        )
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Response {
        let url = format!("https://management.azure.com{}?{VERSION}", Self::id(path));
        self.client.http.request(method, url).bearer_auth(&self.token).json(body).send().await.unwrap()
    }

    async fn get(&self, url: &str) -> Response {
        self.client.http.get(url).bearer_auth(&self.token).send().await.unwrap()
    }

    /// Puts a resource and waits for the operation.
    async fn put(&self, path: &str, body: Value) {
        let answer = self.ask(Method::PUT, path, &json!({"properties": body})).await;
        assert_eq!(answer.status(), 201, "{path}: {}", answer.text().await.unwrap());
        self.wait(&header(&answer, "azure-asyncoperation")).await;
    }

    async fn wait(&self, url: &str) {
        loop {
            let told: Value = self.get(url).await.json().await.unwrap();
            if told["status"] == "Succeeded" {
                return;
            }
            assert_eq!(told["status"], "InProgress");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    async fn refusal(&self, method: Method, path: &str, body: Value) -> String {
        let answer = self.ask(method, path, &json!({"properties": body})).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        format!(
            "{} {}: {}",
            status.as_u16(),
            body["error"]["code"].as_str().unwrap_or_default(),
            body["error"]["message"]
        )
    }

    async fn sync(&self, name: &str) -> Value {
        let gateway = ["config/read", "config/write", "message/read", "message/write"];
        let actions = gateway.map(|action| format!("gateway/{name}/{action}"));
        self.put(&format!("scopeMaps/{name}"), json!({"actions": actions})).await;
        self.put(&format!("tokens/{name}"), json!({"scopeMapId": Self::id(&format!("scopeMaps/{name}"))})).await;
        json!({"mode": "readonly", "parent": {"syncProperties": {
            "tokenId": Self::id(&format!("tokens/{name}")), "schedule": "0 9 * * *", "messageTtl": "P2D", "syncWindow": "PT3H"}}})
    }
}

#[tokio::test]
async fn a_change_is_accepted_told_of_and_then_there() {
    let arm = Arm::new(Rights::contributor()).await;
    let body = json!({"properties": {"actions": ["repositories/fleet/app/content/read"]}});
    let answer = arm.ask(Method::PUT, "scopeMaps/the-map", &body).await;
    let operation = header(&answer, "azure-asyncoperation");
    let early: Value = answer.json().await.unwrap();
    assert_eq!(early["properties"]["provisioningState"], "Creating");
    // The address is signed: another operation's is no use.
    assert_eq!(arm.get(&operation.replace("&h=", "&h=x")).await.status(), 400);
    arm.wait(&operation).await;
    let there: Value = arm.ask(Method::GET, "scopeMaps/THE-MAP", &Value::Null).await.json().await.unwrap();
    assert_eq!((&there["name"], &there["properties"]["provisioningState"]), (&"the-map".into(), &"Succeeded".into()));
    // Actions replace the whole list; what a PATCH leaves out stays.
    let patch = json!({"properties": {"actions": ["gateway/vessel-1/config/read"]}});
    arm.wait(&header(&arm.ask(Method::PATCH, "scopeMaps/the-map", &patch).await, "azure-asyncoperation")).await;
    assert_eq!(
        arm.client.world().azure_registry("contosoacr").scope_map("the-map").unwrap(),
        ["gateway/vessel-1/config/read"]
    );
    let removed = arm.ask(Method::DELETE, "scopeMaps/the-map", &Value::Null).await;
    assert_eq!(
        (removed.status().as_u16(), header(&removed, "location").contains("/operationResults/scopemaps-")),
        (202, true)
    );
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    assert_eq!(arm.ask(Method::GET, "scopeMaps/the-map", &Value::Null).await.status(), 404);
    assert_eq!(arm.ask(Method::DELETE, "scopeMaps/the-map", &Value::Null).await.status(), 204);
}

#[tokio::test]
async fn what_the_service_does_not_take_is_refused() {
    let arm = Arm::new(Rights::contributor()).await;
    let map = |actions: Value| json!({"actions": actions});
    for (path, body, expected) in [
        ("scopeMaps/m", map(json!([])), "400 InvalidRequest"),
        ("scopeMaps/the-map", json!({}), "'actions' is required"),
        // The names of some official samples.
        (
            "scopeMaps/the-map",
            map(json!(["repositories/a/contentRead"])),
            "action 'repositories/a/contentRead' is invalid",
        ),
        ("scopeMaps/the-map", map(json!(["repositories/fleet/*/content/read"])), "is invalid"),
        ("scopeMaps/the-map", map(json!(["repositories/A/content/read"])), "is invalid"),
        ("scopeMaps/the-map", map(json!(["gateway/Vessel-1/config/read"])), "is invalid"),
        (
            "scopeMaps/the-map",
            map((0..501).map(|n| json!(format!("repositories/r{n}/content/read"))).collect()),
            "more than the maximum of 500",
        ),
        ("scopeMaps/_repositories_pull", map(json!([])), "400 InvalidRequest"),
        ("tokens/the-token", json!({"scopeMapId": Arm::id("scopeMaps/none")}), "400 ScopeMapNotFound"),
        (
            "tokens/the-token",
            json!({"scopeMapId": Arm::id("scopeMaps/_repositories_pull"), "status": "off"}),
            "token status 'off'",
        ),
    ] {
        let refusal = arm.refusal(Method::PUT, path, body.clone()).await;
        assert!(refusal.contains(expected), "{path} {body}: {refusal}");
    }
    let good = arm.sync("vessel-1").await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    for (body, expected) in [
        (with(&|it| it["mode"] = json!("Mirrored")), "The mode 'mirrored' is invalid"),
        (with(&|it| it["parent"]["syncProperties"]["tokenId"] = json!(Arm::id("tokens/none"))), "400 TokenNotFound"),
        (with(&|it| it["parent"]["syncProperties"]["schedule"] = json!("@hourly")), "no cron expression"),
        (with(&|it| it["parent"]["syncProperties"]["syncWindow"] = json!("PT30M")), "'PT30M' of 'syncWindow'"),
        (with(&|it| it["parent"]["syncProperties"]["messageTtl"] = json!("P91D")), "'P91D' of 'messageTtl'"),
        (with(&|it| it["parent"]["id"] = json!(Arm::id("connectedRegistries/none"))), "400 ParentNotFound"),
        (with(&|it| it["clientTokenIds"] = json!([Arm::id("tokens/none")])), "400 TokenNotFound"),
        (with(&|it| it["notificationsList"] = json!(["fleet/app"])), "notification"),
    ] {
        let refusal = arm.refusal(Method::PUT, "connectedRegistries/vessel-1", body.clone()).await;
        assert!(refusal.contains(expected), "{body}: {refusal}");
    }
    // The token of one is no good for another: its map has no messages of that.
    let refusal = arm.refusal(Method::PUT, "connectedRegistries/vessel-2", good.clone()).await;
    assert!(refusal.starts_with("400 ScopeMapActionMissing"), "{refusal}");
    arm.put("connectedRegistries/vessel-1", good.clone()).await;
    let refusal = arm.refusal(Method::DELETE, "tokens/vessel-1", Value::Null).await;
    assert!(refusal.starts_with("409 ResourceInUse"), "{refusal}");
    let mut below = arm.sync("cabin-1").await;
    below["parent"]["id"] = json!(Arm::id("connectedRegistries/vessel-1"));
    let refusal = arm.refusal(Method::PUT, "connectedRegistries/cabin-1", below).await;
    assert!(
        refusal.contains("The sync scope map of 'vessel-1' lacks the action 'gateway/cabin-1/config/read'"),
        "{refusal}"
    );
    for sku in ["Basic", "Standard"] {
        drop(arm.client.world().azure_registry("contosoacr").sku(sku));
        let refusal = arm.refusal(Method::PUT, "connectedRegistries/vessel-1", good.clone()).await;
        assert!(refusal.starts_with("400 FeatureNotSupported"), "{refusal}");
    }
}

#[tokio::test]
async fn a_role_allows_what_it_says() {
    let arm = Arm::new(Rights::reader()).await;
    assert_eq!(arm.ask(Method::GET, "scopeMaps", &Value::Null).await.status(), 200);
    for (method, path) in [
        (Method::PUT, "scopeMaps/the-map"),
        (Method::PATCH, "tokens/the-token"),
        (Method::DELETE, "connectedRegistries/vessel-1"),
        (Method::POST, "connectedRegistries/vessel-1/deactivate"),
        (Method::POST, "generateCredentials"),
    ] {
        let refusal = arm.refusal(method, path, json!({})).await;
        assert!(refusal.starts_with("403 AuthorizationFailed"), "{path}: {refusal}");
    }
    let arm = Arm::new(Rights::importer()).await;
    assert_eq!(arm.ask(Method::GET, "connectedRegistries", &Value::Null).await.status(), 403);
}

#[tokio::test]
async fn a_password_is_shown_once_and_only_listed_ones_stay() {
    let arm = Arm::new(Rights::contributor()).await;
    arm.put("scopeMaps/the-map", json!({"actions": ["repositories/a/content/read"]})).await;
    arm.put("tokens/the-token", json!({"scopeMapId": Arm::id("scopeMaps/the-map")})).await;
    let made = arm.ask(Method::POST, "generateCredentials", &json!({"tokenId": Arm::id("tokens/the-token")})).await;
    assert_eq!(made.status(), 202);
    let location = header(&made, "location");
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let shown: Value = arm.get(&location).await.json().await.unwrap();
    let values: Vec<_> = (0..2).map(|at| shown["passwords"][at]["value"].as_str().unwrap().to_owned()).collect();
    let registry = arm.client.world().azure_registry("contosoacr");
    assert!(values.iter().all(|value| registry.is_password("the-token", value)));
    let there: Value = arm.ask(Method::GET, "tokens/the-token", &Value::Null).await.json().await.unwrap();
    assert!(values.iter().all(|value| !there.to_string().contains(value.as_str())));
    let kept = json!({"properties": {"credentials": {"passwords": [{"name": "password2"}]}}});
    arm.wait(&header(&arm.ask(Method::PATCH, "tokens/the-token", &kept).await, "azure-asyncoperation")).await;
    assert!(!registry.is_password("the-token", &values[0]) && registry.is_password("the-token", &values[1]));
    let off = json!({"properties": {"status": "disabled"}});
    arm.wait(&header(&arm.ask(Method::PATCH, "tokens/the-token", &off).await, "azure-asyncoperation")).await;
    assert!(!registry.is_password("the-token", &values[1]));
}
