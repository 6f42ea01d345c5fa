//! `demo`: a pull request, its plan, its merge and the result, on a stand-in for Azure and GitHub; no account, no
//! network.

mod chapter;
mod settings;
mod stage;

use super::{BAD, GOOD, outlet};
use crate::{images::Colour, inputs::Env, report::Verdict};
use anyhow::ensure;
use stage::Stage;

/// The list of the article that the product was asked for from, with a line whose tag is another at the destination.
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

/// How much is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One pull request on the list.
    List,
    /// That, and every section of `acr-sync.yaml`.
    All,
}

const STEPS: usize = 4;

pub(super) async fn run(extent: Extent, env: &Env) -> u8 {
    let colour = outlet::colour(env);
    let played = match extent {
        Extent::List => play(colour, STEPS).await.map(drop),
        Extent::All => Box::pin(all(colour)).await,
    };
    match played {
        Ok(()) => {
            outlet::print(LAST_WORDS);
            GOOD
        }
        Err(error) => {
            outlet::error(&format!("the demo did not end as it should: {error:#}"));
            BAD
        }
    }
}

async fn all(colour: Colour) -> anyhow::Result<()> {
    let steps = STEPS + settings::CHAPTERS.len();
    let mut stage = play(colour, steps).await?;
    settings::play(&mut stage, &PROPOSED.replace("v1.15.22", "v1.15.3"), |number, text| {
        title(colour, STEPS + number, steps, text);
    })
    .await
}

async fn play(colour: Colour, steps: usize) -> anyhow::Result<Stage> {
    let mut stage = Stage::new(colour, ON_MAIN).await?;

    title(colour, 1, steps, "The list is pushed to `main`: the whole of it is imported");
    outlet::print(&format!("{}\n", indented(ON_MAIN)));
    let report = stage.first_push().await?;
    stage.show(&report);
    ensure!(report.verdict() == Verdict::Clean, "the first list was not imported");

    title(
        colour,
        2,
        steps,
        "A pull request adds a line, moves a tag, mistypes one and removes one: the plan, as a comment",
    );
    outlet::print(&difference(ON_MAIN, PROPOSED));
    let report = stage.propose(PROPOSED).await?;
    outlet::print(&indented(&stage.comment()?));
    ensure!(report.verdict() == Verdict::Failed, "the mistyped tag was not found");

    title(colour, 3, steps, "Its author takes a tag that exists: the same comment, kept current");
    let report = stage.propose(&PROPOSED.replace("v1.15.22", "v1.15.3")).await?;
    outlet::print(&indented(&stage.comment()?));
    ensure!(report.verdict() == Verdict::Pending, "the plan is not what the list asks for");

    title(colour, 4, steps, "The merge: only the changed lines are imported, by the digests of the plan");
    let report = stage.merge().await?;
    stage.show(&report);
    outlet::print("\n  The comment now:\n\n");
    outlet::print(&indented(&stage.comment()?));
    ensure!(report.verdict() == Verdict::Clean, "the merge was not imported");

    Ok(stage)
}

const LAST_WORDS: &str = "
With your own registry:

  az login
  acr-sync plan images.txt --registry YOUR-REGISTRY --all
  acr-sync apply images.txt --registry YOUR-REGISTRY --all

README.md has the workflow for GitHub and the pipeline for Azure DevOps.
";

fn title(colour: Colour, step: usize, steps: usize, title: &str) {
    let (bold, plain) = match colour {
        Colour::Plain => ("", ""),
        Colour::Coloured => ("\u{1b}[1m", "\u{1b}[0m"),
    };
    outlet::print(&format!("\n{bold}{step}/{steps}  {title}{plain}\n\n"));
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// Shows the lines that only one of the texts has, in the order of the second.
fn difference(before: &str, after: &str) -> String {
    let only = |text: &str, other: &str, sign: char| {
        let lines = text.lines().filter(|line| !other.lines().any(|there| there == *line));
        lines.map(|line| format!("  {sign} {line}\n")).collect::<String>()
    };
    format!("{}{}\n", only(before, after, '-'), only(after, before, '+'))
}
