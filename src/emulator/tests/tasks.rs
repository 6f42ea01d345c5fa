//! ACR Tasks at Resource Manager's door and at the storage's: the samples' shapes, and what is refused.

use super::client::{Client, MANAGEMENT, registry_id};
use crate::emulator::{CLIENT, Rights, SECRET, World};
use reqwest::{Method, Response};
use serde_json::{Value, json};

pub(super) struct Arm {
    client: Client,
    token: String,
}

impl Arm {
    pub(super) async fn new(rights: Rights) -> Self {
        let world = World::demo();
        world.identity(CLIENT, SECRET, rights);
        let client = Client::of(world).await;
        let token = client.arm_token().await;
        Self { client, token }
    }

    pub(super) async fn ask_by(&self, version: &str, method: Method, path: &str, body: &Value) -> Response {
        let url = format!("{MANAGEMENT}{}/{path}?api-version={version}", registry_id("contosoacr"));
        self.client.http.request(method, url).bearer_auth(&self.token).json(body).send().await.unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Response {
        self.ask_by("2019-04-01", Method::POST, path, body).await
    }

    async fn refusal(&self, version: &str, body: &Value) -> String {
        let answer = self.ask_by(version, Method::POST, "scheduleRun", body).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        format!("{} {}: {}", status.as_u16(), body["error"]["code"], body["error"]["message"])
    }
}

pub(super) fn sample(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("tests/fixtures/arm/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The names of an object's fields.
pub(super) fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_requests_of_the_samples_are_taken_and_answered_in_their_shapes() {
    let arm = Arm::new(Rights::contributor()).await;
    for (name, version) in
        [("RegistriesScheduleRun", "2019-04-01"), ("RegistriesScheduleRun_EncodedTaskRun", "2019-04-01")]
    {
        let body = sample(name)["parameters"]["runRequest"].clone();
        let answer = arm.ask_by(version, Method::POST, "scheduleRun", &body).await;
        assert_eq!(answer.status(), 200, "{name}");
        let run: Value = answer.json().await.unwrap();
        let wanted = &sample(name)["responses"]["200"]["body"];
        assert!(fields(wanted).iter().all(|field| run.get(*field).is_some()), "{name}: {run}");
    }
    let wire = sample("wire-schedule-run");
    let answer = arm.ask_by("2025-03-01-preview", Method::POST, "scheduleRun", &wire["request"]["body"]).await;
    let run: Value = answer.json().await.unwrap();
    assert_eq!((&run["properties"]["status"], &run["type"]), (&"Queued".into(), &wire["response"]["body"]["type"]));
    let place: Value = arm.post("listBuildSourceUploadUrl", &json!({})).await.json().await.unwrap();
    assert_eq!(fields(&place), ["relativePath", "uploadUrl"]);
    assert!(place["relativePath"].as_str().unwrap().ends_with(".tar.gz"));
}

#[tokio::test]
async fn what_the_service_does_not_take_is_refused() {
    let arm = Arm::new(Rights::contributor()).await;
    let good = sample("RegistriesScheduleRun")["parameters"]["runRequest"].clone();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let stable = "2019-04-01";
    for (version, body, expected) in [
        ("2025-11-01", good.clone(), "NoRegisteredProviderFound"),
        (stable, with(&|it| it["type"] = json!("Build")), "The type 'Build'"),
        (stable, with(&|it| it["taskId"] = json!("x")), "Could not find member 'taskId'"),
        (stable, with(&|it| it["sourceLocation"] = Value::Null), "'sourceLocation' is required"),
        (stable, with(&|it| it["timeout"] = json!(60)), "not within 300 and 28800"),
        (stable, with(&|it| it["platform"] = json!({"os": "plan9"})), "The platform"),
        (stable, with(&|it| it["imageNames"] = json!(["contosoacr.azurecr.io/app:1"])), "The image name"),
        (stable, with(&|it| it["agentPoolName"] = json!("pool")), "neither agentPoolName"),
        (stable, json!({"type": "TaskRunRequest", "taskId": "none"}), "TaskNotFound"),
    ] {
        let refusal = arm.refusal(version, &body).await;
        assert!(refusal.contains(expected), "{refusal}");
    }
    let run: Value = arm.post("scheduleRun", &good).await.json().await.unwrap();
    let id = run["name"].as_str().unwrap();
    // It fails soon, for nobody can download the sample's source.
    loop {
        let run: Value = arm.ask_by(stable, Method::GET, &format!("runs/{id}"), &json!({})).await.json().await.unwrap();
        if run["properties"]["status"] == "Failed" {
            assert_eq!(run["properties"]["runErrorMessage"], "failed during run, err: exit status 1");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(arm.post(&format!("runs/{id}/cancel"), &json!({})).await.status(), 409);
    let reader = Arm::new(Rights::reader()).await;
    assert_eq!(reader.ask_by(stable, Method::GET, "runs", &json!({})).await.status(), 200);
    assert_eq!(reader.post("scheduleRun", &good).await.status(), 403);
}

#[tokio::test]
async fn storage_lets_in_whoever_holds_the_address_and_nobody_else() {
    let arm = Arm::new(Rights::contributor()).await;
    let place: Value = arm.post("listBuildSourceUploadUrl", &json!({})).await.json().await.unwrap();
    let url = place["uploadUrl"].as_str().unwrap();
    let put = |url: &str| arm.client.http.put(url).body("bytes");
    let code = |answer: &Response| answer.headers().get("x-ms-error-code").unwrap().to_str().unwrap().to_owned();
    let answer = put(url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), code(&answer).as_str()), (400, "MissingRequiredHeader"));
    let answer = put(&url.replace("sp=rw", "sp=rwd")).header("x-ms-blob-type", "BlockBlob").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let answer = put(url).header("x-ms-blob-type", "BlockBlob").bearer_auth("x").send().await.unwrap();
    assert_eq!(answer.status(), 400, "a token of another service is refused");
    assert_eq!(put(url).header("x-ms-blob-type", "BlockBlob").send().await.unwrap().status(), 201);
    let list = "<BlockList><Latest>bm9uZQ==</Latest></BlockList>";
    let answer = arm.client.http.put(format!("{url}&comp=blocklist")).body(list).send().await.unwrap();
    assert_eq!(code(&answer), "InvalidBlockList");
    // The libraries of Azure ask for a range by a header of their own.
    let part = arm.client.get(url).header("x-ms-range", "bytes=1-2").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().as_str()), (206, "yt"));
}
