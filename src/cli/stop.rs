//! Stop: SIGINT and SIGTERM become a value that the work looks at.

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

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

async fn forward(mut interrupt: Signal, mut terminate: Signal, sender: watch::Sender<bool>) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    sender.send_replace(true);
    // Kept, or the receivers would take the end of this task for a promise that nobody stops them any more.
    sender.closed().await;
}
