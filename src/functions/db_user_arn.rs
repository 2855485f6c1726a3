//! `db_user_arn`: the ARN of a database user.

use tf_provider::schema::{Function, FunctionError, Handle, required};

use crate::arn::{ArnError, DbUserArn, Part, Wildcards};

tf_provider::model! {
    /// Returns the ARN of a database user, as `rds-db:connect` policies name it.
    ///
    /// The partition follows from the region. Patterns are allowed: `*` as a resource ID, and `*` or `?` in the name of
    /// the user.
    pub struct DbUserArnFunction {
        /// Region of the database.
        region: String = required(),
        /// Account of the database.
        account_id: String = required(),
        /// Resource ID of the database: `db-…`, `cluster-…` or `prx-…`.
        resource_id: String = required(),
        /// Name of the database user, as the database spells it.
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
