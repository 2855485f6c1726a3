//! KMS: keys, their policies, grants and aliases.

mod aliases;
mod grants;
mod keys;
mod policies;

use aws_sdk_kms::config::Builder;

pub use aliases::Alias;
pub use grants::Grant;
pub use keys::{Key, Rotation};

/// The KMS client of one region.
#[derive(Clone, Debug)]
pub struct Kms(aws_sdk_kms::Client);

/// The service's prefix in IAM actions.
const SERVICE: &str = "kms";

impl Kms {
    pub(crate) fn new(client: aws_sdk_kms::Client) -> Self {
        Self(client)
    }
}

/// For a call that is sent [once](crate::aws::once).
fn once() -> Builder {
    aws_sdk_kms::Config::builder().retry_config(crate::aws::once())
}
