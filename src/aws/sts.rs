//! STS: who we are.

use crate::aws::error::Error;

/// The identity the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Twelve digits.
    pub account_id: String,
    /// The ARN of the user or role session.
    pub arn: String,
}

/// The STS client.
#[derive(Clone, Debug)]
pub struct Sts(aws_sdk_sts::Client);

impl Sts {
    pub(crate) fn new(client: aws_sdk_sts::Client) -> Self {
        Self(client)
    }

    /// Requests the identity of the credentials in use; needs no permission.
    ///
    /// # Errors
    /// STS did not answer or does not know the credentials.
    pub async fn caller_identity(&self) -> Result<Identity, Error> {
        const OPERATION: &str = "GetCallerIdentity";
        let answer = self.0.get_caller_identity().send().await.map_err(|e| Error::sdk("sts", OPERATION, &e))?;
        match (answer.account, answer.arn) {
            (Some(account_id), Some(arn)) => Ok(Identity { account_id, arn }),
            _ => Err(Error::incomplete("sts", OPERATION, "account and ARN")),
        }
    }
}
