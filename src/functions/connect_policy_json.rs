//! `connect_policy_json`: the policy that lets an identity log in as database users.

use tf_provider::schema::{Function, FunctionError, required};

use crate::arn::{DbUserArn, Wildcards};
use crate::policy::connect;

tf_provider::model! {
    /// Returns a policy document that allows `rds-db:connect` for the given database users, equal to the one that
    /// `rdsauth_iam_db_user_policy` writes. Use it for a managed policy, a permission set or a permissions boundary;
    /// for an inline policy of a role, user or group, use that resource.
    ///
    /// The document has one statement. The ARNs are sorted, and duplicates are removed.
    pub struct ConnectPolicyJson {
        /// ARNs of the database users, as `db_user_arn` returns them.
        arns: Vec<String> = required(),
    }
}

impl Function for ConnectPolicyJson {
    type Output = String;

    const NAME: &'static str = "connect_policy_json";
    const SUMMARY: &'static str = "Policy that allows to log in as database users";

    fn call(self) -> Result<String, FunctionError> {
        let wrong = |text: String| FunctionError::argument(Self::arns, text);
        if self.arns.is_empty() {
            return Err(wrong("The list of ARNs is empty: a policy needs at least one database user.".to_owned()));
        }
        let users = self.arns.iter().map(|arn| DbUserArn::parse(arn, Wildcards::Allowed));
        let users: Vec<_> = users.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
        Ok(connect::document(&users, &[]).to_string())
    }
}
