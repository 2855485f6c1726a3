//! Parameter groups as a whole: copied, created, deleted, and given to databases.

use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::parameters::Group;
use crate::aws::rds::tags::to_sdk;
use crate::aws::rds::{Kind, Rds, present};

/// What a new parameter group is to be.
#[derive(Clone, Copy, Debug)]
pub struct NewGroup<'a> {
    /// The group.
    pub group: &'a Group,
    /// What it is for.
    pub description: &'a str,
    /// Its tags.
    pub tags: &'a Map<String>,
}

impl Rds {
    /// Copies a parameter group with all values that users have set in it. AWS does not copy default groups. Needs
    /// `rds:CopyDBParameterGroup` or `rds:CopyDBClusterParameterGroup`, and `rds:AddTagsToResource` for the tags.
    ///
    /// # Errors
    /// Any.
    pub async fn copy_group(&self, source: &str, new: NewGroup<'_>) -> Result<(), Error> {
        let NewGroup { group, description, tags } = new;
        let tags = Some(to_sdk(tags));
        match group.kind {
            Kind::Instance => {
                let request = self.0.copy_db_parameter_group().source_db_parameter_group_identifier(source);
                let request = request.target_db_parameter_group_identifier(&group.name);
                let request = request.target_db_parameter_group_description(description).set_tags(tags);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "CopyDBParameterGroup", &e))
            }
            Kind::Cluster => {
                let request = self.0.copy_db_cluster_parameter_group();
                let request = request.source_db_cluster_parameter_group_identifier(source);
                let request = request.target_db_cluster_parameter_group_identifier(&group.name);
                let request = request.target_db_cluster_parameter_group_description(description).set_tags(tags);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "CopyDBClusterParameterGroup", &e))
            }
        }
    }

    /// Creates a parameter group with the defaults of a family. Needs `rds:CreateDBParameterGroup` or
    /// `rds:CreateDBClusterParameterGroup`, and `rds:AddTagsToResource` for the tags.
    ///
    /// # Errors
    /// Any.
    pub async fn create_group(&self, family: &str, new: NewGroup<'_>) -> Result<(), Error> {
        let NewGroup { group, description, tags } = new;
        let tags = Some(to_sdk(tags));
        match group.kind {
            Kind::Instance => {
                let request = self.0.create_db_parameter_group().db_parameter_group_name(&group.name);
                let request = request.db_parameter_group_family(family).description(description).set_tags(tags);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "CreateDBParameterGroup", &e))
            }
            Kind::Cluster => {
                let request = self.0.create_db_cluster_parameter_group().db_cluster_parameter_group_name(&group.name);
                let request = request.db_parameter_group_family(family).description(description).set_tags(tags);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "CreateDBClusterParameterGroup", &e))
            }
        }
    }

    /// Deletes a parameter group. Succeeds if it does not exist. Needs `rds:DeleteDBParameterGroup` or
    /// `rds:DeleteDBClusterParameterGroup`.
    ///
    /// # Errors
    /// Any other; a group that a database has is in an [invalid state](Error::is_invalid_state).
    pub async fn delete_group(&self, group: &Group) -> Result<(), Error> {
        let answer = match group.kind {
            Kind::Instance => {
                let request = self.0.delete_db_parameter_group().db_parameter_group_name(&group.name);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "DeleteDBParameterGroup", &e))
            }
            Kind::Cluster => {
                let request = self.0.delete_db_cluster_parameter_group().db_cluster_parameter_group_name(&group.name);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "DeleteDBClusterParameterGroup", &e))
            }
        };
        present(answer).map(drop)
    }

    /// Gives a database another parameter group, whose static parameters it applies with its next reboot. Needs
    /// `rds:ModifyDBInstance` or `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn set_group(&self, identifier: &str, group: &Group) -> Result<(), Error> {
        match group.kind {
            Kind::Instance => {
                let request = self.0.modify_db_instance().db_instance_identifier(identifier);
                let request = request.db_parameter_group_name(&group.name).apply_immediately(true);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBInstance", &e))
            }
            Kind::Cluster => {
                let request = self.0.modify_db_cluster().db_cluster_identifier(identifier);
                let request = request.db_cluster_parameter_group_name(&group.name).apply_immediately(true);
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
    async fn groups_of_instances_and_clusters_have_operations_of_their_own() {
        for (kind, noun, target) in [
            (Kind::Instance, "DBParameterGroup", "DBInstance"),
            (Kind::Cluster, "DBClusterParameterGroup", "DBCluster"),
        ] {
            let operations = [format!("Copy{noun}"), format!("Create{noun}"), format!("Modify{target}")];
            let server = Server::start(operations.iter().map(|operation| result(operation, ""))).await;
            let rds = server.clients().rds(None).await.unwrap();
            let group = Group { kind, name: "copy-quiet".to_owned() };
            let tags: Map<String> = [("team".to_owned(), "data".to_owned())].into();
            let new = NewGroup { group: &group, description: "Temporary", tags: &tags };
            assert_eq!(rds.copy_group("own", new).await, Ok(()));
            assert_eq!(rds.create_group("postgres16", new).await, Ok(()));
            assert_eq!(rds.set_group("orders", &group).await, Ok(()));
            assert_eq!(server.operations(), operations);
            let [copied, created, set] = &server.seen()[..] else { panic!("three calls") };
            assert_eq!(copied.parameter(&format!("Source{noun}Identifier")), Some("own"));
            assert_eq!(copied.parameter(&format!("Target{noun}Identifier")), Some("copy-quiet"));
            assert_eq!(copied.parameter("Tags.Tag.1.Key"), Some("team"));
            assert_eq!(created.parameter("DBParameterGroupFamily"), Some("postgres16"));
            assert_eq!(created.parameter(&format!("{noun}Name")), Some("copy-quiet"));
            assert_eq!(set.parameter(&format!("{noun}Name")), Some("copy-quiet"));
            assert_eq!(set.parameter("ApplyImmediately"), Some("true"));
        }
    }

    #[tokio::test]
    async fn a_group_that_is_gone_is_deleted_and_one_in_use_is_busy() {
        for kind in [Kind::Instance, Kind::Cluster] {
            let group = Group { kind, name: "copy-quiet".to_owned() };
            let gone = fault(404, "DBParameterGroupNotFound", "x");
            let server = Server::start([gone, fault(400, "InvalidDBParameterGroupState", "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.delete_group(&group).await, Ok(()));
            assert!(rds.delete_group(&group).await.unwrap_err().is_invalid_state());
        }
    }
}
