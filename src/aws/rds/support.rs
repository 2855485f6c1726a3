//! What AWS offers: whether an engine supports IAM database authentication on an instance class.

use aws_sdk_rds::types::Filter;

use crate::aws::error::Error;
use crate::aws::rds::{Kind, Rds, present};

impl Rds {
    /// The classes of an instance, or of a cluster's members, each once. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any but their absence.
    pub async fn classes(&self, kind: Kind, identifier: &str) -> Result<Vec<String>, Error> {
        let request = self.0.describe_db_instances();
        let request = match kind {
            Kind::Instance => request.db_instance_identifier(identifier),
            Kind::Cluster => request.filters(Filter::builder().name("db-cluster-id").values(identifier).build()),
        };
        let found = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let instances = present(found.map_err(|e| Error::sdk("rds", "DescribeDBInstances", &e)))?.unwrap_or_default();
        let mut classes: Vec<String> =
            instances.into_iter().filter_map(|instance| instance.db_instance_class).collect();
        classes.sort();
        classes.dedup();
        Ok(classes)
    }

    /// Whether a version of an engine supports IAM database authentication on a class, or on any class if none is
    /// given; nothing if AWS no longer offers it. Needs `rds:DescribeOrderableDBInstanceOptions`.
    ///
    /// # Errors
    /// Any.
    pub async fn supports_iam(&self, engine: &str, version: &str, class: Option<&str>) -> Result<Option<bool>, Error> {
        let request = self.0.describe_orderable_db_instance_options().engine(engine).engine_version(version);
        let mut pages = request.set_db_instance_class(class.map(str::to_owned)).into_paginator().send();
        let mut is_offered = false;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Error::sdk("rds", "DescribeOrderableDBInstanceOptions", &e))?;
            let options = page.orderable_db_instance_options();
            if options.iter().any(|option| option.supports_iam_database_authentication() == Some(true)) {
                return Ok(Some(true)); // The rest of perhaps many pages would not change that.
            }
            is_offered |= !options.is_empty();
        }
        Ok(is_offered.then_some(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, fault, result};

    #[tokio::test]
    async fn the_classes_of_a_cluster_are_those_of_its_members() {
        let instance = |class: &str| format!("<DBInstance><DBInstanceClass>{class}</DBInstanceClass></DBInstance>");
        let three = ["db.r6g.large", "db.t3.small", "db.r6g.large"].map(instance).concat();
        let server =
            Server::start([result("DescribeDBInstances", &format!("<DBInstances>{three}</DBInstances>"))]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!(rds.classes(Kind::Cluster, "shop").await.unwrap(), ["db.r6g.large", "db.t3.small"]);
        rds.classes(Kind::Instance, "orders").await.unwrap();
        let seen = server.seen();
        assert_eq!(seen[0].parameter("Filters.Filter.1.Values.Value.1"), Some("shop"));
        assert_eq!(seen[1].parameter("DBInstanceIdentifier"), Some("orders"));
        let server = Server::start([fault(404, "DBInstanceNotFound", "x")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!(rds.classes(Kind::Instance, "orders").await.unwrap(), [""; 0]);
    }

    #[tokio::test]
    async fn all_pages_count() {
        let option = |takes: bool, marker: &str| {
            let option = format!(
                "<OrderableDBInstanceOptions><OrderableDBInstanceOption><SupportsIAMDatabaseAuthentication>{takes}\
                 </SupportsIAMDatabaseAuthentication></OrderableDBInstanceOption></OrderableDBInstanceOptions>{marker}"
            );
            result("DescribeOrderableDBInstanceOptions", &option)
        };
        let more = "<Marker>m</Marker>";
        for (pages, want, calls) in [
            (vec![option(false, more), option(true, "")], true, 2),
            (vec![option(true, more), option(false, "")], true, 1),
            (vec![option(false, more), option(false, "")], false, 2),
        ] {
            let server = Server::start(pages).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.supports_iam("postgres", "16.4", None).await, Ok(Some(want)));
            assert_eq!(server.operations().len(), calls);
        }
        let class = |class: &str, marker: &str| {
            let one = format!(
                "<DBInstances><DBInstance><DBInstanceClass>{class}</DBInstanceClass></DBInstance></DBInstances>{marker}"
            );
            result("DescribeDBInstances", &one)
        };
        let server = Server::start([class("db.a.large", more), class("db.b.large", "")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!(rds.classes(Kind::Cluster, "shop").await.unwrap(), ["db.a.large", "db.b.large"]);
    }

    #[tokio::test]
    async fn any_option_that_takes_iam_logins_counts() {
        for (options, want) in [("", None), ("false", Some(false)), ("false true", Some(true))] {
            let option = |takes: &str| {
                format!(
                    "<OrderableDBInstanceOption><SupportsIAMDatabaseAuthentication>{takes}\
                     </SupportsIAMDatabaseAuthentication></OrderableDBInstanceOption>"
                )
            };
            let options: String = options.split_whitespace().map(option).collect();
            let body = format!("<OrderableDBInstanceOptions>{options}</OrderableDBInstanceOptions>");
            let server = Server::start([result("DescribeOrderableDBInstanceOptions", &body)]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.supports_iam("postgres", "16.4", None).await.unwrap(), want);
        }
    }
}
