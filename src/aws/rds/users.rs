//! Which databases have a parameter group.
//!
//! RDS has no such query: all databases of the region are listed. The list is shared, since an apply with many
//! parameters requests it as many times.

use std::time::Duration;

use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};

use crate::aws::error::Error;
use crate::aws::rds::parameters::Group;
use crate::aws::rds::{APPLYING, Kind, Rds};
use crate::aws::reads::{Read, Shared};

/// A database that has a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The identifier of the instance or cluster.
    pub identifier: String,
    /// Its parameter status: `in-sync`, `applying`, `pending-reboot`; for a cluster those of its members.
    pub statuses: Vec<String>,
}

/// The lists of one region.
#[derive(Debug)]
pub(super) struct UserLists {
    instances: Shared<Vec<(String, User)>>,
    clusters: Shared<Vec<(String, User)>>,
}

/// How long a list is reused to find out which databases use a group. Their parameter status in it may be outdated.
const LIFE: Duration = Duration::from_secs(30);

/// Up to this number, databases are requested by name.
const MOST_NAMED: usize = 50;

impl Rds {
    /// The databases of the region that have a group, instances or clusters by its kind, as a [shared](crate::aws::reads)
    /// list has them. Needs `rds:DescribeDBInstances` or `rds:DescribeDBClusters` of all.
    ///
    /// # Errors
    /// Any.
    pub async fn users_of(&self, group: &Group) -> Result<Read<Vec<User>>, Error> {
        let lists = &self.1;
        let list = match group.kind {
            Kind::Instance => lists.instances.get(|| self.list_instances(None)).await?,
            Kind::Cluster => lists.clusters.get(|| self.list_clusters(None)).await?,
        };
        Ok(Read { value: group.users(list.value), begun: list.begun })
    }

    /// The current state of those of these DB instances or DB clusters that use a group. Only these are requested from
    /// RDS, unless there are too many.
    ///
    /// # Errors
    /// Any.
    pub async fn users_among(&self, group: &Group, identifiers: &[String]) -> Result<Vec<User>, Error> {
        let name = match group.kind {
            Kind::Instance => "db-instance-id",
            Kind::Cluster => "db-cluster-id",
        };
        let filter = match identifiers.len() {
            0 => return Ok(Vec::new()),
            1..=MOST_NAMED => Some(Filter::builder().name(name).set_values(Some(identifiers.to_vec())).build()),
            _ => None,
        };
        let found = match group.kind {
            Kind::Instance => self.list_instances(filter).await?,
            Kind::Cluster => self.list_clusters(filter).await?,
        };
        Ok(group.users(found))
    }

    /// Instances, each with the name of every group that it has.
    async fn list_instances(&self, filter: Option<Filter>) -> Result<Vec<(String, User)>, Error> {
        let all = self.describe_instances(filter).await?;
        let users = |instance: DbInstance| {
            let groups = instance.db_parameter_groups.unwrap_or_default();
            let identifier = instance.db_instance_identifier.unwrap_or_default();
            groups.into_iter().filter_map(move |group| {
                let statuses = group.parameter_apply_status.into_iter().collect();
                Some((group.db_parameter_group_name?, User { identifier: identifier.clone(), statuses }))
            })
        };
        Ok(all.into_iter().flat_map(users).collect())
    }

    /// Clusters, each with the name of its group.
    async fn list_clusters(&self, filter: Option<Filter>) -> Result<Vec<(String, User)>, Error> {
        let request = self.0.describe_db_clusters().set_filters(filter.map(|filter| vec![filter]));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeDBClusters", &e))?;
        let user = |cluster: DbCluster| {
            let members = cluster.db_cluster_members.unwrap_or_default();
            let statuses = members.into_iter().filter_map(|member| member.db_cluster_parameter_group_status);
            let user = User { identifier: cluster.db_cluster_identifier?, statuses: statuses.collect() };
            Some((cluster.db_cluster_parameter_group?, user))
        };
        Ok(all.into_iter().filter_map(user).collect())
    }
}

impl Group {
    /// Those of a list that have this group, by name.
    fn users(&self, list: Vec<(String, User)>) -> Vec<User> {
        let here = list.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case(&self.name));
        let mut users: Vec<_> = here.map(|(_, user)| user).collect();
        users.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        users
    }
}

impl User {
    /// Whether a change of its parameters is under way.
    pub fn is_applying(&self) -> bool {
        self.statuses.iter().any(|status| status == APPLYING)
    }
}

impl Default for UserLists {
    fn default() -> Self {
        Self { instances: Shared::new(LIFE), clusters: Shared::new(LIFE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, result};

    #[tokio::test]
    async fn the_databases_of_a_group_are_listed_once_and_then_looked_at_by_name() {
        let instances = "<DBInstances><DBInstance><DBInstanceIdentifier>b</DBInstanceIdentifier><DBParameterGroups>\
             <DBParameterGroup><DBParameterGroupName>orders-pg16</DBParameterGroupName>\
             <ParameterApplyStatus>applying</ParameterApplyStatus></DBParameterGroup></DBParameterGroups></DBInstance>\
             <DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier><DBParameterGroups><DBParameterGroup>\
             <DBParameterGroupName>other</DBParameterGroupName></DBParameterGroup></DBParameterGroups></DBInstance>\
             </DBInstances>";
        let clusters = "<DBClusters><DBCluster><DBClusterIdentifier>c</DBClusterIdentifier>\
             <DBClusterParameterGroup>orders-pg16</DBClusterParameterGroup><DBClusterMembers><DBClusterMember>\
             <DBInstanceIdentifier>c-1</DBInstanceIdentifier>\
             <DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers>\
             </DBCluster></DBClusters>";
        for (kind, operation, body, identifier, applying) in [
            (Kind::Instance, "DescribeDBInstances", instances, "b", true),
            (Kind::Cluster, "DescribeDBClusters", clusters, "c", false),
        ] {
            let group = |name: &str| Group { kind, name: name.to_owned() };
            let server = Server::start([result(operation, body)]).await;
            let clients = server.clients();
            let rds = clients.rds(None).await.unwrap();
            let users = rds.users_of(&group("orders-pg16")).await.unwrap().value;
            let users: Vec<_> = users.iter().map(|user| (user.identifier.as_str(), user.is_applying())).collect();
            assert_eq!(users, [(identifier, applying)]);
            assert_eq!(server.seen()[0].parameter("Filters.Filter.1.Name"), None);
            // Another group, and another handle of the same region.
            let rds = clients.rds(None).await.unwrap();
            assert_eq!(rds.users_of(&group("absent")).await.unwrap().value, []);
            assert_eq!(rds.users_among(&group("absent"), &[]).await.unwrap(), []);
            assert_eq!(server.operations().len(), 1);
            rds.users_among(&group("orders-pg16"), &[identifier.to_owned()]).await.unwrap();
            assert_eq!(server.seen()[1].parameter("Filters.Filter.1.Values.Value.1"), Some(identifier));
        }
    }
}
