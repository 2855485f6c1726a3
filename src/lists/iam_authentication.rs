//! `rdsauth_iam_authentication`: the databases of a region, and whether IAM database authentication is on.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{List, Listing, Map, Set, check, optional};

use crate::attributes::checks;
use crate::aws::rds::Database;
use crate::parts::{self, rds::database::ENGINES_WITH_IAM};
use crate::resources::iam_authentication::IamAuthentication;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Finds the DB instances and DB clusters of a region, whether IAM database authentication is on or off. Use it to
    /// find the databases that are still to be onboarded, and import them with `terraform query -generate-config-out`.
    ///
    /// Members of a DB cluster are left out, since the setting of the DB cluster applies to them. So are databases whose
    /// engine does not support IAM database authentication. The generated configuration has the present value of
    /// `enabled`, so that the import changes nothing; set it to `true` to turn IAM database authentication on.
    ///
    /// ## Required Permissions
    ///
    /// `rds:DescribeDBInstances` and `rds:DescribeDBClusters` on all databases. A request returns 100 of them.
    /// `include_resource` sends no further requests.
    pub struct IamAuthenticationList {
        /// Region to search. Defaults to the provider's region.
        region: Option<String> = optional().check(checks::region()),
        /// Whether to find the databases where IAM database authentication is on, or those where it is off. Defaults to
        /// both.
        enabled: Option<bool> = optional(),
        /// Database engines to find. Defaults to all that support IAM database authentication.
        engines: Option<Set<String>> =
            optional().check(check::size(1..=usize::MAX)).each(check::one_of(&ENGINES_WITH_IAM)),
        /// Tags that a database must have, all of them.
        tags: Option<Map<String>> = optional(),
    }
    timeouts { list: "5m" }
}

impl List<World> for IamAuthenticationList {
    type Resource = IamAuthentication;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<IamAuthentication>) -> Result<()> {
        let (rds, region) = parts::rds::in_region_of(cx, config.region.as_deref(), Self::region).await?;
        let engines: Vec<&str> = match &config.engines {
            Some(engines) => engines.iter().map(String::as_str).collect(),
            None => ENGINES_WITH_IAM.to_vec(),
        };
        let found = rds.databases(&engines).await.context("Cannot list the databases", &region)?;
        for database in found.into_iter().filter(|database| config.selects(database)) {
            let is_on = if database.iam_enabled { "on" } else { "off" };
            let title = format!("{} ({}, {is_on})", database.identifier, database.engine);
            listing.add_object(title, &IamAuthentication::imported(database, region.clone())?).await;
        }
        Ok(())
    }
}

impl IamAuthenticationList {
    fn selects(&self, database: &Database) -> bool {
        let has = |(key, value): (&String, &String)| database.tags.get(key) == Some(value);
        database.cluster_identifier.is_none()
            && self.enabled.is_none_or(|enabled| enabled == database.iam_enabled)
            && self.tags.iter().flatten().all(has)
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::list;
    use tf_provider::value::Value;

    use super::*;
    use crate::aws::testing::{Server, result};
    use crate::lists::tests::found;

    fn instance(identifier: &str, engine: &str, iam: bool, more: &str) -> String {
        format!(
            "<DBInstance><DBInstanceIdentifier>{identifier}</DBInstanceIdentifier><DBInstanceArn>arn:{identifier}\
             </DBInstanceArn><DbiResourceId>db-{identifier}</DbiResourceId><Engine>{engine}</Engine>\
             <IAMDatabaseAuthenticationEnabled>{iam}</IAMDatabaseAuthenticationEnabled>{more}</DBInstance>"
        )
    }

    async fn server() -> Server {
        let tagged = "<TagList><Tag><Key>team</Key><Value>a</Value></Tag></TagList>";
        let member = "<DBClusterIdentifier>ledger</DBClusterIdentifier>";
        let instances = [
            instance("orders", "postgres", true, ""),
            instance("shop", "mysql", false, tagged),
            instance("ledger-1", "aurora-mysql", false, member),
        ];
        let cluster = "<DBCluster><DBClusterIdentifier>ledger</DBClusterIdentifier><DBClusterArn>arn</DBClusterArn>\
                       <DbClusterResourceId>cluster-A</DbClusterResourceId><Engine>aurora-mysql</Engine></DBCluster>";
        Server::start([
            result("DescribeDBInstances", &format!("<DBInstances>{}</DBInstances>", instances.concat())),
            result("DescribeDBClusters", &format!("<DBClusters>{cluster}</DBClusters>")),
        ])
        .await
    }

    #[tokio::test]
    async fn databases_are_selected_by_flag_and_tags_and_members_are_left_out() {
        let team = Value::Map([("team".to_owned(), "a".into())].into());
        for (set, names) in [
            (&[][..], &["orders (postgres, on)", "shop (mysql, off)", "ledger (aurora-mysql, off)"][..]),
            (&[("enabled", Value::Bool(true))], &["orders (postgres, on)"]),
            (&[("enabled", Value::Bool(false)), ("tags", team)], &["shop (mysql, off)"]),
        ] {
            let server = server().await;
            let found = found(list::<World, IamAuthenticationList>(), &server, set).await;
            assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
            assert_eq!(server.operations(), ["DescribeDBInstances", "DescribeDBClusters"], "and no more");
        }
    }

    #[tokio::test]
    async fn all_is_known_without_another_read() {
        let found = found(list::<World, IamAuthenticationList>(), &server().await, &[]).await;
        let (_, cluster) = &found[2];
        assert_eq!(
            (&cluster["db_cluster_identifier"], &cluster["db_instance_identifier"]),
            (&"ledger".into(), &Value::Null)
        );
        assert_eq!((&cluster["region"], &cluster["resource_id"]), (&"eu-west-1".into(), &"cluster-A".into()));
        assert_eq!((&cluster["enabled"], &cluster["previously_enabled"]), (&Value::Bool(false), &Value::Null));
    }

    #[tokio::test]
    async fn mariadb_has_no_clusters() {
        let server = server().await;
        let engines = Value::Set(["mariadb".into()].into());
        found(list::<World, IamAuthenticationList>(), &server, &[("engines", engines)]).await;
        assert_eq!(server.operations(), ["DescribeDBInstances"]);
        assert_eq!(server.seen()[0].parameter("Filters.Filter.1.Values.Value.1"), Some("mariadb"));
    }
}
