//! Scenarios through the corridor against the emulator, in the order in which a run walks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod authorities;
mod azure_devops;
mod azure_devops_sign_in;
mod binary;
mod building;
mod certificates;
mod certificates_by_tasks;
#[cfg(feature = "judges")]
mod checkout;
mod cleaning;
mod connected;
mod copy_faults;
mod copy_refusals;
mod copying;
mod credentials;
mod faults;
mod gates;
mod github;
mod house;
mod importing;
mod kit;
mod mirrors;
mod observing;
mod pipeline;
mod planning;
mod policing;
mod pull_check;
mod readme;
mod refusals;
mod registry_settings;
mod rights;
mod runs;
mod scanning;
mod scenario;
mod selecting;
mod shards;
mod signatures;
mod signer;
mod signing_in;
mod sources;
mod stub;
mod task;
mod tasks;
mod upkeep;
mod workflow;
