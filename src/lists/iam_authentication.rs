//! `rdsauth_iam_authentication`: the databases of a region, and whether IAM database authentication is on.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{List, Listing, Map, Set, check, optional};

use crate::attributes::checks;
use crate::aws::rds::Database;
use crate::parts::rds::database::ENGINES_WITH_IAM;
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
        let region = cx.aws()?.region(config.region.as_deref()).await?;
        let rds = cx.aws()?.rds(Some(&region)).await?;
        let engines: Vec<&str> = match &config.engines {
            Some(engines) => engines.iter().map(String::as_str).collect(),
            None => ENGINES_WITH_IAM.to_vec(),
        };
        let found = rds.databases(&engines).await.context("Cannot list the databases", &region)?;
        for database in found.into_iter().filter(|database| config.selects(database)) {
            let is_on = if database.iam_enabled { "on" } else { "off" };
            let title = format!("{} ({}, {is_on})", database.identifier, database.engine);
            listing.add_object(title, &IamAuthentication::imported(database, region.clone())).await;
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
