//! Scenarios through the corridor against the emulator, in the order in which a run walks.

mod binary;
mod faults;
mod house;
mod importing;
mod planning;
mod refusals;
mod scenario;
mod signing_in;
