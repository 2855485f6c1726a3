//! Every call of a current core, against a provider with something of everything.
//!
//! [`client`] puts each answer before core's rules; the tests say what the answer must be besides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "rpc/action.rs"]
mod action;
#[path = "rpc/apply.rs"]
mod apply;
#[path = "rpc/client.rs"]
mod client;
#[path = "support/core.rs"]
mod core_like;
#[path = "rpc/faults.rs"]
mod faults;
#[path = "rpc/list.rs"]
mod list;
#[path = "rpc/logs.rs"]
mod logs;
#[path = "rpc/other.rs"]
mod other;
#[path = "rpc/plan.rs"]
mod plan;
#[path = "rpc/private.rs"]
mod private;
#[path = "rpc/provider.rs"]
mod provider;
#[path = "rpc/setup.rs"]
mod setup;
#[path = "rpc/state.rs"]
mod state;

use std::process::ExitCode;

/// Not a test: the plugin that the tests start.
#[test]
fn plugin() -> ExitCode {
    provider::main()
}
