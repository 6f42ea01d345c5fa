//! Pieces: an archive that is cut while it is written, so that little of it is in memory.

use super::source::{PIECE, Pieces};
use crate::problem::Problem;
use bytes::{Bytes, BytesMut};
use std::io::{self, Write};
use tokio::sync::mpsc::{Sender, channel};

/// How many pieces wait to be sent.
const WAITING: usize = 2;

/// Cuts what `write` writes; it runs on a thread of its own, and ends soon after nobody takes the pieces any more.
pub fn pieces(write: impl FnOnce(&mut dyn Write) -> Result<(), Problem> + Send + 'static) -> Pieces {
    let (sender, pieces) = channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut cutter = Cutter { sender, begun: BytesMut::new() };
        let last = write(&mut cutter).map(|()| cutter.begun.split().freeze());
        match last {
            Ok(last) if last.is_empty() => {}
            // Whoever does not listen wants no error either.
            last => drop(cutter.sender.blocking_send(last)),
        }
    });
    pieces
}

struct Cutter {
    sender: Sender<Result<Bytes, Problem>>,
    begun: BytesMut,
}

impl Write for Cutter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.begun.len());
        self.begun.extend_from_slice(&bytes[..taken]);
        if self.begun.len() == PIECE {
            let piece = self.begun.split().freeze();
            let sent = self.sender.blocking_send(Ok(piece));
            sent.map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes it any more"))?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn pieces_have_one_size_and_no_more_is_written_than_somebody_takes() {
        let written = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&written);
        let mut pieces = pieces(move |to| {
            let block = [7; 64 << 10];
            for _ in 0..64 * 10 + 1 {
                let all = to.write_all(&block);
                all.map_err(|error| Problem::new(crate::problem::Side::Settings, error.to_string()))?;
                count.fetch_add(block.len(), Ordering::SeqCst);
            }
            Ok(())
        });
        let first = pieces.recv().await.unwrap().unwrap();
        // Those that wait, the one that has no place yet, and the one that was taken.
        assert!(written.load(Ordering::SeqCst) <= (WAITING + 2) * PIECE);
        let mut sizes = vec![first.len()];
        while let Some(piece) = pieces.recv().await {
            sizes.push(piece.unwrap().len());
        }
        assert_eq!((sizes.len(), sizes.pop().unwrap()), (11, 64 << 10));
        assert!(sizes.iter().all(|size| *size == PIECE));
    }
}
