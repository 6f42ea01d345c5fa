//! Log: a blob that grows while a run goes on, read line by line from where it was read before (section 11.3).

use super::{
    Service,
    blob::{self, Blob},
};
use crate::{http::Http, problem::Problem};
use std::collections::VecDeque;

/// How much is read at once, in bytes.
const PIECE: u64 = 256 << 10;
/// How much of a log is read in all, in bytes: a build that prints for ever must not fill another log.
const MOST: u64 = 32 << 20;
/// The longest line, in bytes.
const LINE: usize = 16 << 10;
/// How many of the last lines are kept, for a report.
const TAIL: usize = 20;

/// What is read of a log so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    blob: Option<Blob>,
    at: u64,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
    pub(super) is_complete: bool,
    pub(super) tail: VecDeque<String>,
    /// What must not be shown.
    hidden: Vec<String>,
}

/// What a look at the log brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    More,
    Nothing,
}

impl Log {
    /// Makes one of which nothing is read yet.
    pub(super) fn without(hidden: Vec<String>) -> Self {
        Self { hidden, ..Self::default() }
    }

    /// Reads what is new.
    ///
    /// # Errors
    /// Why it cannot be read. The run goes on all the same.
    pub(super) async fn read(
        &mut self,
        service: &Service<'_>,
        run: &str,
        lines: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Look, Problem> {
        let http = service.arm.http();
        let blob = match &self.blob {
            Some(blob) => blob.clone(),
            None => Blob::parse(&service.log_address(run).await?)?,
        };
        self.blob = Some(blob.clone());
        let head = blob.head(http).await.map_err(|error| blob::unreached(&error))?;
        match head.status.as_u16() {
            200 => {}
            // Nothing was written yet.
            404 => return Ok(Look::Nothing),
            status => {
                // A signature holds for some hours; the next look gets a new one.
                self.blob = None;
                return if status == 403 && self.at > 0 { Ok(Look::Nothing) } else { Err(blob.refused(&head)) };
            }
        }
        let size: u64 = head.header("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
        let is_complete = blob::metadata(&head.headers, "complete").is_some();
        let look = if size > self.at { Look::More } else { Look::Nothing };
        self.take(http, &blob, size, lines).await?;
        if is_complete {
            self.is_complete = true;
            self.end(lines);
        }
        Ok(look)
    }

    async fn take(
        &mut self,
        http: &Http,
        blob: &Blob,
        size: u64,
        lines: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), Problem> {
        while self.at < size && self.at < MOST {
            let last = (self.at + PIECE).min(size) - 1;
            let reply = blob.range(http, self.at, last).await.map_err(|error| blob::unreached(&error))?;
            if reply.status.as_u16() != 206 {
                return Err(blob.refused(&reply));
            }
            if reply.body.is_empty() {
                break;
            }
            self.at += reply.body.len() as u64;
            self.cut(&reply.body, lines);
            if self.at >= MOST {
                self.tell(&format!("(the log goes on past {} MiB, which is not shown here)", MOST >> 20), lines);
            }
        }
        Ok(())
    }

    /// Cuts bytes into lines. The service ends them by `\r\n`, the programs that it runs as they like.
    fn cut(&mut self, bytes: &[u8], lines: &mut (dyn FnMut(&str) + Send)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.begun.len());
            self.begun.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                self.end(lines);
            }
        }
    }

    fn end(&mut self, lines: &mut (dyn FnMut(&str) + Send)) {
        let line = std::mem::take(&mut self.begun);
        let line = line.trim_ascii_end();
        if !line.is_empty() {
            self.tell(&String::from_utf8_lossy(line), lines);
        }
    }

    fn tell(&mut self, line: &str, lines: &mut (dyn FnMut(&str) + Send)) {
        let line = self.hidden.iter().fold(line.to_owned(), |line, secret| line.replace(secret, "***"));
        lines(&line);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(log: &mut Log, parts: &[&[u8]]) -> Vec<String> {
        let mut seen = Vec::new();
        for part in parts {
            log.cut(part, &mut |line| seen.push(line.to_owned()));
        }
        log.end(&mut |line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn lines_come_whole_however_they_arrive() {
        let seen = cut(&mut Log::default(), &[b"Step 1/2 : FR", b"OM debian\r\n", b"\r\n ---> 1\nno ", b"end \xff"]);
        assert_eq!(seen, ["Step 1/2 : FROM debian", " ---> 1", "no end \u{fffd}"]);
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_a_secret_is_hidden() {
        let seen = cut(&mut Log::default(), &[&[b'a'; LINE], &[b'a'; LINE], b"\nnext\n"]);
        assert_eq!((seen[0].len(), seen[1].as_str()), (LINE, "next"));
        let mut log = Log::without(vec!["geheim".to_owned()]);
        assert_eq!(cut(&mut log, &[b"token=gehe", b"im!\n"]), ["token=***!"]);
        assert!(log.tail.iter().all(|line| !line.contains("geheim")));
    }

    #[test]
    fn the_last_lines_are_kept_and_no_more() {
        let mut log = Log::default();
        let text: String = (0..50).map(|at| format!("{at}\n")).collect();
        cut(&mut log, &[text.as_bytes()]);
        assert_eq!((log.tail.len(), log.tail[0].as_str()), (TAIL, "30"));
    }
}
