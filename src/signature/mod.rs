//! Signatures: who has signed the images that a plan would import.
//!
//! They are fetched by the registry client, as cosign keeps them: under a tag (`sha256-….sig`) and as referrers (bundles
//! of sigstore). What they are worth is sigstore-verify's to say, over ring. Who must have signed is the policy's.

mod claim;
mod material;
mod provider;
mod signer;
mod tagged;

use crate::{
    plan::{Plan, Step},
    policy::{Signature, Signed},
    problem::{Problem, Side},
    reference::Digest,
    registry::Client,
};
use futures_util::{StreamExt, stream};
use material::Material;
use signer::Signer;
use std::collections::BTreeMap;

/// Images that are asked about at once; each host has a limit of its own besides.
const IMAGES_AT_ONCE: usize = 16;

/// Whose signatures are wanted, with keys and roots read.
#[derive(Debug)]
pub struct Gate<'a> {
    entries: Vec<(&'a Signed, Signer)>,
}

impl<'a> Gate<'a> {
    /// Reads the keys and roots that the rules name, from files of the repository by their names.
    ///
    /// # Errors
    /// A [`Problem`] that names the file which is missing or cannot be used: a rule that nobody can follow stops the run.
    pub fn new(rules: &'a [Signed], files: &BTreeMap<String, Vec<u8>>) -> Result<Self, Problem> {
        let read = |signed: &'a Signed| Ok((signed, Signer::read(&signed.cosign, files)?));
        let entries = rules.iter().map(read).collect::<Result<_, String>>();
        let told = |what| {
            Problem::new(Side::Settings, format!("acr-sync.yaml: policy.signatures: {what}"))
                .hint("Check the file; it is read at the commit of acr-sync.yaml.")
        };
        entries.map(|entries| Self { entries }).map_err(told)
    }

    /// Asks for the signatures of what would be imported; none for a step of which no signature is wanted.
    pub async fn ask(&self, plan: &Plan, registries: &Client) -> Vec<Option<Signature>> {
        stream::iter(&plan.steps).map(|step| self.of(step, registries)).buffered(IMAGES_AT_ONCE).collect().await
    }

    async fn of(&self, step: &Step, registries: &Client) -> Option<Signature> {
        let name = format!("{}/{}", step.source.registry(), step.source.repository());
        let signers: Vec<_> = self.entries.iter().filter(|(signed, _)| signed.is_about(&name)).collect();
        // An index of some platforms is new: signed is the source's, whose manifests they are.
        let signed = step.subset.as_ref().map(|subset| subset.of).or(step.digest);
        let (Some(digest), true, false) = (signed, step.may_be_written(), signers.is_empty()) else {
            return None;
        };
        let found = match material::fetch(registries, &step.source, digest).await {
            Ok(found) => found,
            Err(error) => return Some(Signature::Unknown(error.problem(Side::Source).what)),
        };
        Some(judge(&found, digest, signers.iter().map(|(_, signer)| signer)))
    }
}

/// Finds a signature by one who is meant, among all of the image.
fn judge<'a>(found: &[Material], digest: Digest, signers: impl Iterator<Item = &'a Signer> + Clone) -> Signature {
    let mut wrong: Vec<String> = Vec::new();
    for material in found {
        for signer in signers.clone() {
            match signer.verify(material, digest) {
                Ok(name) => return Signature::Of(name),
                Err(why) if wrong.contains(&why) => {}
                Err(why) => wrong.push(why),
            }
        }
    }
    wrong.truncate(3);
    if found.is_empty() { Signature::None } else { Signature::Others(wrong) }
}
