//! RDS: databases, whether they accept IAM database authentication, and their parameters.

pub mod blue_green;
mod carry_over;
pub mod cluster_restore;
mod clusters;
pub mod custom_endpoints;
mod database;
mod deletion;
mod dependents;
pub mod encryption;
mod endpoints;
pub mod groups;
pub mod instance_restore;
mod instances;
pub mod inventory;
mod listed;
mod modify;
pub mod parameters;
pub mod proxies;
pub mod snapshots;
mod source;
mod support;
mod tags;
pub mod users;

use std::fmt;
use std::sync::Arc;

use aws_sdk_rds::types::Filter;

use crate::aws::error::Error;
use crate::aws::listed::{Lists, Written};
use crate::aws::rds::listed::Region;
use crate::aws::rds::users::UserLists;

#[cfg(test)]
pub(crate) use self::carry_over::all as all_settings;
pub use self::carry_over::{Setting, cluster_modifications};
pub use self::database::{APPLYING, Database, IN_SYNC};
pub use self::dependents::Dependent;
pub use self::source::{Relative, Source};

/// The kind of a [`Database`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A DB instance.
    #[default]
    Instance,
    /// An Aurora or Multi-AZ DB cluster.
    Cluster,
}

/// The RDS client of one region, and the lists that all who use it share.
#[derive(Clone, Debug)]
pub struct Rds(aws_sdk_rds::Client, Arc<UserLists>, Lists<Region>);

impl Rds {
    pub(crate) fn new(client: aws_sdk_rds::Client, written: Written) -> Self {
        Self(client, Arc::default(), Lists::new(written))
    }

    /// The instance or cluster of an identifier. Needs `rds:DescribeDBInstances` or `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn database(&self, kind: Kind, identifier: &str) -> Result<Option<Database>, Error> {
        match kind {
            Kind::Instance => self.instance(identifier).await,
            Kind::Cluster => self.cluster(identifier).await,
        }
    }

    /// The DB instance or DB cluster of a resource ID, which no rename changes. Needs `rds:DescribeDBInstances` or
    /// `rds:DescribeDBClusters` of all.
    ///
    /// # Errors
    /// Any.
    pub async fn database_with_id(&self, kind: Kind, resource_id: &str) -> Result<Option<Database>, Error> {
        match kind {
            Kind::Instance => self.instance_with_id(resource_id).await?.map(Database::of_instance).transpose(),
            Kind::Cluster => self.cluster_with_id(resource_id).await?.map(Database::of_cluster).transpose(),
        }
    }

    /// The DB instances and DB clusters of these engines, the members of clusters among them. Needs
    /// `rds:DescribeDBInstances` and `rds:DescribeDBClusters` of all.
    ///
    /// # Errors
    /// Any.
    pub async fn databases(&self, engines: &[&str]) -> Result<Vec<Database>, Error> {
        let filter = |engines: Vec<String>| Filter::builder().name("engine").set_values(Some(engines)).build();
        let mut engines: Vec<_> = engines.iter().map(|engine| (*engine).to_owned()).collect();
        let instances = self.describe_instances(Some(filter(engines.clone()))).await?;
        let mut found = instances.into_iter().map(Database::of_instance).collect::<Result<Vec<_>, _>>()?;
        engines.retain(|engine| engine != "mariadb"); // It has no clusters.
        if !engines.is_empty() {
            let clusters = self.describe_clusters(filter(engines)).await?;
            found.extend(clusters.into_iter().map(Database::of_cluster).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// The DB instances or DB clusters that have one of these identifiers, in one call. Needs `rds:DescribeDBInstances`
    /// or `rds:DescribeDBClusters` of all.
    ///
    /// # Errors
    /// Any.
    pub async fn databases_named(&self, kind: Kind, identifiers: &[String]) -> Result<Vec<Database>, Error> {
        let filter = |name: &str| Filter::builder().name(name).set_values(Some(identifiers.to_vec())).build();
        match kind {
            Kind::Instance => {
                let found = self.describe_instances(Some(filter("db-instance-id"))).await?;
                found.into_iter().map(Database::of_instance).collect()
            }
            Kind::Cluster => {
                let found = self.describe_clusters(filter("db-cluster-id")).await?;
                found.into_iter().map(Database::of_cluster).collect()
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "instance",
            Self::Cluster => "cluster",
        })
    }
}

/// `None` if the object does not exist.
fn present<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tf_provider::schema::Map;

    use super::*;
    use crate::aws::host::RdsHost;
    use crate::aws::testing::{Answer, Server, fault, result};

    const HOST: &str = "orders.cabc.eu-west-1.rds.amazonaws.com";
    const WRITER: &str = "shop.cluster-cabc.eu-west-1.rds.amazonaws.com";
    const READERS: &str = "shop.cluster-ro-cabc.eu-west-1.rds.amazonaws.com";

    /// An unencrypted DB instance that is available and that nothing else is known of.
    pub(crate) fn database(identifier: &str, resource_id: &str) -> Database {
        Database {
            kind: Kind::Instance,
            identifier: identifier.to_owned(),
            arn: format!("arn:aws:rds:eu-west-1:123456789012:db:{identifier}"),
            resource_id: resource_id.to_owned(),
            host: None,
            reader_host: None,
            port: None,
            engine: "postgres".to_owned(),
            engine_version: "16.4".to_owned(),
            status: "available".to_owned(),
            cluster_identifier: None,
            encryption: "none".to_owned(),
            iam_enabled: false,
            iam_pending: None,
            group: String::new(),
            group_status: String::new(),
            members: Vec::new(),
            tags: Map::new(),
        }
    }

    fn instance() -> Answer {
        result(
            "DescribeDBInstances",
            &format!(
                "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>\
                 <DBInstanceArn>arn:aws:rds:eu-west-1:123456789012:db:orders</DBInstanceArn>\
                 <DbiResourceId>db-ABC</DbiResourceId><Engine>postgres</Engine><EngineVersion>16.4</EngineVersion>\
                 <DBInstanceStatus>available</DBInstanceStatus>\
                 <IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled>\
                 <PendingModifiedValues><IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
                 </PendingModifiedValues><DBParameterGroups><DBParameterGroup>\
                 <DBParameterGroupName>orders-pg16</DBParameterGroupName>\
                 <ParameterApplyStatus>applying</ParameterApplyStatus></DBParameterGroup></DBParameterGroups>\
                 <Endpoint><Address>{HOST}</Address><Port>5432</Port></Endpoint>\
                 </DBInstance></DBInstances>"
            ),
        )
    }

    fn cluster() -> Answer {
        result(
            "DescribeDBClusters",
            &format!(
                "<DBClusters><DBCluster><DBClusterIdentifier>shop</DBClusterIdentifier>\
                 <DBClusterArn>arn:aws:rds:eu-west-1:123456789012:cluster:shop</DBClusterArn>\
                 <DbClusterResourceId>cluster-ABC</DbClusterResourceId><Engine>aurora-mysql</Engine>\
                 <EngineVersion>8.0</EngineVersion><Status>available</Status><Port>3306</Port>\
                 <Endpoint>{WRITER}</Endpoint><ReaderEndpoint>{READERS}</ReaderEndpoint>\
                 <IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
                 <DBClusterParameterGroup>shop-8</DBClusterParameterGroup><DBClusterMembers>\
                 <DBClusterMember><DBInstanceIdentifier>shop-2</DBInstanceIdentifier>\
                 <IsClusterWriter>false</IsClusterWriter>\
                 <DBClusterParameterGroupStatus>pending-reboot</DBClusterParameterGroupStatus></DBClusterMember>\
                 <DBClusterMember><DBInstanceIdentifier>shop-1</DBInstanceIdentifier>\
                 <IsClusterWriter>true</IsClusterWriter>\
                 <DBClusterParameterGroupStatus>applying</DBClusterParameterGroupStatus></DBClusterMember>\
                 </DBClusterMembers></DBCluster></DBClusters>"
            ),
        )
    }

    #[tokio::test]
    async fn an_instance_shows_present_and_pending_settings() {
        let server = Server::start([instance()]).await;
        let found = server.clients().rds(None).await.unwrap().instance("orders").await.unwrap().unwrap();
        assert_eq!(
            found,
            Database {
                host: Some(HOST.to_owned()),
                port: Some(5432),
                iam_pending: Some(true),
                group: "orders-pg16".to_owned(),
                group_status: "applying".to_owned(),
                ..database("orders", "db-ABC")
            }
        );
    }

    #[tokio::test]
    async fn a_cluster_is_found_by_either_of_its_hosts() {
        let server = Server::start([cluster()]).await;
        let clients = server.clients();
        let rds = clients.rds(None).await.unwrap();
        for host in [WRITER, READERS] {
            let found = rds.by_host(&RdsHost::parse(host).unwrap()).await.unwrap().unwrap();
            assert_eq!((found.resource_id.as_str(), found.port, found.iam_enabled), ("cluster-ABC", Some(3306), true));
        }
        assert_eq!(server.seen()[0].parameter("DBClusterIdentifier"), Some("shop"));
    }

    #[tokio::test]
    async fn a_cluster_is_as_far_with_its_parameters_as_its_last_member() {
        let server = Server::start([cluster()]).await;
        let found = server.clients().rds(None).await.unwrap().cluster("shop").await.unwrap().unwrap();
        assert_eq!((found.group.as_str(), found.group_status.as_str()), ("shop-8", "pending-reboot"));
        assert_eq!(found.members.iter().map(|(member, _)| member.as_str()).collect::<Vec<_>>(), ["shop-1", "shop-2"]);
    }

    #[tokio::test]
    async fn a_custom_endpoint_leads_to_its_cluster() {
        let host = "night.cluster-custom-cabc.eu-west-1.rds.amazonaws.com";
        let endpoints = format!(
            "<DBClusterEndpoints><DBClusterEndpointList><DBClusterIdentifier>shop</DBClusterIdentifier>\
             <Endpoint>{host}</Endpoint></DBClusterEndpointList></DBClusterEndpoints>"
        );
        let server = Server::start([result("DescribeDBClusterEndpoints", &endpoints), cluster()]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let found = rds.by_host(&RdsHost::parse(host).unwrap()).await.unwrap().unwrap();
        assert_eq!(found.identifier, "shop");
        assert_eq!(server.operations(), ["DescribeDBClusterEndpoints", "DescribeDBClusters"]);
    }

    #[tokio::test]
    async fn an_endpoint_of_another_database_of_that_name_is_not_found() {
        let server = Server::start([instance()]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let other = RdsHost::parse("orders.cxyz.eu-west-1.rds.amazonaws.com").unwrap();
        assert_eq!(rds.by_host(&other).await, Ok(None));
    }

    #[tokio::test]
    async fn what_is_absent_is_none_and_other_faults_are_errors() {
        for (code, absent) in [("DBInstanceNotFound", true), ("AccessDenied", false)] {
            let server = Server::start([fault(400, code, "x")]).await;
            let answer = server.clients().rds(None).await.unwrap().instance("orders").await;
            assert_eq!(answer == Ok(None), absent, "{answer:?}");
        }
        let server = Server::start([fault(404, "DBClusterNotFoundFault", "x")]).await;
        assert_eq!(server.clients().rds(None).await.unwrap().cluster("shop").await, Ok(None));
    }
}
