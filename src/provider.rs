//! The configuration of the provider block, and the lists of entities.

mod block;
mod endpoints;
#[cfg(test)]
mod quoted;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    ActionEntry, DataSourceEntry, EphemeralEntry, FunctionEntry, Host, ListEntry, Model as _, Provider, ResourceEntry,
    View, action, data_source, ephemeral, function, list, resource,
};

use crate::actions::dms_table_reload::DmsTableReload;
use crate::actions::reboot::Reboot;
use crate::actions::sequence_sync::SequenceSyncAction;
use crate::actions::switchover::SwitchoverAction;
use crate::aws::Clients;
use crate::data_sources::db_endpoint::DbEndpoint;
use crate::data_sources::encryption_plan::EncryptionPlan;
use crate::data_sources::iam_auth_readiness::IamAuthReadiness;
use crate::data_sources::migration_status::MigrationStatus;
use crate::data_sources::posture::Posture;
use crate::data_sources::replication_iam_impact::ReplicationIamImpact;
use crate::data_sources::schema_drift::SchemaDrift;
use crate::ephemeral::db_auth_token::DbAuthToken;
use crate::functions::assume_policy_json::AssumePolicyJson;
use crate::functions::connect_policy_json::ConnectPolicyJson;
use crate::functions::db_user_arn::DbUserArnFunction;
use crate::functions::loader_policy_json::LoaderPolicyJson;
use crate::functions::loader_trust_policy_json::LoaderTrustPolicyJson;
use crate::functions::normalize_policy::NormalizePolicy;
use crate::functions::parse_db_user_arn::ParseDbUserArn;
use crate::functions::policies_equivalent::PoliciesEquivalent;
use crate::lists::encrypted_snapshot::EncryptedSnapshotList;
use crate::lists::iam_authentication::IamAuthenticationList;
use crate::lists::iam_db_user_policy::IamDbUserPolicyList;
use crate::lists::kms_key_user::KmsKeyUserList;
use crate::lists::mysql_iam_user::MysqlIamUserList;
use crate::lists::parameter::ParameterList;
use crate::lists::postgresql_iam_user::PostgresqlIamUserList;
use crate::provider::block::ProviderBlock;
use crate::resources::aurora_loader_role::AuroraLoaderRole;
use crate::resources::blue_green_encryption::BlueGreenEncryption;
use crate::resources::constraint_suspension::ConstraintSuspension;
use crate::resources::db_secret::DbSecret;
use crate::resources::dms_migration::DmsMigration;
use crate::resources::encrypted_cluster_restore::EncryptedClusterRestore;
use crate::resources::encrypted_restore::EncryptedRestore;
use crate::resources::encrypted_snapshot::EncryptedSnapshot;
use crate::resources::endpoint_swap::EndpointSwap;
use crate::resources::iam_authentication::IamAuthentication;
use crate::resources::iam_db_access_role::IamDbAccessRole;
use crate::resources::iam_db_user_policy::IamDbUserPolicy;
use crate::resources::kms_key::KmsKey;
use crate::resources::kms_key_user::KmsKeyUser;
use crate::resources::mysql_iam_user::MysqlIamUser;
use crate::resources::parameter::Parameter;
use crate::resources::postgresql_iam_user::PostgresqlIamUser;
use crate::resources::replication_iam_auth::ReplicationIamAuth;
use crate::resources::sequence_sync::SequenceSync;
use crate::resources::write_fence::WriteFence;
use crate::world::World;

/// The provider.
pub struct Rdsauth;

impl Provider for Rdsauth {
    type World = World;
    type Config = ProviderBlock;

    const NAME: &'static str = "rdsauth";

    fn check(config: &View<'_, ProviderBlock>) -> Vec<Diagnostic> {
        block::judge(config)
    }

    fn configure(mut config: ProviderBlock, host: Host) -> Result<World> {
        let unknown = config.encode().into_iter().filter(|(_, value)| !value.is_wholly_known());
        let databases = config.databases();
        // Calls of AWS need not wait for values that only database connections need.
        let unknown = unknown.map(|(name, _)| name).filter(|name| name != ProviderBlock::database_connection.name());
        let unknown: Vec<String> = unknown.collect();
        if !unknown.is_empty() {
            return Ok(World::waiting_for(unknown).with_databases(databases));
        }
        let tags = config.tags().or_environment(std::env::vars_os())?;
        Ok(World::new(Clients::new(config.options(host)), tags).with_databases(databases))
    }

    fn stored(world: &World, creation_id: &str) {
        world.claims().stored(creation_id);
    }

    fn plan_warnings(world: &World, warnings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        world.this_run().only_new(warnings)
    }

    fn shut_down(world: &World) {
        world.claims().shut_down();
        world.this_run().close();
        world.sessions().close();
    }

    fn resources() -> &'static [ResourceEntry<World>] {
        const {
            &[
                resource::<_, AuroraLoaderRole>(),
                resource::<_, BlueGreenEncryption>(),
                resource::<_, ConstraintSuspension>(),
                resource::<_, DbSecret>(),
                resource::<_, DmsMigration>(),
                resource::<_, EncryptedClusterRestore>(),
                resource::<_, EncryptedRestore>(),
                resource::<_, EncryptedSnapshot>(),
                resource::<_, EndpointSwap>(),
                resource::<_, IamAuthentication>(),
                resource::<_, IamDbAccessRole>(),
                resource::<_, IamDbUserPolicy>(),
                resource::<_, KmsKey>(),
                resource::<_, KmsKeyUser>(),
                resource::<_, MysqlIamUser>(),
                resource::<_, Parameter>(),
                resource::<_, PostgresqlIamUser>(),
                resource::<_, ReplicationIamAuth>(),
                resource::<_, SequenceSync>(),
                resource::<_, WriteFence>(),
            ]
        }
    }

    fn data_sources() -> &'static [DataSourceEntry<World>] {
        const {
            &[
                data_source::<_, DbEndpoint>(),
                data_source::<_, EncryptionPlan>(),
                data_source::<_, IamAuthReadiness>(),
                data_source::<_, Posture>(),
                data_source::<_, ReplicationIamImpact>(),
                data_source::<_, SchemaDrift>(),
                data_source::<_, MigrationStatus>(),
            ]
        }
    }

    fn ephemerals() -> &'static [EphemeralEntry<World>] {
        const { &[ephemeral::<_, DbAuthToken>()] }
    }

    fn functions() -> &'static [FunctionEntry] {
        const {
            &[
                function::<AssumePolicyJson>(),
                function::<ConnectPolicyJson>(),
                function::<DbUserArnFunction>(),
                function::<LoaderPolicyJson>(),
                function::<LoaderTrustPolicyJson>(),
                function::<NormalizePolicy>(),
                function::<ParseDbUserArn>(),
                function::<PoliciesEquivalent>(),
            ]
        }
    }

    fn actions() -> &'static [ActionEntry<World>] {
        const {
            &[
                action::<_, DmsTableReload>(),
                action::<_, Reboot>(),
                action::<_, SequenceSyncAction>(),
                action::<_, SwitchoverAction>(),
            ]
        }
    }

    fn lists() -> &'static [ListEntry<World>] {
        const {
            &[
                list::<_, EncryptedSnapshotList>(),
                list::<_, IamAuthenticationList>(),
                list::<_, IamDbUserPolicyList>(),
                list::<_, KmsKeyUserList>(),
                list::<_, MysqlIamUserList>(),
                list::<_, ParameterList>(),
                list::<_, PostgresqlIamUserList>(),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tf_provider::schema::{docs, law};

    use super::*;
    use crate::posture::page;

    const TITLE: &str = "terraform-provider-rdsauth";

    /// Words in backticks that look like attributes but are not.
    const FOREIGN: &[&str] = &[
        "account_id",
        "acknowledged_users",
        "aurora_limitless_table_data_load",
        "auth_plugin",
        "aws_access_key_id",
        "aws_db_instance",
        "aws_db_parameter_group",
        "aws_db_proxy",
        "aws_db_snapshot",
        "aws_db_snapshot_copy",
        "aws_dms_endpoint",
        "aws_dms_replication_config",
        "aws_dms_replication_instance",
        "aws_dms_replication_task",
        "aws_iam_group_policy",
        "aws_iam_role",
        "aws_iam_role_policies_exclusive",
        "aws_iam_role_policy",
        "aws_iam_user_policy",
        "aws_kms_alias",
        "aws_kms_grant",
        "aws_kms_key",
        "aws_kms_key_policy",
        "aws_rds_cluster",
        "aws_rds_cluster_parameter_group",
        "aws_rds_iam_auth",
        "aws_secret_access_key",
        "aws_secretsmanager_secret",
        "aws_secretsmanager_secret_version",
        "aws_session_token",
        "awsdms_ddl_audit",
        "awsdms_intercept_ddl",
        "cluster_resource_id",
        "database_connection",
        "default_tags",
        "endpoint_url",
        "iam_database_authentication_enabled",
        "include_resource",
        "inline_policy",
        "kms_key_id",
        "max_attempts",
        "mysql_grant",
        "mysql_user",
        "policy_names",
        "postgresql_database",
        "postgresql_grant",
        "postgresql_grant_role",
        "postgresql_role",
        "provider_meta",
        "rds_ad",
        "rds_iam",
        "rds_replication",
        "reload_trigger",
        "resource_id",
        "search_path",
        "secret_string_wo",
        "skip_plan_connections",
        "snapshot_identifier",
        "source_db_snapshot_identifier",
    ];

    #[test]
    fn the_rules_of_all_attributes_are_consistent() {
        assert_eq!(law::of::<Rdsauth>(), Vec::<String>::new());
    }

    /// Users expect `.id`, and core names the object by it while it waits.
    #[test]
    fn every_resource_has_an_id() {
        for resource in Rdsauth::resources() {
            let id = resource.table().attribute("id");
            assert!(id.is_some_and(|id| id.flags.follows), "{}", resource.name());
        }
    }

    /// Whatever can be managed can be imported by `identity`, and listed. What creates no object can not.
    #[test]
    fn every_resource_has_an_identity() {
        const WITHOUT_OBJECT: [&str; 1] = ["sequence_sync"];
        for resource in Rdsauth::resources() {
            let has_identity = resource.table().identity().next().is_some();
            assert_eq!(has_identity, !WITHOUT_OBJECT.contains(&resource.name()), "{}", resource.name());
        }
    }

    #[test]
    fn every_entity_is_well_described() {
        assert_eq!(docs::complaints::<Rdsauth>(Path::new("examples"), TITLE, FOREIGN), Vec::<String>::new());
    }

    #[test]
    fn docs_are_current() {
        let mut pages = docs::pages::<Rdsauth>(Path::new("examples"), TITLE).unwrap();
        pages.extend(docs::guides(Path::new(".")).unwrap());
        pages.insert(page::PATH.to_owned(), page::page());
        assert_eq!(docs::dead_links(&pages), Vec::<String>::new());
        for (name, page) in &pages {
            expectorate::assert_contents(Path::new("docs").join(name), page);
        }
        let on_disk = walk(Path::new("docs"));
        assert_eq!(on_disk, pages.into_keys().collect::<Vec<_>>(), "a page of nothing is in docs/");
    }

    /// The files below a folder, by their path from there.
    fn walk(folder: &Path) -> Vec<String> {
        fn below(folder: &Path, prefix: &str, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                match entry.file_type().unwrap().is_dir() {
                    true => below(&entry.path(), &format!("{name}/"), found),
                    false => found.push(name),
                }
            }
        }
        let mut found = Vec::new();
        below(folder, "", &mut found);
        found.sort();
        found
    }
}
