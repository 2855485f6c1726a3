//! A stand-in for `hashicorp/aws`: core requires the provider of the resource that is moved to be installed.
//!
//! Its resources exist in the state only, with attributes that the real ones have.

use std::process::ExitCode;

use tf_provider::diagnostic::Result;
use tf_provider::plugin::{self, Plugin};
use tf_provider::schema::{
    Computed, Ctx, Host, Provider, Resource, ResourceEntry, Val, computed, optional, required, resource,
};

/// The provider.
struct Aws;

tf_provider::model! {
    /// Stand-in for `hashicorp/aws`.
    pub(crate) struct Config {
        /// Without effect.
        region: Val<String> = optional(),
    }
}

tf_provider::model! {
    /// An inline policy of a role.
    pub(crate) struct RolePolicy {
        /// `ROLE:NAME`.
        id: Computed<String> = computed().keep(),
        /// Its name.
        name: String = required().replace(),
        /// Null if the name is given.
        name_prefix: Option<String> = optional(),
        /// The role.
        role: String = required().replace(),
        /// The document.
        policy: String = required(),
    }
}

tf_provider::model! {
    /// A role.
    pub(crate) struct Role {
        /// Its name.
        id: Computed<String> = computed().keep(),
        /// Its name.
        name: String = required().replace(),
        /// Trust policy.
        assume_role_policy: String = required(),
        /// Whether to delete it with what others have added.
        force_detach_policies: bool = optional().or(false),
    }
}

tf_provider::model! {
    /// A DB instance.
    pub(crate) struct DbInstance {
        /// Its identifier.
        identifier: String = required().replace(),
        /// Its engine.
        engine: String = required(),
        /// Its class.
        instance_class: String = required(),
        /// Its storage.
        allocated_storage: Option<i64> = optional(),
        /// Its master user.
        username: Option<String> = optional(),
        /// Whether RDS manages the password of the master user.
        manage_master_user_password: Option<bool> = optional(),
        /// Whether IAM database authentication is on.
        iam_database_authentication_enabled: Option<bool> = optional(),
    }
}

tf_provider::model! {
    /// A copy of a DB snapshot.
    pub(crate) struct DbSnapshotCopy {
        /// Its identifier.
        id: Computed<String> = computed().keep(),
        /// Its identifier.
        target_db_snapshot_identifier: String = required().replace(),
        /// What it is a copy of.
        source_db_snapshot_identifier: String = required().replace(),
        /// Its key.
        kms_key_id: Option<String> = optional().replace(),
        /// Its ARN, which here is given.
        db_snapshot_arn: Option<String> = optional(),
    }
}

tf_provider::model! {
    /// A replication task.
    pub(crate) struct DmsReplicationTask {
        /// Its identifier.
        id: Computed<String> = computed().keep(),
        /// Its identifier.
        replication_task_id: String = required().replace(),
        /// Its ARN, which here is given.
        replication_task_arn: Option<String> = optional(),
    }
}

tf_provider::model! {
    /// A configuration of DMS Serverless.
    pub(crate) struct DmsReplicationConfig {
        /// Its identifier.
        id: Computed<String> = computed().keep(),
        /// Its identifier.
        replication_config_identifier: String = required().replace(),
        /// Its ARN, which here is given.
        arn: Option<String> = optional(),
    }
}

const PLUGIN: Plugin =
    Plugin { name: "aws", address: "registry.terraform.io/hashicorp/aws", version: env!("CARGO_PKG_VERSION") };

fn main() -> ExitCode {
    plugin::main::<Aws>(PLUGIN)
}

impl Provider for Aws {
    type World = ();
    type Config = Config;

    const NAME: &'static str = "aws";

    fn configure(_: Config, _: Host) -> Result<()> {
        Ok(())
    }

    fn resources() -> &'static [ResourceEntry<()>] {
        const {
            &[
                resource::<_, DbInstance>(),
                resource::<_, DbSnapshotCopy>(),
                resource::<_, DmsReplicationTask>(),
                resource::<_, DmsReplicationConfig>(),
                resource::<_, Role>(),
                resource::<_, RolePolicy>(),
            ]
        }
    }
}

/// Implements a resource whose objects are in the state only. The function sets what is known after the create.
macro_rules! in_state_only {
    ($Type:ident, $name:literal, $identify:expr) => {
        impl Resource<()> for $Type {
            const TYPE: &'static str = $name;

            async fn create(_: &Ctx<()>, mut plan: Self) -> Result<Self> {
                let identify: fn(&mut Self) = $identify;
                identify(&mut plan);
                Ok(plan)
            }

            async fn read(_: &Ctx<()>, state: Self) -> Result<Option<Self>> {
                Ok(Some(state))
            }

            async fn update(_: &Ctx<()>, plan: Self, _: Self) -> Result<Self> {
                Ok(plan)
            }

            async fn delete(_: &Ctx<()>, _: Self) -> Result<()> {
                Ok(())
            }
        }
    };
}

in_state_only!(DbInstance, "db_instance", |_| {});
in_state_only!(DbSnapshotCopy, "db_snapshot_copy", |plan| {
    plan.id = plan.target_db_snapshot_identifier.clone().into();
});
in_state_only!(DmsReplicationTask, "dms_replication_task", |plan| {
    plan.id = plan.replication_task_id.clone().into();
});
in_state_only!(DmsReplicationConfig, "dms_replication_config", |plan| {
    plan.id = plan.replication_config_identifier.clone().into();
});
in_state_only!(Role, "iam_role", |plan| plan.id = plan.name.clone().into());
in_state_only!(RolePolicy, "iam_role_policy", |plan| plan.id = format!("{}:{}", plan.role, plan.name).into());
