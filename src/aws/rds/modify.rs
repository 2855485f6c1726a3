//! Changes of an instance or cluster.

use crate::aws::error::Error;
use crate::aws::rds::{Kind, Rds};

impl Rds {
    /// Asks for IAM authentication to be on or off, at once or in the next maintenance window. The answer comes long
    /// before the change. Needs `rds:ModifyDBInstance` or `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn set_iam(&self, kind: Kind, identifier: &str, on: bool, immediately: bool) -> Result<(), Error> {
        match kind {
            Kind::Instance => {
                let request = self.0.modify_db_instance().db_instance_identifier(identifier);
                let request = request.enable_iam_database_authentication(on).apply_immediately(immediately);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBInstance", &e))
            }
            Kind::Cluster => {
                let request = self.0.modify_db_cluster().db_cluster_identifier(identifier);
                let request = request.enable_iam_database_authentication(on).apply_immediately(immediately);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBCluster", &e))
            }
        }
    }

    /// Restarts an instance. Needs `rds:RebootDBInstance`.
    ///
    /// # Errors
    /// Any; an instance that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn reboot_instance(&self, identifier: &str) -> Result<(), Error> {
        let answer = self.0.reboot_db_instance().db_instance_identifier(identifier).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "RebootDBInstance", &e))
    }

    /// Restarts a Multi-AZ DB cluster. Needs `rds:RebootDBCluster`.
    ///
    /// # Errors
    /// Any; a cluster that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn reboot_cluster(&self, identifier: &str) -> Result<(), Error> {
        let answer = self.0.reboot_db_cluster().db_cluster_identifier(identifier).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "RebootDBCluster", &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, fault, result};

    #[tokio::test]
    async fn an_instance_and_a_cluster_have_operations_of_their_own() {
        for (kind, operation, name) in [
            (Kind::Instance, "ModifyDBInstance", "DBInstanceIdentifier"),
            (Kind::Cluster, "ModifyDBCluster", "DBClusterIdentifier"),
        ] {
            let server = Server::start([result(operation, "")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.set_iam(kind, "orders", true, false).await, Ok(()));
            let seen = &server.seen()[0];
            assert_eq!((seen.operation().as_str(), seen.parameter(name)), (operation, Some("orders")));
            assert_eq!(seen.parameter("EnableIAMDatabaseAuthentication"), Some("true"));
            assert_eq!(seen.parameter("ApplyImmediately"), Some("false"));
        }
    }

    #[tokio::test]
    async fn reboots() {
        let server = Server::start([result("RebootDBInstance", ""), result("RebootDBCluster", "")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!((rds.reboot_instance("a").await, rds.reboot_cluster("b").await), (Ok(()), Ok(())));
        assert_eq!(server.seen()[0].parameter("DBInstanceIdentifier"), Some("a"));
        assert_eq!(server.seen()[1].parameter("DBClusterIdentifier"), Some("b"));
    }

    #[tokio::test]
    async fn a_busy_database_is_told_from_one_that_cannot() {
        for (code, busy, unsupported) in [
            ("InvalidDBInstanceState", true, false),
            ("InvalidDBClusterStateFault", true, false),
            ("InvalidParameterCombination", false, true),
            ("AccessDenied", false, false),
        ] {
            let server = Server::start([fault(400, code, "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            let error = rds.set_iam(Kind::Instance, "orders", true, true).await.unwrap_err();
            assert_eq!((error.is_invalid_state(), error.is_unsupported()), (busy, unsupported), "{error}");
        }
    }
}
