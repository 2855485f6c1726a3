//! For each check what makes it fail, and what makes it have no meaning.

use std::collections::BTreeSet;

use super::{checks, ids, network, status};
use crate::aws::rds::inventory::{Maintenance, Profile, Recommendation, SavedState};
use crate::posture::check::Status;
use crate::posture::facts::{Contents, Facts, Options};
use crate::posture::tests::world::{KEY, MONITORING, SECRET, at, key, policy, resource_policy, world, world_of_mysql};
use crate::sql::mysql::security::Login;
use crate::sql::postgres::security::Security;

/// The database of a name.
pub(super) fn of<'a>(facts: &'a mut Facts, name: &str) -> &'a mut Profile {
    let all = facts.instances.iter_mut().chain(&mut facts.clusters).flatten();
    all.into_iter().find(|it| it.identifier == name).unwrap()
}

fn snapshots(facts: &mut Facts) -> impl Iterator<Item = &mut SavedState> {
    facts.instance_snapshots.iter_mut().chain(&mut facts.cluster_snapshots).flatten()
}

/// Sets a parameter in all groups.
fn parameter(facts: &mut Facts, name: &str, value: &str) {
    let groups = facts.instance_parameters.values_mut().chain(facts.cluster_parameters.values_mut());
    for group in groups.flatten() {
        group.insert(name.to_owned(), Some(value.to_owned()));
    }
}

pub(super) type Change = fn(&mut Facts);

/// What makes checks fail, those alone.
const FAILURES: &[(&[&str], Change)] = &[
    (&["instance_storage_encrypted", "replica_encrypted_like_source"], |facts| {
        of(facts, "copy").encryption = "none".into()
    }),
    (&["cluster_storage_encrypted"], |facts| of(facts, "aurora-pg").encryption = "none".into()),
    (&["snapshot_encrypted"], |facts| snapshots(facts).for_each(|it| it.encryption = "none".into())),
    (&["storage_customer_managed_key"], |facts| {
        let it = of(facts, "aurora-pg");
        (it.encryption, it.key) = ("sse-rds".into(), None);
    }),
    (&["snapshot_customer_managed_key"], |facts| {
        let snapshot = snapshots(facts).next().unwrap();
        (snapshot.encryption, snapshot.key) = ("sse-rds".into(), None);
    }),
    (&["storage_key_usable"], |facts| {
        let key = crate::aws::kms::Key { state: "PendingDeletion".to_owned(), ..key() };
        facts.keys.insert(KEY.to_owned(), Ok(Some(key)));
    }),
    (&["storage_key_rotates"], |facts| drop(facts.rotation.insert(KEY.to_owned(), Ok(false)))),
    (&["storage_key_policy_private"], |facts| {
        facts.key_policies.insert(KEY.to_owned(), Ok(Some(resource_policy(r#""*""#, "{}"))));
    }),
    (&["storage_key_policy_private"], |facts| {
        facts.key_policies.insert(KEY.to_owned(), Ok(Some(resource_policy(r#"{"AWS":"AROAGONE"}"#, "{}"))));
    }),
    (
        // An AWS managed key: rotation and policy are AWS's.
        &[
            "exports_encrypted",
            "master_secret_customer_managed_key",
            "performance_insights_customer_managed_key",
            "snapshot_customer_managed_key",
            "storage_customer_managed_key",
        ],
        |facts| {
            let key = crate::aws::kms::Key { is_customer_managed: false, ..key() };
            facts.keys.insert(KEY.to_owned(), Ok(Some(key)));
        },
    ),
    (&["replica_encrypted_like_source", "storage_customer_managed_key"], |facts| {
        of(facts, "copy").encryption = "sse-rds".into();
    }),
    (&["postgresql_tls_required", "sqlserver_tls_required", "cluster_tls_required"], |facts| {
        parameter(facts, "rds.force_ssl", "0");
    }),
    (&["sqlserver_tls_required"], |facts| {
        // The default of PostgreSQL since 15 requires TLS, that of SQL Server does not.
        for group in facts.instance_parameters.values_mut().chain(facts.cluster_parameters.values_mut()).flatten() {
            group.insert("rds.force_ssl".to_owned(), None);
        }
        of(facts, "aurora-pg").engine_version = "17.4".to_owned();
        facts.versions.insert("aurora-postgresql 17.4".to_owned(), facts.versions["aurora-postgresql 16.4"].clone());
    }),
    (&["mysql_tls_required", "mariadb_tls_required", "cluster_tls_required"], |facts| {
        parameter(facts, "require_secure_transport", "OFF");
    }),
    (&["mysql_tls_required", "nothing_pending"], |facts| {
        of(facts, "shop").groups[0].statuses = vec!["pending-reboot".to_owned()];
    }),
    (&["cluster_tls_required", "nothing_pending_in_cluster"], |facts| {
        of(facts, "aurora-my").groups[0].statuses = vec!["pending-reboot".to_owned()];
    }),
    (&["proxy_tls_required"], |facts| facts.proxies.as_mut().unwrap()[0].requires_tls = false),
    (&["minimum_tls_version"], |facts| parameter(facts, "tls_version", "TLSv1.1,TLSv1.2")),
    (&["minimum_tls_version"], |facts| parameter(facts, "ssl_min_protocol_version", "TLSv1")),
    (&["certificate_valid"], |facts| of(facts, "member").certificate_ends = Some(at("2027-02-26T00:00:00Z"))),
    (&["certificate_valid"], |facts| of(facts, "orders").authority = Some("rds-ca-2019".to_owned())),
    (&["instance_iam_authentication"], |facts| of(facts, "orders").iam_pending = Some(false)),
    (&["instance_iam_authentication"], |facts| {
        let it = of(facts, "wiki");
        (it.iam_enabled, it.iam_pending) = (false, Some(true));
    }),
    (&["cluster_iam_authentication"], |facts| of(facts, "aurora-my").iam_enabled = false),
    (&["iam_authentication_errors_exported", "postgresql_logs_exported"], |facts| of(facts, "orders").logs.clear()),
    (&["postgresql_scram_required"], |facts| parameter(facts, "rds.accepted_password_auth_method", "md5+scram")),
    (&["postgresql_scram_required"], |facts| parameter(facts, "password_encryption", "md5")),
    (&["mysql_native_password_not_default"], |facts| {
        parameter(facts, "default_authentication_plugin", "mysql_native_password");
    }),
    (&["replication_iam_authentication"], |facts| parameter(facts, "rds.iam_auth_for_replication", "0")),
    (&["proxy_iam_required"], |facts| facts.proxies.as_mut().unwrap()[0].requires_iam = false),
    (&["cluster_master_username"], |facts| of(facts, "aurora-my").master_username = "admin".into()),
    (&["instance_master_username"], |facts| of(facts, "shop").master_username = "postgres".into()),
    (&["master_password_managed"], |facts| of(facts, "orders").master_secret = None),
    (&["master_password_managed"], |facts| {
        of(facts, "orders").master_secret.as_mut().unwrap().status = "impaired".to_owned();
    }),
    (&["master_secret_customer_managed_key"], |facts| of(facts, "orders").master_secret.as_mut().unwrap().key = None),
    (&["secret_rotation_enabled"], |facts| secret(facts).is_rotated = false),
    (&["secret_rotation_succeeds"], |facts| secret(facts).next_rotation = Some(at("2026-11-27T00:00:00Z"))),
    (&["secret_used"], |facts| secret(facts).last_accessed = Some(at("2026-08-30T00:00:00Z"))),
    (&["secret_used"], |facts| secret(facts).is_deleted = true),
    (&["secret_rotated_recently"], |facts| secret(facts).last_rotated = None),
    (&["secret_policy_private"], |facts| {
        facts.resource_policies.insert(SECRET.to_owned(), Ok(Some(resource_policy(r#"{"AWS":"*"}"#, "{}"))));
    }),
    (&["snapshot_private"], |facts| facts.sharing.values_mut().for_each(|it| *it = Ok(vec!["all".to_owned()]))),
    (&["snapshot_not_shared"], |facts| {
        facts.sharing.values_mut().for_each(|it| *it = Ok(vec!["210987654321".to_owned()]));
    }),
    (&["aurora_cluster_copies_tags"], |facts| of(facts, "aurora-pg").copies_tags = false),
    (&["instance_copies_tags"], |facts| of(facts, "orders").copies_tags = false),
    (&["postgresql_cluster_copies_tags"], |facts| of(facts, "three-pg").copies_tags = false),
    (&["mysql_cluster_copies_tags"], |facts| of(facts, "three-my").copies_tags = false),
    (&["cluster_tagged"], |facts| of(facts, "aurora-pg").tags.clear()),
    (&["instance_tagged"], |facts| {
        of(facts, "orders").tags = [("aws:cloudformation:stack-name".to_owned(), "x".to_owned())].into();
    }),
    (&["cluster_snapshot_tagged", "instance_snapshot_tagged"], |facts| snapshots(facts).for_each(|it| it.tags.clear())),
    (
        &[
            "cluster_tagged",
            "instance_tagged",
            "cluster_snapshot_tagged",
            "instance_snapshot_tagged",
            "subnet_group_tagged",
        ],
        |facts| facts.options = Options { required_tags: vec!["cost".to_owned()], ..Options::default() },
    ),
    (&["subnet_group_tagged"], |facts| facts.subnet_group_tags.values_mut().for_each(|it| *it = Ok(Vec::new()))),
    (&["login_policies_name_users"], |facts| with_policy(facts, "rds-db:connect", "*")),
    (&["login_policies_name_users"], |facts| {
        with_policy(facts, "rds-db:*", "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-ORDERS/*");
    }),
    (&["login_policies_name_users"], |facts| {
        with_policy(facts, "rds-db:connect", "arn:aws:rds-db:*:123456789012:dbuser:*/app");
    }),
    (&["administration_policies_limited"], |facts| with_policy(facts, "rds:*", "*")),
    (&["login_policies_current"], |facts| {
        with_policy(facts, "rds-db:connect", "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-GONE/app");
    }),
    (&["associated_roles_active"], |facts| of(facts, "orders").roles[0].status = "INVALID".to_owned()),
    (&["service_linked_role"], |facts| drop(facts.roles.insert("AWSServiceRoleForRDS".to_owned(), Ok(None)))),
    (&["monitoring_role_trust"], |facts| {
        facts.roles.insert("monitoring".to_owned(), Ok(Some(resource_policy(MONITORING, "{}"))));
    }),
    (&["monitoring_role_trust"], |facts| drop(facts.roles.insert("monitoring".to_owned(), Ok(None)))),
    (&["enhanced_monitoring"], |facts| of(facts, "member").monitoring_interval = 0),
    (&["instance_logs_exported"], |facts| of(facts, "shop").logs.retain(|log| log != "audit")),
    (&["aurora_postgresql_logs_exported"], |facts| of(facts, "aurora-pg").logs.retain(|log| log != "postgresql")),
    (&["aurora_mysql_audit_exported"], |facts| of(facts, "aurora-my").logs.retain(|log| log != "audit")),
    (&["aurora_mysql_audit_logging"], |facts| parameter(facts, "server_audit_logging", "0")),
    (&["sqlserver_logs_exported"], |facts| of(facts, "sales").logs.retain(|log| log != "agent")),
    (&["mariadb_logs_exported"], |facts| of(facts, "wiki").logs.retain(|log| log != "general")),
    (&["performance_insights"], |facts| of(facts, "orders").has_insights = false),
    (&["activity_stream"], |facts| of(facts, "aurora-pg").stream.as_mut().unwrap().status = "stopped".to_owned()),
    (&["activity_stream"], |facts| {
        of(facts, "sales").stream.as_mut().unwrap().policy_status = Some("unlocked".to_owned());
    }),
    (&["postgresql_audit"], |facts| parameter(facts, "log_statement", "none")),
    (&["postgresql_audit"], |facts| parameter(facts, "shared_preload_libraries", "pg_stat_statements")),
    (&SUBSCRIPTIONS, |facts| facts.subscriptions.as_mut().unwrap()[0].is_enabled = false),
    (&SUBSCRIPTIONS, |facts| facts.subscriptions.as_mut().unwrap()[0].sources = vec!["orders".to_owned()]),
    (&["cluster_events_notified", "parameter_group_events_notified", "security_group_events_notified"], |facts| {
        facts.subscriptions.as_mut().unwrap()[0].source_type = Some("db-instance".to_owned());
    }),
    (&["cluster_events_notified", "instance_events_notified"], |facts| {
        let categories = ["failure", "configuration change"].map(str::to_owned);
        facts.subscriptions.as_mut().unwrap()[0].categories = categories.into();
    }),
    (&["instance_multi_az"], |facts| of(facts, "orders").is_multi_az = false),
    (&["cluster_multi_az"], |facts| of(facts, "aurora-my").is_multi_az = false),
    (&["cluster_deletion_protection"], |facts| of(facts, "aurora-my").is_protected = false),
    (&["instance_deletion_protection"], |facts| of(facts, "orders").is_protected = false),
    (&["instance_backup_retention"], |facts| of(facts, "orders").backup_days = 6),
    (&["cluster_backup_retention"], |facts| of(facts, "aurora-my").backup_days = 1),
    (&["aurora_mysql_backtrack"], |facts| of(facts, "aurora-my").backtrack_window = 0),
    (&["remote_backup"], |facts| of(facts, "orders").has_remote_backups = false),
    (&["restorable_to_now"], |facts| of(facts, "orders").restorable = Some(at("2026-11-29T11:44:00Z"))),
    (&["not_publicly_accessible"], |facts| of(facts, "member").is_public = Some(true)),
    (&["instance_in_vpc"], |facts| of(facts, "orders").vpc = None),
    (&["no_internet_access_gateway"], |facts| of(facts, "aurora-pg").has_internet_gateway = true),
    (&["no_internet_access_gateway"], |facts| of(facts, "aurora-pg").has_vpc_networking = Some(false)),
    (&["port_not_default"], |facts| of(facts, "aurora-my").port = Some(3306)),
    (&["data_api_off"], |facts| of(facts, "aurora-pg").has_data_api = true),
    (&["instance_auto_minor_version_upgrade"], |facts| of(facts, "orders").upgrades_itself = Some(false)),
    (&["cluster_auto_minor_version_upgrade", "instance_auto_minor_version_upgrade"], |facts| {
        of(facts, "member").upgrades_itself = Some(false);
    }),
    (&["cluster_auto_minor_version_upgrade"], |facts| of(facts, "three-pg").upgrades_itself = Some(false)),
    (&["global_cluster_version_supported", "engine_version_supported"], |facts| {
        facts.versions.insert("aurora-mysql 8.0.mysql_aurora.3.08.0".to_owned(), Ok(None));
    }),
    (&["engine_version_supported"], |facts| {
        facts.major_versions.as_mut().unwrap()[0].standard_support_ends = Some(at("2026-11-28T00:00:00Z"));
    }),
    (&["no_extended_support"], |facts| {
        of(facts, "orders").lifecycle_support = Some("open-source-rds-extended-support".to_owned());
    }),
    (&["nothing_pending"], |facts| of(facts, "orders").pending = vec!["multi_az"]),
    (&["nothing_pending_in_cluster"], |facts| of(facts, "aurora-my").pending = vec!["engine_version"]),
    (&["database_users_use_iam"], |facts| postgres(facts).logins[0].has_iam = false),
    (&["iam_users_not_superusers"], |facts| postgres(facts).logins[0].is_superuser = true),
    (&["replication_slots_active"], |facts| {
        postgres(facts).inactive_slots = vec!["old".to_owned()];
    }),
    // By another plugin, or by another way beside tokens.
    (&["mysql_users_use_iam"], |facts| account(facts).has_iam = false),
    (&["mysql_users_use_iam", "mysql_native_password_unused"], |facts| {
        let account = account(facts);
        (account.has_iam, account.plugin) = (false, "mysql_native_password".to_owned());
    }),
    (&["mysql_users_use_iam", "mysql_users_have_passwords"], |facts| {
        let account = account(facts);
        (account.has_iam, account.plugin, account.lacks_password) = (false, "caching_sha2_password".to_owned(), true);
    }),
    (&["mysql_iam_users_not_administrators"], |facts| account(facts).is_administrator = true),
    (&["no_pending_maintenance"], |facts| {
        of(facts, "aurora-pg").members = vec!["member".to_owned()];
        let arn = of(facts, "member").arn.clone();
        facts.maintenance = Ok(vec![Maintenance { arn, actions: vec!["ca-certificate-rotation".to_owned()] }]);
    }),
    (&["no_open_security_recommendations"], |facts| {
        facts.recommendations = Ok(vec![Recommendation {
            kind: "config_recommendation::ssl".to_owned(),
            arn: "arn".to_owned(),
            status: "active".to_owned(),
            category: "security".to_owned(),
        }]);
    }),
];

const SUBSCRIPTIONS: [&str; 4] = [
    "cluster_events_notified",
    "instance_events_notified",
    "parameter_group_events_notified",
    "security_group_events_notified",
];

fn secret(facts: &mut Facts) -> &mut crate::aws::secrets::Upkeep {
    facts.secrets.get_mut(SECRET).unwrap().as_mut().unwrap().as_mut().unwrap()
}

fn postgres(facts: &mut Facts) -> &mut Security {
    match &mut facts.contents {
        Ok(Contents::Postgres(contents)) => contents,
        other => panic!("{other:?}"),
    }
}

/// An account of MySQL that is not the master user's, to which there is a connection then.
fn account(facts: &mut Facts) -> &mut Login {
    *facts = world_of_mysql();
    match &mut facts.contents {
        Ok(Contents::Mysql(contents)) => &mut contents.logins[0],
        other => panic!("{other:?}"),
    }
}

fn with_policy(facts: &mut Facts, action: &str, resource: &str) {
    facts.policies.as_mut().unwrap().0.push(policy(action, resource));
}

#[test]
fn each_failure_is_of_its_checks_alone() {
    let mut tried = BTreeSet::new();
    for (number, (expected, change)) in FAILURES.iter().chain(network::FAILURES).enumerate() {
        let mut facts = world();
        change(&mut facts);
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        assert_eq!(checks(&facts, Status::Failed), expected, "failure {number}");
        tried.extend(expected);
    }
    assert_eq!(tried, ids(), "each check fails somewhere");
}

/// The spelling of the group decides nothing: 1 in DB parameter groups, ON in DB cluster parameter groups.
#[test]
fn each_spelling_of_on_requires_tls() {
    for value in ["1", "ON", "on", "true"] {
        let mut facts = world();
        parameter(&mut facts, "require_secure_transport", value);
        parameter(&mut facts, "rds.force_ssl", value);
        for (check, name) in [("RDS.39", "shop"), ("RDS.44", "wiki"), ("cluster_tls_required", "aurora-my")] {
            assert_eq!(status(&facts, check, name), Status::Passed, "{check} with {value}");
        }
    }
}

/// A key that AWS owns encrypts, though `StorageEncrypted` is false there.
#[test]
fn a_key_of_aws_encrypts() {
    let mut facts = world();
    let it = of(&mut facts, "aurora-pg");
    (it.encryption, it.key) = ("sse-rds".into(), None);
    assert_eq!(status(&facts, "RDS.27", "aurora-pg"), Status::Passed);
}

/// What nobody has set has the default of the version; what is not documented is unknown.
#[test]
fn defaults_are_those_of_the_version() {
    for (name, engine_version, check, expected) in [
        ("orders", "14.12", "RDS.38", Status::Failed),
        ("orders", "15.7", "RDS.38", Status::Passed),
        ("shop", "8.0.40", "RDS.39", Status::Failed),
        ("shop", "8.4.3", "RDS.39", Status::Unknown),
        ("wiki", "10.11.9", "RDS.44", Status::Failed),
        ("wiki", "11.8.3", "RDS.44", Status::Unknown),
    ] {
        let mut facts = world();
        for group in facts.instance_parameters.values_mut().flatten() {
            group.values_mut().for_each(|value| *value = None);
        }
        of(&mut facts, name).engine_version = engine_version.to_owned();
        assert_eq!(status(&facts, check, name), expected, "{name} {engine_version}");
    }
}

#[test]
fn a_search_that_was_cut_short_passes_nothing() {
    let mut facts = world();
    facts.policies.as_mut().unwrap().1 = false;
    let unknown = checks(&facts, Status::Unknown);
    let of_policies = ["administration_policies_limited", "login_policies_current", "login_policies_name_users"];
    assert_eq!(unknown, of_policies.into());
}
