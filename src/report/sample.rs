//! Samples: reports for the tests of the renderers. A test states only what differs from the ordinary.

use super::{Base, Body, Part, Report};
use crate::{
    images,
    import::{Ended, Outcome, Proof},
    plan::{Action, Change, ImageFacts, Note, Plan, Reason, Route, Step},
    problem::{Problem, Side},
    reference::{Digest, Platform, Registry},
    upkeep::{self, Finding, Gravity, Section, State, Task, Untag, Upkeep},
};
use std::time::Duration;

/// Lines of a list, each with what is to be done for it.
#[derive(Default)]
pub(super) struct Sample {
    lines: Vec<String>,
    steps: Vec<(Action, Option<Outcome>, Vec<Note>)>,
    removed: Vec<String>,
    unchanged: usize,
    chores: Vec<(upkeep::Chore, upkeep::Outcome)>,
    findings: Vec<Finding>,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn step(mut self, line: &str, action: Action) -> Self {
        self.lines.push(line.to_owned());
        self.steps.push((action, None, Vec::new()));
        self
    }

    pub(super) fn import(self, line: &str) -> Self {
        self.step(line, Action::Import)
    }

    pub(super) fn moved(self, line: &str) -> Self {
        self.step(line, Action::Move { from: digest("before") })
    }

    pub(super) fn keep(self, line: &str) -> Self {
        self.step(line, Action::Keep)
    }

    pub(super) fn locked(self, line: &str) -> Self {
        self.step(line, Action::Block(Reason::Locked { from: digest("before") }))
    }

    pub(super) fn unchecked(self, line: &str) -> Self {
        let problem = Problem::new(Side::Source, "401 Unauthorized").hint("Set `credentials` for `quay.io`.");
        self.step(line, Action::Unchecked(problem))
    }

    /// Adds a line that cannot be read.
    pub(super) fn wrong(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    pub(super) fn removed(mut self, line: &str) -> Self {
        self.removed.push(line.to_owned());
        self
    }

    pub(super) fn unchanged(mut self, count: usize) -> Self {
        self.unchanged = count;
        self
    }

    /// Adds a tag that is to go, and how that ends.
    pub(super) fn untag(mut self, subject: &str, state: State, outcome: upkeep::Outcome) -> Self {
        let (repository, tag) = subject.split_once(':').unwrap();
        let task = Task::Untag(Untag {
            registry: Registry::parse("contoso.azurecr.io").unwrap(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            digest: digest(subject),
        });
        let chore = upkeep::Chore {
            section: Section::Removed,
            subject: subject.to_owned(),
            task,
            reason: format!("its line is gone; it holds {}", digest(subject).short()),
            bytes: Some(1_200_000),
            state,
        };
        self.chores.push((chore, outcome));
        self
    }

    pub(super) fn finding(mut self, gravity: Gravity, subject: &str, problem: Problem) -> Self {
        self.findings.push(Finding { section: Section::Removed, subject: subject.to_owned(), gravity, problem });
        self
    }

    /// Gives the last step a note.
    pub(super) fn note(mut self, note: Note) -> Self {
        self.steps.last_mut().unwrap().2.push(note);
        self
    }

    /// Lets the last step end otherwise than well.
    pub(super) fn ended(mut self, outcome: Outcome) -> Self {
        self.steps.last_mut().unwrap().1 = Some(outcome);
        self
    }

    pub(super) fn planned(self) -> Report {
        let mut report = self.report(|plan, _| Body::Planned(plan));
        report.parts[0].done.clear();
        report
    }

    pub(super) fn applied(self) -> Report {
        self.report(Body::Applied)
    }

    pub(super) fn stopped(self, what: &str) -> Report {
        self.report(|_, _| Body::Stopped(Problem::new(Side::Settings, what)))
    }

    fn report(self, body: impl FnOnce(Plan, Vec<Outcome>) -> Body) -> Report {
        let target = Registry::parse("contoso.azurecr.io").unwrap();
        let parsed = images::parse(self.lines.join("\n").as_bytes(), Some(&target));
        let removed = images::parse(self.removed.join("\n").as_bytes(), Some(&target)).list.entries().to_vec();
        let outcomes = self.steps.iter().map(|(action, outcome, _)| outcome.clone().unwrap_or_else(|| ended(action)));
        let outcomes = outcomes.collect();
        let steps = parsed.list.entries().iter().zip(self.steps).map(|(entry, (action, _, notes))| Step {
            line: entry.line,
            source: entry.source.clone(),
            destination: entry.destination.clone(),
            options: entry.options.clone(),
            subset: None,
            change: Change::Added,
            digest: match action {
                Action::Unchecked(_) | Action::Block(Reason::NoSource { .. }) => entry.source.digest(),
                Action::Import | Action::Keep | Action::Move { .. } | Action::Repair(_) | Action::Block(_) => {
                    Some(entry.source.digest().unwrap_or_else(|| digest(&entry.source.to_string())))
                }
            },
            image: action.is_change().then(facts),
            action,
            route: Route::ServerSide,
            companions: Vec::new(),
            notes,
        });
        let (chores, done) = self.chores.into_iter().unzip();
        let plan = Plan { steps: steps.collect(), removed, unchanged: self.unchanged };
        Report {
            file: "images.txt".to_owned(),
            base: Base::Commit {
                id: "3f786850e387550fdab836ed7e6dc881de23001b".to_owned(),
                because: "first parent of the merge commit".to_owned(),
            },
            errors: parsed.errors,
            more_errors: parsed.more_errors,
            warnings: parsed.warnings,
            parts: vec![Part {
                upkeep: Upkeep { chores, findings: self.findings },
                done,
                ..Part::new(Some(target), body(plan, outcomes))
            }],
            took: None,
            requests: None,
        }
    }
}

/// A plan with something of everything that can stand beside the lines.
pub(super) fn beside() -> Sample {
    use upkeep::Outcome::{Blocked, Done, Failed, HeldBack, Unreviewed};
    let problem = |what: &str| Problem::new(Side::Target, what).hint("Grant *AcrDelete*.");
    Sample::new()
        .import("nginx:1.27 => mirror/nginx")
        .untag("app/web:ci-1", State::Due, Done)
        .untag("app/web:ci-2", State::Due, Failed(problem("403 Forbidden")))
        .untag("app/web:ci-3", State::Unreviewed, Unreviewed)
        .untag("app/web:ci-4", State::Block(problem("the tag is locked")), Blocked(problem("the tag is locked")))
        .untag("app/web:ci-5", State::Due, HeldBack)
        .finding(Gravity::Note, "contoso", problem("the admin account is off"))
        .finding(Gravity::Warning, "con|toso <b> @me", problem("the admin account is on"))
        .finding(Gravity::Unchecked, "prod", problem("no right to read the cluster"))
        .finding(Gravity::Bad, "prod", problem("the cluster cannot pull"))
}

/// The digest of some other content for each text.
pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn accepted() -> Outcome {
    let problem = Problem::new(Side::Network, "`contoso.azurecr.io` cannot be reached");
    Outcome::Imported { ended: took(), proof: Proof::Accepted(problem) }
}

pub(super) fn failed() -> Outcome {
    let problem = Problem::new(Side::Azure, "403 AuthorizationFailed: no right to `importImage/action`");
    Outcome::Failed(problem.hint("Grant *Container Registry Data Importer and Data Reader* on the registry."))
}

fn took() -> Ended {
    Ended { took: Duration::from_millis(2_140), attempts: 1, instead: None }
}

fn ended(action: &Action) -> Outcome {
    match action {
        Action::Import | Action::Move { .. } | Action::Repair(_) => {
            Outcome::Imported { ended: took(), proof: Proof::Verified }
        }
        Action::Keep => Outcome::Kept(Proof::Verified),
        Action::Block(reason) => Outcome::Blocked(reason.clone()),
        Action::Unchecked(problem) => Outcome::Failed(problem.clone()),
    }
}

fn facts() -> ImageFacts {
    let platform =
        |architecture: &str| Platform { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None };
    ImageFacts {
        media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
        platforms: vec![platform("amd64"), platform("arm64")],
        size: Some(112_400_000),
        manifests: 3,
        ..ImageFacts::default()
    }
}

/// A plan with something of everything.
pub(super) fn mixed() -> Sample {
    Sample::new()
        .import("registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller")
        .moved("docker.io/library/nginx:1.27 => mirror/nginx:stable")
        .note(Note::TagMoved { now: Some(digest("now")) })
        .locked("quay.io/jetstack/cert-manager-controller:v1.15.2 => jetstack/cert-manager-controller")
        .step(
            "docker.io/library/redis:7.2.99 => mirror/redis",
            Action::Block(Reason::NoSource { nearest: vec!["7.2.9".to_owned(), "7.2.5".to_owned()] }),
        )
        .wrong("quay.io/Team/App:V1 -> mirror/app  # ours")
        .unchecked("quay.io/private/app:2 => private/app")
        .import("busybox => mirror/busybox")
        .note(Note::ImpliedLatest)
        .keep("docker.io/library/alpine:3.20 => mirror/alpine")
        .removed("docker.io/library/debian:11 => mirror/debian")
        .unchanged(12)
}
