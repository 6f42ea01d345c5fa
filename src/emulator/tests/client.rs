//! A client for the tests: reqwest, through the proxy, trusting the emulator's authority.

use crate::emulator::{CLIENT, Emulator, SECRET, SUBSCRIPTION, TENANT, World};
use reqwest::{Certificate, Method, Proxy, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) emulator: Emulator,
}

pub(super) const CONTOSO: &str = "contosoacr.azurecr.io";
pub(super) const MANAGEMENT: &str = "https://management.azure.com";

impl Client {
    pub(super) async fn of(world: World) -> Self {
        let emulator = Emulator::start(world).await.unwrap();
        let http = reqwest::Client::builder()
            .proxy(Proxy::all(emulator.proxy_url()).unwrap())
            .tls_certs_only([Certificate::from_pem(emulator.ca_pem().as_bytes()).unwrap()])
            .redirect(Policy::none())
            .build()
            .unwrap();
        Self { http, emulator }
    }

    pub(super) async fn demo() -> Self {
        Self::of(World::demo()).await
    }

    pub(super) fn world(&self) -> &World {
        self.emulator.world()
    }

    pub(super) fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }

    pub(super) async fn sign_in_as(&self, id: &str, secret: &str, audience: &str) -> Response {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", &format!("{audience}/.default")),
        ];
        let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
        self.http.post(url).form(&form).send().await.unwrap()
    }

    pub(super) async fn token_of(&self, id: &str, secret: &str, audience: &str) -> String {
        let answer: Value = self.sign_in_as(id, secret, audience).await.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn arm_token(&self) -> String {
        self.token_of(CLIENT, SECRET, MANAGEMENT).await
    }

    pub(super) async fn refresh_token(&self) -> String {
        let token = self.token_of(CLIENT, SECRET, "https://containerregistry.azure.net").await;
        self.exchange(&token).await.json::<Value>().await.unwrap()["refresh_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn exchange(&self, token: &str) -> Response {
        let form = [("grant_type", "access_token"), ("service", CONTOSO), ("access_token", token)];
        self.http.post(format!("https://{CONTOSO}/oauth2/exchange")).form(&form).send().await.unwrap()
    }

    /// Returns an access token of `contosoacr` for scopes.
    pub(super) async fn access_token(&self, scopes: &[&str]) -> String {
        let refresh = self.refresh_token().await;
        let mut form = vec![("grant_type", "refresh_token"), ("service", CONTOSO), ("refresh_token", &refresh)];
        form.extend(scopes.iter().map(|scope| ("scope", *scope)));
        let answer = self.http.post(format!("https://{CONTOSO}/oauth2/token")).form(&form).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn manifest(&self, method: Method, host: &str, path: &str, token: &str) -> Response {
        let accept = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
        let asked = self.http.request(method, format!("https://{host}/v2/{path}")).header("accept", accept);
        asked.bearer_auth(token).send().await.unwrap()
    }

    pub(super) async fn import(&self, body: &Value) -> Response {
        let id = uuid::Uuid::new_v4().to_string();
        self.import_as(&self.arm_token().await, &id, body).await
    }

    pub(super) async fn import_as(&self, token: &str, id: &str, body: &Value) -> Response {
        let url = format!("{MANAGEMENT}{}/importImage?api-version=2025-11-01", registry_id("contosoacr"));
        let asked = self.http.post(url).bearer_auth(token).header("x-ms-client-request-id", id).json(body);
        asked.send().await.unwrap()
    }

    /// Polls an accepted import to its end.
    pub(super) async fn ending(&self, begun: Response) -> (u16, Value) {
        assert_eq!(begun.status(), 202, "{}", begun.text().await.unwrap());
        let token = self.arm_token().await;
        let mut location = header(&begun, "location");
        for _ in 0..200 {
            let answer = self.get(&location).bearer_auth(&token).send().await.unwrap();
            if answer.status() != 202 {
                return (answer.status().as_u16(), answer.json().await.unwrap());
            }
            location = header(&answer, "location");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the import does not end");
    }

    pub(super) async fn import_to_end(&self, body: &Value) -> (u16, Value) {
        self.ending(self.import(body).await).await
    }
}

/// Returns a world in which imports take no time to speak of.
pub(super) fn quick() -> World {
    let world = World::demo();
    world.import_latency(std::time::Duration::from_millis(5));
    world
}

pub(super) fn body(host: &str, image: &str, target: &str) -> Value {
    json!({"source": {"registryUri": host, "sourceImage": image}, "targetTags": [target]})
}

pub(super) fn registry_id(name: &str) -> String {
    let group = if name == "contosoacr" { "rg-images" } else { "rg-fabrikam" };
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{name}"
    )
}

pub(super) fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap().to_owned()
}
