//! `normalize_policy`: one spelling of a policy.

use tf_provider::schema::{Function, FunctionError, required};

use crate::policy;

tf_provider::model! {
    /// Returns the normal form of a policy document: two documents that say the same have the same normal form.
    ///
    /// Lists are sorted and single strings become lists; actions are in lower case, and accounts are named by their ID.
    pub struct NormalizePolicy {
        /// Policy document in JSON.
        policy: String = required(),
    }
}

impl Function for NormalizePolicy {
    type Output = String;

    const NAME: &'static str = "normalize_policy";
    const SUMMARY: &'static str = "Normal form of a policy document";

    fn call(self) -> Result<String, FunctionError> {
        policy::normalize(&self.policy).map_err(|error| FunctionError::argument(Self::policy, error.to_string()))
    }
}
