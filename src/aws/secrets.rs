//! Secrets Manager: secrets, without ever reading their values.

use crate::aws::error::Error;

/// The Secrets Manager client of one region.
#[derive(Clone, Debug)]
pub struct Secrets(aws_sdk_secretsmanager::Client);

impl Secrets {
    pub(crate) fn new(client: aws_sdk_secretsmanager::Client) -> Self {
        Self(client)
    }

    /// The ARN of the secret of a name. Needs `secretsmanager:DescribeSecret`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn arn(&self, name: &str) -> Result<Option<String>, Error> {
        let answer = self.0.describe_secret().secret_id(name).send().await;
        match answer.map_err(|e| Error::sdk("secretsmanager", "DescribeSecret", &e)) {
            Ok(answer) => Ok(answer.arn),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
