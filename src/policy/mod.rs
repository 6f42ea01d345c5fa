//! Policy: what reviewers need not look for. A plan in, objections out.
//!
//! Asks nobody anything: given the same plan it objects to the same lines.

mod age;
mod evidence;
mod signed;
mod size;
mod vulnerability;

use crate::{
    plan::{Action, Ages, ImageFacts, Note, Objection, Plan, Reason, Step},
    reference::{Glob, Platform, SourceGlob},
};
use serde::Deserialize;
use std::collections::BTreeSet;

pub use age::{Age, AgeUnknown};
pub use evidence::Evidence;
pub use signed::{Cosign, Identity, RepositoryFile, Signature, Signed};
pub use size::Size;
pub use vulnerability::{Ignored, Missing, Vulnerabilities};

/// The section `policy` of `acr-sync.yaml`. What is not given is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Where images may come from: patterns over `host/repository`, such as `quay.io/jetstack/*`. Docker Hub is
    /// `docker.io`, its official images `docker.io/library/*`. An empty list allows nothing.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub allow: Option<Vec<SourceGlob>>,
    /// Where images may go: patterns over the repositories of the registry, such as `mirror/**`.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub destinations: Option<Vec<Glob>>,
    /// Whether every line names its digest.
    pub require_digest: bool,
    /// Whether the tag `latest`, written or implied, is refused as source and as destination. A digest makes it no
    /// better: the tag still says nothing.
    pub deny_latest: bool,
    /// Whether a tag that holds another image stays what it is.
    pub deny_moves: bool,
    /// The platforms that every image must have, such as `linux/amd64`.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    #[serde(deserialize_with = "platforms")]
    pub platforms: Vec<Platform>,
    /// The most bytes of one image, all its platforms together, compressed: `500 MB`, `2GiB`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub max_size: Option<Size>,
    /// How old an image may be, by its configuration: `180d`, `26w`, `36h`. The youngest platform counts.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub max_age: Option<Age>,
    /// What holds for an image that does not say when it was made, or says 1970, 1980 or a day to come, as images do that
    /// are made reproducibly.
    pub age_unknown: AgeUnknown,
    /// What scanners' reports may say of an image.
    pub vulnerabilities: Option<Vulnerabilities>,
    /// Which images must be signed, and by whom.
    pub signatures: Vec<Signed>,
    /// What holds for an image without the signature that it must have.
    pub unsigned: Missing,
}

/// Blocks each step that the policy objects to, with all objections. What is there already stays, and is noted.
///
/// `signatures` has an answer for each step of which one was asked.
pub fn object(plan: &mut Plan, policy: &Policy, evidence: &Evidence, signatures: &[Option<Signature>]) {
    for (at, step) in plan.steps.iter_mut().enumerate() {
        let mut objections = policy.objections(step);
        if let (Some(most), true) = (policy.max_age, step.may_be_written()) {
            objections.extend(most.objection(step.image.as_ref(), evidence.now, policy.age_unknown));
        }
        if let Some(rule) = &policy.vulnerabilities {
            let (more, notes) = rule.judge(step, evidence);
            objections.extend(more);
            step.notes.extend(notes);
        }
        if let Some(Some(signature)) = signatures.get(at) {
            objections.extend(policy.signature(signature, &mut step.notes));
        }
        if objections.is_empty() {
            continue;
        }
        match &step.action {
            Action::Import | Action::Move { .. } | Action::Unchecked(_) => {
                step.action = Action::Block(Reason::Policy(objections));
            }
            // A repair brings back what the tag stands for already.
            Action::Keep | Action::Repair(_) => step.notes.push(Note::Policy(objections)),
            // One reason is enough to do nothing.
            Action::Block(_) => {}
        }
    }
    // Told once, where no line has told it.
    let is_told = |step: &Step| match &step.action {
        Action::Block(Reason::Policy(objections)) => objections.iter().any(|it| matches!(it, Objection::NoReport(_))),
        _ => step.notes.iter().any(|note| matches!(note, Note::NoReport(_))),
    };
    if !plan.steps.iter().any(is_told)
        && let Some(first) = plan.steps.first_mut()
    {
        first.notes.extend(evidence.unreadable.iter().map(|it| Note::ReportUnreadable(it.to_string())));
    }
}

impl Policy {
    /// Returns whether the plan must know when images were made.
    pub fn ages(&self) -> Ages {
        if self.max_age.is_some() { Ages::Ask } else { Ages::Leave }
    }

    /// Returns the files of the repository that the rules name.
    pub fn files(&self) -> BTreeSet<&str> {
        let files = self.signatures.iter().map(|signed| match &signed.cosign {
            Cosign::Key(file) | Cosign::Keyless { trust_root: file, .. } => file.as_str(),
        });
        files.collect()
    }

    /// Returns which scanners' reports are wanted.
    pub fn reports(&self) -> &[Glob] {
        self.vulnerabilities.as_ref().map_or(&[], |rule| &rule.reports)
    }

    fn objections(&self, step: &Step) -> Vec<Objection> {
        let source = step.source.name();
        let destination = step.destination.repository().to_owned();
        let mut found = Vec::new();
        if self.allow.as_ref().is_some_and(|allowed| !allowed.iter().any(|it| it.matches(source))) {
            found.push(Objection::Source(source.to_owned()));
        }
        if self.destinations.as_ref().is_some_and(|allowed| !allowed.iter().any(|it| it.matches(&destination))) {
            found.push(Objection::Destination(destination));
        }
        if self.require_digest && !step.source.has_digest() {
            found.push(Objection::NoDigest);
        }
        // What is implied is the manifest that is asked for.
        let is_latest = step.source.tag() == Some("latest") || step.source.manifest() == "latest";
        if self.deny_latest && (is_latest || step.destination.tag() == "latest") {
            found.push(Objection::Latest);
        }
        if self.deny_moves && matches!(step.action, Action::Move { .. }) {
            found.push(Objection::Moves);
        }
        if step.may_be_written() {
            found.extend(self.missing(step.image.as_ref()));
            found.extend(self.excess(step.image.as_ref()));
        }
        found
    }

    fn signature(&self, signature: &Signature, notes: &mut Vec<Note>) -> Option<Objection> {
        let objection = match signature {
            Signature::Of(signer) => {
                notes.push(Note::Signed(signer.clone()));
                return None;
            }
            Signature::None => Objection::Unsigned(Vec::new()),
            Signature::Others(why) => Objection::Unsigned(why.clone()),
            Signature::Unknown(_) => Objection::Unknown("its signatures"),
        };
        if let Signature::Unknown(why) = signature {
            notes.push(Note::SignaturesUnknown(why.clone()));
        }
        if signed::is_blocked(self.unsigned) {
            return Some(objection);
        }
        notes.push(Note::Unsigned(objection.to_string()));
        None
    }

    /// What was not asked is not taken for granted: a gate that opens when nobody is there is none.
    fn missing(&self, image: Option<&ImageFacts>) -> Option<Objection> {
        if self.platforms.is_empty() {
            return None;
        }
        let Some(image) = image else { return Some(Objection::Unknown("its platforms")) };
        // What has no platforms at all is no image for a node: a chart, a signature.
        let has = |wanted: &&Platform| image.platforms.iter().any(|platform| serves(platform, wanted));
        let missing: Vec<_> = self.platforms.iter().filter(|wanted| !has(wanted)).cloned().collect();
        (!missing.is_empty() && !image.platforms.is_empty()).then_some(Objection::Platforms(missing))
    }

    fn excess(&self, image: Option<&ImageFacts>) -> Option<Objection> {
        let most = self.max_size?.bytes();
        match image.and_then(|image| image.size) {
            None => Some(Objection::Unknown("its size")),
            Some(is) => (is > most).then_some(Objection::Size { is, most }),
        }
    }
}

/// A platform without a variant asks for none in particular.
fn serves(platform: &Platform, wanted: &Platform) -> bool {
    let is_same = platform.os == wanted.os && platform.architecture == wanted.architecture;
    is_same && (wanted.variant.is_none() || platform.variant == wanted.variant)
}

fn platforms<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Platform>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| Platform::parse(text).map_err(serde::de::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        images,
        plan::{Change, Route},
        reference::Digest,
    };

    pub(super) const PINNED: &str = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    pub(super) fn step(line: &str) -> Step {
        let entry = images::parse(line.as_bytes(), None).list.entries()[0].clone();
        let platforms = ["linux/amd64", "linux/arm/v7"].map(|text| Platform::parse(text).unwrap()).to_vec();
        Step {
            line: entry.line,
            source: entry.source,
            mirror: None,
            destination: entry.destination,
            options: entry.options,
            change: Change::Added,
            digest: Some(Digest::of(b"image")),
            subset: None,
            image: Some(ImageFacts {
                platforms,
                size: Some(3_000_000),
                digests: vec![Digest::of(b"child")],
                ..ImageFacts::default()
            }),
            action: Action::Import,
            route: Route::ServerSide,
            notes: Vec::new(),
            companions: Vec::new(),
        }
    }

    fn policy(text: &str) -> Policy {
        serde_yaml::from_str(text).unwrap()
    }

    /// Returns the objections as they are told; the action that is left when there are none.
    fn told(policy_text: &str, step: Step) -> String {
        told_with(policy_text, step, &Evidence::default())
    }

    /// Returns the objections and the notes as they are told.
    pub(super) fn told_with(policy_text: &str, step: Step, evidence: &Evidence) -> String {
        let mut plan = Plan { steps: vec![step], ..Plan::default() };
        object(&mut plan, &policy(policy_text), evidence, &[]);
        let step = &plan.steps[0];
        let blocked = match &step.action {
            Action::Block(reason) => Some(reason.to_string()),
            Action::Import | Action::Move { .. } | Action::Keep | Action::Repair(_) | Action::Unchecked(_) => None,
        };
        blocked.into_iter().chain(step.notes.iter().map(|note| format!("noted: {note}"))).collect()
    }

    #[test]
    fn each_rule_objects_to_what_breaks_it_and_to_nothing_else() {
        let allow = "allow: [registry.k8s.io/**, docker.io/library/*]";
        let moved = Step { action: Action::Move { from: Digest::of(b"other") }, ..step("nginx:1 => a") };
        for (rules, step, expected) in [
            ("{}", step("nginx => a:latest"), ""),
            (allow, step("nginx:1 => a"), ""),
            (allow, step("registry.k8s.io/x/y:1 => a"), ""),
            (allow, step("bitnami/redis:1 => a"), "the policy does not allow the source `docker.io/bitnami/redis`"),
            ("allow: []", step("nginx:1 => a"), "the policy does not allow the source `docker.io/library/nginx`"),
            ("destinations: [mirror/**]", step("nginx:1 => mirror/nginx"), ""),
            ("destinations: [mirror/**]", step("nginx:1 => a"), "the policy does not allow the destination `a`"),
            ("require-digest: true", step(&format!("nginx:1{PINNED} => a")), ""),
            ("require-digest: true", step("nginx:1 => a"), "the policy wants the digest in the line"),
            ("deny-latest: true", step("nginx:1 => a"), ""),
            ("deny-latest: true", step("nginx => a:1"), "the policy refuses the tag `latest`"),
            ("deny-latest: true", step("nginx:1 => a:latest"), "the policy refuses the tag `latest`"),
            ("deny-latest: true", step(&format!("nginx:latest{PINNED} => a:1")), "the policy refuses the tag `latest`"),
            ("deny-latest: true", step(&format!("nginx{PINNED} => a:1")), ""),
            ("deny-moves: true", step("nginx:1 => a"), ""),
            ("deny-moves: true", moved, "the policy refuses to move a tag"),
            ("platforms: [linux/amd64, linux/arm]", step("nginx:1 => a"), ""),
            (
                "platforms: [linux/s390x, linux/arm/v8]",
                step("nginx:1 => a"),
                "the policy wants linux/s390x, linux/arm/v8",
            ),
            ("max-size: 3 MB", step("nginx:1 => a"), ""),
            ("max-size: 2 MB", step("nginx:1 => a"), "the image has 3.0 MB, the policy allows 2.0 MB"),
        ] {
            let was = told(rules, step);
            assert!(if expected.is_empty() { was.is_empty() } else { was.starts_with(expected) }, "{rules}: {was}");
        }
    }

    #[test]
    fn all_objections_are_told_at_once() {
        let was = told("{ allow: [], require-digest: true, deny-latest: true }", step("nginx => a"));
        assert_eq!(was.split("; ").count(), 3, "{was}");
    }

    #[test]
    fn what_was_not_asked_is_not_taken_for_granted() {
        for rules in ["platforms: [linux/amd64]", "max-size: 1GiB"] {
            let was = told(rules, Step { image: None, ..step("nginx:1 => a") });
            assert!(was.contains("could not be asked"), "{was}");
            let closed = || Action::Unchecked(crate::problem::Problem::new(crate::problem::Side::Source, "closed"));
            let unchecked = Step { image: None, action: closed(), ..step("nginx:1 => a") };
            assert!(told(rules, unchecked).contains("could not be asked"), "it would be imported by its digest");
            let unknown = Step { image: None, digest: None, action: closed(), ..step("nginx:1 => a") };
            assert_eq!(told(rules, unknown), "", "it is not imported");
        }
        let chart = ImageFacts { platforms: Vec::new(), size: Some(1), ..ImageFacts::default() };
        assert_eq!(told("platforms: [linux/amd64]", Step { image: Some(chart), ..step("nginx:1 => a") }), "");
    }

    #[test]
    fn what_is_there_already_stays_and_is_noted() {
        let kept = Step { action: Action::Keep, ..step("nginx => a") };
        assert!(told("deny-latest: true", kept).starts_with("noted: the policy refuses the tag `latest`"));
    }
}
