//! Settings: the sections of `acr-sync.yaml` in an order in which one leads to the next.

use super::{
    chapter::{Chapter, Files, Meddling},
    stage::Stage,
};
use crate::{
    emulator::{Image, World},
    report::Verdict,
};
use serde_json::json;
use time::Duration;

const ONE: &str = "contosoacr";

fn nothing(_: &World) {}

/// An image with a trust store.
fn debian(image: Image) -> Image {
    image.files([
        ("etc/os-release", "ID=debian\n"),
        ("usr/sbin/update-ca-certificates", "#!/bin/sh\n"),
        ("usr/local/share/ca-certificates/", ""),
        ("etc/ssl/certs/ca-certificates.crt", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
    ])
}

/// Puts builds of an application into the registry, the newest of today.
fn builds(world: &World) {
    world.azure_registry(ONE).put("app/web:v1", &Image::index(["linux/amd64"]).content("v1"));
    for (tag, days) in [("ci-1", 60), ("ci-2", 50), ("ci-3", 0)] {
        old_build(world, tag, days);
    }
}

fn old_build(world: &World, tag: &str, days: i64) {
    let registry = world.azure_registry(ONE);
    registry.put(&format!("app/web:{tag}"), &Image::index(["linux/amd64"]).content(tag));
    registry.age_tag("app/web", tag, Duration::days(days));
}

/// Every section that there is.
pub(super) const CHAPTERS: [Chapter; 13] = [
    Chapter {
        title: "`policy`: what reviewers need not look for; the list is judged by it at once",
        settings: "policy:\n  allow: [\"registry.k8s.io/**\", \"quay.io/jetstack/*\", \"docker.io/**\", \"ghcr.io/**\"]\n  deny-latest: true\n",
        list: None,
        registry: ONE,
        before: nothing,
        planned: &["6 to keep"],
        applied: &["6 kept"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`sources`: a registry that ACR cannot reach, so that the runner copies",
        settings: "sources:\n  ghcr.io: { route: direct }\n",
        list: Some(("docker.io/cloudflare", "ghcr.io/stefanprodan/podinfo:6.7.0 => podinfo\ndocker.io/cloudflare")),
        registry: ONE,
        before: nothing,
        planned: &["podinfo:6.7.0", "ACR cannot reach the source"],
        applied: &["1 imported"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`mirror` and `ca`: images of Docker Hub by a mirror whose certificates are the company's own",
        settings: "  docker.io/bitnami: { mirror: artifacts.corp.example/dockerhub, ca: certs/corp-root.pem }\n",
        list: Some(("docker.io/cloudflare", "docker.io/bitnami/redis:7.2 => bitnami/redis\ndocker.io/cloudflare")),
        registry: ONE,
        before: |world| {
            let mirror = world.source("artifacts.corp.example").company_certificates();
            mirror.put("dockerhub/bitnami/redis:7.2", &Image::index(["linux/amd64"]));
        },
        planned: &["by mirror `artifacts.corp.example/dockerhub`", "its certificates are the company's own"],
        applied: &["1 imported"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`removed: untag`: the tag goes with its line, as reviewed",
        settings: "removed: untag\n",
        list: Some(("ghcr.io/stefanprodan/podinfo:6.7.0 => podinfo\n", "")),
        registry: ONE,
        before: nothing,
        planned: &["`podinfo:6.7.0` | **untag**"],
        applied: &["untagged  podinfo:6.7.0"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`registries`: two of them, each with its part of the list",
        settings: "registries:\n  contosoacr: {}\n  fabrikamacr: { images: [\"mirror/**\"], sections: [removed] }\n",
        list: None,
        registry: "contosoacr, fabrikamacr",
        before: nothing,
        planned: &["#### `fabrikamacr.azurecr.io`: 1 to import"],
        applied: &["fabrikamacr.azurecr.io: 1 imported, verified"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`cleanup`: what nobody needs goes as reviewed, and no more",
        settings: "cleanup:\n  - { repositories: \"app/*\", tags: \"^ci-\", older-than: 30d, keep: 1, share: 80 }\n",
        list: None,
        registry: ONE,
        before: builds,
        planned: &["`app/web:ci-1`", "`app/web:ci-2`"],
        applied: &["app/web:ci-1"],
        kit: None,
        meddling: Some(Meddling {
            what: "Another old build comes in",
            hand: |world| old_build(world, "ci-0", 90),
            drift: &["app/web:ci-0", "waits for a review"],
            verdict: Verdict::Clean,
            mend: nothing,
        }),
    },
    Chapter {
        title: "`certificates`: an image beside the listed one that trusts the company's authority",
        settings: "certificates:\n  - { authority: [certs/root-ca.crt], images: [\"vendor/*\"], suffix: -ca }\n",
        list: Some(("docker.io/cloudflare", "quay.io/jetstack/yourapp:1.2 => vendor/yourapp\ndocker.io/cloudflare")),
        registry: ONE,
        before: |world| {
            world.source("quay.io").put("jetstack/yourapp:1.2", &debian(Image::index(["linux/amd64", "linux/arm64"])));
        },
        planned: &["`vendor/yourapp:1.2-ca` | **make**"],
        applied: &["1 imported, verified, 1 made"],
        kit: None,
        meddling: Some(Meddling {
            what: "Somebody takes the tag of the variant away",
            hand: |world| world.azure_registry(ONE).untag("vendor/yourapp", "1.2-ca"),
            drift: &["made  vendor/yourapp:1.2-ca"],
            verdict: Verdict::Clean,
            mend: nothing,
        }),
    },
    Chapter {
        title: "`way: tasks`: the same, built by ACR Tasks",
        settings: "  - { authority: [certs/root-ca.crt], images: [\"tools/*\"], suffix: -ca, way: tasks }\n",
        list: Some(("docker.io/cloudflare", "quay.io/jetstack/agent:2.0 => tools/agent\ndocker.io/cloudflare")),
        registry: ONE,
        before: |world| {
            world.source("quay.io").put("jetstack/agent:2.0", &debian(Image::single("linux/amd64").user("agent")));
        },
        planned: &["`tools/agent:2.0-ca` | **make**", "by ACR Tasks, as stated, over debian for `linux/amd64`"],
        applied: &["1 imported, verified, 1 made"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`tasks`: Azure cleans up and builds by itself, by the time",
        settings: "tasks:\n  - { name: purge-web, cmd: \"acr purge --filter 'app/web:ci-.*' --ago 30d --untagged\", triggers: { schedule: \"0 4 * * 0\" } }\n",
        list: None,
        registry: ONE,
        before: nothing,
        planned: &["`purge-web` | **create**", "acr purge"],
        applied: &["created  purge-web"],
        kit: None,
        meddling: Some(Meddling {
            what: "Somebody lets it run for ten minutes only, every hour",
            hand: |world| {
                let timers = json!([{"name": "t1", "schedule": "0 * * * *"}]);
                let changed = json!({"timeout": 600, "trigger": {"timerTriggers": timers}});
                world.azure_registry(ONE).change_task("purge-web", &changed);
            },
            drift: &["schedule was 0 * * * *, stated 0 4 * * 0", "timeout was 600 s, stated 3600 s"],
            verdict: Verdict::Clean,
            mend: nothing,
        }),
    },
    Chapter {
        title: "`retention`, `locks`, `replicas`, `registry`: the registry's own settings",
        settings: "retention: { untagged-after: 7d }\nlocks: { images: [\"ingress-nginx/*\"] }\nreplicas: [eastus]\nregistry: { anonymous-pull: deny }\n",
        list: None,
        registry: ONE,
        before: |world| world.poll_retry_after(0),
        planned: &["**set**: was off, stated 7 days", "`eastus` | **replicate**: there is none"],
        applied: &["1 set, 1 replicated"],
        kit: None,
        meddling: Some(Meddling {
            what: "Somebody sets the retention to 30 days",
            hand: |world| world.azure_registry(ONE).retention(Some(30)),
            drift: &["was 30 days, stated 7 days", "1 set, 2 locked"],
            verdict: Verdict::Clean,
            mend: nothing,
        }),
    },
    Chapter {
        title: "`connected-registries`: what a ship needs goes there with the list",
        settings: "connected-registries:\n  - { name: vessel-1, mode: ReadOnly, repositories: [\"mirror/*\"], schedule: \"30 * * * *\", window: PT1H, clients: [vessel-1-pull] }\n",
        list: None,
        registry: ONE,
        before: |world| world.azure_registry(ONE).data_endpoints(),
        planned: &["`vessel-1` | **create**: `+` `mirror/nginx`"],
        applied: &["created  vessel-1"],
        kit: Some("vessel-1"),
        meddling: Some(Meddling {
            what: "Somebody takes the repository out of the client's scope map",
            hand: |world| world.azure_registry(ONE).write_scope_map("vessel-1-pull-scope-map", []),
            drift: &["vessel-1-pull", "+ mirror/nginx"],
            verdict: Verdict::Clean,
            mend: nothing,
        }),
    },
    Chapter {
        title: "A line more below `mirror/`: the ship gets the image with the same merge",
        settings: "",
        list: Some(("docker.io/cloudflare", "docker.io/library/alpine:3.20 => mirror/alpine\ndocker.io/cloudflare")),
        registry: ONE,
        before: nothing,
        planned: &["`vessel-1` | **extend**: `+` `mirror/alpine`"],
        applied: &["1 imported, verified"],
        kit: None,
        meddling: None,
    },
    Chapter {
        title: "`pull-check`: whether a cluster can pull what the list brings",
        settings: "pull-check:\n  - { cluster: /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/prod }\n",
        list: None,
        registry: ONE,
        before: World::seed_cluster,
        planned: &["`prod, the right to pull`: the kubelet identity has `*AcrPull*`"],
        applied: &["nothing was to be done"],
        kit: None,
        meddling: Some(Meddling {
            what: "Somebody takes the cluster's role away",
            hand: |world| world.revoke(&world.cluster("prod").kubelet()),
            drift: &["az aks update"],
            verdict: Verdict::Failed,
            mend: World::seed_cluster,
        }),
    },
];

/// Plays every chapter onto the list as it was merged before.
pub(super) async fn play(stage: &mut Stage, list: &str, title: impl Fn(usize, &str)) -> anyhow::Result<()> {
    let mut files = Files { list: list.to_owned(), settings: String::new() };
    for (at, chapter) in CHAPTERS.iter().enumerate() {
        title(at + 1, chapter.title);
        chapter.play(stage, &mut files).await?;
    }
    Ok(())
}
