//! DB instances.

use aws_sdk_rds::types::{DbInstance, Filter};

use crate::aws::error::Error;
use crate::aws::rds::database::Database;
use crate::aws::rds::{Rds, present};

impl Rds {
    /// The instance of an identifier. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn instance(&self, identifier: &str) -> Result<Option<Database>, Error> {
        self.describe_instance(identifier).await?.map(Database::of_instance).transpose()
    }

    /// The description of a DB instance. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any but its absence.
    pub(super) async fn describe_instance(&self, identifier: &str) -> Result<Option<DbInstance>, Error> {
        let answer = self.0.describe_db_instances().db_instance_identifier(identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", "DescribeDBInstances", &e)))?;
        Ok(answer.and_then(|answer| answer.db_instances.unwrap_or_default().into_iter().next()))
    }

    /// The identifiers of the DB instances that exist among these. Needs `rds:DescribeDBInstances` of all.
    ///
    /// # Errors
    /// Any.
    pub async fn instances_of(&self, identifiers: &[&str]) -> Result<Vec<String>, Error> {
        if identifiers.is_empty() {
            return Ok(Vec::new());
        }
        let values = identifiers.iter().map(|name| (*name).to_owned()).collect();
        let filter = Filter::builder().name("db-instance-id").set_values(Some(values)).build();
        let found = self.describe_instances(Some(filter)).await?;
        Ok(found.into_iter().filter_map(|instance| instance.db_instance_identifier).collect())
    }

    pub(super) async fn instance_with_id(&self, resource_id: &str) -> Result<Option<DbInstance>, Error> {
        let filter = Filter::builder().name("dbi-resource-id").values(resource_id).build();
        let found = self.describe_instances(Some(filter)).await?;
        Ok(found.into_iter().find(|instance| instance.dbi_resource_id() == Some(resource_id)))
    }

    /// The descriptions of the DB instances that a filter lets through, or of all in the region. Needs
    /// `rds:DescribeDBInstances` of all.
    ///
    /// # Errors
    /// Any.
    pub(super) async fn describe_instances(&self, filter: Option<Filter>) -> Result<Vec<DbInstance>, Error> {
        let request = self.0.describe_db_instances().set_filters(filter.map(|filter| vec![filter]));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        all.map_err(|e| Error::sdk("rds", "DescribeDBInstances", &e))
    }
}
