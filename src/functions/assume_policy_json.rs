//! `assume_policy_json`: the trust policy that lets a principal assume a role.

use tf_provider::schema::{Function, FunctionError, required};
use tf_provider::value::Value;

use crate::arn;
use crate::attributes::checks;
use crate::policy::trust::Trust;

tf_provider::model! {
    /// Returns the trust policy of an IAM role that one principal may assume, equal to the one that
    /// `rdsauth_iam_db_access_role` creates. Use it with `aws_iam_role` when the role itself stays in another
    /// configuration or module.
    pub struct AssumePolicyJson {
        /// ARN of the IAM role or user that may assume the role, or an AWS account ID.
        principal: String = required(),
        /// Actions that the principal is allowed: `sts:AssumeRole` and, if it passes [session
        /// tags](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html), `sts:TagSession`.
        actions: Vec<String> = required(),
    }
}

impl Function for AssumePolicyJson {
    type Output = String;

    const NAME: &'static str = "assume_policy_json";
    const SUMMARY: &'static str = "Trust policy that lets a principal assume a role";

    fn call(self) -> Result<String, FunctionError> {
        arn::check_principal(&self.principal)
            .map_err(|error| FunctionError::argument(Self::principal, error.to_string()))?;
        let wrong = |text: String| Err(FunctionError::argument(Self::actions, text));
        if self.actions.is_empty() {
            return wrong(
                "The list of actions is empty: a role can be assumed only with \"sts:AssumeRole\".".to_owned(),
            );
        }
        let check = checks::trust_action();
        for action in &self.actions {
            if let Some(complaint) = check.complaint(action, &Value::from(action.as_str())) {
                return wrong(complaint);
            }
        }
        let trust = Trust { principals: vec![self.principal], actions: self.actions, ..Trust::default() };
        Ok(trust.document().to_string())
    }
}
