//! The type of attributes that hold a policy document.

use tf_provider::schema::{Spelling, Text};

use crate::policy;

/// A policy document; two spellings of one policy are the same.
pub type PolicyJson = Text<PolicySpelling>;

/// The spelling of policies.
#[derive(Clone, Copy, Debug)]
pub enum PolicySpelling {}

impl Spelling for PolicySpelling {
    fn same(a: &str, b: &str) -> bool {
        same(a, b)
    }
}

/// One spelling of all that are the same policy; what is no policy is its own.
pub fn normal(text: &str) -> String {
    policy::normalize(text).unwrap_or_else(|_| text.to_owned())
}

/// Whether two texts are the same policy; what is no policy is the same as itself alone.
pub fn same(a: &str, b: &str) -> bool {
    policy::equivalent(a, b).unwrap_or(a == b)
}
