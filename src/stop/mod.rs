//! Stop: waiting for the wish that a run ends.

use tokio::sync::watch;

/// Ends when the value turns true. It never ends where nobody is left who could turn it.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    fn is_over(stop: &mut watch::Receiver<bool>) -> bool {
        pin!(stopped(stop)).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn it_is_a_wish_that_ends_it_and_not_that_nobody_wishes_any_more() {
        let (sender, mut stop) = watch::channel(false);
        assert!(!is_over(&mut stop));
        sender.send_replace(true);
        assert!(is_over(&mut stop));
        let (sender, mut stop) = watch::channel(false);
        drop(sender);
        assert!(!is_over(&mut stop));
    }
}
