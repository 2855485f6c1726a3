//! What an account has in a region beside its databases: proxies, subscriptions, groups, what AWS offers and recommends.

use jiff::Timestamp;
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::Rds;
use crate::aws::rds::inventory::{tags, timestamp};

/// An RDS Proxy, with the properties that matter for its security.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateway {
    /// The name.
    pub name: String,
    /// The ARN, which ends with the resource ID.
    pub arn: String,
    /// Whether clients must use TLS.
    pub requires_tls: bool,
    /// Whether clients log in with IAM database authentication alone.
    pub requires_iam: bool,
}

/// An event subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The name.
    pub name: String,
    /// Whether it sends notifications.
    pub is_enabled: bool,
    /// `db-instance` and so on; none for all types.
    pub source_type: Option<String>,
    /// The databases it is about; empty for all.
    pub sources: Vec<String>,
    /// The categories of events; empty for all.
    pub categories: Vec<String>,
}

/// A global cluster of Aurora.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalCluster {
    /// The identifier.
    pub identifier: String,
    /// The ARN.
    pub arn: String,
    /// `aurora-mysql` or `aurora-postgresql`.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// The number of clusters that belong to it.
    pub members: usize,
    /// The tags.
    pub tags: Map<String>,
}

/// A DB subnet group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubnetGroup {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// A version of an engine, or a major version for which AWS says until when it is supported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineVersion {
    /// The engine.
    pub engine: String,
    /// The version.
    pub version: String,
    /// `available` or `deprecated`; none for a major version.
    pub status: Option<String>,
    /// When standard support ends.
    pub standard_support_ends: Option<Timestamp>,
}

/// A recommendation of RDS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recommendation {
    /// The type, such as `config_recommendation::old_minor_version`.
    pub kind: String,
    /// The ARN of what it is about.
    pub arn: String,
    /// `active`, `pending`, `resolved` or `dismissed`.
    pub status: String,
    /// `security` and so on.
    pub category: String,
}

/// What RDS is going to do to a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// The ARN of the DB instance or DB cluster.
    pub arn: String,
    /// The actions, such as `system-update` or `ca-certificate-rotation`.
    pub actions: Vec<String>,
}

/// An export of a snapshot or cluster to S3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// The identifier.
    pub identifier: String,
    /// The ARN of what is exported.
    pub source: String,
    /// The key that encrypts it.
    pub key: Option<String>,
}

/// All pages of a list.
macro_rules! all {
    ($operation:literal, $request:expr) => {{
        let all = $request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        all.map_err(|e| Error::sdk("rds", $operation, &e))?.into_iter()
    }};
}

impl Rds {
    /// All proxies. Needs `rds:DescribeDBProxies`.
    ///
    /// # Errors
    /// Any.
    pub async fn gateways(&self) -> Result<Vec<Gateway>, Error> {
        let all = all!("DescribeDBProxies", self.0.describe_db_proxies().max_records(100));
        let gateway = |found: aws_sdk_rds::types::DbProxy| {
            let auth = found.auth.unwrap_or_default();
            let is_required = |one: &aws_sdk_rds::types::UserAuthConfigInfo| {
                one.iam_auth.as_ref().is_some_and(|mode| mode.as_str() == "REQUIRED")
            };
            let requires_iam = found.default_auth_scheme.as_deref() == Some("IAM_AUTH")
                || (!auth.is_empty() && auth.iter().all(is_required));
            Gateway {
                name: found.db_proxy_name.unwrap_or_default(),
                arn: found.db_proxy_arn.unwrap_or_default(),
                requires_tls: found.require_tls.unwrap_or_default(),
                requires_iam,
            }
        };
        Ok(all.map(gateway).collect())
    }

    /// All event subscriptions. Needs `rds:DescribeEventSubscriptions`.
    ///
    /// # Errors
    /// Any.
    pub async fn event_subscriptions(&self) -> Result<Vec<Subscription>, Error> {
        let all = all!("DescribeEventSubscriptions", self.0.describe_event_subscriptions().max_records(100));
        let subscription = |found: aws_sdk_rds::types::EventSubscription| Subscription {
            name: found.cust_subscription_id.unwrap_or_default(),
            is_enabled: found.enabled.unwrap_or_default(),
            source_type: found.source_type.filter(|kind| !kind.is_empty()),
            sources: found.source_ids_list.unwrap_or_default(),
            categories: found.event_categories_list.unwrap_or_default(),
        };
        Ok(all.map(subscription).collect())
    }

    /// All global clusters with a member in the account. Needs `rds:DescribeGlobalClusters`.
    ///
    /// # Errors
    /// Any.
    pub async fn global_clusters(&self) -> Result<Vec<GlobalCluster>, Error> {
        let all = all!("DescribeGlobalClusters", self.0.describe_global_clusters().max_records(100));
        let cluster = |found: aws_sdk_rds::types::GlobalCluster| GlobalCluster {
            identifier: found.global_cluster_identifier.unwrap_or_default(),
            arn: found.global_cluster_arn.unwrap_or_default(),
            engine: found.engine.unwrap_or_default(),
            engine_version: found.engine_version.unwrap_or_default(),
            members: found.global_cluster_members.unwrap_or_default().len(),
            tags: tags(found.tag_list),
        };
        Ok(all.map(cluster).collect())
    }

    /// All DB subnet groups. Needs `rds:DescribeDBSubnetGroups`.
    ///
    /// # Errors
    /// Any.
    pub async fn subnet_groups(&self) -> Result<Vec<SubnetGroup>, Error> {
        let all = all!("DescribeDBSubnetGroups", self.0.describe_db_subnet_groups().max_records(100));
        let group = |found: aws_sdk_rds::types::DbSubnetGroup| SubnetGroup {
            name: found.db_subnet_group_name.unwrap_or_default(),
            arn: found.db_subnet_group_arn.unwrap_or_default(),
        };
        Ok(all.map(group).collect())
    }

    /// A version of an engine; none if AWS does not know it any more. Needs `rds:DescribeDBEngineVersions`.
    ///
    /// # Errors
    /// Any.
    pub async fn engine_version(&self, engine: &str, version: &str) -> Result<Option<EngineVersion>, Error> {
        let request = self.0.describe_db_engine_versions().engine(engine).engine_version(version).include_all(true);
        let mut all = all!("DescribeDBEngineVersions", request);
        let found = all.find(|found| found.engine_version() == Some(version));
        Ok(found.map(|found| EngineVersion {
            engine: engine.to_owned(),
            version: version.to_owned(),
            status: found.status,
            standard_support_ends: None,
        }))
    }

    /// All major versions of all engines. Needs `rds:DescribeDBMajorEngineVersions`.
    ///
    /// # Errors
    /// Any.
    pub async fn major_versions(&self) -> Result<Vec<EngineVersion>, Error> {
        match self.2.get() {
            Some(region) => Ok(region.major_versions.get(|| self.read_major_versions()).await?.value),
            None => self.read_major_versions().await,
        }
    }

    async fn read_major_versions(&self) -> Result<Vec<EngineVersion>, Error> {
        let all = all!("DescribeDBMajorEngineVersions", self.0.describe_db_major_engine_versions().max_records(100));
        let version = |found: aws_sdk_rds::types::DbMajorEngineVersion| {
            let lifecycles = found.supported_engine_lifecycles.unwrap_or_default().into_iter();
            let mut standard = lifecycles.filter(|one| {
                let name = one.lifecycle_support_name.as_ref().map(|name| name.as_str());
                name == Some("open-source-rds-standard-support")
            });
            EngineVersion {
                engine: found.engine.unwrap_or_default(),
                version: found.major_engine_version.unwrap_or_default(),
                status: None,
                standard_support_ends: standard.next().and_then(|one| timestamp(one.lifecycle_support_end_date)),
            }
        };
        Ok(all.map(version).collect())
    }

    /// The recommendations that are open. Needs `rds:DescribeDBRecommendations`.
    ///
    /// # Errors
    /// Any.
    pub async fn recommendations(&self) -> Result<Vec<Recommendation>, Error> {
        let all = all!("DescribeDBRecommendations", self.0.describe_db_recommendations().max_records(100));
        let recommendation = |found: aws_sdk_rds::types::DbRecommendation| Recommendation {
            kind: found.type_id.unwrap_or_default(),
            arn: found.resource_arn.unwrap_or_default(),
            status: found.status.unwrap_or_default(),
            category: found.category.unwrap_or_default(),
        };
        Ok(all.map(recommendation).collect())
    }

    /// The maintenance actions that are pending. Needs `rds:DescribePendingMaintenanceActions`.
    ///
    /// # Errors
    /// Any.
    pub async fn maintenance(&self) -> Result<Vec<Maintenance>, Error> {
        match self.2.get() {
            Some(region) => Ok(region.maintenance.get(|| self.read_maintenance()).await?.value),
            None => self.read_maintenance().await,
        }
    }

    async fn read_maintenance(&self) -> Result<Vec<Maintenance>, Error> {
        let request = self.0.describe_pending_maintenance_actions().max_records(100);
        let all = all!("DescribePendingMaintenanceActions", request);
        let maintenance = |found: aws_sdk_rds::types::ResourcePendingMaintenanceActions| Maintenance {
            arn: found.resource_identifier.unwrap_or_default(),
            actions: found
                .pending_maintenance_action_details
                .unwrap_or_default()
                .into_iter()
                .filter_map(|action| action.action)
                .collect(),
        };
        Ok(all.map(maintenance).collect())
    }

    /// The exports to S3. Needs `rds:DescribeExportTasks`.
    ///
    /// # Errors
    /// Any.
    pub async fn exports(&self) -> Result<Vec<Export>, Error> {
        let all = all!("DescribeExportTasks", self.0.describe_export_tasks().max_records(100));
        let export = |found: aws_sdk_rds::types::ExportTask| Export {
            identifier: found.export_task_identifier.unwrap_or_default(),
            source: found.source_arn.unwrap_or_default(),
            key: found.kms_key_id.filter(|key| !key.is_empty()),
        };
        Ok(all.map(export).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::{Server, result};

    #[tokio::test]
    async fn what_is_the_same_for_all_of_a_region_is_read_once() {
        let server = Server::start([result("DescribeDBMajorEngineVersions", "")]).await;
        let clients = server.clients();
        for region in [None, None, Some("eu-west-1"), Some("us-west-2")] {
            clients.rds(region).await.unwrap().major_versions().await.unwrap();
        }
        assert_eq!(server.operations(), ["DescribeDBMajorEngineVersions"; 2], "in each region");
        let server = Server::start([result("DescribePendingMaintenanceActions", "")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!((rds.maintenance().await, rds.maintenance().await), (Ok(vec![]), Ok(vec![])));
        assert_eq!(server.operations(), ["DescribePendingMaintenanceActions"]);
    }
}
