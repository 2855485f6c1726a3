//! Custom endpoints of Aurora clusters.

use aws_sdk_rds::types::DbClusterEndpoint;
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::tags::to_sdk;
use crate::aws::rds::{Rds, Source, present};

/// A custom endpoint of an Aurora cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomEndpoint {
    /// Its identifier, unique in the region.
    pub identifier: String,
    /// Its ARN.
    pub arn: String,
    /// The cluster.
    pub cluster: String,
    /// The host name.
    pub host: String,
    /// Which members it leads to: `READER`, `ANY` and so on.
    pub endpoint_type: String,
    /// The only members that it leads to.
    pub static_members: Vec<String>,
    /// Members that it does not lead to.
    pub excluded_members: Vec<String>,
}

impl Rds {
    /// The custom endpoints of a cluster, or of all in the region, by identifier. Needs
    /// `rds:DescribeDBClusterEndpoints`.
    ///
    /// # Errors
    /// Any but the absence of the cluster.
    pub async fn custom_endpoints(&self, cluster: Option<&str>) -> Result<Vec<CustomEndpoint>, Error> {
        let request = self.0.describe_db_cluster_endpoints().set_db_cluster_identifier(cluster.map(str::to_owned));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = present(all.map_err(|e| Error::sdk("rds", "DescribeDBClusterEndpoints", &e)))?.unwrap_or_default();
        let custom = all.into_iter().filter(|one| one.endpoint_type() == Some("CUSTOM")).filter_map(read);
        let mut found: Vec<_> = custom.collect();
        found.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        Ok(found)
    }

    /// The custom endpoints of a cluster; no call is made for one without.
    ///
    /// # Errors
    /// Any.
    pub async fn custom_endpoints_of(&self, cluster: &Source) -> Result<Vec<CustomEndpoint>, Error> {
        match cluster.has_custom_endpoints {
            true => self.custom_endpoints(Some(&cluster.database.identifier)).await,
            false => Ok(Vec::new()),
        }
    }

    /// Creates a custom endpoint. Needs `rds:CreateDBClusterEndpoint`, and `rds:AddTagsToResource` for the tags.
    ///
    /// # Errors
    /// Any; a cluster that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn create_custom_endpoint(&self, new: &CustomEndpoint, tags: &Map<String>) -> Result<(), Error> {
        let request = self.0.create_db_cluster_endpoint().db_cluster_identifier(&new.cluster);
        let request = request.db_cluster_endpoint_identifier(&new.identifier).endpoint_type(&new.endpoint_type);
        let some = |members: &Vec<String>| (!members.is_empty()).then(|| members.clone());
        let request = request.set_static_members(some(&new.static_members));
        let request = request.set_excluded_members(some(&new.excluded_members)).set_tags(Some(to_sdk(tags)));
        request.send().await.map(drop).map_err(|e| Error::sdk("rds", "CreateDBClusterEndpoint", &e))
    }

    /// Deletes a custom endpoint. Succeeds if it does not exist. Needs `rds:DeleteDBClusterEndpoint`.
    ///
    /// # Errors
    /// Any other.
    pub async fn delete_custom_endpoint(&self, identifier: &str) -> Result<(), Error> {
        let answer = self.0.delete_db_cluster_endpoint().db_cluster_endpoint_identifier(identifier).send().await;
        present(answer.map_err(|e| Error::sdk("rds", "DeleteDBClusterEndpoint", &e))).map(drop)
    }
}

fn read(found: DbClusterEndpoint) -> Option<CustomEndpoint> {
    let sorted = |members: Option<Vec<String>>| {
        let mut members = members.unwrap_or_default();
        members.sort();
        members
    };
    Some(CustomEndpoint {
        identifier: found.db_cluster_endpoint_identifier?,
        arn: found.db_cluster_endpoint_arn.unwrap_or_default(),
        cluster: found.db_cluster_identifier.unwrap_or_default(),
        host: found.endpoint.unwrap_or_default(),
        endpoint_type: found.custom_endpoint_type.unwrap_or_default(),
        static_members: sorted(found.static_members),
        excluded_members: sorted(found.excluded_members),
    })
}
