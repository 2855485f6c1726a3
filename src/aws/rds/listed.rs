//! Databases and parameters as lists of the region show them, for refreshes of many.

use std::collections::HashMap;
use std::time::Duration;

use crate::aws::error::Error;
use crate::aws::listed::{Each, Listed, Page};
use crate::aws::rds::inventory::{EngineVersion, Maintenance};
use crate::aws::rds::parameters::{Group, Parameter};
use crate::aws::rds::{Database, Kind, Rds};
use crate::aws::reads::Shared;

/// What lists have shown of a region.
#[derive(Debug)]
pub(super) struct Region {
    instances: Listed<String, Database>,
    clusters: Listed<String, Database>,
    /// The parameters of each group that were set, by name.
    groups: Each<Group, Listed<String, Parameter>>,
    pub(super) major_versions: Shared<Vec<EngineVersion>>,
    pub(super) maintenance: Shared<Vec<Maintenance>>,
}

/// How long an answer about a region counts that does not depend on the database it is needed for.
const LIFE: Duration = Duration::from_secs(60);

impl Default for Region {
    fn default() -> Self {
        Self {
            instances: Listed::default(),
            clusters: Listed::default(),
            groups: Each::default(),
            major_versions: Shared::new(LIFE),
            maintenance: Shared::new(LIFE),
        }
    }
}

impl Rds {
    /// The DB instance or DB cluster of an identifier, if a list of the region shows it; otherwise it is to be
    /// [read](Self::database). Needs `rds:DescribeDBInstances` or `rds:DescribeDBClusters` of all, but fails in no case.
    pub async fn listed_database(&self, kind: Kind, identifier: &str) -> Option<Database> {
        let region = self.2.get()?;
        let pick = |shown: &HashMap<String, Database>| shown.get(identifier).cloned();
        match kind {
            Kind::Instance => region.instances.find(pick, |marker| self.page_of_instances(marker)).await,
            Kind::Cluster => region.clusters.find(pick, |marker| self.page_of_clusters(marker)).await,
        }
    }

    /// The parameters of these names, if the list of those that were set in a group shows all; otherwise they are to be
    /// [read](Self::parameters_named). Needs `rds:DescribeDBParameters` or `rds:DescribeDBClusterParameters`, but fails
    /// in no case.
    pub async fn listed_parameters(&self, group: &Group, names: &[&str]) -> Option<Vec<Parameter>> {
        let list = self.2.get()?.groups.of(group.clone(), Listed::default);
        let pick = |shown: &HashMap<String, Parameter>| names.iter().map(|name| shown.get(*name).cloned()).collect();
        let page = |_: Option<String>| async {
            let set = self.parameters_set(group).await?;
            Ok(Page { shown: set.into_iter().map(|set| (set.name.clone(), set)).collect(), next: None })
        };
        list.find(pick, page).await
    }

    async fn page_of_instances(&self, marker: Option<String>) -> Result<Page<String, Database>, Error> {
        let answer = self.0.describe_db_instances().set_marker(marker).send().await;
        let answer = answer.map_err(|e| Error::sdk("rds", "DescribeDBInstances", &e))?;
        let all = answer.db_instances.into_iter().flatten().map(Database::of_instance);
        Ok(Page { shown: by_identifier(all)?, next: answer.marker })
    }

    async fn page_of_clusters(&self, marker: Option<String>) -> Result<Page<String, Database>, Error> {
        let answer = self.0.describe_db_clusters().set_marker(marker).send().await;
        let answer = answer.map_err(|e| Error::sdk("rds", "DescribeDBClusters", &e))?;
        let all = answer.db_clusters.into_iter().flatten().map(Database::of_cluster);
        Ok(Page { shown: by_identifier(all)?, next: answer.marker })
    }
}

fn by_identifier(all: impl Iterator<Item = Result<Database, Error>>) -> Result<Vec<(String, Database)>, Error> {
    all.map(|database| database.map(|database| (database.identifier.clone(), database))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, result};

    #[tokio::test]
    async fn the_second_database_is_looked_for_in_the_pages_of_a_list() {
        for (kind, operation, list, item, id) in [
            (Kind::Instance, "DescribeDBInstances", "DBInstances", "DBInstance", "DbiResourceId"),
            (Kind::Cluster, "DescribeDBClusters", "DBClusters", "DBCluster", "DbClusterResourceId"),
        ] {
            let page = |name: &str, marker: &str| {
                let what = format!(
                    "<{item}Identifier>{name}</{item}Identifier><{item}Arn>arn</{item}Arn><{id}>{name}-id</{id}>\
                     <Engine>postgres</Engine>"
                );
                result(operation, &format!("<{list}><{item}>{what}</{item}></{list}>{marker}"))
            };
            let server = Server::start([page("one", "<Marker>next</Marker>"), page("two", "")]).await;
            let clients = server.clients();
            let rds = clients.rds(None).await.unwrap();
            let mut found = Vec::new();
            for name in ["one", "one", "two", "two", "three"] {
                found.push(rds.listed_database(kind, name).await.map(|database| database.resource_id));
            }
            let id = |name: &str| Some(name.to_owned());
            assert_eq!(found, [None, id("one-id"), None, id("two-id"), None]);
            assert_eq!(server.operations(), [operation; 2]);
            assert_eq!(server.seen()[1].parameter("Marker"), Some("next"));
        }
    }

    #[tokio::test]
    async fn the_second_parameter_is_looked_for_among_those_that_were_set() {
        let body = "<Parameters><Parameter><ParameterName>a</ParameterName><ParameterValue>1</ParameterValue>\
                    <Source>user</Source></Parameter></Parameters>";
        for (kind, operation) in
            [(Kind::Instance, "DescribeDBParameters"), (Kind::Cluster, "DescribeDBClusterParameters")]
        {
            let server = Server::start([result(operation, body)]).await;
            let clients = server.clients();
            let rds = clients.rds(None).await.unwrap();
            let mut found = Vec::new();
            for (name, names) in [("g", &["a"][..]), ("g", &["a"]), ("g", &["a", "b"]), ("h", &["a"])] {
                let group = Group { kind, name: name.to_owned() };
                found.push(rds.listed_parameters(&group, names).await.map(|found| found.len()));
            }
            assert_eq!(found, [None, Some(1), None, None], "each group has a list of its own");
            assert_eq!(server.operations(), [operation]);
            assert_eq!(server.seen()[0].parameter("Source"), Some("user"));
        }
    }
}
