//! Keys.

use aws_sdk_kms::types::KeyMetadata;

use crate::aws::error::Error;
use crate::aws::kms::{Kms, SERVICE};

/// A key, as far as its users need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` and so on.
    pub state: String,
    /// Whether it belongs to the account's owner rather than to AWS.
    pub is_customer_managed: bool,
    /// `SYMMETRIC_DEFAULT` and so on.
    pub spec: String,
    /// `ENCRYPT_DECRYPT` and so on.
    pub usage: String,
}

impl Kms {
    /// The key of an id, ARN or alias. Needs `kms:DescribeKey`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn key(&self, id: &str) -> Result<Option<Key>, Error> {
        let answer = self.0.describe_key().key_id(id).send().await;
        match answer.map_err(|e| Error::sdk(SERVICE, "DescribeKey", &e)) {
            Ok(answer) => answer.key_metadata.map(Key::read).transpose(),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Key {
    /// Whether it can be used.
    pub fn is_enabled(&self) -> bool {
        self.state == "Enabled"
    }

    /// Whether it is to be deleted, or its replicas are before it is.
    pub fn is_pending_deletion(&self) -> bool {
        matches!(self.state.as_str(), "PendingDeletion" | "PendingReplicaDeletion")
    }

    fn read(metadata: KeyMetadata) -> Result<Self, Error> {
        let required =
            |value: Option<String>, what| value.ok_or_else(|| Error::incomplete(SERVICE, "DescribeKey", what));
        Ok(Self {
            arn: required(metadata.arn, "ARN")?,
            state: required(metadata.key_state.map(|state| state.as_str().to_owned()), "state")?,
            is_customer_managed: metadata.key_manager.is_some_and(|manager| manager.as_str() == "CUSTOMER"),
            spec: required(metadata.key_spec.map(|spec| spec.as_str().to_owned()), "spec")?,
            usage: required(metadata.key_usage.map(|usage| usage.as_str().to_owned()), "usage")?,
        })
    }
}
