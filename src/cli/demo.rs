//! `demo`: a pull request, its plan, its merge and the result, on a stand-in for Azure; no account, no network.

use super::{BAD, GOOD, outlet};
use crate::{
    app::{self, Occasion},
    emulator::{CLIENT, Emulator, SECRET, TENANT, World},
    http::Way,
    images::Colour,
    inputs::{Env, Inputs, Mode},
    report::{Base, Report, Verdict, markdown, progress, terminal},
};
use anyhow::{Context, ensure};
use tokio::sync::watch;

/// The list of the article that the product was asked for from.
const ON_MAIN: &str = "\
registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller
registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.4.1 => ingress-nginx/kube-webhook-certgen
quay.io/jetstack/cert-manager-controller:v1.15.2 => jetstack/cert-manager-controller
quay.io/jetstack/cert-manager-webhook:v1.15.2 => jetstack/cert-manager-webhook
quay.io/jetstack/cert-manager-cainjector:v1.15.2 => jetstack/cert-manager-cainjector
docker.io/library/nginx:1.26 => mirror/nginx:stable
# docker.io/cloudflare/cloudflared:latest => cloudflare/cloudflared
";

/// Adds a line, moves one, breaks one, removes one.
const PROPOSED: &str = "\
registry.k8s.io/ingress-nginx/controller:v1.11.2 => ingress-nginx/controller
registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.4.1 => ingress-nginx/kube-webhook-certgen
quay.io/jetstack/cert-manager-controller:v1.15.22 => jetstack/cert-manager-controller
quay.io/jetstack/cert-manager-webhook:v1.15.2 => jetstack/cert-manager-webhook
docker.io/library/nginx:1.27 => mirror/nginx:stable
docker.io/cloudflare/cloudflared:2024.8.2 => cloudflare/cloudflared
";

const STEPS: usize = 4;

pub(super) async fn run(env: &Env) -> u8 {
    match play(outlet::colour(env)).await {
        Ok(()) => GOOD,
        Err(error) => {
            outlet::error(&format!("the demo did not end as it should: {error:#}"));
            BAD
        }
    }
}

async fn play(colour: Colour) -> anyhow::Result<()> {
    let emulator = Emulator::start(World::demo()).await.context("start the stand-in")?;
    let stage = Stage::new(&emulator, colour)?;

    stage.title(1, "The list on the branch `main` is in the registry");
    outlet::print(&format!("{}\n", indented(ON_MAIN)));
    let report = stage.walk(Mode::Apply, None, ON_MAIN).await;
    stage.show(&report);
    ensure!(report.verdict() == Verdict::Clean, "the first list was not imported");

    stage.title(2, "A pull request adds a line, moves a tag, mistypes one and removes one: the plan");
    outlet::print(&difference(ON_MAIN, PROPOSED));
    let report = stage.walk(Mode::Plan, Some(ON_MAIN), PROPOSED).await;
    stage.show(&report);
    ensure!(report.verdict() == Verdict::Failed, "the mistyped tag was not found");

    let mended = PROPOSED.replace("v1.15.22", "v1.15.3");
    stage.title(3, "Its author takes a tag that exists: the plan as the reviewer sees it in the pull request");
    let report = stage.walk(Mode::Plan, Some(ON_MAIN), &mended).await;
    outlet::print(&indented(&markdown::page(&report, markdown::Limits::comment())));
    ensure!(report.verdict() == Verdict::Pending, "the plan is not what the list asks for");

    stage.title(4, "The merge: only the changed lines are imported, by the digests of the plan");
    let report = stage.walk(Mode::Apply, Some(ON_MAIN), &mended).await;
    stage.show(&report);
    ensure!(report.verdict() == Verdict::Clean, "the merge was not imported");

    outlet::print(
        "\nWith your own registry:\n\n  \
         az login\n  \
         acr-sync plan images.txt --registry YOUR-REGISTRY --all\n  \
         acr-sync apply images.txt --registry YOUR-REGISTRY --all\n\n\
         README.md has the workflow for GitHub and the pipeline for Azure DevOps.\n",
    );
    Ok(())
}

struct Stage {
    inputs: Inputs,
    colour: Colour,
    /// Kept, so that nobody takes its end for a wish to stop.
    _stop: watch::Sender<bool>,
    never: watch::Receiver<bool>,
}

impl Stage {
    fn new(emulator: &Emulator, colour: Colour) -> anyhow::Result<Self> {
        let env = Env::of([
            ("INPUT_REGISTRY", "contosoacr"),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", CLIENT),
            ("AZURE_CLIENT_SECRET", SECRET),
        ]);
        let mut inputs = Inputs::read(&env).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let proxy = Some(emulator.proxy_url());
        let roots = Some(emulator.ca_pem().to_owned());
        inputs.way = Way { https_proxy: proxy.clone(), http_proxy: proxy, roots, ..Way::default() };
        let (stop, never) = watch::channel(false);
        Ok(Self { inputs, colour, _stop: stop, never })
    }

    fn title(&self, step: usize, title: &str) {
        let (bold, plain) = match self.colour {
            Colour::Plain => ("", ""),
            Colour::Coloured => ("\u{1b}[1m", "\u{1b}[0m"),
        };
        outlet::print(&format!("\n{bold}{step}/{STEPS}  {title}{plain}\n\n"));
    }

    async fn walk(&self, mode: Mode, base: Option<&str>, head: &str) -> Report {
        let base_name = match base {
            Some(_) => {
                Base::Commit { id: "main".to_owned(), because: "the branch that the pull request goes to".to_owned() }
            }
            None => Base::None,
        };
        let occasion = Occasion {
            mode,
            file: "images.txt".to_owned(),
            head: head.as_bytes().to_vec(),
            base: base.map(|text| text.as_bytes().to_vec()),
            base_name,
            reviewed: None,
        };
        app::walk(
            &self.inputs,
            &occasion,
            async |plan, events| progress::watch(plan, events, outlet::progress()).await,
            &self.never,
        )
        .await
    }

    fn show(&self, report: &Report) {
        outlet::print(&format!("\n{}", indented(&terminal::text(report, self.colour))));
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// Shows the lines that only one of the texts has, in the order of the second.
fn difference(before: &str, after: &str) -> String {
    let gone =
        before.lines().filter(|line| !after.lines().any(|other| other == *line)).map(|line| format!("  - {line}\n"));
    let new =
        after.lines().filter(|line| !before.lines().any(|other| other == *line)).map(|line| format!("  + {line}\n"));
    gone.chain(new).collect()
}
