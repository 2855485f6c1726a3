//! Of KMS.

pub mod key_policy;
