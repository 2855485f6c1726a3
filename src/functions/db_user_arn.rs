//! `db_user_arn`: the ARN of a database user.

use tf_provider::schema::{Function, FunctionError, Handle, required};

use crate::arn::{ArnError, DbUserArn, Part, Wildcards};

tf_provider::model! {
    /// Returns the ARN of a database user, which is the `Resource` of a statement that allows `rds-db:connect`. AWS
    /// describes its form in [Creating and using an IAM policy for IAM database
    /// access](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html).
    ///
    /// The partition is derived from the region. Wildcards are allowed: `*` as the resource ID, and `*` or `?` in the
    /// user name.
    pub struct DbUserArnFunction {
        /// Region of the database.
        region: String = required(),
        /// AWS account ID of the database.
        account_id: String = required(),
        /// Resource ID of the DB instance (`db-…`), the DB cluster (`cluster-…`) or the RDS Proxy (`prx-…`), not its
        /// identifier.
        resource_id: String = required(),
        /// Name of the database user, exactly as it is stored in the database.
        user: String = required(),
    }
}

impl Function for DbUserArnFunction {
    type Output = String;

    const NAME: &'static str = "db_user_arn";
    const SUMMARY: &'static str = "ARN of a database user";

    fn call(self) -> Result<String, FunctionError> {
        let arn = DbUserArn::new(&self.region, &self.account_id, &self.resource_id, &self.user, Wildcards::Allowed);
        arn.map(|arn| arn.to_string()).map_err(|error| FunctionError::argument(parameter(&error), error.to_string()))
    }
}

fn parameter(error: &ArnError) -> Handle<DbUserArnFunction, String> {
    match error.part {
        Part::Account => DbUserArnFunction::account_id,
        Part::ResourceId => DbUserArnFunction::resource_id,
        Part::User => DbUserArnFunction::user,
        _ => DbUserArnFunction::region,
    }
}
