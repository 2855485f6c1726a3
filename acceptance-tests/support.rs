//! Shared by the tests: the real CLI in a folder of its own, and the binaries under test.

pub mod binaries;
pub mod commands;
pub mod cuts;
pub mod engine;
pub mod login;
pub mod matrix;
pub mod output;
pub mod process;
pub mod rdsauth;
pub mod rpc;
pub mod stage;
pub mod terraform;

use std::time::{Duration, Instant};

/// Polls `probe` until it answers, and fails the test when that takes longer than `limit`.
pub fn eventually<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}");
        pause();
    }
}

/// Short compared to the 40 ms that the fastest command takes.
#[expect(clippy::disallowed_methods, reason = "the one place where the harness polls")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}
