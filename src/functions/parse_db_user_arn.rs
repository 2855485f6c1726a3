//! `parse_db_user_arn`: the parts of a database user's ARN.

use tf_provider::schema::{Function, FunctionError, required};

use crate::arn::{DbUserArn, Wildcards};

tf_provider::model! {
    /// Returns the parts of the ARN of a database user as an object with the attributes `partition`, `region`,
    /// `account_id`, `resource_id` and `user`. It is the inverse of `db_user_arn`; wildcards are allowed.
    pub struct ParseDbUserArn {
        /// ARN of a database user, such as `arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/app`.
        arn: String = required(),
    }
}

tf_provider::model! {
    /// The parts of the ARN of a database user.
    pub struct Parts {
        /// AWS partition of the database, such as `aws`.
        partition: String = required(),
        /// Region of the database.
        region: String = required(),
        /// AWS account ID of the database.
        account_id: String = required(),
        /// Resource ID of the DB instance, DB cluster or RDS Proxy.
        resource_id: String = required(),
        /// Name of the database user.
        user: String = required(),
    }
}

impl Function for ParseDbUserArn {
    type Output = Parts;

    const NAME: &'static str = "parse_db_user_arn";
    const SUMMARY: &'static str = "Parts of the ARN of a database user";

    fn call(self) -> Result<Parts, FunctionError> {
        let arn = DbUserArn::parse(&self.arn, Wildcards::Allowed)
            .map_err(|error| FunctionError::argument(Self::arn, error.to_string()))?;
        Ok(Parts {
            partition: arn.partition.to_string(),
            region: arn.region,
            account_id: arn.account,
            resource_id: arn.resource_id,
            user: arn.user,
        })
    }
}
