//! Play: the runs of a case, each a walk of the whole program against the stand-in, with the clock of the runtime,
//! which jumps to the next event whenever everybody waits.

use crate::case::Case;
use acr_sync::{
    app::{self, Occasion},
    emulator::{CLIENT, Emulator, SECRET, TENANT},
    http::{Ledger, Way},
    images::Colour,
    inputs::{Env, Inputs, Mode},
    plan::Reviewed,
    policy::Evidence,
    report::{
        Base, Report, annotations, json, log, markdown,
        progress::{self, Out},
        sarif, terminal,
    },
};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::watch;

/// What is left of a run.
pub(crate) struct Ran {
    pub(crate) report: Report,
    /// Every byte that the run has written for somebody.
    pub(crate) written: String,
    /// By the clock of the runtime.
    pub(crate) took: Duration,
    /// How many requests were sent.
    pub(crate) requests: usize,
}

/// Runs once.
pub(crate) async fn run(
    case: &Case,
    emulator: &Emulator,
    mode: Mode,
    reviewed: Option<Reviewed>,
    stop_at: Option<Duration>,
) -> Ran {
    let inputs = inputs(case.inputs.iter().map(|(name, value)| (*name, value.as_str())), emulator);
    let base = case.base();
    let occasion = Occasion {
        mode,
        file: "images.txt".to_owned(),
        head: case.head().into_bytes(),
        settings_base: base.as_ref().map(|_| case.settings().into()),
        base: base.map(String::into_bytes),
        former: None,
        base_name: Base::None,
        reviewed,
        settings: case.settings().into(),
        evidence: Evidence::default(),
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        if let Some(time) = stop_at {
            tokio::time::sleep(time).await;
            stop.send_replace(true);
        }
        stop.closed().await;
    });
    let log = Log::default();
    let began = tokio::time::Instant::now();
    let sent = case.world.requests().len();
    let watch = async |plan: &_, events| progress::watch(plan, events, Out::Plain(Box::new(log.clone()))).await;
    let report = app::walk(&inputs, &occasion, watch, &stopped).await;
    let took = began.elapsed();
    let requests = case.world.requests().len() - sent;
    let mut written = log.text();
    written.push_str(&forms(&report));
    Ran { report, written, took, requests }
}

/// Walks through a list once, without a log and without anybody who stops it.
pub(crate) async fn walk(
    settings: &[(&str, &str)],
    emulator: &Emulator,
    mode: Mode,
    head: String,
    base: Option<String>,
) -> Report {
    let occasion = Occasion {
        mode,
        file: "images.txt".to_owned(),
        head: head.into_bytes(),
        base: base.map(String::into_bytes),
        former: None,
        base_name: Base::None,
        reviewed: None,
        settings: Vec::new(),
        settings_base: None,
        evidence: Evidence::default(),
    };
    let (_stop, stopped) = watch::channel(false);
    let out = || Out::Plain(Box::new(io::sink()));
    let watch = async |plan: &_, events| progress::watch(plan, events, out()).await;
    app::walk(&inputs(settings.iter().copied(), emulator), &occasion, watch, &stopped).await
}

fn inputs<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>, emulator: &Emulator) -> Inputs {
    let mut env = Env::default();
    for (name, value) in settings {
        env.set_input(name, value);
    }
    for (name, value) in [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", SECRET)] {
        env.set_variable(name, value);
    }
    let mut inputs = Inputs::read(&env).expect("the inputs of a case can be read");
    inputs.way = Way {
        https_proxy: Some(emulator.proxy_url()),
        is_stand_in: true,
        http_proxy: Some(emulator.proxy_url()),
        roots: Some(emulator.ca_pem().to_owned()),
        // What is noted of requests is written as well.
        ledger: Ledger::open(),
        ..Way::default()
    };
    inputs
}

/// The report in every form that people and programs are given, and as a developer prints it.
fn forms(report: &Report) -> String {
    let annotations = annotations::of(report);
    [
        terminal::text(report, Colour::Plain),
        markdown::page(report, markdown::Limits::comment()),
        annotations::log_commands(&annotations).join("\n"),
        json::plan_json(report),
        json::result_json(report),
        sarif::sarif(report, &[]),
        log::entries(report).iter().map(|entry| entry.text(SystemTime::UNIX_EPOCH)).collect(),
        format!("{report:?}"),
    ]
    .join("\n")
}

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
