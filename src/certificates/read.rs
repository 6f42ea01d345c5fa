//! Read: a layer as it passes, for what it has of a trust store. None of it is kept but that, whatever its size.

use super::{Known, Unfit, archive::Archive, image::Failure, listing::Listing};
use crate::{
    reference::{Digest, Hasher, Registry},
    registry::{Client, Descriptor},
};
use flate2::write::MultiGzDecoder;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Where an image is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) registries: &'a Client,
    pub(super) registry: &'a Registry,
    pub(super) repository: &'a str,
}

/// How a layer is packed.
enum Unpacker {
    Gzip(Box<MultiGzDecoder<Archive>>),
    Plain(Box<Archive>),
}

impl Unpacker {
    /// By media type; none for what is not read here, such as zstd.
    fn new(media_type: &str) -> Option<Self> {
        match media_type.rsplit_once("tar")?.1 {
            "+gzip" | ".gzip" => Some(Self::Gzip(Box::new(MultiGzDecoder::new(Archive::default())))),
            "" => Some(Self::Plain(Box::default())),
            _ => None,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Plain(archive) => archive.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<Listing> {
        match self {
            Self::Gzip(decoder) => (*decoder).finish()?.finish(),
            Self::Plain(archive) => archive.finish(),
        }
    }
}

/// Reads a layer, unless this run has read it.
pub(super) async fn layer(place: &Place<'_>, layer: &Descriptor, known: &Known) -> Result<Arc<Listing>, Failure> {
    if let Some(listing) = known.get(layer.digest) {
        return Ok(listing);
    }
    let unpacker = Unpacker::new(&layer.media_type).filter(|_| !layer.is_foreign());
    let packed = || Unfit::Packed { layer: layer.digest, media_type: layer.media_type.clone() };
    let mut unpacker = unpacker.ok_or_else(packed)?;
    let broken = |error: io::Error| Unfit::Broken { layer: layer.digest, why: error.to_string() };
    let mut download = place.registries.download(place.registry, &place.repository.into(), layer.digest, layer.size);
    let mut hasher = Hasher::default();
    while let Some(piece) = download.next().await? {
        hasher.update(&piece);
        unpacker.write(&piece).map_err(broken)?;
    }
    let got: Digest = hasher.finish();
    if got != layer.digest {
        return Err(download.wrong_digest(got).into());
    }
    let listing = Arc::new(unpacker.finish().map_err(broken)?);
    known.keep(layer.digest, &listing);
    Ok(listing)
}
