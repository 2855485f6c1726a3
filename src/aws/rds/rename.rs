//! Names of DB instances and DB clusters: looked up several at a time, and changed.

use aws_sdk_rds::types::Filter;

use crate::aws::error::Error;
use crate::aws::rds::database::Database;
use crate::aws::rds::{Kind, Rds};

impl Rds {
    /// The DB instances or DB clusters that have one of these names, in one call. Needs `rds:DescribeDBInstances` or
    /// `rds:DescribeDBClusters` of all.
    ///
    /// # Errors
    /// Any.
    pub async fn databases_named(&self, kind: Kind, names: &[String]) -> Result<Vec<Database>, Error> {
        match kind {
            Kind::Instance => {
                let filter = Filter::builder().name("db-instance-id").set_values(Some(names.to_vec())).build();
                let found = self.describe_instances(Some(filter)).await?;
                found.into_iter().map(Database::of_instance).collect()
            }
            Kind::Cluster => {
                let filter = Filter::builder().name("db-cluster-id").set_values(Some(names.to_vec())).build();
                let pages = self.0.describe_db_clusters().filters(filter).into_paginator().items().send();
                let found = pages.collect::<Result<Vec<_>, _>>().await;
                let found = found.map_err(|e| Error::sdk("rds", "DescribeDBClusters", &e))?;
                found.into_iter().map(Database::of_cluster).collect()
            }
        }
    }

    /// Requests another identifier for a DB instance or DB cluster, immediately. The answer comes minutes before the
    /// change. Asking twice does no harm: the second time, nothing has the old name. Needs `rds:ModifyDBInstance` or
    /// `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state), and a name that another one has
    /// [exists already](Error::is_already_exists).
    pub async fn rename(&self, kind: Kind, from: &str, to: &str) -> Result<(), Error> {
        match kind {
            Kind::Instance => {
                let request = self.0.modify_db_instance().db_instance_identifier(from);
                let request = request.new_db_instance_identifier(to).apply_immediately(true);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBInstance", &e))
            }
            Kind::Cluster => {
                let request = self.0.modify_db_cluster().db_cluster_identifier(from);
                let request = request.new_db_cluster_identifier(to).apply_immediately(true);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBCluster", &e))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, fault, result};

    #[tokio::test]
    async fn a_rename_is_immediate() {
        for (kind, operation, old, new) in [
            (Kind::Instance, "ModifyDBInstance", "DBInstanceIdentifier", "NewDBInstanceIdentifier"),
            (Kind::Cluster, "ModifyDBCluster", "DBClusterIdentifier", "NewDBClusterIdentifier"),
        ] {
            let server = Server::start([result(operation, ""), fault(400, "DBInstanceAlreadyExists", "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.rename(kind, "orders", "orders-old").await, Ok(()));
            let seen = &server.seen()[0];
            assert_eq!((seen.parameter(old), seen.parameter(new)), (Some("orders"), Some("orders-old")));
            assert_eq!(seen.parameter("ApplyImmediately"), Some("true"));
            assert!(rds.rename(kind, "orders", "orders-old").await.unwrap_err().is_already_exists());
        }
    }
}
