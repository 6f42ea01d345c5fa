//! Case: a world and a list, drawn from a seed, and what came of the list's tags before.

use crate::dice::Dice;
use acr_sync::{
    emulator::{CLIENT, Image, Rights, SECRET, World},
    reference::Digest,
};
use std::{fmt::Write as _, time::Duration};

/// The registries that images go to.
pub(crate) const TARGETS: [&str; 2] = ["contosoacr", "northwindacr"];
/// A source that only the runner reaches.
pub(crate) const CORP: &str = "registry.corp.example";
const HARBOR: &str = "harbor.corp.example";
const WITHOUT_RANGES: &str = "old.example.com";
const OWN: &str = "fabrikamacr.azurecr.io";
/// What no output may hold.
pub(crate) const SECRETS: [&str; 3] = [SECRET, "corp-password-7GkQ", "harbor-password-Zx81"];

/// Sources: host, repository, and the host that serves the API.
const SOURCES: [(&str, &str); 8] = [
    ("docker.io", "library/nginx"),
    ("quay.io", "team/app"),
    ("registry.k8s.io", "core/pause"),
    ("mcr.microsoft.com", "dotnet/runtime"),
    (CORP, "team/private"),
    (HARBOR, "team/tool"),
    (WITHOUT_RANGES, "no/ranges"),
    (OWN, "team/svc"),
];

/// What a tag of the target holds before the list is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    Wanted,
    WantedBroken,
    Other,
    OtherLocked,
}

/// One line of the list.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// `host/repository:tag`
    pub(crate) source: String,
    /// `repository:tag`
    pub(crate) destination: String,
    pub(crate) image: Image,
    pub(crate) held: Held,
    pub(crate) is_pinned: bool,
    pub(crate) is_subset: bool,
}

/// Everything that a run starts from.
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) targets: Vec<&'static str>,
    pub(crate) lines: Vec<Line>,
    /// A line of the base that the list has no more, as `repository:tag`.
    pub(crate) removed: Option<String>,
    pub(crate) inputs: Vec<(&'static str, String)>,
    /// The list is compared with its base; else all of it is meant.
    pub(crate) has_base: bool,
    pub(crate) is_reviewed_only: bool,
    pub(crate) overwrites: bool,
    pub(crate) checks: &'static str,
}

impl Case {
    /// Draws a case.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let world = World::new();
        world.identity(CLIENT, SECRET, Rights::contributor());
        world.import_latency(dice.time(Duration::from_secs(40)));
        world.poll_retry_after(dice.one_of(&[0, 1, 10]));
        drop(world.source(CORP).private_bearer("ci", SECRETS[1]));
        drop(world.source(HARBOR).private_basic("ci", SECRETS[2]));
        drop(world.source(WITHOUT_RANGES).without_ranges());
        // The first registry of a world lies in a group of its own.
        let targets = if dice.once_in(4) { TARGETS.to_vec() } else { vec![TARGETS[0]] };
        for name in TARGETS.into_iter().chain([OWN]) {
            drop(world.azure_registry(name));
        }
        let lines: Vec<_> = (0..dice.number(1, 5)).map(|index| Line::draw(index, dice)).collect();
        let (checks, overwrites) = (dice.one_of(&["changed", "changed", "all", "none"]), !dice.once_in(4));
        let is_reviewed_only = dice.once_in(4);
        let inputs = vec![
            ("registry", targets.join(",")),
            ("direct-sources", CORP.to_owned()),
            ("overwrite", if overwrites { "allow" } else { "refuse" }.to_owned()),
            ("require-reviewed", is_reviewed_only.to_string()),
            ("check", checks.to_owned()),
            ("concurrency", dice.one_of(&[1, 2, 16]).to_string()),
            ("import-deadline", dice.one_of(&[2, 20]).to_string()),
            ("credentials", format!("{CORP} ci {}\n{HARBOR} ci {}", SECRETS[1], SECRETS[2])),
        ];
        let has_base = !dice.once_in(4);
        let removed = (has_base && dice.once_in(3)).then(|| "gone/app:1".to_owned());
        let case = Self { world, targets, lines, removed, inputs, has_base, is_reviewed_only, overwrites, checks };
        case.seed_world();
        case
    }

    fn seed_world(&self) {
        for line in &self.lines {
            self.put_source(line, &line.image);
            for name in &self.targets {
                let target = self.world.azure_registry(name);
                let (repository, tag) = line.place();
                match line.held {
                    Held::Nothing => {}
                    Held::Wanted => {
                        target.put(&line.destination, &line.image);
                    }
                    Held::WantedBroken => {
                        target.put(&line.destination, &line.image);
                        target.break_tag(repository, tag);
                    }
                    Held::Other | Held::OtherLocked => {
                        target.put(&line.destination, &line.image.clone().content("other"));
                    }
                }
                if line.held == Held::OtherLocked {
                    target.lock_tag(repository, tag);
                }
            }
        }
        for name in &self.targets {
            let target = self.world.azure_registry(name);
            target.put("strangers/app:1", &Image::single("linux/amd64").content("stranger"));
            if let Some(removed) = &self.removed {
                target.put(removed, &Image::single("linux/amd64").content("gone"));
            }
        }
    }

    /// Returns the hosts that a run talks to.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<_> =
            ["management.azure.com", "management.azure.com", "login.microsoftonline.com"].map(str::to_owned).into();
        for name in &self.targets {
            hosts.extend([format!("{name}.azurecr.io"), format!("{name}.azurecr.io")]);
        }
        for line in &self.lines {
            match line.source.split_once('/').expect("a source has a host").0 {
                "docker.io" => hosts.extend(["registry-1.docker.io".to_owned(), "auth.docker.io".to_owned()]),
                host => hosts.push(host.to_owned()),
            }
        }
        hosts
    }

    /// Returns the digest that a line asks for now, where it is not cut out of the source's.
    pub(crate) fn source_digest(&self, line: &Line) -> Option<Digest> {
        if line.is_subset {
            return None;
        }
        if line.is_pinned {
            return Some(line.image.digest());
        }
        let (host, name) = line.source.split_once('/').expect("a source has a host");
        let (repository, tag) = place(name);
        match host {
            OWN => self.world.azure_registry(OWN).tag(repository, tag),
            _ => self.world.source(host).tag(repository, tag),
        }
    }

    /// Points a line's source at an image.
    pub(crate) fn put_source(&self, line: &Line, image: &Image) {
        let (host, name) = line.source.split_once('/').expect("a source has a host");
        match host {
            OWN => self.world.azure_registry(OWN).put(name, image),
            _ => self.world.source(host).put(name, image),
        };
    }

    /// The list as it is meant to be.
    pub(crate) fn head(&self) -> String {
        self.lines.iter().fold(String::new(), |mut text, line| {
            writeln!(text, "{}", line.text).expect("a text takes all");
            text
        })
    }

    /// The list before the change; none where all of it is meant.
    pub(crate) fn base(&self) -> Option<String> {
        let removed = self.removed.as_ref().map(|name| format!("quay.io/{name} => {name}\n"));
        self.has_base.then(|| removed.unwrap_or_default())
    }

    /// `acr-sync.yaml`
    pub(crate) fn settings(&self) -> &'static str {
        if self.removed.is_some() { "removed: untag\n" } else { "" }
    }
}

impl Line {
    fn draw(index: u32, dice: &mut Dice) -> Self {
        let (host, repository) = dice.one_of(&SOURCES);
        let source = format!("{host}/{repository}:{index}");
        let image = image(dice).content(&format!("{repository} {index}"));
        let destination = format!("{}:{index}", dice.one_of(&["mirror/one", "mirror/two", repository]));
        let is_pinned = dice.once_in(4);
        // Some platforms of an image have a digest of their own, which only the runner can make.
        let is_subset = dice.once_in(8);
        let pin = if is_pinned { format!("@{}", image.digest()) } else { String::new() };
        let options = if is_subset { " platforms=linux/amd64" } else { "" };
        let held = dice.one_of(&[
            Held::Nothing,
            Held::Nothing,
            Held::Nothing,
            Held::Nothing,
            Held::Wanted,
            Held::WantedBroken,
            Held::Other,
            Held::Other,
            Held::OtherLocked,
        ]);
        Self {
            text: format!("{source}{pin} => {destination}{options}"),
            source,
            destination,
            image,
            held,
            is_pinned,
            is_subset,
        }
    }

    /// Repository and tag of the destination.
    pub(crate) fn place(&self) -> (&str, &str) {
        place(&self.destination)
    }
}

pub(crate) fn place(name: &str) -> (&str, &str) {
    name.rsplit_once(':').expect("a destination has a tag")
}

fn image(dice: &mut Dice) -> Image {
    let two = || Image::index(["linux/amd64", "linux/arm64"]);
    match dice.below(8) {
        0 | 1 => Image::single("linux/amd64"),
        2 | 3 => two(),
        4 => two().docker(),
        5 => two().with_attestations().base("debian"),
        6 => Image::single("linux/amd64").base("debian").layers(3, 500),
        // Too large to be held: it streams.
        _ => Image::single("linux/amd64").layers(1, 300_000),
    }
}
