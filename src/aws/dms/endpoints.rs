//! Replication instances, endpoints, and whether the one reaches the other.

use serde_json::{Value, json};

use crate::aws::dms::request::{Object, filtered, text};
use crate::aws::dms::{Dms, unless_absent};
use crate::aws::error::Error;

/// A replication instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicationInstance {
    /// Its ARN.
    pub arn: String,
    /// `available` and so on.
    pub status: String,
}

/// An endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its ARN.
    pub arn: String,
    /// Its identifier.
    pub id: String,
    /// `source` or `target`.
    pub kind: String,
    /// `postgres` and so on.
    pub engine: String,
    /// The database that it leads to, if it is about one.
    pub database: Option<String>,
    /// `none` if connections are not encrypted.
    pub ssl_mode: String,
    /// Whether a task fails in place of truncating a LOB. Only PostgreSQL has that.
    pub fails_on_truncation: bool,
}

/// Whether a replication instance reaches an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// The ARN of the endpoint.
    pub endpoint: String,
    /// `successful`, `testing`, `failed` or `deleting`.
    pub status: String,
    /// Why the test has failed.
    pub failure: Option<String>,
}

/// The most objects that DMS gives at a time.
const PAGE: u32 = 100;

impl Dms {
    /// A replication instance. Needs `dms:DescribeReplicationInstances`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn replication_instance(&self, arn: &str) -> Result<Option<ReplicationInstance>, Error> {
        let input = filtered(&[("replication-instance-arn", &[arn])]);
        let found = self.0.all("DescribeReplicationInstances", input, ("ReplicationInstances", PAGE), instance).await;
        Ok(unless_absent(found)?.into_iter().find(|found| found.arn == arn))
    }

    /// Those of some endpoints that exist. Needs `dms:DescribeEndpoints`.
    ///
    /// # Errors
    /// Any but their absence.
    pub async fn endpoints(&self, arns: &[&str]) -> Result<Vec<Endpoint>, Error> {
        let input = filtered(&[("endpoint-arn", arns)]);
        unless_absent(self.0.all("DescribeEndpoints", input, ("Endpoints", PAGE), endpoint).await)
    }

    /// The connections between a replication instance and some endpoints that were tested. Needs
    /// `dms:DescribeConnections`.
    ///
    /// # Errors
    /// Any but their absence.
    pub async fn connections(&self, instance: &str, endpoints: &[&str]) -> Result<Vec<Connection>, Error> {
        let input = filtered(&[("endpoint-arn", endpoints), ("replication-instance-arn", &[instance])]);
        unless_absent(self.0.all("DescribeConnections", input, ("Connections", PAGE), connection).await)
    }

    /// Begins to test a connection. Needs `dms:TestConnection`.
    ///
    /// # Errors
    /// Any.
    pub async fn test_connection(&self, instance: &str, endpoint: &str) -> Result<(), Error> {
        let input = json!({ "ReplicationInstanceArn": instance, "EndpointArn": endpoint });
        self.0.send("TestConnection", &input).await.map(drop)
    }
}

fn instance(found: &Object) -> Option<ReplicationInstance> {
    let status = text(found, "ReplicationInstanceStatus").unwrap_or_default();
    Some(ReplicationInstance { arn: text(found, "ReplicationInstanceArn")?, status })
}

fn endpoint(found: &Object) -> Option<Endpoint> {
    let own = |name: &str| text(found, name).unwrap_or_default();
    let postgresql = found.get("PostgreSQLSettings").and_then(|settings| settings.get("FailTasksOnLobTruncation"));
    let extra = own("ExtraConnectionAttributes").to_ascii_lowercase().replace(' ', "");
    Some(Endpoint {
        arn: text(found, "EndpointArn")?,
        id: own("EndpointIdentifier"),
        kind: own("EndpointType").to_ascii_lowercase(),
        engine: own("EngineName"),
        database: text(found, "DatabaseName").filter(|name| !name.is_empty()),
        ssl_mode: own("SslMode"),
        fails_on_truncation: postgresql.and_then(Value::as_bool).unwrap_or_default()
            || extra.split(';').any(|one| one == "failtasksonlobtruncation=true"),
    })
}

fn connection(found: &Object) -> Option<Connection> {
    Some(Connection {
        endpoint: text(found, "EndpointArn")?,
        status: text(found, "Status").unwrap_or_default().to_ascii_lowercase(),
        failure: text(found, "LastFailureMessage").filter(|message| !message.is_empty()),
    })
}
