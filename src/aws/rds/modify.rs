//! Changes of an instance or cluster.

use aws_sdk_rds::config::Builder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder as Cluster;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder as Instance;

use crate::aws::error::Error;
use crate::aws::once;
use crate::aws::rds::{Kind, Rds};

impl Rds {
    /// Requests IAM database authentication to be turned on or off, immediately or in the next maintenance window. The
    /// answer comes long before the change. Needs `rds:ModifyDBInstance` or `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn set_iam(&self, kind: Kind, identifier: &str, on: bool, immediately: bool) -> Result<(), Error> {
        let instance = |request: Instance| request.enable_iam_database_authentication(on);
        let cluster = |request: Cluster| request.enable_iam_database_authentication(on);
        self.modify(kind, identifier, immediately, instance, cluster).await
    }

    /// Turns off the deletion protection of an instance or cluster. Needs `rds:ModifyDBInstance` or
    /// `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn unprotect(&self, kind: Kind, identifier: &str) -> Result<(), Error> {
        let instance = |request: Instance| request.deletion_protection(false);
        let cluster = |request: Cluster| request.deletion_protection(false);
        self.modify(kind, identifier, true, instance, cluster).await
    }

    /// Requests another identifier for a DB instance or DB cluster, immediately. The answer comes minutes before the
    /// change. Asking twice does no harm: the second time, nothing has the old name. Needs `rds:ModifyDBInstance` or
    /// `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a database that is busy is an [invalid state](Error::is_invalid_state), and a name that another one has
    /// [exists already](Error::is_already_exists).
    pub async fn rename(&self, kind: Kind, from: &str, to: &str) -> Result<(), Error> {
        let instance = |request: Instance| request.new_db_instance_identifier(to);
        let cluster = |request: Cluster| request.new_db_cluster_identifier(to);
        self.modify(kind, from, true, instance, cluster).await
    }

    async fn modify(
        &self,
        kind: Kind,
        identifier: &str,
        immediately: bool,
        instance: impl FnOnce(Instance) -> Instance,
        cluster: impl FnOnce(Cluster) -> Cluster,
    ) -> Result<(), Error> {
        match kind {
            Kind::Instance => {
                let request = self.0.modify_db_instance().db_instance_identifier(identifier);
                let answer = instance(request.apply_immediately(immediately)).send().await;
                answer.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBInstance", &e))
            }
            Kind::Cluster => {
                let request = self.0.modify_db_cluster().db_cluster_identifier(identifier);
                let answer = cluster(request.apply_immediately(immediately)).send().await;
                answer.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBCluster", &e))
            }
        }
    }

    /// Restarts an instance. It is sent `once`. Needs `rds:RebootDBInstance`.
    ///
    /// # Errors
    /// Any; an instance that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn reboot_instance(&self, identifier: &str) -> Result<(), Error> {
        let request = self.0.reboot_db_instance().db_instance_identifier(identifier);
        let answer = request.customize().config_override(once_only()).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "RebootDBInstance", &e))
    }

    /// Restarts a Multi-AZ DB cluster. It is sent `once`. Needs `rds:RebootDBCluster`.
    ///
    /// # Errors
    /// Any; a cluster that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn reboot_cluster(&self, identifier: &str) -> Result<(), Error> {
        let request = self.0.reboot_db_cluster().db_cluster_identifier(identifier);
        let answer = request.customize().config_override(once_only()).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "RebootDBCluster", &e))
    }
}

fn once_only() -> Builder {
    aws_sdk_rds::Config::builder().retry_config(once())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

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
    async fn a_reboot_is_asked_for_once() {
        for answer in [fault(500, "InternalFailure", "later"), fault(400, "Throttling", "later"), Answer::HangUp] {
            let server = Server::start([answer]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert!(rds.reboot_instance("a").await.unwrap_err().is_transient());
            assert!(rds.reboot_cluster("b").await.unwrap_err().is_transient());
            assert_eq!(server.operations(), ["RebootDBInstance", "RebootDBCluster"]);
        }
    }

    #[tokio::test]
    async fn a_busy_database_differs_from_one_without_support() {
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

    #[tokio::test]
    async fn protection_is_turned_off_at_once() {
        for (kind, operation) in [(Kind::Instance, "ModifyDBInstance"), (Kind::Cluster, "ModifyDBCluster")] {
            let server = Server::start([result(operation, "")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.unprotect(kind, "orders").await, Ok(()));
            let seen = &server.seen()[0];
            assert_eq!(seen.parameter("DeletionProtection"), Some("false"));
            assert_eq!(seen.parameter("ApplyImmediately"), Some("true"));
        }
    }

    #[tokio::test]
    async fn a_rename_is_immediate() {
        for (kind, operation, old, new) in [
            (Kind::Instance, "ModifyDBInstance", "DBInstanceIdentifier", "NewDBInstanceIdentifier"),
            (Kind::Cluster, "ModifyDBCluster", "DBClusterIdentifier", "NewDBClusterIdentifier"),
        ] {
            let server = Server::start([result(operation, ""), fault(400, "DBInstanceAlreadyExists", "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.rename(kind, "orders", "orders-old").await, Ok(()));
            let seen = &server.seen()[0];
            assert_eq!((seen.parameter(old), seen.parameter(new)), (Some("orders"), Some("orders-old")));
            assert_eq!(seen.parameter("ApplyImmediately"), Some("true"));
            assert!(rds.rename(kind, "orders", "orders-old").await.unwrap_err().is_already_exists());
        }
    }
}
