//! Credentials: whatever a host answers and however a name looks, each goes to its own host and nowhere else.
//!
//! A stranger is a server that keeps every byte it is sent.

use crate::{
    pipeline::Pipeline,
    scenario::{Scenario, image},
    stub::{Answer, Asked, Stub},
    workflow::{LINE, Workflow},
};
use acr_sync::{
    azure::{self, Arm, Cloud, ImportRequest, ImportSource, Mode, To},
    emulator::{CLIENT, Emulator, Rights, SECRET, World},
    http::{Http, Retry, Way},
    reference::{Digest, Registry},
    registry::{Client, Login, Logins},
};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::OffsetDateTime,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const USER: &str = "robot";
const PASSWORD: &str = "hunter2hunter2";
const TOKEN: &str = "a-token-of-the-registry";

/// Says that a stranger was sent nothing that opens anything.
fn knows_nothing(stranger: &Stub, what: &str) {
    let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    for asked in stranger.asked() {
        let text = String::from_utf8_lossy(&asked.bytes).to_ascii_lowercase();
        for secret in [PASSWORD, &basic, TOKEN, "authorization:", "cookie:"] {
            assert!(!text.contains(&secret.to_ascii_lowercase()), "{what}: the stranger got\n{text}");
        }
    }
}

async fn stranger() -> Stub {
    let json = || ("content-type", "application/json".to_owned());
    Stub::start(move |_| (200, vec![json()], br#"{"token":"given-by-a-stranger","value":[]}"#.to_vec())).await
}

fn http() -> Http {
    let retry = Retry { first: Duration::from_millis(1), attempts: 2, ..Retry::default() };
    Http::new(&Way { retry, ..Way::default() }).unwrap()
}

/// Every address but 127.0.0.1 leads to the stranger, those too that nobody has on this machine.
fn http_to(stranger: &Stub) -> Http {
    let retry = Retry { first: Duration::from_millis(1), attempts: 2, ..Retry::default() };
    let proxy = Some(format!("http://{}", stranger.host()));
    let no_proxy = Some("127.0.0.1".to_owned());
    let way =
        Way { https_proxy: proxy.clone(), http_proxy: proxy, no_proxy, is_stand_in: true, retry, ..Way::default() };
    Http::new(&way).unwrap()
}

fn login(host: &str) -> Logins {
    let mut logins = Logins::default();
    let login = Login::Password { username: USER.to_owned(), password: PASSWORD.into() };
    logins.add(Registry::parse(host).unwrap(), "", login);
    logins
}

/// Everything that a registry is asked, with the credential that was given for it.
async fn ask_everything(host: &str, http: Http) {
    let registry = Registry::parse(host).unwrap();
    let client = Client::new(http, login(host));
    let digest = Digest::of(b"x");
    // What comes of it is the hostile registry's matter; that it ends is enough.
    drop(client.head(&registry, "team/app", "1").await);
    drop(client.manifest(&registry, "team/app", digest).await);
    drop(client.tags(&registry, "team/app", 10).await);
    drop(client.ping(&registry).await);
}

/// What a registry answers that would like its visitor's credential elsewhere.
type Trap = fn(&Asked, &str) -> Answer;

fn challenge(realm: String) -> Answer {
    (401, vec![("www-authenticate", format!("Bearer realm=\"{realm}\",service=\"s\""))], Vec::new())
}

fn redirect(status: u16, to: String) -> Answer {
    (status, vec![("location", to)], Vec::new())
}

fn behind_basic(asked: &Asked, then: Answer) -> Answer {
    match asked.has_authorization {
        true => then,
        false => (401, vec![("www-authenticate", "Basic realm=\"r\"".to_owned())], Vec::new()),
    }
}

const TRAPS: [(&str, Trap); 10] = [
    ("a token service on another host", |_, it| challenge(format!("http://{it}/token"))),
    ("a token service with a name before its host", |_, it| challenge(format!("http://127.0.0.1:80@{it}/token"))),
    ("a token service by another name of this machine", |_, it| {
        challenge(format!("http://localhost:{}/token", it.rsplit(':').next().unwrap()))
    }),
    ("a token service by an IPv6 literal", |_, it| {
        challenge(format!("http://[::ffff:127.0.0.1]:{}/token", it.rsplit(':').next().unwrap()))
    }),
    ("a redirect to another host", |asked, it| behind_basic(asked, redirect(307, format!("http://{it}/v2/x")))),
    ("a redirect with a name and a password", |asked, it| {
        behind_basic(asked, redirect(302, format!("http://{USER}:{PASSWORD}@{it}/v2/x")))
    }),
    ("a redirect without a scheme", |asked, it| behind_basic(asked, redirect(308, format!("//{it}/v2/x")))),
    ("a redirect after a redirect", |asked, it| match asked.path.as_str() {
        "/again" => redirect(302, format!("http://{it}/v2/x")),
        _ => behind_basic(asked, redirect(302, "/again".to_owned())),
    }),
    ("a next page on another host", |asked, it| {
        let link = ("link", format!("<http://{it}/v2/team/app/tags/list?n=1>; rel=\"next\""));
        behind_basic(asked, (200, vec![link], br#"{"name":"team/app","tags":["1"]}"#.to_vec()))
    }),
    ("a challenge of two kinds at once", |asked, it| match asked.has_authorization {
        true => challenge(format!("http://{it}/token")),
        false => (401, vec![("www-authenticate", "Basic realm=\"r\"".to_owned())], Vec::new()),
    }),
];

/// What leads where only this machine can go, and where nobody is sent from a registry elsewhere.
const INWARD: [(&str, Trap); 6] = [
    ("a token service at a link-local address", |_, _| challenge("http://169.254.169.254/token".to_owned())),
    ("a token service at a link-local address of IPv6", |_, _| challenge("http://[fe80::1]/token".to_owned())),
    ("a redirect to a link-local address", |asked, _| {
        behind_basic(asked, redirect(307, "http://169.254.169.254/metadata/identity/oauth2/token".to_owned()))
    }),
    ("a redirect to a link-local address by an IPv6 literal", |asked, _| {
        behind_basic(asked, redirect(302, "http://[::ffff:169.254.169.254]/x".to_owned()))
    }),
    ("a redirect to a link-local address of IPv6", |asked, _| {
        behind_basic(asked, redirect(302, "http://[fe80::1]/x".to_owned()))
    }),
    ("a next page at a link-local address", |asked, _| {
        let link = ("link", "<http://169.254.169.254/v2/team/app/tags/list?n=1>; rel=\"next\"".to_owned());
        behind_basic(asked, (200, vec![link], br#"{"name":"team/app","tags":["1"]}"#.to_vec()))
    }),
];

/// Asks a registry that answers so for everything, and returns the stranger to whom it would like to lead.
async fn lured(what: &str, trap: Trap) -> Stub {
    let stranger = stranger().await;
    let place = stranger.host();
    let registry = Stub::start(move |asked| trap(asked, &place)).await;
    ask_everything(&registry.host(), http_to(&stranger)).await;
    assert!(!registry.asked().is_empty(), "{what}");
    stranger
}

#[tokio::test]
async fn no_answer_of_a_registry_takes_its_credential_elsewhere() {
    let mut visited = 0;
    for (what, trap) in TRAPS {
        let stranger = lured(what, trap).await;
        knows_nothing(&stranger, what);
        visited += usize::from(!stranger.asked().is_empty());
    }
    assert!(visited >= 4, "strangers whom nobody visits prove nothing: {visited}");
}

#[tokio::test]
async fn no_answer_of_a_registry_leads_to_what_only_this_machine_reaches() {
    for (what, trap) in INWARD {
        let stranger = lured(what, trap).await;
        assert!(stranger.asked().is_empty(), "{what}: {:?}", stranger.asked());
        // Who asks there by itself is seen.
        drop(http_to(&stranger).send_once(|client| client.get("http://169.254.169.254/x"), 10).await);
        drop(http_to(&stranger).send_once(|client| client.get("http://[fe80::1]/x"), 10).await);
        assert_eq!(stranger.asked().len(), 2, "{what}: nobody could be seen");
    }
}

#[tokio::test]
async fn the_suite_would_see_a_credential() {
    let stranger = Stub::start(|asked| behind_basic(asked, (404, Vec::new(), Vec::new()))).await;
    ask_everything(&stranger.host(), http()).await;
    let seen = std::panic::catch_unwind(|| knows_nothing(&stranger, "its own credential"));
    assert!(seen.is_err(), "who is asked with a credential has it");
}

#[tokio::test]
async fn a_name_that_looks_like_anothers_gets_none_of_its_credentials() {
    for (line, own) in [
        ("docker.io.example.com/library/nginx:1", false),
        ("index.docker.io.example.com/library/nginx:1", false),
        ("docker.io:444/library/nginx:1", false),
        ("registry-1.docker.io.example.com/library/nginx:1", false),
        ("quay.io.example.com/a/b:1", false),
        ("xquay.io/a/b:1", false),
        ("quay.io:444/a/b:1", false),
        ("sub.quay.io/a/b:1", false),
        ("169.254.169.254/a/b:1", false),
        ("[::ffff:a9fe:a9fe]:443/a/b:1", false),
        // The same host in another case is the same host.
        ("QUAY.io/a/b:1", true),
    ] {
        let host = line.split_once('/').unwrap().0.to_ascii_lowercase();
        // An address is no registry of the stand-in's; each of the others asks for the name and password it would like.
        let is_name = Registry::parse(&host).is_ok_and(|host| host.as_str().contains(char::is_alphabetic))
            && !host.contains("::");
        let run = Scenario::plan(&format!("{line} => x:1"))
            .input("ACR_SYNC_CREDENTIALS", &format!("quay.io {USER} {PASSWORD}"))
            .input("DOCKER_USERNAME", USER)
            .input("DOCKER_PASSWORD", PASSWORD)
            .world(|world| {
                if is_name {
                    drop(world.source(&host).private_basic(USER, PASSWORD));
                }
            })
            .run()
            .await;
        let asked = run.world.requests().iter().filter(|seen| seen.host == host).count();
        assert!(asked > 0 || !is_name, "{line}: who is not asked is no trap");
        let azure = ["login.microsoftonline.com", "management.azure.com", "contosoacr.azurecr.io"];
        let told: Vec<_> = run.world.requests().into_iter().filter(|seen| seen.authorization.is_some()).collect();
        let strangers: Vec<_> = told.iter().filter(|seen| !azure.contains(&seen.host.as_str())).collect();
        assert_eq!(strangers.iter().any(|seen| seen.host == "quay.io"), own, "{line}: {strangers:?}");
        assert!(strangers.iter().all(|seen| own && seen.host == "quay.io"), "{line}: {strangers:?}");
    }
    // A dot at the end would be the same host to DNS, and another to whoever compares names: it is no name here.
    let dotted = Scenario::plan("quay.io./a/b:1 => x:1").run().await;
    assert_eq!(dotted.report.errors.len(), 1);
}

#[derive(Debug)]
struct Given;

#[async_trait::async_trait]
impl TokenCredential for Given {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(TOKEN, OffsetDateTime::now_utc() + Duration::from_secs(3600)))
    }
}

#[tokio::test]
async fn no_address_that_azure_names_takes_its_token_elsewhere() {
    let traps: [(&str, Trap); 5] = [
        ("an operation elsewhere", |_, it| redirect(202, format!("http://{it}/operation"))),
        ("an operation with a name before its host", |_, it| redirect(202, format!("http://me:word@{it}/operation"))),
        ("a redirect", |_, it| redirect(307, format!("http://{it}/x"))),
        ("a redirect to https", |_, it| redirect(302, format!("https://{it}/x"))),
        ("a next page elsewhere", |_, it| {
            (200, Vec::new(), format!(r#"{{"value":[],"nextLink":"http://{it}/next"}}"#).into_bytes())
        }),
    ];
    for (what, trap) in traps {
        let stranger = stranger().await;
        let place = stranger.host();
        let azure = Stub::start(move |asked| trap(asked, &place)).await;
        let cloud = Cloud { resource_manager: format!("http://{}", azure.host()), ..Cloud::public() };
        let arm = Arm::new(http(), Arc::new(Given), cloud);
        drop(azure::find(&arm, &"contosoacr".parse().unwrap(), Some("22222222-2222-2222-2222-222222222222")).await);
        let request = ImportRequest {
            source: ImportSource::Registry { host: "quay.io".to_owned(), credential: None },
            repository: "a/b".to_owned(),
            digest: Digest::of(b"x"),
            to: To::Tag("x:1".to_owned()),
            mode: Mode::NoForce,
        };
        if let Ok(azure::Progress::Running(operation)) = request.start(&arm, "/subscriptions/0/x").await {
            drop(operation.poll(&arm).await);
        }
        assert!(azure.asked().iter().any(|asked| asked.has_authorization), "{what}");
        knows_nothing(&stranger, what);
    }
}

#[tokio::test]
async fn a_registry_of_azure_sends_to_its_storage_without_a_credential() {
    let rights = Rights { push: true, ..Rights::importer() };
    let run = Scenario::apply("fabrikamacr.azurecr.io/team/app:1 => app")
        .input("INPUT_DIRECT-SOURCES", "fabrikamacr.azurecr.io")
        .world(|world| {
            world.identity(CLIENT, SECRET, rights);
            world.azure_registry("fabrikamacr").put("team/app:1", &image());
        })
        .run()
        .await;
    assert!(run.tag("app:1").is_some(), "{:?}", run.outcome());
    let seen = run.world.requests();
    let stored: Vec<_> = seen.iter().filter(|seen| seen.host.ends_with(".blob.core.windows.net")).collect();
    assert!(!stored.is_empty() && stored.iter().all(|seen| seen.authorization.is_none()), "{stored:?}");
}

#[tokio::test]
async fn a_ci_host_that_redirects_gets_its_token_taken_nowhere() {
    let stranger = stranger().await;
    let place = stranger.host();
    let github = Stub::start(move |_| redirect(302, format!("http://{place}/x"))).await;
    let workflow = Workflow::new()
        .await
        .set("GITHUB_API_URL", &format!("http://{}", github.host()))
        .set("INPUT_GITHUB-TOKEN", TOKEN);
    drop(workflow.try_run("pull_request", r#"{"number":7,"pull_request":{"number":7}}"#, &workflow.merge).await);
    assert!(github.asked().iter().any(|asked| asked.has_authorization), "it is asked with its token");
    knows_nothing(&stranger, "GitHub");
}

#[tokio::test]
async fn azure_devops_that_redirects_gets_its_token_taken_nowhere() {
    let stranger = stranger().await;
    let place = stranger.host();
    let devops = Stub::start(move |_| redirect(302, format!("http://{place}/x"))).await;
    let pipeline = Pipeline::of(LINE).await.set("SYSTEM_COLLECTIONURI", &format!("http://{}/contoso/", devops.host()));
    drop(pipeline.try_run("PullRequest", "refs/pull/7/merge", &"1".repeat(40)).await);
    let asked = devops.asked();
    assert!(asked.iter().any(|asked| asked.has_authorization), "it is asked with its token");
    knows_nothing(&stranger, "Azure DevOps");
    assert!(stranger.asked().is_empty(), "nor is it followed");
}

/// A proxy that passes on whatever it is sent to another, and keeps it.
async fn relay(to: &Emulator) -> (String, Arc<Mutex<Vec<u8>>>) {
    let to = to.proxy_url().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (host, heard) = (listener.local_addr().unwrap().to_string(), Arc::<Mutex<Vec<u8>>>::default());
    let keeps = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from, mut back) = client.into_split();
            let (mut answers, mut on) = TcpStream::connect(&to).await.unwrap().into_split();
            let keeps = Arc::clone(&keeps);
            tokio::spawn(async move { drop(tokio::io::copy(&mut answers, &mut back).await) });
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = from.read(&mut bytes).await {
                    keeps.lock().unwrap().extend_from_slice(&bytes[..length]);
                    if on.write_all(&bytes[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (host, heard)
}

#[tokio::test]
async fn a_proxy_sees_names_and_no_credential_but_its_own() {
    let world = World::new();
    world.source("quay.io").private_basic(USER, PASSWORD).put("team/app:1", &image());
    let emulator = Emulator::start(world.clone()).await.unwrap();
    let (host, heard) = relay(&emulator).await;
    let proxy = Some(format!("http://own:secret@{host}"));
    let (roots, retry) = (Some(emulator.ca_pem().to_owned()), Retry { attempts: 2, ..Retry::default() });
    let way = Way { https_proxy: proxy.clone(), http_proxy: proxy, roots, retry, ..Way::default() };
    let client = Client::new(Http::new(&way).unwrap(), login("quay.io"));
    let found = client.head(&Registry::parse("quay.io").unwrap(), "team/app", "1").await;
    assert!(matches!(found, Ok(Some(_))), "{found:?}");
    assert!(world.requests().iter().any(|seen| seen.authorization.is_some()), "the registry has seen the credential");
    let text = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
    for secret in [PASSWORD, &STANDARD.encode(format!("{USER}:{PASSWORD}"))] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("CONNECT quay.io:443") && text.contains(&STANDARD.encode("own:secret")), "{text}");
}

#[tokio::test]
async fn a_proxy_gets_nothing_that_is_meant_for_this_machine() {
    let proxy = Stub::start(|_| (200, Vec::new(), Vec::new())).await;
    let source = Stub::start(|asked| behind_basic(asked, (404, Vec::new(), Vec::new()))).await;
    let retry = Retry { first: Duration::from_millis(1), attempts: 2, ..Retry::default() };
    let way = |is_stand_in| {
        let (address, retry) = (Some(format!("http://{}", proxy.host())), retry.clone());
        Http::new(&Way { https_proxy: address.clone(), http_proxy: address, is_stand_in, retry, ..Way::default() })
            .unwrap()
    };
    let port = source.host().rsplit(':').next().unwrap().to_owned();
    for host in [source.host(), format!("localhost:{port}")] {
        let client = Client::new(way(false), login(&host));
        drop(client.head(&Registry::parse(&host).unwrap(), "team/app", "1").await);
    }
    assert!(source.asked().iter().filter(|asked| asked.has_authorization).count() >= 2, "each is asked itself");
    for address in ["http://169.254.169.254/metadata/identity/oauth2/token", "http://[::1]:1/x"] {
        let ask = way(false);
        let ask = ask.send_once(|client| client.get(address), 10);
        // Nobody is there on most machines; a proxy would have answered at once.
        drop(tokio::time::timeout(Duration::from_millis(500), ask).await);
    }
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
    drop(way(true).send_once(|client| client.get("http://169.254.169.254/x"), 10).await);
    assert_eq!(proxy.asked().len(), 1, "a stand-in is asked for all of them");
}
