//! `policies_equivalent`: whether two policies say the same.

use tf_provider::schema::{Function, FunctionError, Handle, required};

use crate::policy::{Document, PolicyError};

tf_provider::model! {
    /// Returns whether two policy documents say the same, however they are written.
    pub struct PoliciesEquivalent {
        /// One policy document in JSON.
        a: String = required(),
        /// Another policy document in JSON.
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
