//! Backups, standbys, and protection against deletion.

use jiff::SignedDuration;

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{Answer, BASE, Check, Judge, Scope, Severity, Topic, holds, passed, without_meaning};
use crate::posture::checks::words::{at_least, is_on, is_serverless_v1, serverless_v1};
use crate::posture::facts::Facts;
use crate::posture::sources::Source;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "instance_multi_az",
        controls: &["RDS.5"],
        also: &["CIS 2.2.4", "CKV_AWS_157"],
        title: "The DB instance has a standby in another Availability Zone",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], |_, database| is_on("MultiAZ", database.is_multi_az)),
        remediation: "Set multi_az.",
        ..BASE
    },
    Check {
        id: "cluster_multi_az",
        controls: &["RDS.15"],
        title: "The DB cluster has members in several Availability Zones",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |_, database| match is_serverless_v1(database) {
            true => serverless_v1(),
            false => is_on("MultiAZ", database.is_multi_az),
        }),
        remediation: "Add an aws_rds_cluster_instance in another Availability Zone.",
        ..BASE
    },
    Check {
        id: "cluster_deletion_protection",
        controls: &["RDS.7"],
        also: &["CKV_AWS_139", "AWS-0343"],
        title: "The DB cluster is protected against deletion",
        severity: Severity::Low,
        topic: Topic::Resilience,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |_, it| is_on("DeletionProtection", it.is_protected)),
        remediation: "Set deletion_protection.",
        ..BASE
    },
    Check {
        id: "instance_deletion_protection",
        controls: &["RDS.8"],
        also: &["CKV_AWS_293", "AWS-0177"],
        title: "The DB instance is protected against deletion",
        severity: Severity::Low,
        topic: Topic::Resilience,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], |_, it| is_on("DeletionProtection", it.is_protected)),
        remediation: "Set deletion_protection.",
        ..BASE
    },
    Check {
        id: "instance_backup_retention",
        controls: &["RDS.11"],
        also: &["CKV_AWS_133", "AWS-0077"],
        title: "Automated backups of the DB instance are kept for 7 days or longer",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], |_, database| match &database.replica_of {
            Some(source) => without_meaning(format!("It is a read replica of \"{source}\".")),
            None => at_least("BackupRetentionPeriod", database.backup_days, 7),
        }),
        remediation: "Set backup_retention_period.",
        ..BASE
    },
    Check {
        id: "cluster_backup_retention",
        controls: &["RDS.50"],
        title: "Automated backups of the DB cluster are kept for 7 days or longer",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |_, it| at_least("BackupRetentionPeriod", it.backup_days, 7)),
        remediation: "Set backup_retention_period.",
        ..BASE
    },
    Check {
        id: "aurora_mysql_backtrack",
        controls: &["RDS.14"],
        also: &["CKV_AWS_326"],
        title: "The DB cluster of Aurora MySQL can be rewound",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["aurora-mysql"], |_, database| match is_serverless_v1(database) {
            true => serverless_v1(),
            false => {
                let window = database.backtrack_window;
                holds(window > 0, format!("BacktrackWindow is {window}."))
            }
        }),
        remediation: "Set backtrack_window; it can be enabled only when the cluster is created or restored.",
        ..BASE
    },
    Check {
        id: "remote_backup",
        title: "There is a backup or a secondary cluster in another Region",
        severity: Severity::Low,
        topic: Topic::Resilience,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, &[], remote_backup),
        remediation: "Add an aws_db_instance_automated_backups_replication, or an aws_rds_global_cluster.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html",
        ..BASE
    },
    Check {
        id: "restorable_to_now",
        title: "The database can be restored to a time in the last 15 minutes",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, &[], restorable),
        remediation: "See the events of the database: backups or the upload of transaction logs are delayed.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html",
        ..BASE
    },
];

fn remote_backup(_: &Facts, database: &Profile) -> Answer {
    match (&database.global_cluster, database.has_remote_backups) {
        (Some(global), _) => passed(format!("It belongs to the global cluster \"{global}\".")),
        (None, true) => passed("Its automated backups are replicated."),
        (None, false) => holds(false, "Its automated backups are not replicated, and it belongs to no global cluster."),
    }
}

fn restorable(facts: &Facts, database: &Profile) -> Answer {
    if database.backup_days == 0 {
        return without_meaning("Automated backups are off.");
    }
    let Some(latest) = database.restorable else {
        return Err("RDS does not tell the latest time to which it can be restored.".to_owned());
    };
    let age = facts.now.duration_since(latest);
    holds(age <= SignedDuration::from_mins(15), format!("LatestRestorableTime is {latest}."))
}
