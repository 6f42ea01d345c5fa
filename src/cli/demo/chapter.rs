//! Chapter: one section of `acr-sync.yaml`, proposed, merged, and looked at again after somebody's hand was on it.

use super::{difference, indented, stage::Stage};
use crate::{
    cli::outlet,
    emulator::World,
    report::{Report, Verdict},
};
use anyhow::ensure;

/// One section of `acr-sync.yaml`.
pub(super) struct Chapter {
    /// What it is about, in a sentence.
    pub title: &'static str,
    /// What it adds to the file.
    pub settings: &'static str,
    /// The line of the list that is changed with it, and what it becomes; nothing takes it away.
    pub list: Option<(&'static str, &'static str)>,
    /// The registries that the workflow keeps from here on.
    pub registry: &'static str,
    /// What makes the world ready for it.
    pub before: fn(&World),
    /// What the comment says of the plan.
    pub planned: &'static [&'static str],
    /// What the report says once it is merged.
    pub applied: &'static [&'static str],
    /// The connected registry whose cluster gets its kit then.
    pub kit: Option<&'static str>,
    /// What is done by hand afterwards.
    pub meddling: Option<Meddling>,
}

/// What somebody does to the registry by hand, and what the scheduled run says of it.
pub(super) struct Meddling {
    pub what: &'static str,
    pub hand: fn(&World),
    pub drift: &'static [&'static str],
    pub verdict: Verdict,
    /// What the scheduled run only tells of is mended by this.
    pub mend: fn(&World),
}

/// The two files on the branch.
pub(super) struct Files {
    pub list: String,
    pub settings: String,
}

impl Chapter {
    /// Plays it; leaves both files as they are merged.
    pub(super) async fn play(&self, stage: &mut Stage, files: &mut Files) -> anyhow::Result<()> {
        stage.turn();
        stage.keep(self.registry);
        (self.before)(stage.world());
        outlet::print(&marked(self.settings, '+'));
        if let Some((from, to)) = self.list {
            let list = files.list.replace(from, to);
            outlet::print(&difference(&files.list, &list));
            files.list = list;
        }
        files.settings.push_str(self.settings);
        let root = stage.authority().to_owned();
        let company = stage.world().company_ca_pem();
        let repository = [
            ("images.txt", &files.list),
            ("acr-sync.yaml", &files.settings),
            ("certs/root-ca.crt", &root),
            ("certs/corp-root.pem", &company),
        ];
        let report = stage.propose_files(&repository.map(|(path, text)| (path, text.as_str()))).await?;
        let comment = stage.comment()?;
        outlet::print(&format!("\n{}", indented(&comment)));
        says("the plan", &comment, self.planned)?;
        ensure!(report.verdict() != Verdict::Failed, "the plan has an error");

        outlet::print("\n  Merged:\n");
        let report = stage.merge().await?;
        told(stage, &report, self.applied)?;
        ensure!(report.verdict() == Verdict::Clean, "it was not applied");

        if let Some(name) = self.kit {
            outlet::print(&format!("\n  acr-sync connected-registry kit {name}:\n\n"));
            stage.kit(name).await?;
        }
        if let Some(meddling) = &self.meddling {
            outlet::print(&format!("\n  {}. The scheduled run:\n", meddling.what));
            (meddling.hand)(stage.world());
            let report = stage.night().await?;
            told(stage, &report, meddling.drift)?;
            ensure!(report.verdict() == meddling.verdict, "the scheduled run says {:?}", report.verdict());
            (meddling.mend)(stage.world());
        }
        Ok(())
    }
}

fn told(stage: &Stage, report: &Report, expected: &[&str]) -> anyhow::Result<()> {
    stage.show(report);
    says("the report", &stage.text(report), expected)
}

fn says(who: &str, text: &str, expected: &[&str]) -> anyhow::Result<()> {
    match expected.iter().find(|part| !text.contains(**part)) {
        Some(missing) => anyhow::bail!("{who} does not say `{missing}`"),
        None => Ok(()),
    }
}

fn marked(text: &str, sign: char) -> String {
    text.lines().map(|line| format!("  {sign} {line}\n")).collect()
}
