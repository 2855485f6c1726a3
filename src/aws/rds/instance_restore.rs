//! DB instances that are restored from a snapshot.

use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::Rds;
use crate::aws::rds::carry_over::instance_requests::{modify_argument, restore_argument};
use crate::aws::rds::source::Source;
use crate::aws::rds::tags::to_sdk;

/// The name of a setting, as in [`Setting`](crate::aws::rds::Setting), and its value.
pub type Argument<'a> = (&'a str, &'a str);

/// A role of a DB instance, for one of its features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRole {
    /// The ARN of the role.
    pub arn: String,
    /// The feature, such as `s3Import`.
    pub feature: String,
    /// `ACTIVE`, `PENDING` or `INVALID`.
    pub status: String,
}

impl Rds {
    /// Restores a DB instance. RDS copies the tags of the original only if none are given. The answer comes long before
    /// it is available. Needs `rds:RestoreDBInstanceFromDBSnapshot`, and `rds:AddTagsToResource` for the tags; on the key
    /// of the snapshot `kms:DescribeKey` and `kms:CreateGrant`.
    ///
    /// # Errors
    /// Any; a snapshot that is not available is an [invalid state](Error::is_invalid_state).
    pub async fn restore_instance(
        &self,
        identifier: &str,
        snapshot: &str,
        tags: &Map<String>,
        arguments: &[Argument<'_>],
    ) -> Result<Source, Error> {
        const OPERATION: &str = "RestoreDBInstanceFromDBSnapshot";
        let request = self.0.restore_db_instance_from_db_snapshot().db_instance_identifier(identifier);
        let request = request.db_snapshot_identifier(snapshot).set_tags(Some(to_sdk(tags)));
        let request = arguments.iter().fold(request, |request, (name, value)| restore_argument(request, name, value));
        let answer = request.send().await.map_err(|e| Error::sdk("rds", OPERATION, &e))?;
        Source::of_instance(answer.db_instance.ok_or_else(|| Error::incomplete("rds", OPERATION, "DB instance"))?)
    }

    /// Requests what the restore of a DB instance does not take, immediately. The answer comes before the changes. Needs
    /// `rds:ModifyDBInstance`.
    ///
    /// # Errors
    /// Any; an instance that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn modify_instance(&self, identifier: &str, arguments: &[Argument<'_>]) -> Result<(), Error> {
        let request = self.0.modify_db_instance().db_instance_identifier(identifier).apply_immediately(true);
        let request = arguments.iter().fold(request, |request, (name, value)| modify_argument(request, name, value));
        request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBInstance", &e))
    }

    /// The roles of a DB instance; none if it does not exist. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn instance_roles(&self, identifier: &str) -> Result<Vec<InstanceRole>, Error> {
        let found = self.describe_instance(identifier).await?.and_then(|instance| instance.associated_roles);
        let role = |role: aws_sdk_rds::types::DbInstanceRole| InstanceRole {
            arn: role.role_arn.unwrap_or_default(),
            feature: role.feature_name.unwrap_or_default(),
            status: role.status.unwrap_or_default(),
        };
        Ok(found.unwrap_or_default().into_iter().map(role).collect())
    }

    /// Gives a DB instance a role for a feature. The answer comes before RDS has assumed it. Needs
    /// `rds:AddRoleToDBInstance`, and `iam:PassRole` on the role.
    ///
    /// # Errors
    /// Any; an instance that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn add_role_to_instance(&self, identifier: &str, role: &str, feature: &str) -> Result<(), Error> {
        let request = self.0.add_role_to_db_instance().db_instance_identifier(identifier);
        let answer = request.role_arn(role).feature_name(feature).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "AddRoleToDBInstance", &e))
    }
}
