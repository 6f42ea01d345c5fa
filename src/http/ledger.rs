//! Ledger: when which request was sent, what it was for and how long it took. Bounded, whatever a run sends.

use reqwest::Url;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// The most requests that are kept one by one.
const MOST: usize = 2_000;
/// The most classes that are counted apart; the hosts of redirects have no bound of their own.
const MOST_CLASSES: usize = 200;
/// The most bytes of a path.
const LONGEST_PATH: usize = 400;

/// What a request was for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purpose {
    /// The part of the run, such as `plan`; empty outside of any.
    pub what: &'static str,
    /// The line of the list, from 1.
    pub line: Option<u32>,
}

tokio::task_local! {
    static PURPOSE: Purpose;
}

fn purpose() -> Purpose {
    PURPOSE.try_with(|purpose| *purpose).unwrap_or_default()
}

/// Does something; what it sends is noted under this purpose. A part of a run without a line keeps that around it.
pub(crate) async fn during<F: Future>(what: &'static str, line: Option<u32>, work: F) -> F::Output {
    let line = line.or(purpose().line);
    PURPOSE.scope(Purpose { what, line }, work).await
}

/// Where requests are noted. The one that is made by default notes nothing.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Option<Arc<Mutex<Requests>>>);

/// Every request that was noted: the first ones each, all of them by class.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// How many were sent, repetitions and redirects included.
    pub sent: usize,
    /// The first of them that have ended, in the order of their ends.
    pub listed: Vec<Request>,
    /// All of them, counted by purpose without its line, host and method.
    pub classes: BTreeMap<Class, Count>,
}

/// A request that was sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it was for.
    pub purpose: Purpose,
    /// `GET` and the like.
    pub method: String,
    /// The host, with a port that is not the usual one.
    pub host: String,
    /// The path without a query; none where another server chose it, for it may then be as good as a password.
    pub path: Option<String>,
    /// What was answered; none where nothing was, or it was given up.
    pub status: Option<u16>,
    /// When it was sent.
    pub start: SystemTime,
    /// Until its answer was read.
    pub took: Duration,
    /// The how-manieth try of its call it was, from 1.
    pub attempt: u32,
}

/// Requests that are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// The part of the run.
    pub what: &'static str,
    /// The host; empty for those that had no room in a class of their own.
    pub host: String,
    /// The method.
    pub method: String,
}

/// How many of a class there were.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    /// How many.
    pub sent: usize,
    /// Those without an answer, or with one from 400 on.
    pub failed: usize,
    /// How long they took, one after the other.
    pub took: Duration,
    /// The longest of them.
    pub longest: Duration,
}

impl Ledger {
    /// Makes one that notes.
    pub fn open() -> Self {
        Self(Some(Arc::default()))
    }

    /// Returns what was noted so far; none where nothing is noted.
    pub fn read(&self) -> Option<Requests> {
        self.0.as_ref().map(|requests| locked(requests).clone())
    }

    /// Begins to measure. What is returned is noted when it is dropped.
    pub(super) fn begin(&self, method: &str, url: &Url, attempt: u32, path: Shown) -> Note {
        let began = Instant::now();
        let request = self.0.as_ref().map(|_| {
            Box::new(Request {
                purpose: purpose(),
                method: method.to_owned(),
                host: url[url::Position::BeforeHost..url::Position::AfterPort].to_owned(),
                path: match path {
                    Shown::Yes => Some(shown(url.path()).into_owned()),
                    Shown::No => None,
                },
                status: None,
                start: SystemTime::now(),
                took: Duration::ZERO,
                attempt,
            })
        });
        Note { ledger: self.clone(), request, began }
    }
}

/// Whether a path is ours to show.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shown {
    Yes,
    No,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Note {
    ledger: Ledger,
    /// Apart, for it is carried through every request's future.
    request: Option<Box<Request>>,
    began: Instant,
}

impl Note {
    pub(super) fn answered(&mut self, status: u16) {
        if let Some(request) = &mut self.request {
            request.status = Some(status);
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let (Some(requests), Some(mut request)) = (&self.ledger.0, self.request.take()) else { return };
        request.took = self.began.elapsed();
        locked(requests).add(*request);
    }
}

impl Requests {
    fn add(&mut self, request: Request) {
        self.sent += 1;
        let class = Class { what: request.purpose.what, host: request.host.clone(), method: request.method.clone() };
        let has_room = self.classes.len() < MOST_CLASSES || self.classes.contains_key(&class);
        let class = if has_room { class } else { Class { host: String::new(), ..class } };
        let count = self.classes.entry(class).or_default();
        count.sent += 1;
        count.failed += usize::from(request.status.is_none_or(|status| status >= 400));
        count.took += request.took;
        count.longest = count.longest.max(request.took);
        if self.listed.len() < MOST {
            self.listed.push(request);
        }
    }
}

fn locked(requests: &Mutex<Requests>) -> MutexGuard<'_, Requests> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cuts a path before the name of an upload: who knows that may write to it.
fn shown(path: &str) -> Cow<'_, str> {
    let end = path.find("/uploads/").map_or(path.len(), |at| at + "/uploads/".len());
    let end = path.floor_char_boundary(end.min(LONGEST_PATH));
    if end == path.len() { Cow::Borrowed(path) } else { Cow::Owned(format!("{}…", &path[..end])) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(ledger: &Ledger, url: &str) {
        ledger.begin("GET", &url.parse().unwrap(), 1, Shown::Yes).answered(200);
    }

    #[test]
    fn neither_a_query_nor_the_name_of_an_upload_is_kept() {
        let ledger = Ledger::open();
        send(&ledger, "https://me:word@a.io/v2/x/blobs/uploads/who-knows-this?state=writes");
        let kept = format!("{:?}", ledger.read().unwrap());
        for secret in ["word", "who-knows", "writes"] {
            assert!(!kept.contains(secret), "{kept}");
        }
    }

    #[tokio::test]
    async fn a_purpose_reaches_what_is_sent_for_it_and_keeps_its_line() {
        let ledger = Ledger::open();
        during("plan", Some(7), during("token", None, async { send(&ledger, "https://a.io/") })).await;
        send(&ledger, "https://a.io/");
        let purposes: Vec<_> = ledger.read().unwrap().listed.iter().map(|it| it.purpose).collect();
        assert_eq!(purposes, [Purpose { what: "token", line: Some(7) }, Purpose::default()]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_counted_is_not() {
        let ledger = Ledger::open();
        for number in 0..3 * MOST {
            send(&ledger, &format!("https://{}.io/", number % 300));
        }
        let Requests { sent, listed, classes } = ledger.read().unwrap();
        assert_eq!((sent, listed.len(), classes.len()), (3 * MOST, MOST, MOST_CLASSES + 1));
        assert_eq!(classes.values().map(|count| count.sent).sum::<usize>(), sent);
    }

    #[test]
    fn a_closed_one_notes_nothing() {
        let ledger = Ledger::default();
        send(&ledger, "https://a.io/");
        assert!(ledger.read().is_none());
    }
}
