//! `rdsauth_iam_auth_readiness`: whether a database accepts IAM database authentication now, and the reasons if not.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, DataSource, check, computed, optional};

use crate::arn::Arn;
use crate::attributes::checks;
use crate::aws::rds::{Database, Kind, Rds};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Reports whether a DB instance or an Aurora or Multi-AZ DB cluster accepts IAM database authentication now and, if
    /// not, the reasons. Use it in a `check` block or a precondition, where `aws_db_instance` and `aws_rds_cluster` only
    /// tell the setting.
    ///
    /// It compares the engine version and the DB instance classes with those that [support IAM database
    /// authentication](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html), and reads the
    /// status, the setting and a pending modification of the setting.
    ///
    /// ~> **Note:** `ready` does not cover the database users or the IAM policies. The provider does not connect to the
    /// database and does not read policies.
    ///
    /// -> For a DB instance that is a member of a DB cluster, the setting and the resource ID are those of the cluster.
    ///
    /// ## Required Permissions
    ///
    /// `rds:DescribeDBInstances`, `rds:DescribeOrderableDBInstanceOptions`, and for a cluster or a member
    /// of one `rds:DescribeDBClusters`.
    pub struct IamAuthReadiness {
        /// Identifier of a DB instance.
        db_instance_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Identifier of a DB cluster.
        db_cluster_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Region of the database. Defaults to the provider's region.
        region: Computed<String> = optional().check(checks::region()),
        /// Whether IAM database authentication works now and no pending modification disables it. It is `true` if
        /// `reasons` is empty.
        ready: Computed<bool> = computed(),
        /// Reasons why `ready` is `false`, each a sentence that says what to do. Empty if there are none.
        reasons: Computed<Vec<String>> = computed(),
        /// Whether AWS supports IAM database authentication for the engine, its version and the DB instance classes.
        engine_supported: Computed<bool> = computed(),
        /// Warning about memory, of which IAM database authentication needs 300 to 1000 MiB. Null unless a DB instance
        /// class is small: `nano`, `micro`, `small` or `medium`.
        memory_warning: Computed<Option<String>> = computed(),
        /// Whether IAM database authentication is enabled.
        iam_database_authentication_enabled: Computed<bool> = computed(),
        /// Pending value of `iam_database_authentication_enabled` while a modification is pending; otherwise null.
        iam_database_authentication_pending: Computed<Option<bool>> = computed(),
        /// Database engine, such as `postgres` or `aurora-mysql`.
        engine: Computed<String> = computed(),
        /// Version of the database engine.
        engine_version: Computed<String> = computed(),
        /// DB instance classes of the DB instance or of the DB cluster's members, such as `db.r6g.large`.
        instance_classes: Computed<Vec<String>> = computed(),
        /// Status, such as `available`.
        status: Computed<String> = computed(),
        /// Resource ID that policies for `rds-db:connect` name: `db-…` or `cluster-…`. For a member of a DB cluster, it is
        /// the resource ID of the cluster.
        resource_id: Computed<String> = computed(),
        /// Identifier of the DB cluster that the DB instance is a member of; otherwise null.
        cluster_identifier: Computed<Option<String>> = computed(),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { read: "5m" }
}

/// Engines with IAM authentication, for versions that AWS no longer offers and so no longer describes.
const ENGINES: [&str; 5] = ["aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres"];

/// Sizes of burstable classes with little memory, and how much they have.
const SMALL: [(&str, &str); 4] = [("nano", "0.5"), ("micro", "1"), ("small", "2"), ("medium", "4")];

impl DataSource<World> for IamAuthReadiness {
    const TYPE: &'static str = "iam_auth_readiness";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let own = match &config.region {
            Computed::Known(region) => Some(region.as_str()),
            Computed::Unknown => None,
        };
        let rds = cx.aws()?.rds(own).await.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        let (database, classes) = config.find(cx, &rds, own).await?;
        let lacking =
            lacking(&rds, &database, &classes).await.context("Cannot look up the engine", &database.engine)?;
        let reasons = reasons(&database, lacking.as_deref());
        let arn: Arn = database.arn.parse().map_err(|error: crate::arn::ArnError| Diagnostic::bug(error))?;
        config.region = arn.region.into();
        config.ready = reasons.is_empty().into();
        config.reasons = reasons.into();
        config.engine_supported = lacking.is_none().into();
        config.memory_warning = memory_warning(&classes).into();
        config.iam_database_authentication_enabled = database.iam_enabled.into();
        config.iam_database_authentication_pending = database.iam_pending.into();
        config.engine = database.engine.into();
        config.engine_version = database.engine_version.into();
        config.instance_classes = classes.into();
        config.status = database.status.into();
        config.resource_id = database.resource_id.into();
        config.cluster_identifier = database.cluster_identifier.into();
        Ok(config)
    }
}

impl IamAuthReadiness {
    /// The database, and the classes it runs on.
    async fn find(&self, cx: &Ctx, rds: &Rds, region: Option<&str>) -> Result<(Database, Vec<String>)> {
        let (way, kind, name) = match (&self.db_instance_identifier, &self.db_cluster_identifier) {
            (Some(name), None) => (Self::db_instance_identifier, Kind::Instance, name),
            (None, Some(name)) => (Self::db_cluster_identifier, Kind::Cluster, name),
            _ => return Err(Diagnostic::bug("no database is named, or several")),
        };
        let found = rds.database(kind, name).await;
        let found = found.context("Cannot look up the database", name).map_err(|error| error.at(way))?;
        let Some(database) = found else {
            let detail = format!(
                "There is no DB {kind} \"{name}\" in {}. Check the identifier, \"region\" and the \
                 account of the credentials.",
                world::place(cx, region).await?
            );
            return Err(Diagnostic::error("Database not found", detail).at(way));
        };
        let classes = rds.classes(kind, name).await.context("Cannot look up the database", name);
        let classes = classes.map_err(|error| error.at(way))?;
        let cluster = rds.cluster_of(&database).await.context("Cannot look up the cluster of the database", name);
        Ok((database.for_connections(cluster.map_err(|error| error.at(way))?), classes))
    }
}

/// What does not support IAM database authentication, the engine or a class, as the subject of a sentence.
async fn lacking(rds: &Rds, database: &Database, classes: &[String]) -> Result<Option<String>, crate::aws::Error> {
    let Database { engine, engine_version: version, .. } = database;
    let by_name = ENGINES.contains(&engine.as_str());
    if classes.is_empty() {
        let takes = rds.supports_iam(engine, version, None).await?.unwrap_or(by_name);
        return Ok((!takes).then(|| format!("{engine} {version}")));
    }
    for class in classes {
        if !rds.supports_iam(engine, version, Some(class)).await?.unwrap_or(by_name) {
            return Ok(Some(format!("{engine} {version} on {class}")));
        }
    }
    Ok(None)
}

/// The reasons why IAM database authentication does not work.
fn reasons(database: &Database, lacking: Option<&str>) -> Vec<String> {
    let unsupported = lacking.map(|what| {
        format!(
            "IAM database authentication is not available for {what}. Use another version, instance class or \
             engine, or use passwords."
        )
    });
    let status = (!database.is_operational()).then(|| match database.advice() {
        Some(advice) => format!("The status of the database is \"{}\": {advice}.", database.status),
        None => format!("The status of the database is \"{}\". Wait until it is \"available\".", database.status),
    });
    let owner = match &database.cluster_identifier {
        Some(cluster) => format!("the DB cluster \"{cluster}\""),
        None => format!("the DB {} \"{}\"", database.kind, database.identifier),
    };
    let setting = match (database.iam_enabled, database.iam_pending) {
        (true, None | Some(true)) => None,
        (false, Some(true)) => Some(format!(
            "Enabling IAM database authentication of {owner} is a pending modification. If it waits for the \
             maintenance window, apply it immediately."
        )),
        (false, _) => Some(format!(
            "IAM database authentication of {owner} is disabled. Enable it, for example with \
             \"rdsauth_iam_authentication\"."
        )),
        (true, Some(false)) => Some(format!(
            "Disabling IAM database authentication of {owner} is a pending modification. Enable it \
             again before the modification is applied."
        )),
    };
    [unsupported, status, setting].into_iter().flatten().collect()
}

/// A warning about memory, if a class has little of it.
fn memory_warning(classes: &[String]) -> Option<String> {
    let memory = |class: &String| {
        let (family, size) = class.strip_prefix("db.")?.split_once('.')?;
        let (_, memory) = SMALL.iter().find(|(small, _)| family.starts_with('t') && *small == size)?;
        Some(format!("{class} has {memory} GiB"))
    };
    let small: Vec<String> = classes.iter().filter_map(memory).collect();
    (!small.is_empty()).then(|| {
        format!(
            "{} of memory. IAM database authentication needs 300 to 1000 MiB: make sure that this much is free, or \
             choose a larger instance class.",
            small.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds;

    fn database(status: &str, iam_enabled: bool, iam_pending: Option<bool>) -> Database {
        let database = rds::tests::database("orders", "db-A");
        Database { status: status.to_owned(), iam_enabled, iam_pending, ..database }
    }

    #[track_caller]
    fn check(database: &Database, lacking: Option<&str>, want: &[&str]) {
        let found = reasons(database, lacking);
        assert_eq!(found.len(), want.len(), "{found:?}");
        for (found, want) in found.iter().zip(want) {
            assert!(found.contains(want), "{found}");
        }
    }

    #[test]
    fn each_obstacle_is_reported() {
        check(&database("available", true, None), None, &[]);
        check(&database("storage-optimization", true, Some(true)), None, &[]);
        check(&database("available", false, None), None, &["\"orders\" is disabled"]);
        check(&database("available", false, Some(false)), None, &["is disabled"]);
        check(&database("available", false, Some(true)), None, &["Enabling IAM database authentication"]);
        check(&database("available", true, Some(false)), None, &["Disabling IAM database authentication"]);
        check(&database("creating", false, None), Some("x 1"), &["for x 1", "\"creating\". Wait", "is disabled"]);
        check(&database("storage-full", true, None), None, &["\"storage-full\": "]);
        let member = Database { cluster_identifier: Some("shop".to_owned()), ..database("available", false, None) };
        check(&member, None, &["the DB cluster \"shop\""]);
    }

    #[test]
    fn logins_to_a_member_depend_on_its_cluster() {
        let member = Database { cluster_identifier: Some("shop".to_owned()), ..database("available", true, None) };
        let cluster = Database { resource_id: "cluster-A".to_owned(), ..database("modifying", false, Some(true)) };
        let seen = member.clone().for_connections(Some(cluster));
        assert_eq!((seen.resource_id.as_str(), seen.iam_enabled, seen.iam_pending), ("cluster-A", false, Some(true)));
        assert_eq!((seen.status.as_str(), seen.identifier.as_str()), ("available", "orders"));
        assert_eq!(member.clone().for_connections(None), member);
    }

    #[test]
    fn small_classes_are_warned_of() {
        for (classes, want) in [
            (&["db.t4g.micro", "db.r6g.large"][..], Some("db.t4g.micro has 1 GiB of memory.")),
            (&["db.t3.medium", "db.t3.small"], Some("db.t3.medium has 4 GiB and db.t3.small has 2 GiB of memory.")),
            (&["db.t3.large", "db.m5.large", "db.serverless"], None),
            (&[], None),
        ] {
            let classes: Vec<String> = classes.iter().map(|class| (*class).to_owned()).collect();
            let found = memory_warning(&classes);
            assert_eq!(found.is_some(), want.is_some(), "{found:?}");
            assert!(want.is_none_or(|want| found.unwrap().starts_with(want)));
        }
    }
}
