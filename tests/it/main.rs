//! Scenarios through the corridor against the emulator, in the order in which a run walks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod binary;
#[cfg(feature = "judges")]
mod checkout;
mod faults;
mod github;
mod house;
mod importing;
mod planning;
mod readme;
mod refusals;
mod scenario;
mod signing_in;
mod task;
mod workflow;
