//! The tables of checks, a file for each topic.

pub(crate) mod authentication;
pub(crate) mod encryption;
pub(crate) mod identity;
pub(crate) mod logging;
pub(crate) mod network;
pub(crate) mod operations;
pub(crate) mod resilience;
pub(crate) mod secrets;
pub(crate) mod security_groups;
pub(crate) mod snapshots;
pub(crate) mod transport;
pub(crate) mod users;
mod words;
