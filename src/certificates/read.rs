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

/// The most bytes that the layers of one image are unpacked to, those of all its platforms together. Packed they may be
/// a thousandth of it, and whoever proposes a list chooses the image.
const MOST_UNPACKED: u64 = 32 << 30;

/// How much is still unpacked of an image.
#[derive(Debug)]
struct Room {
    most: u64,
    left: u64,
}

impl Room {
    fn of(most: u64) -> Self {
        Self { most, left: most }
    }

    /// Counts a layer, whether or not this run has read it before: what is planned is made the same way later.
    fn take(&mut self, layer: &Listing) -> Result<(), Unfit> {
        self.left = self.left.checked_sub(layer.unpacked).ok_or(Unfit::Unpacked { most: self.most })?;
        Ok(())
    }
}

/// How a layer is packed.
enum Packing {
    Gzip(Box<MultiGzDecoder<Archive>>),
    Plain(Box<Archive>),
}

/// A layer that is unpacked as it comes.
struct Unpacker {
    layer: Digest,
    packing: Packing,
    most: u64,
}

impl Unpacker {
    /// Begins by media type.
    ///
    /// # Errors
    /// For what is not read here, such as zstd.
    fn new(layer: &Descriptor, room: &Room) -> Result<Self, Unfit> {
        let archive = Archive::within(room.left);
        let packing = match layer.media_type.rsplit_once("tar").map(|(_, packed)| packed) {
            Some("+gzip" | ".gzip") if !layer.is_foreign() => Packing::Gzip(Box::new(MultiGzDecoder::new(archive))),
            Some("") if !layer.is_foreign() => Packing::Plain(Box::new(archive)),
            _ => return Err(Unfit::Packed { layer: layer.digest, media_type: layer.media_type.clone() }),
        };
        Ok(Self { layer: layer.digest, packing, most: room.most })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        let written = match &mut self.packing {
            Packing::Gzip(decoder) => decoder.write_all(bytes),
            Packing::Plain(archive) => archive.write_all(bytes),
        };
        written.map_err(|error| unfit(self.layer, self.most, &error))
    }

    fn finish(self) -> Result<Listing, Unfit> {
        let listing = match self.packing {
            Packing::Gzip(decoder) => (*decoder).finish().and_then(Archive::finish),
            Packing::Plain(archive) => archive.finish(),
        };
        listing.map_err(|error| unfit(self.layer, self.most, &error))
    }
}

fn unfit(layer: Digest, most: u64, error: &io::Error) -> Unfit {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Unfit::Unpacked { most },
        _ => Unfit::Broken { layer, why: error.to_string() },
    }
}

/// Reads the layers of one image, of whatever platform.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) place: &'a Place<'a>,
    known: &'a Known,
    room: Room,
}

impl<'a> Reader<'a> {
    pub(super) fn new(place: &'a Place<'a>, known: &'a Known) -> Self {
        Self { place, known, room: Room::of(MOST_UNPACKED) }
    }

    /// Reads a layer, unless this run has read it.
    pub(super) async fn layer(&mut self, layer: &Descriptor) -> Result<Arc<Listing>, Failure> {
        if let Some(listing) = self.known.get(layer.digest) {
            self.room.take(&listing)?;
            return Ok(listing);
        }
        let Place { registries, registry, repository } = *self.place;
        let mut unpacker = Unpacker::new(layer, &self.room)?;
        let mut download = registries.download(registry, &repository.into(), layer.digest, layer.size);
        let mut hasher = Hasher::default();
        while let Some(piece) = download.next().await? {
            hasher.update(&piece);
            unpacker.write(&piece)?;
        }
        let got: Digest = hasher.finish();
        if got != layer.digest {
            return Err(download.wrong_digest(got).into());
        }
        let listing = Arc::new(unpacker.finish()?);
        self.room.take(&listing)?;
        self.known.keep(layer.digest, &listing);
        Ok(listing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Read;

    /// Returns a layer of one file of zeros, which packs a thousand to one.
    fn zeros(size: usize, media_type: &str) -> (Descriptor, Vec<u8>) {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(size as u64);
        builder.append_data(&mut header, "zeros", io::repeat(0).take(size as u64)).unwrap();
        let archive = builder.into_inner().unwrap();
        let bytes = if media_type.ends_with("gzip") {
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            packed.write_all(&archive).unwrap();
            packed.finish().unwrap()
        } else {
            archive
        };
        let layer =
            serde_json::json!({"mediaType": media_type, "digest": Digest::of(&bytes).to_string(), "size": bytes.len()});
        (serde_json::from_value(layer).unwrap(), bytes)
    }

    fn read((layer, bytes): &(Descriptor, Vec<u8>), room: &mut Room) -> Result<(), Unfit> {
        let mut unpacker = Unpacker::new(layer, room)?;
        bytes.chunks(100).try_for_each(|piece| unpacker.write(piece))?;
        room.take(&unpacker.finish()?)
    }

    #[test]
    fn what_the_layers_of_an_image_unpack_to_is_counted_over_all_of_them() {
        for media_type in
            ["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip", "tar"]
        {
            let (layer, mut room) = (zeros(1_000_000, media_type), Room::of(2_500_000));
            assert_eq!(read(&layer, &mut room), Ok(()), "{media_type}");
            assert_eq!(read(&layer, &mut room), Ok(()), "{media_type}");
            assert_eq!(read(&layer, &mut room), Err(Unfit::Unpacked { most: 2_500_000 }), "{media_type}");
        }
        // It is given up where it is too large, and not at its end.
        let (layer, bytes) = zeros(1_000_000, "tar");
        let mut unpacker = Unpacker::new(&layer, &Room::of(1_000)).unwrap();
        assert_eq!(unpacker.write(&bytes[..2_000]), Err(Unfit::Unpacked { most: 1_000 }));
        let mut known = Listing::default();
        known.unpacked = 600;
        let mut room = Room::of(1_000);
        assert_eq!((room.take(&known), room.take(&known)), (Ok(()), Err(Unfit::Unpacked { most: 1_000 })));
    }
}
