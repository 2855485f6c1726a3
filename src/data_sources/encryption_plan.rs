//! `rdsauth_encryption_plan`: how a database is encrypted, and the ways to another encryption.

mod dependents;
mod follow_ups;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{Computed, DataSource, View, block, check, computed, optional};
use tf_provider::value::Path;

use crate::arn::Arn;
use crate::attributes::checks;
use crate::aws::rds::{Kind, Rds, Setting, Source};
use crate::data_sources::encryption_plan::dependents::Dependents;
use crate::data_sources::encryption_plan::follow_ups::Step;
use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::parts::rds::database::Target;
use crate::parts::rds::encryption;
use crate::parts::rds::encryption::facts::Facts;
use crate::parts::rds::encryption::paths::{self, Way};
use crate::sql::movability::{self, Movability};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Reports how the storage of a DB instance or an Aurora or Multi-AZ DB cluster is encrypted, and what it takes to
    /// encrypt it, or to give it another KMS key. Use it before a migration, and in a `check` block instead of
    /// `aws_rds_cluster.storage_encrypted`, which does not tell storage that AWS encrypts with a key of its own.
    ///
    /// The encryption of a database [cannot be
    /// changed](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html): another database takes
    /// its place. The data source tells which ways to such a database are open, which settings of the original a restore
    /// from a snapshot does not carry over, and what has to follow the cutover. It covers PostgreSQL, MySQL and MariaDB.
    /// It changes nothing, and never takes a snapshot.
    ///
    /// ~> **Note:** What could not be read is listed in `unknown` with the reason, such as a missing permission, and is
    /// missing from the other results. A condition on `paths` or `follow_ups` should therefore also look at `unknown`.
    ///
    /// ~> **Note:** RDS accepts a KMS key for a blue/green deployment since September 2026, and may refuse it in some
    /// regions or for some versions. The path `"blue_green"` is `open` if nothing is known that blocks it.
    ///
    /// -> Members of a DB cluster are encrypted as the cluster is: use `db_cluster_identifier`.
    ///
    /// ## Paths
    ///
    /// | `name` | Meaning |
    /// | --- | --- |
    /// | `"snapshot"` | Stop writing, take a snapshot, copy it with a KMS key and restore it. A snapshot of a DB cluster is not copied, but restored with the key. |
    /// | `"blue_green"` | Create a blue/green deployment whose green environment has the KMS key, and switch over: [`rdsauth_blue_green_encryption`](../resources/blue_green_encryption.md). |
    /// | `"dms"` | Copy the data with AWS DMS to an encrypted database, which also applies the changes since. |
    /// | `"native_replication"` | Restore an encrypted snapshot and let it follow by logical replication (PostgreSQL) or binary logs (MySQL and MariaDB). |
    /// | `"read_replica"` | Create a read replica with another KMS key and promote it. Only for a DB instance that is encrypted already. |
    ///
    /// Other blockers can exist. Whether the tables are fit for `"dms"` and `"native_replication"` is in
    /// `database_findings`. Whether the network and quotas allow a path is not checked.
    ///
    /// ## Carry-over
    ///
    /// `carry_over` lists the settings in which the database differs from what a restore without further arguments
    /// creates. These settings are compared:
    ///
    /// | Of | Carried over by | Settings |
    /// | --- | --- | --- |
    /// | DB instance | `RestoreDBInstanceFromDBSnapshot` | `"multi_az"`, `"availability_zone"`, `"db_subnet_group_name"`, `"vpc_security_group_ids"`, `"publicly_accessible"`, `"network_type"`, `"customer_owned_ip_enabled"`, `"backup_target"`, `"db_parameter_group_name"`, `"option_group_name"`, `"storage_type"`, `"storage_throughput"`, `"dedicated_log_volume"`, `"additional_storage_volumes"`, `"iam_database_authentication_enabled"`, `"enabled_cloudwatch_logs_exports"`, `"deletion_protection"`, `"ca_certificate_identifier"`, `"auto_minor_version_upgrade"`, `"copy_tags_to_snapshot"`, `"tags"`, `"preferred_backup_window"`, `"processor_features"`, `"tde_credential_arn"`, `"domain"`, `"custom_iam_instance_profile"`, `"engine_lifecycle_support"`, `"db_capacity_reservation_identifier"` |
    /// | DB instance | `none` | `"secondary_availability_zone"`, `"pending_modified_values"` |
    /// | DB instance | `ModifyDBInstance` | `"max_allocated_storage"`, `"preferred_maintenance_window"`, `"monitoring_interval"`, `"monitoring_role_arn"`, `"database_insights_mode"`, `"performance_insights_enabled"`, `"performance_insights_kms_key_id"`, `"performance_insights_retention_period"`, `"master_user_secret"`, `"master_user_secret_kms_key_id"`, `"aws_backup_recovery_point_arn"` |
    /// | DB instance | `AddRoleToDBInstance` | `"associated_roles"` |
    /// | DB instance | `CreateDBInstanceReadReplica` | `"read_replicas"` |
    /// | DB instance | `StartDBInstanceAutomatedBackupsReplication` | `"automated_backups_replications"` |
    /// | DB instance | `StartActivityStream` | `"activity_stream_status"` |
    /// | DB cluster | `RestoreDBClusterFromSnapshot` | `"engine_version"`, `"engine_mode"`, `"availability_zones"`, `"db_subnet_group_name"`, `"vpc_security_group_ids"`, `"publicly_accessible"`, `"network_type"`, `"vpc_networking_enabled"`, `"internet_access_gateway_enabled"`, `"db_cluster_parameter_group_name"`, `"option_group_name"`, `"storage_type"`, `"db_cluster_instance_class"`, `"iops"`, `"iam_database_authentication_enabled"`, `"backtrack_window"`, `"enabled_cloudwatch_logs_exports"`, `"scaling_configuration"`, `"serverless_v2_scaling_configuration"`, `"deletion_protection"`, `"copy_tags_to_snapshot"`, `"tags"`, `"domain"`, `"preferred_backup_window"`, `"monitoring_interval"`, `"monitoring_role_arn"`, `"performance_insights_enabled"`, `"performance_insights_kms_key_id"`, `"performance_insights_retention_period"`, `"engine_lifecycle_support"`, `"associated_roles"` |
    /// | DB cluster | `ModifyDBCluster` | `"preferred_maintenance_window"`, `"auto_minor_version_upgrade"`, `"database_insights_mode"`, `"global_write_forwarding"`, `"local_write_forwarding"`, `"limitless_database"`, `"ca_certificate_identifier"`, `"master_user_secret"`, `"master_user_secret_kms_key_id"`, `"aws_backup_recovery_point_arn"` |
    /// | DB cluster | `EnableHttpEndpoint` | `"http_endpoint_enabled"` |
    /// | DB cluster | `CreateDBClusterEndpoint` | `"custom_endpoints"` |
    /// | DB cluster | `CreateGlobalCluster` | `"global_cluster_identifier"` |
    /// | DB cluster | `CreateDBCluster` | `"read_replicas"` |
    /// | DB cluster | `StartActivityStream` | `"activity_stream_status"` |
    /// | DB cluster | `none` | `"pending_modified_values"` |
    /// | member of an Aurora cluster | `CreateDBInstance` | `"db_instance_class"`, `"promotion_tier"`, `"availability_zone"`, `"db_parameter_group_name"`, `"publicly_accessible"`, `"ca_certificate_identifier"`, `"auto_minor_version_upgrade"`, `"preferred_maintenance_window"`, `"monitoring_interval"`, `"monitoring_role_arn"`, `"performance_insights_enabled"`, `"performance_insights_kms_key_id"`, `"performance_insights_retention_period"`, `"tags"` |
    /// | member of an Aurora cluster | `AddRoleToDBInstance` | `"associated_roles"` |
    ///
    /// RDS itself creates the members of a Multi-AZ DB cluster. Application Auto Scaling of read replicas is not read.
    ///
    /// ## Follow-ups
    ///
    /// * `"iam_policy"`: inline policies and customer managed policies in the account that name the resource ID of the
    ///   database or of a member of the cluster. Policies in other accounts, service control policies, and policies that
    ///   match by a wildcard are not seen. All policies of the account are read for it, a thousand at a time.
    /// * `"proxy"`: RDS Proxies that have the database as their target.
    /// * `"secret"`: the secret in which RDS manages the password of the master user, and secrets whose name, description or
    ///   tags contain the identifier of the database. Values are never read, so a secret that only its value connects with
    ///   the database is not seen.
    /// * `"event_subscription"`: event subscriptions that name the database.
    /// * `"alarms"`: what to look for in CloudWatch, which is not read.
    /// * `"read_replica"`: read replicas of the database.
    /// * `"integration"`: zero-ETL integrations.
    /// * `"automated_backups"`: what stays with the original.
    ///
    /// DNS records, AWS DMS endpoints and whatever else contains the host name are not read.
    ///
    /// ## Database Findings
    ///
    /// With `database_connection`, the database is read in a transaction that is read-only. In PostgreSQL, the results are
    /// about the one database that is connected to, except transactions and replication slots: use one data source for
    /// each database. In MySQL and MariaDB, they are about all databases that the user can see.
    ///
    /// | `kind` | Why it matters |
    /// | --- | --- |
    /// | `"unlogged_table"` | PostgreSQL: empty after a restore, and not replicated. |
    /// | `"non_transactional_table"` | MySQL and MariaDB: tables of MEMORY are empty after a restore, those of MyISAM can be damaged. |
    /// | `"table_without_primary_key"` | DMS does not apply updates and deletes, and does not validate. PostgreSQL refuses them on a published table without replica identity. |
    /// | `"unconstrained_numeric"` | PostgreSQL: DMS rounds to `NUMERIC(28,6)`. Native replication does not. |
    /// | `"lob_column"` | DMS treats the columns as large objects, which it truncates in limited LOB mode. |
    /// | `"large_objects"` | PostgreSQL: neither DMS nor logical replication copies them. |
    /// | `"sequence"` | Not replicated: set it after the last write. `AUTO_INCREMENT` columns are listed as well, in MySQL with a value that can be a day old. |
    /// | `"foreign_key"` | To be suspended while DMS loads the tables. Binary logs do not contain what cascades. |
    /// | `"trigger"`, `"event"`, `"event_trigger"` | Would act a second time on the target. |
    /// | `"partitioned_table"` | DMS sees the partitions as well as the table; do not select both. |
    /// | `"materialized_view"` | PostgreSQL: not replicated: refresh it. |
    /// | `"long_transaction"` | Open for more than five minutes: the begin of a replication waits for it. |
    /// | `"prepared_transaction"` | The same, until it is committed or rolled back. |
    /// | `"publication"` | PostgreSQL: its subscribers have to subscribe to the new database. |
    /// | `"subscription"`, `"replication_slot"` | PostgreSQL: block a blue/green deployment. A restored copy has the subscriptions as well, and enabled. |
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds:DescribeDBInstances` for a DB instance, `rds:DescribeDBClusters` for a DB cluster. Each of the others can be
    /// missing, and what it would read is then listed in `unknown`:
    ///
    /// - Paths: `rds:DescribeBlueGreenDeployments`, and for a DB instance `rds:DescribeDBParameters`, for a DB cluster
    ///   `rds:DescribeDBClusterParameters`.
    /// - Carry-over: for a DB cluster `rds:DescribeDBInstances`.
    /// - Follow-ups: `iam:GetAccountAuthorizationDetails`, `rds:DescribeDBProxies`, `rds:DescribeDBProxyTargets`,
    ///   `rds:DescribeEventSubscriptions`, `rds:DescribeIntegrations`, `secretsmanager:ListSecrets`.
    /// - `database_connection`: `rds-db:connect` for the user that connects with `auth = "iam"`, or
    ///   `secretsmanager:GetSecretValue` with `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a
    ///   customer managed key.
    ///
    /// ### Database
    ///
    /// In PostgreSQL, permission to connect, and the role pg_read_all_stats for transactions of other users. In MySQL and
    /// MariaDB, `SELECT` on the databases, `PROCESS` for transactions and `XA_RECOVER_ADMIN` for prepared transactions.
    /// What the user may not see is missing from the results.
    pub struct EncryptionPlan {
        /// Identifier of a DB instance.
        db_instance_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Identifier of a DB cluster.
        db_cluster_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Region of the database. Defaults to the provider's region.
        region: Computed<String> = optional().check(checks::region()),
        /// Connection to the database, for `database_findings`.
        database_connection: Option<DatabaseConnection> = block(),
        /// Whether the storage is encrypted: `storage_encryption_type` is not `none`.
        encrypted: Computed<bool> = computed(),
        /// Type of encryption of the storage: `none`, `sse-kms` (a KMS key) or `sse-rds` (a key of AWS that is not in the
        /// account).
        storage_encryption_type: Computed<String> = computed(),
        /// ARN of the KMS key that encrypts the storage. Null if there is none.
        kms_key_id: Computed<Option<String>> = computed(),
        /// Database engine, such as `postgres` or `aurora-mysql`.
        engine: Computed<String> = computed(),
        /// Version of the database engine.
        engine_version: Computed<String> = computed(),
        /// Resource ID of the DB instance or DB cluster, which a database that takes its place does not have.
        resource_id: Computed<String> = computed(),
        /// Ways to a database with another encryption, always the same five: see [Paths](#paths). `status` is `open`,
        /// `blocked`, or `unknown` if something could not be read; `blocked_by` lists the reasons, each with the way out;
        /// `downtime` is for how long applications cannot write; `cost` is what has to be paid for.
        paths: Computed<Vec<MigrationPath>> = computed(),
        /// Settings that a restore from a snapshot would lose without further arguments: see [Carry-over](#carry-over).
        /// `identifier` is the DB instance or DB cluster that has the setting; `carried_by` is the API operation and its
        /// argument, such as `RestoreDBInstanceFromDBSnapshot.DeletionProtection`, or `none`; `note` is what happens without
        /// it.
        carry_over: Computed<Vec<CarryOver>> = computed(),
        /// What has to follow once another database has taken the place of this one: see [Follow-ups](#follow-ups). `arn`
        /// is null if the object has none; `action` is what to do.
        follow_ups: Computed<Vec<FollowUp>> = computed(),
        /// What in the database a migration has to care about, of each kind at most 200: see
        /// [Database Findings](#database-findings). `detail` has, for example, the columns. Null without
        /// `database_connection`, or if the database cannot be reached.
        database_findings: Computed<Option<Vec<DatabaseFinding>>> = computed(),
        /// What could not be found out, and why. `what` is the incomplete result, such as `"follow_ups.proxy"`; `reason`
        /// contains the error code of AWS and the permission that is missing. Empty if everything was found out.
        unknown: Computed<Vec<Unknown>> = computed(),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { read: "5m" }
}

tf_provider::model! {
    /// A way to a database with another encryption.
    pub struct MigrationPath {
        /// Name of the path: `"snapshot"`, `"blue_green"`, `"dms"`, `"native_replication"` or `"read_replica"`.
        name: String = computed(),
        /// Whether the path can be taken: `open`, `blocked`, or `unknown` if something could not be read.
        status: String = computed(),
        /// Reasons why the path is blocked, each with the way out. Empty unless `status` is `blocked`.
        blocked_by: Vec<String> = computed(),
        /// For how long applications cannot write.
        downtime: String = computed(),
        /// What has to be paid for, and what else the path takes.
        cost: String = computed(),
    }
}

tf_provider::model! {
    /// A setting that a restore would lose.
    pub struct CarryOver {
        /// Identifier of the DB instance or DB cluster that has the setting: a member of the cluster has its own.
        identifier: String = computed(),
        /// Name of the setting.
        setting: String = computed(),
        /// Value of the setting. Several values are separated by commas.
        value: String = computed(),
        /// API operation and argument that carry the setting over, such as
        /// `RestoreDBInstanceFromDBSnapshot.DeletionProtection`, or `none`.
        carried_by: String = computed(),
        /// What happens without it, or what else to know.
        note: String = computed(),
    }
}

tf_provider::model! {
    /// Something to do after the cutover, or to prepare before it.
    pub struct FollowUp {
        /// Kind of object: see [Follow-ups](#follow-ups).
        kind: String = computed(),
        /// Name of the object. For an inline policy, it is the owner and the name of the policy, such as
        /// `role/app/login`.
        name: String = computed(),
        /// ARN of the object, or of the owner of an inline policy. Null if it has none.
        arn: Option<String> = computed(),
        /// What to do.
        action: String = computed(),
    }
}

tf_provider::model! {
    /// An object in the database that a migration has to care about.
    pub struct DatabaseFinding {
        /// Kind of object: see [Database Findings](#database-findings).
        kind: String = computed(),
        /// Name of the object.
        object: String = computed(),
        /// What else there is to know, such as the columns.
        detail: String = computed(),
    }
}

tf_provider::model! {
    /// Something that could not be found out.
    pub struct Unknown {
        /// Which result is missing or incomplete, such as `"follow_ups.proxy"` or `"paths.blue_green"`.
        what: String = computed(),
        /// Why, such as the error code of AWS and the permission that is missing.
        reason: String = computed(),
    }
}

impl DataSource<World> for EncryptionPlan {
    const TYPE: &'static str = "encryption_plan";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let own = match &config.region {
            Computed::Known(region) => Some(region.clone()),
            Computed::Unknown => None,
        };
        let region = own.as_deref();
        let rds = cx.aws()?.rds(region).await.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        let source = config.find(cx, &rds, region).await?;
        let mut unknown = Vec::new();
        let contents = match &config.database_connection {
            Some(connection) => contents(cx, connection, &source, &mut unknown).await?,
            None => None,
        };
        let dependents = Dependents::read(cx.aws()?, region, &rds, source, contents).await;
        config.fill_in(dependents, unknown)?;
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        config.block(Self::database_connection).map(|block| DatabaseConnection::check(&block)).unwrap_or_default()
    }
}

impl EncryptionPlan {
    /// The database.
    async fn find(&self, cx: &Ctx, rds: &Rds, region: Option<&str>) -> Result<Source> {
        let (way, kind, name): (Path, _, _) = match (&self.db_instance_identifier, &self.db_cluster_identifier) {
            (Some(name), None) => (Self::db_instance_identifier.into(), Kind::Instance, name),
            (None, Some(name)) => (Self::db_cluster_identifier.into(), Kind::Cluster, name),
            _ => return Err(Diagnostic::bug("no database is named, or several")),
        };
        let found = rds.source(kind, name).await.context("Cannot look up the database", name);
        let Some(source) = found.map_err(|error| error.at(way.clone()))? else {
            let target = Target { kind, identifier: name.clone(), region: region.map(str::to_owned) };
            return Err(target.absent(cx, rds).await?.at(way));
        };
        encryption::refuse_member(&source.database).map_err(|error| error.at(way))?;
        Ok(source)
    }

    /// Fills in the results.
    fn fill_in(&mut self, dependents: Dependents, mut unknown: Vec<Unknown>) -> Result<()> {
        let ways = paths::all(&dependents.facts);
        let steps = follow_ups::all(&dependents);
        unknown.extend(unread(&dependents));
        for way in ways.iter().filter(|way| way.blocked_by.is_empty()) {
            unknown.extend(way.unknown.iter().map(|why| Unknown::of(&format!("paths.{}", way.name), why)));
        }
        let Facts { source, relatives, contents, .. } = dependents.facts;
        let members = relatives.unwrap_or_default().into_iter().flat_map(|member| member.settings);
        let settings = source.settings.iter().cloned().chain(members).map(CarryOver::from).collect::<Vec<_>>();
        let database = &source.database;
        let arn: Arn = database.arn.parse().map_err(|error: crate::arn::ArnError| Diagnostic::bug(error))?;
        self.region = arn.region.into();
        self.encrypted = source.is_encrypted().into();
        self.engine = database.engine.clone().into();
        self.engine_version = database.engine_version.clone().into();
        self.resource_id = database.resource_id.clone().into();
        self.storage_encryption_type = database.encryption.clone().into();
        self.kms_key_id = source.kms_key_id.into();
        self.paths = ways.into_iter().map(MigrationPath::from).collect::<Vec<_>>().into();
        self.carry_over = settings.into();
        self.follow_ups = steps.into_iter().map(FollowUp::from).collect::<Vec<_>>().into();
        let findings = contents.map(|contents| contents.findings.into_iter().map(DatabaseFinding::from).collect());
        self.database_findings = findings.into();
        self.unknown = unknown.into();
        Ok(())
    }
}

/// What is in the database; nothing, with a warning, if it cannot be reached.
async fn contents(
    cx: &Ctx,
    connection: &DatabaseConnection,
    source: &Source,
    unknown: &mut Vec<Unknown>,
) -> Result<Option<Movability>> {
    let at = EncryptionPlan::database_connection;
    let Some(family) = Engine::of(&source.database.engine) else {
        let why = format!("Databases of the engine \"{}\" are not read.", source.database.engine);
        unknown.push(Unknown::of(FINDINGS, &why));
        return Ok(None);
    };
    match look(cx, connection, family).await {
        Ok(contents) => {
            let kinds = contents.unknown.iter();
            unknown.extend(kinds.map(|(kind, why)| Unknown::of(&format!("{FINDINGS}.{kind}"), why)));
            Ok(Some(contents))
        }
        Err(error) => {
            unknown.push(Unknown::of(FINDINGS, &error.detail));
            let detail = format!("{}\n\nWhat is in the database is therefore unknown.", error.detail);
            cx.warn(Diagnostic { severity: Severity::Warning, detail, ..error }.at(at));
            Ok(None)
        }
    }
}

async fn look(cx: &Ctx, connection: &DatabaseConnection, family: Engine) -> Result<Movability> {
    let at = EncryptionPlan::database_connection;
    match family {
        Engine::Postgres => {
            let session = connection.postgres(cx, at).await?;
            let contents = session.movability().await?;
            connection.leave_postgres(cx, session);
            Ok(contents)
        }
        Engine::Mysql => {
            let mut session = connection.mysql(cx, at, LOCKS).await?;
            let contents = session.movability().await?;
            connection.leave_mysql(cx, session, LOCKS);
            Ok(contents)
        }
    }
}

/// How long to wait for locks of metadata, which nobody holds for long.
const LOCKS: std::time::Duration = std::time::Duration::from_secs(10);

const FINDINGS: &str = "database_findings";

/// What AWS did not tell.
fn unread(dependents: &Dependents) -> Vec<Unknown> {
    let facts = &dependents.facts;
    let of = |kind: &str, why: Option<&String>| why.map(|why| Unknown::of(&format!("follow_ups.{kind}"), why));
    let cut = dependents.mentions.as_ref().is_ok_and(|mentions| !mentions.is_complete);
    let cut =
        cut.then(|| "The account has so many roles, users and policies that not all of them were read.".to_owned());
    let members = match facts.source.database.kind {
        Kind::Cluster => facts.relatives.as_ref().err().map(|why| Unknown::of("carry_over", why)),
        Kind::Instance => None,
    };
    [
        members,
        of(follow_ups::POLICY, dependents.mentions.as_ref().err().or(cut.as_ref())),
        of(follow_ups::PROXY, facts.proxies.as_ref().err()),
        of(follow_ups::SECRET, dependents.secrets.as_ref().err()),
        of(follow_ups::SUBSCRIPTION, dependents.subscriptions.as_ref().err()),
        of(follow_ups::INTEGRATION, facts.integrations.as_ref().err()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Unknown {
    fn of(what: &str, reason: &str) -> Self {
        Self { what: what.to_owned(), reason: reason.to_owned() }
    }
}

impl From<Way> for MigrationPath {
    fn from(way: Way) -> Self {
        Self {
            name: way.name.to_owned(),
            status: way.status().to_owned(),
            blocked_by: way.blocked_by,
            downtime: way.downtime.to_owned(),
            cost: way.cost,
        }
    }
}

impl From<Setting> for CarryOver {
    fn from(setting: Setting) -> Self {
        Self {
            identifier: setting.identifier,
            setting: setting.name.to_owned(),
            value: setting.value,
            carried_by: setting.carried_by.to_owned(),
            note: setting.note.to_owned(),
        }
    }
}

impl From<Step> for FollowUp {
    fn from(step: Step) -> Self {
        Self { kind: step.kind.to_owned(), name: step.name, arn: step.arn, action: step.action }
    }
}

impl From<movability::Finding> for DatabaseFinding {
    fn from(finding: movability::Finding) -> Self {
        Self { kind: finding.kind, object: finding.object, detail: finding.detail }
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Model as _;

    use super::*;
    use crate::aws::rds::all_settings;

    /// The page lists each setting of the tables in the row of the operation that carries it over, and no other.
    #[test]
    fn the_page_lists_all_settings() {
        let page = &EncryptionPlan::table().doc;
        let rows = page.lines().filter(|line| line.trim_start().starts_with("| DB ") || line.contains("| member "));
        let mut told = Vec::new();
        for row in rows {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let settings = cells[3].split(", ").map(|setting| setting.trim_matches(['`', '"']).to_owned());
            told.extend(settings.map(|setting| (cells[2].trim_matches('`').to_owned(), setting)));
        }
        let of_table = |(name, by): (&str, &str)| (by.split('.').next().unwrap_or(by).to_owned(), name.to_owned());
        let mut expected: Vec<_> = all_settings().into_iter().map(of_table).collect();
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
        assert!(told.len() > 80, "{}", told.len());
    }
}
