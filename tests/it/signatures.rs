//! Who must have signed an image, and what becomes of a line whose image they have not signed.

use crate::{
    scenario::{NGINX, Run, Scenario, image},
    signer::{BUNDLE, IDENTITY, ISSUER, Key, SIMPLE, Services, Signing},
};
use acr_sync::{
    emulator::Image,
    plan::{Action, Reason},
    reference::Digest,
    report::Verdict,
};
use serde_json::Value;

const REPOSITORY: &str = "docker.io/library/nginx";
const BY_KEY: &str =
    "policy: { signatures: [{ images: [\"docker.io/library/*\"], cosign: { key: keys/cosign.pub } }] }";

fn keyless(identity: &str, issuer: &str) -> String {
    format!(
        "policy: {{ signatures: [{{ images: [\"docker.io/**\"], cosign: {{ {identity}, issuer: \"{issuer}\", \
         trust-root: trust/root.json }} }}] }}"
    )
}

fn exact() -> String {
    keyless(&format!("identity: \"{IDENTITY}\""), ISSUER)
}

fn tag(digest: Digest) -> String {
    format!("{REPOSITORY}:{}.sig", digest.to_string().replace(':', "-"))
}

fn referrer(bundle: &Value) -> Image {
    Image::artifact(BUNDLE).attached_to(&image()).content(&bundle.to_string())
}

fn scenario(settings: &str) -> Scenario {
    Scenario::plan(&format!("{NGINX} => a")).settings(settings).source(NGINX, &image())
}

/// A signature in either of its places.
fn with_bundle(scenario: Scenario, bundle: &Value) -> Scenario {
    scenario.source(&format!("{REPOSITORY}:bundle"), &referrer(bundle))
}

fn with_tag(scenario: Scenario, signature: &Image) -> Scenario {
    scenario.source(&tag(image().digest()), signature)
}

fn notes(run: &Run) -> String {
    run.step().notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn blocked(run: &Run) -> String {
    match run.action() {
        Action::Block(reason @ Reason::Policy(_)) => reason.to_string(),
        action => unreachable!("{action:?}: {}", notes(run)),
    }
}

#[tokio::test]
async fn a_signature_by_the_key_lets_the_line_through_and_the_plan_names_it() {
    let key = Key::new();
    let signing = Signing::of(&image());
    for signed in
        [with_tag(scenario(BY_KEY), &key.tagged(&signing)), with_bundle(scenario(BY_KEY), &key.bundle(&signing))]
    {
        let run = signed.file("keys/cosign.pub", &key.pem()).run().await;
        assert_eq!((run.action(), notes(&run).as_str()), (&Action::Import, "signed by the key `keys/cosign.pub`"));
    }
}

#[tokio::test]
async fn what_is_unsigned_or_signed_by_another_is_blocked_before_anything_is_copied() {
    let (key, other) = (Key::new(), Key::new());
    let signing = Signing::of(&image());
    let apply = |settings| {
        Scenario::apply(&format!("{NGINX} => a"))
            .settings(settings)
            .source(NGINX, &image())
            .file("keys/cosign.pub", &key.pem())
    };
    for (signed, expected) in [
        (apply(BY_KEY), "the image has none"),
        (with_tag(apply(BY_KEY), &other.tagged(&signing)), "not by the key `keys/cosign.pub`"),
        (with_bundle(apply(BY_KEY), &other.bundle(&signing)), "not by the key `keys/cosign.pub`"),
    ] {
        let run = signed.run().await;
        assert!(blocked(&run).contains(expected), "{}", blocked(&run));
        assert_eq!(run.report.verdict(), Verdict::Failed);
        run.wrote_nothing();
    }
}

#[tokio::test]
async fn a_signature_counts_for_the_very_image_alone() {
    let key = Key::new();
    let other = Signing { digest: Digest::of(b"other"), ..Signing::of(&image()) };
    let parts = Signing { predicate: "https://spdx.dev/Document", ..Signing::of(&image()) };
    let mut tampered = key.bundle(&Signing::of(&image()));
    tampered["dsseEnvelope"]["payload"] = key.bundle(&other)["dsseEnvelope"]["payload"].clone();
    let signature = key.tagged(&Signing::of(&image()));
    let altered = signature.content(&other.payload());
    let garbage = serde_json::json!({ "mediaType": BUNDLE });
    for (signed, expected) in [
        (with_tag(scenario(BY_KEY), &key.tagged(&other)), "about another image"),
        (with_bundle(scenario(BY_KEY), &key.bundle(&other)), "about another image"),
        (with_bundle(scenario(BY_KEY), &key.bundle(&parts)), "not its signature"),
        (with_bundle(scenario(BY_KEY), &tampered), "not by the key"),
        (with_tag(scenario(BY_KEY), &altered), "not by the key"),
        (with_bundle(scenario(BY_KEY), &garbage), "cannot be read"),
        (with_tag(scenario(BY_KEY), &Image::artifact(SIMPLE).content("{}")), "it has no signature"),
    ] {
        let run = signed.file("keys/cosign.pub", &key.pem()).run().await;
        assert!(blocked(&run).contains(expected), "{expected}: {}", blocked(&run));
    }
}

#[tokio::test]
async fn a_good_signature_beside_bad_ones_is_enough() {
    let (key, other) = (Key::new(), Key::new());
    let signing = Signing::of(&image());
    let run = with_bundle(with_tag(scenario(BY_KEY), &other.tagged(&signing)), &key.bundle(&signing))
        .file("keys/cosign.pub", &key.pem())
        .run()
        .await;
    assert_eq!(run.action(), &Action::Import);
    // Two entries for the same images: a key and the one that follows it.
    let rules = "policy: { signatures: [{ images: [\"**\"], cosign: { key: old.pub } }, \
                 { images: [\"docker.io/**\"], cosign: { key: new.pub } }] }";
    let run = with_tag(scenario(rules), &key.tagged(&signing))
        .file("old.pub", &other.pem())
        .file("new.pub", &key.pem())
        .run()
        .await;
    assert_eq!((run.action(), notes(&run).as_str()), (&Action::Import, "signed by the key `new.pub`"));
}

#[tokio::test]
async fn what_no_entry_means_and_what_is_there_is_not_asked_about() {
    let elsewhere = BY_KEY.replace("docker.io/library/*", "quay.io/**");
    let run = scenario(&elsewhere).file("keys/cosign.pub", &Key::new().pem()).run().await;
    assert_eq!((run.action(), run.requests("registry-1.docker.io", ".sig")), (&Action::Import, 0));
    let kept = scenario(BY_KEY).present("a:1.27", &image()).file("keys/cosign.pub", &Key::new().pem()).run().await;
    assert_eq!((kept.action(), kept.requests("registry-1.docker.io", ".sig")), (&Action::Keep, 0));
}

#[tokio::test]
async fn a_note_will_do_where_the_policy_says_so() {
    let rules = BY_KEY.replace("signatures:", "unsigned: note, signatures:");
    let run = scenario(&rules).file("keys/cosign.pub", &Key::new().pem()).run().await;
    assert_eq!(run.action(), &Action::Import);
    assert!(notes(&run).contains("the policy wants a signature, and the image has none"), "{}", notes(&run));
}

#[tokio::test]
async fn a_key_or_a_root_that_cannot_be_used_stops_the_run_and_is_named() {
    for (settings, file, text, expected) in [
        (BY_KEY.to_owned(), "other.pub", "", "there is no `keys/cosign.pub`"),
        (
            BY_KEY.to_owned(),
            "keys/cosign.pub",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "no public key",
        ),
        (exact(), "trust/root.json", "{}", "`trust/root.json` is no root of trust"),
        (exact(), "trust/root.json", "{\"mediaType\":\"x\"}", "no certificate authority"),
    ] {
        let run = scenario(&settings).file(file, text).run().await;
        let Some(problem) = run.report.stopped() else { unreachable!("{expected}") };
        assert!(problem.what.contains(expected), "{problem}");
        assert!(run.world.requests().is_empty());
    }
}

#[tokio::test]
async fn an_identity_that_an_authority_vouches_for_is_a_signer_too() {
    let services = Services::new();
    let signing = Signing::of(&image());
    let pattern = keyless("identity-regexp: \"https://github[.]com/contoso/.*\"", ISSUER);
    for settings in [exact(), pattern] {
        for signed in [
            with_bundle(scenario(&settings), &services.bundle(&signing)),
            with_tag(scenario(&settings), &services.tagged(&signing)),
        ] {
            let run = signed.file("trust/root.json", &services.root()).run().await;
            assert_eq!(run.action(), &Action::Import, "{}", notes(&run));
            assert_eq!(notes(&run), format!("signed by `{IDENTITY}`, vouched for by `{ISSUER}`"));
        }
    }
}

#[tokio::test]
async fn whoever_is_somebody_else_is_refused() {
    let services = Services::new();
    let good = || Signing::of(&image());
    let forker = Signing { identity: "https://github.com/forker/app/x.yml@refs/heads/main", ..good() };
    let longer =
        Signing { identity: "https://github.com/contoso/app/.github/workflows/release.yml@refs/heads/mainx", ..good() };
    let vouched = Signing { issuer: "https://accounts.example.com", ..good() };
    let late = Signing { at: 1_735_690_201, ..good() };
    let early = Signing { at: 1_735_689_000, ..good() };
    let about_another = Signing { digest: Digest::of(b"other"), ..good() };
    for (signing, expected) in [
        (forker, "identity mismatch"),
        (longer, "identity mismatch"),
        (vouched, "issuer mismatch"),
        (late, "certificate"),
        (early, "certificate"),
        (about_another, "about another image"),
    ] {
        for signed in [
            with_bundle(scenario(&exact()), &services.bundle(&signing)),
            with_tag(scenario(&exact()), &services.tagged(&signing)),
        ] {
            let run = signed.file("trust/root.json", &services.root()).run().await;
            assert!(blocked(&run).contains(expected), "{expected}: {}", blocked(&run));
        }
    }
    let other = Services::new();
    for signed in
        [with_bundle(scenario(&exact()), &other.bundle(&good())), with_tag(scenario(&exact()), &other.tagged(&good()))]
    {
        let run = signed.file("trust/root.json", &services.root()).run().await;
        assert!(blocked(&run).contains("another signature"), "{}", blocked(&run));
    }
    // A key alone is nobody, and an identity is no key.
    let key = Key::new();
    let run = with_tag(with_bundle(scenario(&exact()), &key.bundle(&good())), &key.tagged(&good()));
    let run = run.file("trust/root.json", &services.root()).run().await;
    assert!(blocked(&run).contains("it has no certificate"), "{}", blocked(&run));
    let run = with_bundle(scenario(BY_KEY), &services.bundle(&good())).file("keys/cosign.pub", &key.pem()).run().await;
    assert!(blocked(&run).contains("not by the key"), "{}", blocked(&run));
}

#[tokio::test]
async fn a_signature_that_no_log_has_is_refused() {
    let services = Services::new();
    let signing = Signing::of(&image());
    let whole = services.bundle(&signing);
    let other = services.bundle(&signing);
    let alter = |change: &dyn Fn(&mut Value)| {
        let mut bundle = whole.clone();
        change(&mut bundle);
        bundle
    };
    for bundle in [
        alter(&|it| it["verificationMaterial"]["tlogEntries"] = serde_json::json!([])),
        alter(&|it| {
            drop(it["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof"));
        }),
        alter(&|it| {
            drop(it["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionPromise"));
        }),
        // An hour that the log has not signed.
        alter(&|it| it["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = "1735689901".into()),
        // The entry of another signature by the same signer.
        alter(&|it| it["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"].clone()),
        alter(&|it| it["verificationMaterial"]["certificate"] = other["verificationMaterial"]["certificate"].clone()),
        alter(&|it| it["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"].clone()),
    ] {
        let run = with_bundle(scenario(&exact()), &bundle).file("trust/root.json", &services.root()).run().await;
        assert!(blocked(&run).contains("another signature"), "{}", blocked(&run));
    }
    for (name, value, expected) in [
        ("dev.sigstore.cosign/bundle", "", "no log has promised"),
        ("dev.sigstore.cosign/bundle", "{}", "promise cannot be read"),
        ("dev.sigstore.cosign/certificate", "", "no certificate"),
        ("dev.cosignproject.cosign/signature", "AAAA", "signature"),
    ] {
        let tagged = services.tagged(&signing).annotated(name, value);
        let run = with_tag(scenario(&exact()), &tagged).file("trust/root.json", &services.root()).run().await;
        assert!(blocked(&run).contains(expected), "{name}: {}", blocked(&run));
    }
}

#[tokio::test]
async fn a_registry_that_cannot_be_asked_lets_nothing_in_that_is_not_signed() {
    let key = Key::new();
    let closed = || {
        Scenario::apply(&format!("{NGINX} => a"))
            .settings(BY_KEY)
            .source(NGINX, &image())
            .file("keys/cosign.pub", &key.pem())
            .world(|world| world.azure_registry("contosoacr").public_access(false))
            .world(|world| world.poll_retry_after(0))
    };
    let run = closed().run().await;
    assert!(blocked(&run).contains("the image has none"), "{}", blocked(&run));
    run.wrote_nothing();
    let run = with_tag(closed(), &key.tagged(&Signing::of(&image()))).run().await;
    assert_eq!((run.world.imports().len(), run.tag("a:1.27")), (1, Some(image().digest())), "{:?}", run.outcome());
}

#[tokio::test]
async fn what_is_too_large_for_a_signature_is_not_read() {
    let key = Key::new();
    let large = key.tagged(&Signing::of(&image())).content(&"x".repeat(1 << 20));
    let run = with_tag(scenario(BY_KEY), &large).file("keys/cosign.pub", &key.pem()).run().await;
    assert!(blocked(&run).contains("the image has none"), "{}", blocked(&run));
    assert_eq!(run.requests("registry-1.docker.io", "/blobs/"), 0);
}
