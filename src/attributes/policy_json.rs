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

/// A principal of a policy; an account's ID and the ARN of its root are the same.
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

/// The key of a condition, in which upper and lower case are the same, except in the key of a tag.
pub type ConditionKey = Text<ConditionKeySpelling>;

/// The spelling of condition keys.
#[derive(Clone, Copy, Debug)]
pub enum ConditionKeySpelling {}

impl Spelling for ConditionKeySpelling {
    fn same(a: &str, b: &str) -> bool {
        policy::same_condition_key(a, b)
    }
}

/// The normal form of a policy; a text that is no policy is its own normal form.
pub fn normal(text: &str) -> String {
    policy::normalize(text).unwrap_or_else(|_| text.to_owned())
}

/// Whether two texts are the same policy; a text that is no policy equals only itself.
pub fn same(a: &str, b: &str) -> bool {
    policy::equivalent(a, b).unwrap_or(a == b)
}
