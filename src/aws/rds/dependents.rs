//! What depends on a database by its identifier or ARN: proxies, event subscriptions, integrations, blue/green deployments.

use aws_sdk_rds::types::{DbProxyTarget, Filter};

use crate::aws::error::Error;
use crate::aws::rds::{Kind, Rds};

/// An object of RDS that depends on a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its status.
    pub status: String,
}

impl Rds {
    /// The proxies before an instance or cluster. Only those in a VPC, if one is given, can be. Needs
    /// `rds:DescribeDBProxies` and `rds:DescribeDBProxyTargets`, of which one call for each proxy.
    ///
    /// # Errors
    /// Any.
    pub async fn proxies_of(
        &self,
        kind: Kind,
        identifier: &str,
        engine: &str,
        vpc: Option<&str>,
    ) -> Result<Vec<Dependent>, Error> {
        let family = match engine {
            _ if engine.contains("postgres") => "POSTGRESQL",
            _ if engine.starts_with("sqlserver") => "SQLSERVER",
            _ => "MYSQL",
        };
        let all = self.0.describe_db_proxies().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let mut found = Vec::new();
        for proxy in all.map_err(|e| Error::sdk("rds", "DescribeDBProxies", &e))? {
            let is_elsewhere = vpc.is_some_and(|vpc| proxy.vpc_id().is_some_and(|own| own != vpc));
            let Some(name) = proxy.db_proxy_name.filter(|_| !is_elsewhere) else { continue };
            if proxy.engine_family.as_deref() != Some(family) {
                continue;
            }
            let targets = self.0.describe_db_proxy_targets().db_proxy_name(&name).into_paginator().items().send();
            let targets = targets.collect::<Result<Vec<_>, _>>().await;
            let targets = targets.map_err(|e| Error::sdk("rds", "DescribeDBProxyTargets", &e))?;
            if targets.iter().any(|target| is_target(target, kind, identifier)) {
                let status = proxy.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
                found.push(Dependent { name, arn: proxy.db_proxy_arn, status });
            }
        }
        Ok(found)
    }

    /// The event subscriptions that name one of these DB instances or DB clusters. Needs
    /// `rds:DescribeEventSubscriptions`.
    ///
    /// # Errors
    /// Any.
    pub async fn event_subscriptions_of(&self, named: &[(Kind, &str)]) -> Result<Vec<Dependent>, Error> {
        let all = self.0.describe_event_subscriptions().into_paginator().items().send();
        let all = all.collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeEventSubscriptions", &e))?;
        let found = all.into_iter().filter(|subscription| {
            let names = |kind: Kind, identifier: &str| {
                subscription.source_type.as_deref() == Some(source_type(kind))
                    && subscription.source_ids_list().iter().any(|id| id.eq_ignore_ascii_case(identifier))
            };
            named.iter().any(|(kind, identifier)| names(*kind, identifier))
        });
        let dependent = |subscription: aws_sdk_rds::types::EventSubscription| {
            Some(Dependent {
                name: subscription.cust_subscription_id?,
                arn: subscription.event_subscription_arn,
                status: subscription.status.unwrap_or_default(),
            })
        };
        Ok(found.filter_map(dependent).collect())
    }

    /// The zero-ETL integrations of a database. Needs `rds:DescribeIntegrations`.
    ///
    /// # Errors
    /// Any.
    pub async fn integrations_of(&self, arn: &str) -> Result<Vec<Dependent>, Error> {
        let all = self.0.describe_integrations().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeIntegrations", &e))?;
        let found = all.into_iter().filter(|integration| integration.source_arn.as_deref() == Some(arn));
        let dependent = |integration: aws_sdk_rds::types::Integration| {
            Some(Dependent {
                name: integration.integration_name?,
                arn: integration.integration_arn,
                status: integration.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            })
        };
        Ok(found.filter_map(dependent).collect())
    }

    /// The blue/green deployments of a database that are not at their end. Needs `rds:DescribeBlueGreenDeployments`.
    ///
    /// # Errors
    /// Any.
    pub async fn blue_green_deployments_of(&self, arn: &str) -> Result<Vec<Dependent>, Error> {
        let filter = Filter::builder().name("source").values(arn).build();
        let all = self.0.describe_blue_green_deployments().filters(filter).into_paginator().items().send();
        let all = all.collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeBlueGreenDeployments", &e))?;
        let dependent = |deployment: aws_sdk_rds::types::BlueGreenDeployment| {
            let status = deployment.status.unwrap_or_default();
            let is_over = ["DELETING", "SWITCHOVER_COMPLETED"].contains(&status.as_str());
            let name = deployment.blue_green_deployment_name.or(deployment.blue_green_deployment_identifier)?;
            (!is_over).then_some(Dependent { name, arn: None, status })
        };
        Ok(all.into_iter().filter_map(dependent).collect())
    }
}

/// The name that event subscriptions have for a kind of database.
fn source_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "db-instance",
        Kind::Cluster => "db-cluster",
    }
}

/// Whether a target of a proxy is a database, or a member of it.
fn is_target(target: &DbProxyTarget, kind: Kind, identifier: &str) -> bool {
    let is_it = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(identifier));
    match (kind, target.r#type().map(|kind| kind.as_str())) {
        (Kind::Instance, Some("RDS_INSTANCE")) | (Kind::Cluster, Some("TRACKED_CLUSTER")) => {
            is_it(target.rds_resource_id())
        }
        (Kind::Cluster, _) => is_it(target.tracked_cluster_id()),
        (Kind::Instance, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, result};

    #[tokio::test]
    async fn only_proxies_of_the_vpc_and_the_family_are_asked_for_targets() {
        let proxy = |name: &str, vpc: &str, family: &str| {
            format!(
                "<member><DBProxyName>{name}</DBProxyName><VpcId>{vpc}</VpcId><EngineFamily>{family}</EngineFamily></member>"
            )
        };
        let proxies = [
            proxy("front", "vpc-1", "POSTGRESQL"),
            proxy("elsewhere", "vpc-2", "POSTGRESQL"),
            proxy("mysql", "vpc-1", "MYSQL"),
        ];
        let proxies = format!("<DBProxies>{}</DBProxies>", proxies.concat());
        let targets =
            "<Targets><member><Type>RDS_INSTANCE</Type><RdsResourceId>orders</RdsResourceId></member></Targets>";
        for (kind, found) in [(Kind::Instance, 1), (Kind::Cluster, 0)] {
            let server =
                Server::start([result("DescribeDBProxies", &proxies), result("DescribeDBProxyTargets", targets)]).await;
            let rds = server.clients().rds(None).await.unwrap();
            let proxies = rds.proxies_of(kind, "orders", "postgres", Some("vpc-1")).await.unwrap();
            assert_eq!(proxies.len(), found);
            assert_eq!(server.operations(), ["DescribeDBProxies", "DescribeDBProxyTargets"]);
        }
    }

    #[test]
    fn a_cluster_is_the_target_itself_or_through_a_member() {
        use aws_sdk_rds::types::TargetType;
        let target = |kind: TargetType| DbProxyTarget::builder().r#type(kind).rds_resource_id("shop");
        assert!(is_target(&target(TargetType::TrackedCluster).build(), Kind::Cluster, "shop"));
        assert!(!is_target(&target(TargetType::RdsInstance).build(), Kind::Cluster, "shop"));
        let member = target(TargetType::RdsInstance).tracked_cluster_id("shop").rds_resource_id("shop-1").build();
        assert!(is_target(&member, Kind::Cluster, "shop") && !is_target(&member, Kind::Instance, "shop"));
    }

    #[tokio::test]
    async fn subscriptions_to_all_databases_name_none() {
        let subscription = |name: &str, kind: &str, ids: &str| {
            format!(
                "<EventSubscription><CustSubscriptionId>{name}</CustSubscriptionId><SourceType>{kind}</SourceType>\
                 <SourceIdsList>{ids}</SourceIdsList></EventSubscription>"
            )
        };
        let list = [
            subscription("all", "db-instance", ""),
            subscription("mine", "db-instance", "<SourceId>orders</SourceId>"),
            subscription("other", "db-instance", "<SourceId>shop</SourceId>"),
            subscription("cluster", "db-cluster", "<SourceId>orders</SourceId>"),
        ];
        let body = format!("<EventSubscriptionsList>{}</EventSubscriptionsList>", list.concat());
        let server = Server::start([result("DescribeEventSubscriptions", &body)]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let found = rds.event_subscriptions_of(&[(Kind::Instance, "orders")]).await.unwrap();
        assert_eq!(found.into_iter().map(|one| one.name).collect::<Vec<_>>(), ["mine"]);
    }
}
