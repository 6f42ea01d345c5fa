//! Trouble: the faults of a run, drawn: those of design §10 and others, anywhere, alone and together.

use crate::{
    case::{Case, Held},
    dice::Dice,
};
use acr_sync::emulator::{Fault, Image, Part};
use std::{collections::BTreeSet, time::Duration};

/// Parts of paths, of which each host knows some.
const PATHS: [&str; 7] = ["/manifests/", "/blobs/", "/v2/", "importImage", "operation", "tags", "token"];

/// What goes wrong in a run.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) faults: Vec<Fault>,
    /// When the run is stopped.
    pub(crate) stop: Option<Duration>,
    /// One passing fault, which the run must survive.
    pub(crate) is_mild: bool,
    /// When somebody else pushes to which destination, if it is free by then.
    pub(crate) stranger: Option<(Duration, String)>,
    /// Destinations at which Azure leaves a part of an image out.
    pub(crate) breaks: BTreeSet<String>,
}

impl Trouble {
    /// Draws the trouble of one run.
    pub(crate) fn draw(case: &Case, dice: &mut Dice) -> Self {
        if dice.once_in(3) {
            let fault = mild(dice);
            return Self { faults: vec![anywhere(fault, case, dice)], is_mild: true, ..Self::default() };
        }
        let mut trouble = Self::default();
        for _ in 0..dice.number(1, 5) {
            let fault = match dice.below(6) {
                0 | 1 => trouble.at_import(case, dice),
                2 | 3 => anywhere(mild(dice), case, dice),
                _ => anywhere(wild(dice), case, dice),
            };
            trouble.faults.push(fault);
        }
        if dice.once_in(4) {
            let line = &case.lines[dice.below(case.lines.len())];
            let mut time = dice.time(Duration::from_secs(40));
            if dice.once_in(2) {
                // Copies are so slow that what the plan knows of tags is old when they end.
                trouble.faults.push(Fault::delay(Duration::from_secs(20)).path("/uploads/").times(4));
                time = Duration::from_secs(u64::from(dice.number(11, 18)));
            }
            trouble.stranger = Some((time, line.destination.clone()));
        }
        if dice.once_in(8) {
            trouble.stop = Some(dice.time(Duration::from_secs(60)));
        }
        trouble
    }

    /// What strikes an accepted import.
    fn at_import(&mut self, case: &Case, dice: &mut Dice) -> Fault {
        let line = &case.lines[dice.below(case.lines.len())];
        let fault = match dice.below(10) {
            0 => Fault::import_copy_error(),
            1 => Fault::import_source_throttled(),
            2 => Fault::import_fails("Conflict", "Tag a:1 already exists in target registry."),
            3 => Fault::import_fails("InvalidParameters", "The remote server may not be RFC 7233 compliant"),
            4 => Fault::import_says_failed("InternalError", "An error occurred."),
            5 => Fault::import_hangs(),
            6 => Fault::import_at_once(),
            7 => {
                let (host, name) = line.source.split_once('/').expect("a source has a host");
                Fault::source_moves(host, name, &Image::single("linux/amd64").content("moved meanwhile"))
            }
            _ => {
                self.breaks.insert(line.destination.clone());
                Fault::import_breaks(dice.one_of(&[Part::Manifest, Part::Child, Part::Layer, Part::Tag]))
            }
        };
        let times = dice.number(1, 3);
        let fault = fault.path(&line.destination);
        if dice.once_in(4) { fault.always() } else { fault.times(times) }
    }
}

/// What passes: any host may do this once or twice, and no run may fail for it.
fn mild(dice: &mut Dice) -> Fault {
    let fault = match dice.below(12) {
        0 => Fault::status(503),
        1 => Fault::status(500),
        2 => Fault::status(dice.one_of(&[502, 504])),
        3 => Fault::status_retry_after(429, u64::from(dice.number(0, 30))),
        4 => Fault::status(429),
        5 => Fault::status_retry_after(503, u64::from(dice.number(0, 30))),
        6 => return Fault::throttle(Duration::from_secs(u64::from(dice.number(1, 30)))),
        7 => Fault::close(),
        8 => Fault::reset(),
        9 => Fault::close_in_body(),
        10 => Fault::reset_in_body(),
        _ => Fault::delay(dice.time(Duration::from_secs(40))),
    };
    fault.times(dice.number(1, 2))
}

/// What may make a run fail, and must never make it lie.
fn wild(dice: &mut Dice) -> Fault {
    let fault = match dice.below(9) {
        0 => Fault::status_after(dice.one_of(&[500, 502, 504])),
        1 => Fault::truncate(),
        2 => Fault::html(),
        3 => Fault::corrupt(),
        4 => Fault::status(401),
        5 => Fault::status(403),
        6 => Fault::status(dice.one_of(&[400, 405, 409, 413, 507])),
        7 => Fault::delay(Duration::from_secs(90)),
        _ => mild(dice),
    };
    if dice.once_in(4) { fault.always() } else { fault.times(dice.number(1, 6)) }
}

/// Aims at any request: by its number alone, or by host, path and number.
fn anywhere(fault: Fault, case: &Case, dice: &mut Dice) -> Fault {
    let hosts = case.hosts();
    let host = &hosts[dice.below(hosts.len())];
    match dice.below(3) {
        0 => fault.after(dice.number(0, 60)),
        1 => fault.on(host).after(dice.number(0, 8)),
        _ => fault.on(host).path(dice.one_of(&PATHS)).after(dice.number(0, 2)),
    }
}

/// What other people do between a review and its merge: a source's tag moves, somebody pushes to a destination.
pub(crate) fn meanwhile(case: &Case, dice: &mut Dice) {
    for line in &case.lines {
        if dice.once_in(8) {
            case.put_source(line, &line.image.clone().content("moved after the review"));
        }
        if dice.once_in(16) {
            let other = Image::single("linux/amd64").content("somebody else's");
            // Nobody can push to a locked tag.
            for name in case.targets.iter().filter(|_| line.held != Held::OtherLocked) {
                case.world.azure_registry(name).put(&line.destination, &other);
            }
        }
    }
}
