//! `loader_trust_policy_json`: the trust policy for the role of the data loader.

use tf_provider::schema::{Function, FunctionError};

use crate::policy::loader;

tf_provider::model! {
    /// Returns the trust policy that AWS documents for the role of the [Aurora PostgreSQL Limitless Database data loading
    /// utility](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/limitless-load.manual.html), equal to the one
    /// that `rdsauth_aurora_loader_role` writes. Use it when the role itself is an `aws_iam_role`.
    ///
    /// ~> **Note:** The role also needs the tag `assumer` with the value of the example. Aurora looks for it.
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
