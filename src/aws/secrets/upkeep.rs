//! How a secret is looked after: its rotation, its use, and who may read it by its own policy.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::aws::error::Error;
use crate::aws::secrets::Secrets;

/// How a secret is looked after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// The ARN.
    pub arn: String,
    /// The name.
    pub name: String,
    /// Whether its value is replaced on a schedule.
    pub is_rotated: bool,
    /// When its value was last replaced.
    pub last_rotated: Option<Timestamp>,
    /// When it was due to be replaced next.
    pub next_rotation: Option<Timestamp>,
    /// The day on which it was last read.
    pub last_accessed: Option<Timestamp>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether it was deleted, and can be restored for some days.
    pub is_deleted: bool,
}

impl Secrets {
    /// How the secret of an ARN or name is looked after. Needs `secretsmanager:DescribeSecret`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn upkeep(&self, id: &str) -> Result<Option<Upkeep>, Error> {
        let answer = self.0.describe_secret().secret_id(id).send().await;
        let found = match answer.map_err(|e| Error::sdk("secretsmanager", "DescribeSecret", &e)) {
            Ok(found) => found,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let time = |time: Option<DateTime>| time.and_then(|time| Timestamp::from_second(time.secs()).ok());
        Ok(Some(Upkeep {
            arn: found.arn.unwrap_or_else(|| id.to_owned()),
            name: found.name.unwrap_or_default(),
            is_rotated: found.rotation_enabled.unwrap_or_default(),
            last_rotated: time(found.last_rotated_date),
            next_rotation: time(found.next_rotation_date),
            last_accessed: time(found.last_accessed_date),
            created: time(found.created_date),
            is_deleted: found.deleted_date.is_some(),
        }))
    }

    /// The resource policy of a secret, if it has one. Needs `secretsmanager:GetResourcePolicy`.
    ///
    /// # Errors
    /// Any.
    pub async fn resource_policy(&self, id: &str) -> Result<Option<String>, Error> {
        let answer = self.0.get_resource_policy().secret_id(id).send().await;
        let answer = answer.map_err(|e| Error::sdk("secretsmanager", "GetResourcePolicy", &e))?;
        Ok(answer.resource_policy.filter(|policy| !policy.is_empty()))
    }
}
