//! Deletes of an instance or cluster.

use crate::aws::error::Error;
use crate::aws::rds::{Kind, Rds, present};

impl Rds {
    /// Deletes an instance or cluster, with a final snapshot of this identifier or without one; a cluster must have no
    /// members any more. The answer comes before the database is gone. Succeeds if it does not exist. Needs
    /// `rds:DeleteDBInstance` or `rds:DeleteDBCluster`, and `rds:CreateDBSnapshot` or `rds:CreateDBClusterSnapshot` for
    /// the snapshot.
    ///
    /// # Errors
    /// Any other; a database that is busy or being deleted is in an [invalid state](Error::is_invalid_state).
    pub async fn delete_database(
        &self,
        kind: Kind,
        identifier: &str,
        final_snapshot: Option<&str>,
    ) -> Result<(), Error> {
        let (skips, snapshot) = (final_snapshot.is_none(), final_snapshot.map(str::to_owned));
        let answer = match kind {
            Kind::Instance => {
                let request = self.0.delete_db_instance().db_instance_identifier(identifier);
                let request = request.skip_final_snapshot(skips).set_final_db_snapshot_identifier(snapshot);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "DeleteDBInstance", &e))
            }
            Kind::Cluster => {
                let request = self.0.delete_db_cluster().db_cluster_identifier(identifier);
                let request = request.skip_final_snapshot(skips).set_final_db_snapshot_identifier(snapshot);
                request.send().await.map(drop).map_err(|e| Error::sdk("rds", "DeleteDBCluster", &e))
            }
        };
        present(answer).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Server, fault, result};

    #[tokio::test]
    async fn a_database_is_deleted_with_a_final_snapshot_or_without() {
        for (kind, operation, name) in [
            (Kind::Instance, "DeleteDBInstance", "DBInstanceIdentifier"),
            (Kind::Cluster, "DeleteDBCluster", "DBClusterIdentifier"),
        ] {
            let server = Server::start([result(operation, "")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.delete_database(kind, "orders-old1", None).await, Ok(()));
            assert_eq!(rds.delete_database(kind, "orders-old1", Some("last")).await, Ok(()));
            let seen = server.seen();
            assert_eq!(seen[0].parameter(name), Some("orders-old1"));
            assert_eq!(seen[0].parameter("SkipFinalSnapshot"), Some("true"));
            assert_eq!(seen[0].parameter("FinalDBSnapshotIdentifier"), None);
            assert_eq!(seen[1].parameter("SkipFinalSnapshot"), Some("false"));
            assert_eq!(seen[1].parameter("FinalDBSnapshotIdentifier"), Some("last"));
        }
        let server = Server::start([fault(404, "DBInstanceNotFound", "x")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!(rds.delete_database(Kind::Instance, "orders-old1", None).await, Ok(()));
    }
}
