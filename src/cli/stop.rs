//! Stop: SIGINT and SIGTERM become a value that the work looks at. What has begun is then ended, which may take minutes;
//! who asks by SIGINT once more, as Ctrl-C does, waits for nothing.

use super::outlet;
use std::time::{Duration, Instant};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// How long a further SIGINT is the same wish: a job's host may signal the whole group, and a launcher hands it on besides.
const ONE_WISH: Duration = Duration::from_secs(1);
/// What a shell says of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Returns a value that turns true when the process is asked to end.
pub(super) fn listen() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    let signals =
        signal(SignalKind::interrupt()).and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    // Without a handler the process ends at once, as it did before it asked for one.
    if let Ok((interrupt, terminate)) = signals {
        tokio::spawn(forward(interrupt, terminate, sender));
    }
    receiver
}

/// Does not end: with the sender gone, the receivers would take it for a promise that nobody stops them any more.
async fn forward(mut interrupt: Signal, mut terminate: Signal, sender: watch::Sender<bool>) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    sender.send_replace(true);
    let asked = Instant::now();
    // A host sends SIGTERM next, seconds before it kills: the report gets that time.
    while interrupt.recv().await.is_some() {
        if asked.elapsed() >= ONE_WISH {
            end();
        }
    }
}

#[expect(clippy::exit, reason = "whoever asks twice does not wait for what the work is busy with")]
fn end() -> ! {
    outlet::error(
        "ended at once, as it was asked to stop a second time: what Azure has begun goes on there, and no report says how \
         far it came. Run again: nothing is done twice.",
    );
    std::process::exit(INTERRUPTED)
}
