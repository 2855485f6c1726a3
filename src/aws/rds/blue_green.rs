//! Blue/green deployments: created, read, switched over, and deleted; and the databases in them.

use aws_sdk_rds::types::{
    BlueGreenDeployment, DbCluster, DbInstance, Filter, SwitchoverDetail, TargetResourceConfiguration,
};
use tf_provider::schema::Map;

use crate::arn;
use crate::aws::error::Error;
use crate::aws::once;
use crate::aws::rds::encryption::encryption;
use crate::aws::rds::tags::{self, to_sdk};
use crate::aws::rds::{Kind, Rds, present};

/// A blue/green deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// The resource ID, `bgd-…`.
    pub id: String,
    /// The name that a person gave it.
    pub name: String,
    /// The ARN of the blue database; after a switchover, of the old one.
    pub source: String,
    /// The ARN of the green database, as soon as there is one; after a switchover, of the one in production.
    pub target: Option<String>,
    /// `PROVISIONING` and so on.
    pub status: String,
    /// What AWS says about the status.
    pub details: Option<String>,
    /// The databases in it, those of the blue environment each with its counterpart.
    pub pairs: Vec<Pair>,
    /// What AWS does or has done to create the green environment, and the status of each.
    pub tasks: Vec<(String, String)>,
    /// Its tags.
    pub tags: Map<String>,
}

/// A database of the blue environment and its counterpart in the green one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The ARN of the one in the blue environment.
    pub source: Option<String>,
    /// The ARN of the one in the green environment, as soon as there is one.
    pub target: Option<String>,
    /// `AVAILABLE`, `MISSING_SOURCE` and so on.
    pub status: String,
}

/// A DB instance or DB cluster in a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which of the two.
    pub kind: Kind,
    /// Its identifier.
    pub identifier: String,
    /// Its ARN.
    pub arn: String,
    /// Its resource ID.
    pub resource_id: String,
    /// `available` and so on.
    pub status: String,
    /// `none`, `sse-kms` or `sse-rds`.
    pub encryption: String,
    /// The ARN of the KMS key.
    pub key: Option<String>,
    /// Whether it has deletion protection.
    pub has_protection: bool,
    /// Whether it is a member of a cluster.
    pub is_member: bool,
}

/// A deployment to create.
#[derive(Clone, Copy, Debug)]
pub struct NewDeployment<'a> {
    /// Its name.
    pub name: &'a str,
    /// The ARN of the blue database.
    pub source: &'a str,
    /// The ARNs of the databases whose counterparts get the key: the DB cluster, or the DB instance and its replicas.
    pub keyed: &'a [String],
    /// The ARN of the key.
    pub key: &'a str,
    /// Its tags.
    pub tags: &'a Map<String>,
}

/// Green exists and can be switched to.
pub const AVAILABLE: &str = "AVAILABLE";
/// Green is being created.
pub const PROVISIONING: &str = "PROVISIONING";
/// Green is becoming the production database.
pub const SWITCHING: &str = "SWITCHOVER_IN_PROGRESS";
/// Green has become the production database.
pub const COMPLETED: &str = "SWITCHOVER_COMPLETED";
/// A switchover was undone.
pub const FAILED: &str = "SWITCHOVER_FAILED";
/// Green is not fit for a switchover.
pub const INVALID: &str = "INVALID_CONFIGURATION";
/// It is being deleted.
pub const DELETING: &str = "DELETING";

impl Rds {
    /// The deployment of a name. Needs `rds:DescribeBlueGreenDeployments`.
    ///
    /// # Errors
    /// Any.
    pub async fn deployment(&self, name: &str) -> Result<Option<Deployment>, Error> {
        let filter = Filter::builder().name("blue-green-deployment-name").values(name).build();
        let answer = self.0.describe_blue_green_deployments().filters(filter).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", "DescribeBlueGreenDeployments", &e)))?;
        let found = answer.and_then(|answer| answer.blue_green_deployments).unwrap_or_default().into_iter();
        let found = found.filter(|one| one.blue_green_deployment_name.as_deref() == Some(name));
        // While one is being deleted there can be another of its name.
        let found = found.min_by_key(|one| one.status.as_deref() == Some(DELETING));
        found.map(|found| Deployment::read("DescribeBlueGreenDeployments", found)).transpose()
    }

    /// Creates a deployment whose green environment is encrypted with a key; the answer comes hours before it is
    /// available. Needs `rds:CreateBlueGreenDeployment`, `rds:AddTagsToResource`, and for an instance
    /// `rds:CreateDBInstanceReadReplica`, for a cluster `rds:CreateDBCluster`, `rds:CreateDBInstance` and
    /// `rds:CreateDBClusterEndpoint`; on the key `kms:DescribeKey` and `kms:CreateGrant`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn create_deployment(&self, new: NewDeployment<'_>) -> Result<Deployment, Error> {
        let operation = "CreateBlueGreenDeployment";
        let of =
            |arn: &String| TargetResourceConfiguration::builder().source_arn(arn).target_kms_key_id(new.key).build();
        let keyed = new.keyed.iter().map(of).collect::<Result<Vec<_>, _>>();
        let keyed = keyed.map_err(|error| Error::unsendable("rds", operation, error.to_string()))?;
        let request = self.0.create_blue_green_deployment().blue_green_deployment_name(new.name).source(new.source);
        let request = request.set_target_resource_configurations(Some(keyed)).set_tags(Some(to_sdk(new.tags)));
        let answer = request.send().await.map_err(|e| Error::sdk("rds", operation, &e))?;
        let made = answer.blue_green_deployment.ok_or_else(|| Error::incomplete("rds", operation, "deployment"))?;
        Deployment::read(operation, made)
    }

    /// Begins the switchover of a deployment, which AWS undoes if it takes more seconds. It is sent `once`. Needs
    /// `rds:SwitchoverBlueGreenDeployment`, and for an instance `rds:ModifyDBInstance` and `rds:PromoteReadReplica`, for a
    /// cluster `rds:ModifyDBCluster` and `rds:PromoteReadReplicaDBCluster`.
    ///
    /// # Errors
    /// Any; a deployment that cannot be switched over now is in an [invalid state](Error::is_invalid_state).
    pub async fn switch_over(&self, id: &str, timeout: i32) -> Result<(), Error> {
        let request = self.0.switchover_blue_green_deployment().blue_green_deployment_identifier(id);
        let request = request.switchover_timeout(timeout).customize();
        let answer = request.config_override(aws_sdk_rds::Config::builder().retry_config(once())).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "SwitchoverBlueGreenDeployment", &e))
    }

    /// Deletes a deployment, and with `deletes_green` its green environment, which AWS refuses after a switchover. The
    /// answer comes before it is gone. Succeeds if it does not exist. Needs `rds:DeleteBlueGreenDeployment`, and for the
    /// green environment `rds:DeleteDBInstance`, for a cluster also `rds:DeleteDBCluster` and
    /// `rds:DeleteDBClusterEndpoint`.
    ///
    /// # Errors
    /// Any other; a deployment that is busy is in an [invalid state](Error::is_invalid_state).
    pub async fn delete_deployment(&self, id: &str, deletes_green: bool) -> Result<(), Error> {
        let request = self.0.delete_blue_green_deployment().blue_green_deployment_identifier(id);
        let answer = request.set_delete_target(deletes_green.then_some(true)).send().await;
        present(answer.map_err(|e| Error::sdk("rds", "DeleteBlueGreenDeployment", &e))).map(drop)
    }

    /// The databases with these ARNs that exist. Needs `rds:DescribeDBInstances`, and for clusters
    /// `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any.
    pub async fn parts(&self, arns: &[&str]) -> Result<Vec<Part>, Error> {
        let named: Vec<_> = arns.iter().filter_map(|arn| arn::database_in(arn)).collect();
        let of = |is_cluster: bool| {
            let names = named.iter().filter(move |(_, kind)| *kind == is_cluster).map(|(name, _)| name.clone());
            names.collect::<Vec<_>>()
        };
        let (clusters, instances) = (of(true), of(false));
        let filter = |name: &str, values| Filter::builder().name(name).set_values(Some(values)).build();
        let mut found = Vec::new();
        if !clusters.is_empty() {
            let all = self.describe_clusters(filter("db-cluster-id", clusters)).await?;
            found.extend(all.into_iter().filter_map(Part::of_cluster));
        }
        if !instances.is_empty() {
            let all = self.describe_instances(Some(filter("db-instance-id", instances))).await?;
            found.extend(all.into_iter().filter_map(Part::of_instance));
        }
        Ok(found)
    }
}

impl Deployment {
    /// The ARNs of all databases in it.
    pub fn arns(&self) -> Vec<&str> {
        let mut arns = vec![self.source.as_str()];
        arns.extend(self.target.as_deref());
        arns.extend(self.pairs.iter().flat_map(|pair| [&pair.source, &pair.target]).flatten().map(String::as_str));
        arns.sort_unstable();
        arns.dedup();
        arns
    }

    fn read(operation: &'static str, found: BlueGreenDeployment) -> Result<Self, Error> {
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", operation, what));
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let pair = |detail: SwitchoverDetail| Pair {
            source: given(detail.source_member),
            target: given(detail.target_member),
            status: detail.status.unwrap_or_default(),
        };
        let mut pairs: Vec<_> = found.switchover_details.unwrap_or_default().into_iter().map(pair).collect();
        pairs.sort_by(|a, b| a.source.cmp(&b.source));
        let tasks = found.tasks.unwrap_or_default().into_iter();
        Ok(Self {
            id: required(found.blue_green_deployment_identifier, "identifier")?,
            name: required(found.blue_green_deployment_name, "name")?,
            source: required(found.source, "source")?,
            target: given(found.target),
            status: found.status.unwrap_or_default(),
            details: given(found.status_details),
            pairs,
            tasks: tasks.filter_map(|task| Some((task.name?, task.status.unwrap_or_default()))).collect(),
            tags: tags::read(found.tag_list),
        })
    }
}

impl Part {
    /// Whether it cannot be deleted. The protection of a cluster does not apply to its members.
    pub fn is_protected(&self) -> bool {
        self.has_protection && !self.is_member
    }

    fn of_instance(found: DbInstance) -> Option<Self> {
        Some(Self {
            kind: Kind::Instance,
            identifier: found.db_instance_identifier?,
            arn: found.db_instance_arn?,
            resource_id: found.dbi_resource_id?,
            status: found.db_instance_status.unwrap_or_default(),
            encryption: encryption(found.storage_encryption_type.as_ref(), found.storage_encrypted),
            key: found.kms_key_id,
            has_protection: found.deletion_protection.unwrap_or_default(),
            is_member: found.db_cluster_identifier.is_some(),
        })
    }

    fn of_cluster(found: DbCluster) -> Option<Self> {
        Some(Self {
            kind: Kind::Cluster,
            identifier: found.db_cluster_identifier?,
            arn: found.db_cluster_arn?,
            resource_id: found.db_cluster_resource_id?,
            status: found.status.unwrap_or_default(),
            encryption: encryption(found.storage_encryption_type.as_ref(), found.storage_encrypted),
            key: found.kms_key_id,
            has_protection: found.deletion_protection.unwrap_or_default(),
            is_member: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    const BLUE: &str = "arn:aws:rds:eu-west-1:123456789012:db:orders";
    const REPLICA: &str = "arn:aws:rds:eu-west-1:123456789012:db:orders-reader";
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";

    fn inner(name: &str, status: &str, more: &str) -> String {
        format!(
            "<BlueGreenDeploymentIdentifier>bgd-1</BlueGreenDeploymentIdentifier>\
             <BlueGreenDeploymentName>{name}</BlueGreenDeploymentName><Source>{BLUE}</Source><Status>{status}</Status>{more}"
        )
    }

    fn listed(found: &[String]) -> Answer {
        let found: String = found.iter().map(|one| format!("<member>{one}</member>")).collect();
        result("DescribeBlueGreenDeployments", &format!("<BlueGreenDeployments>{found}</BlueGreenDeployments>"))
    }

    #[tokio::test]
    async fn a_deployment_that_is_being_created_has_no_target() {
        let more = format!(
            "<Target></Target><StatusDetails></StatusDetails><SwitchoverDetails><member><SourceMember>{BLUE}</SourceMember>\
             <Status>PROVISIONING</Status></member></SwitchoverDetails><Tasks><member>\
             <Name>CREATING_READ_REPLICA_OF_SOURCE</Name><Status>PENDING</Status></member></Tasks>\
             <TagList><Tag><Key>team</Key><Value>data</Value></Tag></TagList>"
        );
        let made = format!("<BlueGreenDeployment>{}</BlueGreenDeployment>", inner("b", PROVISIONING, &more));
        let server = Server::start([result("CreateBlueGreenDeployment", &made)]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let tags: Map<String> = [("team".to_owned(), "data".to_owned())].into();
        let keyed = [BLUE.to_owned(), REPLICA.to_owned()];
        let new = NewDeployment { name: "b", source: BLUE, keyed: &keyed, key: KEY, tags: &tags };
        let made = rds.create_deployment(new).await.unwrap();
        let pair = Pair { source: Some(BLUE.to_owned()), target: None, status: PROVISIONING.to_owned() };
        let want = Deployment {
            id: "bgd-1".to_owned(),
            name: "b".to_owned(),
            source: BLUE.to_owned(),
            status: PROVISIONING.to_owned(),
            pairs: vec![pair],
            tasks: vec![("CREATING_READ_REPLICA_OF_SOURCE".to_owned(), "PENDING".to_owned())],
            tags: tags.clone(),
            ..Deployment::default()
        };
        assert_eq!((made.arns(), &made), (vec![BLUE], &want));
        let seen = &server.seen()[0];
        let text = |name: &str| seen.parameter(name).map(|text| text.replace("%3A", ":").replace("%2F", "/"));
        for (name, value) in [
            ("Source", BLUE),
            ("TargetResourceConfigurations.TargetResourceConfiguration.1.SourceArn", BLUE),
            ("TargetResourceConfigurations.TargetResourceConfiguration.1.TargetKmsKeyId", KEY),
            ("TargetResourceConfigurations.TargetResourceConfiguration.2.SourceArn", REPLICA),
            ("TargetResourceConfigurations.TargetResourceConfiguration.2.TargetKmsKeyId", KEY),
            ("Tags.Tag.1.Key", "team"),
        ] {
            assert_eq!(text(name).as_deref(), Some(value), "{}", seen.body);
        }
    }

    #[tokio::test]
    async fn one_that_is_being_deleted_gives_way_to_another_of_its_name() {
        let both = [inner("b", DELETING, ""), inner("b", AVAILABLE, "")];
        for (found, status) in [(&both[..], Some(AVAILABLE)), (&both[..1], Some(DELETING)), (&[], None)] {
            let server = Server::start([listed(found)]).await;
            let found = server.clients().rds(None).await.unwrap().deployment("b").await.unwrap();
            assert_eq!(found.map(|found| found.status).as_deref(), status);
        }
        let server = Server::start([listed(&[inner("c", AVAILABLE, "")])]).await;
        assert_eq!(server.clients().rds(None).await.unwrap().deployment("b").await, Ok(None));
    }

    #[tokio::test]
    async fn a_switchover_is_asked_for_once() {
        for answer in [fault(500, "InternalFailure", "later"), fault(400, "Throttling", "later"), Answer::HangUp] {
            let server = Server::start([answer]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert!(rds.switch_over("bgd-1", 600).await.unwrap_err().is_transient());
            assert_eq!(server.operations(), ["SwitchoverBlueGreenDeployment"]);
            assert_eq!(server.seen()[0].parameter("SwitchoverTimeout"), Some("600"));
        }
    }

    #[tokio::test]
    async fn green_is_deleted_only_when_asked() {
        let server = Server::start([result("DeleteBlueGreenDeployment", "")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!(
            (rds.delete_deployment("bgd-1", true).await, rds.delete_deployment("bgd-1", false).await),
            (Ok(()), Ok(()))
        );
        let seen = server.seen();
        assert_eq!(seen[0].parameter("DeleteTarget"), Some("true"));
        assert_eq!(seen[1].parameter("DeleteTarget"), None);
        let server = Server::start([fault(404, "BlueGreenDeploymentNotFoundFault", "x")]).await;
        assert_eq!(server.clients().rds(None).await.unwrap().delete_deployment("bgd-1", true).await, Ok(()));
    }

    #[tokio::test]
    async fn faults_are_told_apart() {
        for (code, fits) in [
            ("DBInstanceNotFound", Error::is_not_found as fn(&Error) -> bool),
            ("BlueGreenDeploymentAlreadyExistsFault", Error::is_already_exists),
            ("InvalidDBInstanceState", Error::is_invalid_state),
            ("InvalidBlueGreenDeploymentStateFault", Error::is_invalid_state),
            ("SourceDatabaseNotSupportedFault", Error::is_unsupported),
            ("SourceClusterNotSupportedFault", Error::is_unsupported),
            ("InstanceQuotaExceeded", Error::is_limit_exceeded),
            ("KMSKeyNotAccessibleFault", Error::is_key_unusable),
        ] {
            let server = Server::start([fault(400, code, "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            let new = NewDeployment { name: "b", source: BLUE, keyed: &[], key: KEY, tags: &Map::new() };
            assert!(fits(&rds.create_deployment(new).await.unwrap_err()), "{code}");
        }
    }
}
