//! Tests whose fixtures are made by programs that a machine may lack: part of `.ci/run`, not of `cargo test` alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod git;
