//! AWS: clients, configuration and errors. The SDK's crates appear only here and below.

pub mod config;
pub mod credentials;
mod direct;
pub mod dms;
pub mod ec2;
pub mod error;
pub mod host;
mod http;
pub mod iam;
pub mod kms;
pub mod lag;
mod listed;
mod log;
pub mod options;
mod proxy;
pub mod rds;
pub mod reads;
pub mod secrets;
pub mod sts;
#[cfg(test)]
pub(crate) mod testing;
pub mod token;
mod unreached;
pub mod web_identity;

use aws_smithy_types::retry::RetryConfig;

pub use config::Clients;
pub use error::Error;
pub use options::{Options, RetryMode};

/// No retries, for calls that are not idempotent and would have a second effect. They are sent once; after a lost
/// answer the caller looks up what has happened before it tries again.
fn once() -> RetryConfig {
    RetryConfig::disabled()
}
