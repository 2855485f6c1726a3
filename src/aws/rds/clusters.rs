//! DB clusters.

use aws_sdk_rds::types::{DbCluster, Filter};

use crate::aws::error::Error;
use crate::aws::rds::database::Database;
use crate::aws::rds::{Rds, present};

impl Rds {
    /// The cluster of an identifier. Needs `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn cluster(&self, identifier: &str) -> Result<Option<Database>, Error> {
        self.describe_cluster(identifier).await?.map(Database::of_cluster).transpose()
    }

    /// The cluster that an instance is a member of, if it is one. Its resource id is the one that IAM compares for
    /// logins to the member, and its setting decides. Needs `rds:DescribeDBClusters` for a member.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn cluster_of(&self, database: &Database) -> Result<Option<Database>, Error> {
        match &database.cluster_identifier {
            Some(cluster) => self.cluster(cluster).await,
            None => Ok(None),
        }
    }

    pub(super) async fn cluster_with_id(&self, resource_id: &str) -> Result<Option<DbCluster>, Error> {
        let filter = Filter::builder().name("db-cluster-resource-id").values(resource_id).build();
        let found = self.describe_clusters(filter).await?;
        Ok(found.into_iter().find(|cluster| cluster.db_cluster_resource_id() == Some(resource_id)))
    }

    /// The descriptions of the DB clusters that a filter lets through. Needs `rds:DescribeDBClusters` of all.
    ///
    /// # Errors
    /// Any.
    pub(super) async fn describe_clusters(&self, filter: Filter) -> Result<Vec<DbCluster>, Error> {
        let request = self.0.describe_db_clusters().filters(filter);
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        all.map_err(|e| Error::sdk("rds", "DescribeDBClusters", &e))
    }

    /// The description of a DB cluster. Needs `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any but its absence.
    pub(super) async fn describe_cluster(&self, identifier: &str) -> Result<Option<DbCluster>, Error> {
        let answer = self.0.describe_db_clusters().db_cluster_identifier(identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", "DescribeDBClusters", &e)))?;
        Ok(answer.and_then(|answer| answer.db_clusters.unwrap_or_default().into_iter().next()))
    }
}
