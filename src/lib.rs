//! Keeps a private Azure Container Registry in step with a reviewed list of images.

pub mod change;
pub mod host;
pub mod images;
pub mod reference;
