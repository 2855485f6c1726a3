//! The types of attributes that hold a policy document, or a part of one that can be written in several ways.

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

/// Somebody whom a policy names; an account's ID and the ARN of its root are the same.
pub type PrincipalName = Text<PrincipalSpelling>;

/// The spelling of principals.
#[derive(Clone, Copy, Debug)]
pub enum PrincipalSpelling {}

impl Spelling for PrincipalSpelling {
    fn same(a: &str, b: &str) -> bool {
        policy::same_principal(a, b)
    }
}

/// An action, in which upper and lower case are the same.
pub type Action = Text<ActionSpelling>;

/// The spelling of actions.
#[derive(Clone, Copy, Debug)]
pub enum ActionSpelling {}

impl Spelling for ActionSpelling {
    fn same(a: &str, b: &str) -> bool {
        policy::same_action(a, b)
    }
}

/// The key of a condition, in which upper and lower case are the same, but for the key of a tag.
pub type ConditionKey = Text<ConditionKeySpelling>;

/// The spelling of condition keys.
#[derive(Clone, Copy, Debug)]
pub enum ConditionKeySpelling {}

impl Spelling for ConditionKeySpelling {
    fn same(a: &str, b: &str) -> bool {
        policy::same_condition_key(a, b)
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
