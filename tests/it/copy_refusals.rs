//! What registries must not get away with: each has an outcome, and nothing incomplete is ever tagged.

use crate::{
    copying::{SOURCE, private},
    scenario::{Run, Scenario, image},
    stub::{Answer, Asked, Stub},
};
use acr_sync::{
    emulator::Fault,
    http::{Http, Way},
    import::Outcome,
    plan::{Action, Note},
    problem::{Problem, Side},
    reference::{Digest, Registry},
    registry::{Client, Logins},
};
use serde_json::{Value, json};
use std::collections::HashMap;

const ACR: &str = "contosoacr.azurecr.io";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Content of a source that says of itself what it likes.
#[derive(Default)]
struct Content {
    by_path: HashMap<String, (String, Vec<u8>)>,
}

impl Content {
    fn blob(&mut self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.by_path.insert(format!("/v2/app/blobs/{digest}"), ("application/octet-stream".into(), bytes.to_vec()));
        digest
    }

    fn manifest(&mut self, media_type: &str, manifest: &Value) -> Value {
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::of(&bytes);
        let size = bytes.len();
        for name in [digest.to_string(), "1".to_owned()] {
            self.by_path.insert(format!("/v2/app/manifests/{name}"), (media_type.to_owned(), bytes.clone()));
        }
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    /// An image whose only layer is said to have another size than it has.
    fn image(&mut self, layer: &[u8], said: usize) -> Value {
        let (layer, config) = (self.blob(layer), self.blob(b"{}"));
        self.manifest(
            MANIFEST,
            &json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
            "layers": [{"mediaType": "application/octet-stream", "digest": layer, "size": said}]}),
        )
    }

    fn answer(&self, asked: &Asked) -> Answer {
        match self.by_path.get(asked.path.as_str()) {
            Some((media_type, bytes)) => {
                let digest = Digest::of(bytes).to_string();
                (200, vec![("content-type", media_type.clone()), ("docker-content-digest", digest)], bytes.clone())
            }
            None => (404, Vec::new(), Vec::new()),
        }
    }

    async fn serve(self) -> Stub {
        Stub::start(move |asked| self.answer(asked)).await
    }
}

async fn from(source: &Stub) -> Run {
    let host = source.host();
    private(Scenario::apply(&format!("{host}/app:1 => app"))).input("INPUT_DIRECT-SOURCES", &host).run().await
}

fn failed(run: &Run, side: Side) -> &Problem {
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert_eq!(problem.side, side, "{problem}");
    assert_eq!(run.tag("app:1"), None, "what is not complete is not tagged");
    problem
}

#[tokio::test]
async fn a_layer_of_another_size_than_its_descriptor_says() {
    for (said, text) in [(400_001, "it ended after 400000 of 400001 bytes"), (399_999, "sends another number")] {
        let mut content = Content::default();
        content.image(&vec![7; 400_000], said);
        let run = from(&content.serve().await).await;
        let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
        assert!(problem.what.contains(text), "{problem}");
        assert_eq!(run.tag("app:1"), None);
    }
}

#[tokio::test]
async fn a_layer_that_the_source_does_not_have() {
    let mut content = Content::default();
    content.image(&vec![7; 400_000], 400_000);
    content.by_path.retain(|path, (_, bytes)| !path.contains("/blobs/") || bytes.len() < 10);
    let run = from(&content.serve().await).await;
    assert!(failed(&run, Side::Source).what.contains("does not have it"));
}

#[tokio::test]
async fn an_image_that_is_nested_without_an_end() {
    let mut content = Content::default();
    let mut child = content.image(b"layer", 5);
    for _ in 0..10 {
        child = content.manifest(INDEX, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}));
    }
    let run = from(&content.serve().await).await;
    assert!(failed(&run, Side::Source).what.contains("nested deeper"));
}

#[tokio::test]
async fn an_index_of_more_manifests_than_any_image_has() {
    let mut content = Content::default();
    let children: Vec<_> = (0..10_001_u32)
        .map(|n| json!({"mediaType": MANIFEST, "digest": Digest::of(&n.to_be_bytes()), "size": 2}))
        .collect();
    content.manifest(INDEX, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}));
    let run = from(&content.serve().await).await;
    assert!(failed(&run, Side::Source).what.contains("more than 10001 manifests"));
}

#[tokio::test]
async fn a_manifest_of_a_hundred_megabytes() {
    let bytes = vec![b' '; 100 << 20];
    let digest = Digest::of(&bytes).to_string();
    let source = Stub::start(move |asked| {
        let body = if asked.method == "HEAD" { Vec::new() } else { bytes.clone() };
        (200, vec![("content-type", INDEX.to_owned()), ("docker-content-digest", digest.clone())], body)
    })
    .await;
    let run = from(&source).await;
    assert!(run.step().notes.iter().any(|note| matches!(note, Note::PartsUnknown(_))), "the plan says so");
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert!(problem.what.contains("sent more than 4194304 bytes"), "{problem}");
}

#[tokio::test]
async fn a_manifest_of_the_first_schema() {
    let mut content = Content::default();
    content
        .manifest("application/vnd.docker.distribution.manifest.v1+json", &json!({"schemaVersion": 1, "fsLayers": []}));
    let run = from(&content.serve().await).await;
    assert!(failed(&run, Side::Source).what.contains("schema 1"));
}

#[tokio::test]
async fn a_foreign_layer_is_left_where_it_is() {
    let mut content = Content::default();
    let config = content.blob(b"{}");
    content.manifest(
        MANIFEST,
        &json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "digest": Digest::of(b"elsewhere"), "size": 9, "urls": ["https://elsewhere.example/layer"]}]}),
    );
    let run = from(&content.serve().await).await;
    assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{:?}", run.outcome());
}

#[tokio::test]
async fn a_layer_that_has_an_address_besides_is_copied_and_proved() {
    let mut content = Content::default();
    let (config, layer) = (content.blob(b"{}"), content.blob(b"layer"));
    let manifest = content.manifest(
        MANIFEST,
        &json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": layer, "size": 5, "urls": ["https://elsewhere.example/layer"]}]}),
    );
    let run = from(&content.serve().await).await;
    assert!(matches!(run.outcome(), Outcome::Imported { .. }), "{:?}", run.outcome());
    let digest = manifest["digest"].as_str().unwrap().parse().unwrap();
    assert!(run.world.azure_registry("contosoacr").is_whole("app", &digest));
}

/// A destination that is asked for an upload; what it says of where the bytes go is the test's.
async fn to(location: impl Fn(&str) -> String + Send + Sync + 'static) -> (Stub, Run) {
    let target = Stub::start(move |asked| match (asked.method.as_str(), asked.has_authorization) {
        (_, false) => (401, vec![("www-authenticate", "Basic realm=\"r\"".to_owned())], Vec::new()),
        ("POST", _) => (202, vec![("location", location(&asked.path))], Vec::new()),
        ("PUT", _) => (201, Vec::new(), Vec::new()),
        _ => (404, Vec::new(), Vec::new()),
    })
    .await;
    let host = target.host();
    let run = Scenario::apply(&format!("{SOURCE}/app:1 => app"))
        .without_identity()
        .source(&format!("{SOURCE}/app:1"), &image())
        .input("INPUT_REGISTRY", &host)
        .input("ACR_SYNC_CREDENTIALS", &format!("{host} me hunter2hunter2"))
        .run()
        .await;
    (target, run)
}

#[tokio::test]
async fn no_credential_follows_an_upload_to_another_host() {
    let storage = Stub::start(|_| (201, Vec::new(), Vec::new())).await;
    let place = storage.host();
    let (target, _) = to(move |_| format!("http://{place}/store/7?sig=x")).await;
    let stored = storage.asked();
    assert!(!stored.is_empty() && stored.iter().all(|asked| !asked.has_authorization), "{stored:?}");
    assert!(target.asked().iter().any(|asked| asked.method == "POST" && asked.has_authorization));
}

#[tokio::test]
async fn a_registry_that_confirms_another_manifest_is_not_believed() {
    // It takes everything, and has nothing when it is asked.
    let (_, run) = to(|path| path.split('?').next().unwrap_or_default().to_owned() + "7").await;
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert_eq!(problem.side, Side::Target);
    assert!(problem.what.contains("serves nothing instead of"), "{problem}");
}

async fn refused_by(fault: Fault) -> Run {
    private(Scenario::apply(&format!("{SOURCE}/app:1 => app")))
        .source(&format!("{SOURCE}/app:1"), &image().layers(2, 400_000))
        .world(|world| world.fault(fault.on(ACR).always()))
        .run()
        .await
}

#[tokio::test]
async fn a_destination_that_is_read_only() {
    let run = refused_by(Fault::status(405).method("POST").path("/blobs/uploads/")).await;
    assert!(failed(&run, Side::Target).hint.as_deref().unwrap_or_default().contains("read-only"));
}

#[tokio::test]
async fn a_destination_that_is_full_in_the_middle() {
    let run = refused_by(Fault::status(507).method("PUT").path("/blobs/uploads/")).await;
    assert!(failed(&run, Side::Target).hint.as_deref().unwrap_or_default().contains("no room"));
}

#[tokio::test]
async fn a_repository_that_is_locked() {
    let run = private(Scenario::apply(&format!("{SOURCE}/app:2 => app:2")))
        .source(&format!("{SOURCE}/app:2"), &image())
        .present("app:1", &image().content("1"))
        .world(|world| world.azure_registry("contosoacr").lock_repository("app"))
        .run()
        .await;
    let Outcome::Failed(problem) = run.outcome() else { panic!("{:?}", run.outcome()) };
    assert_eq!((problem.side, run.tag("app:2")), (Side::Target, None), "{problem}");
}

#[tokio::test]
async fn a_source_whose_manifest_is_not_the_one_it_names_is_not_copied() {
    let run = private(Scenario::apply(&format!("{SOURCE}/app:1 => app")))
        .source(&format!("{SOURCE}/app:1"), &image())
        .world(|world| world.fault(Fault::corrupt().on(SOURCE).method("GET").path("/manifests/").always()))
        .run()
        .await;
    assert!(matches!(run.action(), Action::Unchecked(_)), "{:?}", run.action());
    failed(&run, Side::Source);
}

/// A repository whose every page of tags names a next one.
async fn tags_of(
    most: usize,
    page: impl Fn(usize) -> String + Send + Sync + 'static,
) -> (Result<usize, String>, usize) {
    let source = Stub::start(move |asked| {
        let at: usize = asked.path.rsplit("last=").next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let link = format!("</v2/app/tags/list?last={}>; rel=\"next\"", at + 1);
        (200, vec![("link", link)], json!({"tags": [page(at)]}).to_string().into_bytes())
    })
    .await;
    let registry = Registry::parse(&source.host()).unwrap();
    let client = Client::new(Http::new(&Way::default()).unwrap(), Logins::default());
    let tags = client.tags(&registry, "app", most).await;
    (tags.map(|tags| tags.len()).map_err(|error| error.to_string()), source.asked().len())
}

#[tokio::test]
async fn a_list_of_tags_that_does_not_end_is_given_up() {
    let (tags, asked) = tags_of(5_000, |at| format!("v{at}")).await;
    assert!(tags.is_err_and(|error| error.contains("a list of tags that does not end")));
    assert_eq!(asked, 100, "so many pages would be needed for that many tags, and as many again");
    let (tags, asked) = tags_of(20, |at| format!("v{at}")).await;
    assert_eq!((tags, asked), (Ok(20), 20), "as many as are wanted are enough");
}

#[tokio::test]
async fn what_is_too_long_for_a_tag_is_not_kept() {
    let (tags, asked) = tags_of(20, |at| if at == 0 { "v1".to_owned() } else { "x".repeat(129) }).await;
    assert_eq!((tags, asked), (Ok(1), 2));
}

#[tokio::test]
async fn a_list_of_referrers_that_does_not_end_is_no_list_of_all() {
    let source = Stub::start(|asked| {
        let link = format!("<{}>; rel=\"next\"", asked.path);
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []});
        (200, vec![("link", link), ("content-type", INDEX.to_owned())], index.to_string().into_bytes())
    })
    .await;
    let registry = Registry::parse(&source.host()).unwrap();
    let client = Client::new(Http::new(&Way::default()).unwrap(), Logins::default());
    let listed = client.referrers_list(&registry, "app", Digest::of(b"x")).await;
    assert!(listed.unwrap_err().to_string().contains("a list of referrers that does not end"));
    assert_eq!(source.asked().len(), 100);
}
