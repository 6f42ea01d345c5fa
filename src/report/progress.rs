//! Progress: what is seen while a plan is applied.

use super::{
    bars::Bars,
    escape::{legible, log_line},
    log::{Entry, Level},
    row::{name, seconds},
};
use crate::{
    import::Event,
    plan::{Plan, Step},
};
use indicatif::MultiProgress;
use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
    time::{Duration, SystemTime},
};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, MissedTickBehavior, interval_at},
};

/// The most imports that one line of a log names.
const MOST_NAMED: usize = 5;
/// How often a log says what still runs, so that nobody takes a long import for a dead one.
const STILL: Duration = Duration::from_secs(30);

/// Where progress is shown.
pub enum Out {
    /// Bars, on the terminal behind the standard error output.
    Bars,
    /// Lines of a log.
    Plain(Box<dyn Write + Send>),
    /// Lines of a log whose agent shows how far a step is (Azure Pipelines).
    Agent(Box<dyn Write + Send>),
    /// Objects of JSON, one a line.
    Json(Box<dyn Write + Send>),
    /// Nowhere.
    Silent,
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bars => "Bars",
            Self::Plain(_) => "Plain",
            Self::Agent(_) => "Agent",
            Self::Json(_) => "Json",
            Self::Silent => "Silent",
        })
    }
}

/// Shows what happens until nobody sends events any more.
///
/// A log gets one line an event at most: what is kept or blocked ends without having begun, and the report tells it.
pub async fn watch(plan: &Plan, mut events: UnboundedReceiver<Event>, out: Out) {
    let mut view = View::new(plan, out);
    let start = Instant::now();
    let mut still = interval_at(start + STILL, STILL);
    still.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = BTreeMap::new();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => take(plan, event, &mut running, &mut view),
                None => break,
            },
            _ = still.tick() => view.still(plan, &running, start.elapsed()),
        }
    }
    view.close();
}

/// The imports that run, by step, with the time at which they began.
type Running = BTreeMap<usize, Instant>;

fn take(plan: &Plan, event: Event, running: &mut Running, view: &mut View) {
    let index = match event {
        Event::Said(line) => return view.said(&legible(&line)),
        Event::Started(index) | Event::Arrived(index) | Event::Ended(index) => index,
    };
    let Some(step) = plan.steps.get(index) else { return };
    match event {
        Event::Started(_) => {
            running.insert(index, Instant::now());
            view.started(index, step);
        }
        Event::Arrived(_) => view.arrived(index, step),
        Event::Ended(_) | Event::Said(_) => {
            let took = running.remove(&index).map(|start| start.elapsed());
            view.ended(index, step, took);
        }
    }
}

enum View {
    Bars(Bars),
    Plain(Box<dyn Write + Send>, Option<Share>),
    Json(Box<dyn Write + Send>),
    Silent,
}

/// How much of a plan is done.
struct Share {
    done: usize,
    all: usize,
}

impl View {
    fn new(plan: &Plan, out: Out) -> Self {
        match out {
            Out::Bars => Self::Bars(Bars::new(MultiProgress::new(), plan)),
            Out::Plain(out) => Self::Plain(out, None),
            Out::Agent(out) => Self::Plain(out, Some(Share { done: 0, all: plan.steps.len() })),
            Out::Json(out) => Self::Json(out),
            Out::Silent => Self::Silent,
        }
    }

    fn started(&mut self, index: usize, step: &Step) {
        match self {
            Self::Bars(bars) => bars.started(index, step),
            Self::Plain(..) => self.line(&format!("started  {}", label(step))),
            Self::Json(_) => self.object(about(step, format!("started from {}", name(&step.source)))),
            Self::Silent => {}
        }
    }

    fn arrived(&mut self, index: usize, step: &Step) {
        match self {
            Self::Bars(bars) => bars.arrived(index, step),
            // Its end follows within moments and is a line of its own.
            Self::Plain(..) | Self::Json(_) | Self::Silent => {}
        }
    }

    fn ended(&mut self, index: usize, step: &Step, took: Option<Duration>) {
        match (self, took) {
            (Self::Bars(bars), _) => bars.ended(index),
            (view @ Self::Plain(..), took) => {
                if let Some(took) = took {
                    view.line(&format!("ended    {} after {}", label(step), seconds(took)));
                }
                view.share(took.is_some());
            }
            (view @ Self::Json(_), Some(took)) => view.object(about(step, format!("ended after {}", seconds(took)))),
            (Self::Json(_), None) | (Self::Silent, _) => {}
        }
    }

    /// Shows a line of something beside the steps; it is harmless already.
    fn said(&mut self, line: &str) {
        match self {
            // Where it cannot be shown above the bars, the report tells how it ended.
            Self::Bars(bars) => drop(bars.all.println(line)),
            Self::Plain(..) => self.line(line),
            Self::Json(_) => self.object(Entry::new(Level::Info, "upkeep", line)),
            Self::Silent => {}
        }
    }

    fn still(&mut self, plan: &Plan, running: &Running, elapsed: Duration) {
        // The bars show it all the time.
        if matches!(self, Self::Bars(_) | Self::Silent) || running.is_empty() {
            return;
        }
        let names = running.keys().take(MOST_NAMED).filter_map(|&index| plan.steps.get(index));
        let names = names.map(|step| log_line(&step.destination.to_string())).collect::<Vec<_>>().join(", ");
        let more = running.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let told = format!("{names}{more}, {} since the start", seconds(elapsed));
        self.object(Entry::new(Level::Info, "apply", format!("running: {told}")));
        self.line(&format!("running  {told}"));
    }

    fn close(&mut self) {
        match self {
            Self::Bars(bars) => bars.close(),
            Self::Plain(..) | Self::Json(_) | Self::Silent => {}
        }
    }

    /// Counts a step, and tells the agent of one that took its time.
    fn share(&mut self, is_told: bool) {
        let Self::Plain(_, Some(share)) = self else { return };
        share.done += 1;
        let (done, all) = (share.done, share.all.max(1));
        if is_told {
            self.line(&format!("##vso[task.setprogress value={}]{done} of {all} lines", done * 100 / all));
        }
    }

    fn object(&mut self, entry: Entry) {
        let Self::Json(out) = self else { return };
        let text = entry.text(SystemTime::now());
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            *self = Self::Silent;
        }
    }

    fn line(&mut self, text: &str) {
        let Self::Plain(out, _) = self else { return };
        let written: io::Result<()> = writeln!(out, "{text}").and_then(|()| out.flush());
        // A log that nobody reads any more is no reason to stop importing.
        if written.is_err() {
            *self = Self::Silent;
        }
    }
}

/// Says something of one step.
fn about(step: &Step, message: String) -> Entry {
    Entry {
        line: Some(step.line.get()),
        destination: Some(step.destination.to_string()),
        ..Entry::new(Level::Info, "apply", message)
    }
}

/// Returns what a step is called: harmless where it is shown.
pub(super) fn label(step: &Step) -> String {
    format!("{} => {}", log_line(&name(&step.source)), log_line(&step.destination.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::{sync::mpsc::unbounded_channel, time::sleep};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn plan(steps: usize) -> Plan {
        let sample = (0..steps).fold(Sample::new(), |sample, index| sample.import(&format!("a:{index} => a")));
        sample.planned().plan().unwrap().clone()
    }

    /// Sends events, each after so many seconds of a clock that costs no time.
    async fn logged(plan: Plan, events: &[(u64, Event)]) -> String {
        logged_by(plan, events, |log| Out::Plain(Box::new(log))).await
    }

    async fn logged_by(plan: Plan, events: &[(u64, Event)], out: impl FnOnce(Log) -> Out) -> String {
        let (sender, receiver) = unbounded_channel();
        let log = Log::default();
        let out = out(log.clone());
        let send = async {
            for (after, event) in events {
                sleep(Duration::from_secs(*after)).await;
                sender.send(event.clone()).unwrap();
            }
            drop(sender);
        };
        tokio::join!(watch(&plan, receiver, out), send);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_import_is_two_lines_and_a_long_one_is_mentioned() {
        let events = [
            (0, Event::Started(0)),
            (1, Event::Started(1)),
            (64, Event::Arrived(0)),
            (1, Event::Ended(0)),
            (1, Event::Ended(1)),
        ];
        insta::assert_snapshot!(logged(plan(2), &events).await, @r"
        started  docker.io/library/a:0 => a:0
        started  docker.io/library/a:1 => a:1
        running  a:0, a:1, 30.0 s since the start
        running  a:0, a:1, 1 min 0 s since the start
        ended    docker.io/library/a:0 => a:0 after 1 min 6 s
        ended    docker.io/library/a:1 => a:1 after 1 min 6 s
        ");
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_is_told_how_far_it_is() {
        let events = [(0, Event::Ended(0)), (0, Event::Started(1)), (1, Event::Ended(1))];
        let log = logged_by(plan(4), &events, |log| Out::Agent(Box::new(log))).await;
        assert_eq!(log.lines().last(), Some("##vso[task.setprogress value=50]2 of 4 lines"), "{log}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_began_is_left_to_the_report() {
        assert_eq!(logged(plan(1), &[(0, Event::Ended(0)), (0, Event::Ended(9))]).await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_of_a_build_is_shown_and_is_no_command() {
        let events = [(0, Event::Said("ca1: \u{1b}[1mStep 1/2\u{1b}[0m ##vso[task.complete]".to_owned()))];
        assert_eq!(logged(plan(1), &events).await, "ca1: Step 1/2 # #vso[task.complete]\n");
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_running_imports_a_few_are_named() {
        let mut events: Vec<_> = (0..9).map(|index| (0, Event::Started(index))).collect();
        events.push((40, Event::Ended(0)));
        let log = logged(plan(9), &events).await;
        assert!(log.contains("running  a:0, a:1, a:2, a:3, a:4 and 4 more, 30.0 s since the start\n"), "{log}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_log_or_none_does_not_end_the_watching() {
        for out in [Out::Plain(Box::new(Closed)), Out::Silent] {
            let (sender, receiver) = unbounded_channel();
            sender.send(Event::Started(0)).unwrap();
            sender.send(Event::Ended(0)).unwrap();
            drop(sender);
            watch(&plan(1), receiver, out).await;
        }
    }
}
