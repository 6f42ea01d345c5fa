//! Keeps a private Azure Container Registry in step with a reviewed list of images.

pub mod reference;

#[cfg(feature = "emulator")]
pub mod emulator;
