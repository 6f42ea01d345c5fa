//! The rules of the world, asked over its own port by a client that knows nothing of it.

mod azure_devops;
mod captures;
mod client;
mod edge;
mod estate;
mod faults;
mod github;
mod importing;
mod registry;
mod signing_in;
mod sources;
mod standing;
mod tasks;
