//! `normalize_policy`: one spelling of a policy.

use tf_provider::schema::{Function, FunctionError, required};

use crate::policy;

tf_provider::model! {
    /// Returns the normal form of an IAM policy document. Equivalent documents have the same normal form, so it can be
    /// stored, compared or hashed without differences in spelling.
    ///
    /// Single strings become lists. Lists are sorted, and duplicates are removed. Actions and condition keys are written
    /// in lower case, accounts as their ID. An empty `Sid` or condition is left out.
    pub struct NormalizePolicy {
        /// IAM policy document in JSON.
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
