//! Of KMS.

pub mod key_policy;
pub mod storage_key;
