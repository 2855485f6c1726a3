//! `policies_equivalent`: whether two policies are equivalent.

use tf_provider::schema::{Function, FunctionError, Handle, required};

use crate::policy::{Document, PolicyError};

tf_provider::model! {
    /// Returns whether two IAM policy documents are equivalent, regardless of the order of lists, single strings in place
    /// of lists, the case of actions and condition keys, and accounts written as an ID or as the ARN of the root user.
    ///
    /// It compares the normal forms that `normalize_policy` returns. It does not evaluate policies: a wildcard and the
    /// list of what it matches are different.
    pub struct PoliciesEquivalent {
        /// First IAM policy document in JSON.
        a: String = required(),
        /// Second IAM policy document in JSON.
        b: String = required(),
    }
}

impl Function for PoliciesEquivalent {
    type Output = bool;

    const NAME: &'static str = "policies_equivalent";
    const SUMMARY: &'static str = "Whether two policy documents say the same";

    fn call(self) -> Result<bool, FunctionError> {
        Ok(normal(&self.a, Self::a)? == normal(&self.b, Self::b)?)
    }
}

fn normal(text: &str, parameter: Handle<PoliciesEquivalent, String>) -> Result<Document, FunctionError> {
    let document: Result<Document, PolicyError> = text.parse();
    document.map(|document| document.normal()).map_err(|error| FunctionError::argument(parameter, error.to_string()))
}
