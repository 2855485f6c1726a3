//! RDS Proxies, which accept connections for the databases behind them.

use aws_sdk_rds::types::IamAuthMode;

use crate::aws::error::Error;
use crate::aws::host::{HostKind, RdsHost};
use crate::aws::rds::{Rds, present};

/// A proxy, with the properties that connections need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its name.
    pub name: String,
    /// Its ARN, which contains region, account and, instead of the name, the resource ID.
    pub arn: String,
    /// The resource ID, which IAM compares in `rds-db:connect`: `prx-…`.
    pub resource_id: String,
    /// The host; none while it is being created.
    pub host: Option<String>,
    /// The port, which follows from the engine family.
    pub port: Option<u16>,
    /// `postgresql`, `mysql` or `sqlserver`.
    pub engine_family: String,
    /// `available` and so on.
    pub status: String,
    /// Whether it accepts IAM database authentication.
    pub iam_enabled: bool,
}

impl Rds {
    /// The proxy of a name. Needs `rds:DescribeDBProxies`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn proxy(&self, name: &str) -> Result<Option<Proxy>, Error> {
        const OPERATION: &str = "DescribeDBProxies";
        let answer = self.0.describe_db_proxies().db_proxy_name(name).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", OPERATION, &e)))?;
        let Some(proxy) = answer.and_then(|answer| answer.db_proxies.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", OPERATION, what));
        let arn = required(proxy.db_proxy_arn, "ARN")?;
        let resource_id = arn.rsplit(':').next().filter(|id| id.starts_with("prx-")).map(str::to_owned);
        let engine_family = proxy.engine_family.unwrap_or_default().to_ascii_lowercase();
        let is_iam = |auth: &aws_sdk_rds::types::UserAuthConfigInfo| {
            matches!(auth.iam_auth, Some(IamAuthMode::Required | IamAuthMode::Enabled))
        };
        Ok(Some(Proxy {
            name: required(proxy.db_proxy_name, "name")?,
            resource_id: required(resource_id, "resource id")?,
            arn,
            host: proxy.endpoint,
            port: port(&engine_family),
            engine_family,
            status: proxy.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            iam_enabled: proxy.auth.unwrap_or_default().iter().any(is_iam)
                || proxy.default_auth_scheme.as_deref() == Some("IAM_AUTH"),
        }))
    }

    /// The proxy behind an endpoint of this region, with that endpoint as its host. Endpoints other than the proxy's
    /// default one also need `rds:DescribeDBProxyEndpoints`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn proxy_by_host(&self, host: &RdsHost) -> Result<Option<Proxy>, Error> {
        let is_it = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(&host.name));
        if host.kind != HostKind::ProxyEndpoint {
            let proxy = self.proxy(&host.identifier).await?;
            return Ok(proxy.filter(|proxy| is_it(proxy.host.as_deref())));
        }
        let answer = self.0.describe_db_proxy_endpoints().db_proxy_endpoint_name(&host.identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", "DescribeDBProxyEndpoints", &e)))?;
        let endpoints = answer.and_then(|answer| answer.db_proxy_endpoints).unwrap_or_default();
        let Some(endpoint) = endpoints.into_iter().find(|endpoint| is_it(endpoint.endpoint())) else { return Ok(None) };
        let Some(name) = endpoint.db_proxy_name else { return Ok(None) };
        let proxy = self.proxy(&name).await?;
        Ok(proxy.map(|proxy| Proxy { host: endpoint.endpoint, ..proxy }))
    }
}

/// Proxies listen only on the default ports.
fn port(engine_family: &str) -> Option<u16> {
    match engine_family {
        "postgresql" => Some(5432),
        "mysql" => Some(3306),
        "sqlserver" => Some(1433),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    const HOST: &str = "front.proxy-cabc.eu-west-1.rds.amazonaws.com";
    const OTHER: &str = "readers.endpoint.proxy-cabc.eu-west-1.rds.amazonaws.com";

    fn proxy(auth: &str) -> Answer {
        result(
            "DescribeDBProxies",
            &format!(
                "<DBProxies><member><DBProxyName>front</DBProxyName>\
                 <DBProxyArn>arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-0abc</DBProxyArn>\
                 <EngineFamily>MYSQL</EngineFamily><Status>available</Status><Endpoint>{HOST}</Endpoint>{auth}\
                 </member></DBProxies>"
            ),
        )
    }

    #[tokio::test]
    async fn the_properties_of_a_proxy_are_read() {
        for (auth, iam_enabled) in [
            ("", false),
            ("<Auth><member><IAMAuth>DISABLED</IAMAuth></member></Auth>", false),
            ("<Auth><member><IAMAuth>REQUIRED</IAMAuth></member></Auth>", true),
            ("<DefaultAuthScheme>IAM_AUTH</DefaultAuthScheme>", true),
        ] {
            let server = Server::start([proxy(auth)]).await;
            let found = server.clients().rds(None).await.unwrap().proxy("front").await.unwrap().unwrap();
            assert_eq!(
                found,
                Proxy {
                    name: "front".to_owned(),
                    arn: "arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-0abc".to_owned(),
                    resource_id: "prx-0abc".to_owned(),
                    host: Some(HOST.to_owned()),
                    port: Some(3306),
                    engine_family: "mysql".to_owned(),
                    status: "available".to_owned(),
                    iam_enabled,
                }
            );
        }
    }

    #[tokio::test]
    async fn a_proxy_is_found_by_each_of_its_hosts() {
        let endpoint = format!(
            "<DBProxyEndpoints><member><DBProxyName>front</DBProxyName><Endpoint>{OTHER}</Endpoint></member>\
             </DBProxyEndpoints>"
        );
        let server =
            Server::start([proxy(""), result("DescribeDBProxyEndpoints", &endpoint), proxy(""), proxy("")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        for host in [HOST, OTHER] {
            let found = rds.proxy_by_host(&RdsHost::parse(host).unwrap()).await.unwrap().unwrap();
            assert_eq!((found.name.as_str(), found.host.as_deref()), ("front", Some(host)));
        }
        let elsewhere = RdsHost::parse("front.proxy-cxyz.eu-west-1.rds.amazonaws.com").unwrap();
        assert_eq!(rds.proxy_by_host(&elsewhere).await, Ok(None), "it belongs to another account");
    }

    #[tokio::test]
    async fn what_is_absent_is_none() {
        for (code, host) in [("DBProxyNotFoundFault", HOST), ("DBProxyEndpointNotFoundFault", OTHER)] {
            let server = Server::start([fault(404, code, "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.proxy_by_host(&RdsHost::parse(host).unwrap()).await, Ok(None));
        }
    }
}
