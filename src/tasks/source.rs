//! Source: the files of a run, sent to the place that the service names for them (section 11.2).
//!
//! They come in pieces and go as blocks, a few at once: however large they are, little of them is in memory.

use super::{Service, VERSION, blob::Blob, problem};
use crate::problem::{Problem, Side};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::fmt::Write as _;

/// The size of a piece, in bytes; every one but the last has it. A block has 4,000 MiB at most, and a blob 50,000 of them.
pub const PIECE: usize = 4 << 20;
/// The most blocks of a blob (Blob service REST API, "Put Block").
const MOST: usize = 50_000;
/// How many blocks are sent at once.
const AT_ONCE: usize = 4;

/// The pieces of an archive, in their order: [`PIECE`] bytes each, the last one what is left.
pub type Pieces = tokio::sync::mpsc::Receiver<Result<Bytes, Problem>>;

impl Service<'_> {
    /// Sends an archive, and returns what an order calls its source.
    ///
    /// # Errors
    /// Why no place is given, why it could not be sent, or what went wrong with a piece.
    pub async fn send(&self, mut pieces: Pieces) -> Result<String, Problem> {
        let (blob, path) = self.place().await?;
        let http = self.arm.http();
        let Some(first) = pieces.recv().await else {
            return Err(Problem::new(Side::Settings, "there is no source to send"));
        };
        let first = first?;
        let Some(second) = pieces.recv().await else {
            blob.put(http, &[], &first).await?;
            return Ok(path);
        };
        let rest = stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces)));
        let all = stream::iter([Ok(first), second]).chain(rest).enumerate();
        let send = |(at, piece): (usize, Result<Bytes, Problem>)| {
            let blob = &blob;
            async move {
                let piece = piece?;
                if at >= MOST {
                    return Err(Problem::new(Side::Settings, "the source is larger than a blob of Azure's can be"));
                }
                blob.put(http, &[("comp", "block"), ("blockid", &name(at))], &piece).await.map(|()| at + 1)
            }
        };
        let mut sent = std::pin::pin!(all.map(send).buffered(AT_ONCE));
        let mut number = 0;
        while let Some(one) = sent.next().await {
            number = one?;
        }
        let mut list = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
        for at in 0..number {
            // Writing to a text does not fail.
            write!(list, "<Latest>{}</Latest>", name(at)).unwrap_or_default();
        }
        list.push_str("</BlockList>");
        blob.put(http, &[("comp", "blocklist")], &list.into()).await?;
        Ok(path)
    }

    /// Sends an archive that is in memory.
    ///
    /// # Errors
    /// As [`Service::send`].
    pub async fn send_bytes(&self, archive: Bytes) -> Result<String, Problem> {
        let (sender, pieces) = tokio::sync::mpsc::channel(archive.len() / PIECE + 1);
        for at in (0..archive.len()).step_by(PIECE) {
            // There is room for all of them.
            drop(sender.try_send(Ok(archive.slice(at..archive.len().min(at + PIECE)))));
        }
        drop(sender);
        self.send(pieces).await
    }

    async fn place(&self) -> Result<(Blob, String), Problem> {
        let id = format!("{}/listBuildSourceUploadUrl", self.registry);
        let answer = self.arm.act_by(&id, VERSION, None).await.map_err(|error| problem::refused(&error))?;
        let path = answer["relativePath"].as_str().filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| Problem::new(Side::Azure, "the service named no place for the source"))?;
        Ok((Blob::parse(answer["uploadUrl"].as_str().unwrap_or_default())?, path.to_owned()))
    }
}

/// The names of a blob's blocks have one length, and are base64 ("Put Block").
fn name(at: usize) -> String {
    STANDARD.encode(format!("{at:06}"))
}
