//! KMS: keys, their policies, grants and aliases.

mod aliases;
mod grants;
mod keys;
mod policies;

use aws_sdk_kms::config::Builder;

use crate::aws::kms::policies::Policies;
use crate::aws::listed::{Lists, Written};

pub use aliases::Alias;
pub use grants::Grant;
pub use keys::{Key, Rotation};

/// The KMS client of one region, and the key policies that a refresh has read.
#[derive(Clone, Debug)]
pub struct Kms(aws_sdk_kms::Client, Lists<Policies>);

/// The service's prefix in IAM actions.
const SERVICE: &str = "kms";

impl Kms {
    pub(crate) fn new(client: aws_sdk_kms::Client, written: Written) -> Self {
        Self(client, Lists::new(written))
    }
}

/// For a call that is sent [once](crate::aws::once).
fn once() -> Builder {
    aws_sdk_kms::Config::builder().retry_config(crate::aws::once())
}
