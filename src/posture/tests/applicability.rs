//! What checks are not about.

use std::collections::BTreeSet;

use super::failures::of;
use super::{checks, ids, status};
use crate::posture::check::Status;
use crate::posture::facts::Facts;
use crate::posture::tests::world::{world, world_of_mysql};

/// Checks that have an answer about everything of their kind.
const ABOUT_ALL: &[&str] = &[
    "administration_policies_limited",
    "certificate_valid",
    "cluster_backup_retention",
    "cluster_deletion_protection",
    "cluster_events_notified",
    "cluster_master_username",
    "cluster_snapshot_tagged",
    "cluster_storage_encrypted",
    "cluster_tagged",
    "cluster_tls_required",
    "enhanced_monitoring",
    "instance_auto_minor_version_upgrade",
    "instance_events_notified",
    "instance_in_vpc",
    "instance_snapshot_tagged",
    "instance_tagged",
    "login_policies_current",
    "login_policies_name_users",
    "no_open_security_recommendations",
    "not_publicly_accessible",
    "nothing_pending",
    "nothing_pending_in_cluster",
    "parameter_group_events_notified",
    "performance_insights",
    "proxy_iam_required",
    "proxy_tls_required",
    "secret_policy_private",
    "secret_rotated_recently",
    "secret_rotation_enabled",
    "secret_used",
    "security_group_events_notified",
    "service_linked_role",
    "snapshot_encrypted",
    "snapshot_not_shared",
    "snapshot_private",
    "subnet_group_tagged",
];

/// What has no meaning for a database is neither passed nor failed.
#[test]
fn what_does_not_apply_is_not_judged() {
    let facts = world();
    for check in ["RDS.3", "RDS.5", "RDS.8", "RDS.10", "RDS.11", "RDS.17", "RDS.23", "RDS.25", "RDS.38"] {
        assert_eq!(status(&facts, check, "member"), Status::NotApplicable, "{check}: the cluster decides");
    }
    for check in ["RDS.2", "RDS.6", "RDS.13", "RDS.18", "certificate_valid", "nothing_pending"] {
        assert_eq!(status(&facts, check, "member"), Status::Passed, "{check}: members have it themselves");
    }
    for (check, name) in [
        ("RDS.10", "sales"),
        ("RDS.11", "copy"),
        ("RDS.14", "aurora-pg"),
        ("RDS.34", "aurora-pg"),
        ("RDS.9", "orders"),
        ("RDS.9", "wiki"),
        ("RDS.47", "aurora-pg"),
        ("replica_encrypted_like_source", "orders"),
        ("master_password_managed", "copy"),
    ] {
        assert_eq!(status(&facts, check, name), Status::NotApplicable, "{check} of {name}");
    }
    let mut facts = world();
    of(&mut facts, "aurora-my").engine_mode = "serverless".to_owned();
    for check in ["RDS.12", "RDS.14", "RDS.15", "RDS.35", "activity_stream"] {
        assert_eq!(status(&facts, check, "aurora-my"), Status::NotApplicable, "{check} of serverless v1");
    }
    let it = of(&mut facts, "orders");
    (it.encryption, it.key, it.backup_days, it.has_insights) = ("none".into(), None, 0, false);
    (it.iam_enabled, it.monitoring_interval) = (false, 0);
    it.roles.clear();
    for check in [
        "storage_customer_managed_key",
        "KMS.3",
        "KMS.4",
        "KMS.5",
        "restorable_to_now",
        "performance_insights_customer_managed_key",
        "iam_authentication_errors_exported",
        "monitoring_role_trust",
        "associated_roles_active",
    ] {
        assert_eq!(status(&facts, check, "orders"), Status::NotApplicable, "{check}");
    }
    of(&mut facts, "wiki").engine_version = "10.4.34".to_owned();
    assert_eq!(status(&facts, "RDS.44", "wiki"), Status::NotApplicable);
}

/// A world in which little is used.
fn simple() -> Facts {
    let mut facts = world();
    for it in facts.instances.iter_mut().chain(&mut facts.clusters).flatten() {
        (it.vpc, it.has_insights, it.monitoring_interval) = (None, false, 0);
        it.engine_mode = "serverless".to_owned();
        it.encryption = "none".to_owned();
    }
    for snapshot in facts.instance_snapshots.iter_mut().chain(&mut facts.cluster_snapshots).flatten() {
        (snapshot.encryption, snapshot.key) = ("none".to_owned(), None);
    }
    for secret in facts.secrets.values_mut().flatten().flatten() {
        secret.is_rotated = false;
    }
    for cluster in facts.global_clusters.iter_mut().flatten() {
        cluster.engine = "aurora-postgresql".to_owned();
    }
    (facts.exports, facts.proxies) = (Ok(Vec::new()), Ok(Vec::new()));
    facts
}

/// Every other check has something to which it does not apply.
#[test]
fn each_check_applies_to_some_things_alone() {
    let worlds: [fn() -> Facts; 3] = [world, world_of_mysql, simple];
    let found: BTreeSet<_> = worlds.into_iter().flat_map(|world| checks(&world(), Status::NotApplicable)).collect();
    let rest: Vec<_> = ids().difference(&found).copied().collect();
    assert_eq!(rest, ABOUT_ALL);
}
