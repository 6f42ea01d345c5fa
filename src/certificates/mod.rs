//! Certificates: images made once more with a company's authorities in their trust store, beside the image that they
//! are made of.
//!
//! The files of the settings become authorities, or remarks on what is wrong with them. An image's layers are read for
//! its trust store only, and the store comes back with the authorities in it as one layer more. The same image and the
//! same authorities give the same digest, so that a plan names what an apply will make. Where no layer can be laid, or
//! where it is stated, ACR Tasks build the variant by a Dockerfile that is made for what the image is made of.

mod archive;
mod authority;
mod build;
mod edit;
mod image;
mod known;
mod layer;
mod listing;
mod look;
mod origin;
mod parts;
mod pem;
mod push;
mod read;
mod recipe;
mod root;
mod setting;
mod strength;
mod subject;
mod unfit;
mod way;
mod work;

pub use authority::{Authorities, Authority};
pub use known::Known;
pub use look::{Decision, Question, look};
pub use setting::{Base, Helper, Naming, Rule, Way, read};
pub use unfit::Unfit;
pub use work::{Hands, Wish, Work};

/// Names authorities by the digests of their certificates, as an image does that was made with them.
fn named(authorities: &[Authority]) -> String {
    authorities.iter().map(|authority| authority.digest.to_string()).collect::<Vec<_>>().join(",")
}
