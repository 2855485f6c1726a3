//! `loader_trust_policy_json`: who may assume the role of the data loader.

use tf_provider::schema::{Function, FunctionError};

use crate::policy::loader;

tf_provider::model! {
    /// Returns the trust policy that AWS prescribes for the role with which Aurora PostgreSQL Limitless Database loads
    /// data, as `rdsauth_aurora_loader_role` writes it. The role also needs the tag of the example, which
    /// Aurora looks for.
    pub struct LoaderTrustPolicyJson {}
}

impl Function for LoaderTrustPolicyJson {
    type Output = String;

    const NAME: &'static str = "loader_trust_policy_json";
    const SUMMARY: &'static str = "Trust policy of the role that loads data into Limitless Database";

    fn call(self) -> Result<String, FunctionError> {
        Ok(loader::trust().to_string())
    }
}
