//! `loader_policy_json`: the permissions policy for the role of the data loader.

use tf_provider::schema::{Function, FunctionError, required, variadic};

use crate::arn;
use crate::policy::loader::Loaded;

tf_provider::model! {
    /// Returns the permissions policy that AWS documents for the role of the [Aurora PostgreSQL Limitless Database data
    /// loading utility](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/limitless-load.manual.html), equal
    /// to the one that `rdsauth_aurora_loader_role` writes. Use it when the role itself is an `aws_iam_role`.
    pub struct LoaderPolicyJson {
        /// ARN of the secret that contains the user name and password for the source database.
        source_secret_arn: String = required(),
        /// ARN of the secret that contains the user name and password for the destination database.
        destination_secret_arn: String = required(),
        /// ARN of the KMS key that encrypts the secrets.
        kms_key_arn: String = required(),
        /// ARNs of further KMS keys, if the two secrets are encrypted with different keys.
        additional_kms_key_arns: Vec<String> = variadic(),
    }
}

impl Function for LoaderPolicyJson {
    type Output = String;

    const NAME: &'static str = "loader_policy_json";
    const SUMMARY: &'static str = "Policy of the role that loads data into Limitless Database";

    fn call(self) -> Result<String, FunctionError> {
        for (parameter, secret) in [
            (Self::source_secret_arn, &self.source_secret_arn),
            (Self::destination_secret_arn, &self.destination_secret_arn),
        ] {
            arn::secret_arn(secret).map_err(|error| FunctionError::argument(parameter, error.to_string()))?;
        }
        arn::key_arn(&self.kms_key_arn)
            .map_err(|error| FunctionError::argument(Self::kms_key_arn, error.to_string()))?;
        for (index, key) in self.additional_kms_key_arns.iter().enumerate() {
            let wrong =
                |error: arn::ArnError| FunctionError::variadic(Self::additional_kms_key_arns, index, error.to_string());
            arn::key_arn(key).map_err(wrong)?;
        }
        let loaded = Loaded {
            secrets: [self.source_secret_arn, self.destination_secret_arn],
            keys: std::iter::once(self.kms_key_arn).chain(self.additional_kms_key_arns).collect(),
        };
        Ok(loaded.document().to_string())
    }
}
